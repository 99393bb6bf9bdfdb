/*
 * ace-dt version: what --version shows, as a command.
 */
#include "bin/ace-dt/command.h"
#include "lib/program/cli.h"

const struct cli_program version_program = {
	.usage = "ace-dt version",
	.about = "Show the version.",
	.common = CLI_CONFIG,
};

int
version_main(int argc, char **argv)
{
	struct cli	 cli;
	const char	*value;

	cli_init(&cli, &version_program, argc, argv);
	while (cli_next(&cli, &value) != 0)
		;
	if (cli.nargs > 1)
		cli_usage(&cli, "unexpected argument \"%s\"", cli.args[1]);
	cli_version();
}
