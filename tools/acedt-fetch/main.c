/*
 * acedt-fetch: complete each record with the manifests below it.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/exits.h"
#include "lib/base/io.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/program/cli.h"
#include "lib/program/setup.h"
#include "tools/acedt-fetch/fetch.h"

#define PROG	"acedt-fetch"
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
	CLI_CONFIG,
	CLI_EVENTS,
	{ OPT_HAVE, 0, "have", CLI_VALUE, "IMAGE",
	    "take as there what the index published as IMAGE lists; refuse to\n"
	    "go on if IMAGE names something else" },
	CLI_HELP,
	{ OPT_OVERWRITE, 0, "overwrite", CLI_NONE, NULL,
	    "with --have: go on, whatever IMAGE names" },
	{ OPT_RECURSIVE, 'r', "recursive", CLI_NONE, NULL,
	    "referrers too, of each image and of every manifest below it" },
	CLI_RETRIES,
	CLI_RETRY_TIME,
	{ OPT_ROOTS, 0, "roots", CLI_NONE, NULL,
	    "only what acedt-filter has to see: each image's own manifest,\n"
	    "and the platform that its config names" },
	CLI_SHARED,
	CLI_STALL_TIME,
	CLI_UNORDERED,
	CLI_VERBOSITY,
	{ OPT_VERIFY, 0, "verify", CLI_NONE, NULL,
	    "with --have: take nothing as there, only see what IMAGE names" },
	CLI_VERSION,
	CLI_END
};

int
main(int argc, char *argv[])
{
	static struct fetcher	all;
	static struct published	published;
	struct stage		st;
	struct cli		cli = {
		.usage = "acedt-fetch [-r] [--roots] [--have IMAGE] "
		    "[--config FILE] < STREAM",
		.about = "Complete each image of the stream with the "
		    "manifests below it.\nWhat a record already has is not "
		    "asked for again.",
		.options = options,
	};
	struct err		err = ERR_INIT;
	const char		*value;
	int			id, rc, overwrite = 0, verify = 0;

	log_init(PROG);
	program_setup();
	cli_init(&cli, argc, argv);
	net_init(&all.net);
	fetch_init(&all);
	memset(&st, 0, sizeof(st));
	while ((id = cli_next(&cli, &value)) != 0)
		switch (id) {
		default:
			net_option(&all.net, &cli, id, value);
			break;
		case OPT_OVERWRITE:
			overwrite = value == NULL;
			break;
		case OPT_VERIFY:
			verify = value == NULL;
			break;
		case OPT_RECURSIVE:
			all.recursive = value == NULL;
			break;
		case OPT_HAVE:
			published_option(&published, value);
			all.published = &published;
			break;
		case OPT_ROOTS:
			all.roots = value == NULL;
			break;
		case CLI_ID_UNORDERED:
			st.unordered = value == NULL;
			break;
		}
	if (cli.nargs != 0)
		cli_usage(&cli, "no arguments are taken: the stream is read "
		    "from standard input");
	if (all.roots && all.recursive)
		cli_usage(&cli, "--roots and --recursive exclude each other");
	net_open(&all.net);
	all.cache = cache_open(all.net.config.cache_path);
	net_enter(NULL, cache_make(all.cache));
	if (all.published != NULL && published_read(&published, &all.net,
	    verify, overwrite, &err) == -1)
		log_die(EXIT_STOPPED, "%s", err.msg);

	st.name = PROG;
	st.loop = all.net.loop;
	st.jobs_max = JOBS_MAX;
	st.bytes_max = JOBS_BYTES_MAX;
	st.arg = &all;
	st.begin = fetch_begin;
	st.work = fetch_work;
	stage_open(&st);
	rc = stage_run(&st);
	cli_clear(&cli);
	fetch_clear(&all);
	published_clear(&published);
	cache_close(all.cache);
	net_close(&all.net);
	return rc;
}
