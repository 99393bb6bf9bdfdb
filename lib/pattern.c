#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "lib/errmsg.h"
#include "lib/limits.h"
#include "lib/pattern.h"

#define DEPTH_MAX	32		/* groups in groups */

/* A group that is open, or the whole pattern. */
struct group {
	size_t	length;
	int	branch_empty;		/* may this branch match nothing? */
	int	empty;			/* may one before it? */
};

/*
 * glibc writes repetitions out when it compiles: a+ becomes aa*, and a{9} nine
 * of them, groups and all, so that a short text can mean gigabytes.  This adds
 * up how long the pattern becomes.  Repeating what may match nothing, as in
 * (a*)*, takes it the longest, and means nothing more than (a)* does.
 */
struct reading {
	struct group	groups[DEPTH_MAX];
	int		depth;
	size_t		last;		/* length of what may be repeated */
	int		last_empty;	/* may that match nothing? */
};

/* What came last is in its place: nothing will repeat it any more. */
static void
settle(struct reading *r)
{
	r->groups[r->depth].branch_empty &= r->last_empty;
	r->last = 0;
	r->last_empty = 1;
}

static int
add(struct reading *r, size_t n, int empty)
{
	settle(r);
	r->last = n;
	r->last_empty = empty;
	r->groups[r->depth].length += n;
	return r->groups[r->depth].length > PATTERN_LENGTH_MAX ? -1 : 0;
}

/* What came last stands there so many times, or is not there. */
static int
repeat(struct reading *r, size_t times, int or_none)
{
	size_t	*length = &r->groups[r->depth].length;

	if (r->last_empty || times > PATTERN_LENGTH_MAX)
		return -1;
	*length += r->last * times - r->last;
	r->last *= times;
	r->last_empty = or_none;
	return *length > PATTERN_LENGTH_MAX ? -1 : 0;
}

static void
open_group(struct reading *r)
{
	r->groups[r->depth].length = 0;
	r->groups[r->depth].branch_empty = 1;
	r->groups[r->depth].empty = 0;
	r->last = 0;
	r->last_empty = 1;
}

static void
end_branch(struct reading *r)
{
	settle(r);
	r->groups[r->depth].empty |= r->groups[r->depth].branch_empty;
	r->groups[r->depth].branch_empty = 1;
}

static int
close_group(struct reading *r)
{
	const struct group	*g = &r->groups[r->depth];

	if (r->depth == 0)
		return add(r, 1, 0);	/* a parenthesis */
	end_branch(r);
	r->depth--;
	return add(r, g->length + 1, g->empty);
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

/* {2}, {2,} or {2,5}: *s ends on the "}". */
static int
read_times(struct reading *r, const char **s)
{
	unsigned long	least, most;
	char		*end;

	least = most = strtoul(*s + 1, &end, 10);
	if (*end == ',')
		/* {2,} is three: the last one with a star. */
		most = isdigit((unsigned char)end[1]) ?
		    strtoul(end + 1, &end, 10) : least + 1;
	*s += strcspn(*s, "}");
	if (**s == '\0')
		--*s;
	return repeat(r, most > least ? most : least, least == 0);
}

/* -1 if it becomes too long, is nested too deep, or repeats nothing. */
static int
measure(const char *s)
{
	struct reading	r;
	int		rc = 0;

	r.depth = 0;
	open_group(&r);
	for (; *s != '\0' && rc == 0; s++)
		switch (*s) {
		case '(':
			settle(&r);
			if (++r.depth == DEPTH_MAX)
				return -1;
			open_group(&r);
			break;
		case ')':
			rc = close_group(&r);
			break;
		case '|':
			end_branch(&r);
			break;
		case '*':
		case '?':
			rc = repeat(&r, 1, 1);
			break;
		case '+':
			rc = repeat(&r, 2, 0);
			break;
		case '{':
			rc = read_times(&r, &s);
			break;
		case '[':
			s = skip_brackets(s) - 1;
			rc = add(&r, 1, 0);
			break;
		case '\\':
			if (s[1] != '\0')
				s++;
			rc = add(&r, 1, strchr("bB<>`'", *s) != NULL);
			break;
		case '^':
		case '$':
			rc = add(&r, 1, 1);
			break;
		default:
			rc = add(&r, 1, 0);
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
		    "written out it has more than %d places, or what is "
		    "repeated may be empty", text, PATTERN_LENGTH_MAX);
	if (regcomp(&re, text, REG_EXTENDED) != 0)
		return err_set(err, ERR_USAGE, "\"%.200s\" is no regular "
		    "expression", text);
	regfree(&re);
	return 0;
}
