/*
 * The gathered index: an entry for each image or selected manifest, and the
 * text of all of them, which does not depend on the order in which they came.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/pairs.h"
#include "lib/base/xalloc.h"
#include "lib/oci/annotations.h"
#include "lib/oci/entry.h"
#include "lib/oci/gathered.h"
#include "lib/stream/image.h"
#include "lib/stream/stream.h"
#include "lib/text/json.h"
#include "lib/text/json_out.h"
#include "tools/acedt-index/gather.h"

#define NOTE_TOTAL	"vnd.act3-ace.data.layer.size.total"
#define NOTE_DEDUP	"vnd.act3-ace.data.layer.size.deduplicated"
#define NOTE_INDEX	"data.act3-ace.io/source-index"

/* The labels of a record as JSON with sorted keys, "" if it has none. */
static char *
labels_text(const struct record *rec)
{
	struct pairs	 p = PAIRS_INIT;
	struct json_out	 j;
	struct buf	 b;

	buf_init(&b, STREAM_LINE_MAX);
	record_labels(rec, &p);
	json_out_init(&j, &b);
	if (p.n > 0)
		json_out_pairs(&j, &p);
	pairs_clear(&p);
	return buf_detach(&b);
}

/* The annotations of an entry, as JSON. */
static void
notes_text(const struct image *img, const char *labels, const char *index,
    struct buf *b)
{
	struct pairs		 p = PAIRS_INIT;
	const struct content	*c;
	const char		*name = img->name != NULL ? img->name :
				    img->source;
	struct json_out		 j;

	pairs_set(&p, NOTE_SOURCE, name);
	pairs_set(&p, NOTE_REF_NAME, name);
	if (*labels != '\0')
		pairs_set(&p, NOTE_LABELS, labels);
	if (index != NULL && (c = image_find(img, index)) != NULL)
		pairs_set(&p, NOTE_INDEX, c->data);
	json_out_init(&j, b);
	json_out_pairs(&j, &p);
	pairs_clear(&p);
}

/*
 * A new entry of the index with its JSON text, which is taken over.  The texts
 * of all entries are counted, so that no more is held than could be published.
 */
static int
entry_new(struct gather *g, const struct image *img, const char *labels,
    const struct descriptor *d, size_t position, struct buf *json,
    struct err *err)
{
	struct gather_entry	*e;

	if (buf_is_full(json) || json->len >= INDEX_BYTES_MAX - g->bytes) {
		g->full = 1;
		return err_set(err, ERR_LIMIT, "with this image the index "
		    "would have more than %d bytes (gather into several "
		    "indexes%s)", INDEX_BYTES_MAX, img->filtered ? ", or for "
		    "fewer platforms: each entry holds its source's index" :
		    "");
	}
	assert(json->data != NULL && json->data[0] == '{');
	g->bytes += json->len + 1;
	g->entries = xreallocarray(g->entries, g->nentries + 1,
	    sizeof(*g->entries));
	e = &g->entries[g->nentries++];
	e->source = xstrdup(img->name != NULL ? img->name : img->source);
	e->labels = xstrdup(labels);
	e->file = xstrdup(img->file != NULL ? img->file : "");
	e->digest = xstrdup(d->digest);
	e->line = img->line;
	e->position = position;
	e->json = buf_detach(json);
	e->is_index = manifest_is_index_type(d->media_type);
	return 0;
}

/* The image itself is the entry: nothing was selected. */
static int
add_root(struct gather *g, const struct image *img, const char *labels,
    struct err *err)
{
	struct json_out	j;
	struct buf	notes, json;
	int		rc;

	if (*img->root.media_type == '\0' || img->root.size == -1)
		return err_set(err, ERR_STREAM, "the record's descriptor is "
		    "not complete: run acedt-fetch before");
	buf_init(&notes, INDEX_BYTES_MAX);
	buf_init(&json, INDEX_BYTES_MAX);
	notes_text(img, labels, NULL, &notes);
	json_out_init(&j, &json);
	json_out_begin_object(&j);
	descriptor_members(&j, img->root.media_type, img->root.digest,
	    img->root.size);
	json_out_name(&j, "annotations");
	json_out_raw(&j, notes.data, notes.len);
	json_out_end_object(&j);
	rc = entry_new(g, img, labels, &img->root, 0, &json, err);
	buf_clear(&json);
	buf_clear(&notes);
	return rc;
}

static int
same_index(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/*
 * notes are the annotations of the selection before this one: those of an index
 * are escaped once for all that was selected from it.
 */
static int
add_selection(struct gather *g, const struct image *img, const char *labels,
    size_t i, struct buf *notes, struct err *err)
{
	const struct selection	*s = &img->selected[i];
	struct json_out		 j;
	struct buf		 json;
	jv			 desc;
	int			 rc;

	if (s->index != NULL && image_find(img, s->index) == NULL)
		return err_set(err, ERR_STREAM, "the record lacks the index "
		    "%s that %s came from", s->index, s->desc.digest);
	if (i == 0 || !same_index(s->index, img->selected[i - 1].index)) {
		buf_reset(notes);
		notes_text(img, labels, s->index, notes);
	}
	buf_init(&json, buf_is_full(notes) ? 0 : INDEX_BYTES_MAX);
	desc = jv_parse(s->json);
	json_out_init(&j, &json);
	entry_json(&j, desc, notes->data);
	jv_free(desc);
	rc = entry_new(g, img, labels, &s->desc, i, &json, err);
	buf_clear(&json);
	return rc;
}

/* An entry for the image, or one for each manifest that was selected. */
static int
add_entries(struct gather *g, const struct record *rec,
    const struct image *img, struct err *err)
{
	struct buf	 notes;
	char		*labels = labels_text(rec);
	size_t		 i;
	int		 rc = 0;

	buf_init(&notes, INDEX_BYTES_MAX);
	if (!img->filtered)
		rc = add_root(g, img, labels, err);
	else
		for (i = 0; i < img->nselected && rc == 0; i++)
			rc = add_selection(g, img, labels, i, &notes, err);
	buf_clear(&notes);
	free(labels);
	return rc;
}

int
gather_add(struct gather *g, const struct record *rec, struct err *err)
{
	struct image	img;
	int		rc;

	if (image_parse(&img, rec, err) == -1)
		return -1;
	rc = add_entries(g, rec, &img, err);
	if (rc == 0)
		rc = sums_add(&g->sums, &img, err);
	image_clear(&img);
	return rc;
}

/* Nothing here depends on what came first in time. */
static int
compare_entries(const void *a, const void *b)
{
	const struct gather_entry	*x = a, *y = b;
	int			 c;

	if ((c = strcmp(x->source, y->source)) != 0 ||
	    (c = strcmp(x->labels, y->labels)) != 0 ||
	    (c = strcmp(x->file, y->file)) != 0)
		return c;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->position != y->position)
		return x->position < y->position ? -1 : 1;
	return strcmp(x->digest, y->digest);
}

/* The entries that are indexes (or that are not), as a JSON array. */
static void
entries_text(const struct gather *g, int with_indexes, int with_others,
    struct json_out *j)
{
	size_t	i;

	json_out_begin_array(j);
	for (i = 0; i < g->nentries; i++) {
		if (g->entries[i].is_index ? !with_indexes : !with_others)
			continue;
		json_out_raw(j, g->entries[i].json,
		    strlen(g->entries[i].json));
	}
	json_out_end_array(j);
}

int
gather_has_indexes(const struct gather *g)
{
	size_t	i;

	for (i = 0; i < g->nentries; i++)
		if (g->entries[i].is_index)
			return 1;
	return 0;
}

/*
 * The text is read once more before anybody gets it: one JSON document, with as
 * many entries as there are.
 */
static int
check_index(const struct gather *g, const struct buf *b, int fallback,
    struct err *err)
{
	struct gathered	made;
	size_t		i, n, wanted = 0;

	for (i = 0; i < g->nentries; i++)
		wanted += !fallback || !g->entries[i].is_index;
	if (gathered_read(&made, b->data, b->len, err) == -1)
		return err_wrap(err, "the index that was made");
	if ((n = gathered_count(&made)) != wanted)
		return err_set(err, ERR_STREAM, "the index that was made has "
		    "%zu entries instead of %zu (please report this)", n,
		    wanted);
	return 0;
}

int
gather_index(struct gather *g, struct pairs *annotations, int fallback,
    struct buf *b, struct err *err)
{
	struct json_out	j;
	struct buf	extra;
	char		number[32];

	if (g->nentries > 0)
		qsort(g->entries, g->nentries, sizeof(*g->entries),
		    compare_entries);
	pairs_set(annotations, NOTE_VERSION, VERSION);
	snprintf(number, sizeof(number), "%" PRIu64, g->sums.total);
	pairs_set(annotations, NOTE_TOTAL, number);
	snprintf(number, sizeof(number), "%" PRIu64, g->sums.deduplicated);
	pairs_set(annotations, NOTE_DEDUP, number);
	if (fallback && gather_has_indexes(g)) {
		buf_init(&extra, SIZE_MAX / 4);	/* counted in g->bytes */
		json_out_init(&j, &extra);
		entries_text(g, 1, 0, &j);
		pairs_set(annotations, NOTE_EXTRA, extra.data);
		buf_clear(&extra);
	}
	json_out_init(&j, b);
	json_out_begin_object(&j);
	json_out_member_number(&j, "schemaVersion", 2);
	json_out_member(&j, "mediaType", MT_OCI_INDEX);
	json_out_member(&j, "artifactType", MT_GATHER);
	json_out_name(&j, "manifests");
	entries_text(g, !fallback, 1, &j);
	json_out_name(&j, "annotations");
	json_out_pairs(&j, annotations);
	json_out_end_object(&j);
	if (buf_is_full(b))
		return err_set(err, ERR_LIMIT,
		    "the index would have more than %zu bytes (gather into "
		    "several indexes)", b->max);
	return check_index(g, b, fallback, err);
}

void
gather_clear(struct gather *g)
{
	size_t	i;

	for (i = 0; i < g->nentries; i++) {
		free(g->entries[i].source);
		free(g->entries[i].labels);
		free(g->entries[i].file);
		free(g->entries[i].digest);
		free(g->entries[i].json);
	}
	free(g->entries);
	sums_clear(&g->sums);
}
