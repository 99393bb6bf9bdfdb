#ifndef ACEDT_NDJSON_H
#define ACEDT_NDJSON_H

#include <stddef.h>

struct err;

/* Lines from a descriptor; nothing about JSON.  acedt-stream(5), FRAMING. */
struct ndjson {
	int		 fd;		/* borrowed */
	int		 eof;
	char		*buf;		/* owned */
	size_t		 cap;
	size_t		 start;		/* first byte not handed out yet */
	size_t		 scan;		/* no newline in [start, scan) */
	size_t		 end;
	unsigned long	 lineno;	/* of the line handed out last */
};

void	ndjson_init(struct ndjson *, int fd);
void	ndjson_clear(struct ndjson *);

/*
 * Read once.  0: something was read, or nothing was there yet (EAGAIN), or the
 * input ended (then eof is set).  -1: *err says why.
 */
int	ndjson_fill(struct ndjson *, struct err *);

/*
 * 1: *line is the next line, without its newline, NUL-terminated and valid
 * until the next call.  0: no whole line is buffered.  -1: the line is too
 * long, holds a NUL, or has no newline although the input ended.
 */
int	ndjson_take(struct ndjson *, char **line, size_t *len, struct err *);

#endif
