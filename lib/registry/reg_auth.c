/*
 * Accounts and challenges: doc/protocol.md, "Tokens" and "Accounts".
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/http/origin.h"
#include "lib/registry/reg_private.h"
#include "lib/registry/token.h"
#include "lib/text/base64.h"

/* Answers to a 401: first token, fresh one, one with more scopes, one alone. */
#define AUTH_TRIES_MAX	4

static void	helper_done(void *);

static struct asked *
ask(struct reg *reg, const struct account *a)
{
	struct asked	*q;

	for (q = reg->asked; q != NULL; q = q->next)
		if (strcmp(q->name, a->helper) == 0 &&
		    strcmp(q->server, a->server) == 0)
			return q;
	q = xcalloc(1, sizeof(*q));
	q->reg = reg;
	q->name = xstrdup(a->helper);
	q->server = xstrdup(a->server);
	q->next = reg->asked;
	reg->asked = q;
	helper_ask(&q->helper, reg->helpers, q->name, q->server, helper_done,
	    q);
	return q;
}

/* The answer becomes the account of the route, or the next place is looked at. */
static int
take_answer(struct route *w, struct asked *q, struct err *err)
{
	struct helper	*h = &q->helper;
	struct account	*a = &w->account;

	switch (h->result) {
	case HELPER_FOUND:
		free(a->helper);
		free(a->server);
		a->helper = a->server = NULL;
		if (strcmp(h->user, "<token>") == 0) {
			a->identity_token = xstrdup(h->secret);
		} else {
			a->user = xstrdup(h->user);
			a->password = xstrdup(h->secret);
		}
		return 0;
	case HELPER_MISSING:
		/* A file from another machine, as often as not. */
		if (!a->store)
			break;
		log_info("%s; going on without it", h->err.msg);
		/* FALLTHROUGH */
	case HELPER_NONE:
		return creds_next(q->reg->creds, w->host->name, w->repo, a,
		    err);
	case HELPER_FAILED:
		break;
	}
	*err = h->err;
	return -1;
}

/* 0 with the account known; 1 if the call waits for it now; -1. */
static int
account_of(struct reg_call *c, struct err *err)
{
	struct route	*w = c->route;
	struct asked	*q;

	while (w->account.helper != NULL) {
		q = ask(w->host->reg, &w->account);
		if (!q->done) {
			c->state = CALL_ACCOUNT;
			calls_append(&q->waiting, c);
			return 1;
		}
		if (take_answer(w, q, err) == -1)
			return -1;
	}
	return 0;
}

static void
helper_done(void *arg)
{
	struct asked	*q = arg;
	struct reg_call	*c, *list = q->waiting;

	q->done = 1;
	q->waiting = NULL;
	while ((c = list) != NULL) {
		list = c->next;
		reg_enqueue(c);
	}
}

void
reg_asked_free(struct reg *reg)
{
	struct asked	*q;

	while ((q = reg->asked) != NULL) {
		reg->asked = q->next;
		helper_clear(&q->helper);
		free(q->name);
		free(q->server);
		free(q);
	}
}

void
reg_forget_waiting(struct reg_call *c)
{
	struct asked	*q;
	struct token	*t;

	for (q = c->route->host->reg->asked; q != NULL; q = q->next)
		if (calls_remove(&q->waiting, c))
			return;
	for (t = c->route->host->tokens; t != NULL; t = t->next)
		if (calls_remove(&t->waiting, c) ||
		    calls_remove(&t->leaving, c))
			return;
}

/* Where the token that covers the call is remembered; NULL if nowhere. */
static struct token **
slot_of(struct reg_call *c)
{
	if (c->from_name != NULL || c->extra_scope != NULL)
		return NULL;
	return c->push ? &c->route->push : &c->route->pull;
}

static char *
scope_of(const struct reg_call *c)
{
	return token_scope(c->route->repo, c->push, c->from_name,
	    c->extra_scope);
}

static int
covers_call(const struct token *t, const struct reg_call *c)
{
	char	*scope = scope_of(c);
	int	 covers = token_covers(t->scope, scope);

	free(scope);
	return covers;
}

/* A token for several was refused: from now on everybody has one of his own. */
static void
split(struct reg_host *h, const struct token *t)
{
	struct reg_repo	*r;
	struct route	*w;
	size_t		 i, k;

	if (!h->one_each)
		log_info("%s gives no token for several repositories at once",
		    h->base);
	h->one_each = 1;
	for (i = 0; i < REPO_BUCKETS; i++)
		for (r = h->reg->repos[i]; r != NULL; r = r->next)
			for (k = 0; k < r->n; k++) {
				w = &r->routes[k];
				w->pull = w->pull == t ? NULL : w->pull;
				w->push = w->push == t ? NULL : w->push;
			}
}

/* It has come, or will not: those who wait are on their way again. */
static void
token_ready(struct token *t, const struct err *err)
{
	struct reg_call	*c;

	while ((c = t->leaving) != NULL) {
		t->leaving = c->next;
		/* GitLab refuses all if one of them does not exist. */
		if (err != NULL && t->merged && err->status >= 400 &&
		    err->status < 500 && err->status != 429)
			split(c->route->host, t);
		else if (err != NULL && covers_call(t, c)) {
			reg_fail(c, err);
			continue;
		}
		reg_enqueue(c);
	}
}

/* May both calls share a token? */
static int
may_share(struct reg_call *c, struct reg_call *other)
{
	struct token	**slot = slot_of(other);

	return other->extra_scope == NULL && !other->route->alone &&
	    (slot == NULL || *slot == NULL) &&
	    other->route->account.helper == NULL &&
	    account_same(&other->route->account, &c->route->account);
}

/*
 * One token for all calls that wait their turn at the host, as far as their
 * scopes fit into one request: a list of a hundred repositories needs few.
 */
static struct token *
merged_token(struct reg_call *c)
{
	struct reg_host	*h = c->route->host;
	struct token	*t;
	struct reg_call	*other;
	struct buf	 scopes;
	char		*s;
	int		 merged = 0;

	buf_init(&scopes, TOKEN_SCOPES_MAX);
	s = scope_of(c);
	buf_adds(&scopes, s);
	free(s);
	TAILQ_FOREACH(other, &h->queue, queued) {
		if (!may_share(c, other))
			continue;
		s = scope_of(other);
		if (!token_covers(scopes.data, s))
			merged |= buf_addf(&scopes, " %s", s) == 0;
		free(s);
	}
	t = token_find(&h->tokens, scopes.data, &c->route->account);
	t->merged |= merged;
	TAILQ_FOREACH(other, &h->queue, queued) {
		if (!may_share(c, other) || slot_of(other) == NULL)
			continue;
		s = scope_of(other);
		if (token_covers(scopes.data, s))
			*slot_of(other) = t;
		free(s);
	}
	buf_clear(&scopes);
	return t;
}

/*
 * The token that covers the call, perhaps still to be fetched.  While one is on
 * its way for others, that one: by the time that it comes more calls wait, and
 * share the next.
 */
static struct token *
token_of(struct reg_call *c)
{
	struct route	*w = c->route;
	struct reg_host	*h = w->host;
	struct token	**slot = slot_of(c), *t;
	char		*scope;

	if (slot != NULL && *slot != NULL)
		return *slot;
	scope = scope_of(c);
	if (h->one_each || w->alone || c->extra_scope != NULL)
		t = token_find(&h->tokens, scope, &w->account);
	else if ((slot != NULL || (t = token_covering(h->tokens, scope,
	    &w->account)) == NULL) &&
	    (t = token_coming(h->tokens, &w->account)) == NULL)
		t = merged_token(c);
	if (slot != NULL && token_covers(t->scope, scope))
		*slot = t;
	free(scope);
	return t;
}

/*
 * What lets the call pass, or NULL if it is being fetched: then the call waits
 * for it.
 */
static const char *
find_token(struct reg_call *c)
{
	struct reg_host	*h = c->route->host;
	struct token	*t = token_of(c);
	struct token_from from;

	if (token_is_valid(t))
		return t->value;
	c->state = CALL_TOKEN;
	c->fresh_token = covers_call(t, c);
	calls_append(&t->waiting, c);
	from.http = h->reg->http;
	from.tls = h->reg->tls;
	from.shared = h->reg->shared;
	from.patience = h->reg->patience;
	from.base = h->base;
	from.near = h->scope;
	token_fetch(t, &from, &h->challenge, token_ready);
	return NULL;
}

static char *
basic_header(const struct account *a)
{
	char	*pair, *text, *header;

	pair = xasprintf("%s:%s", a->user, a->password != NULL ?
	    a->password : "");
	text = base64_encode(pair, strlen(pair));
	header = xasprintf("Authorization: Basic %s", text);
	explicit_bzero(pair, strlen(pair));
	explicit_bzero(text, strlen(text));
	free(pair);
	free(text);
	return header;
}

int
reg_authorize(struct reg_call *c, char **header)
{
	struct reg_host	*h = c->route->host;
	struct account	*a = &c->route->account;
	struct err	 err = ERR_INIT;
	const char	*token;

	*header = NULL;
	if (h->auth != AUTH_BASIC && h->auth != AUTH_BEARER)
		return 0;
	switch (account_of(c, &err)) {
	case -1:
		reg_fail(c, &err);
		return -1;
	case 1:
		return -1;
	}
	if (h->auth == AUTH_BASIC) {
		if (a->user != NULL)
			*header = basic_header(a);
		return 0;
	}
	token = a->registry_token;
	if (token == NULL && (token = find_token(c)) == NULL)
		return -1;
	if (*token != '\0')
		*header = xasprintf("Authorization: Bearer %s", token);
	return 0;
}

void
reg_drop_token(struct reg_call *c)
{
	if (c->auth_used != NULL)
		tokens_drop(c->route->host->tokens, c->auth_used);
}

/*
 * The token that the call had was not enough, or has expired.  1 if another one
 * may help; one that was fetched for this very call and covers what the registry
 * asks for has had its chance.
 */
static int
refresh(struct reg_call *c, const struct challenge *ch)
{
	struct token	**slot = slot_of(c);
	char		*have;
	int		 fresh = c->fresh_token, more;

	c->fresh_token = 0;
	if (!c->route->alone && !c->route->host->one_each && (fresh ||
	    (ch->error != NULL &&
	    strcmp(ch->error, "insufficient_scope") == 0))) {
		/* A part of what was asked for: then this part alone. */
		c->route->alone = 1;
		if (slot != NULL && *slot != NULL && (*slot)->merged) {
			*slot = NULL;
			return 1;
		}
	}
	if (!fresh)
		reg_drop_token(c);
	have = scope_of(c);
	more = ch->scope != NULL && c->extra_scope == NULL &&
	    strlen(ch->scope) <= TOKEN_SCOPES_MAX &&
	    !token_covers(have, ch->scope);
	free(have);
	if (more)
		c->extra_scope = xstrdup(ch->scope);
	return more || !fresh;
}

/* The best of an answer's challenges; 0 if there is none for us. */
static int
read_challenges(struct reg_call *c, struct challenge *ch)
{
	char	*v;
	size_t	 i;
	int	 found = 0;

	memset(ch, 0, sizeof(*ch));
	for (i = 0; i < CHALLENGES_MAX &&
	    (v = http_header(&c->http, "WWW-Authenticate", i)) != NULL; i++)
		found = challenge_parse(ch, v);
	return found;
}

int
reg_answer_challenge(struct reg_call *c)
{
	struct reg_host	 *h = c->route->host;
	struct account	 *a = &c->route->account;
	struct challenge  ch;
	int		  had, again;

	if (!origin_same(h->base, c->url) || c->auth_tries >= AUTH_TRIES_MAX ||
	    !read_challenges(c, &ch))
		return 0;
	had = c->auth_used != NULL;
	c->auth_tries++;
	if (ch.bearer && (!had || a->registry_token == NULL)) {
		again = !had || h->auth != AUTH_BEARER || refresh(c, &ch);
		free(ch.scope);
		ch.scope = NULL;
		challenge_clear(&h->challenge);
		h->challenge = ch;
		h->auth = AUTH_BEARER;
		shared_set_open(h->shared, 0);
		return again;
	}
	/* A password, or token, that was refused will be again. */
	had |= ch.bearer;
	challenge_clear(&ch);
	if (had)
		return 0;
	h->auth = AUTH_BASIC;
	shared_set_open(h->shared, 0);
	return a->user != NULL || a->helper != NULL;
}

char *
reg_account(const struct reg_call *c)
{
	const struct account	*a = &c->route->account;

	if (c->route->host->auth == AUTH_UNKNOWN)
		return xstrdup("not asked for an account");
	if (c->route->host->auth == AUTH_NONE)
		return xstrdup("no account wanted");
	if (account_is_anonymous(a))
		return xstrdup("anonymous");
	if (a->user == NULL)
		return xasprintf("with a token (%s)", a->where);
	return xasprintf("as %s (%s)", a->user, a->where);
}
