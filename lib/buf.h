#ifndef ACEDT_BUF_H
#define ACEDT_BUF_H

#include <stddef.h>

/*
 * Bytes that grow, up to a ceiling given at init.  data is NUL-terminated
 * once anything was added, the NUL not counted in len.
 */
struct buf {
	char	*data;		/* owned; NULL while empty */
	size_t	 len;
	size_t	 cap;
	size_t	 max;		/* ceiling for len */
};

void	buf_init(struct buf *, size_t max);
/* Free the bytes; the buffer is as after buf_init(). */
void	buf_clear(struct buf *);
/* Forget the bytes, keep the memory. */
void	buf_reset(struct buf *);

/* 0, or -1 if the ceiling would be passed: then nothing was added. */
int	buf_add(struct buf *, const void *, size_t);
int	buf_adds(struct buf *, const char *);
int	buf_addc(struct buf *, char);
int	buf_addf(struct buf *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/* Drop the first n bytes, n <= len. */
void	buf_drop(struct buf *, size_t n);

/* Hand the bytes over to the caller, who frees them; never NULL. */
char	*buf_detach(struct buf *);

#endif
