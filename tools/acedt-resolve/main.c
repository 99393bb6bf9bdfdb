/*
 * acedt-resolve: read a sources file, name the digest behind each line.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/io.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/pairs.h"
#include "lib/base/xalloc.h"
#include "lib/http/field.h"
#include "lib/http/http.h"
#include "lib/oci/digest.h"
#include "lib/program/cli.h"
#include "lib/program/net.h"
#include "lib/program/setup.h"
#include "lib/program/sources.h"
#include "lib/program/stage.h"
#include "lib/registry/reg.h"
#include "lib/stream/events.h"
#include "lib/stream/image.h"
#include "lib/text/gojson.h"
#include "lib/text/json.h"

#define PROG	"acedt-resolve"
/* Lines under way at a time: what the hosts' own limits let through. */
#define JOBS_MAX	512
#define JOBS_BYTES_MAX	(32 * 1024 * 1024)

struct resolver {
	struct net	 net;
	struct sources	 list;
	size_t		 next;		/* index of the next source */
	int		 again;		/* a stream is read, not a list */
	const char	*name;		/* borrowed: of the list on standard input */
};

/* One line being resolved. */
struct line {
	struct job		*job;
	const struct ref	*ref;	/* of the list, or own */
	struct ref		 own;	/* of a record that was read */
	int64_t			 number;	/* of the line; 0: not known */
	struct reg_call		 call;
};

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

/* The record of a source, before anything is known of it. */
static void
make_record(const struct resolver *r, const struct source *src,
    struct record *rec)
{
	struct buf	b;

	buf_init(&b, STREAM_LINE_MAX);
	buf_addc(&b, '{');
	gojson_member(&b, "type", "image");
	gojson_member(&b, "file", r->list.file);
	gojson_number(&b, "line", (int64_t)src->line);
	gojson_member(&b, "source", src->ref.text);
	if (src->labels.n > 0) {
		gojson_name(&b, "labels");
		gojson_pairs(&b, &src->labels);
	}
	buf_addc(&b, '}');
	rec->len = b.len;
	rec->raw = buf_detach(&b);
	rec->obj = jv_parse_sized(rec->raw, (int)rec->len);
	rec->is_image = 1;
	rec->over = NULL;
}

static int
next_record(struct stage *st, struct record *rec)
{
	struct resolver	*r = st->arg;

	if (r->next == r->list.n)
		return 0;
	make_record(r, &r->list.v[r->next++], rec);
	return 1;
}

static void
describe(struct line *l, const char *media_type, const char *digest,
    int64_t size)
{
	struct descriptor	d = { (char *)media_type, (char *)digest, size,
				    NULL, 0, { NULL, NULL, NULL, NULL },
				    NULL };
	struct buf		b;

	buf_init(&b, STREAM_LINE_MAX);
	image_descriptor_json(&d, &b);
	record_set(&l->job->rec, "descriptor", b.data);
	buf_clear(&b);
}

/* The digest is known, and all that a record says of it here. */
static void
resolved(struct line *l, const char *media_type, const char *digest,
    int64_t size)
{
	describe(l, media_type, digest, size);
	EVENT("resolved", EV_NUM("line", l->number),
	    EV_STR("source", l->ref->text), EV_STR("digest", digest));
}

static void
line_end(struct line *l, const struct err *err)
{
	if (err != NULL)
		job_fail(l->job, err);
	else
		job_done(l->job);
	reg_call_clear(&l->call);
	ref_clear(&l->own);
	free(l);
}

/* The type of manifest that the answer is, "" if it does not say. */
static const char *
answer_type(struct reg_call *c)
{
	char	*v = reg_header(c, "Content-Type");

	return v != NULL ? manifest_type_named(v) : "";
}

/* The bytes came: they say all there is to know. */
static void
got_manifest(struct reg_call *c, const struct err *err)
{
	struct line	*l = c->arg;
	struct image	 img;
	struct err	 e = ERR_INIT;
	struct descriptor d;
	char		 digest[DIGEST_STR_MAX];
	const char	*type;
	struct buf	 b;

	if (err != NULL) {
		line_end(l, err);
		return;
	}
	type = answer_type(c);
	digest_sha256(c->http.reply.data != NULL ? c->http.reply.data : "",
	    c->http.reply.len, digest);
	describe(l, "", digest, (int64_t)c->http.reply.len);
	if (image_parse(&img, &l->job->rec, &e) == -1) {
		line_end(l, &e);
		return;
	}
	descriptor_copy(&d, &img.root);
	if (image_add(&img, &d, type, xmemdup0(c->http.reply.data,
	    c->http.reply.len), c->http.reply.len, &e) == NULL) {
		line_end(l, &e);
	} else {
		resolved(l, img.contents[0].desc.media_type, digest,
		    (int64_t)c->http.reply.len);
		buf_init(&b, STREAM_LINE_MAX);
		image_manifests_json(&img, &b);
		record_set(&l->job->rec, "manifests", b.data);
		buf_clear(&b);
		line_end(l, NULL);
	}
	descriptor_clear(&d);
	image_clear(&img);
}

/*
 * HEAD does not say enough, or is refused in a way that need not mean GET is
 * (doc/protocol.md, "What registries do"): ask for the manifest itself.
 */
static void
get_manifest(struct line *l)
{
	l->call.method = "GET";
	l->call.reply_max = MANIFEST_BYTES_MAX;
	l->call.on_done = got_manifest;
	reg_start(&l->call);
}

static void
got_head(struct reg_call *c, const struct err *err)
{
	struct line	*l = c->arg;
	struct err	 e = ERR_INIT;
	const char	*type;
	char		*v;
	int64_t		 size = -1;
	long		 s = c->http.status;

	if (err != NULL && (s == 400 || s == 403 || s == 405)) {
		get_manifest(l);
		return;
	}
	if (err != NULL) {
		line_end(l, err);
		return;
	}
	type = answer_type(c);
	if ((v = reg_header(c, "Content-Length")) != NULL &&
	    (size = field_bytes(v)) == 0)
		size = -1;
	v = reg_header(c, "Docker-Content-Digest");
	if (*type == '\0' || v == NULL || digest_check(v, &e) == -1) {
		get_manifest(l);
		return;
	}
	resolved(l, type, v, size);
	line_end(l, NULL);
}

static void
resolve_layout(struct line *l, struct place *place)
{
	const struct layout_index *index;
	const struct layout_entry *e;
	const struct ref	*ref = l->ref;
	struct err		 err = ERR_INIT;

	if (ref->digest != NULL) {
		resolved(l, "", ref->digest, -1);
		line_end(l, NULL);
		return;
	}
	if ((index = net_layout_index(place, &err)) == NULL ||
	    (e = layout_index_find(index, ref->tag, &err)) == NULL) {
		line_end(l, &err);
		return;
	}
	resolved(l, e->media_type, e->digest, e->size);
	line_end(l, NULL);
}

/* What to ask for: the next source of the list, or what the record names. */
static int
read_source(struct line *l, struct resolver *r, struct err *err)
{
	const struct source	*src;
	char			*text;
	int			 rc;

	if (!r->again) {
		/* Jobs begin in the order of the list. */
		src = &r->list.v[r->next - 1];
		l->ref = &src->ref;
		l->number = (int64_t)src->line;
		return 0;
	}
	if (!json_int(l->job->rec.obj, "line", &l->number))
		l->number = 0;
	if ((text = json_str(l->job->rec.obj, "source")) == NULL)
		return err_set(err, ERR_STREAM, "an image record without "
		    "\"source\"");
	rc = ref_parse(&l->own, text, err);
	l->ref = &l->own;
	free(text);
	return rc;
}

static void
begin(struct job *job)
{
	struct resolver	*r = job->stage->arg;
	struct line	*l;
	struct err	 err = ERR_INIT;
	struct place	*place;

	if (r->again && json_has(job->rec.obj, "descriptor")) {
		job_done(job);		/* another stage failed with it */
		return;
	}
	l = xcalloc(1, sizeof(*l));
	l->job = job;
	reg_call_init(&l->call);
	if (read_source(l, r, &err) == -1 ||
	    (place = net_place(&r->net, l->ref, &err)) == NULL) {
		line_end(l, &err);
	} else if (place->layout != NULL) {
		resolve_layout(l, place);
	} else if (l->ref->digest != NULL) {
		resolved(l, "", l->ref->digest, -1);
		line_end(l, NULL);
	} else {
		l->call.repo = place->repo;
		l->call.method = "HEAD";
		l->call.path = xasprintf("manifests/%s",
		    l->ref->tag != NULL ? l->ref->tag : "latest");
		l->call.accept = MANIFEST_ACCEPT;
		l->call.arg = l;
		l->call.on_done = got_head;
		reg_start(&l->call);
	}
}

static void
complain(const struct err *err, void *arg)
{
	(void)arg;
	log_error("%s", err->msg);
}

/* The whole list is checked before the first request. */
static void
read_list(struct resolver *r, const char *path, const char *name)
{
	struct err	err = ERR_INIT;
	int		wrong;

	wrong = sources_read(&r->list, path, name, complain, NULL, &err);
	if (wrong == -1)
		log_die(EXIT_USAGE_ERR, "%s", err.msg);
	if (wrong > 0)
		log_die(EXIT_USAGE_ERR, "%s: %d source%s cannot be read, "
		    "nothing was done", r->list.file, wrong,
		    wrong == 1 ? "" : "s");
	if (r->list.n == 0)
		log_warn("%s names no image", r->list.file);
	EVENT("list", EV_NUM("images", (int64_t)r->list.n));
}

static void
read_options(struct resolver *r, struct stage *st, struct cli *cli)
{
	const char	*value;
	int		 id;

	while ((id = cli_next(cli, &value)) != 0)
		if (id == CLI_ID_UNORDERED)
			st->unordered = value == NULL;
		else if (id == OPT_AGAIN)
			r->again = value == NULL;
		else if (id == OPT_NAME)
			r->name = value;
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
	int			rc;

	log_init(PROG);
	program_setup();
	cli_init(&cli, argc, argv);
	net_init(&r.net);
	memset(&st, 0, sizeof(st));
	read_options(&r, &st, &cli);
	net_open(&r.net);
	net_enter(NULL, NULL);
	if (!r.again)
		read_list(&r, cli.args[0], r.name);

	st.name = PROG;
	net_join(&r.net, &st);
	st.jobs_max = JOBS_MAX;
	st.bytes_max = JOBS_BYTES_MAX;
	st.arg = &r;
	st.begin = begin;
	st.again = r.again;
	st.next = r.again ? NULL : next_record;
	stage_open(&st);
	rc = stage_run(&st);
	cli_clear(&cli);
	net_close(&r.net);
	sources_clear(&r.list);
	return rc;
}
