/*
 * Patterns of the configuration: what is accepted, and replacing as Go does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/text/pattern.h"
#include "test/unit/tap.h"

static void
good(const char *text)
{
	struct err	err = ERR_INIT;

	ok(pattern_check(text, &err) == 0, "%.40s: %s", text, err.msg);
}

static void
bad(const char *text, const char *why)
{
	struct err	err = ERR_INIT;

	ok(pattern_check(text, &err) == -1 && err.cls == ERR_USAGE &&
	    strstr(err.msg, why) != NULL, "%.40s: %s", text, err.msg);
}

/* A pattern of n times a piece between a head and a tail. */
static char *
many(const char *head, const char *piece, int times, const char *tail)
{
	static char	text[4096];
	size_t		n;

	n = (size_t)snprintf(text, sizeof(text), "%s", head);
	while (times-- > 0)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", piece);
	snprintf(text + n, sizeof(text) - n, "%s", tail);
	return text;
}

/* expected NULL: nothing matches. */
static void
replaces(const char *pattern, const char *replacement, const char *subject,
    const char *expected)
{
	struct err	 err = ERR_INIT;
	char		*s;
	int		 rc;

	rc = pattern_replace(pattern, replacement, subject, 255, &s, &err);
	is_int(rc, expected != NULL);
	if (expected != NULL)
		is_str(s, expected);
	free(s);
}

/* The results are those of Go's Regexp.ReplaceAllString(). */
static void
test_replace(void)
{
	replaces("^library/(.*)", "hub/$1", "library/a/b", "hub/a/b");
	replaces("^library/", "x", "other/library/a", NULL);
	replaces("a|ab", "[$0]", "abc", "[a]bc");
	replaces("b+", "x", "abbcb", "axcx");
	replaces("a*", "x", "baaac", "xbxcx");
	replaces("a*", "x", "", "x");
	replaces("", "-", "abc", "-a-b-c-");
	replaces("", "-", "\xc3\xa4", "-\xc3\xa4-");
	replaces("^", "x/", "aaa", "x/aaa");
	replaces("$", "/x", "aaa", "aaa/x");
	replaces("(?i)LIB", "x", "lib/Lib", "x/x");
	replaces("\\d+", "n", "a12b3", "anbn");
	replaces("(a)|(b)", "<$1$2>", "ab", "<a><b>");
	replaces("(?P<first>\\w+)/(\\w+)", "$2/${first}", "one/two", "two/one");
	replaces("(a)", "$1x", "a", "");
	replaces("(a)", "${1}x", "a", "ax");
	replaces("a", "$$1", "a", "$1");
	replaces("a", "$", "a", "$");
	replaces("a", "${", "a", "${");
	replaces("a", "${0", "a", "${0");
	replaces("a", "$9$70000$none", "a", "");
}

static void
test_limits(void)
{
	struct err	 err = ERR_INIT;
	char		 name[256], *s;

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	is_int(pattern_replace("(a|aa)+[bc]", "x", name, 255, &s, &err), -1);
	is_int(err.cls, ERR_LIMIT);
	ok(strstr(err.msg, "match limit exceeded") != NULL, "%s", err.msg);
	err = (struct err)ERR_INIT;
	is_int(pattern_replace("$", "x", name, 255, &s, &err), -1);
	is_int(err.cls, ERR_LIMIT);
	ok(strstr(err.msg, "more than 255 bytes") != NULL, "%s", err.msg);
	is_int(pattern_replace("a", "b", name, 255, &s, &err), 1);
	is_int((long long)strlen(s), 255);
	free(s);
}

int
main(void)
{
	good("");
	good("^library/(.*)");
	good("([a-z0-9]{1,63}/){1,5}[[:alnum:]_.-]+");
	good("a\\.b|[]^]x{2,}$");
	good("\\d+(?i)x(?P<name>y)");
	good("^(library/)?(.*)$");
	good("(a*)*");
	bad("(", "missing closing parenthesis at its character 2");
	bad("a[", "missing terminating ]");
	bad("a**+*", "does not follow a repeatable item");
	bad("(?x", "not a valid regular expression");
	bad("\\C", "\\C is disabled");
	bad("\xff", "UTF-8");
	bad("a{99999999999}", "too big");
	bad("((a{255}){255}){255}", "too large");
	good(many("", "abcdefghij", PATTERN_LENGTH_MAX / 10, ""));
	bad(many("", "abcdefghij", PATTERN_LENGTH_MAX / 10, "x"), "longer than the limit");
	bad(many("", "(", PATTERN_DEPTH_MAX + 1, "a"), "too deeply nested");
	test_replace();
	test_limits();
	return tap_end();
}
