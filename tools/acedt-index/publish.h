#ifndef ACEDT_PUBLISH_H
#define ACEDT_PUBLISH_H

#include <stddef.h>

struct dest;
struct err;

/*
 * Put an index under the destination's tag: the last thing that happens in a
 * gather.  *changed is 0 if the tag named it already; then nothing was written.
 * known is the digest of the gathered index that a registry's tag names, "" if
 * the tag names nothing, NULL if that has to be asked.  A tag that names
 * something else than a gathered index is refused, ERR_USAGE, unless overwrite
 * is set.
 */
int	publish(struct dest *, const char *media_type, const char *bytes,
	    size_t len, const char *digest, const char *known, int overwrite,
	    int *changed, struct err *);

#endif
