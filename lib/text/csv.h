#ifndef ACEDT_CSV_H
#define ACEDT_CSV_H

#include <stddef.h>

struct err;

/*
 * CSV as Go's encoding/csv reads it, one record at a time, with the rules of
 * doc/compat.md ("Sources file").
 */
struct csv {
	const char	*data;		/* borrowed; may hold NUL bytes */
	size_t		 len;
	size_t		 pos;		/* next byte to read */
	unsigned long	 line;		/* line of pos, from 1 */
	int		 comments;	/* '#' begins a comment line */

	/* The record that csv_next() read. */
	char		**fields;	/* owned, NUL-terminated */
	size_t		 nfields;
	unsigned long	 record_line;	/* where it begins, from 1 */

	/* Where csv_next() found something wrong. */
	unsigned long	 err_line;	/* from 1 */
	unsigned long	 err_column;	/* in bytes, from 1; 0: all of it */
};

/*
 * comments: lines whose first character after blanks is '#' are skipped, and
 * lines of blanks too.
 */
void	csv_init(struct csv *, const char *data, size_t len, int comments);

/*
 * 1: a record was read.  0: the end.  -1: *err says what is wrong, err_line
 * and err_column where; the next call goes on after the broken line.
 */
int	csv_next(struct csv *, struct err *);
void	csv_clear(struct csv *);

/* How many of the len bytes at s are one blank of Unicode's, or 0. */
size_t	csv_blank(const char *s, size_t len);

/* A copy of len bytes, without the blanks at both ends; the caller frees it. */
char	*csv_trimmed(const char *, size_t len);

#endif
