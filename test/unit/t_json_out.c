#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/pairs.h"
#include "lib/program/sources.h"
#include "lib/text/json_out.h"
#include "test/unit/tap.h"

static void
string_n(const char *s, size_t len, const char *want)
{
	struct json_out	j;
	struct buf	b;

	buf_init(&b, 1000);
	json_out_init(&j, &b);
	json_out_string(&j, s, len);
	is_str(b.data, want);
	buf_clear(&b);
}

#define string(s, want)	string_n((s), sizeof(s) - 1, "\"" want "\"")

static void
test_plain(void)
{
	string("", "");
	string("abc", "abc");
	string("/'$`=;:,[]{}()!*+-._~^|?@#% ", "/'$`=;:,[]{}()!*+-._~^|?@#% ");
	string("\x7f", "\x7f");
	string("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
	    "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
	string("\xc2\x80\xc2\x85\xef\xbb\xbf\xef\xbf\xbd\xef\xbf\xbf",
	    "\xc2\x80\xc2\x85\xef\xbb\xbf\xef\xbf\xbd\xef\xbf\xbf");
}

static void
test_escapes(void)
{
	string("\"", "\\\"");
	string("\\", "\\\\");
	string("<a href=\"x\">&</a>",
	    "\\u003ca href=\\\"x\\\"\\u003e\\u0026\\u003c/a\\u003e");
	string("\n\r\t\b\f", "\\n\\r\\t\\b\\f");
	string("\0", "\\u0000");
	string("a\0b", "a\\u0000b");
	string("\x01\x07\x0b\x0e\x1b\x1f",
	    "\\u0001\\u0007\\u000b\\u000e\\u001b\\u001f");
	string("\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa",
	    "\xe2\x80\xa7\\u2028\\u2029\xe2\x80\xaa");
}

/* One \ufffd for each byte that begins no character, as Go does. */
static void
test_broken(void)
{
	string("\xff", "\\ufffd");
	string("a\x80z", "a\\ufffdz");
	string("\x80\x81", "\\ufffd\\ufffd");
	string("\xc3", "\\ufffd");
	string("\xc3(", "\\ufffd(");
	string("\xe2\x82", "\\ufffd\\ufffd");
	string("\xe2\x82x", "\\ufffd\\ufffdx");
	string("\xf0\x9f\x98", "\\ufffd\\ufffd\\ufffd");
	string("\xc0\x80", "\\ufffd\\ufffd");
	string("\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd");
	string("\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd");
	string("\xff<\xff", "\\ufffd\\u003c\\ufffd");
}

static void
test_members(void)
{
	struct json_out	j;
	struct buf	b;

	buf_init(&b, 1000);
	json_out_init(&j, &b);
	json_out_begin_object(&j);
	json_out_member(&j, "a<", "b>");
	json_out_member_number(&j, "n", INT64_MIN);
	json_out_member_number(&j, "m", INT64_MAX);
	json_out_name(&j, "o");
	json_out_begin_object(&j);
	json_out_member(&j, "x", "");
	json_out_end_object(&j);
	json_out_member_raw(&j, "r", "[ 1.0 ]");
	json_out_end_object(&j);
	is_str(b.data, "{\"a\\u003c\":\"b\\u003e\","
	    "\"n\":-9223372036854775808,\"m\":9223372036854775807,"
	    "\"o\":{\"x\":\"\"},\"r\":[ 1.0 ]}");
	buf_clear(&b);
}

static void
test_arrays(void)
{
	struct json_out	j;
	struct buf	b;

	buf_init(&b, 1000);
	buf_adds(&b, "before:[");	/* what is there is not looked at */
	json_out_init(&j, &b);
	json_out_begin_array(&j);
	json_out_begin_array(&j);
	json_out_end_array(&j);
	json_out_begin_object(&j);
	json_out_end_object(&j);
	json_out_number(&j, -1);
	json_out_str(&j, "s");
	json_out_begin_object(&j);
	json_out_name(&j, "l");
	json_out_begin_array(&j);
	json_out_raw(&j, "null", 4);
	json_out_raw(&j, "true", 4);
	json_out_end_array(&j);
	json_out_member(&j, "m", "[");
	json_out_end_object(&j);
	json_out_end_array(&j);
	is_str(b.data, "before:[[[],{},-1,\"s\",{\"l\":[null,true],"
	    "\"m\":\"[\"}]");
	buf_clear(&b);
}

/* As deep as the writer counts, arrays and objects in turn. */
static void
test_deep(void)
{
	struct json_out	j;
	struct buf	b;
	char		want[400] = "";
	int		i;

	buf_init(&b, 1000);
	json_out_init(&j, &b);
	for (i = 0; i < 32; i++) {
		json_out_begin_array(&j);
		json_out_begin_object(&j);
		json_out_name(&j, "a");
		strcat(want, "[{\"a\":");
	}
	json_out_number(&j, 1);
	strcat(want, "1");
	for (i = 0; i < 32; i++) {
		json_out_end_object(&j);
		json_out_end_array(&j);
		strcat(want, "}]");
	}
	is_str(b.data, want);
	buf_clear(&b);
}

static void
test_pairs(void)
{
	struct json_out	j;
	struct pairs	p;
	struct buf	b;

	memset(&p, 0, sizeof(p));
	buf_init(&b, 1000);
	json_out_init(&j, &b);
	json_out_pairs(&j, &p);
	is_str(b.data, "{}");
	buf_reset(&b);
	pairs_set(&p, "b", "2");
	pairs_set(&p, "a.b", "&");
	pairs_set(&p, "\xc3\xa9", "e");
	pairs_set(&p, "B", "first");
	pairs_set(&p, "a", "1");
	pairs_set(&p, "a-b", "");
	pairs_set(&p, "B", "last");
	json_out_init(&j, &b);
	json_out_pairs(&j, &p);
	is_str(b.data, "{\"B\":\"last\",\"a\":\"1\",\"a-b\":\"\","
	    "\"a.b\":\"\\u0026\",\"b\":\"2\",\"\xc3\xa9\":\"e\"}");
	pairs_clear(&p);
	buf_clear(&b);
}

/* Whatever the ceiling: the buffer is full exactly if the text does not fit. */
static void
test_ceiling(void)
{
	static const char	want[] = "\"a\\u0001\\u2028\\ufffd\"";
	struct json_out		j;
	struct buf		b;
	size_t			max;

	for (max = 0; max < sizeof(want) + 2; max++) {
		buf_init(&b, max);
		json_out_init(&j, &b);
		json_out_string(&j, "a\x01\xe2\x80\xa8\xff", 6);
		ok(buf_is_full(&b) == (max < sizeof(want) - 1) &&
		    b.len <= max, "ceiling of %zu", max);
		buf_clear(&b);
	}
}

/* A caller that nests wrongly is stopped, in a process of its own. */
static void
test_asserts(void)
{
	struct json_out	j;
	struct buf	b;
	int		i, status;
	pid_t		pid;

	for (i = 0; i < 6; i++) {
		fflush(stdout);
		if ((pid = fork()) == 0) {
			close(STDERR_FILENO);
			buf_init(&b, 1000);
			json_out_init(&j, &b);
			if (i > 0)
				json_out_begin_object(&j);
			if (i == 0)
				json_out_name(&j, "a");
			else if (i == 1)
				json_out_str(&j, "a");
			else if (i == 2)
				json_out_end_array(&j);
			else if (i == 3) {
				json_out_name(&j, "a");
				json_out_name(&j, "b");
			} else if (i == 4) {
				json_out_name(&j, "a");
				json_out_end_object(&j);
			} else {
				json_out_end_object(&j);
				json_out_begin_object(&j);
			}
			_exit(0);
		}
		ok(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
		    WTERMSIG(status) == SIGABRT, "mistake %d", i);
	}
}

int
main(void)
{
	test_plain();
	test_escapes();
	test_broken();
	test_members();
	test_arrays();
	test_deep();
	test_pairs();
	test_ceiling();
	test_asserts();
	return tap_end();
}
