#ifndef ACEDT_PAIRS_H
#define ACEDT_PAIRS_H

#include <stddef.h>

/* A label or annotation. */
struct pair {
	char	*key;			/* owned */
	char	*value;			/* owned */
};

/* Pairs sorted by the bytes of their keys; the last of equal keys won. */
struct pairs {
	struct pair	*v;		/* owned */
	size_t		 n;
};

#define PAIRS_INIT	{ NULL, 0 }

void	pairs_set(struct pairs *, const char *key, const char *value);
void	pairs_clear(struct pairs *);
/* The value of a key, borrowed, or NULL. */
const char *pairs_get(const struct pairs *, const char *key);

#endif
