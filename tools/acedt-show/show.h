#ifndef ACEDT_SHOW_H
#define ACEDT_SHOW_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/pairs.h"

struct buf;
struct err;
struct record;

/* What people ask of an image. */
struct shown {
	char		*name;		/* owned: what it is called */
	char		*digest;	/* owned: "" if it is not known */
	char		*platforms;	/* owned: separated by blanks; "" */
	struct pairs	 labels;
	int64_t		 bytes;		/* of all that it consists of, or -1 */
	char		*error;		/* owned: why it failed, or NULL */
};

/* The digests of all images, so that what they share counts once. */
struct total {
	void		*digests;	/* a tree of tsearch(3) */
	int64_t		 bytes;		/* or -1: not known of all images */
};

/*
 * Read a record of an image, and add its content to the total.  0; or -1 with
 * *err filled if the record is not what acedt-stream(5) says.
 */
int	shown_read(struct shown *, const struct record *, struct total *,
	    struct err *);
void	shown_clear(struct shown *);
void	total_clear(struct total *);

enum show_format {
	SHOW_TABLE,
	SHOW_CSV,
	SHOW_JSON
};

/* How the images are written: "table", "csv", "json".  0, or -1. */
int	show_parse_format(const char *, enum show_format *);
/* All of them, as a text that is appended to the buffer. */
void	show_all(enum show_format, const struct shown *, size_t n,
	    const struct total *, struct buf *);

#endif
