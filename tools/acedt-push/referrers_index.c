/* The index of the referrers tag scheme: one entry more, all else as it was. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/oci/manifest.h"
#include "lib/stream/image.h"
#include "lib/text/gojson.h"
#include "lib/text/json.h"
#include "tools/acedt-push/referrers_index.h"

static const struct json_limits limits = {
	MANIFEST_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_PLAIN
};

/* How many entries has it, and is the digest among them? */
static size_t
count_entries(const struct manifest *index, const char *digest, int *there)
{
	size_t	i, n = 0;

	*there = 0;
	for (i = 0; i < index->nedges; i++) {
		/* The subject of the index itself is none. */
		if (index->edges[i].kind != EDGE_CHILD)
			continue;
		n++;
		if (strcmp(index->edges[i].desc.digest, digest) == 0)
			*there = 1;
	}
	return n;
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
	jv		doc, notes, text;

	image_descriptor_json(desc, b);
	b->len--;			/* reopen the object */
	if (json_parse(bytes, len, &limits, &doc, &err) == 0) {
		notes = json_get(doc, "annotations");
		if (jv_get_kind(notes) == JV_KIND_OBJECT) {
			text = jv_dump_string(only_strings(notes),
			    JV_PRINT_SORTED);
			gojson_name(b, "annotations");
			buf_add(b, jv_string_value(text),
			    (size_t)jv_string_length_bytes(jv_copy(text)));
			jv_free(text);
		} else {
			jv_free(notes);
		}
		jv_free(doc);
	}
	if (m->artifact_type != NULL)
		gojson_member(b, "artifactType", m->artifact_type);
	buf_addc(b, '}');
}

/* Where the array "manifests" of the document ends: its last ']'. */
static size_t
end_of_manifests(const char *s, size_t len)
{
	size_t	i, depth = 0, end = 0;
	int	in_list = 0;

	for (i = 0; i < len; i++) {
		if (s[i] == '"') {
			if (depth == 1 && strncmp(s + i, "\"manifests\"",
			    11) == 0)
				in_list = 1;
			for (i++; i < len && s[i] != '"'; i++)
				if (s[i] == '\\')
					i++;
		} else if (s[i] == '{' || s[i] == '[') {
			depth++;
		} else if (s[i] == '}' || s[i] == ']') {
			depth--;
			if (in_list && depth == 1) {
				end = i;
				in_list = 0;
			}
		} else if (depth == 1 && s[i] == ',') {
			in_list = 0;
		}
	}
	return end;
}

int
referrers_add(const char *old, size_t oldlen, const struct descriptor *desc,
    const struct manifest *m, const char *bytes, size_t len, struct buf *out,
    struct err *err)
{
	static const char	empty[] = "{\"schemaVersion\":2,\"mediaType\":\""
				    MT_OCI_INDEX "\",\"manifests\":[]}";
	struct manifest		index;
	struct buf		entry;
	size_t			end, n;
	int			there, rc;

	if (old == NULL) {
		old = empty;
		oldlen = sizeof(empty) - 1;
	}
	if (manifest_parse(&index, MT_OCI_INDEX, old, oldlen, NULL, err) == -1)
		return err_wrap(err, "the referrers index that is there");
	n = count_entries(&index, desc->digest, &there);
	manifest_clear(&index);
	if (there)
		return 0;
	if ((end = end_of_manifests(old, oldlen)) == 0)
		return err_set(err, ERR_CONTENT,
		    "the referrers index that is there has no array of "
		    "manifests");
	/* On its own first: at a ceiling a part of it could fit. */
	buf_init(&entry, SIZE_MAX / 4);
	if (n > 0)
		buf_addc(&entry, ',');
	entry_text(desc, m, bytes, len, &entry);
	/* Spliced, so that what others wrote stays as it is. */
	rc = buf_add(out, old, end);
	if (rc == 0)
		rc = buf_add(out, entry.data, entry.len);
	if (rc == 0)
		rc = buf_add(out, old + end, oldlen - end);
	buf_clear(&entry);
	if (rc == -1)
		return err_set(err, ERR_LIMIT,
		    "the referrers index would become too large");
	return 1;
}
