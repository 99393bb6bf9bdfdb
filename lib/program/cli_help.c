/*
 * What a command line is answered with: help, usage, the version, and the name
 * that was probably meant.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/exits.h"
#include "lib/base/io.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/program/cli.h"
#include "lib/stream/stream.h"

#ifndef VERSION
#define VERSION	"unversioned"
#endif

/* Longer names are not compared: nobody mistypes them. */
#define NEAR_MAX	40
/* Options wider than this have their help on the next line. */
#define LEFT_MAX	30
#define HELP_COLUMNS	80
#define HELP_BYTES_MAX	65536

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

/*
 * The length of a piece that is not broken: a word, with those after it from
 * which it must not be parted.  These are the rest of what is in brackets,
 * options, and what comes after "<".
 */
static size_t
piece_length(const char *text)
{
	size_t	n;
	int	depth = 0;

	for (n = 0; text[n] != '\0'; n++) {
		depth += text[n] == '[';
		depth -= text[n] == ']';
		if (text[n] == ' ' && depth <= 0 && text[n + 1] != '-' &&
		    (n == 0 || text[n - 1] != '<'))
			break;
	}
	return n;
}

/* Text from a column on; all its lines begin there. */
static void
add_filled(struct buf *b, const char *text, size_t column)
{
	size_t	n, at = column;

	while (*text != '\0') {
		n = piece_length(text);
		if (at > column && at + 1 + n > HELP_COLUMNS) {
			buf_addf(b, "\n%*s", (int)column, "");
			at = column;
		} else if (at > column) {
			buf_addc(b, ' ');
			at++;
		}
		buf_add(b, text, n);
		at += n;
		text += n;
		text += strspn(text, " ");
	}
	buf_addc(b, '\n');
}

static void
add_options(struct buf *b, const struct cli_option *o)
{
	size_t	 width = left_width(o);
	char	*left;

	for (; o->name != NULL; o++) {
		left = option_left(o);
		if (strlen(left) <= width)
			buf_addf(b, "%-*s  ", (int)width, left);
		else
			buf_addf(b, "%s\n%*s", left, (int)width + 2, "");
		add_filled(b, o->help, width + 2);
		free(left);
	}
}

/* Write to standard output, and exit. */
_Noreturn static void
print_and_exit(const struct buf *b)
{
	assert(!buf_is_full(b));
	if (fwrite(b->data, 1, b->len, stdout) != b->len ||
	    fflush(stdout) == EOF || ferror(stdout))
		io_stdout_failed();
	exit(EXIT_DONE);
}

_Noreturn void
cli_help(const struct cli_program *program)
{
	struct buf	b;

	buf_init(&b, HELP_BYTES_MAX);
	buf_adds(&b, "Usage: ");
	add_filled(&b, program->usage, strlen("Usage: "));
	if (*program->about != '\0')
		buf_addf(&b, "\n%s\n", program->about);
	buf_adds(&b, "\nOptions:\n");
	add_options(&b, cli_options(program));
	print_and_exit(&b);
}

_Noreturn void
cli_version(void)
{
	struct buf	b;

	buf_init(&b, HELP_BYTES_MAX);
	buf_addf(&b, "%s %s (stream %d)\n", log_name(), VERSION,
	    STREAM_VERSION);
	print_and_exit(&b);
}

_Noreturn void
cli_usage_exit(const struct cli_program *program)
{
	const char	*command = program->usage;
	int		 len = command_length(command);
	struct buf	 b;

	if (len == 0) {
		command = log_name();
		len = (int)strlen(command);
	}
	buf_init(&b, HELP_BYTES_MAX);
	buf_adds(&b, "usage: ");
	add_filled(&b, program->usage, strlen("usage: "));
	buf_addf(&b, "try '%.*s --help'\n", len, command);
	io_write_full(STDERR_FILENO, b.data, b.len);
	exit(EXIT_USAGE_ERR);
}
