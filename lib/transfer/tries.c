/* How often a transfer is tried again: progress starts the count once more. */
#include <assert.h>

#include "lib/base/clock.h"
#include "lib/registry/patience.h"
#include "lib/transfer/tries.h"

int
tries_again(struct tries *t, const struct patience *patience, int64_t reached)
{
	assert(reached >= 0 && t->n >= 0);
	if (t->n == 0 || reached > t->furthest) {
		t->n = 0;
		t->began = clock_ms();
	}
	if (reached > t->furthest)
		t->furthest = reached;
	return patience_allows(patience, ++t->n, t->began);
}
