/*
 * ace-dt: the commands that people type.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bin/ace-dt/command.h"
#include "lib/base/log.h"
#include "lib/program/cli.h"
#include "lib/program/setup.h"

#define PROG	"ace-dt"

static const struct cli_program	root_program = {
	.usage = "ace-dt COMMAND [OPTIONS]",
	.about =
    "Carry container images over an air gap.\n\n"
    "Commands:\n"
    "  mirror gather   copy every image of a list into one repository and\n"
    "                  publish an index of them\n"
    "  mirror list     show the images that an index lists\n"
    "  check-access    ask the registries of a list whether they can be read,\n"
    "                  and that of an image whether it may be written\n"
    "  config          show the configuration in effect\n"
    "  help COMMAND    more about a command\n"
    "  version         show the version\n\n"
    "The commands are made of small programs, which can be piped by hand:\n"
    "acedt-resolve, acedt-fetch, acedt-filter, acedt-push, acedt-index, acedt-list,\n"
    "acedt-show.\n"
    "acedt(7) is the way in, ace-dt(1) the manual.",
	.common = CLI_CONFIG | CLI_RECURSIVE,
};

static const struct cli_program	mirror_program = {
	.usage = "ace-dt mirror COMMAND [OPTIONS]",
	.about =
    "Commands about many images at once.\n\n"
    "Commands:\n"
    "  gather   copy every image of a list into one repository and publish\n"
    "           an index of them\n"
    "  list     show the images that an index lists",
	.common = CLI_CONFIG | CLI_RECURSIVE,
};

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

static const struct command {
	const char			*group;		/* NULL for most */
	const char			*name;
	int				(*run)(int, char **);
	const struct cli_program	*program;
} commands[] = {
	{ "mirror", "gather", gather_main, &gather_program },
	{ "mirror", "list", list_main, &list_program },
	{ NULL, "check-access", check_access_main, &check_access_program },
	{ NULL, "config", config_main, &config_program },
	{ NULL, "version", version_main, &version_program },
};

/* The words that name a command; all are borrowed from the command line. */
struct words {
	const char	*first, *second;	/* or NULL */
	int		 help;			/* "help" was among them */
};

/* "help" is taken before a command and in the place of one. */
static void
read_command(struct words *w, struct cli *cli)
{
	w->first = cli_word(cli);
	w->help = w->first != NULL && strcmp(w->first, "help") == 0;
	if (w->help)
		w->first = cli_word(cli);
	w->second = w->first != NULL ? cli_word(cli) : NULL;
	if (w->second != NULL && strcmp(w->first, "mirror") == 0 &&
	    strcmp(w->second, "help") == 0) {
		w->help = 1;
		w->second = cli_word(cli);
	}
}

/* The command that the words name, or NULL. */
static const struct command *
find_command(const struct words *w)
{
	const struct command	*c;
	size_t			 i;

	if (w->first == NULL)
		return NULL;
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		c = &commands[i];
		if (c->group == NULL ? strcmp(w->first, c->name) == 0 :
		    strcmp(w->first, c->group) == 0 && w->second != NULL &&
		    strcmp(w->second, c->name) == 0)
			return c;
		/* Help on a command needs no group. */
		if (w->help && strcmp(w->first, c->name) == 0)
			return c;
	}
	return NULL;
}

static int
is_grouped(const char *name)
{
	return strcmp(name, "gather") == 0 || strcmp(name, "list") == 0;
}

/* No command has this name, which is NULL if none was given. */
static _Noreturn void
no_command(int argc, char **argv, const struct cli_program *program,
    const char *name, const char *const *names)
{
	struct cli	 cli;
	const char	*value, *near;

	/* Options have their effect, --help too. */
	cli_init(&cli, program, argc, argv);
	while (cli_next(&cli, &value) != 0)
		;
	if (name == NULL)
		cli_usage(&cli, "a command is needed; --help lists them");
	else if ((near = cli_nearest(name, names)) != NULL)
		cli_usage(&cli, "unknown command %s; did you mean %s%s?",
		    name, is_grouped(near) && program == &root_program ?
		    "mirror " : "", near);
	cli_usage(&cli, "unknown command %s", name);
}

/* Help on the commands of a group, or an error. */
static _Noreturn void
end_without_command(int argc, char **argv, const struct words *w)
{
	static const char *const	top[] = { "mirror", "check-access",
					    "config", "help", "version",
					    "gather", "list", NULL };
	static const char *const	mirror[] = { "gather", "list", NULL };
	int				in_mirror;

	in_mirror = w->first != NULL && strcmp(w->first, "mirror") == 0;
	if (w->help && (w->first == NULL || strcmp(w->first, "help") == 0))
		cli_help(&root_program);
	if (w->help && in_mirror && w->second == NULL)
		cli_help(&mirror_program);
	if (in_mirror)
		no_command(argc, argv, &mirror_program, w->second, mirror);
	no_command(argc, argv, &root_program, w->first, top);
}

int
main(int argc, char *argv[])
{
	const struct command	*c;
	struct words		 words;
	struct cli		 cli;

	log_init(PROG);
	program_setup();
	close_on_exec_from(STDERR_FILENO + 1);
	cli_init(&cli, &root_program, argc, argv);
	read_command(&words, &cli);
	cli_clear(&cli);
	if ((c = find_command(&words)) == NULL)
		end_without_command(argc, argv, &words);
	if (words.help)
		cli_help(c->program);
	return c->run(argc, argv);
}
