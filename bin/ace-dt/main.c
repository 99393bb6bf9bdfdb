/*
 * ace-dt: the commands that people type.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bin/ace-dt/command.h"
#include "lib/base/exits.h"
#include "lib/base/io.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/program/cli.h"
#include "lib/program/setup.h"

#define PROG	"ace-dt"

static const struct cli_option options[] = {
	CLI_CONFIG,
	CLI_HELP,
	{ 1, 'r', "recursive", CLI_NONE, NULL,
	    "copy the referrers too: signatures, attestations, SBOMs" },
	CLI_VERBOSITY,
	CLI_VERSION,
	CLI_END
};

static const char	root_about[] =
    "Carry container images over an air gap.\n\n"
    "Commands:\n"
    "  mirror gather   copy every image of a list into one repository and\n"
    "                  publish an index of them\n"
    "  check-access    ask the registries of a list whether they can be read,\n"
    "                  and that of an image whether it may be written\n"
    "  config          show the configuration in effect\n"
    "  help COMMAND    more about a command\n"
    "  version         show the version\n\n"
    "The command is made of small programs, which can be piped by hand:\n"
    "acedt-resolve, acedt-fetch, acedt-filter, acedt-push, acedt-index.\n"
    "acedt(7) is the way in, ace-dt(1) the manual.";

static const char	mirror_about[] =
    "Commands about many images at once.\n\n"
    "Commands:\n"
    "  gather   copy every image of a list into one repository and publish\n"
    "           an index of them";

/* Descriptors that our caller left open are not for the stages. */
static void
close_on_exec_from(unsigned int fd)
{
#ifdef SYS_close_range
	if (syscall(SYS_close_range, fd, ~0U, 4U /* CLOEXEC */) == 0)
		return;
#endif
	for (; fd < 1024; fd++)
		fcntl((int)fd, F_SETFD, FD_CLOEXEC);
}

static _Noreturn void
group_help(const char *usage, const char *about)
{
	struct cli	cli = { .usage = usage, .about = about,
			    .options = options };

	cli_help(&cli);
}

/* Is the word behind this option its value?  As cli_next() has it. */
static int
takes_next(const char *option, const char *word)
{
	int	level;

	if (strcmp(option, "--config") == 0)
		return 1;
	if (strcmp(option, "--verbosity") != 0 && (option[1] == '-' ||
	    option[strlen(option) - 1] != 'v'))
		return 0;
	return word != NULL && log_parse_level(word, &level) == 0;
}

/* The first argument after from that is no option, or argc. */
static int
next_word(int argc, char **argv, int from)
{
	for (from++; from < argc && argv[from][0] == '-'; from++)
		if (takes_next(argv[from], argv[from + 1]))
			from++;
	return from < argc ? from : argc;
}

/* Words that are no command; options are read for their effect. */
static _Noreturn void
no_command(int argc, char **argv, const char *usage, const char *about,
    size_t level, const char *const *commands)
{
	struct cli	 cli = { .usage = usage, .about = about,
			    .options = options };
	const char	*value, *near;

	cli_init(&cli, argc, argv);
	while (cli_next(&cli, &value) != 0)
		;
	if (cli.nargs <= level)
		cli_usage(&cli, "a command is needed: %s", commands[0]);
	near = cli_nearest(cli.args[level], commands);
	if (near != NULL)
		cli_usage(&cli, "unknown command %s; did you mean %s?",
		    cli.args[level], near);
	cli_usage(&cli, "unknown command %s", cli.args[level]);
}

static const struct command {
	const char	*group, *name;	/* group is NULL for most */
	int		(*run)(int, char **);
	void		(*help)(void);
} commands[] = {
	{ "mirror", "gather", gather_main, gather_help },
	{ NULL, "check-access", check_access_main, check_access_help },
	{ NULL, "config", config_main, config_help },
	{ NULL, "version", version_main, version_help },
};

/* The command that the words a and b begin with, or NULL. */
static const struct command *
find_command(const char *a, const char *b)
{
	const struct command	*c;
	size_t			 i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		c = &commands[i];
		if (c->group == NULL ? strcmp(a, c->name) == 0 :
		    strcmp(a, c->group) == 0 && b != NULL &&
		    strcmp(b, c->name) == 0)
			return c;
	}
	return NULL;
}

int
main(int argc, char *argv[])
{
	static const char *const top[] = {
		"mirror", "check-access", "config", "help", "version", NULL
	};
	static const char *const mirror[] = { "gather", NULL };
	const struct command	*c;
	const char		*a, *b;
	int			 i, k, help;

	log_init(PROG);
	program_setup();
	close_on_exec_from(STDERR_FILENO + 1);
	i = next_word(argc, argv, 0);
	help = i < argc && strcmp(argv[i], "help") == 0;
	if (help)
		i = next_word(argc, argv, i);
	k = next_word(argc, argv, i);
	a = i < argc ? argv[i] : NULL;
	b = i < argc && k < argc ? argv[k] : NULL;
	if (a != NULL && (c = find_command(a, b)) != NULL) {
		if (help)
			c->help();
		return c->run(argc, argv);
	}
	if (help && a == NULL)
		group_help("ace-dt COMMAND [OPTIONS]", root_about);
	if (a != NULL && strcmp(a, "mirror") == 0) {
		if (help && b == NULL)
			group_help("ace-dt mirror COMMAND [OPTIONS]",
			    mirror_about);
		no_command(argc, argv, "ace-dt mirror COMMAND [OPTIONS]",
		    mirror_about, help ? 2 : 1, mirror);
	}
	no_command(argc, argv, "ace-dt COMMAND [OPTIONS]", root_about,
	    help ? 1 : 0, top);
}
