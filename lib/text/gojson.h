#ifndef ACEDT_GOJSON_H
#define ACEDT_GOJSON_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct pairs;

/*
 * JSON text as Go's encoding/json writes it, compact: the gathered index must
 * be that to the byte (doc/compat.md, "Encoding"), and the stream uses it too.
 * All return 0, or -1 when the buffer's ceiling is reached.
 */

/* A string with its quotes: < > & U+2028 U+2029 and broken UTF-8 escaped. */
int	gojson_string(struct buf *, const char *, size_t);
int	gojson_str(struct buf *, const char *);
/* ,"name":"value" — with a comma unless the buffer ends with { or [. */
int	gojson_member(struct buf *, const char *name, const char *value);
int	gojson_number(struct buf *, const char *name, int64_t value);
/* "name": with a comma as above, for a value that follows. */
int	gojson_name(struct buf *, const char *name);
/* A map of strings, keys sorted by their bytes. */
int	gojson_pairs(struct buf *, const struct pairs *);

#endif
