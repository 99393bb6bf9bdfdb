/*
 * What an image needs at the destination: one item for each digest, however
 * many images name it, and who waits for which.  Items that have ended are
 * settled here, from the loop.
 */
#include <assert.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/stream/events.h"
#include "lib/text/json_out.h"
#include "tools/acedt-push/ask.h"
#include "tools/acedt-push/push.h"

static int
compare_items(const void *a, const void *b)
{
	const struct item	*x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->digest, y->digest);
}

static struct item *
item_new(struct pusher *p, enum item_kind kind, const struct descriptor *d)
{
	struct item	*item = xcalloc(1, sizeof(*item));

	item->kind = kind;
	item->digest = xstrdup(d->digest);
	item->size = d->size;
	item->seq = p->seq++;
	return item;
}

/* The item of a digest, made if there is none. */
static struct item *
item_get(struct pusher *p, enum item_kind kind, const struct descriptor *d)
{
	struct item	key, *item, **slot;

	memset(&key, 0, sizeof(key));
	key.kind = kind;
	key.digest = d->digest;
	if ((slot = tfind(&key, &p->items, compare_items)) != NULL)
		return *slot;
	item = item_new(p, kind, d);
	if (tsearch(item, &p->items, compare_items) == NULL)
		abort();		/* out of memory */
	return item;
}

/*
 * The item of a blob.  Of two that say different sizes of one digest only one
 * can be right, and neither spoils the other: each has an item of its own, and
 * what the destination has proves neither.
 */
static struct item *
blob_get(struct pusher *p, const struct descriptor *d)
{
	struct item	*first = item_get(p, ITEM_BLOB, d), *item = first;

	while (item->size != d->size && item->rival != NULL)
		item = item->rival;
	if (item->size == d->size)
		return item;
	item->rival = item_new(p, ITEM_BLOB, d);
	item->rival->disputed = first->disputed = 1;
	return item->rival;
}

static void
item_free(void *arg)
{
	struct item	*item = arg;
	struct waiter	*w;

	while ((w = item->waiters) != NULL) {
		item->waiters = w->next;
		free(w);
	}
	if (item->rival != NULL)
		item_free(item->rival);
	if (item->call != NULL)
		reg_call_clear(item->call);
	free(item->call);
	free(item->digest);
	free(item->err);
	free(item->holders.v);
	free(item->data);
	free(item->media_type);
	free(item->bytes);
	free(item->subject);
	free(item);
}

void
plan_free(struct pusher *p)
{
	assert(p->ended == NULL && p->transfers == NULL);
	tdestroy(p->items, item_free);
	p->items = NULL;
	free(p->small.v);
	lanes_free(p);
}

static void
image_end(struct image_push *u)
{
	struct json_out	j;
	struct buf	b;

	EVENT("image", EV_STR("state", u->failed ? "failed" : "done"),
	    EV_NUM("line", u->line), EV_STR("source", u->source),
	    EV_NUM("bytes", u->bytes));
	if (u->failed) {
		job_fail(u->job, &u->err);
	} else {
		buf_init(&b, STREAM_LINE_MAX);
		json_out_init(&j, &b);
		json_out_str(&j, u->p->dest.name);
		record_set(&u->job->rec, "pushed", b.data);
		buf_clear(&b);
		job_done(u->job);
	}
	free(u->source);
	free(u);
}

static void
image_failed(struct image_push *u, const struct err *err)
{
	if (u->failed)
		return;
	u->failed = 1;
	u->err = *err;
}

static void
item_failed(struct item *item, const struct err *err)
{
	if (item->err != NULL)
		return;			/* the first error is the cause */
	item->err = xmalloc(sizeof(*item->err));
	*item->err = *err;
}

/* Something that an item waited for is settled, or what held it. */
static void
item_settled(struct pusher *p, struct item *item)
{
	assert(item->state == ITEM_WAITING && item->pending > 0);
	if (--item->pending > 0)
		return;
	if (item->err != NULL)
		item_ended(p, item, item->err);
	else
		manifest_send(p, item);
}

/* An item is at the destination, or cannot be: tell who waits for it. */
static void
item_resolve(struct pusher *p, struct item *item)
{
	const struct err	*err = item->err;
	struct waiter		*w;

	assert(item->state == ITEM_ENDED);
	item->state = err != NULL ? ITEM_FAILED : ITEM_DONE;
	free(item->bytes);
	item->bytes = NULL;
	while ((w = item->waiters) != NULL) {
		item->waiters = w->next;
		if (w->item != NULL) {
			if (err != NULL)
				item_failed(w->item, err);
			w->item->is_new |= item->is_new;
			item_settled(p, w->item);
		} else {
			if (err != NULL)
				image_failed(w->image, err);
			assert(w->image->pending > 0);
			if (--w->image->pending == 0)
				image_end(w->image);
		}
		free(w);
	}
}

static struct waiter *
add_waiter(struct item *item)
{
	struct waiter	*w = xcalloc(1, sizeof(*w)), **end;

	for (end = &item->waiters; *end != NULL; end = &(*end)->next)
		;
	*end = w;
	return w;
}

static int
is_settled(const struct item *item)
{
	return item->state == ITEM_DONE || item->state == ITEM_FAILED;
}

/* item must be there before the manifest by. */
static void
manifest_waits(struct item *by, struct item *item)
{
	if (item->state == ITEM_FAILED)
		item_failed(by, item->err);
	by->is_new |= item->is_new;
	if (is_settled(item))
		return;
	add_waiter(item)->item = by;
	by->pending++;
}

/* item must be there before the record is done. */
static void
image_waits(struct image_push *u, struct item *item)
{
	if (item->state == ITEM_FAILED)
		image_failed(u, item->err);
	if (is_settled(item))
		return;
	add_waiter(item)->image = u;
	u->pending++;
}

/* 1 if it is a new one. */
static int
add_holder(struct item *item, struct place *place)
{
	struct holders	*h = &item->holders;
	size_t		 i;

	for (i = 0; i < h->n; i++)
		if (h->v[i].owner == place)
			return 0;
	h->v = xreallocarray(h->v, h->n + 1, sizeof(*h->v));
	h->v[h->n].repo = place->repo;
	h->v[h->n].layout = place->layout;
	h->v[h->n++].owner = place;
	return 1;
}

/* What a plan is made for. */
struct plan {
	struct pusher	*p;
	struct image_push *image;
	struct image	*img;
	struct place	*place;		/* where the image's content is */
	struct err	*err;
};

static void
queue_blob(struct pusher *p, struct item *item)
{
	free(item->err);
	item->err = NULL;
	item->state = ITEM_QUEUED;
	lane_add(p, item);
	p->plan_blobs++;
	p->plan_bytes += item->size;
}

/* The item of a blob, on its way to the destination. */
static struct item *
need_blob(struct plan *pl, const struct descriptor *d)
{
	struct pusher	*p = pl->p;
	struct item	*item = blob_get(p, d);
	int		 is_new;

	pl->image->bytes += d->size;
	is_new = add_holder(item, pl->place);
	if (d->data != NULL && item->data == NULL)
		item->data = xmemdup0(d->data, (size_t)d->size);
	/* One that failed is tried again when somebody else has it too. */
	if (item->state != ITEM_NEW &&
	    !(item->state == ITEM_FAILED && is_new))
		return item;
	queue_blob(p, item);
	return item;
}

/* A layer that is not copied. */
static int
is_foreign(const struct edge *e)
{
	return e->kind == EDGE_LAYER &&
	    manifest_is_foreign_type(e->desc.media_type);
}

static struct item	*need_manifest(struct plan *,
			    const struct descriptor *, int optional,
			    int depth);

/* The item of what an edge names; NULL without an error: nothing to send. */
static struct item *
need_edge(struct plan *pl, const struct edge *e, int depth)
{
	if (edge_is_manifest(e))
		return need_manifest(pl, &e->desc, e->kind == EDGE_SUBJECT,
		    depth);
	if (is_foreign(e))
		return NULL;
	return need_blob(pl, &e->desc);
}

static void
prepare_manifest(struct item *item, const struct content *c)
{
	size_t	i;

	free(item->err);
	item->err = NULL;
	item->state = ITEM_WAITING;
	item->pending = 1;		/* held until all edges are known */
	item->tries = 0;
	free(item->media_type);
	item->media_type = xstrdup(c->desc.media_type);
	free(item->bytes);
	item->bytes = xmemdup0(c->data, (size_t)c->desc.size);
	for (i = 0; i < c->manifest.nedges && item->subject == NULL; i++)
		if (c->manifest.edges[i].kind == EDGE_SUBJECT)
			item->subject = xstrdup(
			    c->manifest.edges[i].desc.digest);
}

static struct item *
need_manifest(struct plan *pl, const struct descriptor *d, int optional,
    int depth)
{
	struct content	*c = image_find(pl->img, d->digest);
	struct item	*item, *below;
	struct edge	*edges;
	size_t		 i, n;
	int		 is_new, bad = 0;

	if (c == NULL) {
		if (!optional)
			err_set(pl->err, ERR_STREAM, "the record lacks the "
			    "manifest %s: run acedt-fetch before", d->digest);
		return NULL;
	}
	if (depth > 2 * INDEX_DEPTH_MAX) {
		err_set(pl->err, ERR_LIMIT, "manifests nested too deep");
		return NULL;
	}
	item = item_get(pl->p, ITEM_MANIFEST, &c->desc);
	if (c->visited)
		return item;
	c->visited = 1;
	is_new = item->state == ITEM_NEW || item->state == ITEM_FAILED;
	if (is_new)
		prepare_manifest(item, c);
	edges = c->manifest.edges;
	n = c->manifest.nedges;
	/* Also for one that is on its way: this source may hold its blobs. */
	for (i = 0; i < n && !bad; i++) {
		below = need_edge(pl, &edges[i], depth + 1);
		bad = pl->err->msg[0] != '\0';
		if (below != NULL && is_new)
			manifest_waits(item, below);
		else if (below != NULL && edges[i].kind == EDGE_SUBJECT)
			/* Who sent the manifest need not have had it. */
			image_waits(pl->image, below);
	}
	if (is_new) {
		if (bad)
			item_failed(item, pl->err);
		item_settled(pl->p, item);
	}
	return item;
}

/*
 * Is a part of what is present there?  Of a registry its index says so, and
 * what is on its way must arrive all the same; of a layout the file is looked
 * at.
 */
static int
is_there(struct pusher *p, struct item *item, int64_t size)
{
	if (p->dest.repo == NULL && item->state == ITEM_NEW &&
	    !layout_blob_has(&p->dest.layout, item->digest, size))
		return 0;
	if (item->state == ITEM_NEW) {
		item->state = ITEM_DONE;
		item->said = 1;
		if (p->dest.repo != NULL && item->kind == ITEM_BLOB)
			ask_found(p, item);
	}
	return p->dest.repo != NULL || item->state == ITEM_DONE;
}

/*
 * What a manifest names was copied before the manifest, and is there with it:
 * 1 if all of that is so.  Foreign layers were never copied, and a subject need
 * not have been.
 */
static int
mark_present(struct plan *pl, const char *digest, int depth)
{
	struct content	*c = image_find(pl->img, digest);
	struct item	*item;
	const struct edge *e;
	size_t		 i;
	int		 all = 1;

	if (c == NULL || depth > 2 * INDEX_DEPTH_MAX)
		return 0;
	item = item_get(pl->p, ITEM_MANIFEST, &c->desc);
	if (c->visited || item->state != ITEM_NEW)
		return is_settled(item) ? item->state == ITEM_DONE :
		    pl->p->dest.repo != NULL;
	c->visited = 1;
	for (i = 0; i < c->manifest.nedges; i++) {
		e = &c->manifest.edges[i];
		if (e->kind == EDGE_SUBJECT || is_foreign(e))
			continue;
		if (edge_is_manifest(e))
			all &= mark_present(pl, e->desc.digest, depth + 1);
		else
			all &= is_there(pl->p, blob_get(pl->p,
			    &e->desc), e->desc.size);
	}
	return all && is_there(pl->p, item, item->size);
}

static void
plan_present(struct plan *pl)
{
	size_t	i;

	if (pl->p->verify || pl->img->present_in == NULL ||
	    strcmp(pl->img->present_in, pl->p->dest.name) != 0)
		return;
	for (i = 0; i < pl->img->npresent; i++)
		if (!mark_present(pl, pl->img->present[i], 0))
			log_info("%s: not all of %s is there any more",
			    pl->p->dest.name, pl->img->present[i]);
	pl->p->in_use |= i > 0;
	for (i = 0; i < pl->img->ncontents; i++)
		pl->img->contents[i].visited = 0;
}

/*
 * Send a blob that the destination was said to have; 0 if that was known all
 * the time.
 */
static int
resend_blob(struct pusher *p, struct item *by, const struct descriptor *d)
{
	struct item	*blob = blob_get(p, d);

	if (blob->state == ITEM_DONE && blob->said && blob->holders.n > 0) {
		blob->unbelieved = 1;
		blob->said = 0;
		queue_blob(p, blob);
	}
	if (blob->unbelieved)
		manifest_waits(by, blob);
	return blob->unbelieved;
}

/*
 * The destination refuses a manifest: blobs below it that were only said to be
 * there are queued, and the manifest waits for them, held until item_settled().
 * 0 if there are none, or if that was done before.
 */
static int
item_resend(struct pusher *p, struct item *item)
{
	struct manifest	 m;
	struct err	 err = ERR_INIT;
	size_t		 i;
	int		 n = 0;

	if (item->resent || manifest_parse(&m, item->media_type, item->bytes,
	    (size_t)item->size, NULL, &err) == -1)
		return 0;
	item->resent = 1;
	item->pending = 1;		/* held until the caller is ready */
	for (i = 0; i < m.nedges; i++)
		if (!edge_is_manifest(&m.edges[i]) && !is_foreign(&m.edges[i]))
			n += resend_blob(p, item, &m.edges[i].desc);
	manifest_clear(&m);
	if (n > 0)
		item->state = ITEM_WAITING;
	return n;
}

static void
plan_roots(struct plan *pl)
{
	const struct descriptor	*d;
	struct item		*item;
	size_t			 i, n = image_nroots(pl->img);

	for (i = 0; i < n; i++) {
		d = image_root(pl->img, i);
		item = *d->media_type == '\0' || manifest_is_type(
		    d->media_type) ? need_manifest(pl, d, 0, 0) :
		    need_blob(pl, d);
		if (pl->err->msg[0] != '\0')
			return;
		image_waits(pl->image, item);
	}
}

void
plan_image(struct job *job, struct pusher *p)
{
	struct image_push	*u = xcalloc(1, sizeof(*u));
	struct image	 img;
	struct err	 err = ERR_INIT;
	struct plan	 pl = { p, u, &img, NULL, &err };

	u->job = job;
	u->p = p;
	u->pending = 1;			/* held until the plan is made */
	if (image_parse(&img, &job->rec, &err) == -1) {
		memset(&img, 0, sizeof(img));
		u->source = xstrdup("");
	} else {
		u->source = xstrdup(img.source);
		u->line = img.line;
		EVENT("image", EV_STR("state", "start"),
		    EV_NUM("line", u->line), EV_STR("source", u->source));
		if ((pl.place = net_place(&p->net, &img.ref, &err)) != NULL) {
			plan_present(&pl);
			plan_roots(&pl);
		}
	}
	if (err.msg[0] != '\0')
		image_failed(u, &err);
	image_clear(&img);
	EVENT("plan", EV_NUM("blobs", p->plan_blobs),
	    EV_NUM("bytes", p->plan_bytes));
	queue_start(p);
	if (--u->pending == 0)
		image_end(u);
}

/*
 * A manifest was refused: what it names is sent first, if that is of any use.
 */
static void
plan_refused(struct pusher *p, struct item *item)
{
	struct err	*why = item->err;

	assert(item->state == ITEM_REFUSED && why != NULL);
	item->err = NULL;
	if (item_resend(p, item) > 0) {
		log_info("%s; what it was said to have is sent", why->msg);
		manifest_wait(p, item);
		item_settled(p, item);
	} else {
		manifest_insist(p, item, why);
	}
	free(why);
}

/* Settle what has ended.  1: some. */
static int
plan_settle(struct pusher *p)
{
	struct item	*item;
	int		 some = 0;

	for (; (item = item_take_ended(p)) != NULL; some = 1) {
		if (item->state == ITEM_ENDED)
			item_resolve(p, item);
		else
			plan_refused(p, item);
	}
	return some;
}

int
plan_work(struct pusher *p)
{
	int	some;

	some = queue_work(p);
	some |= ask_work(p);
	some |= manifest_work(p);
	some |= plan_settle(p);
	if (some)
		queue_start(p);
	return some;
}
