/*
 * acedt-resolve: read a sources file, name the digest behind each line.
 */
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/log.h"
#include "lib/program/cli.h"
#include "lib/program/setup.h"
#include "lib/program/stage.h"
#include "lib/stream/events.h"
#include "tools/acedt-resolve/resolve.h"

#define PROG	"acedt-resolve"
/* Lines under way at a time: what the hosts' own limits let through. */
#define JOBS_MAX	512
#define JOBS_BYTES_MAX	(32 * 1024 * 1024)

enum {
	OPT_AGAIN = 1,
	OPT_NAME
};

static const struct cli_option options[] = {
	{ OPT_AGAIN, 0, "again", CLI_NONE, NULL,
	    "read a stream from standard input instead of a list, and try\n"
	    "again what failed in it" },
	CLI_CONFIG,
	CLI_EVENTS,
	CLI_HELP,
	{ OPT_NAME, 0, "name", CLI_VALUE, "NAME",
	    "what to call the list on standard input in messages and records" },
	CLI_RETRIES,
	CLI_RETRY_TIME,
	CLI_SHARED,
	CLI_STALL_TIME,
	CLI_UNORDERED,
	CLI_VERBOSITY,
	CLI_VERSION,
	CLI_END
};

/* The whole list is checked before the first request. */
static void
read_list(struct resolver *r, const char *path, const char *name)
{
	struct err	err = ERR_INIT;

	if (sources_read_all(&r->list, path, name, &err) == -1)
		log_die(EXIT_USAGE_ERR, "%s", err.msg);
	if (r->list.n == 0)
		log_warn("%s names no image", r->list.file);
	EVENT("list", EV_NUM("images", (int64_t)r->list.n));
}

/* *name is borrowed from the command line: of the list on standard input. */
static void
read_options(struct resolver *r, struct stage *st, struct cli *cli,
    const char **name)
{
	const char	*value;
	int		 id;

	while ((id = cli_next(cli, &value)) != 0)
		if (id == CLI_ID_UNORDERED)
			st->unordered = value == NULL;
		else if (id == OPT_AGAIN)
			r->again = value == NULL;
		else if (id == OPT_NAME)
			*name = value;
		else
			net_option(&r->net, cli, id, value);
	if (r->again && cli->nargs != 0)
		cli_usage(cli, "--again takes no SOURCES-FILE: the stream is "
		    "read from standard input");
	if (!r->again && cli->nargs != 1)
		cli_usage(cli, "one SOURCES-FILE is needed, %zu given",
		    cli->nargs);
}

int
main(int argc, char *argv[])
{
	static struct resolver	r;
	struct stage		st;
	struct cli		cli = {
		.usage = "acedt-resolve [--config FILE] "
		    "SOURCES-FILE | --again < STREAM",
		.about = "Read a sources file and write the stream of its "
		    "images, each with its digest.\nSOURCES-FILE - is standard "
		    "input.  See acedt-stream(5) for the stream.",
		.options = options,
	};
	const char		*name = NULL;
	int			 rc;

	log_init(PROG);
	program_setup();
	cli_init(&cli, argc, argv);
	net_init(&r.net);
	memset(&st, 0, sizeof(st));
	read_options(&r, &st, &cli, &name);
	net_open(&r.net);
	net_enter(NULL, NULL);
	if (!r.again)
		read_list(&r, cli.args[0], name);

	st.name = PROG;
	st.loop = r.net.loop;
	st.jobs_max = JOBS_MAX;
	st.bytes_max = JOBS_BYTES_MAX;
	st.arg = &r;
	st.begin = resolve_begin;
	st.again = r.again;
	st.next = r.again ? NULL : resolve_next;
	stage_open(&st);
	rc = stage_run(&st);
	cli_clear(&cli);
	net_close(&r.net);
	sources_clear(&r.list);
	return rc;
}
