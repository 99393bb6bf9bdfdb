/*
 * acedt-index: reduce all records to one gather index and publish it, last.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/env.h"
#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/io.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/pairs.h"
#include "lib/base/xalloc.h"
#include "lib/oci/dest.h"
#include "lib/oci/digest.h"
#include "lib/program/cli.h"
#include "lib/program/net.h"
#include "lib/program/setup.h"
#include "lib/stream/events.h"
#include "lib/stream/stream.h"
#include "lib/text/json.h"
#include "lib/text/labels.h"
#include "tools/acedt-index/gather.h"
#include "tools/acedt-index/publish.h"

#define PROG	"acedt-index"
/* Registries need not take more; some refuse it. */
#define INDEX_BYTES_USUAL	MANIFEST_BYTES_MAX

/* Images that are named when nothing of them was selected. */
#define LEFT_OUT_NAMED		10

enum {
	OPT_IMAGES = 1,
	OPT_PRINT
};

static const struct cli_option options[] = {
	{ OPT_IMAGES, 0, "images", CLI_VALUE, "N",
	    "publish only if exactly N images came, in all streams together" },
	{ OPT_PRINT, 0, "print", CLI_NONE, NULL,
	    "write the index to standard output, publish nothing; no IMAGE" },
	CLI_END
};

static const struct cli_program program = {
	.usage = "acedt-index [-a KEY=VALUE] [--index-fallback] [--images N] "
	    "[--config FILE] IMAGE < STREAM",
	.about = "Make the gather index of all images of the stream and "
	    "publish it as IMAGE,\nif every one of them is complete.  Prints "
	    "IMAGE@DIGEST.",
	.options = options,
	.common = CLI_NETWORK_STAGE | CLI_INDEX,
};

struct indexer {
	struct net	 net;
	struct dest	 dest;
	struct gather	 gather;
	struct pairs	 annotations;
	int		 fallback;
	int		 print;
	int		 allow_empty;
	int		 overwrite;
	int64_t		 images;	/* how many must come; -1: any number */
	struct buf	 left_out;	/* names of some, for people */
	unsigned long	 nleft_out;	/* images without an entry */
	unsigned long	 failed;	/* images */
	char		*said;		/* owned: an error that others have too */
	char		*said_of;	/* owned: the first image that has it */
	unsigned long	 said_again;	/* images */
	/* What the tag names, as acedt-fetch --have saw it in this run. */
	char		*known;		/* owned; NULL: nobody looked */
	int		 unsure;	/* the records do not agree */
};

/*
 * Was the same said of another image?  That an account may not do something
 * holds for all images of a repository, and is said once.
 */
static int
was_said(struct indexer *x, const char *class, const char *text,
    const char *name)
{
	if (class == NULL || text == NULL || (strcmp(class, "denied") != 0 &&
	    strcmp(class, "unauthorized") != 0))
		return 0;
	if (x->said != NULL && strcmp(x->said, text) == 0) {
		x->said_again++;
		return 1;
	}
	if (x->said == NULL) {
		x->said = xstrdup(text);
		x->said_of = xstrdup(name);
	}
	return 0;
}

static void
report_record_error(struct indexer *x, const struct record *rec)
{
	jv	 e = json_get(rec->obj, "error");
	char	*stage = json_str(e, "stage"), *text = json_str(e, "message");
	char	*class = json_str(e, "class");
	char	 name[1024];

	record_name(rec, name, sizeof(name));
	if (!was_said(x, class, text, name))
		log_error("%s: %s%s%s", name, stage != NULL ? stage :
		    "", stage != NULL ? ": " : "", text != NULL ? text :
		    "failed");
	free(class);
	free(stage);
	free(text);
	jv_free(e);
	x->failed++;
}

/* The destination, once there is something to do with it. */
static void
open_dest(struct indexer *x)
{
	struct err	err = ERR_INIT;

	if (x->print || x->dest.name != NULL)
		return;
	if (net_dest(&x->net, &x->dest, &err) == -1)
		log_die(EXIT_STOPPED, "%s", err.msg);
	if (x->dest.ref.is_layout)
		x->gather.layout = &x->dest.layout;
}

/* Was the record's content pushed to where the index goes? */
static int
check_pushed(const struct indexer *x, const struct record *rec,
    struct err *err)
{
	char	*where = json_str(rec->obj, "pushed");
	int	 rc = 0;

	if (x->print)
		;
	else if (where == NULL)
		rc = err_set(err, ERR_STREAM, "its content was not pushed to "
		    "%s: run acedt-push before", x->dest.name);
	else if (strcmp(where, x->dest.name) != 0)
		rc = err_set(err, ERR_STREAM, "its content was pushed to %s, "
		    "not to %s", where, x->dest.name);
	free(where);
	return rc;
}

/*
 * What a record says of the index that is published now.  Only within one run of
 * the front-end: a stream that was saved may tell of days long gone.
 */
static void
note_known(struct indexer *x, const struct record *rec)
{
	jv	 present = json_get(rec->obj, "present");
	char	*image = json_str(present, "image");
	char	*index = json_str(present, "index"), *own;

	jv_free(present);
	own = x->print ? xstrdup("") : xasprintf("%s:%s", x->dest.name,
	    x->dest.tag);
	if (!env_is_supervised() || image == NULL ||
	    index == NULL || strcmp(image, own) != 0 ||
	    (x->known != NULL && strcmp(x->known, index) != 0))
		x->unsure = 1;
	if (x->known == NULL && index != NULL)
		x->known = xstrdup(index);
	free(own);
	free(image);
	free(index);
}

/* The filter left nothing of this image. */
static void
note_left_out(struct indexer *x, const struct record *rec)
{
	char	name[1024];

	if (x->nleft_out++ >= LEFT_OUT_NAMED)
		return;
	record_name(rec, name, sizeof(name));
	buf_addf(&x->left_out, "%s%s", x->nleft_out > 1 ? ", " : "", name);
}

static void
add(struct indexer *x, const struct record *rec)
{
	struct err	err = ERR_INIT;
	size_t		entries = x->gather.nentries;
	char		name[1024];

	if (!rec->is_image)
		return;
	x->gather.images++;
	if (record_has_error(rec)) {
		report_record_error(x, rec);
		return;
	}
	open_dest(x);
	note_known(x, rec);
	if (x->gather.full)
		return;			/* that was said */
	if (check_pushed(x, rec, &err) == 0 &&
	    gather_add(&x->gather, rec, &err) == 0) {
		if (x->gather.nentries == entries)
			note_left_out(x, rec);
		return;
	}
	record_name(rec, name, sizeof(name));
	log_error("%s: %s", name, err.msg);
	x->failed++;
}

static void
read_stream(struct indexer *x)
{
	struct stream_in	in;
	struct record		rec;
	struct err		err = ERR_INIT;
	int			rc;

	stream_in_init(&in, STDIN_FILENO);
	stream_in_greet(&in);
	while ((rc = stream_in_next(&in, &rec, &err)) == 1) {
		add(x, &rec);
		record_clear(&rec);
	}
	if (rc == -1) {
		stream_in_complain(&in, &err, "; nothing was published");
		exit(EXIT_INPUT);
	}
	stream_in_clear(&in);
	if (x->said_again > 0)
		log_error("%lu more image%s failed for the reason that is "
		    "given for %s", x->said_again, x->said_again == 1 ? "" :
		    "s", x->said_of);
	if (x->images != -1 && (uint64_t)x->images != x->gather.images)
		log_die(EXIT_INPUT, "%lu image%s came, and --images says %"
		    PRId64 "; nothing was published (is a part of the stream "
		    "missing?)", x->gather.images, x->gather.images == 1 ?
		    "" : "s", x->images);
	if (x->failed > 0 && x->print)
		log_die(EXIT_IMAGES, "%lu of %lu images failed; no index",
		    x->failed, x->gather.images);
	if (x->failed > 0)
		log_die(EXIT_IMAGES, "%lu of %lu images failed; nothing was "
		    "published, %s is as it was", x->failed, x->gather.images,
		    x->dest.ref.text);
}

/* "IMAGE@DIGEST", with the tag that was meant. */
static void
write_result(struct indexer *x, const char *digest)
{
	char	*line;
	int	 rc, saved;

	line = xasprintf("%s%s%s@%s\n", x->dest.ref.text,
	    x->dest.ref.tag == NULL ? ":" : "",
	    x->dest.ref.tag == NULL ? x->dest.tag : "", digest);
	rc = io_write_full(STDOUT_FILENO, line, strlen(line));
	saved = errno;
	free(line);
	if (rc == 0)
		return;
	log_error("the index was published as %s, but standard output cannot "
	    "be written: %s", digest, strerror(saved));
	errno = saved;
	io_end_unread();
	exit(EXIT_STOPPED);
}

/* An index without entries is hardly what was meant. */
static void
check_entries(const struct indexer *x)
{
	if (x->nleft_out > 0 && x->gather.nentries > 0)
		log_warn("%lu of %lu images %s nothing that was selected: "
		    "%s%s", x->nleft_out, x->gather.images,
		    x->nleft_out == 1 ? "has" : "have", x->left_out.data,
		    x->nleft_out > LEFT_OUT_NAMED ? ", and others" : "");
	if (x->gather.nentries > 0 || x->allow_empty)
		return;
	log_die(EXIT_IMAGES, "%s; nothing was published%s%s%s "
	    "(--allow-empty makes an index without entries)",
	    x->gather.images == 0 ? "no image came" : "none of the images "
	    "has anything that was selected", x->print ? "" : ", ",
	    x->print ? "" : x->dest.ref.text, x->print ? "" :
	    " is as it was");
}

static void
finish(struct indexer *x)
{
	struct err	err = ERR_INIT;
	struct buf	b;
	char		digest[DIGEST_STR_MAX];
	int		changed;

	check_entries(x);
	buf_init(&b, INDEX_BYTES_MAX);
	if (gather_index(&x->gather, &x->annotations, x->fallback, &b,
	    &err) == -1)
		log_die(EXIT_STOPPED, "%s", err.msg);
	if (x->print) {
		if (io_write_full(STDOUT_FILENO, b.data, b.len) == -1)
			io_stdout_failed();
		buf_clear(&b);
		return;
	}
	if (b.len > INDEX_BYTES_USUAL)
		log_warn("the index has %zu bytes: a registry need not take "
		    "more than %d", b.len, INDEX_BYTES_USUAL);
	digest_sha256(b.data, b.len, digest);
	open_dest(x);
	if (publish(&x->dest, b.data, b.len, digest, x->unsure ? NULL :
	    x->known, x->overwrite, &changed, &err) == -1)
		log_die(EXIT_STOPPED, "%s: the index was not published: "
		    "%s%s", x->dest.ref.text, err.msg,
		    err.cls == ERR_REGISTRY && !x->fallback &&
		    gather_has_indexes(&x->gather) ? " (if the registry takes "
		    "no index in an index, try --index-fallback)" : "");
	EVENT("published", EV_STR("image", x->dest.ref.text),
	    EV_STR("digest", digest),
	    EV_NUM("images", (int64_t)x->gather.images),
	    EV_NUM("left_out", (int64_t)x->nleft_out),
	    EV_NUM("changed", changed));
	log_info("%s %s", x->dest.ref.text, changed ? "published" :
	    "names this index already: nothing was sent");
	write_result(x, digest);
	buf_clear(&b);
}

static void
read_options(struct indexer *x, struct cli *cli)
{
	struct err	 err = ERR_INIT;
	const char	*value;
	int		 id;

	while ((id = cli_next(cli, &value)) != 0)
		switch (id) {
		case CLI_ID_ALLOW_EMPTY:
			x->allow_empty = value == NULL;
			break;
		case CLI_ID_ANNOTATIONS:
			if (annotations_add(&x->annotations, value,
			    &err) == -1)
				cli_usage(cli, "--annotations: %s", err.msg);
			break;
		case CLI_ID_FALLBACK:
			x->fallback = value == NULL;
			break;
		case OPT_IMAGES:
			x->images = cli_number(cli, "--images", value, 0,
			    INT32_MAX);
			break;
		case CLI_ID_OVERWRITE:
			x->overwrite = value == NULL;
			break;
		case OPT_PRINT:
			x->print = value == NULL;
			break;
		default:
			net_option(&x->net, cli, id, value);
			break;
		}
	if (cli->nargs != (x->print ? 0 : 1))
		cli_usage(cli, x->print ? "--print takes no IMAGE" :
		    "one IMAGE is needed, %zu given", cli->nargs);
	if (!x->print && dest_parse(&x->dest, cli->args[0], &err) == -1)
		log_die(EXIT_USAGE_ERR, "%s", err.msg);
}

int
main(int argc, char *argv[])
{
	static struct indexer	x;
	struct cli		cli;

	log_init(PROG);
	program_setup();
	cli_init(&cli, &program, argc, argv);
	net_init(&x.net);
	x.images = -1;
	buf_init(&x.left_out, 4096);
	read_options(&x, &cli);
	net_open(&x.net);
	if (x.print)
		net_enter_offline(NULL);
	else if (x.dest.ref.is_layout)
		net_enter_offline(&x.dest);
	else
		net_enter(&x.dest, NULL);
	read_stream(&x);
	finish(&x);
	cli_clear(&cli);
	gather_clear(&x.gather);
	free(x.known);
	free(x.said);
	free(x.said_of);
	buf_clear(&x.left_out);
	pairs_clear(&x.annotations);
	if (!x.print)
		dest_close(&x.dest);
	net_close(&x.net);
	return EXIT_DONE;
}
