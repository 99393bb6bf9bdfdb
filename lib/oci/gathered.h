#ifndef ACEDT_GATHERED_H
#define ACEDT_GATHERED_H

#include <stddef.h>

#include "lib/text/json_text.h"

struct err;

/* Gathered indexes as text: ours, or the Go program's. */
struct gathered {
	struct json_span	manifests;	/* an array; s may be NULL */
	struct json_span	annotations;	/* an object; s may be NULL */
};

/*
 * Find the parts of a gathered index, within INDEX_BYTES_MAX and
 * INDEX_VALUES_MAX; they are borrowed from the text.  0, or -1 with *err filled
 * if the text is not JSON, or is another document: ERR_CONTENT.
 */
int	gathered_read(struct gathered *, const char *text, size_t len,
	    struct err *);
/* The same of any index, whatever its artifactType. */
int	gathered_parts(struct gathered *, const char *text, size_t len,
	    struct err *);
/* How many entries it has among its manifests. */
size_t	gathered_count(const struct gathered *);
/* The value of an annotation, which the caller frees; NULL if there is none. */
char	*gathered_annotation(const struct gathered *, const char *name);
/*
 * The entries that --index-fallback moved into an annotation: 0 with *text an
 * array, or NULL if there are none; -1 with *err filled if it is not JSON.  The
 * caller frees *text in either case.
 */
int	gathered_extra(const struct gathered *, char **text, struct err *);
/*
 * The digests of all its entries, of those too that --index-fallback moved into
 * an annotation: *n strings in their order, as they are; the caller frees them
 * and the array, which is NULL if there are none.
 */
char	**gathered_digests(const struct gathered *, size_t *n);

#endif
