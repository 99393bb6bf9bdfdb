#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/utf8.h"

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

/* Code points that change how the rest of a line is shown. */
static int
steers_terminal(unsigned long c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) ||
	    c == 0x061c || (c >= 0x200e && c <= 0x200f) ||
	    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
	    c == 0xfeff;
}

void
log_escape(char *out, unsigned long size, const char *text)
{
	const unsigned char	*s = (const unsigned char *)text;
	size_t			 left = strlen(text), n, o = 0;
	char			 esc[24];
	unsigned long		 c;

	while (left > 0) {
		n = utf8_decode(s, left, &c);
		if (n == 0) {
			snprintf(esc, sizeof(esc), "\\x%02x", *s);
			n = 1;
		} else if (c == '\n') {
			snprintf(esc, sizeof(esc), "\\n");
		} else if (c < 0x80 && steers_terminal(c)) {
			snprintf(esc, sizeof(esc), "\\x%02x", (unsigned int)c);
		} else if (steers_terminal(c)) {
			snprintf(esc, sizeof(esc), "\\u%04x", (unsigned int)c);
		} else {
			memcpy(esc, s, n);
			esc[n] = '\0';
		}
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
