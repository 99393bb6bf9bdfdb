#include <stdlib.h>
#include <string.h>

#include "lib/limits.h"
#include "lib/origin.h"
#include "lib/xalloc.h"
#include "tools/acedt-push/xfer.h"

static void	ask_head(struct xfer *);
static void	ask_mount(struct xfer *);
static void	open_session(struct xfer *);

/* Forget the last request of the upload, make ready for the next. */
static struct reg_call *
new_call(struct xfer *x, const char *method)
{
	struct reg_call	*c = &x->up;

	reg_cancel(c);
	free(c->path);
	free(c->location);
	c->path = c->location = NULL;
	c->repo = x->p->dest.repo;
	c->method = method;
	c->push = 1;
	c->from = NULL;
	c->accept = c->content_type = NULL;
	c->body = NULL;
	c->body_len = 0;
	c->upload_size = 0;
	c->on_read = NULL;
	c->transfer = x->blob->size > BLOB_SMALL;
	c->large = 0;
	c->once = 0;
	return c;
}

/* The session that an answer opened; 0, or -1 when there is none. */
static int
take_session(struct xfer *x, struct reg_call *c, struct err *err)
{
	char	*v = reg_header(c, "Location");

	free(x->session);
	x->session = NULL;
	if (v == NULL)
		return err_set(err, ERR_REGISTRY, "%s accepts an upload but "
		    "names no Location for it", reg_repo_name(c->repo));
	if ((x->session = reg_resolve(c, v, err)) == NULL)
		return err_wrap(err, "%s: upload", reg_repo_name(c->repo));
	return 0;
}

static void
asked_head(struct reg_call *c, const struct err *err)
{
	struct xfer	*x = c->arg;

	if (err == NULL)
		xfer_done(x, "present");
	else if (err->cls == ERR_NOT_FOUND)
		open_session(x);
	else
		xfer_fail(x, err, 0);
}

/* For registries that do not answer the mount question. */
static void
ask_head(struct xfer *x)
{
	struct reg_call	*c = new_call(x, "HEAD");

	c->path = xasprintf("blobs/%s", x->blob->digest);
	c->on_done = asked_head;
	reg_start(c);
}

static void
opened(struct reg_call *c, const struct err *err)
{
	struct xfer	*x = c->arg;
	struct err	 e = ERR_INIT;

	if (err != NULL)
		xfer_fail(x, err, 0);
	else if (take_session(x, c, &e) == -1)
		xfer_fail(x, &e, 0);
	else
		source_open(x);
}

static void
open_session(struct xfer *x)
{
	struct reg_call	*c = new_call(x, "POST");

	c->path = xstrdup("blobs/uploads/");
	c->on_done = opened;
	reg_start(c);
}

/* Answers to a mount that mean "not in this way", protocol.md §5.2. */
static int
refuses_mount(long status)
{
	return status == 400 || status == 401 || status == 403 ||
	    status == 404 || status == 405;
}

static void
asked(struct reg_call *c, const struct err *err)
{
	struct xfer	*x = c->arg;
	struct err	 e = ERR_INIT;

	if (err != NULL && c->from != c->repo) {
		/* Whatever it was: it need not hold for an upload. */
		x->self_only = 1;
		ask_mount(x);
	} else if (err != NULL && refuses_mount(c->http.status)) {
		x->p->no_mount = 1;
		ask_head(x);
	} else if (err != NULL) {
		xfer_fail(x, err, 0);
	} else if (c->http.status == 201) {
		xfer_done(x, c->from == c->repo ? "present" : "mounted");
	} else if (take_session(x, c, &e) == -1) {
		xfer_fail(x, &e, 0);
	} else {
		source_open(x);
	}
}

/* The name of the source's repository, if the blob can be mounted from it. */
static const char *
mount_source(struct xfer *x)
{
	struct reg_repo	*dest = x->p->dest.repo;
	struct place	*src = x->blob->nholders > 0 ?
			    x->blob->holders[x->holder] : NULL;
	const char	*name;

	if (x->self_only || src == NULL || src->repo == NULL)
		return NULL;
	name = reg_mount_name(src->repo, dest);
	return name != NULL && strcmp(name, strchr(reg_repo_name(dest), '/') +
	    1) != 0 ? name : NULL;
}

/*
 * One question for "is it there, or in the source's repository, else begin an
 * upload": a mount, from the destination itself unless the source is on the
 * same registry.
 */
static void
ask_mount(struct xfer *x)
{
	struct reg_call	*c = new_call(x, "POST");
	struct reg_repo	*from = x->p->dest.repo;
	const char	*name = mount_source(x);
	char		*path, *more;

	if (name != NULL)
		from = x->blob->holders[x->holder]->repo;
	else
		name = strchr(reg_repo_name(from), '/') + 1;
	path = origin_add_query("blobs/uploads/", "mount", x->blob->digest);
	more = origin_add_query(path, "from", name);
	free(path);
	c->path = more;
	c->from = from;
	c->on_done = asked;
	reg_start(c);
}

void
upload_ask(struct xfer *x)
{
	struct pusher	*p = x->p;

	if (x->blob->size <= BLOB_SMALL && !p->no_mount &&
	    mount_source(x) == NULL && (p->single_post == SINGLE_YES ||
	    p->single_post == SINGLE_UNKNOWN)) {
		/* The first one finds out for all. */
		if (p->single_post == SINGLE_UNKNOWN)
			p->single_post = SINGLE_ASKING;
		x->single = 1;
		source_open(x);
	} else if (p->no_mount) {
		ask_head(x);
	} else {
		ask_mount(x);
	}
}

static void
put_done(struct reg_call *c, const struct err *err)
{
	struct xfer	*x = c->arg;
	struct err	 e = ERR_INIT;

	x->sending = 0;
	if (x->failed) {
		/* The source failed, which ended this. */
		e = x->err;
		if (e.cls == ERR_DIGEST && !x->refetched) {
			x->refetched = 1;
			xfer_fail(x, &e, 1);
		} else {
			xfer_fail(x, &e, 0);
		}
	} else if (err != NULL) {
		/* A session that is gone begins anew: 404; so does a 416. */
		xfer_fail(x, err, reg_is_passing(c) ||
		    c->http.status == 404 || c->http.status == 416 ||
		    (c->http.status == 401 && x->tries == 0));
	} else if (!x->verified) {
		err_set(&e, ERR_REGISTRY, "%s says that it has the blob "
		    "before it was sent", reg_repo_name(c->repo));
		xfer_fail(x, &e, 0);
	} else {
		xfer_done(x, "copied");
	}
}

static void
single_done(struct reg_call *c, const struct err *err)
{
	struct xfer	*x = c->arg;
	struct pusher	*p = x->p;
	struct err	 e = ERR_INIT;
	long		 s = c->http.status;

	if (err == NULL && s != 202) {
		p->single_post = SINGLE_YES;
		x->single = 0;
		xfer_done(x, "copied");
		return;
	}
	if (err != NULL && (c->http.result != CURLE_OK || s == 401 ||
	    s == 403 || s == 429 || s >= 500)) {
		xfer_fail(x, err, 0);
		return;
	}
	/* Not in one request: then in two. */
	p->single_post = SINGLE_NO;
	x->single = 0;
	if (err == NULL && take_session(x, c, &e) == 0) {
		x->want_put = 1;
		return;
	}
	source_reset(x);
	ask_mount(x);
}

static void
post_single(struct xfer *x)
{
	struct reg_call	*c = new_call(x, "POST");

	c->path = origin_add_query("blobs/uploads/", "digest",
	    x->blob->digest);
	c->content_type = "application/octet-stream";
	c->body = x->ring;
	c->body_len = (size_t)x->blob->size;
	c->on_done = single_done;
	reg_start(c);
}

static size_t
read_body(struct reg_call *c, char *s, size_t room)
{
	return source_take(c->arg, s, room);
}

void
upload_put(struct xfer *x)
{
	struct reg_call	*c;

	if (x->single) {
		post_single(x);
		return;
	}
	c = new_call(x, "PUT");
	/* Its query is the registry's: added to, never taken apart. */
	c->location = origin_add_query(x->session, "digest", x->blob->digest);
	c->content_type = "application/octet-stream";
	c->on_done = put_done;
	if (x->blob->size <= BLOB_SMALL) {
		c->body = x->ring;
		c->body_len = (size_t)x->blob->size;
	} else {
		c->upload_size = x->blob->size;
		c->on_read = read_body;
		c->large = c->once = 1;
	}
	x->sending = 1;
	reg_start(c);
}
