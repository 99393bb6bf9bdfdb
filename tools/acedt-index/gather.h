#ifndef ACEDT_GATHER_H
#define ACEDT_GATHER_H

#include <stddef.h>
#include <stdint.h>

#include "lib/program/sources.h"

struct buf;
struct err;
struct layout;
struct record;

/* The gathered index, design of its members: ace-dt(1), GATHERED INDEX. */

/* One entry of it. */
struct listed {
	char		*source;	/* owned, as are the other strings */
	char		*labels;	/* JSON, "" if there are none */
	char		*file;
	char		*digest;
	int64_t		 line;
	size_t		 position;	/* in the source's index */
	char		*json;		/* the descriptor, annotations and all */
	int		 is_index;
};

struct gather {
	struct listed	*entries;
	size_t		 nentries;
	size_t		 bytes;		/* of their JSON texts */
	int		 full;		/* one did not fit in INDEX_BYTES_MAX */
	uint64_t	 total;		/* bytes of configs and layers */
	uint64_t	 deduplicated;
	void		*seen;		/* digests counted: a tree of tsearch(3) */
	unsigned long	 images;	/* records */
	struct layout	*layout;	/* borrowed: must hold all that the
					 * index leads to; or NULL */
};

/*
 * Add the entries of a complete record.  -1 with *err filled; when the index
 * is full (ERR_LIMIT, and full is set) no other record fits either.
 */
int	gather_add(struct gather *, const struct record *, struct err *);
/*
 * The index: entries sorted, annotations those of -a with ours over them.
 * fallback: indexes stand in an annotation instead of among the manifests.
 */
int	gather_index(struct gather *, struct pairs *annotations, int fallback,
	    struct buf *, struct err *);
int	gather_has_indexes(const struct gather *);
void	gather_clear(struct gather *);

#endif
