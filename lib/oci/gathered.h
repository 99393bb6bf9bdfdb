#ifndef ACEDT_GATHERED_H
#define ACEDT_GATHERED_H

#include <stddef.h>

#include <jv.h>

struct err;

/* Gathered indexes as text: ours, or the Go program's. */

/*
 * Parse a gathered index, within INDEX_BYTES_MAX and INDEX_VALUES_MAX.  0 with
 * *out owned by the caller; -1 with *err filled if the text is not JSON, or is
 * another document: ERR_CONTENT.
 */
int	gathered_parse(const char *text, size_t len, jv *out, struct err *);

#endif
