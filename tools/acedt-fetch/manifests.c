/*
 * The manifests that records want: each is taken from a layout, the cache or
 * the destination, or is requested, and what it names is wanted next.  What a
 * record wants when there is no room for it is parked until there is.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/tree.h"
#include "lib/base/xalloc.h"
#include "lib/oci/digest.h"
#include "tools/acedt-fetch/fetch.h"
#include "tools/acedt-fetch/request.h"

/* Reserved for a manifest whose size nobody has said. */
#define SIZE_GUESSED	(64 * 1024)

enum want_state {
	WANT_NEW,
	WANT_PARKED,			/* there is no room for it */
	WANT_REQUESTED,
	WANT_DONE
};

struct want {
	struct fetch	*fetch;		/* borrowed */
	enum want_state	 state;
	struct descriptor desc;		/* owned */
	struct want_reason why;
	char		*subject;	/* owned: why.subject */
	size_t		 reserved;	/* of the stage's room */
	struct request	 request;
	struct want	*next;		/* of its record */
	TAILQ_ENTRY(want) next_parked;
};

static void	want_begin(struct want *);

void
manifests_clear(struct fetch *f)
{
	struct want	*w;

	assert(TAILQ_EMPTY(&f->parked));
	tree_forget(&f->wanted);
	while ((w = f->wants) != NULL) {
		assert(w->state == WANT_DONE && w->reserved == 0);
		f->wants = w->next;
		request_clear(&w->request);
		descriptor_clear(&w->desc);
		free(w->subject);
		free(w);
	}
}

/* How many bytes a manifest adds to a line: base64. */
static size_t
grown(size_t len)
{
	return len / 3 * 4;
}

static void
want_reserve(struct want *w, size_t n)
{
	job_grows(w->fetch->job, (ptrdiff_t)n - (ptrdiff_t)w->reserved);
	w->reserved = n;
}

/* Nothing is under way for it any more. */
static void
want_end(struct want *w)
{
	want_reserve(w, 0);
	w->state = WANT_DONE;
}

/* Does the destination's index list it, with all that is below it? */
static int
is_published(const struct fetch *f, const char *digest)
{
	return f->all->published != NULL &&
	    published_lists(f->all->published, digest);
}

/*
 * With --roots only what a filter must see: the root, and below it indexes that
 * do not say their platform.
 */
static int
is_wanted_edge(const struct fetch *f, const struct edge *e)
{
	if (!edge_is_manifest(e))
		return 0;
	if (!f->all->roots)
		return 1;
	return e->kind == EDGE_CHILD && !e->desc.has_platform &&
	    manifest_is_index_type(e->desc.media_type);
}

/* Want what a manifest names. */
static void
expand(struct fetch *f, const struct content *c, int depth, int published)
{
	const struct edge	*edges = c->manifest.edges;
	struct want_reason	 why = { EDGE_CHILD, NULL, depth + 1, 0 };
	size_t			 i, n = c->manifest.nedges;

	/* c itself may move when more contents are added; its edges do not. */
	for (i = 0; i < n && !f->failed; i++) {
		if (!is_wanted_edge(f, &edges[i]))
			continue;
		why.kind = edges[i].kind;
		/* The destination may have a subject from another image. */
		why.is_published = published && why.kind != EDGE_SUBJECT;
		manifests_want(f, &edges[i].desc, &why);
	}
}

/* Want what is missing below a manifest that came with the record. */
static void
expand_known(struct fetch *f, const char *digest, int depth, int published)
{
	struct content		*c = image_find(&f->img, digest);
	const struct edge	*edges;
	size_t			 i, n;

	if (c == NULL || c->visited || depth > INDEX_DEPTH_MAX)
		return;
	c->visited = 1;
	edges = c->manifest.edges;
	n = c->manifest.nedges;
	expand(f, c, depth, published);
	for (i = 0; i < n && !f->failed; i++)
		if (is_wanted_edge(f, &edges[i]))
			expand_known(f, edges[i].desc.digest, depth + 1,
			    published && edges[i].kind != EDGE_SUBJECT);
}

/* Is it a manifest with that subject?  What is not is not a referrer. */
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

/*
 * Some registries list referrers with a size that is not theirs.  Nothing but
 * the digest is needed to know that the bytes are right.
 */
static void
correct_size(struct want *w, const char *data, size_t len)
{
	char	have[DIGEST_STR_MAX];

	if (w->desc.size == -1 || w->desc.size == (int64_t)len)
		return;
	digest_of(w->desc.digest, data, len, have);
	if (strcmp(have, w->desc.digest) != 0)
		return;
	log_warn("%s: the list of referrers of %s gives %lld bytes to %s, "
	    "which has %zu and the right digest", w->fetch->img.source,
	    w->subject, (long long)w->desc.size, w->desc.digest, len);
	w->desc.size = (int64_t)len;
}

/* A manifest that refers to another of the image is one of its roots. */
static void
add_referrer(struct image *img, const struct content *c)
{
	img->referrers = xreallocarray(img->referrers, img->nreferrers + 1,
	    sizeof(*img->referrers));
	descriptor_copy(&img->referrers[img->nreferrers++], &c->desc);
}

/*
 * Put a manifest into the image, and go on with what it names.  data is
 * consumed.
 */
static void
add_manifest(struct want *w, char *data, size_t len)
{
	struct fetch	*f = w->fetch;
	struct content	*c;
	struct err	 err = ERR_INIT;

	c = image_add(&f->img, &w->desc, w->desc.media_type, data, len, &err);
	if (c == NULL) {
		pending_fail(f, &err);
		return;
	}
	job_grows(f->job, (ptrdiff_t)grown(len));
	if (w->subject != NULL)
		add_referrer(&f->img, c);
	expand(f, c, w->why.depth, w->why.is_published);
}

/* The bytes of a manifest are there; data is consumed. */
static void
got_bytes(struct want *w, char *data, size_t len)
{
	struct fetch	*f = w->fetch;
	struct err	 err = ERR_INIT;

	assert(w->state == WANT_DONE && w->reserved == 0);
	/* The record may have wanted it for two reasons. */
	if (f->failed || image_find(&f->img, w->desc.digest) != NULL) {
		free(data);
		return;
	}
	f->bytes += len;
	if (f->bytes > IMAGE_MANIFESTS_BYTES_MAX) {
		free(data);
		err_set(&err, ERR_LIMIT, "its manifests have more than %d "
		    "bytes", IMAGE_MANIFESTS_BYTES_MAX);
		pending_fail(f, &err);
		return;
	}
	if (w->subject != NULL && !has_subject(data, len, w->subject)) {
		log_info("%s: %s is listed as a referrer of %s but is not one",
		    f->img.source, w->desc.digest, w->subject);
		free(data);
		return;
	}
	if (w->subject != NULL)
		correct_size(w, data, len);
	add_manifest(w, data, len);
}

/* A subject may be missing: image-spec calls the link weak. */
static int
may_be_missing(const struct want *w, const struct err *err)
{
	return w->why.kind == EDGE_SUBJECT && err->cls == ERR_NOT_FOUND;
}

static void
want_failed(struct want *w, const struct err *err)
{
	if (may_be_missing(w, err))
		log_info("%s: the subject %s does not exist there",
		    w->fetch->img.source, w->desc.digest);
	else
		pending_fail(w->fetch, err);
}

/* For the next run: what came is in the image, if it is what it should be. */
static void
cache_keep(struct want *w)
{
	const struct content	*c = image_find(&w->fetch->img,
				    w->desc.digest);

	if (c != NULL)
		cache_put(w->fetch->all->cache, w->desc.digest, c->data,
		    (size_t)c->desc.size);
}

/* An earlier run kept it. */
static int
read_cache(struct want *w)
{
	char	*data;
	size_t	 len;

	if (!cache_get(w->fetch->all->cache, w->desc.digest, &data, &len))
		return 0;
	got_bytes(w, data, len);
	return 1;
}

/* Read it from a layout: 0, or -1 if the layout has not got it. */
static int
read_blob(struct want *w, struct layout *layout, struct err *err)
{
	struct buf	b;
	size_t		len;
	int		rc;

	buf_init(&b, MANIFEST_BYTES_MAX);
	rc = layout_blob_read(layout, w->desc.digest, MANIFEST_BYTES_MAX, &b,
	    err);
	len = b.len;
	if (rc == 0)
		got_bytes(w, buf_detach(&b), len);
	buf_clear(&b);
	return rc;
}

/* The destination is a layout that has it. */
static int
read_dest(struct want *w)
{
	struct layout	*layout;
	struct err	 err = ERR_INIT;

	if (!w->why.is_published)
		return 0;
	layout = w->fetch->all->published->place->layout;
	return layout != NULL && read_blob(w, layout, &err) == 0;
}

/* The answer to a request, or to that of another want for the same. */
static void
request_ended(struct request *r, const char *bytes, size_t len,
    const struct err *err)
{
	struct want	*w = r->arg;

	assert(w->state == WANT_REQUESTED);
	want_end(w);
	if (err != NULL) {
		want_failed(w, err);
	} else {
		got_bytes(w, xmemdup0(bytes, len), len);
		if (r->state == REQUEST_ASKS)
			cache_keep(w);
	}
	pending_release(w->fetch);
}

/* Ask the destination if its index says that it has it, else the source. */
static void
want_request(struct want *w)
{
	struct fetch	*f = w->fetch;
	struct request	*r = &w->request;
	struct reg_repo	*dest = w->why.is_published ?
			    f->all->published->place->repo : NULL;

	w->state = WANT_REQUESTED;
	want_reserve(w, w->desc.size == -1 ? SIZE_GUESSED :
	    w->desc.size > MANIFEST_BYTES_MAX ? MANIFEST_BYTES_MAX :
	    grown((size_t)w->desc.size));
	pending_hold(f);
	r->digest = w->desc.digest;
	r->repo = dest != NULL ? dest : f->place->repo;
	r->source = f->place->repo;
	r->only_here = w->why.kind == EDGE_SUBJECT;
	r->arg = w;
	r->on_done = request_ended;
	request_start(r);
}

/* Get it from where it is; a request is made last. */
static void
want_begin(struct want *w)
{
	struct fetch	*f = w->fetch;
	struct err	 err = ERR_INIT;

	assert(w->state == WANT_NEW || w->state == WANT_PARKED);
	w->state = WANT_DONE;
	if (f->place->layout != NULL) {
		if (read_blob(w, f->place->layout, &err) == -1)
			want_failed(w, &err);
		return;
	}
	if (w->why.kind == EDGE_SUBJECT ||
	    (!read_cache(w) && !read_dest(w)))
		want_request(w);
}

/* There is no room for it now; its record waits for that. */
static void
want_park(struct want *w)
{
	struct fetch	*f = w->fetch;

	w->state = WANT_PARKED;
	if (TAILQ_EMPTY(&f->parked))
		TAILQ_INSERT_TAIL(&f->all->parked, f, next_parked);
	TAILQ_INSERT_TAIL(&f->parked, w, next_parked);
	pending_hold(f);
}

static void
want_unpark(struct want *w)
{
	struct fetch	*f = w->fetch;

	assert(w->state == WANT_PARKED);
	TAILQ_REMOVE(&f->parked, w, next_parked);
	if (TAILQ_EMPTY(&f->parked))
		TAILQ_REMOVE(&f->all->parked, f, next_parked);
}

int
manifests_begin_parked(struct fetcher *all)
{
	struct fetch	*f, *next;
	struct want	*w;
	int		 some = 0;

	/* Others may park at the end of the list meanwhile; none ends. */
	for (f = TAILQ_FIRST(&all->parked); f != NULL; f = next) {
		next = TAILQ_NEXT(f, next_parked);
		while (!f->failed && job_has_room(f->job) &&
		    (w = TAILQ_FIRST(&f->parked)) != NULL) {
			want_unpark(w);
			want_begin(w);
			pending_release(f);
			some = 1;
		}
	}
	return some;
}

void
manifests_cancel(struct fetch *f)
{
	struct want	*w;

	assert(f->failed);
	for (w = f->wants; w != NULL; w = w->next) {
		switch (w->state) {
		case WANT_NEW:
			w->state = WANT_DONE;
			/* FALLTHROUGH */
		case WANT_DONE:
			continue;
		case WANT_PARKED:
			want_unpark(w);
			break;
		case WANT_REQUESTED:
			request_cancel(&w->request);
			break;
		}
		want_end(w);
		pending_release(f);
	}
}

/*
 * By digest and reason: a child that is missing is an error where a subject is
 * not, and what is not the referrer of one manifest may be that of another.
 */
static int
compare_wanted(const void *a, const void *b)
{
	const struct want	*x = a, *y = b;
	int			 rc = strcmp(x->desc.digest, y->desc.digest);

	if (rc == 0)
		rc = (x->why.kind == EDGE_SUBJECT) -
		    (y->why.kind == EDGE_SUBJECT);
	return rc != 0 ? rc :
	    strcmp(x->why.subject != NULL ? x->why.subject : "",
	    y->why.subject != NULL ? y->why.subject : "");
}

/* Is it there, or was it wanted before for the same reason? */
static int
is_known(struct fetch *f, const struct descriptor *desc,
    const struct want_reason *why)
{
	struct want	key;

	if (image_find(&f->img, desc->digest) != NULL)
		return 1;
	memset(&key, 0, sizeof(key));
	key.desc.digest = desc->digest;
	key.why = *why;
	return tree_find(&key, &f->wanted, compare_wanted) != NULL;
}

/* May the record want one more? */
static int
check_limits(const struct fetch *f, const struct descriptor *desc,
    const struct want_reason *why, struct err *err)
{
	if (why->depth > INDEX_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "manifests nested deeper than "
		    "%d levels", INDEX_DEPTH_MAX);
	if (desc->size > MANIFEST_BYTES_MAX && why->subject == NULL)
		return err_set(err, ERR_LIMIT, "manifest %s has %lld bytes, "
		    "the limit is %d", desc->digest, (long long)desc->size,
		    MANIFEST_BYTES_MAX);
	if (f->had + f->nwants >= IMAGE_MANIFESTS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d manifests below "
		    "one source", IMAGE_MANIFESTS_MAX);
	return 0;
}

static struct want *
want_new(struct fetch *f, const struct descriptor *desc,
    const struct want_reason *why)
{
	struct want	*w = xcalloc(1, sizeof(*w));

	w->fetch = f;
	descriptor_copy(&w->desc, desc);
	w->why = *why;
	if (why->subject != NULL)
		w->why.subject = w->subject = xstrdup(why->subject);
	request_init(&w->request, f->all);
	w->next = f->wants;
	f->wants = w;
	f->nwants++;
	tree_add(w, &f->wanted, compare_wanted);
	return w;
}

void
manifests_want(struct fetch *f, const struct descriptor *desc,
    const struct want_reason *why)
{
	struct want	*w;
	struct err	 err = ERR_INIT;

	if (f->failed || is_known(f, desc, why))
		return;
	if (check_limits(f, desc, why, &err) == -1) {
		pending_fail(f, &err);
		return;
	}
	w = want_new(f, desc, why);
	if (job_has_room(f->job))
		want_begin(w);
	else
		want_park(w);
}

void
manifests_want_root(struct fetch *f, const struct descriptor *root)
{
	struct want_reason	why = { EDGE_CHILD, NULL, 0, 0 };

	why.is_published = is_published(f, root->digest);
	if (image_find(&f->img, root->digest) != NULL)
		expand_known(f, root->digest, 0, why.is_published);
	else
		manifests_want(f, root, &why);
}
