/*
 * Command lines: words to options and arguments.
 */
#include <assert.h>
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
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/program/cli.h"
#include "lib/registry/patience.h"
#include "lib/stream/events.h"

#define VERBOSITY_ENV	"ACE_DT_VERBOSITY"

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
	cli_usage_exit(c->program);
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
cli_init(struct cli *c, const struct cli_program *program, int argc,
    char **argv)
{
	const char	*env;
	int		 level;

	memset(c, 0, sizeof(*c));
	c->program = program;
	c->options = cli_options(program);
	c->argc = argc;
	c->argv = argv;
	c->next = 1;
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
cli_verbosity(const struct cli *c, const char *value)
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
cli_take(const struct cli *c, const struct cli_option *o, const char *text,
    const char **value)
{
	int	on = 1;

	if (c->passing)
		return 0;
	if (o->arg == CLI_NONE && text != NULL) {
		if ((on = parse_bool(text)) == -1)
			cli_usage(c, "--%s: \"%s\" is neither true nor false",
			    o->name, text);
		text = on ? NULL : "false";
	}
	switch (o->id) {
	case CLI_ID_HELP:
		if (on)
			cli_help(c->program);
		return 0;
	case CLI_ID_VERSION:
		if (on)
			cli_version();
		return 0;
	case CLI_ID_VERBOSITY:
		cli_verbosity(c, text);
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
cli_value(struct cli *c, const struct cli_option *o)
{
	int	level;

	assert(c->cluster == NULL);
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
	const char	**names, *near;
	char		 *name = xmemdup0(word, len);
	size_t		  i, n = 0;

	while (c->options[n].name != NULL)
		n++;
	names = xcalloc(n + 1, sizeof(*names));
	for (i = 0; i < n; i++)
		names[i] = c->options[i].name;
	near = cli_nearest(name, names);
	free(names);
	if (near != NULL)
		cli_usage(c, "unknown option --%s; did you mean --%s?", name,
		    near);
	cli_usage(c, "unknown option --%s", name);
}

/* The word without its "--". */
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
	if (o->name == NULL && c->passing)
		return 0;
	if (o->name == NULL)
		unknown_long(c, word, n);
	if (word[n] == '=')
		text = word + n + 1;
	else
		text = cli_value(c, o);
	if (o->arg == CLI_VALUE && text == NULL && !c->passing)
		cli_usage(c, "option --%s needs a value: --%s %s", o->name,
		    o->name, o->metavar);
	return cli_take(c, o, text, value);
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
	if (o->name == NULL && c->passing) {
		c->cluster = letter == '=' || c->cluster[1] == '\0' ? NULL :
		    c->cluster + 1;
		return 0;
	}
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
		text = cli_value(c, o);
	if (o->arg == CLI_VALUE && text == NULL && !c->passing)
		cli_usage(c, "option -%c needs a value: -%c %s", letter,
		    letter, o->metavar);
	return cli_take(c, o, text, value);
}

static void
cli_add_arg(struct cli *c, char *word)
{
	c->args = xreallocarray(c->args, c->nargs + 1, sizeof(*c->args));
	c->args[c->nargs++] = word;
}

static int
cli_has_more(const struct cli *c)
{
	return c->cluster != NULL || c->next < c->argc;
}

/* One step: a letter of a cluster, or a word.  An id as of cli_next(), or 0. */
static int
cli_step(struct cli *c, const char **value)
{
	char	*word;

	assert(cli_has_more(c));
	*value = NULL;
	if (c->cluster != NULL)
		return short_option(c, value);
	word = c->argv[c->next++];
	if (c->only_args || word[0] != '-' || word[1] == '\0')
		cli_add_arg(c, word);
	else if (strcmp(word, "--") == 0)
		c->only_args = 1;
	else if (word[1] == '-')
		return long_option(c, word + 2, value);
	else
		c->cluster = word + 1;
	return 0;
}

int
cli_next(struct cli *c, const char **value)
{
	int	id = 0;

	assert(!c->passing);
	*value = NULL;
	while (id == 0 && cli_has_more(c))
		id = cli_step(c, value);
	return id;
}

const char *
cli_word(struct cli *c)
{
	const char	*value;
	size_t		 n = c->nargs;

	c->passing = 1;
	while (c->nargs == n && cli_has_more(c))
		cli_step(c, &value);
	return c->nargs > n ? c->args[n] : NULL;
}

void
cli_clear(struct cli *c)
{
	free(c->options);
	free(c->args);
	c->options = NULL;
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
