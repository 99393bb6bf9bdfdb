#ifndef ACEDT_PACE_H
#define ACEDT_PACE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/http/loop.h"

/*
 * A limit of the rate: a bucket of bytes that fills at the rate and is emptied
 * by all who share it.  It may be overdrawn by one piece, which the next ones
 * wait for.
 */
struct pace {
	struct loop	*loop;		/* borrowed */
	int64_t		 rate;		/* bytes a second; 0: no limit */
	int64_t		 level;		/* bytes that may pass now */
	int64_t		 filled;	/* clock_ms() of the last look */
	struct pace_waiter *waiters;	/* borrowed */
	struct loop_timer timer;	/* set while somebody waits */
};

/* Somebody whose bytes may have to wait; fn and arg are the caller's. */
struct pace_waiter {
	void		(*fn)(void *);	/* called from the loop: try again */
	void		*arg;
	int		 waiting;
	struct pace_waiter *next;
};

/*
 * 1 if n bytes may pass now, which are taken; 0 if the waiter is called later.
 */
int	pace_take(struct pace *, struct pace_waiter *, size_t n);
/* The waiter is not called any more. */
void	pace_leave(struct pace *, struct pace_waiter *);
/* Nobody waits any more. */
void	pace_stop(struct pace *);

#endif
