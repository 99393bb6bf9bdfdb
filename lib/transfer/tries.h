#ifndef ACEDT_TRIES_H
#define ACEDT_TRIES_H

#include <stdint.h>

struct patience;

/*
 * Tries of something that got no further than ever before.  All zero is
 * something that was not tried yet.
 */
struct tries {
	int		 n;
	int64_t		 furthest;	/* bytes */
	int64_t		 began;		/* clock_ms() of the first of them */
};

/* It failed after so many bytes; may it be tried again?  1 or 0. */
int	tries_again(struct tries *, const struct patience *, int64_t reached);

#endif
