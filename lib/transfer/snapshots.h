#ifndef ACEDT_SNAPSHOTS_H
#define ACEDT_SNAPSHOTS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/oci/digest.h"

/*
 * States of a digest at some places of a blob: where a transfer that broke can
 * go on without reading the blob from its first byte.
 */
struct snapshot {
	int64_t		at;		/* bytes before it */
	struct digester	digester;
};

#define SNAPSHOTS_MAX	8		/* the last ones that were taken */

struct snapshots {
	struct snapshot	v[SNAPSHOTS_MAX]; /* in order */
	size_t		n;
};

/* One more, in place of the oldest if there is no room. */
void	snapshots_add(struct snapshots *, int64_t at, const struct digester *);
/* The last one at a byte or before; NULL if there is none. */
const struct snapshot *snapshots_find(const struct snapshots *, int64_t at);
/* Where the last one is; 0 if there is none. */
int64_t	snapshots_last(const struct snapshots *);

#endif
