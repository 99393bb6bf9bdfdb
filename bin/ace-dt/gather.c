/*
 * ace-dt mirror gather: five programs in a row.
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
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/pairs.h"
#include "lib/base/xalloc.h"
#include "lib/oci/dest.h"
#include "lib/oci/platform.h"
#include "lib/program/cli.h"
#include "lib/program/config.h"
#include "lib/text/labels.h"

enum {
	OPT_DEBUG = 1,
	OPT_NO_TERM,
	OPT_PLATFORMS,
	OPT_PRINT,
	OPT_QUIET,
	OPT_VERIFY
};

static const struct cli_option options[] = {
	{ OPT_DEBUG, 0, "debug", CLI_VALUE, "FILE",
	    "write all events, one JSON line each, to FILE" },
	{ OPT_NO_TERM, 0, "no-term", CLI_NONE, NULL,
	    "plain lines instead of a live display" },
	{ OPT_PLATFORMS, 'p', "platforms", CLI_VALUE,
	    "OS/ARCH[/VARIANT][:OS.VERSION],...",
	    "gather only what is for these platforms; repeatable.  An image "
	    "index is then replaced by its matching manifests" },
	{ OPT_PRINT, 0, "print", CLI_NONE, NULL,
	    "show the shell pipeline that does the same, and do nothing" },
	{ OPT_QUIET, 'q', "quiet", CLI_NONE, NULL,
	    "no status and no result, only errors" },
	{ OPT_VERIFY, 0, "verify", CLI_NONE, NULL,
	    "ask the destination for everything instead of taking as there "
	    "what its index lists, and repair what is missing" },
	CLI_END
};

const struct cli_program gather_program = {
	.usage = "ace-dt mirror gather [OPTIONS] SOURCES-FILE IMAGE",
	.about = "Copy every image that SOURCES-FILE names into the "
	    "repository of IMAGE, and\npublish an OCI image index of them as "
	    "IMAGE.\n\n"
	    "SOURCES-FILE has one reference a line, with labels after "
	    "commas; # begins a\ncomment:\n\n"
	    "  reg.example.com/library/source1,component=core,module=test\n"
	    "  reg.example.com/library/source2:1.4\n"
	    "  oci:images:app-1\n\n"
	    "IMAGE is REGISTRY/REPOSITORY[:TAG] or oci:DIRECTORY[:TAG].\n\n"
	    "  ace-dt mirror gather repos.list reg.example.com/project/"
	    "repo:sync-45\n"
	    "  ace-dt mirror gather repos.list oci:disk:sync-45 \\\n"
	    "      -p linux/arm/v8 -p linux/amd64\n"
	    "  ace-dt mirror gather repos.list reg.example.com/project/"
	    "repo:sync-45 \\\n"
	    "      -a key1=value1,key2=value2",
	.options = options,
	.common = CLI_CONFIG | CLI_PATIENCE | CLI_RECURSIVE | CLI_BLOBS |
	    CLI_INDEX,
};

/* What the command line says; words are borrowed from argv. */
struct gather_options {
	struct cli		 cli;
	struct monitor_options	 monitor;
	struct stage_options	 stages;
	const char		**annotations, **platforms;
	size_t			 nannotations, nplatforms;
	int			 allow_empty;
	int			 fallback;
	int			 overwrite;
	int			 print;
	int			 recursive;
	int			 verify;
	const char		*limit_rate;
	const char		*max_time, *speed_limit, *speed_time;
	const char		*list;
	const char		*image;
};

static void
gather_append(const char ***list, size_t *n, const char *word)
{
	*list = xreallocarray(*list, *n + 1, sizeof(**list));
	(*list)[(*n)++] = word;
}

static void
gather_platform(struct gather_options *o, const char *value)
{
	struct platforms	p = PLATFORMS_INIT;
	struct err		err = ERR_INIT;

	if (platforms_add(&p, value, &err) == -1)
		cli_usage(&o->cli, "--platforms: %s", err.msg);
	if (p.n > 0 || p.all)		/* an empty one is none */
		gather_append(&o->platforms, &o->nplatforms, value);
	platforms_clear(&p);
}

static void
gather_annotation(struct gather_options *o, const char *value)
{
	struct pairs	p = PAIRS_INIT;
	struct err	err = ERR_INIT;

	if (annotations_add(&p, value, &err) == -1)
		cli_usage(&o->cli, "--annotations: %s", err.msg);
	pairs_clear(&p);
	gather_append(&o->annotations, &o->nannotations, value);
}

static void
gather_option(struct gather_options *o, int id, const char *value)
{
	int64_t	rate;

	switch (id) {
	case CLI_ID_ALLOW_EMPTY:
		o->allow_empty = value == NULL;
		break;
	case CLI_ID_OVERWRITE:
		o->overwrite = value == NULL;
		break;
	case CLI_ID_ANNOTATIONS:
		gather_annotation(o, value);
		break;
	case OPT_DEBUG:
		o->monitor.debug = value;
		break;
	case CLI_ID_FALLBACK:
		o->fallback = value == NULL;
		break;
	case CLI_ID_LIMIT_RATE:
		if (config_parse_size(value, RATE_MAX, &rate) == -1)
			cli_usage(&o->cli, "--limit-rate: a size such as "
			    "500k or 10Mi is expected, not %s", value);
		o->limit_rate = value;
		break;
	case CLI_ID_MAX_TIME:
		cli_number(&o->cli, "--max-time", value, 0,
		    HTTP_SECONDS_MAX);
		o->max_time = value;
		break;
	case CLI_ID_SPEED_LIMIT:
		if (config_parse_size(value, RATE_MAX, &rate) == -1)
			cli_usage(&o->cli, "--speed-limit: a size such as "
			    "500 or 1k is expected, not %s", value);
		o->speed_limit = value;
		break;
	case CLI_ID_SPEED_TIME:
		cli_number(&o->cli, "--speed-time", value, 1,
		    HTTP_SECONDS_MAX);
		o->speed_time = value;
		break;
	case OPT_NO_TERM:
		o->monitor.no_term = value == NULL;
		break;
	case OPT_PLATFORMS:
		gather_platform(o, value);
		break;
	case OPT_PRINT:
		o->print = value == NULL;
		break;
	case OPT_QUIET:
		o->monitor.quiet = value == NULL;
		break;
	case CLI_ID_RECURSIVE:
		o->recursive = value == NULL;
		break;
	case OPT_VERIFY:
		o->verify = value == NULL;
		break;
	default:
		stage_options_take(&o->stages, &o->cli, id, value);
		break;
	}
}

/* What is wrong with IMAGE is said before anything is started. */
static void
gather_check(const char *image)
{
	struct dest	d;
	struct err	err = ERR_INIT;

	if (dest_parse(&d, image, &err) == -1)
		log_die(EXIT_USAGE_ERR, "%s", err.msg);
	if (d.ref.tag == NULL)
		log_info("IMAGE has no tag: latest is meant");
	dest_close(&d);
}

static void
gather_read(struct gather_options *o, int argc, char **argv)
{
	const char	*value;
	int		 id;

	cli_init(&o->cli, &gather_program, argc, argv);
	stage_options_init(&o->stages);
	while ((id = cli_next(&o->cli, &value)) != 0)
		gather_option(o, id, value);
	/* The first two are the words of the command. */
	if (o->cli.nargs < 3)
		cli_usage(&o->cli, "SOURCES-FILE and IMAGE are missing");
	if (o->cli.nargs < 4)
		cli_usage(&o->cli, "IMAGE is missing");
	if (o->cli.nargs > 4)
		cli_usage(&o->cli, "unexpected argument \"%s\"",
		    o->cli.args[4]);
	o->list = o->cli.args[2];
	o->image = o->monitor.image = o->cli.args[3];
	gather_check(o->image);
}

/* The list and the configuration, before anything is started. */
static void
gather_inputs(struct pipeline *pl, struct gather_options *o)
{
	struct err	err = ERR_INIT;

	if (input_config(&o->stages.configs, &o->stages.nconfigs,
	    &pl->config_fd, &err) == -1)
		log_die(EXIT_USAGE_ERR, "%s", err.msg);
	if ((pl->input_fd = input_open_list(o->list, &err)) == -1)
		log_die(EXIT_USAGE_ERR, "%s", err.msg);
}

/*
 * A stage that works on many images at a time: a slow one does not hold up
 * those after it, and acedt-index sorts them.  For people who read the stream
 * it stays in order.
 */
static struct proc *
add_wide_stage(struct pipeline *pl, const struct gather_options *o,
    const char *name, int events_fd)
{
	struct proc	*p = stages_add(pl, &o->stages, name, 0, events_fd);

	if (!o->print)
		pipeline_arg(p, "--unordered");
	return p;
}

static void
gather_compose(struct pipeline *pl, const void *arg, int events_fd)
{
	const struct gather_options	*o = arg;
	struct proc			*p;
	size_t				 i;

	p = add_wide_stage(pl, o, "acedt-resolve", events_fd);
	if (o->print) {
		stages_argument(p, o->list);
	} else {
		if (strcmp(o->list, "-") != 0)
			pipeline_arg(p, "--name=%s", o->list);
		pipeline_arg(p, "-");
	}
	pl->quiet = o->monitor.quiet;
	if (o->nplatforms > 0) {
		p = add_wide_stage(pl, o, "acedt-fetch", events_fd);
		pipeline_arg(p, "--roots");
		p = stages_add(pl, &o->stages, "acedt-filter", 1, events_fd);
		for (i = 0; i < o->nplatforms; i++)
			pipeline_arg(p, "--platforms=%s", o->platforms[i]);
	}
	p = add_wide_stage(pl, o, "acedt-fetch", events_fd);
	if (o->recursive)
		pipeline_arg(p, "--recursive");
	pipeline_arg(p, "--have=%s", o->image);
	if (o->verify)
		pipeline_arg(p, "--verify");
	if (o->overwrite)
		pipeline_arg(p, "--overwrite");
	p = add_wide_stage(pl, o, "acedt-push", events_fd);
	if (o->verify)
		pipeline_arg(p, "--verify");
	if (o->limit_rate != NULL)
		pipeline_arg(p, "--limit-rate=%s", o->limit_rate);
	if (o->max_time != NULL)
		pipeline_arg(p, "--max-time=%s", o->max_time);
	if (o->speed_limit != NULL)
		pipeline_arg(p, "--speed-limit=%s", o->speed_limit);
	if (o->speed_time != NULL)
		pipeline_arg(p, "--speed-time=%s", o->speed_time);
	stages_argument(p, o->image);
	p = stages_add(pl, &o->stages, "acedt-index", 0, events_fd);
	for (i = 0; i < o->nannotations; i++)
		pipeline_arg(p, "--annotations=%s", o->annotations[i]);
	if (o->fallback)
		pipeline_arg(p, "--index-fallback");
	if (o->allow_empty)
		pipeline_arg(p, "--allow-empty");
	if (o->overwrite)
		pipeline_arg(p, "--overwrite");
	stages_argument(p, o->image);
}

static void
gather_clear(struct gather_options *o)
{
	stage_options_clear(&o->stages);
	free(o->annotations);
	free(o->platforms);
	cli_clear(&o->cli);
}

int
gather_main(int argc, char **argv)
{
	struct gather_options	 o;
	struct pipeline		 pl;
	int			 status = EXIT_DONE;

	memset(&o, 0, sizeof(o));
	pipeline_init(&pl);
	gather_read(&o, argc, argv);
	if (o.print) {
		gather_compose(&pl, &o, -1);
		pipeline_print(&pl);
	} else {
		gather_inputs(&pl, &o);
		status = stages_run(&pl, &o.monitor, gather_compose, &o);
	}
	pipeline_clear(&pl);
	gather_clear(&o);
	return status;
}
