/*
 * ace-dt mirror list: what an index lists, for people.
 */
#include <stdlib.h>
#include <string.h>

#include "bin/ace-dt/command.h"
#include "bin/ace-dt/input.h"
#include "bin/ace-dt/monitor.h"
#include "bin/ace-dt/pipeline.h"
#include "bin/ace-dt/stages.h"
#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/log.h"
#include "lib/oci/ref.h"
#include "lib/program/cli.h"

enum {
	OPT_OUTPUT = 1,
	OPT_PRINT
};

static const struct cli_option options[] = {
	{ OPT_OUTPUT, 'o', "output", CLI_VALUE, "FORMAT",
	    "table, csv, or json: an object a line (table)" },
	{ OPT_PRINT, 0, "print", CLI_NONE, NULL,
	    "show the shell pipeline that does the same, and do nothing" },
	CLI_END
};

const struct cli_program list_program = {
	.usage = "ace-dt mirror list [OPTIONS] IMAGE",
	.about = "Show the images that the index IMAGE lists: name, bytes, "
	    "digest, platforms and\nlabels.  IMAGE is "
	    "REGISTRY/REPOSITORY[:TAG][@DIGEST] or oci:DIRECTORY[:TAG].",
	.options = options,
	.common = CLI_CONFIG | CLI_PATIENCE,
};

struct list_options {
	struct cli		 cli;
	struct stage_options	 stages;
	const char		*format;	/* borrowed; NULL: the usual */
	const char		*image;		/* borrowed */
	int			 print;
};

static void
list_read(struct list_options *o, int argc, char **argv)
{
	struct ref	 ref;
	struct err	 err = ERR_INIT;
	const char	*value;
	int		 id;

	cli_init(&o->cli, &list_program, argc, argv);
	while ((id = cli_next(&o->cli, &value)) != 0)
		if (id == OPT_OUTPUT)
			o->format = value;
		else if (id == OPT_PRINT)
			o->print = value == NULL;
		else
			stage_options_take(&o->stages, &o->cli, id, value);
	/* The first two are the words of the command. */
	if (o->cli.nargs < 3)
		cli_usage(&o->cli, "IMAGE is missing");
	if (o->cli.nargs > 3)
		cli_usage(&o->cli, "unexpected argument \"%s\"",
		    o->cli.args[3]);
	if (o->format != NULL && strcmp(o->format, "table") != 0 &&
	    strcmp(o->format, "csv") != 0 && strcmp(o->format, "json") != 0)
		cli_usage(&o->cli, "-o %s: the formats are table, csv and json",
		    o->format);
	o->image = o->cli.args[2];
	if (ref_parse(&ref, o->image, &err) == -1)
		log_die(EXIT_USAGE_ERR, "IMAGE: %s", err.msg);
	ref_clear(&ref);
}

/* The first look finds platforms, the second one all manifests. */
static void
list_compose(struct pipeline *pl, const void *arg, int events_fd)
{
	const struct list_options	*o = arg;
	struct proc			*p;

	p = stages_add(pl, &o->stages, "acedt-list", 0, events_fd);
	stages_argument(p, o->image);
	p = stages_add(pl, &o->stages, "acedt-fetch", 0, events_fd);
	pipeline_arg(p, "--roots");
	stages_add(pl, &o->stages, "acedt-fetch", 0, events_fd);
	p = stages_add(pl, &o->stages, "acedt-show", 1, -1);
	if (o->format != NULL)
		pipeline_arg(p, "--output=%s", o->format);
}

int
list_main(int argc, char **argv)
{
	struct list_options	 o;
	struct monitor_options	 quiet = { .quiet = 1 };
	struct pipeline		 pl;
	struct err		 err = ERR_INIT;
	int			 status = EXIT_DONE;

	memset(&o, 0, sizeof(o));
	stage_options_init(&o.stages);
	pipeline_init(&pl);
	list_read(&o, argc, argv);
	if (o.print) {
		list_compose(&pl, &o, -1);
		pipeline_print(&pl);
	} else {
		if (input_config(&o.stages.configs, &o.stages.nconfigs,
		    &pl.config_fd, &err) == -1)
			log_die(EXIT_USAGE_ERR, "%s", err.msg);
		status = stages_run(&pl, &quiet, list_compose, &o);
	}
	pipeline_clear(&pl);
	stage_options_clear(&o.stages);
	cli_clear(&o.cli);
	return status;
}
