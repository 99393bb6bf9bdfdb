#ifndef ACEDT_PUBLISHED_H
#define ACEDT_PUBLISHED_H

#include "lib/oci/dest.h"
#include "lib/oci/digest.h"
#include "lib/program/net.h"

/*
 * What the destination has, by the index that is published there: every entry
 * of it was published after all below it was there.  Only an index that this
 * version of the program wrote counts.
 */
struct published {
	struct dest	 dest;
	struct place	*place;		/* borrowed: to read from there */
	char		*image;		/* owned: NAME:TAG, as in acedt-index */
	char		 index[DIGEST_STR_MAX]; /* of image; "": nothing */
	char		**digests;	/* owned, as they are; sorted */
	size_t		 n;
};

/* Check an IMAGE, the option's value; a wrong one ends the program. */
void	published_option(struct published *, const char *image);
/*
 * Read the index: one request, which is waited for.  What cannot be read is as
 * if it were not there.  -1 with *err filled, ERR_USAGE, if the tag names
 * something else than a gathered index, unless overwrite is set.  With verify
 * that is all: nothing is taken as there.
 */
int	published_read(struct published *, struct net *, int verify,
	    int overwrite, struct err *);
int	published_lists(const struct published *, const char *digest);
void	published_clear(struct published *);

#endif
