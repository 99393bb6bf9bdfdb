#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/http/field.h"
#include "lib/http/origin.h"
#include "tools/acedt-push/xfer.h"

static void	ask_status(struct xfer *);
static void	send_chunk(struct xfer *);

struct reg_call *
upload_call(struct xfer *x, const char *method)
{
	struct reg_call	*c = &x->up;

	reg_cancel(c);
	free(c->path);
	free(c->location);
	c->path = c->location = NULL;
	c->repo = x->p->dest.repo;
	c->method = method;
	c->about = x->blob->digest;
	c->push = 1;
	c->from = NULL;
	c->accept = c->content_type = NULL;
	c->body = NULL;
	c->body_len = 0;
	c->upload_size = 0;
	c->part_from = c->part_end = 0;
	c->on_read = NULL;
	c->transfer = x->blob->size > BLOB_SMALL;
	c->large = c->once = c->commit = 0;
	return c;
}

/* Where the upload goes on by an answer; 0, or -1 when it does not say. */
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
	journal_write(&x->p->journal, &x->entry, x->session, &x->snapshots);
	return 0;
}

/* The most that goes in one request: as configured, but no less than it wants. */
static void
set_chunk(struct xfer *x, struct reg_call *c)
{
	char	*v = reg_header(c, "OCI-Chunk-Min-Length");
	int64_t	 least = v != NULL ? field_bytes(v) : -1;

	x->chunk = x->p->net.config.chunk_size;
	if (x->chunk > 0 && x->chunk < BLOB_SMALL)
		x->chunk = BLOB_SMALL;
	if (x->chunk > 0 && least > x->chunk && least <= UPLOAD_CHUNK_MAX)
		x->chunk = least;
}

int
upload_take_session(struct xfer *x, struct reg_call *c, struct err *err)
{
	if (take_session(x, c, err) == -1)
		return -1;
	set_chunk(x, c);
	return 0;
}

int
upload_check_stored(struct xfer *x, struct reg_call *c, struct err *err)
{
	char	*v = reg_header(c, "Docker-Content-Digest");

	if (c->http.status == 202)
		return err_set(err, ERR_REGISTRY, "%s answers HTTP 202 to the "
		    "whole blob, as if more were to come",
		    reg_repo_name(c->repo));
	if (digest_contradicts(v, x->blob->digest))
		return err_set(err, ERR_DIGEST, "%s stored it as %s",
		    reg_repo_name(c->repo), v);
	return 0;
}

void
upload_begin_blob(struct xfer *x)
{
	struct pusher	*p = x->p;

	if (x->blob->size >= UPLOAD_NOTED_MIN)
		journal_begin(&p->journal, &x->entry, p->dest.name,
		    x->blob->digest, &x->session, &x->snapshots);
	/* Whoever wrote it: nobody but the registry gets the blob. */
	if (x->session != NULL && !reg_is_own(p->dest.repo, x->session)) {
		log_info("blob %s: the upload that was noted is at another "
		    "host; not gone on with", x->blob->digest);
		free(x->session);
		x->session = NULL;
		x->snapshots.n = 0;
	}
	if (x->session != NULL) {
		x->left = 1;
		ask_status(x);
	} else {
		ask(x);
	}
}

/* The session is of no use; the blob itself may be there by now. */
static void
begin_anew(struct xfer *x)
{
	free(x->session);
	x->session = NULL;
	x->left = 0;
	x->have = x->sent = 0;
	x->snapshots.n = 0;
	ask(x);
}

/* How many bytes the registry has by its answer; 0 if it does not say. */
static int64_t
bytes_there(struct reg_call *c)
{
	char	*v = reg_header(c, "Range");

	return v != NULL ? field_upload_bytes(v) : 0;
}

static void
told_status(struct reg_call *c, const struct err *err)
{
	struct xfer	*x = c->arg;
	struct err	 e = ERR_INIT;
	int64_t		 n;

	if (err != NULL && reg_is_passing(c)) {
		xfer_fail(x, err, 1);
		return;
	}
	n = err == NULL ? bytes_there(c) : 0;
	/* More than it was sent is not of us. */
	if (n == 0 || n > (x->left ? x->blob->size : x->sent)) {
		log_info("blob %s: %s kept nothing of it", x->blob->digest,
		    reg_repo_name(c->repo));
		begin_anew(x);
		return;
	}
	if (n > x->kept) {
		x->kept = n;
		x->whole.n = 0;		/* that is progress */
	}
	x->left = 0;			/* now it is ours */
	memset(&x->reading, 0, sizeof(x->reading));
	x->have = x->sent = n;
	if (reg_header(c, "Location") != NULL &&
	    take_session(x, c, &e) == -1) {
		xfer_fail(x, &e, 0);
		return;
	}
	set_chunk(x, c);
	log_info("blob %s: going on at byte %lld of %lld", x->blob->digest,
	    (long long)n, (long long)x->blob->size);
	source_open(x);
}

/* How far did an upload get that broke, or was left by an earlier run? */
static void
ask_status(struct xfer *x)
{
	struct reg_call	*c = upload_call(x, "GET");

	c->location = xstrdup(x->session);
	c->on_done = told_status;
	reg_start(c);
}

static void
ask_later(void *arg)
{
	ask_status(arg);
}

/*
 * The source failed, which ended the request: what the destination has is not
 * gone on with if it may be wrong.
 */
static void
source_failed(struct xfer *x)
{
	struct err	e = x->err;

	if (e.cls == ERR_DIGEST)
		source_bad(x);
	else
		xfer_fail(x, &e, 0);
}

/* It broke: ask how far it came, or begin again, or give up. */
static void
upload_broke(struct xfer *x, struct reg_call *c, const struct err *err)
{
	long	status = c->http.status;
	int	passing = reg_is_passing(c) || (status == 401 && x->whole.n == 0);
	int	gone = status == 404 || status == 416 ||
		    strcmp(err->code, "BLOB_UPLOAD_UNKNOWN") == 0;

	/* What was there before need not have been right. */
	if (!passing && x->have > 0 && !x->refetched) {
		x->refetched = 1;
		xfer_fail(x, err, 1);
		return;
	}
	if (!passing || x->blob->size <= BLOB_SMALL || x->session == NULL) {
		/* A session that is gone begins again; so does a 416. */
		xfer_fail(x, err, passing || gone);
	} else if (!xfer_may_retry(x, &x->whole, x->got)) {
		xfer_fail(x, err, 0);
	} else {
		source_reset(x);
		x->want_put = 0;
		loop_timer_set(x->p->net.loop, &x->timer,
		    reg_backoff(x->whole.n), ask_later, x);
	}
}

/* A request with a body is over: 1 if it did not end as it should. */
static int
ended_badly(struct xfer *x, struct reg_call *c, const struct err *err,
    int all_sent)
{
	struct err	e = ERR_INIT;

	x->sending = 0;
	if (x->failed) {
		source_failed(x);
	} else if (err != NULL) {
		upload_broke(x, c, err);
	} else if (!all_sent) {
		err_set(&e, ERR_REGISTRY, "%s says that it has the blob "
		    "before it was sent", reg_repo_name(c->repo));
		xfer_fail(x, &e, 0);
	} else {
		return 0;
	}
	return 1;
}

static void
put_done(struct reg_call *c, const struct err *err)
{
	struct xfer	*x = c->arg;
	struct err	 e = ERR_INIT;

	if (ended_badly(x, c, err, x->verified))
		return;
	if (upload_check_stored(x, c, &e) == -1)
		xfer_fail(x, &e, 0);
	else
		xfer_done(x, "copied");
}

static void
chunk_done(struct reg_call *c, const struct err *err)
{
	struct xfer	*x = c->arg;
	struct err	 e = ERR_INIT;

	if (ended_badly(x, c, err, x->sent == x->part_end))
		return;
	if (take_session(x, c, &e) == -1)
		xfer_fail(x, &e, 0);
	else
		send_chunk(x);
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
		if (upload_check_stored(x, c, &e) == -1)
			xfer_fail(x, &e, 0);
		else
			xfer_done(x, "copied");
		return;
	}
	if (err != NULL && (c->http.result != CURLE_OK || s == 401 ||
	    s == 403 || s == 429 || s >= 500)) {
		ask_denied(p, err);
		xfer_fail(x, err, 0);
		return;
	}
	/* Not in one request: then in two. */
	p->single_post = SINGLE_NO;
	x->single = 0;
	ask_wake(p);
	if (err == NULL && take_session(x, c, &e) == 0) {
		x->want_put = 1;
		return;
	}
	source_reset(x);
	ask(x);
}

static void
post_single(struct xfer *x)
{
	struct reg_call	*c = upload_call(x, "POST");

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

/* Bytes of a large blob, from x->sent up to end, as they come. */
static void
stream_body(struct xfer *x, struct reg_call *c, int64_t end)
{
	c->content_type = "application/octet-stream";
	c->upload_size = end - x->sent;
	c->on_read = read_body;
	c->large = c->once = c->commit = 1;
	x->part_end = end;
	x->sending = 1;
}

/* All of it was sent, and is right: that is its end. */
static void
close_session(struct xfer *x)
{
	struct reg_call	*c = upload_call(x, "PUT");

	c->location = origin_add_query(x->session, "digest", x->blob->digest);
	c->body = "";
	c->on_done = put_done;
	c->commit = 1;
	x->sending = 1;
	reg_start(c);
}

/* What is next, in requests of their own: PATCH, and in the end an empty PUT. */
static void
send_chunk(struct xfer *x)
{
	struct reg_call	*c;
	int64_t		 end = x->blob->size;

	if (x->sent == end) {
		close_session(x);
		return;
	}
	if (x->chunk > 0 && end - x->sent > x->chunk)
		end = x->sent + x->chunk;
	c = upload_call(x, "PATCH");
	c->location = xstrdup(x->session);
	c->part_from = x->sent;
	c->part_end = end;
	c->on_done = chunk_done;
	stream_body(x, c, end);
	reg_start(c);
}

void
upload_put(struct xfer *x)
{
	struct reg_call	*c;

	if (x->single) {
		post_single(x);
		return;
	}
	if (x->blob->size > BLOB_SMALL && (x->have > 0 ||
	    (x->chunk > 0 && x->chunk < x->blob->size))) {
		send_chunk(x);
		return;
	}
	c = upload_call(x, "PUT");
	/* Its query is the registry's: added to, never taken apart. */
	c->location = origin_add_query(x->session, "digest", x->blob->digest);
	c->on_done = put_done;
	if (x->blob->size <= BLOB_SMALL) {
		c->content_type = "application/octet-stream";
		c->body = x->ring;
		c->body_len = (size_t)x->blob->size;
		x->sending = 1;
	} else {
		stream_body(x, c, x->blob->size);
	}
	reg_start(c);
}
