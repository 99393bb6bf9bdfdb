#ifndef ACEDT_GATHER_H
#define ACEDT_GATHER_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/pairs.h"
#include "tools/acedt-index/sums.h"

struct buf;
struct err;
struct record;

/* The gathered index, design of its members: ace-dt(1), GATHERED INDEX. */

/* One entry of it. */
struct gather_entry {
	char		*source;	/* owned, as are the other strings */
	char		*labels;	/* JSON, "" if there are none */
	char		*file;
	char		*digest;
	int64_t		 line;
	size_t		 position;	/* in the source's index */
	char		*json;		/* the descriptor with annotations */
	int		 is_index;
};

struct gather {
	struct gather_entry	*entries;
	size_t		 nentries;
	size_t		 bytes;		/* of their JSON texts */
	int		 full;		/* one did not fit in INDEX_BYTES_MAX */
	struct sums	 sums;
	unsigned long	 images;	/* records */
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
