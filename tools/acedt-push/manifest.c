/*
 * Manifests: sent when all below them is there.  A manifest with a subject must
 * be found as its referrer afterwards: through the API where the registry says
 * that it knows of the subject, else by the referrers tag.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/oci/digest.h"
#include "lib/oci/layout_index.h"
#include "lib/oci/referrers.h"
#include "lib/stream/events.h"
#include "tools/acedt-push/ask.h"
#include "tools/acedt-push/push.h"
#include "tools/acedt-push/referrers_index.h"

/*
 * Some registries do not see for a moment what was just uploaded: a manifest
 * that is refused for want of a blob gets a second chance after so long.
 */
#define BLOB_UNKNOWN_MS	1500

static void	tag_next(struct pusher *);

/* It was not there. */
static void
manifest_tell_sent(const struct item *item)
{
	EVENT("manifest", EV_STR("digest", item->digest),
	    EV_NUM("size", item->size));
}

/* For callbacks, which get one pointer. */
struct sending {
	struct pusher	*p;
	struct item	*item;
};

static void
tag_done(struct pusher *p, const struct err *err)
{
	struct item	*item = p->tags;
	struct err	 e;

	if ((p->tags = item->next) == NULL)
		p->tags_end = NULL;
	if (err != NULL) {
		e = *err;
		err_wrap(&e, "referrers tag of %s", item->subject);
	}
	item_ended(p, item, err != NULL ? &e : NULL);
	if (p->tags != NULL)
		tag_next(p);
}

/* The index with one more entry; as referrers_add(). */
static int
tag_add_entry(struct item *item, const char *old, size_t len, struct buf *out,
    struct err *err)
{
	struct descriptor	d;
	struct manifest		m;
	int			rc;

	memset(&d, 0, sizeof(d));
	d.media_type = item->media_type;
	d.digest = item->digest;
	d.size = item->size;
	if (manifest_parse(&m, item->media_type, item->bytes,
	    (size_t)item->size, NULL, err) == -1)
		return -1;
	rc = referrers_add(old, len, &d, &m, item->bytes,
	    (size_t)item->size, out, err);
	manifest_clear(&m);
	return rc;
}

static void
tag_put_done(struct reg_call *c, const struct err *err)
{
	struct pusher	*p = c->arg;

	c->body = NULL;
	buf_clear(&p->tag_body);
	tag_done(p, err);
}

static void
tag_got(struct reg_call *c, const struct err *err)
{
	struct pusher	*p = c->arg;
	struct err	 e = ERR_INIT;
	struct buf	*out = &p->tag_body;
	int		 rc;

	if (err != NULL && err->cls != ERR_NOT_FOUND) {
		tag_done(p, err);
		return;
	}
	buf_init(out, MANIFEST_BYTES_MAX);
	rc = tag_add_entry(p->tags, err == NULL ? c->http.reply.data : NULL,
	    err == NULL ? c->http.reply.len : 0, out, &e);
	if (rc != 1) {
		buf_clear(out);
		tag_done(p, rc == -1 ? &e : NULL);
		return;
	}
	c->method = "PUT";
	c->accept = NULL;
	c->content_type = MT_OCI_INDEX;
	c->body_len = out->len;
	c->body = out->data;
	c->on_done = tag_put_done;
	reg_start(c);
}

static void
tag_in_layout(struct pusher *p, const char *tag)
{
	struct layout_entry	e;
	struct err		err = ERR_INIT;
	struct buf		old, out;
	char			digest[DIGEST_STR_MAX];
	int			rc, changed, have = 0;

	buf_init(&old, MANIFEST_BYTES_MAX);
	buf_init(&out, MANIFEST_BYTES_MAX);
	rc = layout_find(&p->dest.layout, tag, &e, &err);
	if (rc == 0) {
		rc = layout_blob_read(&p->dest.layout, e.digest,
		    MANIFEST_BYTES_MAX, &old, &err);
		layout_entry_clear(&e);
		have = 1;
	} else if (err.cls == ERR_NOT_FOUND) {
		rc = 0;
	}
	if (rc == 0)
		rc = tag_add_entry(p->tags, have ? old.data : NULL, old.len,
		    &out, &err);
	if (rc == 1) {
		digest_sha256(out.data, out.len, digest);
		rc = layout_put(&p->dest.layout, digest, out.data, out.len,
		    &err);
		if (rc == 0)
			rc = layout_tag(&p->dest.layout, tag, MT_OCI_INDEX,
			    digest, (int64_t)out.len, NULL, &changed, &err);
	}
	buf_clear(&old);
	buf_clear(&out);
	tag_done(p, rc == -1 ? &err : NULL);
}

/* One at a time: two updates of one tag would lose an entry. */
static void
tag_next(struct pusher *p)
{
	char		 tag[REFERRERS_TAG_MAX];
	struct reg_call	*c;

	referrers_tag(p->tags->subject, tag);
	if (p->dest.repo == NULL) {
		tag_in_layout(p, tag);
		return;
	}
	if (p->tag_call == NULL) {
		p->tag_call = xcalloc(1, sizeof(*p->tag_call));
		reg_call_init(p->tag_call);
	}
	c = p->tag_call;
	free(c->path);
	c->repo = p->dest.repo;
	c->method = "GET";
	c->path = xasprintf("manifests/%s", tag);
	c->push = 1;
	c->accept = MT_OCI_INDEX;
	c->content_type = NULL;
	c->body_len = 0;
	c->reply_max = MANIFEST_BYTES_MAX;
	c->arg = p;
	c->on_done = tag_got;
	reg_start(c);
}

static void
tag_queue(struct pusher *p, struct item *item)
{
	item->next = NULL;
	if (p->tags_end != NULL)
		p->tags_end->next = item;
	else
		p->tags = item;
	p->tags_end = item;
	if (p->tags == item)
		tag_next(p);
}

static void
manifest_forget_call(struct pusher *p, struct item *item)
{
	free(item->call->arg);
	item->call->arg = NULL;
	reg_call_clear(item->call);
	free(item->call);
	item->call = NULL;
	assert(p->nsending > 0);
	p->nsending--;
}

static void
manifest_send_again(void *arg)
{
	struct reg_call	*c = arg;

	reg_start(c);
}

/* Is the manifest refused for what it is, or for what it names? */
static int
manifest_wants_blobs(const struct reg_call *c)
{
	switch (c->http.status) {
	case 401:
	case 403:
	case 405:
	case 408:
	case 413:
	case 429:
		return 0;
	}
	return c->http.status >= 400 && (c->http.status < 500 ||
	    !reg_is_passing(c));
}

/*
 * A manifest that is refused for want of a blob gets a second chance: 1 if it
 * is sent once more, later.
 */
static int
manifest_send_later(struct pusher *p, struct item *item, const struct err *err)
{
	if (strstr(err->code, "BLOB_UNKNOWN") == NULL || item->tries++ > 0)
		return 0;
	item->state = ITEM_ACTIVE;
	loop_timer_set(p->net.loop, &item->timer, BLOB_UNKNOWN_MS,
	    manifest_send_again, item->call);
	return 1;
}

static void
manifest_put_done(struct reg_call *c, const struct err *err)
{
	struct sending	 s = *(struct sending *)c->arg;
	struct err	 e;
	char		*v;
	int		 known;

	if (err != NULL && manifest_wants_blobs(c)) {
		item_refused(s.p, s.item, err);
		return;
	}
	if (err != NULL && manifest_send_later(s.p, s.item, err))
		return;
	v = reg_header(c, "Docker-Content-Digest");
	if (err == NULL && digest_contradicts(v, s.item->digest)) {
		err_set(&e, ERR_DIGEST, "%s stored manifest %s as %s",
		    s.p->dest.name, s.item->digest, v);
		err = &e;
	} else if (err != NULL) {
		e = *err;
		err = &e;
	}
	known = reg_header(c, "OCI-Subject") != NULL;
	/*
	 * A referrer that was there is sent all the same, to see who lists it.
	 */
	if (err == NULL && (s.item->is_new || s.item->subject == NULL))
		manifest_tell_sent(s.item);
	s.item->is_new = 1;
	manifest_forget_call(s.p, s.item);
	if (err == NULL && s.item->subject != NULL && !known)
		tag_queue(s.p, s.item);
	else
		item_ended(s.p, s.item, err);
}

static void
manifest_put(struct sending *s)
{
	struct reg_call	*c = s->item->call;

	c->method = "PUT";
	c->content_type = s->item->media_type;
	c->body = s->item->bytes;
	c->body_len = (size_t)s->item->size;
	c->on_done = manifest_put_done;
	reg_start(c);
}

static void
manifest_asked(struct reg_call *c, const struct err *err)
{
	struct sending	 s = *(struct sending *)c->arg;
	char		*v = reg_header(c, "Docker-Content-Digest");
	struct err	 e;

	if (err != NULL && reg_is_passing(c)) {
		e = *err;		/* it lives in the call */
		manifest_forget_call(s.p, s.item);
		item_ended(s.p, s.item, &e);
	} else if (err != NULL || digest_contradicts(v, s.item->digest)) {
		c->accept = NULL;
		manifest_put(c->arg);
	} else {
		manifest_forget_call(s.p, s.item);
		item_ended(s.p, s.item, NULL);
	}
}

static void
manifest_send_to_registry(struct pusher *p, struct item *item)
{
	struct sending	*s = xmalloc(sizeof(*s));
	struct reg_call	*c = xcalloc(1, sizeof(*c));

	s->p = p;
	s->item = item;
	item->call = c;
	p->nsending++;
	reg_call_init(c);
	c->repo = p->dest.repo;
	c->path = xasprintf("manifests/%s", item->digest);
	c->push = 1;
	c->arg = s;
	/*
	 * All below it was there: so is this, most likely.  A referrer is sent
	 * all the same: only the answer to that says who lists it.
	 */
	if (!item->is_new && item->subject == NULL) {
		c->method = "HEAD";
		c->accept = item->media_type;
		c->on_done = manifest_asked;
		reg_start(c);
	} else {
		manifest_put(s);
	}
}

static void
manifest_send_to_layout(struct pusher *p, struct item *item)
{
	struct err	err = ERR_INIT;

	if (!layout_blob_has(&p->dest.layout, item->digest, item->size))
		manifest_tell_sent(item);
	if (layout_put(&p->dest.layout, item->digest, item->bytes,
	    (size_t)item->size, &err) == -1)
		item_ended(p, item, &err);
	else if (item->subject != NULL)
		tag_queue(p, item);
	else
		item_ended(p, item, NULL);
}

void
manifest_wait(struct pusher *p, struct item *item)
{
	assert(item->state == ITEM_WAITING);
	manifest_forget_call(p, item);
}

void
manifest_insist(struct pusher *p, struct item *item, const struct err *why)
{
	assert(item->state == ITEM_REFUSED);
	if (manifest_send_later(p, item, why))
		return;
	item->is_new = 1;
	manifest_forget_call(p, item);
	item_ended(p, item, why);
}

void
manifest_send(struct pusher *p, struct item *item)
{
	assert(item->kind == ITEM_MANIFEST && item->pending == 0);
	item->state = ITEM_ACTIVE;
	if (p->dest.repo == NULL) {
		manifest_send_to_layout(p, item);
	} else if (ask_holds_manifests(p)) {
		item->next = p->held;
		p->held = item;
	} else {
		manifest_send_to_registry(p, item);
	}
}

int
manifest_work(struct pusher *p)
{
	struct item	*item;
	int		 some = 0;

	while (!ask_holds_manifests(p) && (item = p->held) != NULL) {
		p->held = item->next;
		manifest_send_to_registry(p, item);
		some = 1;
	}
	return some;
}
