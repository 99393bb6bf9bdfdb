/*
 * Regular expressions of the configuration, by PCRE2: compiled, matched and
 * replaced within limits.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/text/pattern.h"

#define GROUP_NAME_MAX	64		/* bytes of $name, with its NUL */

/* A compiled pattern, and what matching it needs. */
struct pattern {
	pcre2_code		*code;
	pcre2_match_context	*limits;
	pcre2_match_data	*match;
};

static void
pattern_free(struct pattern *p)
{
	pcre2_match_data_free(p->match);
	pcre2_match_context_free(p->limits);
	pcre2_code_free(p->code);
}

static int
pattern_compile(struct pattern *p, const char *text, struct err *err)
{
	pcre2_compile_context	*context;
	PCRE2_UCHAR		 why[128];
	PCRE2_SIZE		 at = 0;
	int			 code = 0;

	memset(p, 0, sizeof(*p));
	if ((context = pcre2_compile_context_create(NULL)) == NULL)
		abort();		/* out of memory */
	pcre2_set_max_pattern_length(context, PATTERN_LENGTH_MAX);
	pcre2_set_parens_nest_limit(context, PATTERN_DEPTH_MAX);
	/* As in Go, "$" is the end of the text only. */
	p->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
	    PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C,
	    &code, &at, context);
	pcre2_compile_context_free(context);
	if (p->code == NULL) {
		pcre2_get_error_message(code, why, sizeof(why));
		return err_set(err, ERR_USAGE, "\"%.200s\" is not a valid "
		    "regular expression: %s at its character %zu", text,
		    (const char *)why, (size_t)at + 1);
	}
	p->match = pcre2_match_data_create_from_pattern(p->code, NULL);
	p->limits = pcre2_match_context_create(NULL);
	if (p->match == NULL || p->limits == NULL)
		abort();		/* out of memory */
	pcre2_set_match_limit(p->limits, PATTERN_STEPS_MAX);
	pcre2_set_heap_limit(p->limits, PATTERN_HEAP_MAX / 1024);
	return 0;
}

int
pattern_check(const char *text, struct err *err)
{
	struct pattern	p;

	if (pattern_compile(&p, text, err) == -1)
		return -1;
	pattern_free(&p);
	return 0;
}

/* The group of a name or number of n bytes; -1 if there is none. */
static int
find_group(const struct pattern *p, const char *name, size_t n)
{
	char	text[GROUP_NAME_MAX];
	size_t	i, number = 0;

	if (n >= sizeof(text))
		return -1;
	memcpy(text, name, n);
	text[n] = '\0';
	for (i = 0; i < n && isdigit((unsigned char)text[i]); i++)
		if ((number = number * 10 + (size_t)(text[i] - '0')) > 65535)
			return -1;
	if (i == n)
		return (int)number;
	return pcre2_substring_number_from_name(p->code, (PCRE2_SPTR)text);
}

/* Add what group matched; one that does not exist or match adds nothing. */
static int
add_group(struct buf *out, const struct pattern *p, int group,
    const char *subject)
{
	const PCRE2_SIZE	*at = pcre2_get_ovector_pointer(p->match);
	uint32_t		 n = pcre2_get_ovector_count(p->match);
	size_t			 i = 2 * (size_t)group;

	if (group < 0 || (uint32_t)group >= n || at[i] == PCRE2_UNSET)
		return 0;
	return buf_add(out, subject + at[i], at[i + 1] - at[i]);
}

/* Add what the text after a "$" means; *s ends after that. */
static int
add_reference(struct buf *out, const struct pattern *p, const char **s,
    const char *subject)
{
	const char	*name = *s;
	int		 brace = *name == '{';
	size_t		 n;

	if (*name == '$') {
		++*s;
		return buf_addc(out, '$');
	}
	name += brace;
	for (n = 0; isalnum((unsigned char)name[n]) || name[n] == '_'; n++)
		;
	if (n == 0 || (brace && name[n] != '}'))
		return buf_addc(out, '$');
	*s = name + n + brace;
	return add_group(out, p, find_group(p, name, n), subject);
}

static int
add_replacement(struct buf *out, const struct pattern *p, const char *s,
    const char *subject)
{
	int	rc = 0;

	while (*s != '\0' && rc == 0) {
		if (*s++ == '$')
			rc = add_reference(out, p, &s, subject);
		else
			rc = buf_addc(out, s[-1]);
	}
	return rc;
}

/* Bytes of the UTF-8 character at s, which is not at the end. */
static size_t
character_length(const char *s)
{
	size_t	n = 1;

	while (((unsigned char)s[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/*
 * All matches from the first byte on.  An empty match right after another match
 * is passed over, as Go does.  1, 0, or a negative error of PCRE2; -1 in *full
 * if the result is too long.
 */
static int
replace_all(struct pattern *p, const char *replacement, const char *subject,
    struct buf *out, int *full)
{
	const PCRE2_SIZE	*at = pcre2_get_ovector_pointer(p->match);
	size_t			 len = strlen(subject), last = 0, from = 0;
	int			 rc, some = 0;

	while (from <= len && *full == 0) {
		rc = pcre2_match(p->code, (PCRE2_SPTR)subject, len, from, 0,
		    p->match, p->limits);
		if (rc == PCRE2_ERROR_NOMATCH)
			break;
		if (rc < 0)
			return rc;
		/* \K in a lookahead can make a match end before it begins. */
		if (at[0] > at[1] || at[0] < last)
			return PCRE2_ERROR_BADOFFSET;
		some = 1;
		*full = buf_add(out, subject + last, at[0] - last);
		if (*full == 0 && (at[1] > last || at[0] == 0))
			*full = add_replacement(out, p, replacement, subject);
		last = at[1];
		if (at[1] > from)
			from = at[1];
		else
			from += from < len ?
			    character_length(subject + from) : 1;
	}
	if (*full == 0)
		*full = buf_add(out, subject + last, len - last);
	return some;
}

int
pattern_replace(const char *pattern, const char *replacement,
    const char *subject, size_t max, char **result, struct err *err)
{
	struct pattern	p;
	struct buf	out;
	PCRE2_UCHAR	why[128];
	int		rc, full = 0;

	*result = NULL;
	if (pattern_compile(&p, pattern, err) == -1)
		return -1;
	buf_init(&out, max);
	buf_adds(&out, "");
	rc = replace_all(&p, replacement, subject, &out, &full);
	pattern_free(&p);
	if (rc < 0) {
		pcre2_get_error_message(rc, why, sizeof(why));
		err_set(err, ERR_LIMIT, "\"%.200s\" cannot be matched: %s "
		    "(write a simpler pattern)", pattern, (const char *)why);
		rc = -1;
	} else if (full != 0) {
		rc = err_set(err, ERR_LIMIT, "\"%.200s\" makes more than %zu "
		    "bytes", pattern, max);
	}
	if (rc == 1)
		*result = buf_detach(&out);
	buf_clear(&out);
	return rc;
}
