#ifndef ACEDT_REFERRERS_INDEX_H
#define ACEDT_REFERRERS_INDEX_H

#include <stddef.h>

struct buf;
struct descriptor;
struct err;
struct manifest;

/*
 * The index with one more entry.  old are the bytes of the index that is there,
 * or NULL.  desc is the manifest with the subject, m the same parsed; bytes its
 * text, whose annotations are copied.  1: *out is the new index.  0: desc is in
 * it already.  -1: old is no index.
 */
int	referrers_add(const char *old, size_t oldlen,
	    const struct descriptor *desc, const struct manifest *m,
	    const char *bytes, size_t len, struct buf *out, struct err *);

#endif
