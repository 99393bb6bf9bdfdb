#ifndef ACEDT_JSON_TEXT_H
#define ACEDT_JSON_TEXT_H

#include <stddef.h>

struct buf;

/*
 * Changes to a JSON text that leave the rest of it as it is, to the byte: what
 * others wrote may have a digest, or numbers that a parser would round.
 *
 * Every text here must have passed json_check(); what is not JSON would be read
 * past its end.  The results are appended to a buffer; whoever takes them asks
 * buf_is_full() once, at the end.
 */

/* A part of a text, borrowed.  s is NULL where there is none. */
struct json_span {
	const char	*s;
	size_t		 len;
};

/*
 * Find a member of an object.  1 with the text of its value, of the last such
 * member if there are several, as libjq has it; 0 if there is none, or the text
 * is not an object.
 */
int	json_text_member(struct json_span text, const char *name,
	    struct json_span *value);

/*
 * The element of an array after *element, or the first one if its s is NULL.  0
 * after the last one, and at once where the text is not an array.
 */
int	json_text_next(struct json_span text, struct json_span *element);

/* How many elements an array has; 0 where the text is not one. */
size_t	json_text_count(struct json_span array);

/*
 * The value of a member that is a string, for the caller to free; NULL if there
 * is none, or if it holds a NUL.
 */
char	*json_text_string(struct json_span text, const char *name);

/* An object without the members of that name. */
void	json_text_drop(struct json_span text, const char *name, struct buf *);

/*
 * An object with a member at its end, instead of those of that name before.
 * json is the text of the value.  Blanks after the object are dropped.
 */
void	json_text_set(struct json_span text, const char *name,
	    const char *json, struct buf *);

/* A text with one more element in an array that is a part of it. */
void	json_text_append(struct json_span text, struct json_span array,
	    struct json_span element, struct buf *);

#endif
