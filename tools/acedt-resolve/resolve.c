/*
 * From a source to its digest: the record of the source, a HEAD of its manifest
 * or a look into its layout, and what the answer says put into the record.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/http/field.h"
#include "lib/oci/digest.h"
#include "lib/program/stage.h"
#include "lib/registry/reg.h"
#include "lib/stream/events.h"
#include "lib/stream/image.h"
#include "lib/text/json.h"
#include "lib/text/json_out.h"
#include "tools/acedt-resolve/resolve.h"

enum lookup_state {
	LOOKUP_NEW,
	LOOKUP_HEAD,
	LOOKUP_GET,		/* HEAD did not tell enough */
	LOOKUP_ENDED
};

/* One source being resolved. */
struct lookup {
	struct job		*job;	/* borrowed */
	enum lookup_state	 state;
	const struct ref	*ref;	/* borrowed: of the list, or own */
	struct ref		 own;	/* of a record that was read */
	int64_t			 line;	/* of the list; 0: not known */
	struct reg_repo		*repo;	/* borrowed; NULL: of a layout */
};

/* The record of a source, before anything is known of it. */
static void
make_record(const struct resolver *r, const struct source *src,
    struct record *rec)
{
	struct json_out	j;
	struct buf	b;

	buf_init(&b, STREAM_LINE_MAX);
	json_out_init(&j, &b);
	json_out_begin_object(&j);
	json_out_member(&j, "type", "image");
	json_out_member(&j, "file", r->list.file);
	json_out_member_number(&j, "line", (int64_t)src->line);
	json_out_member(&j, "source", src->ref.text);
	if (src->labels.n > 0) {
		json_out_name(&j, "labels");
		json_out_pairs(&j, &src->labels);
	}
	json_out_end_object(&j);
	record_take(rec, &b, 1);
}

int
resolve_next(struct stage *st, struct record *rec, void **about)
{
	struct resolver	*r = st->arg;
	struct source	*src;

	if (r->next == r->list.n)
		return 0;
	src = &r->list.v[r->next++];
	make_record(r, src, rec);
	*about = src;
	return 1;
}

static void
lookup_end(struct lookup *l, const struct err *err)
{
	assert(l->state != LOOKUP_ENDED);
	l->state = LOOKUP_ENDED;
	if (err != NULL)
		job_fail(l->job, err);
	else
		job_done(l->job);
	ref_clear(&l->own);
	free(l);
}

/* The digest is in the record, with all that is known of it here. */
static void
report_resolved(const struct lookup *l, const char *digest)
{
	EVENT("resolved", EV_NUM("line", l->line),
	    EV_STR("source", l->ref->text), EV_STR("digest", digest));
}

static void
lookup_found(struct lookup *l, const char *media_type, const char *digest,
    int64_t size)
{
	image_store_descriptor(&l->job->rec, media_type, digest, size);
	report_resolved(l, digest);
	lookup_end(l, NULL);
}

/* The type of manifest that the answer is, "" if it does not say. */
static const char *
answer_type(const struct reg_answer *a)
{
	const char	*v = reg_answer_field(a, "Content-Type", 0);

	return v != NULL ? manifest_type_named(v) : "";
}

/*
 * Put a manifest into the record.  type is what the registry calls it, or "".
 */
static int
set_manifest(struct lookup *l, const char *type, const char *bytes,
    size_t len, const char *digest, struct err *err)
{
	struct manifest	m;
	struct image	img;

	if (manifest_parse(&m, type, bytes, len, NULL, err) == -1)
		return err_wrap(err, "manifest %s", digest);
	image_store_descriptor(&l->job->rec, m.media_type, digest,
	    (int64_t)len);
	manifest_clear(&m);
	if (image_parse(&img, &l->job->rec, err) == -1)
		return -1;
	if (image_find(&img, digest) == NULL && image_add(&img, &img.root,
	    img.root.media_type, xmemdup0(bytes, len), len, err) == NULL) {
		image_clear(&img);
		return -1;
	}
	image_store(&img, &l->job->rec);
	image_clear(&img);
	return 0;
}

/* The bytes came: they say all there is to know. */
static void
got_manifest(void *arg, const struct reg_answer *a, const struct err *err)
{
	struct lookup	*l = arg;
	struct err	 e = ERR_INIT;
	char		 digest[DIGEST_STR_MAX];

	assert(l->state == LOOKUP_GET);
	if (err != NULL) {
		lookup_end(l, err);
		return;
	}
	digest_sha256(a->body, a->body_len, digest);
	if (set_manifest(l, answer_type(a), a->body, a->body_len, digest,
	    &e) == -1) {
		lookup_end(l, &e);
		return;
	}
	report_resolved(l, digest);
	lookup_end(l, NULL);
}

/* Ask for the manifest of the tag, or for what a HEAD tells of it. */
static void
ask_registry(struct lookup *l, const char *method, reg_done *done)
{
	char			*path = xasprintf("manifests/%s",
				    ref_tag(l->ref));
	struct reg_request	 req = {
		.method = method,
		.path = path,
		.accept = MANIFEST_ACCEPT,
		.reply_max = MANIFEST_BYTES_MAX
	};

	reg_send(l->repo, &req, done, l);
	free(path);
}

/*
 * HEAD does not say enough, or is refused in a way that need not mean GET is
 * (doc/protocol.md, "What registries do"): ask for the manifest itself.
 */
static void
get_manifest(struct lookup *l)
{
	l->state = LOOKUP_GET;
	ask_registry(l, "GET", got_manifest);
}

/* May a GET be answered where HEAD was not? */
static int
is_head_refused(long status)
{
	return status == 400 || status == 403 || status == 405;
}

/* The answer to HEAD: the digest, the type and the size, or not all of them. */
static void
got_head(void *arg, const struct reg_answer *a, const struct err *err)
{
	struct lookup	*l = arg;
	struct err	 e = ERR_INIT;
	const char	*type;
	const char	*v;
	int64_t		 size = -1;

	assert(l->state == LOOKUP_HEAD);
	if (err != NULL && is_head_refused(a->status)) {
		get_manifest(l);
		return;
	}
	if (err != NULL) {
		lookup_end(l, err);
		return;
	}
	type = answer_type(a);
	if ((v = reg_answer_field(a, "Content-Length", 0)) != NULL &&
	    (size = field_bytes(v)) == 0)
		size = -1;
	/* This one last: a value is there until the next one is asked for. */
	v = reg_answer_field(a, "Docker-Content-Digest", 0);
	if (*type == '\0' || v == NULL || digest_check(v, &e) == -1)
		get_manifest(l);
	else
		lookup_found(l, type, v, size);
}

static void
ask_first(struct lookup *l, struct reg_repo *repo)
{
	l->repo = repo;
	l->state = LOOKUP_HEAD;
	ask_registry(l, "HEAD", got_head);
}

static void
look_into_layout(struct lookup *l, struct place *place)
{
	const struct layout_index	*index;
	const struct layout_entry	*e;
	struct err			 err = ERR_INIT;

	if ((index = net_layout_index(place, &err)) == NULL ||
	    (e = layout_index_find(index, l->ref->tag, &err)) == NULL)
		lookup_end(l, &err);
	else
		lookup_found(l, e->media_type, e->digest, e->size);
}

/* What to look for is what the record names, as it came from a stream. */
static int
read_source(struct lookup *l, struct err *err)
{
	const struct record	*rec = &l->job->rec;
	char			*text;
	int			 rc;

	if (!json_int(rec->obj, "line", &l->line))
		l->line = 0;
	if ((text = json_str(rec->obj, "source")) == NULL)
		return err_set(err, ERR_STREAM, "an image record without "
		    "\"source\"");
	rc = ref_parse(&l->own, text, err);
	l->ref = &l->own;
	free(text);
	return rc;
}

void
resolve_begin(struct job *job)
{
	struct resolver		*r = job->stage->arg;
	const struct source	*src = job->about;
	struct lookup		*l;
	struct err		 err = ERR_INIT;
	struct place		*place;

	assert((src == NULL) == r->again);
	if (r->again && json_has(job->rec.obj, "descriptor")) {
		job_done(job);		/* another stage failed with it */
		return;
	}
	l = xcalloc(1, sizeof(*l));
	l->job = job;
	if (src != NULL) {
		l->ref = &src->ref;
		l->line = (int64_t)src->line;
	} else if (read_source(l, &err) == -1) {
		lookup_end(l, &err);
		return;
	}
	if ((place = net_place(&r->net, l->ref, &err)) == NULL)
		lookup_end(l, &err);
	else if (l->ref->digest != NULL)
		lookup_found(l, "", l->ref->digest, -1);
	else if (place->layout != NULL)
		look_into_layout(l, place);
	else
		ask_first(l, place->repo);
}
