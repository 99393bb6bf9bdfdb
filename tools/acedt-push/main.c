/*
 * acedt-push: copy blobs and manifests of every image to IMAGE's repository.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/exits.h"
#include "lib/base/io.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/program/cli.h"
#include "lib/program/config.h"
#include "lib/program/setup.h"
#include "tools/acedt-push/push.h"

#define PROG	"acedt-push"
/* Images under way at a time. */
#define JOBS_MAX	256
#define JOBS_BYTES_MAX	(32 * 1024 * 1024)

enum {
	OPT_LIMIT_RATE = 1,
	OPT_MAX_TIME,
	OPT_SPEED_LIMIT,
	OPT_SPEED_TIME,
	OPT_VERIFY
};

static const struct cli_option options[] = {
	CLI_CONFIG,
	CLI_EVENTS,
	CLI_HELP,
	{ OPT_LIMIT_RATE, 0, "limit-rate", CLI_VALUE, "SIZE",
	    "bytes of blobs a second, over all of them: 500k, 10Mi" },
	{ OPT_MAX_TIME, 0, "max-time", CLI_VALUE, "SECONDS",
	    "the most that one blob may take; no limit by default" },
	CLI_RETRIES,
	CLI_RETRY_TIME,
	CLI_SHARED,
	{ OPT_SPEED_LIMIT, 0, "speed-limit", CLI_VALUE, "SIZE",
	    "bytes a second that a source must send of a blob (20)" },
	{ OPT_SPEED_TIME, 0, "speed-time", CLI_VALUE, "SECONDS",
	    "over which --speed-limit is measured (600)" },
	CLI_STALL_TIME,
	CLI_UNORDERED,
	CLI_VERBOSITY,
	{ OPT_VERIFY, 0, "verify", CLI_NONE, NULL,
	    "ask the destination for everything, whatever acedt-fetch --have\n"
	    "found" },
	CLI_VERSION,
	CLI_END
};

/* The destination is opened, and a layout made, when there is something. */
static void
begin(struct job *job)
{
	struct pusher	*p = job->stage->arg;
	struct err	 err = ERR_INIT;

	if (p->dest.name == NULL && net_dest(&p->net, &p->dest, &err) == -1)
		log_die(EXIT_STOPPED, "%s", err.msg);
	upload_begin(job, p);
}

static int
work(struct stage *st)
{
	return xfer_work(st->arg);
}

/* What earlier runs learnt about the destination's host. */
static void
recall_host(struct pusher *p)
{
	const struct registry_config	*rc = registries_find(&p->net.config.registries,
					    p->dest.ref.host);
	char				*base = xasprintf("%s://%s%s",
					    rc->endpoints[0].scheme,
					    rc->endpoints[0].host,
					    rc->endpoints[0].path);

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

static int
run(struct pusher *p, int unordered)
{
	struct stage	st;

	memset(&st, 0, sizeof(st));
	st.name = PROG;
	st.loop = p->net.loop;
	st.jobs_max = JOBS_MAX;
	st.bytes_max = JOBS_BYTES_MAX;
	st.unordered = unordered;
	st.arg = p;
	st.begin = begin;
	st.work = work;
	stage_open(&st);
	return stage_run(&st);
}

static void
read_option(struct pusher *p, const struct cli *cli, int id, const char *value)
{
	switch (id) {
	default:
		net_option(&p->net, cli, id, value);
		break;
	case OPT_LIMIT_RATE:
		if (config_parse_size(value, RATE_MAX, &p->pace.rate) == -1)
			cli_usage(cli, "--limit-rate: a size such as 500k or "
			    "10Mi is expected, not %s", value);
		break;
	case OPT_MAX_TIME:
		p->lowest.max_seconds = (int)cli_number(cli, "--max-time",
		    value, 0, HTTP_SECONDS_MAX);
		break;
	case OPT_SPEED_LIMIT:
		if (config_parse_size(value, RATE_MAX, &p->lowest.speed) == -1)
			cli_usage(cli, "--speed-limit: a size such as 500 or "
			    "1k is expected, not %s", value);
		break;
	case OPT_SPEED_TIME:
		p->lowest.seconds = (int)cli_number(cli, "--speed-time",
		    value, 1, HTTP_SECONDS_MAX);
		break;
	case OPT_VERIFY:
		p->verify = p->in_use = value == NULL;
		break;
	}
}

int
main(int argc, char *argv[])
{
	static struct pusher	p;
	struct err		err = ERR_INIT;
	struct cli		cli = {
		.usage = "acedt-push [--verify] [--limit-rate SIZE] "
		    "[--config FILE] IMAGE "
		    "< STREAM",
		.about = "Copy the content of every image of the stream to "
		    "IMAGE's repository or layout:\nblobs from where they "
		    "are, then manifests, children first.  No tag is set.",
		.options = options,
	};
	const char		*value;
	int			id, rc, unordered = 0;

	log_init(PROG);
	program_setup();
	cli_init(&cli, argc, argv);
	net_init(&p.net);
	reg_call_init(&p.proof_call);
	p.note.fd = -1;
	p.lowest.speed = HTTP_SPEED_LIMIT;
	p.lowest.seconds = HTTP_SPEED_SECONDS;
	while ((id = cli_next(&cli, &value)) != 0)
		if (id == CLI_ID_UNORDERED)
			unordered = value == NULL;
		else
			read_option(&p, &cli, id, value);
	if (cli.nargs != 1)
		cli_usage(&cli, "one IMAGE is needed, %zu given", cli.nargs);
	if (dest_parse(&p.dest, cli.args[0], &err) == -1)
		log_die(EXIT_USAGE_ERR, "%s", err.msg);
	net_open(&p.net);
	if (!p.dest.ref.is_layout) {
		journal_open(&p.journal, p.net.config.cache_path);
		recall_host(&p);
	}
	net_enter(&p.dest, p.journal.dir);
	/*
	 * One waits for the source while another is at the destination; one
	 * request at a time stays one blob at a time.
	 */
	p.small_max = 2 * config_calls_per_host(&p.net.config) - 1;
	p.both_max = p.net.ends_max / 2;
	rc = run(&p, unordered);
	loop_timer_stop(p.net.loop, &p.pace.timer);
	loop_timer_stop(p.net.loop, &p.lowest.timer);
	if (p.tag_call != NULL)
		reg_call_clear(p.tag_call);
	free(p.tag_call);
	free(p.denied);
	reg_call_clear(&p.proof_call);
	cli_clear(&cli);
	items_free(&p);
	journal_close(&p.journal);
	hostnote_close(&p.note);
	dest_close(&p.dest);
	net_close(&p.net);
	return rc;
}
