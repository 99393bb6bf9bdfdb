/* Pairs of texts sorted by their keys: labels and annotations. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/pairs.h"
#include "lib/base/xalloc.h"

void
pairs_set(struct pairs *ps, const char *key, const char *value)
{
	size_t	lo = 0, hi = ps->n, mid;
	int	cmp;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		cmp = strcmp(ps->v[mid].key, key);
		if (cmp == 0) {
			free(ps->v[mid].value);
			ps->v[mid].value = xstrdup(value);
			return;
		}
		if (cmp < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	assert(lo == ps->n || strcmp(ps->v[lo].key, key) > 0);
	ps->v = xreallocarray(ps->v, ps->n + 1, sizeof(*ps->v));
	memmove(ps->v + lo + 1, ps->v + lo, (ps->n - lo) * sizeof(*ps->v));
	ps->v[lo].key = xstrdup(key);
	ps->v[lo].value = xstrdup(value);
	ps->n++;
}

void
pairs_clear(struct pairs *ps)
{
	size_t	i;

	for (i = 0; i < ps->n; i++) {
		free(ps->v[i].key);
		free(ps->v[i].value);
	}
	free(ps->v);
	ps->v = NULL;
	ps->n = 0;
}

const char *
pairs_get(const struct pairs *ps, const char *key)
{
	size_t	i;

	for (i = 0; i < ps->n; i++)
		if (strcmp(ps->v[i].key, key) == 0)
			return ps->v[i].value;
	return NULL;
}
