#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "lib/errmsg.h"
#include "lib/limits.h"
#include "lib/pattern.h"

#define DEPTH_MAX	32		/* groups in groups */

/*
 * glibc writes repetitions out when it compiles: a+ becomes aa*, and a{9} nine
 * of them, groups and all, so that a short text can mean gigabytes.  This adds
 * up how long the pattern becomes.
 */
struct length {
	size_t	all[DEPTH_MAX];		/* of each open group */
	size_t	last;			/* of what a repetition would repeat */
	int	depth;
};

static int
add(struct length *l, size_t n)
{
	l->last = n;
	l->all[l->depth] += n;
	return l->all[l->depth] > PATTERN_LENGTH_MAX ? -1 : 0;
}

/* What came last stands there so many times. */
static int
repeat(struct length *l, size_t times)
{
	size_t	one = l->last;

	if (times > PATTERN_LENGTH_MAX)
		return -1;
	l->all[l->depth] -= one;
	return add(l, one * times);
}

/* Behind a bracket expression, whose "[" is at s. */
static const char *
skip_brackets(const char *s)
{
	const char	*end;
	char		 kind;

	s += s[1] == '^' ? 2 : 1;
	if (*s == ']')
		s++;
	while (*s != '\0' && *s != ']') {
		kind = s[1];
		if (*s == '[' && (kind == ':' || kind == '.' || kind == '=')) {
			for (end = s + 2; *end != '\0' && (*end != kind ||
			    end[1] != ']'); end++)
				;
			s = *end != '\0' ? end + 1 : end - 1;
		}
		s++;
	}
	return *s == ']' ? s + 1 : s;
}

/* {2}, {2,} or {2,5}: the larger number; *s ends on the "}". */
static size_t
read_times(const char **s)
{
	unsigned long	n = 0, least = 0;
	char		*end;

	least = n = strtoul(*s + 1, &end, 10);
	if (*end == ',' && isdigit((unsigned char)end[1]))
		n = strtoul(end + 1, &end, 10);
	*s += strcspn(*s, "}");
	if (**s == '\0')
		--*s;
	n = n > least ? n : least;
	/* {2,} is three: the last one with a star. */
	return n >= PATTERN_LENGTH_MAX ? n : n + 1;
}

/* -1 if it becomes too long, or is nested too deep. */
static int
measure(const char *s)
{
	struct length	l;
	int		rc = 0;

	memset(&l, 0, sizeof(l));
	for (; *s != '\0' && rc == 0; s++)
		switch (*s) {
		case '(':
			if (++l.depth == DEPTH_MAX)
				return -1;
			l.all[l.depth] = l.last = 0;
			break;
		case ')':
			if (l.depth > 0) {
				l.depth--;
				rc = add(&l, l.all[l.depth + 1] + 1);
			}
			break;
		case '+':
			rc = repeat(&l, 2);
			break;
		case '{':
			rc = repeat(&l, read_times(&s));
			break;
		case '[':
			s = skip_brackets(s) - 1;
			rc = add(&l, 1);
			break;
		case '\\':
			if (s[1] != '\0')
				s++;
			rc = add(&l, 1);
			break;
		default:
			rc = add(&l, 1);
			break;
		case '*':
		case '?':
			break;
		}
	return rc;
}

int
pattern_check(const char *text, struct err *err)
{
	const char	*p;
	regex_t		 re;

	/* glibc takes \\d for a d, without a word. */
	for (p = text; (p = strchr(p, '\\')) != NULL && p[1] != '\0'; p += 2)
		if (isalnum((unsigned char)p[1]) &&
		    strchr("wWsSbB", p[1]) == NULL)
			return err_set(err, ERR_USAGE, "\\%c is not known in "
			    "extended regular expressions; write a class "
			    "such as [0-9]", p[1]);
	if (measure(text) == -1)
		return err_set(err, ERR_USAGE, "\"%.200s\" repeats too much: "
		    "written out it has more than %d places", text,
		    PATTERN_LENGTH_MAX);
	if (regcomp(&re, text, REG_EXTENDED) != 0)
		return err_set(err, ERR_USAGE, "\"%.200s\" is no regular "
		    "expression", text);
	regfree(&re);
	return 0;
}
