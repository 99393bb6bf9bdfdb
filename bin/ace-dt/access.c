/*
 * ace-dt check-access: acedt-check under another name.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bin/ace-dt/command.h"
#include "bin/ace-dt/pipeline.h"
#include "lib/cli.h"
#include "lib/errmsg.h"
#include "lib/exits.h"
#include "lib/log.h"
#include "lib/xalloc.h"

static const struct cli_option options[] = {
	CLI_CONFIG,
	CLI_HELP,
	CLI_VERBOSITY,
	CLI_VERSION,
	CLI_END
};

static struct cli	cli = {
	.usage = "ace-dt check-access [OPTIONS] SOURCES-FILE [IMAGE]",
	.about = "Ask every registry that SOURCES-FILE names whether it can be "
	    "read, and that of\nIMAGE whether it may be written, with the "
	    "credentials at hand.  No content moves;\none line a registry says "
	    "where and as whom it was asked, and what it answered.",
	.options = options,
};

_Noreturn void
check_access_help(void)
{
	cli_help(&cli);
}

int
check_access_main(int argc, char **argv)
{
	struct pipeline	 pl;
	struct proc	*p;
	struct err	 err = ERR_INIT;
	const char	*value;
	size_t		 i;
	int		 id;

	memset(&pl, 0, sizeof(pl));
	pl.shared_fd = -1;
	p = pipeline_add(&pl, "acedt-check");
	cli_init(&cli, argc, argv);
	while ((id = cli_next(&cli, &value)) != 0)
		if (id == CLI_ID_CONFIG)
			pipeline_arg(p, "--config=%s", value);
	if (cli.nargs < 2)
		cli_usage(&cli, "SOURCES-FILE is missing");
	if (cli.nargs > 3)
		cli_usage(&cli, "only SOURCES-FILE and IMAGE are taken, "
		    "\"%s\" is too much", cli.args[3]);
	pipeline_arg(p, "--verbosity=%d", log_level());
	pipeline_arg(p, "--");
	for (i = 1; i < cli.nargs; i++)
		pipeline_arg(p, "%s", cli.args[i]);
	if (pipeline_find(&pl, &err) == 0) {
		execv(p->path, p->argv);
		err_sys(&err, "%s", p->path);
	}
	log_die(EXIT_STOPPED, "%s", err.msg);
}
