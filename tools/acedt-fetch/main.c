/*
 * acedt-fetch: complete each record with the manifests below it.
 */
#include <assert.h>

#include "lib/base/exits.h"
#include "lib/base/log.h"
#include "lib/program/cli.h"
#include "lib/program/stage_main.h"
#include "tools/acedt-fetch/fetch.h"

/* Images under way at a time; the hosts' own limits pace their requests. */
#define JOBS_MAX	256
#define JOBS_BYTES_MAX	(32 * 1024 * 1024)

enum {
	OPT_HAVE = 1,
	OPT_OVERWRITE,
	OPT_ROOTS,
	OPT_RECURSIVE,
	OPT_VERIFY
};

static const struct cli_option options[] = {
	{ OPT_HAVE, 0, "have", CLI_VALUE, "IMAGE",
	    "take as there what the index published as IMAGE lists; refuse to "
	    "go on if IMAGE names something else" },
	{ OPT_OVERWRITE, 0, "overwrite", CLI_NONE, NULL,
	    "with --have: go on, whatever IMAGE names" },
	{ OPT_RECURSIVE, 'r', "recursive", CLI_NONE, NULL,
	    "referrers too, of each image and of every manifest below it" },
	{ OPT_ROOTS, 0, "roots", CLI_NONE, NULL,
	    "only what acedt-filter has to see: each image's own manifest, "
	    "and the platform that its config names" },
	{ OPT_VERIFY, 0, "verify", CLI_NONE, NULL,
	    "with --have: take nothing as there, only see what IMAGE names" },
	CLI_END
};

struct fetch_main {
	struct fetcher		all;
	struct published	published;
	int			overwrite;
	int			verify;
};

static void
fetch_option(void *arg, const struct cli *cli, int id, const char *value)
{
	struct fetch_main	*m = arg;

	switch (id) {
	default:
		net_option(&m->all.net, cli, id, value);
		break;
	case OPT_OVERWRITE:
		m->overwrite = value == NULL;
		break;
	case OPT_VERIFY:
		m->verify = value == NULL;
		break;
	case OPT_RECURSIVE:
		m->all.recursive = value == NULL;
		break;
	case OPT_HAVE:
		assert(value != NULL);
		published_option(&m->published, value);
		m->all.published = &m->published;
		break;
	case OPT_ROOTS:
		m->all.roots = value == NULL;
		break;
	}
}

static void
fetch_arguments(void *arg, const struct cli *cli, struct stage *st)
{
	struct fetch_main	*m = arg;

	assert(st->next == NULL);
	stage_no_arguments(cli);
	if (m->all.roots && m->all.recursive)
		cli_usage(cli, "--roots and --recursive exclude each other");
}

static void
fetch_open(void *arg, struct stage *st)
{
	struct fetch_main	*m = arg;
	struct err		 err = ERR_INIT;

	net_open(&m->all.net);
	m->all.cache = cache_open(m->all.net.config.cache_path);
	net_enter(NULL, cache_make(m->all.cache));
	if (m->all.published != NULL && published_read(&m->published,
	    &m->all.net, m->verify, m->overwrite, &err) == -1)
		log_die(EXIT_STOPPED, "%s", err.msg);
	st->loop = m->all.net.loop;
	st->arg = &m->all;
}

static const struct stage_program program = {
	.name = "acedt-fetch",
	.cli = {
		.usage = "acedt-fetch [-r] [--roots] [--have IMAGE] "
		    "[--config FILE] < STREAM",
		.about = "Complete each image of the stream with the "
		    "manifests below it.\nWhat a record already has is not "
		    "asked for again.",
		.options = options,
		.common = CLI_NETWORK_STAGE | CLI_UNORDERED,
	},
	.jobs_max = JOBS_MAX,
	.bytes_max = JOBS_BYTES_MAX,
	.option = fetch_option,
	.arguments = fetch_arguments,
	.open = fetch_open,
	.begin = fetch_begin,
	.work = fetch_work,
};

int
main(int argc, char *argv[])
{
	static struct fetch_main	m;
	int				rc;

	net_init(&m.all.net);
	fetch_init(&m.all);
	rc = stage_main(&program, &m, argc, argv);
	fetch_clear(&m.all);
	published_clear(&m.published);
	cache_close(m.all.cache);
	net_close(&m.all.net);
	return rc;
}
