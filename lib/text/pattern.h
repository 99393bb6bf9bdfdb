#ifndef ACEDT_PATTERN_H
#define ACEDT_PATTERN_H

#include <stddef.h>

struct err;

/*
 * Regular expressions of the configuration, in the syntax of PCRE2, which has
 * all of Go's: pcre2pattern(3).  Compiling and matching are bounded in time and
 * memory by limits of lib/base/limits.h.
 */

/* Can it be compiled?  0, or -1 with *err filled, class ERR_USAGE. */
int	pattern_check(const char *pattern, struct err *);

/*
 * Replace every match in the subject as Go's Regexp.ReplaceAllString() does: in
 * the replacement $1, ${1}, $name and ${name} are what a group matched, $$ is a
 * dollar sign.  1 with *result filled, which the caller frees; 0 if nothing
 * matches; -1 with *err filled if matching takes too long or the result is
 * longer than max bytes.
 */
int	pattern_replace(const char *pattern, const char *replacement,
	    const char *subject, size_t max, char **result, struct err *);

#endif
