#ifndef ACEDT_PUBLISH_H
#define ACEDT_PUBLISH_H

#include <stddef.h>

struct dest;
struct err;

/*
 * Put an index under the destination's tag: the last thing that happens in a
 * gather.  *changed is 0 if the tag named it already; then nothing was written.
 * known is the digest that a registry's tag names, "" if it names none, NULL if
 * that has to be asked.
 */
int	publish(struct dest *, const char *bytes, size_t len,
	    const char *digest, const char *known, int *changed, struct err *);

#endif
