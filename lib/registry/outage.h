#ifndef ACEDT_OUTAGE_H
#define ACEDT_OUTAGE_H

#include <stdint.h>

struct err;
struct http_call;
struct patience;
struct shared_host;

/*
 * A host that nobody is reached at: how long it is tried, how often, and what
 * is said of it.  All programs of a run try it together, by what they share.
 */
struct outage {
	struct shared_host	*shared;	/* borrowed */
	const struct patience	*patience;	/* borrowed */
	char			*base;		/* owned: scheme://host */
	char			*why;		/* owned: of our own last try */
};

void	outage_init(struct outage *, struct shared_host *,
	    const struct patience *, const char *base);
/* All zero again. */
void	outage_clear(struct outage *);

/*
 * Did the call end without a connection to talk on, and may there be one later?
 */
int	outage_is_one(const struct http_call *);

/*
 * The call found nobody, as err says.  probe: it was sent to see whether the
 * host is back.  1 if the host is to be tried on; 0 if it is given up.
 */
int	outage_missed(struct outage *, const struct http_call *, int probe,
	    const struct err *);
/* A connection came about.  1 if the host had been down. */
int	outage_reached(struct outage *);

/* It is down, we saw it ourselves, and it has been tried for long enough. */
int	outage_given_up(const struct outage *);
/* Add that to an error. */
void	outage_explain(const struct outage *, struct err *);
/*
 * How many ms to wait before a request may be sent, as far as is known now; 0
 * if the host is not down, or wants a probe.
 */
int64_t	outage_wait(const struct outage *);
/*
 * A request is about to be sent: 1, *probe saying whether it is the probe of a
 * host that is down; 0 if another program was faster.
 */
int	outage_enter(struct outage *, int *probe);
/* The probe was not sent after all, or says nothing. */
void	outage_leave(struct outage *);

#endif
