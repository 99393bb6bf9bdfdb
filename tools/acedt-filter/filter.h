#ifndef ACEDT_FILTER_H
#define ACEDT_FILTER_H

#include "lib/oci/platform.h"
#include "lib/program/sources.h"
#include "lib/stream/stream.h"

struct err;

/* What the command line says. */
struct filter {
	struct platforms	 platforms;
	struct pairs		 labels;	/* -l: all must be equal */
	const char		*program;	/* -e, borrowed, or NULL */
	struct jq_state		*jq;		/* of program */
	int			 failed;	/* keep only what failed */
	int			 drop_failed;	/* keep only what did not */
	int			 recount;	/* the count may be wrong */
	unsigned long		 nfailed;	/* images that came so */
	unsigned long		 nleft;		/* of those, not kept */
};

/*
 * select.c: choose what -p names; the record gets "selected".  0, or -1 with
 * *err filled when the record does not hold what must be known.
 */
int	select_platforms(struct record *, const struct platforms *,
	    struct err *);

/*
 * match.c: does the record match -l and -e?  1, 0, or -1.  Of a record that
 * failed -e cannot always tell: then it is 1.
 */
int	match_record(const struct filter *, const struct record *,
	    struct err *);
/* Compile -e; -1 if it is not a jq program. */
int	match_compile(struct filter *, struct err *);
void	match_clear(struct filter *);

#endif
