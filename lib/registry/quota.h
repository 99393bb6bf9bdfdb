#ifndef ACEDT_QUOTA_H
#define ACEDT_QUOTA_H

#include <stdint.h>

struct http_call;

/*
 * What an answer says is left of a quota: RateLimit-Limit, -Remaining and
 * -Reset, also with X- before it, and Docker Hub's "100;w=21600".
 * doc/protocol.md, "What registries do".
 */
struct quota {
	int64_t	limit;		/* -1: not said */
	int64_t	left;		/* -1: not said */
	int64_t	seconds;	/* until there is more; 0: not said */
	int64_t	window;		/* seconds for which the limit is; 0: not said */
};

/* 1 if it says both limit and what is left of it, so that one can go by it. */
int	quota_read(struct http_call *, struct quota *);

/*
 * Microseconds from one request to the next, so that what is left lasts; 0
 * while it is plenty.  Never more than QUOTA_PACE_MAX_MS: with a window of
 * hours the run would stand still, and it may well need no more than is left.
 */
int64_t	quota_pace(const struct quota *);

#endif
