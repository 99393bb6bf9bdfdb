#ifndef ACEDT_PACE_H
#define ACEDT_PACE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/http/http.h"

struct pusher;

/*
 * --limit-rate: a bucket of bytes that fills at the rate and is emptied by all
 * transfers of blobs over the network.  It may be overdrawn by one piece, which
 * the next ones wait for.
 */
struct pace {
	int64_t		 rate;		/* bytes a second; 0: no limit */
	int64_t		 level;		/* bytes that may pass now */
	int64_t		 filled;	/* clock_ms() of the last look */
	struct loop_timer timer;	/* set while somebody waits */
};

/*
 * 1 if n bytes may pass now, which are taken; 0 if not yet: then those of the
 * pusher's transfers that are marked paced are resumed later.
 */
int	pace_take(struct pusher *, size_t n);

#endif
