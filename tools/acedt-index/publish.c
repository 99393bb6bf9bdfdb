/*
 * Publishing the index: its tag moves last, and never away from something that is
 * not a gathered index.
 */
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/oci/dest.h"
#include "lib/oci/digest.h"
#include "lib/oci/gathered.h"
#include "lib/oci/layout_index.h"
#include "lib/oci/manifest.h"
#include "lib/registry/reg.h"
#include "tools/acedt-index/publish.h"

/* What the tag names must be a gathered index, as this one is. */
static int
check_replaced(const struct dest *d, const char *bytes, size_t len,
    struct err *err)
{
	struct err	why = ERR_INIT;
	jv		doc;

	if (gathered_parse(bytes, len, &doc, &why) == 0) {
		jv_free(doc);
		return 0;
	}
	return err_set(err, ERR_USAGE, "%s:%s names something else than a "
	    "gathered index, which is not replaced (give another tag, or "
	    "--overwrite)", d->name, d->tag);
}

/*
 * What the registry's tag names now: 1 if that is this index, 0 if it may be
 * replaced, -1 if not, or if that cannot be seen.
 */
static int
ask_tag(struct dest *d, const char *digest, int overwrite, struct err *err)
{
	struct reg_call	 c;
	struct err	 why = ERR_INIT;
	char		 have[DIGEST_STR_MAX];
	const char	*bytes;
	int		 rc = 0;

	reg_call_init(&c);
	c.repo = d->repo;
	c.method = "GET";
	c.path = xasprintf("manifests/%s", d->tag);
	c.accept = MANIFEST_ACCEPT;
	c.reply_max = INDEX_BYTES_MAX;
	c.push = 1;
	if (reg_ask(&c, &why) == -1) {
		if (why.cls != ERR_NOT_FOUND && !overwrite)
			rc = err_set(err, why.cls, "what %s:%s names now "
			    "cannot be seen: %s (--overwrite publishes "
			    "without a look)", d->name, d->tag, why.msg);
	} else {
		bytes = c.http.reply.len > 0 ? c.http.reply.data : "";
		digest_of(digest, bytes, c.http.reply.len, have);
		rc = strcmp(have, digest) == 0;
		if (!rc && !overwrite)
			rc = check_replaced(d, bytes, c.http.reply.len, err);
	}
	reg_call_clear(&c);
	return rc;
}

/* The same of a layout's tag; content that is lost may be replaced. */
static int
look_at_tag(struct dest *d, struct err *err)
{
	struct layout_entry	e;
	struct err		ignored = ERR_INIT;
	struct buf		b;
	int			rc = 0;

	if (layout_find(&d->layout, d->tag, &e, &ignored) == -1)
		return 0;
	buf_init(&b, INDEX_BYTES_MAX);
	if (layout_blob_read(&d->layout, e.digest, INDEX_BYTES_MAX, &b,
	    &ignored) == 0)
		rc = check_replaced(d, b.data, b.len, err);
	buf_clear(&b);
	layout_entry_clear(&e);
	return rc;
}

static int
put(struct dest *d, const char *bytes, size_t len, const char *digest,
    struct err *err)
{
	struct reg_call	 c;
	char		*v;
	int		 rc;

	reg_call_init(&c);
	c.repo = d->repo;
	c.method = "PUT";
	c.path = xasprintf("manifests/%s", d->tag);
	c.content_type = MT_OCI_INDEX;
	c.push = 1;
	c.body = bytes;
	c.body_len = len;
	rc = reg_ask(&c, err);
	v = reg_header(&c, "Docker-Content-Digest");
	if (rc == 0 && digest_contradicts(v, digest))
		rc = err_set(err, ERR_DIGEST, "%s stored the index as %s "
		    "instead of %s: it is not to be trusted",
		    reg_repo_name(d->repo), v, digest);
	reg_call_clear(&c);
	return rc;
}

int
publish(struct dest *d, const char *bytes, size_t len, const char *digest,
    const char *known, int overwrite, int *changed, struct err *err)
{
	int	rc;

	*changed = 1;
	if (d->repo == NULL) {
		if ((!overwrite && look_at_tag(d, err) == -1) ||
		    layout_put(&d->layout, digest, bytes, len, err) == -1)
			return -1;
		return layout_tag(&d->layout, d->tag, MT_OCI_INDEX, digest,
		    (int64_t)len, NULL, changed, err);
	}
	rc = known != NULL ? strcmp(known, digest) == 0 :
	    ask_tag(d, digest, overwrite, err);
	if (rc == -1)
		return -1;
	if (rc == 1) {
		*changed = 0;
		return 0;
	}
	return put(d, bytes, len, digest, err);
}
