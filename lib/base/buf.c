/*
 * Bytes that grow up to a ceiling.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/xalloc.h"

void
buf_init(struct buf *b, size_t max)
{
	b->data = NULL;
	b->len = b->cap = 0;
	b->max = max;
	b->full = 0;
}

void
buf_clear(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max);
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	b->full = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

/* Room for n more bytes and a NUL. */
static int
reserve(struct buf *b, size_t n)
{
	size_t	want;

	if (b->full || n > b->max || b->len > b->max - n) {
		b->full = 1;
		return -1;
	}
	if (b->data != NULL && b->len + n < b->cap)
		return 0;
	want = b->cap ? b->cap : 128;
	while (want <= b->len + n)
		want *= 2;
	if (want > b->max)
		want = b->max + 1;
	b->data = xrealloc(b->data, want);
	b->cap = want;
	return 0;
}

int
buf_add(struct buf *b, const void *p, size_t n)
{
	if (reserve(b, n) == -1)
		return -1;
	if (n > 0)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = '\0';
	return 0;
}

int
buf_adds(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int
buf_addc(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

int
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list	ap;
	int	n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || reserve(b, (size_t)n) == -1)
		return -1;
	va_start(ap, fmt);
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return 0;
}

int
buf_is_full(const struct buf *b)
{
	return b->full;
}

void
buf_truncate(struct buf *b, size_t len)
{
	assert(len <= b->len);
	b->len = len;
	b->full = 0;
	if (b->data != NULL)
		b->data[len] = '\0';
}

void
buf_drop(struct buf *b, size_t n)
{
	if (n == 0)
		return;
	assert(n <= b->len);
	b->full = 0;
	memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
	b->data[b->len] = '\0';
}

char *
buf_detach(struct buf *b)
{
	char	*s;

	s = b->data != NULL ? b->data : xstrdup("");
	buf_init(b, b->max);
	return s;
}
