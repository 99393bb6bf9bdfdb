#ifndef ACEDT_IMAGE_H
#define ACEDT_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include <jv.h>

#include "lib/oci/manifest.h"
#include "lib/oci/ref.h"

struct err;
struct record;

/*
 * An image record, acedt-stream(5), as C structures: what a stage works on.
 */

/* A manifest that the record carries, bytes and all. */
struct content {
	struct descriptor	 desc;	/* with media type and size */
	char			*data;	/* owned; desc.size bytes */
	struct manifest		 manifest; /* parsed from data */
	int			 visited; /* for walks; reset before each */
};

/* An entry that a filter took out of an index. */
struct selection {
	struct descriptor	 desc;
	char			*json;	/* owned: its text there */
	char			*index;	/* owned: digest of the index; NULL when
					 * the source itself was selected */
};

struct image {
	char			*file;	/* owned: the sources file, or NULL */
	int64_t			 line;
	char			*name;	/* owned: what the image is called where it
					 * came from, or NULL: the source is */
	char			*source; /* owned: as written in the file */
	struct ref		 ref;	/* of source */
	struct descriptor	 root;
	struct content		*contents;
	size_t			 ncontents;
	size_t			 stored; /* of these, in the record already */
	size_t			*slots;	/* owned: contents by digest, see
					 * image_find(); 0 is a free one */
	size_t			 nslots; /* a power of two, or 0 */
	int			 filtered; /* "selected" is there */
	struct selection	*selected;
	size_t			 nselected;
	struct descriptor	*referrers; /* roots found by -r */
	size_t			 nreferrers;
	int			 crawled; /* referrers were looked for */
	/* What the destination has, by "present" of acedt-fetch --have. */
	char			*present_in; /* owned: as struct dest's name */
	char			**present; /* owned, as they are: digests */
	size_t			 npresent;
};

/*
 * Read a record, borrowed; every manifest in it is checked against its digest
 * and parsed, and image_check() is done.  Strict about what we use, blind to
 * what we do not know.
 */
int	image_parse(struct image *, const struct record *, struct err *);
/*
 * Hold every descriptor of the image, those in its manifests too, against the
 * manifests that are carried: size, media type, and for what was selected that
 * it is the source, or that an index below the source lists it so.
 */
int	image_check(struct image *, struct err *);
void	image_clear(struct image *);

/*
 * Are the labels of a record, which is borrowed, an object of strings, or not
 * there?  0 or -1.  image_parse() asks.
 */
int	image_check_labels(jv rec, struct err *);

/* The manifest of a digest, or NULL if the record does not carry it. */
struct content *image_find(const struct image *, const char *digest);

/*
 * Add a manifest; data is consumed.  media_type may be "", then the document
 * says it.  Digest, size (if not -1) and form are checked.  NULL with *err
 * filled if it is not right.  Pointers to other contents become invalid.
 */
struct content *image_add(struct image *, const struct descriptor *,
	    const char *media_type, char *data, size_t len, struct err *);

/* Roots: what must be at the destination, everything below it included. */
size_t	image_nroots(const struct image *);
const struct descriptor *image_root(const struct image *, size_t i);

/*
 * Put into a record what was learnt of the image since image_parse(): its
 * "descriptor", if that was incomplete and the source's manifest is carried
 * now; "referrers", if they were looked for; "manifests", if more are carried.
 * That they fit is asked by record_fits().
 */
void	image_store(struct image *, struct record *);

/* Only the descriptor; media type and size may be unknown, "" and -1. */
void	image_store_descriptor(struct record *, const char *media_type,
	    const char *digest, int64_t size);

#endif
