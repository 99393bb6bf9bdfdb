#ifndef ACEDT_SUMS_H
#define ACEDT_SUMS_H

#include <stdint.h>

struct err;
struct image;
struct layout;

/* How many bytes the configs and layers of all images have. */
struct sums {
	uint64_t	 total;		/* each as often as it is reached */
	uint64_t	 deduplicated;	/* each digest once */
	struct layout	*layout;	/* borrowed: must hold all that is
					 * counted; or NULL */
	void		*seen;		/* owned: digests that were counted, a
					 * tree of tsearch(3) */
};

/*
 * Count what an image leads to, or those manifests of it that were selected.
 * -1 with *err filled if a manifest is missing in the record, or a blob in
 * layout.
 */
int	sums_add(struct sums *, const struct image *, struct err *);
void	sums_clear(struct sums *);

#endif
