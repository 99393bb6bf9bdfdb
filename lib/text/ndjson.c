/*
 * Lines out of a descriptor, through a buffer that grows to the longest line
 * and no further than the limit.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/text/ndjson.h"

/* A pipe holds 64 KiB: one read takes all of it. */
#define READ_SIZE	65536

void
ndjson_init(struct ndjson *r, int fd)
{
	memset(r, 0, sizeof(*r));
	r->fd = fd;
}

void
ndjson_clear(struct ndjson *r)
{
	free(r->buf);
	r->buf = NULL;
}

/* Room for one read after what is buffered. */
static void
make_room(struct ndjson *r)
{
	if (r->start > 0 && (r->start == r->end ||
	    r->cap - r->end < READ_SIZE)) {
		memmove(r->buf, r->buf + r->start, r->end - r->start);
		r->scan -= r->start;
		r->end -= r->start;
		r->start = 0;
	}
	if (r->cap - r->end < READ_SIZE + 1) {
		r->cap = (r->end + READ_SIZE + 1) * 2;
		r->buf = xrealloc(r->buf, r->cap);
	}
}

int
ndjson_fill(struct ndjson *r, struct err *err)
{
	ssize_t	n;

	make_room(r);
	assert(r->start <= r->scan && r->scan <= r->end);
	assert(r->cap - r->end > READ_SIZE);
	n = read(r->fd, r->buf + r->end, READ_SIZE);
	if (n == -1) {
		if (errno == EINTR || errno == EAGAIN)
			return 0;
		return err_sys(err, "read");
	}
	if (n == 0)
		r->eof = 1;
	r->end += (size_t)n;
	return 0;
}

int
ndjson_take(struct ndjson *r, char **line, size_t *len, struct err *err)
{
	char	*nl;

	nl = r->scan < r->end ?
	    memchr(r->buf + r->scan, '\n', r->end - r->scan) : NULL;
	if (nl == NULL) {
		r->scan = r->end;
		if (r->end - r->start >= STREAM_LINE_MAX)
			return err_set(err, ERR_STREAM,
			    "line %lu is longer than %d bytes", r->lineno + 1,
			    STREAM_LINE_MAX);
		if (r->eof && r->end > r->start)
			return err_set(err, ERR_STREAM,
			    "line %lu has no newline: the stream was cut short",
			    r->lineno + 1);
		return 0;
	}
	*line = r->buf + r->start;
	*len = (size_t)(nl - *line);
	*nl = '\0';
	r->lineno++;
	r->start = r->scan = (size_t)(nl + 1 - r->buf);
	if (*len >= STREAM_LINE_MAX)
		return err_set(err, ERR_STREAM,
		    "line %lu is longer than %d bytes", r->lineno,
		    STREAM_LINE_MAX);
	if (memchr(*line, '\0', *len) != NULL)
		return err_set(err, ERR_STREAM, "line %lu holds a NUL byte",
		    r->lineno);
	return 1;
}
