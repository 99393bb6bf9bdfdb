/*
 * ace-dt check-access: acedt-check under another name.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "bin/ace-dt/command.h"
#include "bin/ace-dt/input.h"
#include "bin/ace-dt/pipeline.h"
#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/program/cli.h"

const struct cli_program check_access_program = {
	.usage = "ace-dt check-access [OPTIONS] SOURCES-FILE [IMAGE]",
	.about = "Ask every registry that SOURCES-FILE names whether it can be "
	    "read, and that of\nIMAGE whether it may be written, with the "
	    "credentials at hand.  No content\nmoves.  One line a registry "
	    "says where and as whom it was asked, and what it\nanswered.",
	.common = CLI_CONFIG,
};

/* The list becomes standard input; a configuration in memory is handed on. */
static void
access_inputs(struct pipeline *pl, const char *list, const char ***configs,
    size_t *nconfigs)
{
	struct err	err = ERR_INIT;

	if (input_config(configs, nconfigs, &pl->config_fd, &err) == -1)
		log_die(EXIT_USAGE_ERR, "%s", err.msg);
	if (pl->config_fd != -1)
		fcntl(pl->config_fd, F_SETFD, 0);
	if ((pl->input_fd = input_open_list(list, &err)) == -1)
		log_die(EXIT_USAGE_ERR, "%s", err.msg);
	if (dup2(pl->input_fd, STDIN_FILENO) == -1)
		log_die(EXIT_STOPPED, "%s: %s", list, strerror(errno));
}

int
check_access_main(int argc, char **argv)
{
	struct cli	 cli;
	struct pipeline	 pl;
	struct proc	*p;
	struct err	 err = ERR_INIT;
	const char	*value, **configs = NULL;
	size_t		 i, nconfigs = 0;
	int		 id;

	pipeline_init(&pl);
	p = pipeline_add(&pl, "acedt-check");
	cli_init(&cli, &check_access_program, argc, argv);
	while ((id = cli_next(&cli, &value)) != 0)
		if (id == CLI_ID_CONFIG) {
			configs = xreallocarray(configs, nconfigs + 1,
			    sizeof(*configs));
			configs[nconfigs++] = value;
		}
	if (cli.nargs < 2)
		cli_usage(&cli, "SOURCES-FILE is missing");
	if (cli.nargs > 3)
		cli_usage(&cli, "unexpected argument \"%s\"",
		    cli.args[3]);
	pipeline_arg(p, "--verbosity=%d", log_level());
	access_inputs(&pl, cli.args[1], &configs, &nconfigs);
	for (i = 0; i < nconfigs; i++)
		pipeline_arg(p, "--config=%s", configs[i]);
	if (strcmp(cli.args[1], "-") != 0)
		pipeline_arg(p, "--name=%s", cli.args[1]);
	pipeline_arg(p, "--");
	pipeline_arg(p, "-");
	if (cli.nargs > 2)
		pipeline_arg(p, "%s", cli.args[2]);
	if (pipeline_find(&pl, &err) == 0) {
		execv(p->path, p->argv);
		err_sys(&err, "%s", p->path);
	}
	log_die(EXIT_STOPPED, "%s", err.msg);
}
