#ifndef ACEDT_REFERRERS_H
#define ACEDT_REFERRERS_H

#include <stddef.h>

struct buf;
struct descriptor;
struct err;
struct manifest;
struct place;

/*
 * The referrers tag scheme, distribution-spec "Referrers Tag Schema": where a
 * registry has no referrers API, and in layouts, an index under the tag
 * <algorithm>-<hex> lists what refers to that digest.
 */

#define REFERRERS_TAG_MAX	(32 + 1 + 64 + 1)

/* The tag for a digest, into out. */
void	referrers_tag(const char *digest, char out[REFERRERS_TAG_MAX]);
/* May that be one? */
int	referrers_is_tag(const char *);

/*
 * The index with one more entry.  old are the bytes of the index that is there,
 * or NULL.  desc is the manifest with the subject, m the same parsed; bytes its
 * text, whose annotations are copied.  1: *out is the new index.  0: desc is in
 * it already.  -1: old is no index.
 */
int	referrers_add(const char *old, size_t oldlen,
	    const struct descriptor *desc, const struct manifest *m,
	    const char *bytes, size_t len, struct buf *out, struct err *);

/* Has the manifest of the layout's ith entry that subject? */
int	referrers_layout_has_subject(struct place *, size_t i,
	    const char *digest);

#endif
