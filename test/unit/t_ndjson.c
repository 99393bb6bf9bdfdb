#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/text/ndjson.h"
#include "test/unit/tap.h"

static void
feed(int fd, const char *s, size_t len)
{
	ssize_t	n;

	while (len > 0) {
		if ((n = write(fd, s, len)) <= 0)
			_exit(1);
		s += n;
		len -= (size_t)n;
	}
}

/* Add the lines that are there as "N[text]", an error as "!message". */
static int
drain(struct ndjson *r, struct buf *out)
{
	struct err	 err = ERR_INIT;
	char		*line;
	size_t		 len;
	int		 rc;

	while ((rc = ndjson_take(r, &line, &len, &err)) == 1) {
		buf_addf(out, "%lu[%s]", r->lineno, line);
		if (strlen(line) != len)
			buf_adds(out, "length");
	}
	if (rc == -1)
		buf_addf(out, "!%s", err.msg);
	return rc;
}

/* What is read when the text comes in two pieces, or byte by byte for 0. */
static void
pieces(const char *s, size_t len, size_t first, const char *want)
{
	struct ndjson	r;
	struct err	err = ERR_INIT;
	struct buf	out;
	int		fds[2], rc = 0;
	size_t		at = 0, n;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) == -1)
		_exit(1);
	buf_init(&out, 10000);
	buf_adds(&out, "");
	ndjson_init(&r, fds[0]);
	while (at < len && rc == 0) {
		n = first == 0 ? 1 : at == 0 ? first : len - at;
		feed(fds[1], s + at, n);
		at += n;
		if (ndjson_fill(&r, &err) == -1)
			buf_adds(&out, "fill");
		rc = drain(&r, &out);
	}
	/* Nothing there yet is no end. */
	if (ndjson_fill(&r, &err) == -1 || r.eof)
		buf_adds(&out, "EAGAIN");
	close(fds[1]);
	if (rc == 0 && ndjson_fill(&r, &err) == 0)
		drain(&r, &out);
	if (strcmp(out.data, want) != 0 || (rc == 0 && !r.eof)) {
		ok(0, "first piece of %zu bytes", first);
		is_str(out.data, want);
	}
	ndjson_clear(&r);
	buf_clear(&out);
	close(fds[0]);
}

static void
every_split(const char *s, size_t len, const char *want)
{
	size_t	i;

	for (i = 0; i < len || i == 0; i++)
		pieces(s, len, i, want);
	ok(1, "every split: %s", want);
}

#define lines(s, want)	every_split((s), sizeof(s) - 1, (want))

static void
test_lines(void)
{
	lines("", "");
	lines("\n", "1[]");
	lines("\n\n", "1[]2[]");
	lines("a\n", "1[a]");
	lines("abc\nde\n\nf\n", "1[abc]2[de]3[]4[f]");
	lines("a\r\nb \n", "1[a\r]2[b ]");
	lines("\xff\xfe\n", "1[\xff\xfe]");
	lines("a", "!line 1 has no newline: the stream was cut short");
	lines("a\nb", "1[a]!line 2 has no newline: the stream was cut short");
	lines("\nb\n\r",
	    "1[]2[b]!line 3 has no newline: the stream was cut short");
	lines("a\0b\n", "!line 1 holds a NUL byte");
	lines("a\n\0\n", "1[a]!line 2 holds a NUL byte");
	lines("a\n\0", "1[a]!line 2 has no newline: the stream was cut short");
}

/*
 * A file with a line of n bytes, newline included, perhaps between two others.
 * A file is read in pieces of one size, where a pipe may cut anywhere.
 */
static void
long_line(int others, size_t n, int with_newline, const char *want)
{
	struct ndjson	 r;
	struct err	 err = ERR_INIT;
	char		*s, *line;
	size_t		 len;
	int		 fd = memfd_create("lines", MFD_CLOEXEC), got = 0, rc;

	s = malloc(n);
	memset(s, 'x', n);
	if (with_newline)
		s[n - 1] = '\n';
	if (others)
		feed(fd, "first\n", 6);
	feed(fd, s, n);
	if (others && with_newline)
		feed(fd, "last\n", 5);
	free(s);
	lseek(fd, 0, SEEK_SET);
	ndjson_init(&r, fd);
	for (;;) {
		while ((rc = ndjson_take(&r, &line, &len, &err)) == 0 &&
		    !r.eof)
			ndjson_fill(&r, &err);
		if (rc != 1)
			break;
		if (got == others)
			is_int((long long)len, (long long)n - 1);
		else
			is_str(line, got == 0 ? "first" : "last");
		got++;
	}
	if (want == NULL) {
		is_int(rc, 0);
		is_int(got, others ? 3 : 1);
	} else {
		is_int(rc, -1);
		is_int(got, others);
		is_str(err.msg, want);
		is_str(err_class_name(err.cls), "stream");
	}
	ndjson_clear(&r);
	close(fd);
}

static void
test_long(void)
{
	static const char	first[] = "line 1 is longer than 33554432 bytes";
	static const char	second[] = "line 2 is longer than 33554432 bytes";

	long_line(1, 70000, 1, NULL);
	long_line(0, STREAM_LINE_MAX, 1, NULL);
	long_line(1, STREAM_LINE_MAX, 1, NULL);
	/* Found out before its newline was read, or with the newline. */
	long_line(0, STREAM_LINE_MAX + 1, 1, first);
	long_line(1, STREAM_LINE_MAX + 1, 1, second);
	/* The same when no newline ever comes. */
	long_line(0, STREAM_LINE_MAX - 1, 0,
	    "line 1 has no newline: the stream was cut short");
	long_line(0, STREAM_LINE_MAX, 0, first);
	long_line(1, STREAM_LINE_MAX + 100000, 0, second);
}

static void
test_errors(void)
{
	struct ndjson	r;
	struct err	err = ERR_INIT;
	int		fd = open("/", O_RDONLY | O_CLOEXEC);

	ndjson_init(&r, fd);
	is_int(ndjson_fill(&r, &err), -1);
	is_str(err_class_name(err.cls), "io");
	is_str(err.msg, "read: Is a directory");
	ndjson_clear(&r);
	ndjson_clear(&r);
	close(fd);
}

int
main(void)
{
	signal(SIGPIPE, SIG_DFL);
	test_lines();
	test_long();
	test_errors();
	return tap_end();
}
