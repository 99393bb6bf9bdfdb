#ifndef ACEDT_PATIENCE_H
#define ACEDT_PATIENCE_H

#include <stdint.h>

/*
 * How often something is tried again, and how long we wait for it: the options
 * --retries, --retry-max-time and --stall-time.
 */
struct patience {
	int	given;		/* --retries: it counts where nobody is there */
	int	retries;	/* after the first try */
	int64_t	retry_ms;	/* no new try after so long; 0: no limit */
	int	stall_seconds;	/* without a byte */
};

/* What holds without an option. */
void	patience_init(struct patience *);
/*
 * May what failed for the nth time be tried once more?  began is clock_ms() of
 * the first try, or of the last progress.
 */
int	patience_allows(const struct patience *, int n, int64_t began);
/*
 * The same of a host that is not reached: how many ms after the first try it
 * may still be tried, or -1 where only tries are counted.  reached: it was, in
 * this run.
 */
int64_t	patience_outage(const struct patience *, int reached);
/* n tries failed, in ms. */
int	patience_allows_outage(const struct patience *, int reached, int n,
	    int64_t ms);

/* How long to wait before try n (from 1), in ms, with jitter. */
int64_t	patience_backoff(int n);

#endif
