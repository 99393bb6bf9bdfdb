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

/* Is it white space, as Unicode and Go's unicode.IsSpace have it? */
int	utf8_is_space(unsigned long c);

/*
 * Does it change how the rest of a line is shown, or is it not seen at all?
 * Controls, separators of lines, marks of direction, and what Unicode calls
 * default ignorable.
 */
int	utf8_is_hidden(unsigned long c);

/*
 * A text as one line for people, into out, which has size bytes with the NUL:
 * white space becomes single blanks, with none at either end; what is hidden or
 * not well-formed is left out.  Where it does not fit, it is cut between
 * characters.
 */
void	utf8_one_line(char *out, size_t size, const char *text, size_t len);

/*
 * How many bytes of a text fit a number of columns of a terminal, by whole
 * characters: wide ones take two columns, and combining marks none.  *used is
 * how many columns these bytes take.  The text ends at a NUL, or where it is
 * not well-formed.
 */
size_t	utf8_prefix(const char *text, int columns, int *used);

#endif
