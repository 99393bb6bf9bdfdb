#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/digest.h"
#include "lib/errmsg.h"
#include "lib/gojson.h"
#include "lib/json.h"
#include "lib/limits.h"
#include "lib/log.h"
#include "lib/xalloc.h"
#include "tools/acedt-fetch/fetch.h"

static void	expand(struct fetch *, const struct content *, int depth,
		    int present);

static void
fetch_free(struct fetch *f)
{
	struct want	*w;

	while ((w = f->wants) != NULL) {
		f->wants = w->next;
		descriptor_clear(&w->desc);
		free(w->subject);
		reg_call_clear(&w->call);
		free(w);
	}
	referrers_clear(f);
	reg_call_clear(&f->config);
	descriptor_clear(&f->config_desc);
	free(f->platform);
	image_clear(&f->img);
	free(f);
}

/* Does the destination list it, with all that is below it? */
static int
is_present(const struct fetch *f, const char *digest)
{
	return f->opt->have != NULL && have_lists(f->opt->have, digest);
}

/*
 * {"image":"NAME:TAG","index":DIGEST,"repository":NAME,"digests":[…]}: what the
 * destination has of the record's roots, and by which index.
 */
static void
note_present(struct fetch *f, struct buf *b)
{
	const struct have	*h = f->opt->have;
	const char		*digest, *sep = "";
	size_t			 i;

	buf_adds(b, "{\"image\":");
	gojson_str(b, h->image);
	buf_addf(b, ",\"index\":\"%s\",\"repository\":", h->index);
	gojson_str(b, h->dest.name);
	buf_adds(b, ",\"digests\":[");
	for (i = 0; i < image_nroots(&f->img); i++) {
		digest = image_root(&f->img, i)->digest;
		if (!is_present(f, digest))
			continue;
		buf_addf(b, "%s\"%s\"", sep, digest);
		sep = ",";
	}
	buf_adds(b, "]}");
}

/* Put into the record what was learnt. */
static void
complete(struct fetch *f)
{
	struct image	*img = &f->img;
	struct content	*root = image_find(img, img->root.digest);
	struct record	*rec = &f->job->rec;
	struct buf	 b;

	buf_init(&b, STREAM_LINE_MAX);
	if (root != NULL && (*img->root.media_type == '\0' ||
	    img->root.size == -1)) {
		image_descriptor_json(&root->desc, &b);
		record_set(rec, "descriptor", b.data);
		buf_reset(&b);
	}
	if (f->platform != NULL)
		record_set(rec, "platform", f->platform);
	if (f->opt->have != NULL && f->opt->have->image != NULL) {
		note_present(f, &b);
		record_set(rec, "present", b.data);
		buf_reset(&b);
	}
	if (f->opt->recursive) {
		image_referrers_json(img, &b);
		record_set(rec, "referrers", b.data);
		buf_reset(&b);
	}
	if (img->ncontents > f->had) {
		image_manifests_json(img, &b);
		record_set(rec, "manifests", b.data);
	}
	buf_clear(&b);
	job_done(f->job);
}

void
fetch_failed(struct fetch *f, const struct err *err)
{
	if (f->failed)
		return;
	f->failed = 1;
	f->err = *err;
}

void
fetch_hold(struct fetch *f)
{
	f->pending++;
}

/*
 * Nothing is under way: ask what can be asked only now.  The caller holds the
 * record, so that answers which are there at once do not end it.
 */
static void
ask_more(struct fetch *f)
{
	if (!f->failed && f->opt->roots && !f->platform_asked) {
		f->platform_asked = 1;
		fetch_platform(f);
	}
	while (!f->failed && f->opt->recursive && f->pending == 1 &&
	    referrers_ask(f))
		;
}

void
fetch_release(struct fetch *f)
{
	struct err	err = ERR_INIT;

	if (--f->pending > 0)
		return;
	fetch_hold(f);
	ask_more(f);
	if (--f->pending > 0)
		return;
	if (!f->failed && image_check(&f->img, &err) == -1)
		fetch_failed(f, &err);
	if (f->failed)
		job_fail(f->job, &f->err);
	else
		complete(f);
	fetch_free(f);
}

/* Is it a manifest with that subject?  What is not is no referrer. */
static int
has_subject(const char *bytes, size_t len, const char *subject)
{
	struct manifest	 m;
	struct err	 err = ERR_INIT;
	size_t		 i;
	int		 has = 0;

	if (manifest_parse(&m, "", bytes, len, NULL, &err) == -1)
		return 0;
	for (i = 0; i < m.nedges; i++)
		if (m.edges[i].kind == EDGE_SUBJECT &&
		    strcmp(m.edges[i].desc.digest, subject) == 0)
			has = 1;
	manifest_clear(&m);
	return has;
}

static void
add_referrer(struct image *img, const struct content *c)
{
	img->referrers = xreallocarray(img->referrers, img->nreferrers + 1,
	    sizeof(*img->referrers));
	descriptor_copy(&img->referrers[img->nreferrers++], &c->desc);
}

/* The bytes of a manifest are there; data is consumed. */
static void
got_bytes(struct want *w, char *data, size_t len)
{
	struct fetch	*f = w->fetch;
	struct content	*c;
	struct err	 err = ERR_INIT;

	if (w->subject != NULL && !has_subject(data, len, w->subject)) {
		log_info("%s: %s is listed as a referrer of %s but is none",
		    f->img.source, w->desc.digest, w->subject);
		free(data);
		return;
	}
	f->bytes += len;
	if (f->bytes > IMAGE_MANIFESTS_BYTES_MAX) {
		free(data);
		err_set(&err, ERR_LIMIT, "its manifests have more than %d "
		    "bytes", IMAGE_MANIFESTS_BYTES_MAX);
		fetch_failed(f, &err);
		return;
	}
	c = image_add(&f->img, &w->desc, w->desc.media_type, data, len, &err);
	if (c == NULL) {
		fetch_failed(f, &err);
		return;
	}
	if (w->subject != NULL)
		add_referrer(&f->img, c);
	expand(f, c, w->depth, w->present);
}

/* A subject may be missing: image-spec calls the link weak. */
static int
may_be_missing(const struct want *w, const struct err *err)
{
	return w->kind == EDGE_SUBJECT && err->cls == ERR_NOT_FOUND;
}

static void
want_failed(struct want *w, const struct err *err)
{
	if (may_be_missing(w, err))
		log_info("%s: the subject %s does not exist there",
		    w->fetch->img.source, w->desc.digest);
	else
		fetch_failed(w->fetch, err);
}

/* For the next run: what came is in the image, if it is what it should be. */
static void
keep(struct want *w)
{
	struct content	*c = image_find(&w->fetch->img, w->desc.digest);

	if (c != NULL)
		cache_put(w->fetch->opt->cache, w->desc.digest, c->data,
		    (size_t)c->desc.size);
}

/* An earlier run kept it. */
static int
read_cache(struct want *w)
{
	char	*data;
	size_t	 len;

	if (!cache_get(w->fetch->opt->cache, w->desc.digest, &data, &len))
		return 0;
	got_bytes(w, data, len);
	return 1;
}

/* The destination is a layout that has it. */
static int
read_dest(struct want *w)
{
	struct layout	*layout = w->fetch->opt->have->place->layout;
	struct err	 err = ERR_INIT;
	struct buf	 b;
	size_t		 len;
	int		 found;

	if (layout == NULL)
		return 0;
	buf_init(&b, MANIFEST_BYTES_MAX);
	found = layout_blob_read(layout, w->desc.digest, MANIFEST_BYTES_MAX,
	    &b, &err) == 0;
	len = b.len;
	if (found)
		got_bytes(w, buf_detach(&b), len);
	buf_clear(&b);
	return found;
}

/* The destination said that it has it: then the source is asked after all. */
static int
ask_source(struct want *w, const struct err *err)
{
	struct fetch	*f = w->fetch;

	if (w->call.repo == f->place->repo || f->place->repo == NULL)
		return 0;
	log_info("%s; asking the source", err->msg);
	w->call.repo = f->place->repo;
	reg_start(&w->call);
	return 1;
}

/*
 * The bytes of a digest are the same everywhere.  Whether a subject exists is
 * for the image's own repository to say.
 */
static int
compare_wants(const void *a, const void *b)
{
	const struct want	*x = a, *y = b;
	int			 rc = strcmp(x->desc.digest, y->desc.digest);
	uintptr_t		 of_x, of_y;

	if (rc != 0)
		return rc;
	of_x = x->kind == EDGE_SUBJECT ? (uintptr_t)x->call.repo : 0;
	of_y = y->kind == EDGE_SUBJECT ? (uintptr_t)y->call.repo : 0;
	return (of_x > of_y) - (of_x < of_y);
}

/* Ask, unless somebody asks already; the record is held until it is there. */
static void
ask(struct want *w)
{
	struct want	**slot;

	slot = tsearch(w, w->fetch->opt->asked, compare_wants);
	if (slot == NULL)
		abort();		/* out of memory */
	if (*slot == w) {
		reg_start(&w->call);
		return;
	}
	w->next_waiting = (*slot)->waiting;
	(*slot)->waiting = w;
}

/* An answer for one that asked, or waited for it. */
static void
take_answer(struct want *w, const struct reg_call *c)
{
	size_t	n = c->http.reply.len;

	/*
	 * What type the server says it is does not count: another server, and
	 * the cache, would say something else of the same bytes.
	 */
	if (!w->fetch->failed)
		got_bytes(w, xmemdup0(c->http.reply.data, n), n);
}

static void
got_manifest(struct reg_call *c, const struct err *err)
{
	struct want	*w = c->arg, *other;

	if (err != NULL && ask_source(w, err))
		return;
	tdelete(w, w->fetch->opt->asked, compare_wants);
	if (err != NULL) {
		want_failed(w, err);
	} else {
		take_answer(w, c);
		keep(w);
	}
	while ((other = w->waiting) != NULL) {
		w->waiting = other->next_waiting;
		if (err != NULL && !other->fetch->failed) {
			ask(other);	/* its own source may have it */
			continue;
		}
		if (err == NULL)
			take_answer(other, c);
		fetch_release(other->fetch);
	}
	/* The bytes live in the images now, or nowhere. */
	buf_clear(&c->http.reply);
	fetch_release(w->fetch);
}

static void
read_layout(struct want *w)
{
	struct err	 err = ERR_INIT;
	struct buf	 b;
	size_t		 len;

	buf_init(&b, MANIFEST_BYTES_MAX);
	if (layout_blob_read(w->fetch->place->layout, w->desc.digest,
	    MANIFEST_BYTES_MAX, &b, &err) == -1) {
		want_failed(w, &err);
		buf_clear(&b);
		return;
	}
	len = b.len;
	got_bytes(w, buf_detach(&b), len);
}

void
fetch_want(struct fetch *f, const struct descriptor *desc,
    enum edge_kind kind, const char *subject, int depth, int present)
{
	struct want	*w;
	struct err	 err = ERR_INIT;

	/* The destination may have a subject from another image. */
	if (kind == EDGE_SUBJECT)
		present = 0;
	if (f->failed || image_find(&f->img, desc->digest) != NULL)
		return;
	for (w = f->wants; w != NULL; w = w->next)
		if (strcmp(w->desc.digest, desc->digest) == 0)
			return;
	if (depth > INDEX_DEPTH_MAX) {
		err_set(&err, ERR_LIMIT,
		    "manifests nested deeper than %d levels", INDEX_DEPTH_MAX);
		fetch_failed(f, &err);
		return;
	}
	if (desc->size > MANIFEST_BYTES_MAX) {
		err_set(&err, ERR_LIMIT, "manifest %s has %lld bytes, the "
		    "limit is %d", desc->digest, (long long)desc->size,
		    MANIFEST_BYTES_MAX);
		fetch_failed(f, &err);
		return;
	}
	w = xcalloc(1, sizeof(*w));
	w->fetch = f;
	descriptor_copy(&w->desc, desc);
	w->kind = kind;
	w->subject = subject != NULL ? xstrdup(subject) : NULL;
	w->depth = depth;
	w->present = present;
	reg_call_init(&w->call);
	w->next = f->wants;
	f->wants = w;
	if (f->place->layout != NULL) {
		read_layout(w);
		return;
	}
	if (kind != EDGE_SUBJECT &&
	    (read_cache(w) || (present && read_dest(w))))
		return;
	w->call.repo = present && f->opt->have->place->repo != NULL ?
	    f->opt->have->place->repo : f->place->repo;
	w->call.method = "GET";
	w->call.path = xasprintf("manifests/%s", desc->digest);
	w->call.accept = MANIFEST_ACCEPT;
	w->call.reply_max = MANIFEST_BYTES_MAX;
	w->call.digest = w->desc.digest;
	w->call.arg = w;
	w->call.on_done = got_manifest;
	fetch_hold(f);
	ask(w);
}

/*
 * With --roots only what a filter must see: the root, and below it indexes that
 * say nothing of their platform.
 */
static int
is_wanted_edge(const struct fetch *f, const struct edge *e)
{
	if (!edge_is_manifest(e))
		return 0;
	if (!f->opt->roots)
		return 1;
	return e->kind == EDGE_CHILD && !e->desc.has_platform &&
	    manifest_is_index_type(e->desc.media_type);
}

/* Ask for what a manifest names. */
static void
expand(struct fetch *f, const struct content *c, int depth, int present)
{
	struct edge	*edges = c->manifest.edges;
	size_t		 i, n = c->manifest.nedges;

	/* c itself may move when more contents are added; its edges do not. */
	for (i = 0; i < n && !f->failed; i++)
		if (is_wanted_edge(f, &edges[i]))
			fetch_want(f, &edges[i].desc, edges[i].kind, NULL,
			    depth + 1, present);
}

/* Below what came with the record something may be missing. */
static void
expand_known(struct fetch *f, const char *digest, int depth, int present)
{
	struct content	*c = image_find(&f->img, digest);
	struct edge	*edges;
	size_t		 i, n;

	if (c == NULL || c->visited || depth > INDEX_DEPTH_MAX)
		return;
	c->visited = 1;
	edges = c->manifest.edges;
	n = c->manifest.nedges;
	expand(f, c, depth, present);
	for (i = 0; i < n && !f->failed; i++)
		if (is_wanted_edge(f, &edges[i]))
			expand_known(f, edges[i].desc.digest, depth + 1,
			    present && edges[i].kind != EDGE_SUBJECT);
}

static void
start(struct fetch *f)
{
	const struct descriptor	*root;
	size_t			 i, n = image_nroots(&f->img);

	for (i = 0; i < n && !f->failed; i++) {
		root = image_root(&f->img, i);
		if (*root->media_type != '\0' &&
		    !manifest_is_type(root->media_type))
			continue;	/* a blob in an index */
		if (image_find(&f->img, root->digest) != NULL)
			expand_known(f, root->digest, 0,
			    is_present(f, root->digest));
		else
			fetch_want(f, root, EDGE_CHILD, NULL, 0,
			    is_present(f, root->digest));
	}
}

void
fetch_begin(struct job *job, struct net *net, const struct fetch_options *opt)
{
	struct fetch	*f = xcalloc(1, sizeof(*f));
	struct err	 err = ERR_INIT;
	size_t		 i;

	f->job = job;
	f->net = net;
	f->opt = opt;
	reg_call_init(&f->config);
	fetch_hold(f);
	if (image_parse(&f->img, &job->rec, &err) == -1 ||
	    (f->place = net_place(net, &f->img.ref, &err)) == NULL) {
		fetch_failed(f, &err);
	} else {
		f->had = f->img.ncontents;
		for (i = 0; i < f->had; i++)
			f->bytes += (size_t)f->img.contents[i].desc.size;
		start(f);
	}
	fetch_release(f);
}
