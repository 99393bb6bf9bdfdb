#ifndef ACEDT_TEXT_H
#define ACEDT_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Progress in words, for people.  Texts that are returned are the caller's. */

struct progress;
struct progress_item;

#define TEXT_NUMBER_MAX	32		/* bytes of a text of text_span() */

/* "1.4 s", "3 min" or "2 h 5 min", into out, which is returned. */
const char *text_span(int64_t ms, char out[TEXT_NUMBER_MAX]);

/* An image that is under way: for how long, and its name, safe to print. */
char	*text_image(const struct progress_item *, int64_t now);
/*
 * How far all of it is.  A text that is too long for width columns is said with
 * fewer words, which may be too long as well.
 */
char	*text_total(const struct progress *, int width);
/* An image that is done, with the bytes of its blobs. */
char	*text_image_done(const char *source, int64_t bytes);
/* What a run of ms milliseconds has done that published an index as image. */
char	*text_summary(const struct progress *, const char *image, int64_t ms);

#endif
