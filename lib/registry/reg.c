/*
 * Calls: the queue of each host, trying again, redirects, and going from one
 * endpoint to the next.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/http/origin.h"
#include "lib/http/tls.h"
#include "lib/oci/digest.h"
#include "lib/registry/quota.h"
#include "lib/registry/reg_private.h"
#include "lib/registry/regerr.h"

static void	call_done(struct http_call *);
static void	name_place(struct reg_call *, struct err *);
static void	call_failed_here(struct reg_call *, struct err *, int may_repeat);
static void	pump(void *);
static void	call_fail(struct reg_call *, const struct err *);
static void	delay_elsewhere(struct reg_call *);

/* The hosts of endpoints with insecureSkipVerify are not verified. */
static void
trust_insecure(struct reg *reg)
{
	const struct endpoint	*ep;
	char			*url;
	size_t			 i, k;

	for (i = 0; i < reg->registries->n; i++)
		for (k = 0; k < reg->registries->v[i]->nendpoints; k++) {
			ep = &reg->registries->v[i]->endpoints[k];
			if (!ep->insecure)
				continue;
			url = xasprintf("%s://%s/", ep->scheme, ep->host);
			tls_store_trust(reg->tls, url);
			free(url);
		}
}

struct reg *
reg_new(struct http *http, struct registries *registries, size_t calls_max,
    struct creds *creds, struct helpers *helpers, struct shared *shared,
    const struct patience *patience)
{
	struct reg	*reg = xcalloc(1, sizeof(*reg));

	reg->http = http;
	reg->loop = http_loop(http);
	reg->registries = registries;
	reg->creds = creds;
	reg->shared = shared;
	reg->patience = patience;
	reg->tls = tls_store_new();
	reg->auth.http = http;
	reg->auth.tls = reg->tls;
	reg->auth.creds = creds;
	reg->auth.helpers = helpers;
	reg->auth.shared = shared;
	reg->auth.patience = patience;
	trust_insecure(reg);
	reg->calls_max = calls_max;
	return reg;
}

void
reg_free(struct reg *reg)
{
	struct reg_host	*h;

	if (reg == NULL)
		return;
	auth_clear(&reg->auth);
	while ((h = SLIST_FIRST(&reg->hosts)) != NULL) {
		assert(TAILQ_EMPTY(&h->queue));
		SLIST_REMOVE_HEAD(&reg->hosts, link);
		loop_timer_stop(reg->loop, &h->timer);
		loop_undefer(reg->loop, &h->again);
		auth_host_clear(&h->auth);
		outage_clear(&h->outage);
		free(h->base);
		free(h);
	}
	reg_repos_free(reg);
	tls_store_free(reg->tls);
	free(reg);
}

void
reg_call_init(struct reg_call *c)
{
	memset(c, 0, sizeof(*c));
	http_call_init(&c->http);
}

/* Look at the host's queue on the next turn of the loop. */
static void
wake(struct reg_host *h)
{
	loop_defer(h->reg->loop, &h->again, pump, h);
}

/* The same after ms at the latest. */
static void
look_again(struct reg_host *h, int64_t ms)
{
	if (ms <= 0)
		wake(h);
	else if (!h->timer.set || h->timer.at > clock_ms() + ms)
		loop_timer_set(h->reg->loop, &h->timer, ms, pump, h);
}

static void
unqueue(struct reg_call *c)
{
	assert(c->state == CALL_QUEUED);
	TAILQ_REMOVE(&c->route->host->queue, c, queued);
	auth_leave(&c->auth);
	c->state = CALL_IDLE;
}

/* The call's place at the host is free: it may be another's turn. */
static void
leave_host(struct reg_call *c)
{
	struct reg_host	*h = c->route->host;

	if (c->counted) {
		assert(h->active > 0);
		h->active--;
		shared_leave(h->reg->shared, h->shared);
	}
	c->counted = 0;
	if (c->probing)
		h->probing = 0;
	c->probing = 0;
	wake(h);
}

void
reg_cancel(struct reg_call *c)
{
	switch ((enum state)c->state) {
	case CALL_IDLE:
		return;
	case CALL_QUEUED:
		unqueue(c);
		break;
	case CALL_AUTH:
		auth_leave(&c->auth);
		break;
	case CALL_DELAYED:
		loop_timer_stop(c->repo->reg->loop, &c->timer);
		break;
	case CALL_SENT:
		http_cancel(&c->http);
		reg_outage_leave(c);
		leave_host(c);
		break;
	case CALL_FAILING:
		loop_undefer(c->repo->reg->loop, &c->end);
		free(c->failure);
		c->failure = NULL;
		break;
	}
	c->state = CALL_IDLE;
}

void
reg_call_clear(struct reg_call *c)
{
	reg_cancel(c);
	http_call_clear(&c->http);
	free(c->path);
	free(c->location);
	free(c->url);
	auth_wait_clear(&c->auth);
	free(c->before);
	if (c->elsewhere != NULL)
		outage_clear(c->elsewhere);
	free(c->elsewhere);
	c->elsewhere = NULL;
	c->path = c->location = c->url = NULL;
	c->before = NULL;
}

char *
reg_header(struct reg_call *c, const char *name)
{
	return http_header(&c->http, name, 0);
}

int64_t
reg_backoff(int n)
{
	return patience_backoff(n);
}

static void
enqueue(struct reg_call *c)
{
	assert(c->state != CALL_QUEUED && c->state != CALL_SENT);
	c->state = CALL_QUEUED;
	TAILQ_INSERT_TAIL(&c->route->host->queue, c, queued);
	auth_want(&c->auth);
	wake(c->route->host);
}

static int
is_manifest(const struct reg_call *c)
{
	return c->path != NULL && strncmp(c->path, "manifests/", 10) == 0;
}

static enum shared_pace
pace_of(const struct reg_call *c)
{
	return is_manifest(c) ? PACE_MANIFESTS : PACE_OTHERS;
}

/* What has a digest is the same at every endpoint that has it. */
static int
is_by_digest(const struct reg_call *c)
{
	return c->path != NULL && (strncmp(c->path, "blobs/", 6) == 0 ||
	    (is_manifest(c) && strchr(c->path, ':') != NULL));
}

/* Ask this endpoint next, from the start. */
static void
set_route(struct reg_call *c, size_t k)
{
	assert(k < c->repo->n);
	c->route = &c->repo->routes[k];
	c->avoid->last = k;
	c->auth.repo = &c->route->auth;
	auth_restart(&c->auth);
	free(c->url);
	c->url = NULL;
	c->redirects = 0;
}

/*
 * The endpoint to ask next in this round: those that were not asked, in order,
 * after the one that had the last content, and without those that could not be
 * reached a moment ago.  0 if there is none.
 */
static int
choose_route(struct reg_call *c)
{
	struct reg_repo	*r = c->repo;
	size_t		 first = is_by_digest(c) ? r->prefer : 0, i, k;
	int64_t		 now = clock_ms();

	for (i = 0; i <= r->n; i++) {
		k = i == 0 ? first : i - 1;
		if ((c->asked & 1UL << k) == 0 && (c->tries > 0 ||
		    r->routes[k].host->resting <= now))
			break;
	}
	if (i > r->n) {
		if (c->asked != 0)
			return 0;
		k = first;
	}
	set_route(c, k);
	return 1;
}

/*
 * The endpoints again, but those that gave an answer which will stay the same.
 */
static void
begin_round(struct reg_call *c)
{
	c->outlasts = 0;
	c->asked = c->final;
	c->may_pass = 0;
	choose_route(c);
	enqueue(c);
}

/* It is allowed now, or will not be: see auth.h. */
static void
authorized(struct auth_wait *w, const struct err *err)
{
	struct reg_call	*c = (struct reg_call *)((char *)w -
	    offsetof(struct reg_call, auth));

	assert(c->state == CALL_AUTH);
	if (err != NULL)
		call_fail(c, err);
	else
		enqueue(c);
}

void
reg_start(struct reg_call *c)
{
	const char	*from = c->from != NULL ?
			    reg_mount_name(c->from, c->repo) : NULL;

	c->auth.push = c->push;
	c->auth.ready = authorized;
	c->auth.from_name = from != NULL && strcmp(from, c->repo->repo) != 0 ?
	    from : NULL;
	assert(c->state == CALL_IDLE && c->repo != NULL);
	c->tries = 0;
	c->began = clock_ms();
	if (c->avoid == NULL)
		c->avoid = &c->own_avoid;
	if (c->avoid->repo != c->repo) {
		c->avoid->repo = c->repo;
		c->avoid->endpoints = 0;
	}
	c->final = c->avoid->endpoints;
	free(c->before);
	c->before = NULL;
	c->http.result = CURLE_OK;
	c->http.status = 0;		/* no answer yet */
	c->given_up = c->token_expired = c->unexpected = 0;
	begin_round(c);
}

char *
reg_account(const struct reg_call *c)
{
	return auth_repo_account(&c->route->auth);
}

const char *
reg_endpoint(const struct reg_call *c)
{
	return c->route->host->base;
}

static void
call_failed(void *arg)
{
	struct reg_call	*c = arg;
	struct err	*err = c->failure;

	assert(c->state == CALL_FAILING && err != NULL);
	c->state = CALL_IDLE;
	c->failure = NULL;
	c->on_done(c, err);
	free(err);
}

static void
call_fail(struct reg_call *c, const struct err *err)
{
	assert(c->state != CALL_QUEUED && c->state != CALL_SENT);
	assert(c->failure == NULL);
	c->state = CALL_FAILING;
	reg_outage_leave(c);
	c->failure = xmalloc(sizeof(*c->failure));
	*c->failure = *err;
	if (c->before != NULL)
		err_add(c->failure, "; before that %s", c->before);
	err_wrap(c->failure, "%s", c->repo->name);
	loop_defer(c->repo->reg->loop, &c->end, call_failed, c);
}

/* The next endpoint of this round, with what this one said kept; 0: none. */
static int
call_go_on(struct reg_call *c, const struct err *why)
{
	struct route	*w = c->route;
	char		*text;

	c->asked |= 1UL << (w - c->repo->routes);
	if (!choose_route(c))
		return 0;
	log_info("%s: %s; going on with %s", c->repo->name, why->msg,
	    c->route->host->base);
	if (c->before == NULL || strstr(c->before, why->msg) == NULL) {
		text = xasprintf("%s%s%.400s", c->before != NULL ?
		    c->before : "", c->before != NULL ? "; " : "",
		    why->msg);
		free(c->before);
		c->before = text;
	}
	enqueue(c);
	return 1;
}

void
reg_avoid_last(struct reg_avoid *a)
{
	if (a->repo == NULL)
		return;
	assert(a->last < a->repo->n);
	a->endpoints |= 1UL << a->last;
	if (a->endpoints == (1UL << a->repo->n) - 1)
		a->endpoints = 0;	/* all of them: one more round */
}

void
reg_shun(struct reg_call *c)
{
	if (c->route != NULL)
		reg_avoid_last(c->avoid);
}

static void
add_header(struct http_call *h, const char *name, const char *value)
{
	char	*line = xasprintf("%s: %s", name, value);

	h->headers = curl_slist_append(h->headers, line);
	free(line);
}

static size_t
http_read(struct http_call *h, char *p, size_t room)
{
	struct reg_call	*c = (struct reg_call *)((char *)h -
	    offsetof(struct reg_call, http));

	return c->on_read(c, p, room);
}

static int
http_head(struct http_call *h)
{
	struct reg_call	*c = (struct reg_call *)((char *)h -
	    offsetof(struct reg_call, http));

	if (h->status < 200 || h->status > 299)
		return 0;
	return c->on_head == NULL || c->on_head(c);
}

static size_t
http_data(struct http_call *h, const char *p, size_t n)
{
	struct reg_call	*c = (struct reg_call *)((char *)h -
	    offsetof(struct reg_call, http));

	return c->on_data(c, p, n);
}

/* There is a connection.  No call is started here, as libcurl is at work. */
static void
call_reached(struct reg_call *c)
{
	assert(c->route != NULL);
	if (reg_outage_reached(c))
		wake(c->route->host);
}

static void
http_reached(struct http_call *h)
{
	call_reached((struct reg_call *)((char *)h -
	    offsetof(struct reg_call, http)));
}

static void
add_headers(struct reg_call *c, const char *auth)
{
	struct http_call	*h = &c->http;
	char			 range[64];

	if (auth != NULL)
		h->headers = curl_slist_append(h->headers, auth);
	if (c->accept != NULL)
		add_header(h, "Accept", c->accept);
	if (c->content_type != NULL)
		add_header(h, "Content-Type", c->content_type);
	/* Compressed answers would not have the digest that was asked for. */
	add_header(h, "Accept-Encoding", "identity");
	/*
	 * libcurl asks before it sends a large body.  One in memory can be sent
	 * again, so that waiting for "100 Continue" would only cost a round
	 * trip; and some registries do not know the question.
	 */
	c->expects = c->on_read != NULL && !c->route->host->no_expect;
	if (!c->expects && (c->on_read != NULL || c->body != NULL))
		h->headers = curl_slist_append(h->headers, "Expect:");
	if (c->range_from > 0) {
		snprintf(range, sizeof(range), "bytes=%lld-%lld",
		    (long long)c->range_from, (long long)c->range_size - 1);
		add_header(h, "Range", range);
	}
	if (c->part_end > 0) {
		/* Of a chunk it is without the unit: distribution-spec. */
		snprintf(range, sizeof(range), "%lld-%lld",
		    (long long)c->part_from, (long long)c->part_end - 1);
		add_header(h, "Content-Range", range);
	}
}

static void
mark_sent(struct reg_call *c)
{
	struct reg_host	*h = c->route->host;

	assert(c->state == CALL_IDLE && !c->counted && !c->probing);
	c->state = CALL_SENT;
	if (!c->transfer) {
		c->counted = 1;
		h->active++;
	}
	if (h->auth.scheme == AUTH_UNKNOWN)
		c->probing = h->probing = 1;
}

/*
 * No nearer than this may the call go.  A URL that is not the endpoint's own
 * came from the registry, or from where that redirected us to.
 */
static enum origin_scope
scope_max(const struct reg_call *c)
{
	if (c->own)
		return ORIGIN_METADATA;
	return c->redirects > 0 ? c->http.scope : c->route->host->auth.scope;
}

/*
 * Send it, unless it has to wait for something else, or has ended: then 0, and
 * the queue may have changed.
 */
static int
send_call(struct reg_call *c)
{
	struct reg_host	*h = c->route->host;
	struct err	 err = ERR_INIT;
	char		*auth = NULL;

	if (c->url == NULL)
		c->url = c->location != NULL ? xstrdup(c->location) :
		    xasprintf("%s%s/v2/%s/%s", h->base, c->route->path,
		    c->route->repo, c->path);
	c->own = origin_same(h->base, c->url);
	if (tls_find(h->reg->tls, c->url, c->own ? c->repo->registry : NULL,
	    &c->http.tls, &err) == -1) {
		c->http.result = CURLE_OK;
		c->http.status = 0;
		call_failed_here(c, &err, 0);
		return 0;
	}
	switch (c->own ? auth_get(&c->auth, &auth, &err) : 1) {
	case -1:
		call_fail(c, &err);
		return 0;
	case 0:
		c->state = CALL_AUTH;
		return 0;
	}
	xwipe(&c->auth.used);
	c->auth.used = auth;
	c->http.method = c->method;
	c->http.about = c->about;
	c->http.url = c->url;
	c->http.body = c->body;
	c->http.body_len = c->body_len;
	c->http.upload_size = c->upload_size;
	c->http.reply_max = c->reply_max;
	c->http.bulk = c->large;
	c->http.commit = c->commit;
	c->http.scope_max = scope_max(c);
	c->http.connect_seconds = c->hurry ? HTTP_HURRY_SECONDS : 0;
	c->http.on_read = c->on_read != NULL ? http_read : NULL;
	c->http.on_head = c->on_data != NULL ? http_head : NULL;
	c->http.on_data = c->on_data != NULL ? http_data : NULL;
	c->http.on_done = call_done;
	c->http.on_reached = http_reached;
	add_headers(c, auth);
	mark_sent(c);
	http_start(h->reg->http, &c->http);
	return 1;
}

/* Nobody was there a moment ago: straight to the next endpoint. */
static int
pass_by(struct reg_call *c)
{
	struct err	err = ERR_INIT;

	if (c->repo->n == 1 || c->tries > 0 ||
	    c->route->host->resting <= clock_ms())
		return 0;
	err_set(&err, ERR_NETWORK, "%s was not to be reached a moment ago",
	    c->route->host->base);
	return call_go_on(c, &err);
}

/* How long until it is a call's turn; 0 if it is, and is taken. */
static int64_t
turn_of(struct reg_host *h, const struct reg_call *c)
{
	int64_t	ms = 0;

	/* Of a quota registries do not take what only asks. */
	if (strcmp(c->method, "HEAD") != 0)
		ms = shared_turn(h->shared, pace_of(c));
	return ms > 0 ? ms : shared_turn(h->shared, PACE_ALL);
}

/* May it be sent now?  Then it is counted in, unless it is a transfer. */
static int
may_go(struct reg_host *h, struct reg_call *c)
{
	struct reg	*reg = h->reg;
	int64_t		 ms;

	if (!c->transfer && !shared_enter(reg->shared, h->shared, h->active,
	    reg->calls_max, HTTP_HOSTS_AT_ONCE * reg->calls_max)) {
		/* Others have the places, whose end we do not see. */
		if (h->active < reg->calls_max)
			look_again(h, SHARED_LOOK_MS);
		return 0;
	}
	if ((ms = turn_of(h, c)) == 0 && reg_outage_enter(c))
		return 1;
	if (!c->transfer)
		shared_leave(reg->shared, h->shared);
	look_again(h, ms);
	return 0;
}

/* Nobody is there, and it was tried for long enough. */
static void
fail_queued(struct reg_call *c)
{
	struct err	err = ERR_INIT;

	unqueue(c);
	c->http.result = CURLE_COULDNT_CONNECT;
	c->http.status = 0;
	reg_outage_error(c, &err);
	name_place(c, &err);
	call_fail(c, &err);
}

/*
 * Send the first of the queue if it may go now; 0 if it stays there.  What
 * becomes of it else changes the end of a queue at the most.
 */
static int
pump_one(struct reg_host *h, struct reg_call *c)
{
	int64_t	gate = reg_outage_gate(c);
	int	counted, probe;

	assert(c->state == CALL_QUEUED && c->route->host == h);
	if (gate == -1) {
		fail_queued(c);
		return 1;
	}
	if (gate > 0) {
		look_again(h, gate);
		return 0;
	}
	if (!may_go(h, c))
		return 0;
	unqueue(c);
	counted = !c->transfer;
	probe = c->is_probe;
	if (!pass_by(c) && send_call(c))
		return 1;
	if (counted)
		shared_leave(h->reg->shared, h->shared);
	if (probe)
		outage_leave(&h->outage);
	return 1;
}

/* From the loop: whose turn is it? */
static void
pump(void *arg)
{
	struct reg_host	*h = arg;
	struct reg_call	*c, *next;
	int64_t		 wait = shared_held(h->shared);

	if (wait > 0) {
		look_again(h, wait);
		return;
	}
	if (h->auth.scheme == AUTH_UNKNOWN && shared_is_open(h->shared))
		h->auth.scheme = AUTH_NONE;
	for (c = TAILQ_FIRST(&h->queue); c != NULL; c = next) {
		if (h->auth.scheme == AUTH_UNKNOWN && h->probing)
			return;
		next = TAILQ_NEXT(c, queued);
		pump_one(h, c);
	}
}

static void
call_timer(void *arg)
{
	struct reg_call	*c = arg;

	assert(c->state == CALL_DELAYED);
	begin_round(c);
}

/*
 * The host that it was redirected to was not there; the endpoint shows the way.
 */
static void
look_elsewhere(void *arg)
{
	struct reg_call	*c = arg;
	struct err	 err = ERR_INIT;

	assert(c->state == CALL_DELAYED);
	switch (reg_outage_look(c, &err)) {
	case -1:
		call_fail(c, &err);
		break;
	case 0:
		delay_elsewhere(c);
		break;
	default:
		begin_round(c);
	}
}

static void
delay_elsewhere(struct reg_call *c)
{
	assert(c->elsewhere != NULL && !c->timer.set);
	c->state = CALL_DELAYED;
	loop_timer_set(c->repo->reg->loop, &c->timer, reg_outage_delay(c),
	    look_elsewhere, c);
}

/* Its host is down: 1 if it waits until somebody is there. */
static int
call_outlast(struct reg_call *c)
{
	size_t	k;

	switch (reg_outage_outlast(c, &k)) {
	case OUTLAST_NOT:
		return 0;
	case OUTLAST_ELSEWHERE:
		delay_elsewhere(c);
		return 1;
	case OUTLAST_HOST:
		break;
	}
	set_route(c, k);
	c->asked = c->final;
	c->outlasts = 1;
	enqueue(c);
	return 1;
}

static int
passing_status(long status)
{
	switch (status) {
	case 408:
	case 425:
	case 429:
	case 500:
	case 502:
	case 503:
	case 504:
	case 522:
	case 524:
		return 1;
	}
	return 0;
}

int
reg_is_passing(const struct reg_call *c)
{
	if (c->given_up)
		return 0;
	if (c->token_expired || c->unexpected)
		return 1;
	if (c->http.result != CURLE_OK)
		return http_error_is_passing(&c->http);
	/* Some cannot mount, and say that so; the caller has another way. */
	if (c->from != NULL && c->http.status == 500)
		return 0;
	return passing_status(c->http.status) && !c->is_final;
}

/* Nobody is there, or nobody whom we can talk to. */
static int
is_unreachable(const struct reg_call *c)
{
	return outage_is_one(&c->http) ||
	    c->http.result == CURLE_SSL_CONNECT_ERROR ||
	    c->http.result == CURLE_PEER_FAILED_VERIFICATION;
}

/*
 * The wait that an answer asks for, in ms; 0 if none.  The whole host waits:
 * other calls would only be answered the same.
 */
static int64_t
obey_retry_after(struct reg_call *c)
{
	struct reg_host	*h = c->route->host;
	int64_t		 ms;

	if (c->http.result != CURLE_OK)
		return 0;
	if ((ms = regerr_wait_asked(&c->http)) <= 0 ||
	    ms > HTTP_RETRY_AFTER_MAX * 1000)
		return ms;
	if (shared_held(h->shared) < ms) {
		shared_hold(h->shared, ms);
		log_info("%s asks to wait %lld s", h->base,
		    (long long)(ms + 999) / 1000);
	}
	return ms;
}

/* Fewer at a time to one that is asked too much, then slowly more again. */
static void
learn_room(struct reg_call *c)
{
	struct reg_host	*h = c->route->host;
	size_t		 max = h->reg->calls_max;

	if (c->http.result != CURLE_OK)
		return;
	if (c->http.status != 429 && c->http.status != 503) {
		shared_answered(h->shared, max);
		return;
	}
	shared_throttled(h->shared, max);
	log_debug("%s throttles: %zu requests at a time", h->base,
	    shared_room(h->shared, max));
}

/* What is left of a quota has to do until there is more. */
static void
learn_quota(struct reg_call *c)
{
	struct reg_host	*h = c->route->host;
	struct quota	 q;
	int64_t		 pace;

	if (c->http.result != CURLE_OK || !quota_read(&c->http, &q))
		return;
	pace = quota_pace(&q);
	shared_set_pace(h->shared, pace_of(c), pace);
	if (pace == 0 || h->quota_told)
		return;
	h->quota_told = 1;
	log_warn("%s: %lld of %lld requests are left for the next %lld s; "
	    "they are spread out", h->base, (long long)q.left,
	    (long long)q.limit, (long long)q.seconds);
}

/* 1 if the call will be sent again, after a while. */
static int
call_try_again(struct reg_call *c, int64_t asked)
{
	const struct patience	*p = c->repo->reg->patience;
	int64_t			 ms;

	if (!(c->may_pass || reg_is_passing(c)) || c->once)
		return 0;
	c->tries++;
	if (!patience_allows(p, c->tries, c->began) ||
	    asked > HTTP_RETRY_AFTER_MAX * 1000)
		return 0;
	ms = reg_backoff(c->tries);
	if (ms < asked)
		ms = asked;
	c->state = CALL_DELAYED;
	loop_timer_set(c->repo->reg->loop, &c->timer, ms, call_timer, c);
	return 1;
}

/* May another endpoint do better?  Not if it is the question that is wrong. */
static int
may_mend(const struct reg_call *c)
{
	switch (c->http.result == CURLE_OK ? c->http.status : 0) {
	case 400:
	case 405:
	case 406:
	case 416:
		return 0;
	}
	return 1;
}

/* 1 if the answer is a redirect that was followed; -1 if it may not be. */
static int
follow_redirect(struct reg_call *c, struct err *err)
{
	long	 s = c->http.status;
	char	*v, *url;

	if (s != 301 && s != 302 && s != 303 && s != 307 && s != 308)
		return 0;
	if (strcmp(c->method, "GET") != 0 && strcmp(c->method, "HEAD") != 0)
		return err_set(err, ERR_REGISTRY, "%s was redirected, which "
		    "is not done with uploads", c->method);
	if (++c->redirects > HTTP_REDIRECTS_MAX)
		return err_set(err, ERR_REGISTRY,
		    "more than %d redirects", HTTP_REDIRECTS_MAX);
	if ((v = reg_header(c, "Location")) == NULL)
		return err_set(err, ERR_REGISTRY,
		    "HTTP %ld without a Location", s);
	if ((url = reg_resolve(c, v, err)) == NULL)
		return -1;
	free(c->url);
	c->url = url;
	return 1;
}

char *
reg_resolve(const struct reg_call *c, const char *location, struct err *err)
{
	return origin_resolve(c->url, c->http.scope, location, err);
}

char *
reg_resolve_same(const struct reg_call *c, const char *location,
    struct err *err)
{
	char	*url = reg_resolve(c, location, err);

	if (url == NULL || origin_same(c->route->host->base, url))
		return url;
	free(url);
	err_set(err, ERR_REGISTRY, "%s points to another host for what is its "
	    "own to say", c->route->host->base);
	return NULL;
}

/*
 * What was refused to an account that is known there: it was given a token, or
 * is told that it may not.
 */
static const char *
may_not(const struct reg_call *c)
{
	if (c->route->auth.account.where == NULL || c->auth.used == NULL ||
	    (c->http.status == 401 && c->route->host->auth.scheme != AUTH_BEARER))
		return NULL;
	return c->push ? "push" : "pull";
}

/* What went wrong, and where, for people. */
static void
report(struct reg_call *c, struct err *err)
{
	struct reg_host		*h = c->route->host;
	const struct account	*a = &c->route->auth.account;

	if (c->http.result != CURLE_OK)
		http_error(&c->http, err);
	else
		regerr_answer(&c->http, err);
	c->is_final = regerr_is_final(err->code);
	regerr_hint(err, &c->http, strncmp(h->base, "https", 5) == 0 ?
	    "https" : "http", h->name, a->where, may_not(c),
	    creds_where(h->reg->creds));
}

/* Something was learnt about the host, and how it wants to be asked. */
static void
call_learn(struct reg_call *c)
{
	struct reg_host	*h = c->route->host;

	if (c->http.result == CURLE_OK && c->own)
		h->auth.scope = c->http.scope;
	if (h->auth.scheme == AUTH_UNKNOWN && c->http.result == CURLE_OK &&
	    c->http.status != 401 && !passing_status(c->http.status)) {
		h->auth.scheme = AUTH_NONE;
		shared_set_open(h->shared, 1);
	}
}

/* Put before it what was asked, and whom, where that is not plain. */
static void
name_place(struct reg_call *c, struct err *err)
{
	struct reg_host	*h = c->route->host;
	const char	*what = c->path != NULL ? c->path : "upload";
	int		 n = (int)strcspn(what, "?");

	if (c->repo->n > 1 || strcmp(h->name, c->repo->registry) != 0)
		err_wrap(err, "%s %.*s at %s", c->method, n, what, h->base);
	else
		err_wrap(err, "%s %.*s", c->method, n, what);
}

/* It failed here: elsewhere, later, or for good. */
static void
call_failed_here(struct reg_call *c, struct err *err, int may_repeat)
{
	struct reg_host	*h = c->route->host;
	int64_t		 asked = may_repeat ? obey_retry_after(c) : 0;
	int		 outage = outage_is_one(&c->http);

	if (outage)
		reg_outage_note(c, err);
	name_place(c, err);
	if (c->own && is_unreachable(c))
		h->resting = clock_ms() + HOST_REST_SECONDS * 1000;
	/* Only the caller knows what is missing when a stream breaks. */
	if (c->http.streaming)
		reg_shun(c);
	else if (c->repo->n > 1 && may_mend(c)) {
		if (may_repeat && reg_is_passing(c))
			c->may_pass = 1;
		else
			c->final |= 1UL << (c->route - c->repo->routes);
		if (call_go_on(c, err))
			return;
		/* The round is over: those that ask to wait are asked later. */
		may_repeat = 1;
	}
	if (outage && call_outlast(c))
		return;
	if (outage && c->given_up)
		outage_explain(c->own ? &h->outage : c->elsewhere, err);
	if (!may_repeat || !call_try_again(c, asked))
		call_fail(c, err);
}

/* Content of another digest is as good as none. */
static int
check_reply(struct reg_call *c, struct err *err)
{
	const char	*s = c->http.reply.data != NULL ?
			    c->http.reply.data : "";
	char		 have[DIGEST_STR_MAX];

	/* Of the only endpoint the caller can say more than that. */
	if (c->digest == NULL || c->repo->n == 1 ||
	    strcmp(c->method, "GET") != 0)
		return 0;
	digest_of(c->digest, s, c->http.reply.len, have);
	if (strcmp(have, c->digest) == 0)
		return 0;
	return err_set(err, ERR_DIGEST, "%s: the content has digest %s",
	    c->path, have);
}

static void
call_succeeded(struct reg_call *c)
{
	if (is_by_digest(c))
		c->repo->prefer = (size_t)(c->route - c->repo->routes);
	regerr_warnings(&c->http, c->route->host->base);
	c->on_done(c, NULL);
}

/* A 401: 1 if it was answered, and the call is on its way again. */
static int
handle_401(struct reg_call *c)
{
	/* A body that was streamed cannot be sent a second time. */
	if (c->on_read != NULL && c->auth.used != NULL && c->http.sent > 0) {
		c->token_expired = !c->auth.fresh_token;
		auth_drop_token(&c->auth);
		return 0;
	}
	if (!c->own || !auth_answer(&c->auth, &c->http))
		return 0;
	enqueue(c);
	return 1;
}

/*
 * It does not know Expect, and no request has it from now on.  While libcurl
 * waits for an answer it tries again by itself; later it does not, as part of
 * the body is gone.
 */
static void
learn_expect(struct reg_call *c)
{
	struct reg_host	*h = c->route->host;

	if (!c->own || !c->expects || !c->http.expect_refused)
		return;
	if (!h->no_expect)
		log_info("%s answers 417 to Expect: 100-continue; going on "
		    "without", h->base);
	h->no_expect = 1;
	c->unexpected = c->http.result != CURLE_OK || c->http.status == 417;
}

static void
call_done(struct http_call *http)
{
	struct reg_call	*c = (struct reg_call *)((char *)http -
	    offsetof(struct reg_call, http));
	struct err	 err = ERR_INIT;
	int		 rc = 0;

	assert(c->state == CALL_SENT && !http->active);
	c->state = CALL_IDLE;
	leave_host(c);
	call_learn(c);
	if (http->result != CURLE_OK && !outage_is_one(http) &&
	    is_unreachable(c))
		call_reached(c);	/* it is there, whatever it is */
	learn_expect(c);
	if (c->own) {
		learn_room(c);
		learn_quota(c);
	}
	if (http->result == CURLE_OK && http->status == 401 && handle_401(c))
		return;
	if (http->result == CURLE_OK)
		rc = follow_redirect(c, &err);
	if (rc == 1) {
		enqueue(c);
		return;
	}
	if (rc == -1) {
		call_failed_here(c, &err, 0);
	} else if (http->result == CURLE_OK && http->status >= 200 &&
	    http->status < 300) {
		if (check_reply(c, &err) == -1)
			call_failed_here(c, &err, 0);
		else
			call_succeeded(c);
	} else {
		report(c, &err);
		call_failed_here(c, &err, 1);
	}
}
