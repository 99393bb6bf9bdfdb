#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/env.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/stream/stream.h"
#include "lib/text/json.h"
#include "test/unit/tap.h"

#define HEADER	"{\"type\":\"acedt-stream\",\"version\":1}\n"
#define IMAGE	"{\"type\":\"image\"}\n"
#define END(n)	"{\"type\":\"end\",\"images\":" #n "}\n"

static void
feed(int fd, const char *s, size_t len)
{
	if (write(fd, s, len) != (ssize_t)len)
		_exit(1);
}

/* Add the records that are there as "[I raw]" or "[? raw]". */
static int
drain(struct stream_in *in, struct buf *out)
{
	struct record	rec;
	struct err	err = ERR_INIT;
	int		rc;

	while ((rc = stream_in_take(in, &rec, &err)) == 1) {
		buf_addf(out, "[%s %s]", rec.is_image ? "I" : "?", rec.raw);
		if (strlen(rec.raw) != rec.len ||
		    jv_get_kind(rec.obj) != JV_KIND_OBJECT)
			buf_adds(out, "broken record");
		record_clear(&rec);
		record_clear(&rec);
	}
	if (rc == -1) {
		buf_addf(out, "!%s", err.msg);
		if (err.cls != ERR_STREAM)
			buf_addf(out, " (%s)", err_class_name(err.cls));
	}
	return rc;
}

/* Read what comes in two pieces, or byte by byte if the first is of 0. */
static void
pieces(const char *s, size_t first, int any_count, const char *want)
{
	struct stream_in	in;
	struct err		err = ERR_INIT;
	struct buf		out;
	size_t			at, n, len = strlen(s);
	int			fds[2], rc = 0;

	if (pipe2(fds, O_CLOEXEC) == -1)
		_exit(1);
	buf_init(&out, 100000);
	buf_adds(&out, "");
	stream_in_init(&in, fds[0]);
	in.any_count = any_count;
	for (at = 0; at < len && rc == 0; at += n) {
		n = first == 0 ? 1 : at == 0 ? first : len - at;
		feed(fds[1], s + at, n);
		stream_in_fill(&in, &err);
		rc = drain(&in, &out);
	}
	close(fds[1]);
	if (rc == 0) {
		stream_in_fill(&in, &err);
		drain(&in, &out);
	}
	if (strcmp(out.data, want) != 0) {
		ok(0, "first piece of %zu bytes", first);
		is_str(out.data, want);
	}
	stream_in_clear(&in);
	buf_clear(&out);
	close(fds[0]);
}

static void
every_split(const char *s, int any_count, const char *want)
{
	size_t	i, len = strlen(s);

	for (i = 0; i < len || i == 0; i++)
		pieces(s, i, any_count, want);
	ok(1, "every split: %s", want);
}

#define reads(s, want)	every_split((s), 0, (want))

static void
test_framing(void)
{
	reads(HEADER END(0), "");
	reads(HEADER IMAGE END(1), "[I {\"type\":\"image\"}]");
	reads(HEADER " {\"x\":1.50, \"type\" : \"image\"}\r\n" END(1),
	    "[I  {\"x\":1.50, \"type\" : \"image\"}\r]");
	reads(HEADER "{\"type\":\"note\"}\n" IMAGE END(1),
	    "[? {\"type\":\"note\"}][I {\"type\":\"image\"}]");
	reads(HEADER END(0) HEADER IMAGE END(1) HEADER IMAGE IMAGE END(2),
	    "[I {\"type\":\"image\"}][I {\"type\":\"image\"}]"
	    "[I {\"type\":\"image\"}]");
	reads("{\"version\":1,\"new\":[],\"type\":\"acedt-stream\"}\n"
	    "{\"images\":0,\"new\":{},\"type\":\"end\"}\n", "");
}

static void
test_cut(void)
{
	reads("", "!no stream: the input is empty");
	reads(HEADER, "!the stream was cut short: it stops after 0 images, "
	    "without its end record");
	reads(HEADER IMAGE, "[I {\"type\":\"image\"}]!the stream was cut "
	    "short: it stops after 1 images, without its end record");
	reads(HEADER END(0) HEADER, "!the stream was cut short: it stops "
	    "after 0 images, without its end record");
	reads("{\"type\":\"acedt-stream\",\"version\":1}", "!line 1 has no "
	    "newline: the stream was cut short");
	reads(HEADER "{\"type\":\"end\",\"images\":0}",
	    "!line 2 has no newline: the stream was cut short");
	reads(HEADER IMAGE "{\"type\":\"im", "[I {\"type\":\"image\"}]"
	    "!line 3 has no newline: the stream was cut short");
}

static void
test_broken(void)
{
	reads(IMAGE, "!line 1: no header {\"type\":\"acedt-stream\","
	    "\"version\":1} before it");
	reads(END(0), "!line 1: no header {\"type\":\"acedt-stream\","
	    "\"version\":1} before it");
	reads(HEADER END(0) IMAGE, "!line 3: no header "
	    "{\"type\":\"acedt-stream\",\"version\":1} before it");
	reads(HEADER HEADER,
	    "!line 2: a stream begins before the end record of the one "
	    "before it, which was cut short after 0 images");
	reads("{\"type\":\"acedt-stream\"}\n",
	    "!line 1: the stream is not of version 1");
	reads("{\"type\":\"acedt-stream\",\"version\":2}\n",
	    "!line 1: the stream is not of version 1");
	reads("{\"type\":\"acedt-stream\",\"version\":\"1\"}\n",
	    "!line 1: the stream is not of version 1");
	reads(HEADER "{\"type\":\"end\"}\n",
	    "!line 2: the end record has no count of images");
	reads(HEADER "{\"type\":\"end\",\"images\":-1}\n",
	    "!line 2: the end record has no count of images");
	reads(HEADER "{\"type\":\"end\",\"images\":0.5}\n",
	    "!line 2: the end record has no count of images");
	reads(HEADER END(1), "!line 2: 0 images came, the end record counts "
	    "1; a stream that was cut on purpose is counted again by "
	    "acedt-filter --recount");
	reads(HEADER IMAGE END(1) HEADER END(1), "[I {\"type\":\"image\"}]"
	    "!line 5: 0 images came, the end record counts 1; a stream that "
	    "was cut on purpose is counted again by acedt-filter --recount");
	every_split(HEADER IMAGE END(7), 1, "[I {\"type\":\"image\"}]");
	every_split(HEADER "{\"type\":\"end\"}\n", 1,
	    "!line 2: the end record has no count of images");
	reads("\n", "!line 1: not valid JSON: end of text at byte 0");
	reads(HEADER "\n" END(0),
	    "!line 2: not valid JSON: end of text at byte 0");
	reads(HEADER "{\"type\":\"image\"\n",
	    "!line 2: not valid JSON: end of text at byte 15 (a record is "
	    "one line: jq -c writes it so)");
	reads("{\n", "!line 1: not valid JSON: no member name at byte 1 (a record "
	    "is one line: jq -c writes it so)");
	reads(HEADER IMAGE "{\"type\":\"im" HEADER, "[I {\"type\":\"image\"}]"
	    "!line 3: not valid JSON: no comma at byte 13 (the "
	    "stream before was cut short within a record)");
	reads(HEADER "[]\n", "!line 2: not an acedt-stream(5) record");
	reads(HEADER "{}\n", "!line 2: not an acedt-stream(5) record");
	reads(HEADER "null\n", "!line 2: not an acedt-stream(5) record");
	reads(HEADER "{\"type\":1}\n",
	    "!line 2: not an acedt-stream(5) record");
	reads(HEADER "{\"type\":\"\xff\"}\n",
	    "!line 2: not valid JSON: broken UTF-8 at byte 9");
	reads("\xef\xbb\xbf" HEADER,
	    "!line 1: not valid JSON: unexpected character at byte 0 (it "
	    "begins with a byte order mark, which JSON has not)");
	reads("FROM debian\n",
	    "!line 1: not valid JSON: unexpected character at byte 0");
}

static void
test_blocking(void)
{
	struct stream_in	in;
	struct record		rec;
	struct err		err = ERR_INIT;
	pid_t			pid;
	int			fds[2], status;

	if (pipe2(fds, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		_exit(1);
	if (pid == 0) {
		feed(fds[1], HEADER IMAGE END(1), strlen(HEADER IMAGE END(1)));
		_exit(0);
	}
	close(fds[1]);
	stream_in_init(&in, fds[0]);
	is_int(stream_in_next(&in, &rec, &err), 1);
	is_str(rec.raw, "{\"type\":\"image\"}");
	record_clear(&rec);
	is_int(stream_in_next(&in, &rec, &err), 0);
	is_int(stream_in_next(&in, &rec, &err), 0);
	is_int((long long)in.segments, 1);
	stream_in_clear(&in);
	close(fds[0]);
	waitpid(pid, &status, 0);

	if (pipe2(fds, O_CLOEXEC) == -1)
		_exit(1);
	stream_in_init(&in, fds[1]);
	is_int(stream_in_next(&in, &rec, &err), -1);
	is_str(err_class_name(err.cls), "io");
	stream_in_clear(&in);
	close(fds[0]);
	close(fds[1]);
}

static void
record_of(struct record *rec, const char *raw)
{
	memset(rec, 0, sizeof(*rec));
	rec->raw = strdup(raw);
	rec->len = strlen(raw);
	rec->obj = jv_parse(raw);
	rec->is_image = 1;
	rec->over = NULL;
}

/* Text and object both say want, the text to the byte. */
static void
set(const char *raw, const char *name, const char *json, const char *want)
{
	struct record	rec;
	jv		back;

	record_of(&rec, raw);
	record_set(&rec, name, json);
	is_str(rec.raw, want);
	is_int((long long)rec.len, (long long)strlen(want));
	back = jv_parse(want);
	ok(jv_equal(back, jv_copy(rec.obj)), "the object is the text");
	record_clear(&rec);
}

static void
test_set(void)
{
	set("{\"type\":\"image\"}", "a", "1", "{\"type\":\"image\",\"a\":1}");
	set("{ \"z\" : 1.50e0, \"type\":\"\\u0069mage\" , \"n\":"
	    "12345678901234567890 }", "manifests", "[{},\"}\"]",
	    "{ \"z\" : 1.50e0, \"type\":\"\\u0069mage\" , \"n\":"
	    "12345678901234567890 ,\"manifests\":[{},\"}\"]}");
	set("{\"a\":{\"b\":1},\"a2\":{}} \t\r", "b", "{}",
	    "{\"a\":{\"b\":1},\"a2\":{},\"b\":{}}");
	set("{\"a\":\"}\"}", "b", "\"\"", "{\"a\":\"}\",\"b\":\"\"}");
	set("{\"a\":1,\"b\":2}", "a", "3", "{\"b\":2,\"a\":3}");
	set("{\"a\":1,\"b\":2}", "b", "null", "{\"a\":1,\"b\":null}");
	set("{\"b\":\"\xe2\x82\xac<\\n\",\"a\":[1, 2]}", "a", "[]",
	    "{\"b\":\"\xe2\x82\xac<\\n\",\"a\":[]}");
	/* A member that stands twice counts once afterwards. */
	set("{\"t\":0,\"a\":1,\"a\":2}", "a", "3", "{\"t\":0,\"a\":3}");
}

static void
test_set_only_member(void)
{
	struct record	rec;

	/* Records have a type, so something is always left. */
	record_of(&rec, "{\"type\":\"image\",\"error\":{}}");
	record_set(&rec, "error", "1");
	record_set(&rec, "error", "2");
	is_str(rec.raw, "{\"type\":\"image\",\"error\":2}");
	record_clear(&rec);
}

static void
test_set_error(void)
{
	struct record	rec;
	struct err	err = ERR_INIT;

	record_of(&rec, "{\"type\":\"image\", \"x\":1.0}");
	is_int(record_has_error(&rec), 0);
	err_set(&err, ERR_NOT_FOUND, "no \"<x>\"\n\xff");
	record_set_error(&rec, "fetch", &err);
	is_int(record_has_error(&rec), 1);
	is_str(rec.raw, "{\"type\":\"image\", \"x\":1.0,\"error\":{\"stage\":"
	    "\"fetch\",\"class\":\"not-found\",\"message\":"
	    "\"no \\\"\\u003cx\\u003e\\\"\\n\\ufffd\"}}");
	err.status = 404;
	snprintf(err.code, sizeof(err.code), "NAME_UNKNOWN");
	record_set_error(&rec, "push", &err);
	ok(strstr(rec.raw, ",\"error\":{\"stage\":\"push\"") != NULL &&
	    strstr(rec.raw, "fetch") == NULL &&
	    strstr(rec.raw, "\"status\":404,\"code\":\"NAME_UNKNOWN\"}}") !=
	    NULL, "replaced: %s", rec.raw);
	record_clear(&rec);
}

/* {"type":"image","line":3,"x":"…"} of so many bytes. */
static void
record_of_size(struct record *rec, size_t n)
{
	static const char	start[] = "{\"type\":\"image\",\"line\":3,"
				    "\"source\":\"r.io/a\",\"x\":\"";
	char			*raw = malloc(n + 1);

	memset(raw, 'x', n);
	memcpy(raw, start, sizeof(start) - 1);
	memcpy(raw + n - 2, "\"}", 3);
	record_of(rec, raw);
	free(raw);
}

static void
over(struct record *rec, const char *json, const char *want)
{
	struct err	 err = ERR_INIT;
	size_t		 len = rec->len;
	char		*raw = rec->raw;

	record_set(rec, "manifests", json);
	ok(rec->raw == raw && rec->len == len &&
	    !json_has(rec->obj, "manifests"), "nothing is set");
	is_int(record_fits(rec, &err), -1);
	is_str(err_class_name(err.cls), "limit");
	ok(strstr(err.msg, want) != NULL &&
	    strstr(err.msg, "\"manifests\"") != NULL, "%s", err.msg);
	/* Nor is what comes after it. */
	record_set(rec, "pushed", "1");
	ok(!json_has(rec->obj, "pushed"), "still nothing");
	record_set_error(rec, "fetch", &err);
	is_int(record_has_error(rec), 1);
	is_int(record_fits(rec, &err), 0);
}

/* What no stage could read is not made. */
static void
test_over(void)
{
	struct record	rec;
	struct err	err = ERR_INIT;
	char		deep[200];

	record_of_size(&rec, STREAM_LINE_MAX - 12000);
	record_set(&rec, "manifests", "[]");
	is_int(record_fits(&rec, &err), 0);
	record_clear(&rec);
	record_of_size(&rec, STREAM_LINE_MAX - 10000);
	over(&rec, "[]", "longer than 33554432 bytes");
	ok(json_has(rec.obj, "x"), "the rest stays");
	record_clear(&rec);
	record_of_size(&rec, STREAM_LINE_MAX - 1);
	over(&rec, "[]", "longer than 33554432 bytes");
	ok(strstr(rec.raw, "{\"type\":\"image\",\"line\":3,\"source\":"
	    "\"r.io/a\",\"error\":{") == rec.raw, "the error fits: %s",
	    rec.len < 1000 ? rec.raw : "");
	record_clear(&rec);
	record_of(&rec, "{\"type\":\"image\"}");
	memset(deep, '[', STREAM_DEPTH_MAX);
	memset(deep + STREAM_DEPTH_MAX, ']', STREAM_DEPTH_MAX);
	deep[2 * STREAM_DEPTH_MAX] = '\0';
	over(&rec, deep, "deeper than 64");
	record_clear(&rec);
}

static void
test_out(void)
{
	struct stream_out	out;
	struct record		rec;
	struct err		err = ERR_INIT;
	char			got[1000];
	ssize_t			n;
	int			fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		_exit(1);
	stream_out_init(&out, fds[1]);
	is_int((long long)stream_out_waiting(&out), strlen(HEADER));
	record_of(&rec, "{\"type\":\"image\"}");
	stream_out_put(&out, &rec);
	record_set(&rec, "error", "{}");
	stream_out_put(&out, &rec);
	rec.is_image = 0;
	stream_out_put(&out, &rec);
	record_clear(&rec);
	stream_out_end(&out);
	is_int((long long)out.images, 2);
	is_int((long long)out.errors, 1);
	is_int(stream_out_flush(&out, 0, &err), 0);
	is_int((long long)stream_out_waiting(&out), 0);
	n = read(fds[0], got, sizeof(got) - 1);
	got[n > 0 ? n : 0] = '\0';
	is_str(got, HEADER IMAGE "{\"type\":\"image\",\"error\":{}}\n"
	    "{\"type\":\"image\",\"error\":{}}\n" END(2));
	stream_out_clear(&out);
	close(fds[0]);
	close(fds[1]);
}

/* With some, a full pipe never blocks, and nothing is lost or doubled. */
static void
test_out_some(void)
{
	struct stream_out	out;
	struct record		rec;
	struct err		err = ERR_INIT;
	char			*big, *got;
	const size_t		size = 300000, total = strlen(HEADER) +
	    size + 1;
	size_t			have = 0, before;
	ssize_t			n;
	int			fds[2];

	big = malloc(size + 1);
	got = malloc(total + 1);
	memset(big, 'x', size);
	big[size] = '\0';
	memcpy(big, "{\"a\":\"", 6);
	memcpy(big + size - 2, "\"}", 2);
	if (pipe2(fds, O_CLOEXEC) == -1)
		_exit(1);
	stream_out_init(&out, fds[1]);
	record_of(&rec, big);
	stream_out_put(&out, &rec);
	record_clear(&rec);
	is_int(stream_out_flush(&out, 1, &err), 0);
	before = stream_out_waiting(&out);
	ok(before > 0 && before < total, "a part: %zu of %zu", before, total);
	is_int(stream_out_flush(&out, 1, &err), 0);
	ok(stream_out_waiting(&out) == before, "full");
	while (have < total) {
		n = read(fds[0], got + have, 1000 < total - have ? 1000 :
		    total - have);
		if (n <= 0 || stream_out_flush(&out, 1, &err) == -1)
			break;
		have += (size_t)n;
	}
	is_int((long long)have, (long long)total);
	ok(memcmp(got, HEADER, strlen(HEADER)) == 0 &&
	    memcmp(got + strlen(HEADER), big, size) == 0 &&
	    got[total - 1] == '\n', "all of it in order");
	is_int((long long)stream_out_waiting(&out), 0);
	stream_out_clear(&out);
	close(fds[0]);
	close(fds[1]);
	free(big);
	free(got);
}

/* A reader that is gone: SIGPIPE, whatever the signal was set to. */
static void
test_out_closed(void)
{
	struct stream_out	out;
	struct err		err = ERR_INIT;
	pid_t			pid;
	int			fds[2], status = 0;

	if (pipe2(fds, O_CLOEXEC) == -1)
		_exit(1);
	close(fds[0]);
	if ((pid = fork()) == -1)
		_exit(1);
	if (pid == 0) {
		signal(SIGPIPE, SIG_IGN);
		stream_out_init(&out, fds[1]);
		stream_out_flush(&out, 0, &err);
		_exit(9);
	}
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE,
	    "ended by SIGPIPE");
	close(fds[1]);
	/* Another error is told. */
	if (pipe2(fds, O_CLOEXEC) == -1)
		_exit(1);
	stream_out_init(&out, fds[0]);
	is_int(stream_out_flush(&out, 0, &err), -1);
	is_str(err_class_name(err.cls), "io");
	stream_out_clear(&out);
	close(fds[0]);
	close(fds[1]);
}

/* What stream_in_complain() writes, with and without a front-end. */
static void
complains(const char *text, const char *supervised, const char *want)
{
	struct stream_in	in;
	struct record		rec;
	struct err		err = ERR_INIT;
	char			got[1000];
	ssize_t			n;
	int			fds[2], logged[2], saved;

	if (pipe2(fds, O_CLOEXEC) == -1 || pipe2(logged, O_CLOEXEC |
	    O_NONBLOCK) == -1)
		_exit(1);
	feed(fds[1], text, strlen(text));
	close(fds[1]);
	stream_in_init(&in, fds[0]);
	while (stream_in_next(&in, &rec, &err) == 1)
		record_clear(&rec);
	if (supervised != NULL)
		setenv(ENV_SUPERVISED, supervised, 1);
	env_setup();
	fflush(stderr);
	saved = dup(2);
	dup2(logged[1], 2);
	stream_in_complain(&in, &err, "; so what");
	fflush(stderr);
	dup2(saved, 2);
	close(saved);
	unsetenv(ENV_SUPERVISED);
	env_setup();
	n = read(logged[0], got, sizeof(got) - 1);
	got[n > 0 ? n : 0] = '\0';
	ok(want == NULL ? n <= 0 : strstr(got, want) != NULL, "%s", got);
	stream_in_clear(&in);
	close(fds[0]);
	close(logged[0]);
	close(logged[1]);
}

static void
test_complain(void)
{
	complains(HEADER, NULL, "standard input: the stream was cut short: it "
	    "stops after 0 images, without its end record; so what");
	complains(HEADER, "1", NULL);
	complains(HEADER "x\n", "1", "standard input: line 2: not valid JSON");
}

static void
named(const char *raw, size_t size, const char *want)
{
	struct record	rec;
	char		name[100];

	record_of(&rec, raw);
	record_name(&rec, name, size);
	is_str(name, want);
	record_clear(&rec);
}

static void
test_name(void)
{
	named("{\"file\":\"l.csv\",\"line\":3,\"source\":\"r.io/a:1\"}", 100,
	    "l.csv:3: r.io/a:1");
	named("{\"file\":\"l.csv\",\"line\":3,\"source\":\"r.io/a:1\"}", 6,
	    "l.csv");
	named("{\"line\":\"x\",\"source\":\"oci:d:t\"}", 100, "oci:d:t");
	named("{\"file\":\"l\"}", 100, "l:0: ?");
	named("{}", 100, "?");
}

int
main(void)
{
	test_name();
	test_framing();
	test_cut();
	test_broken();
	test_blocking();
	test_set();
	test_set_only_member();
	test_set_error();
	test_over();
	test_out();
	test_out_some();
	test_out_closed();
	test_complain();
	return tap_end();
}
