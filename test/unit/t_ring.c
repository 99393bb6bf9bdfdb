/* The ring: order over its end, room, and what it holds in one piece. */
#include <string.h>

#include "lib/transfer/ring.h"
#include "test/unit/tap.h"

static struct ring	r;
static char		out[16];

static void
test_order(void)
{
	ring_init(&r, 8);
	ring_put(&r, "abcdef", 6);
	is_int((long long)ring_room(&r), 2);
	is_int((long long)ring_take(&r, out, 4), 4);
	ok(memcmp(out, "abcd", 4) == 0, "the oldest first");
	ring_put(&r, "ghijkl", 6);	/* over the end */
	is_int((long long)ring_room(&r), 0);
	is_int((long long)ring_take(&r, out, sizeof(out)), 8);
	ok(memcmp(out, "efghijkl", 8) == 0, "in order over the end");
	is_int((long long)ring_take(&r, out, sizeof(out)), 0);
	ring_free(&r);
}

/* Pieces of all sizes, through a ring that none of them divides. */
static void
test_all_sizes(void)
{
	char		piece[16];
	unsigned int	put = 0, got = 0, step, i, n;
	int		same = 1;

	ring_init(&r, 13);
	for (step = 0; step < 5000; step++) {
		n = step % 7;
		for (i = 0; i < n && i < ring_room(&r); i++)
			piece[i] = (char)(put++ % 251);
		ring_put(&r, piece, i);
		n = (unsigned int)ring_take(&r, out, step % 5);
		for (i = 0; i < n; i++)
			same &= (unsigned char)out[i] == got++ % 251;
	}
	ok(same && put > 5000, "all bytes in order");
	is_int((long long)r.len, (long long)(put - got));
	ring_free(&r);
}

static void
test_whole(void)
{
	ring_init(&r, 5);
	ring_put(&r, "xy", 2);
	ring_take(&r, out, 1);
	ring_empty(&r);
	is_int((long long)ring_room(&r), 5);
	ring_put(&r, "", 0);
	ring_put(&r, "hello", 5);
	ok(memcmp(ring_bytes(&r), "hello", 5) == 0, "in one piece");
	ring_free(&r);
	is_int((long long)ring_room(&r), 0);
	is_int((long long)ring_take(&r, out, 1), 0);
}

int
main(void)
{
	test_order();
	test_all_sizes();
	test_whole();
	return tap_end();
}
