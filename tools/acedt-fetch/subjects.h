#ifndef ACEDT_SUBJECTS_H
#define ACEDT_SUBJECTS_H

#include <stddef.h>

#include "lib/oci/referrers.h"

struct err;
struct place;

/*
 * What index.json of a layout says of referrers.  Each layout is read once: a
 * table leads from a manifest to the entries of index.json that are about it.
 */
struct subject_table;

struct subject_entry {
	char	 tag[REFERRERS_TAG_MAX]; /* private */
	size_t	 i;			/* the entry of index.json */
	char	*subject;		/* owned: what its manifest refers to;
					 * NULL: it is a list of referrers */
};

/*
 * The entries that are about a manifest, in the order of index.json: lists of
 * its referrers by the tag scheme, and manifests that have it as their subject.
 * They are borrowed from *tables, where the table of the layout is made when it
 * is asked for first.  Among them may be some of another manifest, whose digest
 * begins as this one's.  0, or -1 with *err filled if index.json cannot be
 * read.
 */
int	subjects_find(struct subject_table **tables, struct place *,
	    const char *digest, const struct subject_entry **, size_t *n,
	    struct err *);
void	subjects_free(struct subject_table *tables);

#endif
