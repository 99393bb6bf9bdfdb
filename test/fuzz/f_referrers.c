/*
 * Referrers indexes.  One that got an entry more is read again with all of its
 * entries, whatever stood there, and whatever the new manifest holds.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/oci/digest.h"
#include "lib/oci/manifest.h"
#include "lib/oci/referrers.h"
#include "test/fuzz/fuzz.h"
#include "tools/acedt-push/referrers_index.h"

static const char	simple[] = "{\"schemaVersion\":2,\"mediaType\":\""
			    MT_OCI_MANIFEST "\",\"layers\":[],"
			    "\"annotations\":{\"a\":\"]}\"}}";

static size_t
children(const struct manifest *m)
{
	size_t	i, n = 0;

	for (i = 0; i < m->nedges; i++)
		n += m->edges[i].kind == EDGE_CHILD;
	return n;
}

/* Add a manifest to an index of this many children; old may be NULL. */
static void
add(const char *old, size_t oldlen, size_t before, const struct manifest *m,
    const char *bytes, size_t len)
{
	struct descriptor	d;
	struct manifest		index;
	struct err		err = ERR_INIT;
	struct buf		out, none;
	char			digest[DIGEST_STR_MAX];
	int			rc;

	digest_sha256(bytes, len, digest);
	memset(&d, 0, sizeof(d));
	d.media_type = m->media_type;
	d.digest = digest;
	d.size = (int64_t)len;
	buf_init(&out, MANIFEST_BYTES_MAX);
	buf_init(&none, MANIFEST_BYTES_MAX);
	rc = referrers_add(old, oldlen, &d, m, bytes, len, &out, &err);
	must(rc != 0 || before > 0);
	if (rc == 1) {
		must(manifest_parse(&index, MT_OCI_INDEX, out.data, out.len,
		    NULL, &err) == 0);
		must(children(&index) == before + 1);
		manifest_clear(&index);
		must(referrers_add(out.data, out.len, &d, m, bytes, len,
		    &none, &err) == 0);
	}
	buf_clear(&out);
	buf_clear(&none);
}

static void
check_tag(const char *digest)
{
	char	tag[REFERRERS_TAG_MAX];

	referrers_tag(digest, tag);
	must(*tag != '\0' && strlen(tag) < sizeof(tag));
	must(tag[strspn(tag, "abcdefghijklmnopqrstuvwxyz0123456789._-"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest	 m, one;
	struct err	 err = ERR_INIT;
	char		*bytes = xmemdup0(data, size);
	size_t		 i;

	if (manifest_parse(&m, "", bytes, size, NULL, &err) == 0) {
		for (i = 0; i < m.nedges; i++)
			check_tag(m.edges[i].desc.digest);
		if (m.is_index && strcmp(m.media_type, MT_OCI_INDEX) == 0) {
			must(manifest_parse(&one, "", simple,
			    sizeof(simple) - 1, NULL, &err) == 0);
			add(bytes, size, children(&m), &one, simple,
			    sizeof(simple) - 1);
			manifest_clear(&one);
		}
		add(NULL, 0, 0, &m, bytes, size);
		manifest_clear(&m);
	}
	free(bytes);
	return 0;
}
