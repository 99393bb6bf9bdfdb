/*
 * The platform that the config of a single image names, for acedt-filter.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/oci/digest.h"
#include "lib/text/json_out.h"
#include "lib/registry/reg.h"
#include "tools/acedt-fetch/fetch.h"

/* Remember for the record what the config names; null if it names nothing. */
static void
got_config(struct fetch *f, const char *bytes, size_t len)
{
	struct platform	 p;
	struct err	 err = ERR_INIT;
	struct json_out	 j;
	struct buf	 b;
	char		 have[DIGEST_STR_MAX];
	int		 has;

	digest_of(f->config_desc.digest, bytes, len, have);
	if (strcmp(have, f->config_desc.digest) != 0) {
		err_set(&err, ERR_DIGEST, "config %s: the content has digest "
		    "%s", f->config_desc.digest, have);
		pending_fail(f, &err);
		return;
	}
	has = manifest_config_platform(bytes, len, &p, &err);
	if (has == -1) {
		err_wrap(&err, "config %s", f->config_desc.digest);
		pending_fail(f, &err);
		return;
	}
	if (has == 0) {
		f->platform = xstrdup("null");
		return;
	}
	buf_init(&b, STREAM_LINE_MAX);
	json_out_init(&j, &b);
	json_out_begin_object(&j);
	json_out_member(&j, "architecture", p.arch);
	json_out_member(&j, "os", p.os);
	if (p.os_version != NULL)
		json_out_member(&j, "os.version", p.os_version);
	if (p.variant != NULL)
		json_out_member(&j, "variant", p.variant);
	json_out_end_object(&j);
	f->platform = buf_detach(&b);
	platform_clear(&p);
}

/* The answer of a registry. */
static void
config_answered(void *arg, const struct reg_answer *a, const struct err *err)
{
	struct fetch	*f = arg;

	assert(f->state == FETCH_PLATFORM && f->platform == NULL);
	if (err != NULL)
		pending_fail(f, err);
	else
		got_config(f, a->body, a->body_len);
	pending_release(f);
}

/* The same from a layout. */
static void
read_config(struct fetch *f)
{
	struct err	err = ERR_INIT;
	struct buf	b;

	buf_init(&b, CONFIG_BYTES_MAX);
	if (layout_blob_read(f->place->layout, f->config_desc.digest,
	    CONFIG_BYTES_MAX, &b, &err) == -1)
		pending_fail(f, &err);
	else
		got_config(f, b.data, b.len);
	buf_clear(&b);
}

/* It is asked for at the source. */
static void
request_config(struct fetch *f)
{
	char			*path = xasprintf("blobs/%s",
				    f->config_desc.digest);
	struct reg_request	 req = {
		.method = "GET",
		.path = path,
		.reply_max = CONFIG_BYTES_MAX,
		.digest = f->config_desc.digest
	};

	pending_hold(f);
	reg_send(f->place->repo, &req, config_answered, f);
	free(path);
}

void
platform_ask(struct fetch *f)
{
	struct content		*root = image_find(&f->img,
				    f->img.root.digest);
	const struct descriptor	*d;
	struct err		 err = ERR_INIT;

	if (root == NULL ||
	    (d = manifest_image_config(&root->manifest)) == NULL)
		return;
	if (d->size > CONFIG_BYTES_MAX) {
		err_set(&err, ERR_LIMIT, "config %s has %lld bytes, the limit "
		    "is %d", d->digest, (long long)d->size, CONFIG_BYTES_MAX);
		pending_fail(f, &err);
		return;
	}
	descriptor_copy(&f->config_desc, d);
	if (d->data != NULL)
		got_config(f, d->data, (size_t)d->size);
	else if (f->place->layout != NULL)
		read_config(f);
	else
		request_config(f);
}
