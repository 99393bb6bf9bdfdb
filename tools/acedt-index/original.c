/*
 * The index that the images of a stream came from: its bytes, and whether all
 * that it lists came with it.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/xalloc.h"
#include "lib/oci/descriptor.h"
#include "lib/oci/digest.h"
#include "lib/oci/gathered.h"
#include "lib/oci/manifest.h"
#include "lib/stream/stream.h"
#include "lib/text/base64.h"
#include "lib/text/json.h"
#include "tools/acedt-index/original.h"

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

/* How many entries the index lists, -1 if it is not one. */
static int
count_listed(const struct gathered *g, size_t *n, struct err *err)
{
	struct json_span	 extra;
	char			*text = NULL;
	int			 rc;

	if (g->manifests.s == NULL || *g->manifests.s != '[')
		return err_set(err, ERR_CONTENT, "an index without an array of "
		    "manifests");
	*n = gathered_count(g);
	if ((rc = gathered_extra(g, &text, err)) == 0 && text != NULL) {
		extra.s = text;
		extra.len = strlen(text);
		if (text[strspn(text, " \t\r\n")] == '[')
			*n += json_text_count(extra);
		else
			rc = err_set(err, ERR_CONTENT, "an index whose "
			    "annotation is not an array of manifests");
	}
	free(text);
	return rc;
}

static int
read_entries(struct original *o, struct err *err)
{
	struct gathered	g;

	if (gathered_parts(&g, o->bytes, o->len, err) == -1 ||
	    count_listed(&g, &o->listed, err) == -1)
		return -1;
	o->entries = gathered_digests(&g, &o->n);
	if (o->n != o->listed)
		return err_set(err, ERR_CONTENT, "an entry of the index has no "
		    "digest");
	if (o->n > 1)
		sort_entries(o);
	o->arrived = xcalloc(o->n + 1, 1);
	return 0;
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
