/*
 * Requests as data: the calls that are made for them, and their answers.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/xalloc.h"
#include "lib/registry/quota.h"
#include "lib/registry/reg_private.h"

/* A call that reg_send() made: it goes when its end was told. */
struct reg_sent {
	struct reg_call		 call;	/* first: a call is its request */
	struct reg_request	 req;
	reg_done		*done;
	void			*arg;	/* borrowed */
	int			 ends;	/* done is being called */
};

static struct reg_sent *
sent_of(struct reg_call *c)
{
	assert(c->of_request);
	return (struct reg_sent *)c;
}

static void
sent_free(struct reg_sent *r)
{
	reg_call_clear(&r->call);
	free(r);
}

static void
answer_fill(struct reg_answer *a, struct reg_call *c)
{
	const struct http_call	*h = &c->http;

	a->status = h->status;
	a->body = h->reply.len > 0 ? h->reply.data : "";
	a->body_len = h->reply.len;
	a->broken = h->result != CURLE_OK;
	a->passing = reg_is_passing(c);
	a->endpoint = reg_endpoint(c);
	a->address = h->address;
	a->tls = h->tls;
	a->call = c;
}

static void
sent_done(struct reg_call *c, const struct err *err)
{
	struct reg_sent		*r = sent_of(c);
	struct reg_answer	 a;

	assert(!r->ends);
	r->ends = 1;
	answer_fill(&a, c);
	r->done(r->arg, &a, err);
	sent_free(r);
}

static size_t
sent_read(struct reg_call *c, char *p, size_t room)
{
	struct reg_sent	*r = sent_of(c);

	return r->req.on_read(r->arg, p, room);
}

static int
sent_head(struct reg_call *c)
{
	struct reg_sent		*r = sent_of(c);
	struct reg_answer	 a;

	if (r->req.on_head == NULL)
		return 1;
	answer_fill(&a, c);
	return r->req.on_head(r->arg, &a);
}

static size_t
sent_data(struct reg_call *c, const char *p, size_t n)
{
	struct reg_sent	*r = sent_of(c);

	return r->req.on_data(r->arg, p, n);
}

static void
sent_fill(struct reg_call *c, const struct reg_request *req)
{
	c->method = req->method;
	c->path = req->path != NULL ? xstrdup(req->path) : NULL;
	c->location = req->url != NULL ? xstrdup(req->url) : NULL;
	c->push = req->push;
	c->from = req->from;
	c->accept = req->accept;
	c->content_type = req->content_type;
	c->body = req->body;
	c->body_len = req->body_len;
	c->range_from = req->range_from;
	c->range_size = req->range_size;
	c->part_from = req->part_from;
	c->part_end = req->part_end;
	c->about = req->about;
	c->reply_max = req->reply_max;
	c->digest = req->digest;
	c->avoid = req->avoid;
	c->transfer = req->transfer;
	c->large = req->large;
	c->commit = req->commit;
	c->once = req->once;
	c->hurry = req->hurry;
	c->upload_size = req->upload_size;
	c->on_read = req->on_read != NULL ? sent_read : NULL;
	c->on_head = req->on_data != NULL ? sent_head : NULL;
	c->on_data = req->on_data != NULL ? sent_data : NULL;
	c->on_done = sent_done;
}

struct reg_call *
reg_send(struct reg_repo *repo, const struct reg_request *req, reg_done *done,
    void *arg)
{
	struct reg_sent	*r = xcalloc(1, sizeof(*r));

	assert(repo != NULL && req->method != NULL && done != NULL);
	assert(req->path != NULL || req->url != NULL);
	reg_call_init(&r->call);
	r->req = *req;
	r->done = done;
	r->arg = arg;
	r->call.of_request = 1;
	r->call.repo = repo;
	sent_fill(&r->call, req);
	reg_start(&r->call);
	return &r->call;
}

void
reg_abandon(struct reg_call *c)
{
	struct reg_sent	*r;

	if (c == NULL)
		return;
	r = sent_of(c);
	if (!r->ends)
		sent_free(r);
}

void
reg_resume(struct reg_call *c)
{
	http_resume(&c->http);
}

/* What reg_ask() waits for. */
struct reg_waiter {
	int		 over;
	reg_done	*done;
	void		*arg;
};

static void
waiter_done(void *arg, const struct reg_answer *a, const struct err *err)
{
	struct reg_waiter	*w = arg;

	w->over = 1;
	w->done(w->arg, a, err);
}

void
reg_ask(struct reg_repo *repo, const struct reg_request *req, reg_done *done,
    void *arg)
{
	struct loop	*loop = repo->reg->loop;
	struct reg_waiter	 w = { 0, done, arg };

	assert(req->on_read == NULL && req->on_data == NULL);
	reg_send(repo, req, waiter_done, &w);
	assert(!w.over);
	while (!w.over) {
		loop_wait(loop, NULL, 0, 1000);
		loop_run(loop);
	}
}

const char *
reg_answer_field(const struct reg_answer *a, const char *name, size_t nth)
{
	return http_header(&a->call->http, name, nth);
}

char *
reg_answer_take_body(const struct reg_answer *a)
{
	return buf_detach(&a->call->http.reply);
}

char *
reg_answer_url(const struct reg_answer *a, const char *location,
    struct err *err)
{
	return reg_resolve(a->call, location, err);
}

char *
reg_answer_own_url(const struct reg_answer *a, const char *location,
    struct err *err)
{
	return reg_resolve_same(a->call, location, err);
}

void
reg_answer_quota(const struct reg_answer *a, struct quota *q)
{
	quota_read(&a->call->http, q);
}

char *
reg_answer_account(const struct reg_answer *a)
{
	return reg_account(a->call);
}
