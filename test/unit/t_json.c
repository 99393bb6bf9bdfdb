#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/text/json.h"
#include "test/unit/tap.h"

static const struct json_limits	plain = { 1000, 20, JSON_PLAIN };
static const struct json_limits	manifest = { 1000, 20, JSON_MANIFEST };

/*
 * Checked in memory of exactly its size, so that a sanitizer sees a read
 * behind the end.
 */
static int
check(const char *s, size_t len, const struct json_limits *lim,
    struct err *err)
{
	char	*copy = malloc(len > 0 ? len : 1);
	int	 rc;

	memcpy(copy, s, len);
	rc = json_check(copy, len, lim, err);
	free(copy);
	return rc;
}

static void
good_n(const char *s, size_t len, const struct json_limits *lim)
{
	struct err	err = ERR_INIT;
	jv		v;

	ok(check(s, len, lim, &err) == 0, "accepted: %s %s", s, err.msg);
	if (ok(json_parse(s, len, lim, &v, &err) == 0, "parsed: %s %s", s,
	    err.msg))
		jv_free(v);
}

static void
bad_n(const char *s, size_t len, const struct json_limits *lim,
    const char *want)
{
	struct err	err = ERR_INIT;
	jv		v;

	ok(check(s, len, lim, &err) == -1, "refused: %s", s);
	ok(strstr(err.msg, want) != NULL, "says %s: %s", want, err.msg);
	is_str(err_class_name(err.cls), "content");
	is_int(json_parse(s, len, lim, &v, &err), -1);
}

#define good(s)		good_n((s), sizeof(s) - 1, &plain)
#define bad(s, want)	bad_n((s), sizeof(s) - 1, &plain, (want))
#define good_doc(s)	good_n((s), sizeof(s) - 1, &manifest)
#define bad_doc(s, want) bad_n((s), sizeof(s) - 1, &manifest, (want))

static void
test_values(void)
{
	good("null");
	good("true");
	good("false");
	good("\"\"");
	good("[]");
	good("{}");
	good(" \t\r\n{ \t\r\n} \t\r\n");
	good("[ ]");
	good("[1,[2,{\"a\":[]}],\"x\" , null ]");
	good("{\"a\":1,\"b\":{\"c\":[{},{}]}}");
	good("{\"a\":1,\"a\":2}");
	good("{\"\":0}");
	bad("", "end of text at byte 0");
	bad("  ", "end of text at byte 2");
	bad("tru", "unexpected character");
	bad("truex", "more than one value");
	bad("TRUE", "unexpected");
	bad("nul", "unexpected");
	bad("nan", "unexpected");
	bad("NaN", "unexpected");
	bad("Infinity", "unexpected");
	bad("-Infinity", "unexpected");
	bad("undefined", "unexpected");
	bad("'a'", "unexpected");
	bad("a", "unexpected");
	bad("1 2", "more than one value at byte 2");
	bad("{}{}", "more than one value");
	bad("{}]", "more than one value");
	bad("null\0", "more than one value");
	bad("\0", "unexpected");
	bad("\f1", "unexpected");
	bad("\xc2\xa0" "1", "unexpected");
	bad("// x\n1", "unexpected");
	bad("1 /* x */", "more than one value");
}

static void
test_nesting(void)
{
	bad("[", "end of text");
	bad("[1", "end of text");
	bad("[1,", "end of text");
	bad("[1,]", "unexpected character at byte 3");
	bad("[,1]", "unexpected");
	bad("[1 2]", "no comma");
	bad("[1}", "no comma");
	bad("]", "unexpected");
	bad("{", "no member name");
	bad("{\"a\"", "no colon");
	bad("{\"a\" 1}", "no colon");
	bad("{\"a\":", "end of text");
	bad("{\"a\":1", "end of text");
	bad("{\"a\":1,", "no member name");
	bad("{\"a\":1,}", "no member name");
	bad("{,}", "no member name");
	bad("{a:1}", "no member name");
	bad("{'a':1}", "no member name");
	bad("{1:1}", "no member name");
	bad("{null:1}", "no member name");
	bad("{\"a\":1]", "no comma");
	bad("{\"a\":1 \"b\":2}", "no comma");
	bad("{\"a\":}", "unexpected");
	bad("{\"a\"::1}", "unexpected");
	bad("{\"a", "without an end");
	bad("[[[]]", "end of text");
}

static void
test_numbers(void)
{
	good("0");
	good("-0");
	good("0.0");
	good("-1.5e+10");
	good("1E-2");
	good("1e5");
	good("123456789012345678901234567890");
	good("1e999");
	good("0e0");
	bad("01", "leading zero");
	bad("-01", "leading zero");
	bad("00", "leading zero");
	bad("-", "unexpected");
	bad("+1", "unexpected");
	bad(".5", "unexpected");
	bad("-.5", "unexpected");
	bad("1.", "broken number");
	bad("1.e1", "broken number");
	bad("1e", "broken number");
	bad("1e+", "broken number");
	bad("1E-x", "broken number");
	bad("1.5.5", "more than one");
	bad("0x10", "more than one");
	bad("1_0", "more than one");
	bad("[1-1]", "no comma");
}

static void
test_strings(void)
{
	static const char	esc[] = "\"\\/bfnrtu";
	struct err		err = ERR_INIT;
	char			text[8];
	int			c, want;

	for (c = 0; c < 256; c++) {
		text[0] = text[3] = '"';
		text[1] = '\\';
		text[2] = (char)c;
		want = c != 0 && c != 'u' && c != '"' &&
		    strchr(esc, c) != NULL ? 0 : -1;
		/* "\"" is one that lost its end. */
		if (check(text, 4, &plain, &err) !=
		    (c == '"' ? 0 : want))
			ok(0, "escape of character %d", c);
		text[1] = (char)c;
		text[2] = '"';
		want = c >= 0x20 && c < 0x80 && c != '"' && c != '\\' ? 0 : -1;
		if (check(text, 3, &plain, &err) != want)
			ok(0, "character %d", c);
	}
	good("\"\\u0041\\u00e9\\uABCD\\ud83d\\ude00\\u0000\"");
	/* Half of a pair is no character; the other half alone becomes one. */
	is_int(check("\"\\ud800\"", 8, &plain, &err), -1);
	is_int(check("\"\\ud800\\u0041\"", 14, &plain, &err), -1);
	is_int(check("\"\\udc00\"", 8, &plain, &err), 0);
	is_int(check("\"\\udc00x\"", 9, &plain, &err), 0);
	good("\"\x7f\"");
	bad("\"", "without an end");
	bad("\"a", "without an end");
	bad("\"a\\", "without an end");
	bad("\"a\\\"", "without an end");
	bad("\"\\u", "broken \\u");
	bad("\"\\u12", "broken \\u");
	bad("\"\\u123\"", "broken \\u");
	bad("\"\\u12g4\"", "broken \\u");
	bad("\"\\U0041\"", "unknown escape");
	bad("\"\\x41\"", "unknown escape");
	bad("\"\\'\"", "unknown escape");
	bad("\"a\nb\"", "control character");
	bad("\"a\tb\"", "control character");
	bad("\"a\0b\"", "control character");
}

static void
test_utf8(void)
{
	good("\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\"");
	good("\"\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"");
	good("\"\xef\xbb\xbf\"");
	bad("\xef\xbb\xbf{}", "unexpected character at byte 0");
	bad("\xff\xfe{\0}\0", "unexpected");
	bad("\"\x80\"", "broken UTF-8 at byte 1");
	bad("\"\xff\"", "broken UTF-8");
	bad("\"\xc0\x80\"", "broken UTF-8");
	bad("\"\xc1\xbf\"", "broken UTF-8");
	bad("\"\xe0\x9f\xbf\"", "broken UTF-8");
	bad("\"\xf0\x8f\xbf\xbf\"", "broken UTF-8");
	bad("\"\xed\xa0\x80\"", "broken UTF-8");
	bad("\"\xed\xbf\xbf\"", "broken UTF-8");
	bad("\"\xf4\x90\x80\x80\"", "broken UTF-8");
	bad("\"\xf5\x80\x80\x80\"", "broken UTF-8");
	bad("\"\xc3\"", "broken UTF-8");
	bad("\"\xe2\x82\"", "broken UTF-8");
	bad("\"\xf0\x9f\x98", "broken UTF-8");
	bad("{\"\xff\":1}", "broken UTF-8");
}

static void
limit(const char *s, size_t values, int depth, const char *want)
{
	struct json_limits	lim = { 0, 0, JSON_PLAIN };
	struct err		err = ERR_INIT;
	int			rc;

	lim.values = values;
	lim.depth = depth;
	rc = check(s, strlen(s), &lim, &err);
	if (want == NULL) {
		ok(rc == 0, "%s: %s", s, err.msg);
		return;
	}
	is_int(rc, -1);
	is_str(err_class_name(err.cls), "limit");
	ok(strstr(err.msg, want) != NULL, "says %s: %s", want, err.msg);
}

static void
test_limits(void)
{
	char	deep[2001];
	size_t	i;

	limit("1", 1, 0, NULL);
	limit("[]", 1, 1, NULL);
	limit("[]", 1, 0, "deeper than 0");
	limit("[[[]]]", 3, 3, NULL);
	limit("[[[]]]", 3, 2, "deeper than 2");
	limit("{\"a\":{\"b\":[]}}", 9, 2, "deeper than 2");
	limit("[[],[],[]]", 4, 2, NULL);
	limit("[[],[],[]]", 3, 2, "more than 3 values");
	limit("{\"a\":1,\"b\":2}", 3, 1, NULL);
	limit("{\"a\":1,\"b\":2}", 2, 1, "more than 2 values");
	for (i = 0; i < 1000; i++) {
		deep[i] = '[';
		deep[1000 + i] = ']';
	}
	deep[2000] = '\0';
	limit(deep, 5000, 100, "deeper than 100");
	deep[1101] = '\0';
	limit(deep + 899, 5000, 100, "deeper than 100");
	deep[1100] = '\0';
	limit(deep + 900, 5000, 100, NULL);
	/* No more than libjq takes, whatever is asked for. */
	deep[1100] = deep[1101] = ']';
	limit(deep, 5000, 1 << 20, "deeper");
}

#define D	"{\"mediaType\":\"x\",\"digest\":\"y\",\"size\":1}"

static void
test_duplicates(void)
{
	good_doc("{\"config\":" D ",\"layers\":[" D "," D "]}");
	good_doc("{\"x\":1,\"x\":2,\"X\":3}");
	good_doc("{\"x\":{\"digest\":1,\"Digest\":2,\"digest\":3}}");
	good_doc("{\"annotations\":{\"size\":\"\",\"Size\":\"\",\"a\":\"\","
	    "\"a\":\"\"}}");
	good_doc("{\"annotations\":{\"\\u0061\":\"\"}}");
	good_doc("{\"digest\":1,\"Digest\":2}");
	good_doc("{\"config\":{\"layers\":1,\"Layers\":2}}");
	good_doc("{\"layers\":{\"digest\":1,\"digest\":2}}");
	good_doc("[{\"layers\":1,\"layers\":2}]");
	good_doc("{\"medi\xc3\xa9Type\":1}");
	bad_doc("{\"layers\":[],\"layers\":[]}", "\"layers\" stands twice");
	bad_doc("{\"layers\":[],\"x\":0,\"layers\":[]}", "stands twice");
	bad_doc("{\"Layers\":[]}", "differs from \"layers\" only in case");
	bad_doc("{\"mediatype\":\"\"}", "\"mediaType\"");
	bad_doc("{\"SchemaVersion\":2}", "\"schemaVersion\"");
	bad_doc("{\"artifacttype\":2}", "\"artifactType\"");
	bad_doc("{\"Subject\":2}", "only in case");
	bad_doc("{\"BLOBS\":2}", "only in case");
	bad_doc("{\"manifests\":1,\"manifests\":1}", "twice");
	bad_doc("{\"annotations\":1,\"annotations\":1}", "twice");
	bad_doc("{\"config\":{\"digest\":1,\"digest\":1}}", "twice");
	bad_doc("{\"subject\":{\"Size\":1}}", "only in case");
	bad_doc("{\"layers\":[" D ",{\"data\":1,\"data\":1}]}", "twice");
	bad_doc("{\"blobs\":[{\"URLs\":1}]}", "only in case");
	bad_doc("{\"manifests\":[{\"platform\":{\"os\":1,\"os\":1}}]}",
	    "\"os\" stands twice");
	bad_doc("{\"manifests\":[{\"platform\":{\"OS\":1}}]}", "only in case");
	bad_doc("{\"manifests\":[{\"platform\":{\"os.Version\":1}}]}",
	    "only in case");
	bad_doc("{\"manifests\":[{\"artifacttype\":1}]}", "only in case");
	bad_doc("{\"config\":{\"platform\":{\"Variant\":1}}}", "only in case");
	bad_doc("{\"l\\u0061yers\":[]}", "ambiguous");
	bad_doc("{\"x\\n\":1}", "ambiguous");
	bad_doc("{\"layer\xc5\xbf\":1}", "ambiguous");
	bad_doc("{\"\xe2\x84\xaa\":1}", "ambiguous");
	bad_doc("{\"config\":{\"di\\u0067est\":1}}", "ambiguous");
}

static void
test_members(void)
{
	static const char	text[] = "{\"s\":\"a\\u00e9b\",\"e\":\"\","
	    "\"nul\":\"a\\u0000b\",\"n\":1,\"z\":null,\"o\":{},\"f\":1.5,"
	    "\"neg\":-1,\"m0\":-0,\"max\":9007199254740991,"
	    "\"over\":9007199254740992,\"huge\":1e999,\"big\":1e18,"
	    "\"e2\":1e2,\"str\":\"1\",\"long\":123456789012345678901234}";
	static const char *const none[] = { "f", "neg", "over", "huge", "big",
	    "str", "long", "z", "o", "missing", NULL };
	struct err		err = ERR_INIT;
	int64_t			n;
	size_t			i;
	char			*s;
	jv			v, w;

	if (!ok(json_parse(text, sizeof(text) - 1, &plain, &v, &err) == 0,
	    "parsed: %s", err.msg))
		return;
	s = json_str(v, "s");
	is_str(s, "a\xc3\xa9" "b");
	free(s);
	s = json_str(v, "e");
	is_str(s, "");
	free(s);
	ok(json_str(v, "nul") == NULL, "a string with a NUL");
	ok(json_str(v, "n") == NULL, "a number is no string");
	ok(json_str(v, "z") == NULL, "null is no string");
	ok(json_str(v, "missing") == NULL, "no member, no string");
	is_int(json_int(v, "n", &n), 1);
	is_int(n, 1);
	is_int(json_int(v, "m0", &n), 1);
	is_int(n, 0);
	is_int(json_int(v, "e2", &n), 1);
	is_int(n, 100);
	is_int(json_int(v, "max", &n), 1);
	is_int(n, 9007199254740991LL);
	for (n = 7, i = 0; none[i] != NULL; i++)
		ok(json_int(v, none[i], &n) == 0 && n == 7, "%s is no size",
		    none[i]);
	is_int(json_has(v, "z"), 1);
	is_int(json_has(v, "missing"), 0);
	w = json_get(v, "o");
	is_int(jv_get_kind(w) == JV_KIND_OBJECT, 1);
	is_int(json_has(w, "o"), 0);
	jv_free(w);
	jv_free(v);
	v = jv_array();
	is_int(json_has(v, "a"), 0);
	ok(json_str(v, "a") == NULL, "an array has no members");
	is_int(json_int(v, "a", &n), 0);
	jv_free(v);
}

int
main(void)
{
	test_values();
	test_nesting();
	test_numbers();
	test_strings();
	test_utf8();
	test_limits();
	test_duplicates();
	test_members();
	return tap_end();
}
