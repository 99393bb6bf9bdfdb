/*
 * acedt-index: reduce all records to one gather index and publish it, last.
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
#include "lib/base/pairs.h"
#include "lib/base/xalloc.h"
#include "lib/oci/dest.h"
#include "lib/oci/digest.h"
#include "lib/oci/manifest.h"
#include "lib/program/cli.h"
#include "lib/program/net.h"
#include "lib/program/setup.h"
#include "lib/stream/events.h"
#include "lib/text/labels.h"
#include "tools/acedt-index/gather.h"
#include "tools/acedt-index/index.h"
#include "tools/acedt-index/publish.h"

#define PROG	"acedt-index"
/* Registries need not take more; some refuse it. */
#define INDEX_BYTES_USUAL	MANIFEST_BYTES_MAX

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

/*
 * The index to publish: the one that all images came from, to the byte, or a
 * new one of them.
 */
static void
make_index(struct indexer *x, struct buf *b)
{
	struct err	err = ERR_INIT;

	if (original_is_complete(&x->original) && x->annotations.n == 0 &&
	    !x->fallback) {
		log_info("all entries of the index %s came: it is published as "
		    "it is", x->original.digest);
		x->media_type = x->original.media_type;
		buf_add(b, x->original.bytes, x->original.len);
		return;
	}
	if (x->original.bytes != NULL)
		log_info("not all of the index %s came as it was: a new index "
		    "is made", x->original.digest);
	x->media_type = MT_OCI_INDEX;
	if (gather_index(&x->gather, &x->annotations, x->fallback, b,
	    &err) == -1)
		log_die(EXIT_STOPPED, "%s", err.msg);
}

static void
publish_index(struct indexer *x, const struct buf *b)
{
	struct err	err = ERR_INIT;
	char		digest[DIGEST_STR_MAX];
	int		changed;

	if (b->len > INDEX_BYTES_USUAL)
		log_warn("the index has %zu bytes: a registry need not take "
		    "more than %d", b->len, INDEX_BYTES_USUAL);
	digest_sha256(b->data, b->len, digest);
	records_open_dest(x);
	if (publish(&x->dest, x->media_type, b->data, b->len, digest,
	    x->unsure ? NULL : x->known, x->overwrite, &changed, &err) == -1)
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
}

static void
finish(struct indexer *x)
{
	struct buf	b;

	check_entries(x);
	buf_init(&b, INDEX_BYTES_MAX);
	make_index(x, &b);
	if (!x->print)
		publish_index(x, &b);
	else if (io_write_full(STDOUT_FILENO, b.data, b.len) == -1)
		io_stdout_failed();
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
	original_init(&x.original);
	buf_init(&x.left_out, 4096);
	read_options(&x, &cli);
	net_open(&x.net);
	if (x.print)
		net_enter_offline(NULL);
	else if (x.dest.ref.is_layout)
		net_enter_offline(&x.dest);
	else
		net_enter(&x.dest, NULL);
	records_read(&x);
	finish(&x);
	cli_clear(&cli);
	gather_clear(&x.gather);
	original_clear(&x.original);
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
