#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base64.h"
#include "lib/buf.h"
#include "lib/challenge.h"
#include "lib/clock.h"
#include "lib/config.h"
#include "lib/creds.h"
#include "lib/errmsg.h"
#include "lib/events.h"
#include "lib/json.h"
#include "lib/limits.h"
#include "lib/log.h"
#include "lib/origin.h"
#include "lib/ref.h"
#include "lib/reg.h"
#include "lib/regerr.h"
#include "lib/token.h"
#include "lib/xalloc.h"

/* What we know of how a host wants to be asked. */
enum auth {
	AUTH_UNKNOWN,		/* one call is sent first, to find out */
	AUTH_NONE,
	AUTH_BASIC,
	AUTH_BEARER
};

enum state {
	CALL_IDLE,
	CALL_QUEUED,		/* in the queue of its host */
	CALL_TOKEN,		/* waits for a token */
	CALL_DELAYED,		/* its timer is set */
	CALL_SENT
};

/* One endpoint: scheme and host[:port] and path prefix. */
struct reg_host {
	struct reg		*reg;		/* borrowed */
	const struct endpoint	*ep;		/* borrowed from the config */
	char			*base;		/* owned: scheme://host */
	enum auth		 auth;
	struct challenge	 challenge;	/* of AUTH_BEARER */
	int			 probing;	/* the first call is under way */
	size_t			 active;	/* calls, without transfers */
	int64_t			 not_before;	/* clock_ms(): asked to wait */
	struct http_timer	 timer;		/* set for not_before */
	struct reg_call		*queue, **queue_end;
	struct token		*tokens;
	int			 referrers_api;
	struct reg_host		*next;
};

struct reg_repo {
	struct reg_host	*host;		/* borrowed */
	char		*registry;	/* owned: as in references */
	char		*repo;		/* owned */
	char		*name;		/* owned: registry/repo */
	struct account	 account;
	struct reg_repo	*next;
};

struct reg {
	struct http	*http;		/* borrowed, as are the others */
	struct config	*config;
	struct creds	*creds;
	size_t		 calls_max;	/* for each host */
	struct reg_host	*hosts;
	struct reg_repo	*repos;
};

static void	pump(struct reg_host *);
static void	call_done(struct http_call *);

struct reg *
reg_new(struct http *http, struct config *config, struct creds *creds)
{
	struct reg	*reg = xcalloc(1, sizeof(*reg));

	reg->http = http;
	reg->config = config;
	reg->creds = creds;
	reg->calls_max = config->concurrent_http > 0 ?
	    (size_t)config->concurrent_http : HTTP_CALLS_PER_HOST;
	return reg;
}

void
reg_free(struct reg *reg)
{
	struct reg_host	*h;
	struct reg_repo	*r;

	if (reg == NULL)
		return;
	while ((r = reg->repos) != NULL) {
		reg->repos = r->next;
		account_clear(&r->account);
		free(r->registry);
		free(r->repo);
		free(r->name);
		free(r);
	}
	while ((h = reg->hosts) != NULL) {
		reg->hosts = h->next;
		http_timer_stop(reg->http, &h->timer);
		challenge_clear(&h->challenge);
		tokens_free(h->tokens);
		free(h->base);
		free(h);
	}
	free(reg);
}

struct http *
reg_http(struct reg *reg)
{
	return reg->http;
}

static struct reg_host *
host_of(struct reg *reg, const char *registry)
{
	const struct registry_config	*rc;
	const struct endpoint		*ep;
	struct reg_host			*h;

	rc = config_registry(reg->config, registry);
	ep = &rc->endpoints[0];
	for (h = reg->hosts; h != NULL; h = h->next)
		if (h->ep == ep)
			return h;
	h = xcalloc(1, sizeof(*h));
	h->reg = reg;
	h->ep = ep;
	h->base = xasprintf("%s://%s", ep->scheme, ep->host);
	h->queue_end = &h->queue;
	h->referrers_api = ep->supports_referrers;
	h->next = reg->hosts;
	reg->hosts = h;
	return h;
}

struct reg_repo *
reg_repo(struct reg *reg, const char *registry, const char *repo,
    struct err *err)
{
	struct reg_repo	*r;

	for (r = reg->repos; r != NULL; r = r->next)
		if (strcmp(r->repo, repo) == 0 &&
		    strcmp(r->registry, registry) == 0)
			return r;
	r = xcalloc(1, sizeof(*r));
	if (creds_find(reg->creds, registry, repo, &r->account, err) == -1) {
		free(r);
		return NULL;
	}
	r->host = host_of(reg, registry);
	r->registry = xstrdup(registry);
	r->repo = xstrdup(repo);
	r->name = xasprintf("%s/%s", registry, repo);
	r->next = reg->repos;
	reg->repos = r;
	return r;
}

const char *
reg_repo_name(const struct reg_repo *r)
{
	return r->name;
}

int
reg_same_registry(const struct reg_repo *a, const struct reg_repo *b)
{
	return a->host == b->host;
}

int
reg_referrers_api(const struct reg_repo *r)
{
	return r->host->referrers_api;
}

void
reg_set_referrers_api(struct reg_repo *r, int has)
{
	r->host->referrers_api = has;
}

void
reg_call_init(struct reg_call *c)
{
	memset(c, 0, sizeof(*c));
	http_call_init(&c->http);
}

static void
unqueue(struct reg_call *c)
{
	struct reg_host	*h = c->repo->host;
	struct reg_call	**p;

	for (p = &h->queue; *p != NULL; p = &(*p)->next)
		if (*p == c) {
			*p = c->next;
			break;
		}
	for (h->queue_end = &h->queue; *h->queue_end != NULL; )
		h->queue_end = &(*h->queue_end)->next;
}

/* The call's place at the host is free. */
static void
leave_host(struct reg_call *c)
{
	struct reg_host	*h = c->repo->host;

	if (c->counted)
		h->active--;
	c->counted = 0;
	if (c->probing)
		h->probing = 0;
	c->probing = 0;
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
	case CALL_TOKEN:
		token_forget(c->repo->host->tokens, c);
		break;
	case CALL_DELAYED:
		http_timer_stop(c->repo->host->reg->http, &c->timer);
		break;
	case CALL_SENT:
		http_cancel(&c->http);
		leave_host(c);
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
	free(c->extra_scope);
	free(c->auth_used);
	c->path = c->location = c->url = NULL;
	c->extra_scope = c->auth_used = NULL;
}

char *
reg_header(struct reg_call *c, const char *name)
{
	return http_header(&c->http, name, 0);
}

int64_t
reg_backoff(int n)
{
	int64_t	ms = HTTP_BACKOFF_MS;

	while (--n > 0 && ms < HTTP_BACKOFF_MAX_MS)
		ms *= 2;
	if (ms > HTTP_BACKOFF_MAX_MS)
		ms = HTTP_BACKOFF_MAX_MS;
	/* 50 to 100 %: many clients must not come back at the same time. */
	return ms / 2 + random() % (ms / 2 + 1);
}

static void
enqueue(struct reg_call *c)
{
	struct reg_host	*h = c->repo->host;

	c->state = CALL_QUEUED;
	c->next = NULL;
	*h->queue_end = c;
	h->queue_end = &c->next;
}

void
reg_start(struct reg_call *c)
{
	free(c->url);
	c->url = NULL;
	c->tries = c->auth_tries = c->redirects = 0;
	c->http.result = CURLE_OK;
	c->http.status = 0;		/* no answer yet */
	enqueue(c);
	pump(c->repo->host);
}

/* Fail it with an error made here. */
static void
fail(struct reg_call *c, const struct err *err)
{
	struct err	copy = *err;

	c->state = CALL_IDLE;
	err_wrap(&copy, "%s", c->repo->name);
	c->on_done(c, &copy);
}

static void
token_ready(struct reg_call *c, const struct err *err)
{
	if (err != NULL) {
		fail(c, err);
		return;
	}
	enqueue(c);
	pump(c->repo->host);
}

/*
 * The token that lets the call pass, or NULL if one is being fetched: then the
 * call waits for it.
 */
static const char *
find_token(struct reg_call *c)
{
	struct reg_host	*h = c->repo->host;
	struct token	*t;
	char		*scope;

	scope = token_scope(c->repo->repo, c->push,
	    c->from != NULL && c->from != c->repo ? c->from->repo : NULL,
	    c->extra_scope);
	t = token_find(&h->tokens, scope);
	free(scope);
	if (token_is_valid(t))
		return t->value;
	c->state = CALL_TOKEN;
	token_wait(t, c);
	token_fetch(t, h->reg->http, h->ep, &h->challenge, &c->repo->account,
	    token_ready);
	return NULL;
}

/* The Authorization field; 0 with *header NULL where there is none to send. */
static int
authorization(struct reg_call *c, char **header)
{
	struct reg_host	*h = c->repo->host;
	const char	*token;
	char		*pair, *text;

	*header = NULL;
	if (h->auth == AUTH_BASIC && c->repo->account.user != NULL) {
		pair = xasprintf("%s:%s", c->repo->account.user,
		    c->repo->account.password != NULL ?
		    c->repo->account.password : "");
		text = base64_encode(pair, strlen(pair));
		*header = xasprintf("Authorization: Basic %s", text);
		explicit_bzero(pair, strlen(pair));
		free(pair);
		free(text);
	} else if (h->auth == AUTH_BEARER) {
		token = c->repo->account.registry_token;
		if (token == NULL && (token = find_token(c)) == NULL)
			return -1;
		if (*token != '\0')
			*header = xasprintf("Authorization: Bearer %s", token);
	}
	return 0;
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
	 * A body in memory can be sent again, so waiting for "100 Continue"
	 * would only cost a round trip.
	 */
	if (c->on_read == NULL && c->body != NULL)
		h->headers = curl_slist_append(h->headers, "Expect:");
	if (c->range_from > 0) {
		snprintf(range, sizeof(range), "bytes=%lld-%lld",
		    (long long)c->range_from, (long long)c->range_size - 1);
		add_header(h, "Range", range);
	}
}

static int
same_origin_as_host(const struct reg_host *h, const char *url)
{
	return origin_same(h->base, url);
}

/* Send it: everything that it had to wait for is there. */
static void
send_call(struct reg_call *c)
{
	struct reg_host	*h = c->repo->host;
	char		*auth = NULL;

	if (c->url == NULL)
		c->url = c->location != NULL ? xstrdup(c->location) :
		    xasprintf("%s%s/v2/%s/%s", h->base, h->ep->path,
		    c->repo->repo, c->path);
	if (same_origin_as_host(h, c->url) && authorization(c, &auth) == -1)
		return;
	free(c->auth_used);
	c->auth_used = auth;
	c->http.method = c->method;
	c->http.url = c->url;
	c->http.body = c->body;
	c->http.body_len = c->body_len;
	c->http.upload_size = c->upload_size;
	c->http.reply_max = c->reply_max;
	c->http.insecure = h->ep->insecure;
	c->http.bulk = c->large;
	c->http.on_read = c->on_read != NULL ? http_read : NULL;
	c->http.on_head = c->on_data != NULL ? http_head : NULL;
	c->http.on_data = c->on_data != NULL ? http_data : NULL;
	c->http.on_done = call_done;
	add_headers(c, auth);
	c->state = CALL_SENT;
	if (!c->transfer) {
		c->counted = 1;
		h->active++;
	}
	if (h->auth == AUTH_UNKNOWN)
		c->probing = h->probing = 1;
	http_start(h->reg->http, &c->http);
}

static void
host_timer(void *arg)
{
	pump(arg);
}

/* Send what may be sent now. */
static void
pump(struct reg_host *h)
{
	struct reg_call	**p = &h->queue, *c;
	int64_t		 wait = h->not_before - clock_ms();

	if (wait > 0) {
		if (!h->timer.set)
			http_timer_set(h->reg->http, &h->timer, wait,
			    host_timer, h);
		return;
	}
	while ((c = *p) != NULL) {
		if (h->auth == AUTH_UNKNOWN && h->probing)
			return;
		if (!c->transfer && h->active >= h->reg->calls_max) {
			p = &c->next;
			continue;
		}
		if ((*p = c->next) == NULL)
			h->queue_end = p;
		send_call(c);
	}
}

static void
call_timer(void *arg)
{
	struct reg_call	*c = arg;

	enqueue(c);
	pump(c->repo->host);
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
	if (c->http.result != CURLE_OK)
		return http_error_is_passing(&c->http);
	return passing_status(c->http.status);
}

/*
 * The wait that a 429 or 503 asks for, in ms; 0 if none.  The whole host waits:
 * other calls would only be answered the same.
 */
static int64_t
obey_retry_after(struct reg_call *c)
{
	struct reg_host	*h = c->repo->host;
	int64_t		 ms;
	char		*v;

	if (c->http.result != CURLE_OK ||
	    (v = reg_header(c, "Retry-After")) == NULL)
		return 0;
	if ((ms = regerr_retry_after(v)) <= 0 ||
	    ms > HTTP_RETRY_AFTER_MAX * 1000)
		return ms;
	if (h->not_before < clock_ms() + ms) {
		h->not_before = clock_ms() + ms;
		log_info("%s asks to wait %lld s", h->base,
		    (long long)(ms + 999) / 1000);
	}
	return ms;
}

/* 1 if the call will be sent again. */
static int
try_again(struct reg_call *c)
{
	int	most = HTTP_TRIES_MAX;
	int64_t	asked, ms;

	if (!reg_is_passing(c))
		return 0;
	asked = obey_retry_after(c);
	if (c->once)
		return 0;
	if (c->http.result == CURLE_COULDNT_CONNECT ||
	    c->http.result == CURLE_COULDNT_RESOLVE_HOST ||
	    c->http.result == CURLE_SSL_CONNECT_ERROR)
		most = HTTP_CONNECT_TRIES_MAX;
	if (++c->tries >= most || asked > HTTP_RETRY_AFTER_MAX * 1000)
		return 0;
	ms = reg_backoff(c->tries);
	if (ms < asked)
		ms = asked;
	/* A redirect's target may have expired: ask the registry anew. */
	free(c->url);
	c->url = NULL;
	c->redirects = 0;
	c->state = CALL_DELAYED;
	http_timer_set(c->repo->host->reg->http, &c->timer, ms, call_timer, c);
	return 1;
}

/* Read the challenges of a 401; 1 if the call is to be sent with an answer. */
static int
answer_challenge(struct reg_call *c)
{
	struct reg_host	 *h = c->repo->host;
	struct challenge  ch;
	char		 *v, *scope;
	size_t		  i;
	int		  found = 0;

	if (!same_origin_as_host(h, c->url) || c->auth_tries >= 2)
		return 0;
	memset(&ch, 0, sizeof(ch));
	for (i = 0; (v = http_header(&c->http, "WWW-Authenticate", i)) != NULL;
	    i++)
		found = challenge_parse(&ch, v);
	if (!found)
		return 0;
	c->auth_tries++;
	if (c->auth_used != NULL && h->auth == AUTH_BEARER && ch.bearer) {
		/* What it had was not enough, or has expired. */
		tokens_drop(h->tokens, c->auth_used);
		free(c->extra_scope);
		c->extra_scope = ch.scope != NULL ? xstrdup(ch.scope) : NULL;
	} else if (c->auth_used != NULL && c->auth_tries > 1) {
		challenge_clear(&ch);
		return 0;
	}
	if (ch.bearer) {
		scope = ch.scope;
		ch.scope = NULL;
		free(scope);
		challenge_clear(&h->challenge);
		h->challenge = ch;
		h->auth = AUTH_BEARER;
		return 1;
	}
	challenge_clear(&ch);
	if (h->auth == AUTH_BASIC && c->auth_used != NULL)
		return 0;		/* the password was refused */
	h->auth = AUTH_BASIC;
	return c->repo->account.user != NULL;
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
	return origin_resolve(c->url, location, err);
}

char *
reg_resolve_same(const struct reg_call *c, const char *location,
    struct err *err)
{
	char	*url = reg_resolve(c, location, err);

	if (url == NULL || same_origin_as_host(c->repo->host, url))
		return url;
	free(url);
	err_set(err, ERR_REGISTRY, "%s points to another host for what is its "
	    "own to say", c->repo->host->base);
	return NULL;
}

static void
report(struct reg_call *c, struct err *err)
{
	struct reg_host	*h = c->repo->host;

	if (c->http.result != CURLE_OK)
		http_error(&c->http, err);
	else
		regerr_answer(&c->http, err);
	err_wrap(err, "%s %.*s", c->method, (int)strcspn(c->path != NULL ?
	    c->path : "upload", "?"), c->path != NULL ? c->path : "upload");
	regerr_hint(err, &c->http, h->ep, c->repo->account.user != NULL ||
	    c->repo->account.identity_token != NULL,
	    creds_where(h->reg->creds));
}

/* Something was learnt about how the host wants to be asked. */
static void
learn_auth(struct reg_call *c)
{
	struct reg_host	*h = c->repo->host;

	if (h->auth == AUTH_UNKNOWN && c->http.result == CURLE_OK &&
	    c->http.status != 401 && !passing_status(c->http.status))
		h->auth = AUTH_NONE;
}

static void
call_done(struct http_call *http)
{
	struct reg_call	*c = (struct reg_call *)((char *)http -
	    offsetof(struct reg_call, http));
	struct reg_host	*h = c->repo->host;
	struct err	 err = ERR_INIT;
	int		 rc = 0;

	c->state = CALL_IDLE;
	leave_host(c);
	learn_auth(c);
	if (http->result == CURLE_OK) {
		/* A body that was streamed cannot be sent a second time. */
		if (http->status == 401 && c->on_read != NULL &&
		    c->auth_used != NULL)
			tokens_drop(h->tokens, c->auth_used);
		else if (http->status == 401 && answer_challenge(c)) {
			enqueue(c);
			pump(h);
			return;
		}
		rc = follow_redirect(c, &err);
		if (rc == 1) {
			enqueue(c);
			pump(h);
			return;
		}
	}
	if (rc == 0 && http->result == CURLE_OK && http->status >= 200 &&
	    http->status < 300) {
		regerr_warnings(http, h->base);
		c->on_done(c, NULL);
	} else if (rc == -1) {
		fail(c, &err);
	} else if (!try_again(c)) {
		report(c, &err);
		fail(c, &err);
	}
	pump(h);
}
