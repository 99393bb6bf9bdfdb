/*
 * acedt-list: tell the images of an index as a stream, the inverse of acedt-index.
 */
#include <assert.h>

#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/log.h"
#include "lib/program/cli.h"
#include "lib/program/stage_main.h"
#include "lib/stream/events.h"
#include "tools/acedt-list/list.h"

#define JOBS_MAX	64
#define JOBS_BYTES_MAX	(32 * 1024 * 1024)

static void
list_option(void *arg, const struct cli *cli, int id, const char *value)
{
	struct lister	*l = arg;

	net_option(&l->net, cli, id, value);
}

static void
list_arguments(void *arg, const struct cli *cli, struct stage *st)
{
	struct lister	*l = arg;
	struct err	 err = ERR_INIT;

	if (cli->nargs != 1)
		cli_usage(cli, "one IMAGE is needed, %zu given", cli->nargs);
	if (ref_parse(&l->ref, cli->args[0], &err) == -1)
		log_die(EXIT_USAGE_ERR, "IMAGE: %s", err.msg);
	st->next = listing_next;
}

static void
list_open(void *arg, struct stage *st)
{
	struct lister	*l = arg;
	struct err	 err = ERR_INIT;

	net_open(&l->net);
	net_enter(NULL, NULL);
	if (listing_read(&l->listing, &l->net, &l->ref, &err) == -1)
		log_die(err.cls == ERR_CONTENT || err.cls == ERR_DIGEST ?
		    EXIT_INPUT : EXIT_STOPPED, "%s", err.msg);
	EVENT("list", EV_NUM("images", (int64_t)l->listing.images));
	st->loop = l->net.loop;
}

/* Nothing is left to do with a record that listing_next() made. */
static void
list_begin(struct job *job)
{
	assert(job->state == JOB_WAITS);
	job_done(job);
}

static const struct stage_program program = {
	.name = "acedt-list",
	.cli = {
		.usage = "acedt-list [--config FILE] IMAGE",
		.about = "Write the stream of the images that IMAGE lists, an "
		    "index in a registry or a\nlayout: the index itself, then a "
		    "record for each of its entries.",
		.common = CLI_NETWORK_STAGE,
	},
	.jobs_max = JOBS_MAX,
	.bytes_max = JOBS_BYTES_MAX,
	.option = list_option,
	.arguments = list_arguments,
	.open = list_open,
	.begin = list_begin,
};

int
main(int argc, char *argv[])
{
	static struct lister	l;
	int			rc;

	net_init(&l.net);
	rc = stage_main(&program, &l, argc, argv);
	listing_clear(&l.listing);
	ref_clear(&l.ref);
	net_close(&l.net);
	return rc;
}
