#ifndef ACEDT_BASE64_H
#define ACEDT_BASE64_H

#include <stddef.h>

/* Standard base64 with padding (RFC 4648 §4); the caller frees the result. */
char	*base64_encode(const void *, size_t);
/* NULL if it is not exactly that.  NUL-terminated, the NUL not counted. */
char	*base64_decode(const char *, size_t, size_t *len);

#endif
