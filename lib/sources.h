#ifndef ACEDT_SOURCES_H
#define ACEDT_SOURCES_H

#include <stddef.h>

#include "lib/ref.h"

struct err;

/* A label or annotation. */
struct pair {
	char	*key;			/* owned */
	char	*value;			/* owned */
};

/* Pairs sorted by the bytes of their keys; the last of equal keys won. */
struct pairs {
	struct pair	*v;		/* owned */
	size_t		 n;
};

#define PAIRS_INIT	{ NULL, 0 }

void	pairs_set(struct pairs *, const char *key, const char *value);
void	pairs_clear(struct pairs *);
/* The value of a key, borrowed, or NULL. */
const char *pairs_get(const struct pairs *, const char *key);

/*
 * Add what one -a/--annotations argument says: doc/compat.md, "-a".
 */
int	pairs_add_annotations(struct pairs *, const char *arg, struct err *);

/* key=value by Kubernetes' label rules: doc/compat.md, "Sources file". */
int	pairs_add_label(struct pairs *, const char *text, struct err *);

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
 * Read a list: path, or standard input for "-", which is called name in messages
 * unless that is NULL.  Every record that is wrong
 * is given to complain (message "FILE:LINE[:COLUMN]: …", with arg), and the
 * reading goes on; returns how many were wrong, or -1 with *err when the file
 * as a whole cannot be read (missing, directory, over LIST_BYTES_MAX).
 */
int	sources_read(struct sources *, const char *path, const char *name,
	    void (*complain)(const struct err *, void *), void *arg,
	    struct err *);
void	sources_clear(struct sources *);

#endif
