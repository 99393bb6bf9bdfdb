/*
 * ace-dt version: what --version shows, as a command.
 */
#include "bin/ace-dt/command.h"
#include "lib/program/cli.h"

static const struct cli_option options[] = {
	CLI_CONFIG,
	CLI_HELP,
	CLI_VERBOSITY,
	CLI_VERSION,
	CLI_END
};

static struct cli	cli = {
	.usage = "ace-dt version",
	.about = "Show the version.",
	.options = options,
};

_Noreturn void
version_help(void)
{
	cli_help(&cli);
}

int
version_main(int argc, char **argv)
{
	const char	*value;

	cli_init(&cli, argc, argv);
	while (cli_next(&cli, &value) != 0)
		;
	if (cli.nargs > 1)
		cli_usage(&cli, "\"%s\" is too much", cli.args[1]);
	cli_version();
}
