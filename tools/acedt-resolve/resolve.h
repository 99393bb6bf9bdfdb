#ifndef ACEDT_RESOLVE_H
#define ACEDT_RESOLVE_H

#include <stddef.h>

#include "lib/program/net.h"
#include "lib/program/sources.h"

struct job;
struct record;
struct stage;

struct resolver {
	struct net	 net;
	struct sources	 list;
	const char	*path, *name;	/* borrowed: of the list, and what to
					 * call it on standard input */
	size_t		 next;		/* index of the next source */
	int		 again;		/* a stream is read, not a list */
};

/*
 * For struct stage, whose arg is the struct resolver.  resolve_next() makes the
 * record of the next source of the list; resolve_begin() finds out the digest
 * of a source, which goes with the record, or which the record names.
 */
int	resolve_next(struct stage *, struct record *, void **about);
void	resolve_begin(struct job *);

#endif
