#include <stdio.h>
#include <string.h>

#include "lib/errmsg.h"
#include "lib/pattern.h"
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

/* times copies of a piece between a head and a tail. */
static void
many(const char *head, const char *piece, int times, const char *tail,
    const char *why)
{
	char	text[4096];
	size_t	n;

	n = (size_t)snprintf(text, sizeof(text), "%s", head);
	while (times-- > 0)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", piece);
	snprintf(text + n, sizeof(text) - n, "%s", tail);
	if (why == NULL)
		good(text);
	else
		bad(text, why);
}

int
main(void)
{
	good("");
	good("^library/(.*)");
	good("([a-z0-9]{1,63}/){1,5}[[:alnum:]_.-]+");
	good("a\\.b|[]^]x{2,}$");
	good("[[=a=](+*]{3}");
	bad("(", "no regular expression");
	bad("a{x", "no regular expression");
	bad("a[", "no regular expression");
	bad("a[[:alpha:", "no regular expression");
	bad("\\d", "not known");
	bad("(.)\\1", "not known");

	good("^(library/)?(.*)$");
	good("(a|b*c)*");
	good("(a?b)+|");
	good(")+");
	bad("(a*)*", "may be empty");
	bad("(a?b*)+", "may be empty");
	bad("(a|b*)+", "may be empty");
	bad("(a|){3}", "may be empty");
	bad("()*", "may be empty");
	bad("((a{0,3}))+", "may be empty");
	bad("(\\<|^)*a", "may be empty");
	bad("a**", "may be empty");
	bad("a|*", "may be empty");

	many("a", "+", 8, "", NULL);
	many("a", "+", 40, "", "repeats too much");
	many("", "(", 20, "x", "no regular expression");
	many("", "((((a+)+)+)+)", 3, "", NULL);
	bad("(((((((((((a+)+)+)+)+)+)+)+)+)+)+)+", "repeats too much");
	bad("((a{255}){255}){255}", "repeats too much");
	bad("a{99999999999999999999}", "repeats too much");
	bad("(a{0,32767}){2}", "repeats too much");
	many("", "[^])+]", 300, "", NULL);
	many("", "abcdefghij", 199, "", NULL);
	many("", "abcdefghij", 201, "", "repeats too much");
	many("", "(", 40, "", "repeats too much");
	return tap_end();
}
