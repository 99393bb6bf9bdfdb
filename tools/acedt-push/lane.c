/*
 * Which large blob is next: the largest that waits.  What one source sends
 * slowly must not hold up the others, so one of which nothing is under way may
 * begin even when all places are taken.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/xalloc.h"
#include "tools/acedt-push/push.h"

/*
 * Large blobs under way at a time: enough to fill a link over a long distance,
 * few enough that each gets on and that their buffers stay small.
 */
#define LARGE_MAX	8
/* With those that begin although that many are under way. */
#define LARGE_ALL_MAX	16

static struct lane *
lane_get(struct pusher *p, const struct holder *from)
{
	const char	*name = from->repo != NULL ?
			    reg_repo_name(from->repo) : "oci:";
	size_t		 n = strcspn(name, "/");
	struct lane	*l;

	for (l = p->lanes; l != NULL; l = l->next)
		if (strncmp(l->name, name, n) == 0 && l->name[n] == '\0')
			return l;
	l = xcalloc(1, sizeof(*l));
	l->name = xmemdup0(name, n);
	l->next = p->lanes;
	p->lanes = l;
	return l;
}

void
lane_add(struct pusher *p, struct item *item)
{
	assert(item->holders.n > 0);
	if (item->size <= SOURCE_SMALL) {
		heap_push(&p->small, item);
		return;
	}
	item->lane = lane_get(p, &item->holders.v[0]);
	heap_push(&item->lane->heap, item);
}

struct item *
lane_next(struct pusher *p)
{
	struct lane	*l, *best = NULL;

	if (p->nlarge >= LARGE_ALL_MAX)
		return NULL;
	for (l = p->lanes; l != NULL; l = l->next)
		if (l->heap.n > 0 && (p->nlarge < LARGE_MAX ||
		    l->active == 0) && (best == NULL ||
		    heap_before(l->heap.v[0], best->heap.v[0])))
			best = l;
	return best == NULL ? NULL : heap_pop(&best->heap);
}

void
lanes_free(struct pusher *p)
{
	struct lane	*l;

	while ((l = p->lanes) != NULL) {
		p->lanes = l->next;
		free(l->heap.v);
		free(l->name);
		free(l);
	}
}
