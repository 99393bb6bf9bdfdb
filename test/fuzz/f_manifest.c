/*
 * Manifests and indexes.  What a manifest names can go into URLs, paths and
 * header fields; its entries can be written into an index and read there.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/oci/digest.h"
#include "lib/oci/entry.h"
#include "lib/oci/manifest.h"
#include "lib/text/json.h"
#include "lib/text/json_out.h"
#include "test/fuzz/fuzz.h"

static const struct json_limits limits = {
	MANIFEST_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_MANIFEST
};

static void
check_type(const char *s)
{
	for (; *s != '\0'; s++)
		must(*s > 0x20 && *s < 0x7f && *s != ',');
}

static void
check_descriptor(const struct descriptor *d)
{
	struct descriptor	copy;
	struct err		err = ERR_INIT;

	must(digest_check(d->digest, &err) == 0);
	must(d->size >= 0);
	check_type(d->media_type);
	if (d->has_platform)
		must(*d->platform.os != '\0' && *d->platform.arch != '\0');
	descriptor_copy(&copy, d);
	must(strcmp(copy.digest, d->digest) == 0 && copy.size == d->size);
	must((copy.data == NULL) == (d->data == NULL));
	descriptor_clear(&copy);
}

/* Each of manifests[], as an entry of a new index. */
static void
check_entries(jv doc, const struct manifest *m)
{
	struct descriptor	d;
	struct err		err = ERR_INIT;
	struct json_out		j;
	struct buf		b;
	jv			list = json_get(doc, "manifests"), obj;
	int			i, n;

	n = jv_get_kind(list) == JV_KIND_ARRAY ?
	    jv_array_length(jv_copy(list)) : 0;
	for (i = 0; i < n; i++) {
		obj = jv_array_get(jv_copy(list), i);
		buf_init(&b, SIZE_MAX / 4);
		json_out_init(&j, &b);
		entry_json(&j, obj, i & 1 ? "{\"a\":\"b\"}" : NULL);
		jv_free(obj);
		must(json_parse(b.data, b.len, &limits, &obj, &err) == 0);
		must(descriptor_parse(&d, obj, 0, &err) == 0);
		must(strcmp(d.digest, m->edges[i].desc.digest) == 0);
		must(strcmp(d.media_type, m->edges[i].desc.media_type) == 0);
		must(d.size == m->edges[i].desc.size);
		must(d.has_platform == m->edges[i].desc.has_platform);
		descriptor_clear(&d);
		jv_free(obj);
		buf_clear(&b);
	}
	jv_free(list);
}

static void
check(const struct manifest *m, jv doc, const char *bytes, size_t len)
{
	struct manifest	again;
	struct err	err = ERR_INIT;
	size_t		i;

	must(manifest_is_type(m->media_type));
	must(m->is_index == manifest_is_index_type(m->media_type));
	for (i = 0; i < m->nedges; i++) {
		check_descriptor(&m->edges[i].desc);
		must(m->is_index || (m->edges[i].kind != EDGE_CHILD &&
		    m->edges[i].kind != EDGE_SHADOW));
		must(!edge_is_manifest(&m->edges[i]) ||
		    manifest_is_type(m->edges[i].desc.media_type));
	}
	if (m->is_index)
		check_entries(doc, m);
	/* Announced as what it turned out to be, it is the same. */
	must(manifest_parse(&again, m->media_type, bytes, len, NULL,
	    &err) == 0);
	must(again.nedges == m->nedges && again.is_index == m->is_index);
	must(fuzz_same(again.artifact_type, m->artifact_type));
	manifest_clear(&again);
	must(manifest_parse(&again, "text/plain", bytes, len, NULL,
	    &err) == -1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest	 m;
	struct platform	 p;
	struct err	 err = ERR_INIT;
	const char	*bytes = (const char *)data;
	jv		 doc;

	if (manifest_parse(&m, "", bytes, size, &doc, &err) == 0) {
		check(&m, doc, bytes, size);
		jv_free(doc);
		manifest_clear(&m);
	} else {
		must(*err.msg != '\0');
	}
	if (manifest_config_platform(bytes, size, &p, &err) == 1) {
		must(*p.os != '\0' && *p.arch != '\0');
		platform_clear(&p);
	}
	return 0;
}
