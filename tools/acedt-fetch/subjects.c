/*
 * Which entries of a layout's index.json are about the referrers of a manifest:
 * a table of the layout, sorted by the tag of the referrers tag scheme.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/oci/layout.h"
#include "lib/oci/layout_index.h"
#include "lib/oci/manifest.h"
#include "lib/program/net.h"
#include "tools/acedt-fetch/subjects.h"

struct subject_table {
	const struct place	*place;	/* borrowed: the layout */
	struct subject_entry	*v;	/* owned; sorted */
	size_t			 n;
	struct subject_table	*next;	/* of another layout */
};

static int
compare_subjects(const void *a, const void *b)
{
	const struct subject_entry	*x = a, *y = b;
	int				 rc = strcmp(x->tag, y->tag);

	return rc != 0 ? rc : (x->i > y->i) - (x->i < y->i);
}

/* subject is taken over; NULL for a list. */
static void
table_add(struct subject_table *t, const char *tag, size_t i, char *subject)
{
	struct subject_entry	*s;

	/* The room doubles: n is a power of two, or 0, when it is full. */
	if ((t->n & (t->n - 1)) == 0)
		t->v = xreallocarray(t->v, t->n > 0 ? 2 * t->n : 1,
		    sizeof(*t->v));
	s = &t->v[t->n++];
	assert(strlen(tag) < sizeof(s->tag));
	memcpy(s->tag, tag, strlen(tag) + 1);
	s->i = i;
	s->subject = subject;
}

/*
 * What the manifest of an entry refers to; NULL if nothing, or if it cannot be
 * read.  The caller frees it.
 */
static char *
subject_of(struct layout *layout, const struct layout_entry *e)
{
	struct manifest	 m;
	struct err	 err = ERR_INIT;
	struct buf	 b;
	char		*subject = NULL;
	size_t		 k;

	buf_init(&b, MANIFEST_BYTES_MAX);
	if (layout_blob_read(layout, e->digest, MANIFEST_BYTES_MAX, &b,
	    &err) == 0 &&
	    manifest_parse(&m, e->media_type, b.data, b.len, NULL,
	    &err) == 0) {
		for (k = 0; k < m.nedges && subject == NULL; k++)
			if (m.edges[k].kind == EDGE_SUBJECT)
				subject = xstrdup(m.edges[k].desc.digest);
		manifest_clear(&m);
	}
	buf_clear(&b);
	return subject;
}

/* An entry may be a list for one manifest and refer to another. */
static void
table_read_entry(struct subject_table *t, struct layout *layout, size_t i,
    const struct layout_entry *e)
{
	char	 tag[REFERRERS_TAG_MAX];
	char	*subject;
	int	 is_list = e->ref_name != NULL &&
		    referrers_is_tag(e->ref_name);

	if (!manifest_is_type(e->media_type))
		return;
	if (is_list)
		table_add(t, e->ref_name, i, NULL);
	if ((subject = subject_of(layout, e)) == NULL)
		return;
	referrers_tag(subject, tag);
	if (is_list && strcmp(tag, e->ref_name) == 0)
		free(subject);		/* once is enough */
	else
		table_add(t, tag, i, subject);
}

static struct subject_table *
table_new(struct place *place, const struct layout_index *index)
{
	struct subject_table		*t = xcalloc(1, sizeof(*t));
	const struct layout_entry	*e;
	size_t				 i, n;

	t->place = place;
	e = layout_index_entries(index, &n);
	for (i = 0; i < n; i++)
		table_read_entry(t, place->layout, i, &e[i]);
	if (t->n > 0)
		qsort(t->v, t->n, sizeof(*t->v), compare_subjects);
	return t;
}

/* Where the entries of a tag begin, or would begin. */
static size_t
table_lower_bound(const struct subject_table *t, const char *tag)
{
	size_t	low = 0, high = t->n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (strcmp(t->v[middle].tag, tag) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int
subjects_find(struct subject_table **tables, struct place *place,
    const char *digest, const struct subject_entry **found, size_t *n,
    struct err *err)
{
	const struct layout_index	*index;
	struct subject_table		*t;
	char				 tag[REFERRERS_TAG_MAX];
	size_t				 from, to;

	assert(place->layout != NULL);
	for (t = *tables; t != NULL && t->place != place; t = t->next)
		;
	if (t == NULL) {
		if ((index = net_layout_index(place, err)) == NULL)
			return -1;
		t = table_new(place, index);
		t->next = *tables;
		*tables = t;
	}
	referrers_tag(digest, tag);
	from = to = table_lower_bound(t, tag);
	while (to < t->n && strcmp(t->v[to].tag, tag) == 0)
		to++;
	*found = t->v + from;
	*n = to - from;
	return 0;
}

void
subjects_free(struct subject_table *tables)
{
	struct subject_table	*t;
	size_t			 i;

	while ((t = tables) != NULL) {
		tables = t->next;
		for (i = 0; i < t->n; i++)
			free(t->v[i].subject);
		free(t->v);
		free(t);
	}
}
