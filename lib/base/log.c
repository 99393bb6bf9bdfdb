/*
 * Messages for people.  A line is made in memory, with everything escaped that
 * could deceive its reader, and leaves in one write.
 */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/utf8.h"

/* Long enough for a struct err with its context, escaped. */
#define LOG_LINE_MAX	PIPE_BUF

static const char	*log_prog = "acedt";
static int		 log_lvl = LOG_LEVEL_WARN;

static const struct {
	const char	*name;
	int		 level;
} levels[] = {
	{ "error", LOG_LEVEL_ERROR },
	{ "warn", LOG_LEVEL_WARN },
	{ "warning", LOG_LEVEL_WARN },
	{ "info", LOG_LEVEL_INFO },
	{ "debug", LOG_LEVEL_DEBUG },
};

void
log_init(const char *name)
{
	log_prog = name;
}

const char *
log_name(void)
{
	return log_prog;
}

void
log_set_level(int level)
{
	log_lvl = level;
}

int
log_level(void)
{
	return log_lvl;
}

int
log_parse_level(const char *s, int *level)
{
	size_t	 i;
	char	*end;
	long	 n;

	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(levels[i].name, s) == 0) {
			*level = levels[i].level;
			return 0;
		}
	errno = 0;
	n = strtol(s, &end, 10);
	if (*s == '\0' || *end != '\0' || errno != 0 || n < -1000 || n > 1000)
		return -1;
	*level = (int)n;
	return 0;
}

static int
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

/*
 * Does a command to a CI service begin at text + at, which would read it out of
 * the log?  "##vso[", "##[", "##teamcity[" anywhere; "::error" where a word
 * begins, unless it can be an IPv6 address.
 */
static int
is_ci_command(const char *text, size_t at)
{
	const char	*s = text + at, *word = s + 2;
	size_t		 n = 0;

	if ((*s != '#' && *s != ':') || s[1] != *s)
		return 0;
	while (is_letter(word[n]))
		n++;
	if (*s == '#')
		return word[n] == '[';
	return (at == 0 || !isalnum((unsigned char)s[-1])) &&
	    n > strspn(word, "0123456789abcdefABCDEF");
}

/* One code point of n bytes, 0 if it is broken, as it may be shown. */
static void
escape_one(char *esc, size_t size, const unsigned char *s, size_t n,
    unsigned long c, int command)
{
	if (n == 0 || command || (c < 0x80 && c != '\n' && utf8_is_hidden(c)))
		snprintf(esc, size, "\\x%02x", *s);
	else if (c == '\n')
		snprintf(esc, size, "\\n");
	else if (utf8_is_hidden(c))
		snprintf(esc, size, c > 0xffff ? "\\U%08lx" : "\\u%04lx", c);
	else
		snprintf(esc, size, "%.*s", (int)n, (const char *)s);
}

void
log_escape(char *out, unsigned long size, const char *text)
{
	const unsigned char	*s = (const unsigned char *)text;
	size_t			 left = strlen(text), n, o = 0;
	char			 esc[24];
	unsigned long		 c;

	assert(size > 0);
	while (left > 0) {
		c = 0;
		n = utf8_decode(s, left, &c);
		escape_one(esc, sizeof(esc), s, n, c,
		    is_ci_command(text, (size_t)((const char *)s - text)));
		if (n == 0)
			n = 1;
		if (o + strlen(esc) >= size)
			break;
		memcpy(out + o, esc, strlen(esc));
		o += strlen(esc);
		s += n;
		left -= n;
	}
	out[o] = '\0';
}

static void	log_line(const char *, va_list)
		    __attribute__((format(printf, 1, 0)));

static void
log_line(const char *fmt, va_list ap)
{
	char	text[LOG_LINE_MAX], line[LOG_LINE_MAX];
	size_t	len, done = 0;
	ssize_t	n;

	vsnprintf(text, sizeof(text), fmt, ap);
	len = (size_t)snprintf(line, sizeof(line), "%s: ", log_prog);
	log_escape(line + len, sizeof(line) - len - 1, text);
	len = strlen(line);
	line[len++] = '\n';
	while (done < len) {
		n = write(STDERR_FILENO, line + done, len - done);
		if (n == -1 && errno != EINTR)
			return;		/* nowhere left to say it */
		if (n > 0)
			done += (size_t)n;
	}
}

#define LOG_AT(level)				\
	va_list	ap;				\
						\
	if (log_lvl < (level))			\
		return;				\
	va_start(ap, fmt);			\
	log_line(fmt, ap);			\
	va_end(ap)

void
log_error(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_ERROR);
}

void
log_warn(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_WARN);
}

void
log_info(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_INFO);
}

void
log_debug(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_DEBUG);
}

void
log_die(int status, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	log_line(fmt, ap);
	va_end(ap);
	exit(status);
}
