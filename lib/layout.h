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
 * temporary file, then linkat(2)); index.json changes by rename under a lock
 * on the directory, and keeps what others put there, byte for byte where we
 * have no reason to touch it.
 */
struct layout {
	char	*dir;		/* owned: as the user wrote it */
	int	 fd;		/* owned: the directory */
};

/* A descriptor out of index.json; strings owned. */
struct layout_entry {
	char	*media_type;
	char	*digest;	/* checked */
	int64_t	 size;
	char	*ref_name;	/* NULL if it has none */
	char	*artifact_type;	/* NULL if it has none */
};

/* Open an existing layout and check its oci-layout file. */
int	layout_open(struct layout *, const char *dir, struct err *);

/*
 * Open it for writing; make the directory (its parent must exist), oci-layout,
 * blobs/ and an index.json without entries where they are missing.  A
 * directory that holds something else is refused.
 */
int	layout_create(struct layout *, const char *dir, struct err *);
void	layout_close(struct layout *);

/* All entries of index.json, in its order; layout_entries_free() them. */
int	layout_entries(struct layout *, struct layout_entry **, size_t *n,
	    struct err *);
void	layout_entries_free(struct layout_entry *, size_t);

/*
 * The entry that a tag names.  tag NULL: the only entry there is, else
 * "latest".  -1 with ERR_NOT_FOUND and the tags that there are.  A tag that
 * stands more than once is the last of its entries if all have one digest,
 * else an error of class ERR_CONTENT.
 */
int	layout_find(struct layout *, const char *tag, struct layout_entry *,
	    struct err *);
void	layout_entry_clear(struct layout_entry *);

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
};
int	layout_write_begin(struct layout_writer *, struct layout *,
	    struct err *);
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

/*
 * Point a tag at a descriptor: lock, re-read index.json, replace the entries
 * of that tag by one (in the place of the first, else at the end), sync,
 * rename.  artifact_type may be NULL.  Nothing is written if the tag stands
 * there once and has that descriptor already; *changed says which.
 */
int	layout_tag(struct layout *, const char *tag, const char *media_type,
	    const char *digest, int64_t size, const char *artifact_type,
	    int *changed, struct err *);

#endif
