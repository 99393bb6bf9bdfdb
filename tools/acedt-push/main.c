/*
 * acedt-push: copy blobs and manifests of every image to IMAGE's repository.
 */
#include <assert.h>
#include <stdlib.h>

#include "lib/base/exits.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/program/cli.h"
#include "lib/program/config.h"
#include "lib/program/stage_main.h"
#include "tools/acedt-push/push.h"

/* Images under way at a time. */
#define JOBS_MAX	256
#define JOBS_BYTES_MAX	(32 * 1024 * 1024)

enum {
	OPT_VERIFY = 1
};

static const struct cli_option options[] = {
	{ OPT_VERIFY, 0, "verify", CLI_NONE, NULL,
	    "ask the destination for everything, whatever acedt-fetch --have "
	    "found" },
	CLI_END
};

/* The destination is opened, and a layout made, when there is something. */
static void
push_begin(struct job *job)
{
	struct pusher	*p = job->stage->arg;
	struct err	 err = ERR_INIT;

	if (p->dest.name == NULL && net_dest(&p->net, &p->dest, &err) == -1)
		log_die(EXIT_STOPPED, "%s", err.msg);
	plan_image(job, p);
}

static int
push_work(struct stage *st)
{
	return plan_work(st->arg);
}

/* What earlier runs learnt about the destination's host. */
static void
recall_host(struct pusher *p)
{
	const struct registry_config	*rc;
	char				*base;

	rc = registries_find(&p->net.config.registries, p->dest.ref.host);
	base = xasprintf("%s://%s%s", rc->endpoints[0].scheme,
	    rc->endpoints[0].host, rc->endpoints[0].path);
	switch (hostnote_open(&p->note, p->net.config.cache_path, base)) {
	case HOST_ANSWERS_MOUNTS:
		p->mounts = MOUNTS_ANSWERED;
		break;
	case HOST_IGNORES_MOUNTS:
		p->mounts = MOUNTS_IGNORED;
		break;
	case HOST_UNKNOWN:
		break;
	}
	free(base);
}

static void
push_option(void *arg, const struct cli *cli, int id, const char *value)
{
	struct pusher	*p = arg;

	assert(id > 0);
	switch (id) {
	default:
		net_option(&p->net, cli, id, value);
		break;
	case CLI_ID_LIMIT_RATE:
		if (config_parse_size(value, RATE_MAX, &p->pace.rate) == -1)
			cli_usage(cli, "--limit-rate: a size such as 500k or "
			    "10Mi is expected, not %s", value);
		break;
	case CLI_ID_MAX_TIME:
		p->max_seconds = (int)cli_number(cli, "--max-time",
		    value, 0, HTTP_SECONDS_MAX);
		break;
	case CLI_ID_SPEED_LIMIT:
		if (config_parse_size(value, RATE_MAX,
		    &p->source_setup.speed) == -1)
			cli_usage(cli, "--speed-limit: a size such as 500 or "
			    "1k is expected, not %s", value);
		break;
	case CLI_ID_SPEED_TIME:
		p->source_setup.speed_seconds = (int)cli_number(cli,
		    "--speed-time", value, 1, HTTP_SECONDS_MAX);
		break;
	case OPT_VERIFY:
		p->verify = p->in_use = value == NULL;
		break;
	}
}

static void
push_arguments(void *arg, const struct cli *cli, struct stage *st)
{
	struct pusher	*p = arg;
	struct err	 err = ERR_INIT;

	assert(st->arg == p);
	if (cli->nargs != 1)
		cli_usage(cli, "one IMAGE is needed, %zu given", cli->nargs);
	if (dest_parse(&p->dest, cli->args[0], &err) == -1)
		log_die(EXIT_USAGE_ERR, "%s", err.msg);
}

/* What all sources have in common. */
static void
setup_sources(struct pusher *p)
{
	struct source_setup	*s = &p->source_setup;

	p->pace.loop = s->loop = p->net.loop;
	s->pace = &p->pace;
	s->patience = &p->net.patience;
	/* A layout's own file says how far it came. */
	s->snapshot_every = p->dest.ref.is_layout ? 0 : UPLOAD_SNAPSHOT;
}

static void
push_open(void *arg, struct stage *st)
{
	struct pusher	*p = arg;

	assert(st->arg == p);
	net_open(&p->net);
	if (!p->dest.ref.is_layout) {
		journal_open(&p->journal, p->net.config.cache_path);
		recall_host(p);
	}
	net_enter(&p->dest, p->journal.dir);
	setup_sources(p);
	/*
	 * One waits for the source while another is at the destination; one
	 * request at a time stays one blob at a time.
	 */
	p->small_max = 2 * config_calls_per_host(&p->net.config) - 1;
	p->both_max = p->net.ends_max / 2;
	st->loop = p->net.loop;
}

static const struct stage_program program = {
	.name = "acedt-push",
	.cli = {
		.usage = "acedt-push [--verify] [--limit-rate SIZE] "
		    "[--config FILE] IMAGE < STREAM",
		.about = "Copy the content of every image of the stream to "
		    "IMAGE's repository or layout:\nblobs from where they "
		    "are, then manifests, children first.  No tag is set.",
		.options = options,
		.common = CLI_NETWORK_STAGE | CLI_UNORDERED | CLI_BLOBS,
	},
	.jobs_max = JOBS_MAX,
	.bytes_max = JOBS_BYTES_MAX,
	.option = push_option,
	.arguments = push_arguments,
	.open = push_open,
	.begin = push_begin,
	.work = push_work,
};

int
main(int argc, char *argv[])
{
	static struct pusher	p;
	int			rc;

	net_init(&p.net);
	reg_call_init(&p.proof_call);
	p.note.fd = -1;
	p.source_setup.speed = HTTP_SPEED_LIMIT;
	p.source_setup.speed_seconds = HTTP_SPEED_SECONDS;
	rc = stage_main(&program, &p, argc, argv);
	pace_stop(&p.pace);
	loop_timer_stop(p.net.loop, &p.look_timer);
	if (p.tag_call != NULL)
		reg_call_clear(p.tag_call);
	free(p.tag_call);
	free(p.denied);
	reg_call_clear(&p.proof_call);
	plan_free(&p);
	journal_close(&p.journal);
	hostnote_close(&p.note);
	dest_close(&p.dest);
	net_close(&p.net);
	return rc;
}
