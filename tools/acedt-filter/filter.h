#ifndef ACEDT_FILTER_H
#define ACEDT_FILTER_H

#include "lib/platform.h"
#include "lib/sources.h"
#include "lib/stream.h"

struct err;

/* What the command line says. */
struct filter {
	struct platforms	 platforms;
	struct pairs		 labels;	/* -l: all must be equal */
	const char		*program;	/* -e, borrowed, or NULL */
	struct jq_state		*jq;		/* of program */
};

/*
 * select.c: choose what -p names; the record gets "selected".  0, or -1 with
 * *err filled when the record does not hold what must be known.
 */
int	select_platforms(struct record *, const struct platforms *,
	    struct err *);

/* match.c: does the record match -l and -e?  1, 0, or -1. */
int	match_record(struct filter *, const struct record *, struct err *);
/* Compile -e; -1 if it is no jq program. */
int	match_compile(struct filter *, struct err *);
void	match_clear(struct filter *);

#endif
