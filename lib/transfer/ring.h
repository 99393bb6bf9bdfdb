#ifndef ACEDT_RING_H
#define ACEDT_RING_H

#include <stddef.h>

/*
 * Bytes between a writer and a reader, in the order in which they came, in a
 * buffer of fixed size.  A ring that is all zero holds nothing and has no room.
 *
 *	ring_init(&r, 512 * 1024);
 *	if (ring_room(&r) >= n)
 *		ring_put(&r, bytes, n);
 *	n = ring_take(&r, out, sizeof(out));
 *	ring_free(&r);
 */
struct ring {
	char	*data;			/* owned */
	size_t	 cap;
	size_t	 head;			/* where the oldest byte is */
	size_t	 len;
};

/* Room for cap bytes, at least one. */
void	ring_init(struct ring *, size_t cap);
void	ring_free(struct ring *);
/* Forget what it holds. */
void	ring_empty(struct ring *);
/* How many bytes ring_put() can take now. */
size_t	ring_room(const struct ring *);
/* The caller knows that there is room for them. */
void	ring_put(struct ring *, const void *, size_t);
/* Moves at most max bytes out; how many those are. */
size_t	ring_take(struct ring *, void *, size_t max);
/*
 * All that it holds, in one piece, where nothing was taken since it was empty.
 * Borrowed, good until the next change.
 */
const char *ring_bytes(const struct ring *);

#endif
