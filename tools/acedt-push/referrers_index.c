/* The index of the referrers tag scheme: one entry more, all else as it was. */
#include <stdint.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/oci/manifest.h"
#include "lib/text/json.h"
#include "lib/text/json_out.h"
#include "lib/text/json_text.h"
#include "tools/acedt-push/referrers_index.h"

static const struct json_limits limits = {
	MANIFEST_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_PLAIN
};

/* Is the digest among the entries?  The subject of the index is not one. */
static int
has_entry(const struct manifest *index, const char *digest)
{
	size_t	i;

	for (i = 0; i < index->nedges; i++)
		if (index->edges[i].kind == EDGE_CHILD &&
		    strcmp(index->edges[i].desc.digest, digest) == 0)
			return 1;
	return 0;
}

/*
 * The annotations that are strings, as all must be; notes is consumed.  Others
 * could make the index one that nobody can read.
 */
static jv
only_strings(jv notes)
{
	jv	out = jv_object();

	jv_object_foreach(notes, key, value) {
		if (jv_get_kind(value) == JV_KIND_STRING) {
			out = jv_object_set(out, key, value);
		} else {
			jv_free(key);
			jv_free(value);
		}
	}
	jv_free(notes);
	return out;
}

/* The entry for a manifest with a subject, its annotations copied. */
static void
entry_text(const struct descriptor *desc, const struct manifest *m,
    const char *bytes, size_t len, struct buf *b)
{
	struct err	err;
	struct json_out	j;
	jv		doc, notes, text;

	json_out_init(&j, b);
	json_out_begin_object(&j);
	descriptor_members(&j, desc->media_type, desc->digest, desc->size);
	if (json_parse(bytes, len, &limits, &doc, &err) == 0) {
		notes = json_get(doc, "annotations");
		if (jv_get_kind(notes) == JV_KIND_OBJECT) {
			text = jv_dump_string(only_strings(notes),
			    JV_PRINT_SORTED);
			json_out_member_raw(&j, "annotations",
			    jv_string_value(text));
			jv_free(text);
		} else {
			jv_free(notes);
		}
		jv_free(doc);
	}
	if (m->artifact_type != NULL)
		json_out_member(&j, "artifactType", m->artifact_type);
	json_out_end_object(&j);
}

int
referrers_add(const char *old, size_t oldlen, const struct descriptor *desc,
    const struct manifest *m, const char *bytes, size_t len, struct buf *out,
    struct err *err)
{
	static const char	empty[] = "{\"schemaVersion\":2,\"mediaType\":\""
				    MT_OCI_INDEX "\",\"manifests\":[]}";
	struct json_span	all, list;
	struct manifest		index;
	struct buf		entry;
	int			there;

	if (old == NULL) {
		old = empty;
		oldlen = sizeof(empty) - 1;
	}
	if (manifest_parse(&index, MT_OCI_INDEX, old, oldlen, NULL, err) == -1)
		return err_wrap(err, "the referrers index that is there");
	there = has_entry(&index, desc->digest);
	manifest_clear(&index);
	if (there)
		return 0;
	all = (struct json_span){ old, oldlen };
	if (!json_text_member(all, "manifests", &list) || *list.s != '[')
		return err_set(err, ERR_CONTENT,
		    "the referrers index that is there has no array of "
		    "manifests");
	buf_init(&entry, SIZE_MAX / 4);
	entry_text(desc, m, bytes, len, &entry);
	/* Spliced, so that what others wrote stays as it is. */
	json_text_append(all, list,
	    (struct json_span){ entry.data, entry.len }, out);
	buf_clear(&entry);
	if (buf_is_full(out))
		return err_set(err, ERR_LIMIT,
		    "the referrers index would become too large");
	return 1;
}
