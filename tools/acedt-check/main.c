/*
 * acedt-check: may the registries of a list be read, and IMAGE be written?
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/io.h"
#include "lib/base/log.h"
#include "lib/http/loop.h"
#include "lib/program/cli.h"
#include "lib/program/setup.h"
#include "tools/acedt-check/check.h"

#define PROG	"acedt-check"

static const struct cli_program program = {
	.usage = "acedt-check [--config FILE] SOURCES-FILE [IMAGE]",
	.about = "Ask every registry of SOURCES-FILE whether it can be read, "
	    "and that of IMAGE\nwhether it may be written, with the "
	    "credentials at hand.  No content moves.",
	.common = CLI_CONFIG | CLI_LIST_NAME,
};

static void
check_clear(struct check *k)
{
	probes_free(k);
	sites_free(k);
	ref_clear(&k->dest.ref);
	free(k->dest.name);
	net_close(&k->net);
	sources_clear(&k->list);
}

int
main(int argc, char *argv[])
{
	static struct check	k;
	struct cli		cli;
	const char		*value, *name = NULL;
	struct err		 err = ERR_INIT;
	size_t			 i;
	int			 id;

	log_init(PROG);
	program_setup();
	cli_init(&cli, &program, argc, argv);
	net_init(&k.net);
	while ((id = cli_next(&cli, &value)) != 0)
		if (id == CLI_ID_LIST_NAME)
			name = value;
		else
			net_option(&k.net, &cli, id, value);
	if (cli.nargs < 1 || cli.nargs > 2)
		cli_usage(&cli, "SOURCES-FILE and IMAGE are needed, %zu "
		    "arguments given", cli.nargs);
	if (cli.nargs == 2 && dest_parse(&k.dest, cli.args[1], &err) == -1)
		cli_usage(&cli, "%s", err.msg);
	k.sites_end = &k.sites;
	net_open(&k.net);
	net_enter(NULL, NULL);
	if (sources_read_all(&k.list, cli.args[0], name, &err) == -1)
		log_die(EXIT_USAGE_ERR, "%s", err.msg);
	for (i = 0; i < k.list.n; i++)
		probe_source(&k, &k.list.v[i]);
	if (cli.nargs == 2)
		probe_dest(&k);
	while (k.pending > 0) {
		loop_run(k.net.loop);
		if (k.pending > 0)
			loop_wait(k.net.loop, NULL, 0, 1000);
	}
	report(&k);
	cli_clear(&cli);
	check_clear(&k);
	if (fflush(stdout) == EOF || ferror(stdout))
		io_stdout_failed();
	return k.failed ? EXIT_IMAGES : EXIT_DONE;
}
