#ifndef ACEDT_ORIGINAL_H
#define ACEDT_ORIGINAL_H

#include <stddef.h>

struct err;
struct record;

/*
 * The index that the images of a stream came from, as acedt-list tells it.  If
 * every entry of it is in the stream, its bytes are published as they are.
 */
struct original {
	char		*bytes;		/* owned: the document; NULL: none came */
	size_t		 len;
	char		*media_type;	/* owned */
	char		*digest;	/* owned, checked */
	char		**entries;	/* owned, as are they: digests, sorted,
					 * each once */
	size_t		 n;
	size_t		 listed;	/* entries of the index, equal ones too */
	char		*arrived;	/* owned: for each, was it in a record? */
	unsigned long	 images;	/* records that came */
	int		 is_whole;	/* and none of them was changed */
	int		 several;	/* more than one index came */
};

void	original_init(struct original *);
/* Is it the record of an index? */
int	original_is(const struct record *);
/* Take the index out of its record.  -1: the record is not what it says. */
int	original_take(struct original *, const struct record *, struct err *);
/* The record of an image that is complete came. */
void	original_note(struct original *, const struct record *);
/* Is there one index, of which all entries came, and nothing else? */
int	original_is_complete(const struct original *);
void	original_clear(struct original *);

#endif
