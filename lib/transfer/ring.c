/*
 * The buffer between who reads a blob and who writes it: of fixed size, so that
 * memory does not depend on the size of a blob.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/xalloc.h"
#include "lib/transfer/ring.h"

void
ring_init(struct ring *r, size_t cap)
{
	assert(cap > 0);
	r->data = xmalloc(cap);
	r->cap = cap;
	r->head = r->len = 0;
}

void
ring_free(struct ring *r)
{
	free(r->data);
	memset(r, 0, sizeof(*r));
}

void
ring_empty(struct ring *r)
{
	r->head = r->len = 0;
}

size_t
ring_room(const struct ring *r)
{
	assert(r->len <= r->cap);
	return r->cap - r->len;
}

void
ring_put(struct ring *r, const void *p, size_t n)
{
	size_t	at, first;

	assert(n <= ring_room(r));
	if (n == 0)
		return;
	at = (r->head + r->len) % r->cap;
	first = n < r->cap - at ? n : r->cap - at;
	memcpy(r->data + at, p, first);
	memcpy(r->data, (const char *)p + first, n - first);
	r->len += n;
}

size_t
ring_take(struct ring *r, void *p, size_t max)
{
	size_t	n = r->len < max ? r->len : max, first;

	if (n == 0)
		return 0;
	first = n < r->cap - r->head ? n : r->cap - r->head;
	memcpy(p, r->data + r->head, first);
	memcpy((char *)p + first, r->data, n - first);
	r->head = (r->head + n) % r->cap;
	r->len -= n;
	return n;
}

const char *
ring_bytes(const struct ring *r)
{
	assert(r->head == 0 && r->len <= r->cap);
	return r->data;
}
