#ifndef ACEDT_LAYOUT_H
#define ACEDT_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct digester;
struct err;

/*
 * OCI image layouts on disk, image-spec image-layout.md.  Content appears
 * under its name only when it is whole and its digest is right (unnamed
 * temporary file, then linkat(2)).  The directory may be reached through
 * symbolic links, as the user wrote it; below it none is followed, for reading
 * or writing, as whoever made the layout could lead us anywhere.
 */
struct layout {
	char	*dir;		/* owned: as the user wrote it */
	int	 fd;		/* owned: the directory */
	int	 lock_seconds;	/* how long its lock may be held by others */
};

/* Open an existing layout and check its oci-layout file. */
int	layout_open(struct layout *, const char *dir, struct err *);

/*
 * Open it for writing; make the directory (its parent must exist), oci-layout,
 * blobs/ and an index.json without entries where they are missing.  A
 * directory that holds something else is refused.
 */
int	layout_create(struct layout *, const char *dir, int lock_seconds,
	    struct err *);
void	layout_close(struct layout *);

/*
 * Open a blob for reading; *size is its size.  The file's content is not
 * checked: the caller hashes what it reads.  ERR_NOT_FOUND if absent.
 */
int	layout_blob_open(struct layout *, const char *digest, int *fd,
	    int64_t *size, struct err *);
/* Read a whole blob of at most max bytes, and check its digest. */
int	layout_blob_read(struct layout *, const char *digest, size_t max,
	    struct buf *, struct err *);
/* 1 if there is a blob of that digest and size (-1: any), 0 if not. */
int	layout_blob_has(struct layout *, const char *digest, int64_t size);

/* A blob being written. */
struct layout_writer {
	struct layout	*layout;	/* borrowed */
	int		 fd;
	char		*tmp;		/* owned: its name where it needs one */
	int		 replace;	/* what has the blob's name is wrong */
	int		 keep;		/* a part: it stays at the end */
};
int	layout_write_begin(struct layout_writer *, struct layout *,
	    struct err *);
/*
 * The same for a large blob of size bytes: what is written stays in a hidden
 * file when the program is killed, or the writing aborted with keep set.  *have
 * is how much an earlier run left there: the caller reads that much from the
 * writer's fd, hashes it, and goes on writing.  A part that another program is
 * at work on is not touched.
 */
int	layout_write_begin_part(struct layout_writer *, struct layout *,
	    const char *digest, int64_t size, int64_t *have, struct err *);
/* 0 if its disk has room for so many bytes, or does not say; else -1. */
int	layout_room(struct layout *, int64_t bytes, struct err *);
int	layout_write(struct layout_writer *, const void *, size_t,
	    struct err *);
/*
 * Give it its name; the caller has checked size and digest.  A file that is
 * there already stays, unless it is of another size or the caller set replace.
 */
int	layout_write_commit(struct layout_writer *, const char *digest,
	    struct err *);
void	layout_write_abort(struct layout_writer *);
/*
 * All of it at once, from memory; digest is that of the bytes.  A file that is
 * there stays if it has that digest.
 */
int	layout_put(struct layout *, const char *digest, const void *, size_t,
	    struct err *);

#endif
