/*
 * acedt-resolve: read a sources file, and find the digest of each line.
 */
#include <assert.h>

#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/log.h"
#include "lib/program/cli.h"
#include "lib/program/stage_main.h"
#include "lib/stream/events.h"
#include "tools/acedt-resolve/resolve.h"

/* Lines under way at a time: what the hosts' own limits let through. */
#define JOBS_MAX	512
#define JOBS_BYTES_MAX	(32 * 1024 * 1024)

enum {
	OPT_AGAIN = 1
};

static const struct cli_option options[] = {
	{ OPT_AGAIN, 0, "again", CLI_NONE, NULL,
	    "read a stream from standard input instead of a list, and try "
	    "again what failed in it" },
	CLI_END
};

/* The whole list is checked before the first request. */
static void
resolve_list(struct resolver *r, const char *path, const char *name)
{
	struct err	err = ERR_INIT;

	if (sources_read_all(&r->list, path, name, &err) == -1)
		log_die(EXIT_USAGE_ERR, "%s", err.msg);
	if (r->list.n == 0)
		log_warn("%s names no image", r->list.file);
	EVENT("list", EV_NUM("images", (int64_t)r->list.n));
}

static void
resolve_option(void *arg, const struct cli *cli, int id, const char *value)
{
	struct resolver	*r = arg;

	switch (id) {
	case OPT_AGAIN:
		r->again = value == NULL;
		break;
	case CLI_ID_LIST_NAME:
		assert(value != NULL);
		r->name = value;
		break;
	default:
		net_option(&r->net, cli, id, value);
		break;
	}
}

static void
resolve_arguments(void *arg, const struct cli *cli, struct stage *st)
{
	struct resolver	*r = arg;

	assert(st->next == NULL);
	if (r->again && cli->nargs != 0)
		cli_usage(cli, "--again takes no SOURCES-FILE: the stream is "
		    "read from standard input");
	if (!r->again && cli->nargs != 1)
		cli_usage(cli, "one SOURCES-FILE is needed, %zu given",
		    cli->nargs);
	if (!r->again)
		r->path = cli->args[0];
	st->again = r->again;
	st->next = r->again ? NULL : resolve_next;
}

static void
resolve_open(void *arg, struct stage *st)
{
	struct resolver	*r = arg;

	assert(r->again == (r->path == NULL));
	net_open(&r->net);
	net_enter(NULL, NULL);
	if (!r->again)
		resolve_list(r, r->path, r->name);
	st->loop = r->net.loop;
}

static const struct stage_program program = {
	.name = "acedt-resolve",
	.cli = {
		.usage = "acedt-resolve [--config FILE] "
		    "SOURCES-FILE | --again < STREAM",
		.about = "Read a sources file and write the stream of its "
		    "images, each with its digest.\nSOURCES-FILE - is standard "
		    "input.  See acedt-stream(5) for the stream.",
		.options = options,
		.common = CLI_NETWORK_STAGE | CLI_UNORDERED | CLI_LIST_NAME,
	},
	.jobs_max = JOBS_MAX,
	.bytes_max = JOBS_BYTES_MAX,
	.option = resolve_option,
	.arguments = resolve_arguments,
	.open = resolve_open,
	.begin = resolve_begin,
};

int
main(int argc, char *argv[])
{
	static struct resolver	r;
	int			rc;

	net_init(&r.net);
	rc = stage_main(&program, &r, argc, argv);
	net_close(&r.net);
	sources_clear(&r.list);
	return rc;
}
