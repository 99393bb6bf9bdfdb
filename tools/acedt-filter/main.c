/*
 * acedt-filter: keep what matches.  It opens no file and no socket.
 */
#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/pairs.h"
#include "lib/program/cli.h"
#include "lib/program/sandbox.h"
#include "lib/program/stage_main.h"
#include "lib/text/json.h"
#include "lib/text/labels.h"
#include "tools/acedt-filter/filter.h"

/* No record waits for anything; a few at a time are written together. */
#define JOBS_MAX	64
#define JOBS_BYTES_MAX	(1024 * 1024)

enum {
	OPT_DROP_FAILED = 1,
	OPT_EXPRESSION,
	OPT_FAILED,
	OPT_LABEL,
	OPT_PLATFORMS,
	OPT_RECOUNT
};

static const struct cli_option options[] = {
	{ OPT_DROP_FAILED, 0, "drop-failed", CLI_NONE, NULL,
	    "keep images without an error; a warning counts the others" },
	{ OPT_EXPRESSION, 'e', "expression", CLI_VALUE, "JQ",
	    "keep images for which this jq(1) program's first output is "
	    "neither false nor null; the others leave the stream" },
	{ OPT_FAILED, 0, "failed", CLI_NONE, NULL,
	    "keep images with an error" },
	{ OPT_LABEL, 'l', "label", CLI_VALUE, "KEY=VALUE",
	    "keep images with this label; repeatable, all must match" },
	{ OPT_PLATFORMS, 'p', "platforms", CLI_VALUE,
	    "OS/ARCH[/VARIANT][:OS.VERSION]",
	    "of each image select what is for these platforms; repeatable, "
	    "comma-separated; needs acedt-fetch --roots before" },
	{ OPT_RECOUNT, 0, "recount", CLI_NONE, NULL,
	    "accept an end record with another count, and write the right one: "
	    "for streams that were cut on purpose" },
	CLI_END
};

static void
say_dropped(const struct record *rec)
{
	char	*source = json_str(rec->obj, "source");

	log_info("%s does not match", source != NULL ? source : "a record");
	free(source);
}

/* An image that failed before: 1 if it stays, with its error; else 0. */
static int
pass_failed(struct filter *f, const struct record *rec)
{
	struct err	err = ERR_INIT;
	int		keep;

	keep = !f->drop_failed && match_record(f, rec, &err) == 1;
	assert(keep == 0 || keep == 1);
	f->nfailed++;
	f->nleft += keep == 0;
	return keep;
}

/* An image without an error: 1 if it stays, 0, or -1 with *err filled. */
static int
pass_good(const struct filter *f, struct record *rec, struct err *err)
{
	int	keep = f->failed ? 0 : match_record(f, rec, err);

	if (keep == 1 && f->platforms.n > 0 && !f->platforms.all &&
	    select_platforms(rec, &f->platforms, err) == -1)
		keep = -1;
	return keep;
}

/* One image through the filter and on. */
static void
filter_begin(struct job *job)
{
	struct filter	*f = job->stage->arg;
	struct err	 err = ERR_INIT;
	int		 keep;

	assert(job->rec.is_image && job->state == JOB_WAITS);
	keep = record_has_error(&job->rec) ? pass_failed(f, &job->rec) :
	    pass_good(f, &job->rec, &err);
	switch (keep) {
	case -1:
		job_fail(job, &err);
		break;
	case 0:
		say_dropped(&job->rec);
		job_drop(job);
		break;
	default:
		job_done(job);
		break;
	}
}

static void
filter_option(void *arg, const struct cli *cli, int id, const char *value)
{
	struct filter	*f = arg;
	struct err	 err = ERR_INIT;

	assert(id > 0);
	switch (id) {
	case OPT_DROP_FAILED:
		f->drop_failed = value == NULL;
		break;
	case OPT_FAILED:
		f->failed = value == NULL;
		break;
	case OPT_EXPRESSION:
		f->program = value;
		break;
	case OPT_LABEL:
		if (label_add(&f->labels, value, &err) == -1)
			cli_usage(cli, "--label: %s", err.msg);
		break;
	case OPT_PLATFORMS:
		if (platforms_add(&f->platforms, value, &err) == -1)
			cli_usage(cli, "--platforms: %s", err.msg);
		break;
	case OPT_RECOUNT:
		f->recount = value == NULL;
		break;
	}
}

static void
filter_arguments(void *arg, const struct cli *cli, struct stage *st)
{
	struct filter	*f = arg;
	struct err	 err = ERR_INIT;

	stage_no_arguments(cli);
	if (f->failed && f->drop_failed)
		cli_usage(cli, "--failed and --drop-failed exclude each other");
	if (f->program != NULL && match_compile(f, &err) == -1)
		cli_usage(cli, "--expression: %s", err.msg);
	assert((f->program == NULL) == (f->jq == NULL));
	st->any_count = f->recount;
	st->failed_too = 1;
}

static void
filter_open(void *arg, struct stage *st)
{
	struct sandbox	sb;

	assert(st->arg == arg && st->loop == NULL);
	tzset();	/* jq's localtime would read a file later */
	sandbox_init(&sb, SANDBOX_PURE, FILTER_MEMORY_MAX);
	sandbox_enter(&sb);
}

static const struct stage_program program = {
	.name = "acedt-filter",
	.cli = {
		.usage = "acedt-filter [-p PLATFORM] [-l KEY=VALUE] [-e JQ] "
		    "[--failed] [--drop-failed] [--recount] < STREAM",
		.about = "Keep the images of the stream that match all that "
		    "is asked for.",
		.options = options,
		.common = CLI_EVENTS,
	},
	.jobs_max = JOBS_MAX,
	.bytes_max = JOBS_BYTES_MAX,
	.option = filter_option,
	.arguments = filter_arguments,
	.open = filter_open,
	.begin = filter_begin,
};

int
main(int argc, char *argv[])
{
	static struct filter	f;
	int			rc;

	rc = stage_main(&program, &f, argc, argv);
	/* What is not carried does not go without a word. */
	if (f.nleft > 0)
		log_warn("%lu of %lu images that failed left the stream, as "
		    "asked", f.nleft, f.nfailed);
	match_clear(&f);
	platforms_clear(&f.platforms);
	pairs_clear(&f.labels);
	return rc;
}
