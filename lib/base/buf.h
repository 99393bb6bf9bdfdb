#ifndef ACEDT_BUF_H
#define ACEDT_BUF_H

#include <stddef.h>

/*
 * Bytes that grow, up to a ceiling given at init.  data is NUL-terminated
 * once anything was added, the NUL not counted in len.
 *
 * A buffer that had to refuse a piece is full: it refuses every later one too,
 * however small, so that a text never lacks a piece in its middle.  Whoever
 * takes the text of many additions asks buf_is_full() once, at the end.
 */
struct buf {
	char	*data;		/* owned; NULL while empty */
	size_t	 len;
	size_t	 cap;
	size_t	 max;		/* ceiling for len */
	int	 full;		/* something was refused */
};

void	buf_init(struct buf *, size_t max);
/* Free the bytes; the buffer is as after buf_init(). */
void	buf_clear(struct buf *);
/* Forget the bytes, keep the memory. */
void	buf_reset(struct buf *);

/* 0, or -1 if it is full, now or before: then nothing was added. */
int	buf_add(struct buf *, const void *, size_t);
int	buf_adds(struct buf *, const char *);
int	buf_addc(struct buf *, char);
int	buf_addf(struct buf *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/* Was anything refused since the buffer was empty for the last time? */
int	buf_is_full(const struct buf *);

/* Keep the first len bytes only, len <= what there is.  There is room again. */
void	buf_truncate(struct buf *, size_t len);
/* Drop the first n bytes, n <= len.  There is room again. */
void	buf_drop(struct buf *, size_t n);

/*
 * Hand the bytes over to the caller, who frees them; never NULL.  What was
 * refused is lost: ask buf_is_full() before, where that can be.
 */
char	*buf_detach(struct buf *);

#endif
