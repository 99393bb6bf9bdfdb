#ifndef ACEDT_SOURCES_H
#define ACEDT_SOURCES_H

#include <stddef.h>

#include "lib/base/pairs.h"
#include "lib/oci/ref.h"

struct err;

/* One record of a sources file. */
struct source {
	unsigned long	 line;		/* where it begins, from 1 */
	struct ref	 ref;
	struct pairs	 labels;
};

/* A whole sources file. */
struct sources {
	char		*file;		/* owned: name for messages, "-" is
					 * standard input */
	struct source	*v;		/* owned */
	size_t		 n;
};

/*
 * Read a list: path, or standard input for "-", which is called name in
 * messages unless that is NULL.  Every record that is wrong is given to
 * complain (message "FILE:LINE[:COLUMN]: …", with arg), and the reading goes
 * on; returns how many were wrong, or -1 with *err when the file as a whole
 * cannot be read (missing, directory, over LIST_BYTES_MAX).
 */
int	sources_read(struct sources *, const char *path, const char *name,
	    void (*complain)(const struct err *, void *), void *arg,
	    struct err *);
/*
 * The same for a program that goes on only with a whole list: what is wrong is
 * logged, and it is an error if anything is.  0, or -1 with *err filled.
 */
int	sources_read_all(struct sources *, const char *path,
	    const char *name, struct err *);
void	sources_clear(struct sources *);

#endif
