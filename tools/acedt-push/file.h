#ifndef ACEDT_FILE_H
#define ACEDT_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/oci/digest.h"
#include "lib/oci/layout.h"

struct err;
struct snapshots;

/*
 * One blob on its way into a layout: written as it comes, named when it is
 * whole.  What is there already is read a piece at a time, so that a large
 * file does not hold up what is under way.
 */
struct file {
	struct layout	*layout;	/* borrowed, as the digest is */
	const char	*digest;
	int64_t		 size;
	struct layout_writer w;
	int		 writing;	/* w is open */
	int		 no_part;	/* what w had could not be read */
	int64_t		 have;		/* bytes that w had from before */
	int64_t		 part_left;	/* of those, to be hashed */
	int		 old_fd;	/* of what has its name, or -1 */
	struct digester	 digester;
};

void	file_init(struct file *, struct layout *, const char *digest,
	    int64_t size);
/* keep: a part may stay for the next run. */
void	file_close(struct file *, int keep);

/* --verify: is the file that is there what its name says?  0, or -1. */
int	file_check_begin(struct file *, struct err *);
enum file_check {
	FILE_MORE,			/* not all of it was read */
	FILE_GOOD,
	FILE_BAD			/* said in the log */
};
enum file_check file_check_more(struct file *);

/*
 * Begin to write; replace: what has its name is wrong.  After that file->have
 * says how much an earlier run left, to be hashed with file_part_more().  0,
 * or -1.
 */
int	file_begin(struct file *, int replace, struct err *);
/* FILE_GOOD: its digest is in the snapshots; FILE_BAD: begin without it. */
enum file_check file_part_more(struct file *, struct snapshots *);
int	file_write(struct file *, const void *, size_t, struct err *);
/* Size and digest were checked. */
int	file_commit(struct file *, struct err *);

#endif
