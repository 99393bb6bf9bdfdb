/*
 * main() of the programs that work on a stream.
 */
#include <assert.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/program/setup.h"
#include "lib/program/stage_main.h"

void
stage_no_arguments(const struct cli *cli)
{
	if (cli->nargs != 0)
		cli_usage(cli, "no arguments are taken: the stream is read "
		    "from standard input");
}

int
stage_main(const struct stage_program *program, void *arg, int argc,
    char **argv)
{
	struct stage	 st;
	struct cli	 cli;
	const char	*value;
	int		 id, rc;

	assert(program->option != NULL && program->open != NULL);
	log_init(program->name);
	program_setup();
	memset(&st, 0, sizeof(st));
	st.name = program->name;
	st.jobs_max = program->jobs_max;
	st.bytes_max = program->bytes_max;
	st.arg = arg;
	st.begin = program->begin;
	st.work = program->work;
	cli_init(&cli, &program->cli, argc, argv);
	while ((id = cli_next(&cli, &value)) != 0)
		if (id == CLI_ID_UNORDERED)
			st.unordered = value == NULL;
		else
			program->option(arg, &cli, id, value);
	if (program->arguments != NULL)
		program->arguments(arg, &cli, &st);
	else
		stage_no_arguments(&cli);
	stage_open(&st);
	program->open(arg, &st);
	rc = stage_run(&st);
	cli_clear(&cli);
	return rc;
}
