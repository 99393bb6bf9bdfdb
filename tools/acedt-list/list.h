#ifndef ACEDT_LIST_H
#define ACEDT_LIST_H

#include <stddef.h>

#include "lib/oci/digest.h"
#include "lib/oci/ref.h"
#include "lib/program/net.h"
#include "lib/text/json_text.h"

struct err;
struct record;
struct stage;

/* What is told next of an image. */
enum listing_state {
	LISTING_INDEX,			/* the index itself */
	LISTING_ENTRIES,		/* its manifests */
	LISTING_EXTRA,			/* those that an annotation names */
	LISTING_IMAGE,			/* the only image: it is not an index */
	LISTING_OVER
};

/*
 * What an image is made of, as records: that of the index, then one for each of
 * its entries.  acedt-stream(5), "Index records".
 */
struct listing {
	const struct ref *ref;		/* borrowed: IMAGE */
	char		*place;		/* owned: ref without tag and digest */
	char		*bytes;		/* owned: the document, len bytes */
	size_t		 len;
	char		 digest[DIGEST_STR_MAX];
	char		*media_type;	/* owned */
	char		*extra;		/* owned: text of an array, or NULL */
	enum listing_state state;
	struct json_span entries;	/* borrowed: the array of this state */
	struct json_span entry;		/* the last one that was told */
	size_t		 images;	/* how many there are */
};

/*
 * Read the document that the reference names; the reference is borrowed and must
 * outlive the listing.  0, or -1 with *err filled.
 */
int	listing_read(struct listing *, struct net *, const struct ref *,
	    struct err *);
void	listing_clear(struct listing *);

/* The arg of the stage: what the program has. */
struct lister {
	struct net	 net;
	struct ref	 ref;		/* IMAGE */
	struct listing	 listing;
};

/* See struct stage. */
int	listing_next(struct stage *, struct record *, void **about);

#endif
