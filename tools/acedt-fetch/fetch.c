#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/oci/digest.h"
#include "lib/text/gojson.h"
#include "lib/text/json.h"
#include "tools/acedt-fetch/fetch.h"

static void
fetch_free(struct fetch *f)
{
	wants_free(f);
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
	wants_cancel(f);
	referrers_cancel(f);
}

void
fetch_hold(struct fetch *f)
{
	f->pending++;
}

void
fetch_drop(struct fetch *f)
{
	assert(f->pending > 1);
	f->pending--;
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

static void
add_referrer(struct image *img, const struct content *c)
{
	img->referrers = xreallocarray(img->referrers, img->nreferrers + 1,
	    sizeof(*img->referrers));
	descriptor_copy(&img->referrers[img->nreferrers++], &c->desc);
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

/* Want what a manifest names. */
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

void
fetch_got(struct fetch *f, const char *digest, int is_referrer, int depth,
    int present)
{
	struct content	*c = image_find(&f->img, digest);

	if (is_referrer)
		add_referrer(&f->img, c);
	expand(f, c, depth, present);
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
