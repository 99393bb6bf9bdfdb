/* The last few states of a digest, in the order of a blob's bytes. */
#include <assert.h>
#include <string.h>

#include "lib/transfer/snapshots.h"

void
snapshots_add(struct snapshots *s, int64_t at, const struct digester *d)
{
	assert(s->n <= SNAPSHOTS_MAX && at >= snapshots_last(s));
	if (s->n == SNAPSHOTS_MAX)
		memmove(s->v, s->v + 1, --s->n * sizeof(s->v[0]));
	s->v[s->n].at = at;
	s->v[s->n++].digester = *d;
}

const struct snapshot *
snapshots_find(const struct snapshots *s, int64_t at)
{
	size_t	i = s->n;

	while (i > 0)
		if (s->v[--i].at <= at)
			return &s->v[i];
	return NULL;
}

int64_t
snapshots_last(const struct snapshots *s)
{
	return s->n > 0 ? s->v[s->n - 1].at : 0;
}
