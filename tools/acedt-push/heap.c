/* A heap of blobs that wait: the largest one is the next. */
#include "lib/base/xalloc.h"
#include "tools/acedt-push/push.h"

int
heap_before(const struct item *a, const struct item *b)
{
	return a->size != b->size ? a->size > b->size : a->seq < b->seq;
}

void
heap_push(struct heap *h, struct item *item)
{
	size_t	i = h->n, up;

	h->v = xreallocarray(h->v, h->n + 1, sizeof(*h->v));
	h->n++;
	for (; i > 0; i = up) {
		up = (i - 1) / 2;
		if (!heap_before(item, h->v[up]))
			break;
		h->v[i] = h->v[up];
	}
	h->v[i] = item;
}

struct item *
heap_pop(struct heap *h)
{
	struct item	*top, *last;
	size_t		 i, child;

	if (h->n == 0)
		return NULL;
	top = h->v[0];
	last = h->v[--h->n];
	for (i = 0; (child = 2 * i + 1) < h->n; i = child) {
		if (child + 1 < h->n &&
		    heap_before(h->v[child + 1], h->v[child]))
			child++;
		if (!heap_before(h->v[child], last))
			break;
		h->v[i] = h->v[child];
	}
	if (h->n > 0)
		h->v[i] = last;
	return top;
}
