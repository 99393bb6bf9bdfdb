#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/pairs.h"
#include "lib/program/sources.h"
#include "lib/text/gojson.h"
#include "test/unit/tap.h"

static void
string_n(const char *s, size_t len, const char *want)
{
	struct buf	b;

	buf_init(&b, 1000);
	is_int(gojson_string(&b, s, len), 0);
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
	struct buf	b;

	buf_init(&b, 1000);
	is_int(buf_addc(&b, '{'), 0);
	is_int(gojson_member(&b, "a<", "b>"), 0);
	is_int(gojson_number(&b, "n", INT64_MIN), 0);
	is_int(gojson_number(&b, "m", INT64_MAX), 0);
	is_int(gojson_name(&b, "o"), 0);
	is_int(buf_addc(&b, '{'), 0);
	is_int(gojson_member(&b, "x", ""), 0);
	is_int(buf_adds(&b, "}}"), 0);
	is_str(b.data, "{\"a\\u003c\":\"b\\u003e\","
	    "\"n\":-9223372036854775808,\"m\":9223372036854775807,"
	    "\"o\":{\"x\":\"\"}}");
	buf_clear(&b);
}

static void
test_pairs(void)
{
	struct pairs	p;
	struct buf	b;

	memset(&p, 0, sizeof(p));
	buf_init(&b, 1000);
	is_int(gojson_pairs(&b, &p), 0);
	is_str(b.data, "{}");
	buf_reset(&b);
	pairs_set(&p, "b", "2");
	pairs_set(&p, "a.b", "&");
	pairs_set(&p, "\xc3\xa9", "e");
	pairs_set(&p, "B", "first");
	pairs_set(&p, "a", "1");
	pairs_set(&p, "a-b", "");
	pairs_set(&p, "B", "last");
	is_int(gojson_pairs(&b, &p), 0);
	is_str(b.data, "{\"B\":\"last\",\"a\":\"1\",\"a-b\":\"\","
	    "\"a.b\":\"\\u0026\",\"b\":\"2\",\"\xc3\xa9\":\"e\"}");
	pairs_clear(&p);
	buf_clear(&b);
}

/* Whatever the ceiling: -1 exactly if the text does not fit. */
static void
test_ceiling(void)
{
	static const char	want[] = "\"a\\u0001\\u2028\\ufffd\"";
	struct buf		b;
	size_t			max;
	int			rc;

	for (max = 0; max < sizeof(want) + 2; max++) {
		buf_init(&b, max);
		rc = gojson_string(&b, "a\x01\xe2\x80\xa8\xff", 6);
		ok(rc == (max < sizeof(want) - 1 ? -1 : 0) && b.len <= max,
		    "ceiling of %zu", max);
		buf_clear(&b);
	}
}

int
main(void)
{
	test_plain();
	test_escapes();
	test_broken();
	test_members();
	test_pairs();
	test_ceiling();
	return tap_end();
}
