#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/text/csv.h"
#include "test/unit/tap.h"

/*
 * All that is read, as one text: "LINE[field|field]" for a record,
 * "!LINE:COLUMN" for an error.
 */
static void
reads(const char *data, size_t len, int comments, const char *want)
{
	struct csv	c;
	struct err	err = ERR_INIT;
	struct buf	b;
	size_t		i;
	int		rc;

	buf_init(&b, 1000000);
	buf_adds(&b, "");
	csv_init(&c, data, len, comments);
	while ((rc = csv_next(&c, &err)) != 0) {
		if (rc == -1) {
			buf_addf(&b, "!%lu:%lu", c.err_line, c.err_column);
			continue;
		}
		buf_addf(&b, "%lu[", c.record_line);
		for (i = 0; i < c.nfields; i++)
			buf_addf(&b, "%s%s", i > 0 ? "|" : "", c.fields[i]);
		buf_adds(&b, "]");
	}
	is_int(csv_next(&c, &err), 0);
	csv_clear(&c);
	is_str(b.data, want);
	buf_clear(&b);
}

#define LIST(data, want)  reads((data), sizeof(data) - 1, 1, (want))
#define ARG(data, want)   reads((data), sizeof(data) - 1, 0, (want))

static void
test_plain(void)
{
	LIST("", "");
	LIST("\n", "");
	LIST("\n\n\r\n", "");
	LIST("a", "1[a]");
	LIST("a\n", "1[a]");
	LIST("a\r\n", "1[a]");
	LIST("a\r", "1[a]");
	LIST("\r", "");
	LIST("a\nb", "1[a]2[b]");
	LIST("a\r\nb\r", "1[a]2[b]");
	LIST("\n\na\n\nb\n", "3[a]5[b]");
	LIST("a,b,c", "1[a|b|c]");
	LIST("a,", "1[a|]");
	LIST(",", "1[|]");
	LIST(",a\n", "1[|a]");
	LIST("a,,b", "1[a||b]");
	LIST("a\rb\n", "1[a\rb]");
	LIST("a\r\r\n", "1[a\r]");
	LIST("a b ,c d ", "1[a b |c d ]");
	LIST("  a,\tb,\xc2\xa0" "c,\xe3\x80\x80" "d", "1[a|b|c|d]");
	LIST("a,  \n", "1[a|]");
	LIST("a\xff,\xc2\n", "1[a\xff|\xc2]");
}

static void
test_comments(void)
{
	LIST("#a\nb", "2[b]");
	LIST("#", "");
	LIST("# \"open\nb", "2[b]");
	LIST(" \t# a\nb", "2[b]");
	LIST("\xc2\xa0#a\nb", "2[b]");
	LIST("a#b\n", "1[a#b]");
	LIST("a,#b", "1[a|#b]");
	LIST("a, #b", "1[a|#b]");
	LIST("\"#a\"", "1[#a]");
	LIST("\"a\n#b\n\"\nc", "1[a\n#b\n]4[c]");
	LIST(" \n\t\n\xe2\x80\x83\r\na", "4[a]");
	ARG("#a,b", "1[#a|b]");
	ARG(" a, b", "1[a|b]");
	ARG(" ", "1[]");
	ARG("\n\n", "");
	ARG("a\nb", "1[a]2[b]");
}

static void
test_quotes(void)
{
	LIST("\"a\"", "1[a]");
	LIST("\"a\",\"b=c\"", "1[a|b=c]");
	LIST("\"\"", "1[]");
	LIST("\"\",", "1[|]");
	LIST("\"a,b\",c", "1[a,b|c]");
	LIST("\"a\"\"b\"", "1[a\"b]");
	LIST("\"\"\"\"", "1[\"]");
	LIST("\"a\nb\",c\nd", "1[a\nb|c]3[d]");
	LIST("\"a\r\nb\"\r\n", "1[a\nb]");
	LIST("\"a\r\"\n", "1[a\r]");
	LIST("\"a\"\r", "1[a]");
	LIST("\"\n\n\"\nb", "1[\n\n]4[b]");
	LIST("  \"a\"", "1[a]");
	LIST("\" a \"", "1[ a ]");
	LIST("x,\"a\n\",y\nz", "1[x|a\n|y]3[z]");
}

static void
test_errors(void)
{
	LIST("a\"b\nc", "!1:2" "2[c]");
	LIST("ok,a\"b\"\nc", "!1:5" "2[c]");
	LIST("ok,  a\"\nc", "!1:7" "2[c]");
	LIST("\"a\"b\nc", "!1:3" "2[c]");
	LIST("\"a\" ,b\nc", "!1:3" "2[c]");
	LIST("\"a\nb\"c\nd", "!2:2" "3[d]");
	LIST("\"a\"\"\nb", "!1:1" "2[b]");
	LIST("a\nb,\"x\nc\nd\n", "1[a]!2:3" "3[c]4[d]");
	LIST("\"", "!1:1");
	LIST("\"a", "!1:1");
	LIST("\"\n", "!1:1");
	LIST("\"a\rb", "!1:1");
	LIST("\n\"\n\"\"\n", "!2:1" "3[]");
	ARG("a,\"b", "!1:3");
}

static void
test_nul(void)
{
	LIST("a\0b\nc", "!1:2" "2[c]");
	LIST("\0\nc", "!1:1" "2[c]");
	LIST("#a\0b\nc", "!1:3" "2[c]");
	LIST("\"a\n\0\"\nc", "!2:1" "3[c]");
	LIST("a\n\"b\0\"\n", "1[a]!2:3");
}

/* A record of n bytes in lines of width bytes. */
static void
long_record(size_t n, size_t width, const char *want)
{
	struct csv	 c;
	struct err	 err = ERR_INIT;
	struct buf	 b;
	size_t		 i;
	char		 got[100];
	int		 rc;

	buf_init(&b, n + 100);
	for (i = 0; i < n; i++)
		buf_addc(&b, i == 0 || i == n - 1 ? '"' :
		    i % width == width - 1 ? '\n' : 'x');
	buf_adds(&b, "\nlast");
	csv_init(&c, b.data, b.len, 1);
	rc = csv_next(&c, &err);
	snprintf(got, sizeof(got), "%d %lu %lu", rc,
	    rc == 1 ? c.record_line : c.err_line, c.err_column);
	is_str(got, want);
	if (rc == -1) {
		ok(strstr(err.msg, "65536") != NULL, "the limit is named");
		is_str(err_class_name(err.cls), "limit");
	}
	while ((rc = csv_next(&c, &err)) != 0)
		if (rc == 1 && strcmp(c.fields[0], "last") == 0)
			break;
	is_int(rc, 1);
	csv_clear(&c);
	buf_clear(&b);
}

static void
test_limit(void)
{
	long_record(LIST_RECORD_MAX, LIST_RECORD_MAX * 2, "1 1 0");
	long_record(LIST_RECORD_MAX + 1, LIST_RECORD_MAX * 2, "-1 1 0");
	long_record(LIST_RECORD_MAX, 100, "1 1 0");
	long_record(LIST_RECORD_MAX + 1, 100, "-1 1 0");
	long_record(10 * 1000 * 1000, 50 * 1000 * 1000, "-1 1 0");
}

static void
test_messages(void)
{
	struct csv	c;
	struct err	err = ERR_INIT;

	csv_init(&c, "a\"", 2, 1);
	is_int(csv_next(&c, &err), -1);
	is_int((long long)c.nfields, 0);
	is_str(err_class_name(err.cls), "usage");
	ok(strstr(err.msg, "does not begin with one") != NULL, "bare quote");
	csv_clear(&c);
	csv_init(&c, "\"a\"b", 4, 1);
	is_int(csv_next(&c, &err), -1);
	ok(strstr(err.msg, "closing quote") != NULL, "text behind");
	csv_clear(&c);
	csv_init(&c, "\"a", 2, 1);
	is_int(csv_next(&c, &err), -1);
	ok(strstr(err.msg, "not closed") != NULL, "not closed");
	csv_clear(&c);
	csv_init(&c, "a,b\nc", 5, 1);
	is_int(csv_next(&c, &err), 1);
	is_int((long long)c.nfields, 2);
	csv_clear(&c);
	ok(c.fields == NULL && c.nfields == 0, "given up halfway");
	is_int((long long)csv_blank("", 0), 0);
	is_int((long long)csv_blank(" ", 1), 1);
	is_int((long long)csv_blank("a", 1), 0);
	is_int((long long)csv_blank("\xc2\x85", 2), 2);
	is_int((long long)csv_blank("\xc2\x85", 1), 0);
	is_int((long long)csv_blank("\xe2\x80\x8b", 3), 0);
	is_int((long long)csv_blank("\xe2\x80\xa8", 3), 3);
}

/* Every text of five characters from those that matter: it must end. */
static void
test_all_short(void)
{
	static const char	set[] = "a\"\n\r, #";
	struct csv		c;
	struct err		err = ERR_INIT;
	char			text[5];
	unsigned long		i, n, calls, lines = 0;
	size_t			j;
	int			good = 1;

	for (i = 0; i < 16807; i++) {
		for (j = 0, n = i; j < sizeof(text); j++, n /= 7)
			text[j] = set[n % 7];
		csv_init(&c, text, sizeof(text), i & 1);
		for (calls = 0; csv_next(&c, &err) != 0; calls++)
			if (calls > sizeof(text))
				break;
		if (calls > sizeof(text) || c.line > sizeof(text) + 1)
			good = 0;
		lines += calls;
		csv_clear(&c);
	}
	ok(good, "ends, with a sensible line number");
	ok(lines > 0, "%lu records", lines);
}

int
main(void)
{
	test_plain();
	test_comments();
	test_quotes();
	test_errors();
	test_nul();
	test_limit();
	test_messages();
	test_all_short();
	return tap_end();
}
