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
 * Point a tag at a descriptor: lock, re-read index.json, replace the entries
 * of that tag by one (in the place of the first, else at the end), sync,
 * rename.  artifact_type may be NULL.  Nothing is written if the tag stands
 * there once and has that descriptor already; *changed says which.
 */
int	layout_tag(struct layout *, const char *tag, const char *media_type,
	    const char *digest, int64_t size, const char *artifact_type,
	    int *changed, struct err *);

#endif
