/*
 * The index that the images of a stream came from: its bytes, and whether all
 * that it lists came with it.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/oci/annotations.h"
#include "lib/oci/descriptor.h"
#include "lib/oci/digest.h"
#include "lib/oci/manifest.h"
#include "lib/stream/stream.h"
#include "lib/text/base64.h"
#include "lib/text/json.h"
#include "tools/acedt-index/original.h"

static const struct json_limits index_limits = {
	INDEX_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_MANIFEST
};
static const struct json_limits extra_limits = {
	INDEX_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_DESCRIPTORS
};

void
original_init(struct original *o)
{
	memset(o, 0, sizeof(*o));
	o->is_whole = 1;
}

int
original_is(const struct record *rec)
{
	char	*type = json_str(rec->obj, "type");
	int	 is = type != NULL && strcmp(type, "index") == 0;

	free(type);
	return is;
}

/* The digests of an array of descriptors, which is consumed. */
static int
add_digests(struct original *o, jv list, struct err *err)
{
	int	 i, n, rc = 0;
	jv	 entry;
	char	*digest;

	if (jv_get_kind(list) != JV_KIND_ARRAY) {
		jv_free(list);
		return err_set(err, ERR_CONTENT, "an index without an array of "
		    "manifests");
	}
	n = jv_array_length(jv_copy(list));
	o->entries = xreallocarray(o->entries, o->n + (size_t)n + 1,
	    sizeof(*o->entries));
	for (i = 0; i < n && rc == 0; i++) {
		entry = jv_array_get(jv_copy(list), i);
		if ((digest = json_str(entry, "digest")) != NULL)
			o->entries[o->n++] = digest;
		else
			rc = err_set(err, ERR_CONTENT, "an entry of the index "
			    "has no digest");
		jv_free(entry);
	}
	jv_free(list);
	return rc;
}

/* Entries that --index-fallback moved into an annotation. */
static int
add_extra(struct original *o, jv doc, struct err *err)
{
	jv	 list, annotations = json_get(doc, "annotations");
	char	*text = json_str(annotations, NOTE_EXTRA);
	int	 rc = 0;

	jv_free(annotations);
	if (text != NULL && (rc = json_parse(text, strlen(text),
	    &extra_limits, &list, err)) == 0)
		rc = add_digests(o, list, err);
	free(text);
	return rc;
}

static int
compare_entries(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, and each digest once. */
static void
sort_entries(struct original *o)
{
	size_t	i, n = 0;

	qsort(o->entries, o->n, sizeof(*o->entries), compare_entries);
	for (i = 0; i < o->n; i++)
		if (n > 0 && strcmp(o->entries[n - 1], o->entries[i]) == 0)
			free(o->entries[i]);
		else
			o->entries[n++] = o->entries[i];
	o->n = n;
}

static int
read_entries(struct original *o, struct err *err)
{
	jv	doc;
	int	rc;

	if (json_parse(o->bytes, o->len, &index_limits, &doc, err) == -1)
		return -1;
	rc = add_digests(o, json_get(doc, "manifests"), err);
	if (rc == 0)
		rc = add_extra(o, doc, err);
	jv_free(doc);
	o->listed = o->n;
	if (rc == 0 && o->n > 1)
		sort_entries(o);
	o->arrived = xcalloc(o->n + 1, 1);
	return rc;
}

/* The document of a record, held against the record's descriptor. */
static int
read_data(struct original *o, const struct record *rec, struct err *err)
{
	struct descriptor	 d;
	jv			 obj = json_get(rec->obj, "descriptor");
	char			*text, have[DIGEST_STR_MAX];
	int			 rc;

	rc = descriptor_parse(&d, obj, 0, err);
	jv_free(obj);
	if (rc == -1)
		return -1;
	text = json_str(rec->obj, "data");
	if (text != NULL)
		o->bytes = base64_decode(text, strlen(text), &o->len);
	free(text);
	o->media_type = xstrdup(d.media_type);
	o->digest = xstrdup(d.digest);
	if (o->bytes == NULL)
		rc = err_set(err, ERR_CONTENT, "no base64 in \"data\"");
	else if (!manifest_is_index_type(d.media_type))
		rc = err_set(err, ERR_CONTENT, "\"%.100s\" is not the media "
		    "type of an index", d.media_type);
	else {
		digest_of(d.digest, o->bytes, o->len, have);
		if (strcmp(have, d.digest) != 0 || d.size != (int64_t)o->len)
			rc = err_set(err, ERR_DIGEST, "%s: the data has digest "
			    "%s", d.digest, have);
	}
	descriptor_clear(&d);
	return rc;
}

int
original_take(struct original *o, const struct record *rec, struct err *err)
{
	if (o->bytes != NULL) {
		o->several = 1;
		return 0;
	}
	if (read_data(o, rec, err) == -1 || read_entries(o, err) == -1)
		return err_wrap(err, "an index record");
	return 0;
}

void
original_note(struct original *o, const struct record *rec)
{
	jv	 descriptor = json_get(rec->obj, "descriptor");
	char	*digest = json_str(descriptor, "digest"), **found = NULL;

	jv_free(descriptor);
	o->images++;
	if (digest != NULL && o->n > 0)
		found = bsearch(&digest, o->entries, o->n, sizeof(*o->entries),
		    compare_entries);
	/* What a filter took out of an entry is not that entry any more. */
	if (found == NULL || json_has(rec->obj, "selected"))
		o->is_whole = 0;
	else
		o->arrived[found - o->entries] = 1;
	free(digest);
}

int
original_is_complete(const struct original *o)
{
	assert(o->bytes == NULL || o->arrived != NULL);
	return o->bytes != NULL && !o->several && o->is_whole &&
	    o->images == o->listed &&
	    memchr(o->arrived, 0, o->n) == NULL;
}

void
original_clear(struct original *o)
{
	size_t	i;

	for (i = 0; i < o->n; i++)
		free(o->entries[i]);
	free(o->entries);
	free(o->arrived);
	free(o->bytes);
	free(o->media_type);
	free(o->digest);
}
