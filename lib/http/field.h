#ifndef ACEDT_FIELD_H
#define ACEDT_FIELD_H

#include <stdint.h>

/*
 * What the values of some header fields say: RFC 9110, RFC 8288 (Link),
 * distribution-spec ("Pushing a blob in chunks", "Listing referrers").
 */

/* A number of bytes, as in Content-Length; -1 if it is not a number. */
int64_t	field_bytes(const char *);

/* The first byte of a Content-Range, "bytes 100-999/1000"; -1 if none. */
int64_t	field_range_from(const char *);

/*
 * How many bytes of an upload the registry has by its Range, "0-999" or
 * "bytes=0-999"; 0 if it does not say.  "0-0" is one byte, but several write
 * it for none.
 */
int64_t	field_upload_bytes(const char *);

/*
 * The target of the link to the next page, of several in one field; NULL if
 * there is none.  The caller frees it.
 */
char	*field_link_next(const char *);

#endif
