#ifndef ACEDT_UTF8_H
#define ACEDT_UTF8_H

#include <stddef.h>

/*
 * Read one code point of well-formed UTF-8 (RFC 3629: no surrogates, nothing
 * over U+10FFFF, shortest form) from the len > 0 bytes at s.  Returns how many
 * bytes it takes, 1 to 4, or 0 if they are not well-formed.
 */
size_t	utf8_decode(const unsigned char *s, size_t len, unsigned long *c);

/* Are all of the bytes well-formed UTF-8? */
int	utf8_valid(const void *, size_t);

#endif
