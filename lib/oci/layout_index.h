#ifndef ACEDT_LAYOUT_INDEX_H
#define ACEDT_LAYOUT_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct layout;

/*
 * index.json of a layout.  It changes by rename under a lock on the directory,
 * and keeps what others put there, byte for byte where we have no reason to
 * touch it.
 */

/* A descriptor out of index.json; strings owned. */
struct layout_entry {
	char	*media_type;
	char	*digest;	/* checked */
	int64_t	 size;
	char	*ref_name;	/* NULL if it has none */
	char	*artifact_type;	/* NULL if it has none */
};

/*
 * index.json as it was when it was read, with a table of its tags.  Memory is
 * bounded by the size of the file, LAYOUT_INDEX_MAX, whatever it holds.
 */
struct layout_index;

struct layout_index *layout_index_read(struct layout *, struct err *);
void	layout_index_free(struct layout_index *);	/* may be NULL */
/* All n entries, in their order; borrowed. */
const struct layout_entry *layout_index_entries(const struct layout_index *,
	    size_t *n);
/*
 * The entry that a tag names, borrowed.  tag NULL: the only entry there is,
 * else "latest".  NULL with ERR_NOT_FOUND and the tags that there are.  A tag
 * that stands more than once is the last of its entries if all have one digest,
 * else an error of class ERR_CONTENT.
 */
const struct layout_entry *layout_index_find(const struct layout_index *,
	    const char *tag, struct err *);

/* Both in one, for who asks once; layout_entry_clear() it.  0 or -1. */
int	layout_find(struct layout *, const char *tag, struct layout_entry *,
	    struct err *);
void	layout_entry_clear(struct layout_entry *);

/*
 * Point a tag at a descriptor: lock, re-read index.json, replace the entries
 * of that tag by one (in the place of the first, else at the end, but never
 * after the tags of the referrers tag scheme if it is not one), sync, rename.
 * artifact_type may be NULL.  Nothing is written if the tag stands
 * there once and has that descriptor already; *changed says which.
 */
int	layout_tag(struct layout *, const char *tag, const char *media_type,
	    const char *digest, int64_t size, const char *artifact_type,
	    int *changed, struct err *);

#endif
