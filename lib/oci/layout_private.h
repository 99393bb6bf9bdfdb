#ifndef ACEDT_LAYOUT_PRIVATE_H
#define ACEDT_LAYOUT_PRIVATE_H

#include <stddef.h>

struct buf;
struct err;
struct layout;

/* What layout.c offers to layout_index.c: files of the layout's root. */

#define LAYOUT_INDEX_FILE	"index.json"

/* A file of the layout, whole, of at most max bytes. */
int	layout_read_file(struct layout *, const char *name, size_t max,
	    struct buf *, struct err *);
/*
 * Replace a file by rename.  With sync all that was written before is on the
 * disk by then: index.json must not name what a power cut took.
 */
int	layout_replace_file(struct layout *, const char *name, const char *,
	    size_t, int sync, struct err *);
/*
 * The lock of a layout: flock(2) on its directory.  It leaves no file behind,
 * and goes with the process.  Returns the descriptor that holds it, or -1.
 */
int	layout_lock(struct layout *, struct err *);

#endif
