/*
 * The sizes of what images lead to, counted twice: as often as it is reached,
 * and each digest once.
 */
#include <assert.h>
#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/tree.h"
#include "lib/base/xalloc.h"
#include "lib/oci/layout.h"
#include "lib/stream/image.h"
#include "tools/acedt-index/sums.h"

/* More bytes of content than any place holds. */
#define SIZES_MAX	(UINT64_MAX / 4)
/* The sum below a manifest that was not walked yet. */
#define NOT_KNOWN	UINT64_MAX

/* A walk through an image, which visits each manifest once. */
struct sums_walk {
	struct sums		*sums;
	const struct image	*img;
	uint64_t		*known;	/* of each content: the sum below it */
};

static int
compare_digests(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Sums are refused long before they could wrap. */
static int
add_size(uint64_t *sum, uint64_t n, const char *digest, struct err *err)
{
	if (n > SIZES_MAX || *sum > SIZES_MAX - n)
		return err_set(err, ERR_LIMIT, "the sizes below %s add up to "
		    "more than can be counted", digest);
	*sum += n;
	return 0;
}

/* Count a config or layer, in both sums. */
static int
sums_count_blob(struct sums *s, const struct descriptor *d,
    uint64_t *sum, struct err *err)
{
	char	*copy;

	if (add_size(sum, (uint64_t)d->size, d->digest, err) == -1)
		return -1;
	copy = xstrdup(d->digest);
	if (tree_add(copy, &s->seen, compare_digests) == copy)
		return add_size(&s->deduplicated, (uint64_t)d->size,
		    d->digest, err);
	free(copy);
	return 0;
}

/* An index in a layout must not lead to what is not there. */
static int
check_there(const struct sums *s, const struct descriptor *d,
    struct err *err)
{
	if (s->layout == NULL ||
	    layout_blob_has(s->layout, d->digest, d->size))
		return 0;
	return err_set(err, ERR_NOT_FOUND, "oci:%s: %s of %" PRId64 " bytes "
	    "is not there (run acedt-push again)", s->layout->dir, d->digest,
	    d->size);
}

static int
check_edge(const struct sums *s, const struct edge *e, struct err *err)
{
	if (e->kind == EDGE_LAYER &&
	    manifest_is_foreign_type(e->desc.media_type))
		return 0;		/* it is never copied */
	return check_there(s, &e->desc, err);
}

static int	count_below(struct sums_walk *, const char *digest,
		    int optional, int depth, uint64_t *sum, struct err *);

/* What the edges of a manifest lead to. */
static int
count_edges(struct sums_walk *w, const struct content *c, int depth,
    uint64_t *sum, struct err *err)
{
	const struct edge	*e = c->manifest.edges;
	size_t			 i;

	for (i = 0; i < c->manifest.nedges; i++) {
		if (edge_is_manifest(&e[i])) {
			if (count_below(w, e[i].desc.digest,
			    e[i].kind == EDGE_SUBJECT, depth + 1, sum,
			    err) == -1)
				return -1;
		} else if (check_edge(w->sums, &e[i], err) == -1 ||
		    sums_count_blob(w->sums, &e[i].desc, sum, err) == -1) {
			return -1;
		}
	}
	return 0;
}

/*
 * What one manifest leads to, each time it is reached.  A subject is optional:
 * the record need not carry it.
 */
static int
count_below(struct sums_walk *w, const char *digest, int optional, int depth,
    uint64_t *sum, struct err *err)
{
	const struct content	*c = image_find(w->img, digest);
	uint64_t		*known, here = 0;

	if (c == NULL && optional)
		return 0;
	if (c == NULL)
		return err_set(err, ERR_STREAM, "the record lacks the "
		    "manifest %s: run acedt-fetch before", digest);
	if (depth > 2 * INDEX_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "manifests nested too deep");
	known = &w->known[c - w->img->contents];
	if (*known == NOT_KNOWN) {
		if (check_there(w->sums, &c->desc, err) == -1 ||
		    count_edges(w, c, depth, &here, err) == -1)
			return -1;
		assert(here != NOT_KNOWN);
		*known = here;
	}
	/* Equal children multiply level by level. */
	return add_size(sum, *known, digest, err);
}

/* A root of an image: a manifest, or a blob that stands in an index. */
static int
count_root(struct sums_walk *w, const struct descriptor *d, struct err *err)
{
	if (manifest_is_type(d->media_type))
		return count_below(w, d->digest, 0, 0, &w->sums->total, err);
	if (check_there(w->sums, d, err) == -1)
		return -1;
	return sums_count_blob(w->sums, d, &w->sums->total, err);
}

int
sums_add(struct sums *s, const struct image *img, struct err *err)
{
	struct sums_walk	w = { s, img, NULL };
	size_t			i, n = img->filtered ? img->nselected : 1;
	int			rc = 0;

	w.known = xmalloc((img->ncontents + 1) * sizeof(*w.known));
	for (i = 0; i < img->ncontents; i++)
		w.known[i] = NOT_KNOWN;
	for (i = 0; i < n && rc == 0; i++)
		rc = count_root(&w, image_root(img, i), err);
	free(w.known);
	return rc;
}

void
sums_clear(struct sums *s)
{
	tdestroy(s->seen, free);
}
