#include <string.h>

#include "lib/dest.h"
#include "lib/digest.h"
#include "lib/errmsg.h"
#include "lib/layout_index.h"
#include "lib/manifest.h"
#include "lib/reg.h"
#include "lib/xalloc.h"
#include "tools/acedt-index/publish.h"

/* Is that what the tag names now?  Not knowing it is no error. */
static int
is_there(struct dest *d, const char *digest)
{
	struct reg_call	 c;
	struct err	 err = ERR_INIT;
	char		*v;
	int		 there = 0;

	reg_call_init(&c);
	c.repo = d->repo;
	c.method = "HEAD";
	c.path = xasprintf("manifests/%s", d->tag);
	c.accept = MANIFEST_ACCEPT;
	c.push = 1;
	if (reg_ask(&c, &err) == 0) {
		v = reg_header(&c, "Docker-Content-Digest");
		there = v != NULL && strcmp(v, digest) == 0;
	}
	reg_call_clear(&c);
	return there;
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
    const char *known, int *changed, struct err *err)
{
	*changed = 1;
	if (d->repo == NULL) {
		if (layout_put(&d->layout, digest, bytes, len, err) == -1)
			return -1;
		return layout_tag(&d->layout, d->tag, MT_OCI_INDEX, digest,
		    (int64_t)len, NULL, changed, err);
	}
	if (known != NULL ? strcmp(known, digest) == 0 :
	    is_there(d, digest)) {
		*changed = 0;
		return 0;
	}
	return put(d, bytes, len, digest, err);
}
