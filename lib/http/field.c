/* The values of header fields: numbers, ranges, links. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/xalloc.h"
#include "lib/http/field.h"

#define BLANKS	" \t"

/* A number of digits up to INT64_MAX, *end after them; -1 if there is none. */
static int64_t
digits(const char *v, const char **end)
{
	char	*after;
	int64_t	 n;

	if (!isdigit((unsigned char)*v))
		return -1;
	errno = 0;
	n = strtoll(v, &after, 10);
	*end = after;
	return errno == 0 ? n : -1;
}

int64_t
field_bytes(const char *v)
{
	const char	*end;
	int64_t		 n = digits(v, &end);

	return n != -1 && *end == '\0' ? n : -1;
}

int64_t
field_range_from(const char *v)
{
	const char	*end;
	int64_t		 n;

	if (strncasecmp(v, "bytes ", 6) != 0)
		return -1;
	v += 6;
	n = digits(v + strspn(v, BLANKS), &end);
	return n != -1 && *end == '-' ? n : -1;
}

int64_t
field_upload_bytes(const char *v)
{
	int64_t	last;

	if (strncasecmp(v, "bytes=", 6) == 0)
		v += 6;
	if (strncmp(v, "0-", 2) != 0)
		return 0;
	last = field_bytes(v + 2);
	return last > 0 && last < INT64_MAX ? last + 1 : 0;
}

/* Is word one of the words of a parameter's value of n bytes? */
static int
has_word(const char *v, size_t n, const char *word)
{
	const char	*end = v + n;
	size_t		 len;

	while (v < end) {
		len = strcspn(v, BLANKS "\"");
		if (len > (size_t)(end - v))
			len = (size_t)(end - v);
		if (len == strlen(word) && strncasecmp(v, word, len) == 0)
			return 1;
		v += len + 1;
	}
	return 0;
}

/* Bytes of a value: up to its closing quote, or a token. */
static size_t
parameter_length(const char *v, int quoted)
{
	size_t	n = 0;

	if (!quoted)
		return strcspn(v, ";," BLANKS);
	while (v[n] != '\0' && v[n] != '"')
		n += v[n] == '\\' && v[n + 1] != '\0' ? 2 : 1;
	return n;
}

/* Pass over one parameter, which begins with ";". */
static const char *
read_parameter(const char *v, int *next)
{
	const char	*name;
	size_t		 n, len;
	int		 quoted;

	name = v + 1 + strspn(v + 1, BLANKS);
	n = strcspn(name, "=;," BLANKS);
	v = name + n;
	v += strspn(v, BLANKS);
	if (*v != '=')
		return v;
	v += 1 + strspn(v + 1, BLANKS);
	if ((quoted = *v == '"'))
		v++;
	len = parameter_length(v, quoted);
	if (n == 3 && strncasecmp(name, "rel", 3) == 0 &&
	    has_word(v, len, "next"))
		*next = 1;
	v += len;
	if (quoted && *v == '"')
		v++;
	return v + strspn(v, BLANKS);
}

char *
field_link_next(const char *v)
{
	const char	*target;
	size_t		 n;
	int		 next;

	while ((target = strchr(v, '<')) != NULL) {
		n = strcspn(++target, ">");
		if (target[n] == '\0')
			return NULL;
		v = target + n + 1;
		v += strspn(v, BLANKS);
		for (next = 0; *v == ';';)
			v = read_parameter(v, &next);
		if (next)
			return xmemdup0(target, n);
	}
	return NULL;
}
