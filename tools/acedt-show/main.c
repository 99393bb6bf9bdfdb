/*
 * acedt-show: the images of a stream, for people and for other programs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/io.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/program/cli.h"
#include "lib/program/sandbox.h"
#include "lib/program/setup.h"
#include "lib/stream/stream.h"
#include "tools/acedt-show/show.h"

#define PROG	"acedt-show"

enum {
	OPT_OUTPUT = 1
};

static const struct cli_option options[] = {
	{ OPT_OUTPUT, 'o', "output", CLI_VALUE, "FORMAT",
	    "table, csv, or json: an object a line (table)" },
	CLI_END
};

static const struct cli_program program = {
	.usage = "acedt-show [-o FORMAT] < STREAM",
	.about = "Show the images of the stream: name, bytes, digest, "
	    "platforms, labels.",
	.options = options,
};

/* All that was read. */
struct show {
	enum show_format format;
	struct shown	*v;		/* owned */
	size_t		 n;
	size_t		 nfailed;
	struct total	 total;
};

/* Read the stream to its end.  -1: it is malformed, or cut short. */
static int
show_read(struct show *s, struct stream_in *in, struct err *err)
{
	struct record	rec;
	int		rc;

	while ((rc = stream_in_next(in, &rec, err)) == 1) {
		if (rec.is_image) {
			if (s->n % 64 == 0)
				s->v = xreallocarray(s->v, s->n + 64,
				    sizeof(*s->v));
			rc = shown_read(&s->v[s->n], &rec, &s->total, err);
			if (rc == 0 && s->v[s->n++].error != NULL)
				s->nfailed++;
		}
		record_clear(&rec);
		if (rc == -1)
			break;
	}
	return rc;
}

static void
show_write(const struct show *s)
{
	struct buf	out;

	buf_init(&out, SIZE_MAX / 4);
	show_all(s->format, s->v, s->n, &s->total, &out);
	if (out.len > 0 &&
	    io_write_full(STDOUT_FILENO, out.data, out.len) == -1)
		io_stdout_failed();
	buf_clear(&out);
}

static void
show_options(struct show *s, struct cli *cli)
{
	const char	*value;

	while (cli_next(cli, &value) != 0)
		if (show_parse_format(value, &s->format) == -1)
			cli_usage(cli, "-o %s: the formats are table, csv and "
			    "json", value);
	if (cli->nargs != 0)
		cli_usage(cli, "no arguments are taken: the stream is read "
		    "from standard input");
}

int
main(int argc, char *argv[])
{
	static struct show	s;
	struct stream_in	in;
	struct sandbox		sb;
	struct err		err = ERR_INIT;
	struct cli		cli;
	size_t			 i;
	int			 rc;

	log_init(PROG);
	program_setup();
	cli_init(&cli, &program, argc, argv);
	show_options(&s, &cli);
	stream_in_init(&in, STDIN_FILENO);
	stream_in_greet(&in);
	sandbox_init(&sb, SANDBOX_PURE, FILTER_MEMORY_MAX);
	sandbox_enter(&sb);
	if ((rc = show_read(&s, &in, &err)) == -1)
		stream_in_complain(&in, &err, "");
	else
		show_write(&s);
	for (i = 0; i < s.n; i++)
		shown_clear(&s.v[i]);
	free(s.v);
	total_clear(&s.total);
	stream_in_clear(&in);
	cli_clear(&cli);
	if (rc == -1)
		return EXIT_INPUT;
	return s.nfailed > 0 ? EXIT_IMAGES : EXIT_DONE;
}
