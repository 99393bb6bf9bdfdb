/*
 * Publishing the index: its tag moves last, and never away from something that
 * is not a gathered index.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/oci/dest.h"
#include "lib/oci/digest.h"
#include "lib/oci/layout_index.h"
#include "lib/registry/reg.h"
#include "lib/registry/tag.h"
#include "tools/acedt-index/publish.h"

enum verdict {
	VERDICT_REFUSED = -1,
	VERDICT_PUT,		/* the tag is free, or may be moved */
	VERDICT_SAME		/* the tag names this index already */
};

static int
is_same(const struct buf *b, const char *digest)
{
	char	have[DIGEST_STR_MAX];

	digest_of(digest, b->data, b->len, have);
	return strcmp(have, digest) == 0;
}

/* May the tag be moved to the index with this digest? */
static enum verdict
look_at_tag(struct dest *d, const char *digest, int overwrite,
    struct err *err)
{
	struct err	why = ERR_INIT;
	struct buf	b;
	enum verdict	verdict = VERDICT_PUT;

	buf_init(&b, INDEX_BYTES_MAX);
	switch (tag_read(d, &d->layout, 1, &b, &why)) {
	case TAG_FREE:
		break;
	case TAG_GATHERED:
		if (is_same(&b, digest))
			verdict = VERDICT_SAME;
		break;
	case TAG_OTHER:
		if (is_same(&b, digest))
			verdict = VERDICT_SAME;
		if (overwrite || verdict == VERDICT_SAME)
			break;
		*err = why;
		verdict = VERDICT_REFUSED;
		break;
	case TAG_UNKNOWN:
		if (overwrite)
			break;
		err_set(err, why.cls, "what %s:%s names now cannot be seen: "
		    "%s (--overwrite publishes without a look)", d->name,
		    d->tag, why.msg);
		verdict = VERDICT_REFUSED;
		break;
	}
	buf_clear(&b);
	return verdict;
}

/* An index that is being put. */
struct index_put {
	const struct dest *dest;	/* borrowed */
	const char	*digest;	/* borrowed */
	int		 rc;
	struct err	*err;		/* borrowed: filled where rc is -1 */
};

/* The registry has stored the index, under its digest if it can be believed. */
static void
index_put_done(void *arg, const struct reg_answer *a, const struct err *err)
{
	struct index_put	*put = arg;
	const char		*v;

	if (err != NULL) {
		*put->err = *err;
		put->rc = -1;
		return;
	}
	v = reg_answer_field(a, "Docker-Content-Digest", 0);
	if (digest_contradicts(v, put->digest))
		put->rc = err_set(put->err, ERR_DIGEST, "%s stored the index "
		    "as %s instead of %s: it is not to be trusted",
		    reg_repo_name(put->dest->repo), v, put->digest);
}

static int
put_index(struct dest *d, const char *media_type, const char *bytes,
    size_t len, const char *digest, struct err *err)
{
	struct index_put	 put = { d, digest, 0, err };
	char			*path = xasprintf("manifests/%s", d->tag);
	struct reg_request	 req = {
		.method = "PUT",
		.path = path,
		.content_type = media_type,
		.push = 1,
		.body = bytes,
		.body_len = len
	};

	reg_ask(d->repo, &req, index_put_done, &put);
	free(path);
	return put.rc;
}

/* In a layout the tag tells whether it changed; what it names is put there. */
static int
publish_layout(struct dest *d, const char *media_type, const char *bytes,
    size_t len, const char *digest, int overwrite, int *changed, struct err *err)
{
	if (!overwrite &&
	    look_at_tag(d, digest, overwrite, err) == VERDICT_REFUSED)
		return -1;
	if (layout_put(&d->layout, digest, bytes, len, err) == -1)
		return -1;
	return layout_tag(&d->layout, d->tag, media_type, digest,
	    (int64_t)len, NULL, changed, err);
}

int
publish(struct dest *d, const char *media_type, const char *bytes, size_t len,
    const char *digest, const char *known, int overwrite, int *changed, struct err *err)
{
	enum verdict	verdict;

	assert(d->name != NULL && d->tag != NULL);
	*changed = 1;
	if (d->repo == NULL)
		return publish_layout(d, media_type, bytes, len, digest, overwrite,
		    changed, err);
	if (known != NULL)
		verdict = strcmp(known, digest) == 0 ? VERDICT_SAME :
		    VERDICT_PUT;
	else
		verdict = look_at_tag(d, digest, overwrite, err);
	switch (verdict) {
	case VERDICT_REFUSED:
		return -1;
	case VERDICT_SAME:
		*changed = 0;
		return 0;
	case VERDICT_PUT:
		break;
	}
	return put_index(d, media_type, bytes, len, digest, err);
}
