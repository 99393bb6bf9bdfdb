/*
 * acedt-filter: keep what matches.  It opens no file and no socket.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/io.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/pairs.h"
#include "lib/program/cli.h"
#include "lib/program/sandbox.h"
#include "lib/program/setup.h"
#include "lib/text/json.h"
#include "lib/text/labels.h"
#include "tools/acedt-filter/filter.h"

#define PROG	"acedt-filter"
/* Output is written when so much is there, and before each wait for input. */
#define OUT_HIGH	65536

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
	CLI_EVENTS,
	{ OPT_EXPRESSION, 'e', "expression", CLI_VALUE, "JQ",
	    "keep images for which this jq(1) program's first output is\n"
	    "neither false nor null; the others leave the stream" },
	{ OPT_FAILED, 0, "failed", CLI_NONE, NULL,
	    "keep images with an error" },
	CLI_HELP,
	{ OPT_LABEL, 'l', "label", CLI_VALUE, "KEY=VALUE",
	    "keep images with this label; repeatable, all must match" },
	{ OPT_PLATFORMS, 'p', "platforms", CLI_VALUE,
	    "OS/ARCH[/VARIANT][:OS.VERSION]",
	    "of each image select what is for these platforms; repeatable,\n"
	    "comma-separated; needs acedt-fetch --roots before" },
	{ OPT_RECOUNT, 0, "recount", CLI_NONE, NULL,
	    "accept an end record with another count, and write the right one:\n"
	    "for streams that were cut on purpose" },
	CLI_VERBOSITY,
	CLI_VERSION,
	CLI_END
};

static void
say_dropped(const struct record *rec)
{
	char	*source = json_str(rec->obj, "source");

	log_info("%s does not match", source != NULL ? source : "a record");
	free(source);
}

/* An image that failed before: whether it stays in the stream, error and all. */
static int
pass_failed(struct filter *f, const struct record *rec)
{
	struct err	err = ERR_INIT;
	int		keep;

	keep = !f->drop_failed && match_record(f, rec, &err) == 1;
	f->nfailed++;
	f->nleft += keep == 0;
	return keep;
}

/* An image without an error: it may get one here. */
static int
pass_good(struct filter *f, struct record *rec)
{
	struct err	err = ERR_INIT;
	int		keep;

	keep = !f->failed ? match_record(f, rec, &err) : 0;
	if (keep == 1 && f->platforms.n > 0 && !f->platforms.all &&
	    (select_platforms(rec, &f->platforms, &err) == -1 ||
	    record_fits(rec, &err) == -1))
		keep = -1;
	if (keep == -1) {
		record_set_error(rec, PROG, &err);
		f->nbroken++;
	}
	return keep != 0;
}

/* One record through the filter and on. */
static void
pass(struct filter *f, struct record *rec, struct stream_out *out)
{
	int	keep = 1;

	if (rec->is_image)
		keep = record_has_error(rec) ? pass_failed(f, rec) :
		    pass_good(f, rec);
	if (keep)
		stream_out_put(out, rec);
	else
		say_dropped(rec);
}

static int
run(struct filter *f, struct stream_in *in, struct stream_out *out)
{
	struct record	rec;
	struct err	err = ERR_INIT;
	int		rc;

	for (;;) {
		while ((rc = stream_in_take(in, &rec, &err)) == 1) {
			pass(f, &rec, out);
			record_clear(&rec);
			if (stream_out_waiting(out) >= OUT_HIGH &&
			    stream_out_flush(out, 0, &err) == -1)
				log_die(EXIT_STOPPED, "%s", err.msg);
		}
		if (rc == -1) {
			stream_in_complain(&err, "");
			return EXIT_INPUT;
		}
		if (in->lines.eof)
			break;
		if (stream_out_flush(out, 0, &err) == -1)
			log_die(EXIT_STOPPED, "%s", err.msg);
		if (stream_in_fill(in, &err) == -1)
			log_die(EXIT_STOPPED, "standard input: %s", err.msg);
	}
	stream_out_end(out);
	stream_out_report(out, f->nbroken);
	if (stream_out_flush(out, 0, &err) == -1 ||
	    (close(out->fd) == -1 && err_sys(&err, "standard output") == -1))
		log_die(EXIT_STOPPED, "%s", err.msg);
	/* Nothing that is not carried goes without a word. */
	if (f->nleft > 0)
		log_warn("%lu of %lu images that failed left the stream, as "
		    "asked", f->nleft, f->nfailed);
	return out->errors > 0 ? EXIT_IMAGES : EXIT_DONE;
}

static void
enter(void)
{
	struct sandbox	sb;

	tzset();	/* jq's localtime would read a file later */
	sandbox_init(&sb, SANDBOX_PURE, FILTER_MEMORY_MAX);
	sandbox_enter(&sb);
}

static void
read_options(struct filter *f, struct cli *cli, struct stream_in *in)
{
	struct err	 err = ERR_INIT;
	const char	*value;
	int		 id;

	while ((id = cli_next(cli, &value)) != 0)
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
			in->any_count = value == NULL;
			break;
		}
	if (cli->nargs != 0)
		cli_usage(cli, "no arguments are taken: the stream is read "
		    "from standard input");
	if (f->failed && f->drop_failed)
		cli_usage(cli, "--failed and --drop-failed exclude each other");
	if (f->program != NULL && match_compile(f, &err) == -1)
		cli_usage(cli, "--expression: %s", err.msg);
}

int
main(int argc, char *argv[])
{
	static struct filter	f;
	struct stream_in	in;
	struct stream_out	out;
	struct cli		cli = {
		.usage = "acedt-filter [-p PLATFORM] [-l KEY=VALUE] "
		    "[-e JQ] [--failed] [--drop-failed] [--recount] "
		    "< STREAM",
		.about = "Keep the images of the stream that match all that "
		    "is asked for.",
		.options = options,
	};
	int			rc;

	log_init(PROG);
	program_setup();
	stream_in_init(&in, STDIN_FILENO);
	cli_init(&cli, argc, argv);
	read_options(&f, &cli, &in);
	stream_in_greet(&in);
	stream_out_init(&out, STDOUT_FILENO);
	enter();
	rc = run(&f, &in, &out);
	stream_in_clear(&in);
	stream_out_clear(&out);
	match_clear(&f);
	cli_clear(&cli);
	platforms_clear(&f.platforms);
	pairs_clear(&f.labels);
	return rc;
}
