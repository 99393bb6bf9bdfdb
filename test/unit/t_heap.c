#include <stdlib.h>

#include "tools/acedt-push/heap.c"

#include "test/unit/tap.h"

#define N	1000

static unsigned long
next(unsigned long *state)
{
	*state = (*state * 1103515245 + 12345) & 0x7fffffff;
	return *state >> 8;
}

/* Pop all: larger before smaller, of equal ones the earlier first. */
static int
in_order(struct heap *h, size_t n)
{
	struct item	*it, *last = NULL;
	size_t		 i;

	for (i = 0; (it = heap_pop(h)) != NULL; last = it, i++)
		if (last != NULL && (last->size < it->size ||
		    (last->size == it->size && last->seq >= it->seq)))
			return 0;
	return i == n;
}

static void
test_few(void)
{
	static struct item	v[5];
	struct heap		h = { NULL, 0 };
	static const char	want[] = "24103";
	char			got[6] = "";
	size_t			i;

	v[0].size = 5;
	v[1].size = 7;
	v[2].size = 9;
	v[3].size = 0;
	v[4].size = 7;
	ok(heap_pop(&h) == NULL, "empty");
	for (i = 0; i < 5; i++)
		v[i].seq = 10 - i;
	for (i = 0; i < 5; i++)
		heap_push(&h, &v[i]);
	for (i = 0; i < 5; i++)
		got[i] = (char)('0' + (heap_pop(&h) - v));
	is_str(got, want);
	ok(heap_pop(&h) == NULL && h.n == 0, "empty again");
	heap_push(&h, &v[3]);
	ok(heap_pop(&h) == &v[3], "one alone");
	free(h.v);
}

static void
test_many(void)
{
	static struct item	v[N];
	struct heap		h = { NULL, 0 };
	struct item		*it;
	unsigned long		state = 1;
	size_t			i, round, n;
	int			good = 1;

	for (round = 0; round < 50; round++) {
		n = round * N / 50;
		for (i = 0; i < n; i++) {
			v[i].size = (int64_t)(next(&state) % (round + 1)) <<
			    (round % 40);
			v[i].seq = i;
			heap_push(&h, &v[i]);
		}
		good &= in_order(&h, n);
	}
	ok(good, "in order");
	/* Pushing and popping in turn: always the best of what is there. */
	for (good = 1, i = 0; i < N; i++) {
		v[i].size = (int64_t)(next(&state) % 100);
		v[i].seq = i;
		heap_push(&h, &v[i]);
		if (i % 3 != 2)
			continue;
		it = heap_pop(&h);
		for (n = 0; n < h.n; n++)
			good &= !heap_before(h.v[n], it);
	}
	ok(good, "the best each time");
	ok(in_order(&h, N - N / 3), "nothing is lost");
	free(h.v);
}

int
main(void)
{
	test_few();
	test_many();
	return tap_end();
}
