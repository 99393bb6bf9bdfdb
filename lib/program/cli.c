#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/env.h"
#include "lib/base/exits.h"
#include "lib/base/io.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/program/cli.h"
#include "lib/registry/patience.h"
#include "lib/stream/events.h"
#include "lib/stream/stream.h"

#ifndef VERSION
#define VERSION	"unversioned"
#endif

#define VERBOSITY_ENV	"ACE_DT_VERBOSITY"

/* Names longer than this are nobody's typing error. */
#define NEAR_MAX	40
/* Options wider than this have their help on the next line. */
#define LEFT_MAX	34

/*
 * The words before the first option or argument in the usage line, which are
 * what has to be typed: "ace-dt mirror gather".
 */
static int
command_length(const char *usage)
{
	size_t	len = 0, n;

	for (;;) {
		n = strspn(usage + len, "abcdefghijklmnopqrstuvwxyz"
		    "0123456789-");
		if (n == 0 || usage[len] == '-')
			break;
		if (usage[len + n] != ' ' && usage[len + n] != '\0')
			break;
		len += n;
		if (usage[len] == '\0')
			return (int)len;
		len++;
	}
	return len > 0 ? (int)len - 1 : 0;
}

/* What follows a message about wrong usage. */
_Noreturn static void
usage_exit(const struct cli *c)
{
	const char	*command = c->usage;
	int		 len = command_length(command);

	if (len == 0) {
		command = log_name();
		len = (int)strlen(command);
	}
	fprintf(stderr, "usage: %s\ntry '%.*s --help'\n", c->usage, len,
	    command);
	exit(EXIT_USAGE_ERR);
}

void
cli_usage(const struct cli *c, const char *fmt, ...)
{
	char	*text;
	va_list	 ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) == -1)
		log_die(EXIT_STOPPED, "out of memory");
	va_end(ap);
	log_error("%s", text);
	free(text);
	usage_exit(c);
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters to change, add, leave out or swap with the next one. */
static size_t
distance(const char *a, const char *b)
{
	size_t	d[NEAR_MAX + 1][NEAR_MAX + 1];
	size_t	la = strlen(a), lb = strlen(b), i, j;

	for (i = 0; i <= la; i++)
		d[i][0] = i;
	for (j = 0; j <= lb; j++)
		d[0][j] = j;
	for (i = 1; i <= la; i++)
		for (j = 1; j <= lb; j++) {
			d[i][j] = least(d[i - 1][j], d[i][j - 1]) + 1;
			d[i][j] = least(d[i][j], d[i - 1][j - 1] +
			    (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	return d[la][lb];
}

/* The shortest candidate that begins with the word. */
static const char *
beginning_with(const char *word, const char *const *candidates)
{
	const char	*best = NULL;
	size_t		 len = strlen(word);

	for (; *candidates != NULL; candidates++)
		if (strncmp(*candidates, word, len) == 0 && (best == NULL ||
		    strlen(*candidates) < strlen(best)))
			best = *candidates;
	return best;
}

const char *
cli_nearest(const char *word, const char *const *candidates)
{
	const char	*best = NULL;
	size_t		 len = strlen(word), i, n, too_far;

	if (len == 0 || len > NEAR_MAX)
		return NULL;
	too_far = len / 3 + 1;
	if (len == 2)
		too_far = 2;
	for (i = 0; candidates[i] != NULL; i++) {
		if (strlen(candidates[i]) > NEAR_MAX)
			continue;
		n = distance(word, candidates[i]);
		if (n < too_far) {
			best = candidates[i];
			too_far = n;
		}
	}
	if (best == NULL && len >= 2)
		best = beginning_with(word, candidates);
	return best;
}

/* "  -p, --platforms PLATFORM" */
static char *
option_left(const struct cli_option *o)
{
	char	letter[] = "    ";

	if (o->letter != 0) {
		letter[0] = '-';
		letter[1] = o->letter;
		letter[2] = ',';
	}
	if (o->arg == CLI_OPTIONAL)
		return xasprintf("  %s--%s[=%s]", letter, o->name, o->metavar);
	return xasprintf("  %s--%s%s%s", letter, o->name,
	    o->arg == CLI_VALUE ? " " : "",
	    o->arg == CLI_VALUE ? o->metavar : "");
}

static size_t
left_width(const struct cli_option *o)
{
	size_t	 max = 0, n;
	char	*left;

	for (; o->name != NULL; o++) {
		left = option_left(o);
		n = strlen(left);
		if (n <= LEFT_MAX && n > max)
			max = n;
		free(left);
	}
	return max;
}

/* Text whose lines after the first one are indented as the first one is. */
static void
print_indented(const char *text, size_t indent)
{
	size_t	n;

	for (;;) {
		n = strcspn(text, "\n");
		printf("%.*s\n", (int)n, text);
		if (text[n] == '\0')
			return;
		text += n + 1;
		if (*text != '\0' && *text != '\n')
			printf("%*s", (int)indent, "");
	}
}

static void
print_options(const struct cli_option *o)
{
	size_t	 width = left_width(o);
	char	*left;

	for (; o->name != NULL; o++) {
		left = option_left(o);
		if (strlen(left) <= width)
			printf("%-*s  ", (int)width, left);
		else
			printf("%s\n%*s", left, (int)width + 2, "");
		print_indented(o->help, width + 2);
		free(left);
	}
}

/* Exit, with what was printed really written. */
_Noreturn static void
printed_exit(void)
{
	if (fflush(stdout) == EOF || ferror(stdout))
		io_stdout_failed();
	exit(EXIT_DONE);
}

_Noreturn void
cli_help(const struct cli *c)
{
	printf("Usage: ");
	print_indented(c->usage, strlen("Usage: "));
	if (c->about != NULL && *c->about != '\0') {
		printf("\n");
		print_indented(c->about, 0);
	}
	printf("\nOptions:\n");
	print_options(c->options);
	printed_exit();
}

_Noreturn void
cli_version(void)
{
	printf("%s %s (stream %d)\n", log_name(), VERSION, STREAM_VERSION);
	printed_exit();
}

/*
 * A list of levels, of which the last one counts: the Go program's option is
 * a list too.
 */
static int
parse_levels(const char *text, int *level)
{
	char	*word;
	size_t	 n;
	int	 rc;

	for (;;) {
		n = strcspn(text, ",");
		word = xmemdup0(text, n);
		rc = log_parse_level(word, level);
		free(word);
		if (rc == -1 || text[n] == '\0')
			return rc;
		text += n + 1;
	}
}

void
cli_init(struct cli *c, int argc, char **argv)
{
	const char	*env;
	int		 level;

	c->argc = argc;
	c->argv = argv;
	c->next = 1;
	c->cluster = NULL;
	c->only_args = 0;
	c->args = NULL;
	c->nargs = 0;
	if ((env = env_get(VERBOSITY_ENV)) == NULL)
		return;
	if (parse_levels(env, &level) == -1)
		log_die(EXIT_USAGE_ERR, "$" VERBOSITY_ENV ": \"%s\" is not a "
		    "level; use error, warn, info, debug or a number", env);
	log_set_level(level);
}

/* The next of the levels that have a name. */
static int
next_level(int level)
{
	static const int	levels[] = { LOG_LEVEL_ERROR, LOG_LEVEL_WARN,
				    LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
	size_t			i;

	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (levels[i] > level)
			return levels[i];
	return level;
}

static void
verbosity(const struct cli *c, const char *value)
{
	int	level = next_level(log_level());

	if (value != NULL && parse_levels(value, &level) == -1)
		cli_usage(c, "--verbosity: \"%s\" is not a level; use error, "
		    "warn, info, debug or a number", value);
	log_set_level(level);
}

long
cli_number(const struct cli *c, const char *option, const char *value,
    long min, long max)
{
	char	*end;
	long	 n;

	errno = 0;
	n = strtol(value, &end, 10);
	if (*value == '\0' || value[strspn(value, "0123456789")] != '\0' ||
	    errno != 0 || n < min || n > max)
		cli_usage(c, "%s: a number from %ld to %ld is expected, not "
		    "\"%s\"", option, min, max, value);
	return n;
}

static void
events_fd(const struct cli *c, const char *value)
{
	int	fd = (int)cli_number(c, "--events-fd", value, 0, INT_MAX);
	int	flags;

	if ((flags = fcntl(fd, F_GETFL)) == -1)
		cli_usage(c, "--events-fd: descriptor %d is not open", fd);
	if ((flags & O_ACCMODE) == O_RDONLY)
		cli_usage(c, "--events-fd: descriptor %d is not open for "
		    "writing", fd);
	/* The first three are for children too. */
	if (fd > STDERR_FILENO && fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
		cli_usage(c, "--events-fd: descriptor %d: %s", fd,
		    strerror(errno));
	events_init(fd);
}

/* As Go's strconv.ParseBool: 1, 0, or -1 if it is neither. */
static int
parse_bool(const char *s)
{
	static const char *const	words[] = {
		"0", "f", "F", "false", "FALSE", "False",
		"1", "t", "T", "true", "TRUE", "True",
	};
	size_t	i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], s) == 0)
			return i >= sizeof(words) / sizeof(words[0]) / 2;
	return -1;
}

/*
 * Act on an option that is complete.  Returns its id if it is the program's
 * business, else 0.
 */
static int
take(const struct cli *c, const struct cli_option *o, const char *text,
    const char **value)
{
	int	on = 1;

	if (o->arg == CLI_NONE && text != NULL) {
		if ((on = parse_bool(text)) == -1)
			cli_usage(c, "--%s: \"%s\" is neither true nor false",
			    o->name, text);
		text = on ? NULL : "false";
	}
	switch (o->id) {
	case CLI_ID_HELP:
		if (on)
			cli_help(c);
		return 0;
	case CLI_ID_VERSION:
		if (on)
			cli_version();
		return 0;
	case CLI_ID_VERBOSITY:
		verbosity(c, text);
		return 0;
	case CLI_ID_EVENTS:
		events_fd(c, text);
		return 0;
	default:
		*value = text;
		return o->id;
	}
}

/* The value that an option has in the next word, or NULL. */
static const char *
next_word(struct cli *c, const struct cli_option *o)
{
	int	level;

	if (o->arg == CLI_NONE || c->next >= c->argc)
		return NULL;
	/* The next word may well be an argument. */
	if (o->arg == CLI_OPTIONAL && (o->id != CLI_ID_VERBOSITY ||
	    parse_levels(c->argv[c->next], &level) == -1))
		return NULL;
	return c->argv[c->next++];
}

_Noreturn static void
unknown_long(const struct cli *c, const char *word, size_t len)
{
	const char	**names, *near = NULL;
	char		  name[NEAR_MAX + 1];
	size_t		  i, n = 0;

	while (c->options[n].name != NULL)
		n++;
	names = xcalloc(n + 1, sizeof(*names));
	for (i = 0; i < n; i++)
		names[i] = c->options[i].name;
	if (len < sizeof(name)) {
		memcpy(name, word, len);
		name[len] = '\0';
		near = cli_nearest(name, names);
	}
	free(names);
	if (near != NULL)
		cli_usage(c, "unknown option --%s; did you mean --%s?", name,
		    near);
	cli_usage(c, "unknown option --%.*s", (int)len, word);
}

/* word is behind the "--". */
static int
long_option(struct cli *c, const char *word, const char **value)
{
	const struct cli_option	*o;
	const char		*text = NULL;
	size_t			 n;

	n = strcspn(word, "=");
	for (o = c->options; o->name != NULL; o++)
		if (strlen(o->name) == n && memcmp(o->name, word, n) == 0)
			break;
	if (o->name == NULL)
		unknown_long(c, word, n);
	if (word[n] == '=')
		text = word + n + 1;
	else
		text = next_word(c, o);
	if (o->arg == CLI_VALUE && text == NULL)
		cli_usage(c, "option --%s needs a value: --%s %s", o->name,
		    o->name, o->metavar);
	return take(c, o, text, value);
}

/* Is the rest of a cluster the value of an option without "="? */
static int
rest_is_value(const struct cli_option *o, const char *rest)
{
	int	level;

	if (o->arg == CLI_OPTIONAL && o->id == CLI_ID_VERBOSITY)
		return parse_levels(rest, &level) == 0;
	return o->arg == CLI_VALUE;
}

/* The next letter of the cluster. */
static int
short_option(struct cli *c, const char **value)
{
	const struct cli_option	*o;
	const char		*text = NULL, *rest;
	char			 letter = *c->cluster;

	for (o = c->options; o->name != NULL; o++)
		if (o->letter == letter)
			break;
	if (o->name == NULL && strlen(c->argv[c->next - 1]) > 2)
		cli_usage(c, "unknown option -%c in \"%s\"", letter,
		    c->argv[c->next - 1]);
	if (o->name == NULL)
		cli_usage(c, "unknown option -%c", letter);
	rest = c->cluster + 1;
	c->cluster = NULL;
	if (*rest == '=')
		text = rest + 1;
	else if (*rest != '\0' && rest_is_value(o, rest))
		text = rest;
	else if (*rest != '\0')
		c->cluster = rest;
	else
		text = next_word(c, o);
	if (o->arg == CLI_VALUE && text == NULL)
		cli_usage(c, "option -%c needs a value: -%c %s", letter,
		    letter, o->metavar);
	return take(c, o, text, value);
}

static void
add_arg(struct cli *c, char *word)
{
	c->args = xreallocarray(c->args, c->nargs + 1, sizeof(*c->args));
	c->args[c->nargs++] = word;
}

int
cli_next(struct cli *c, const char **value)
{
	char	*word;
	int	 id = 0;

	*value = NULL;
	while (id == 0) {
		if (c->cluster != NULL) {
			id = short_option(c, value);
			continue;
		}
		if (c->next >= c->argc)
			return 0;
		word = c->argv[c->next++];
		if (c->only_args || word[0] != '-' || word[1] == '\0') {
			add_arg(c, word);
		} else if (strcmp(word, "--") == 0) {
			c->only_args = 1;
		} else if (word[1] == '-') {
			id = long_option(c, word + 2, value);
		} else {
			c->cluster = word + 1;
		}
	}
	return id;
}

void
cli_clear(struct cli *c)
{
	free(c->args);
	c->args = NULL;
	c->nargs = 0;
}

int
cli_patience(const struct cli *cli, int id, const char *value,
    struct patience *p)
{
	switch (id) {
	case CLI_ID_RETRIES:
		p->given = 1;
		p->retries = (int)cli_number(cli, "--retries", value, 0,
		    HTTP_RETRIES_MAX);
		return 1;
	case CLI_ID_RETRY_TIME:
		p->retry_ms = 1000 * cli_number(cli, "--retry-max-time", value,
		    0, HTTP_SECONDS_MAX);
		return 1;
	case CLI_ID_STALL_TIME:
		p->stall_seconds = (int)cli_number(cli, "--stall-time", value,
		    1, HTTP_SECONDS_MAX);
		return 1;
	}
	return 0;
}
