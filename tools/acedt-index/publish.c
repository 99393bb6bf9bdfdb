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
#include "lib/oci/layout_index.h"
#include "lib/oci/manifest.h"
#include "lib/registry/reg.h"
#include "lib/registry/tag.h"
#include "tools/acedt-index/publish.h"

enum verdict {
	VERDICT_REFUSED = -1,
	VERDICT_PUT,		/* the tag is free, or may be moved */
	VERDICT_SAME		/* the tag names this index already */
};

/* May the tag be moved to the index with this digest? */
static enum verdict
look_at_tag(struct dest *d, const char *digest, int overwrite,
    struct err *err)
{
	struct err	why = ERR_INIT;
	struct buf	b;
	enum verdict	verdict = VERDICT_PUT;
	char		have[DIGEST_STR_MAX];

	buf_init(&b, INDEX_BYTES_MAX);
	switch (tag_read(d, &d->layout, 1, &b, &why)) {
	case TAG_FREE:
		break;
	case TAG_GATHERED:
		digest_of(digest, b.data, b.len, have);
		if (strcmp(have, digest) == 0)
			verdict = VERDICT_SAME;
		break;
	case TAG_OTHER:
		if (overwrite)
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

static int
put_index(struct dest *d, const char *bytes, size_t len, const char *digest,
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

/* In a layout the tag tells whether it changed; what it names is put there. */
static int
publish_layout(struct dest *d, const char *bytes, size_t len,
    const char *digest, int overwrite, int *changed, struct err *err)
{
	if (!overwrite &&
	    look_at_tag(d, digest, overwrite, err) == VERDICT_REFUSED)
		return -1;
	if (layout_put(&d->layout, digest, bytes, len, err) == -1)
		return -1;
	return layout_tag(&d->layout, d->tag, MT_OCI_INDEX, digest,
	    (int64_t)len, NULL, changed, err);
}

int
publish(struct dest *d, const char *bytes, size_t len, const char *digest,
    const char *known, int overwrite, int *changed, struct err *err)
{
	enum verdict	verdict;

	*changed = 1;
	if (d->repo == NULL)
		return publish_layout(d, bytes, len, digest, overwrite,
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
	return put_index(d, bytes, len, digest, err);
}
