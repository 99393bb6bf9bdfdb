/*
 * Accounts and challenges: doc/protocol.md, "Tokens" and "Accounts".
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/http/http.h"
#include "lib/registry/auth.h"
#include "lib/registry/helper.h"
#include "lib/registry/shared.h"
#include "lib/text/base64.h"

/* Answers to a 401: first token, fresh one, one with more scopes, one alone. */
#define AUTH_TRIES_MAX	4

/* A credential helper that was asked, once for each server. */
struct auth_helper {
	char		*name, *server;	/* owned */
	int		 done;
	struct helper	 helper;
	struct auth_waits waiting;
	SLIST_ENTRY(auth_helper) link;
};

static void	helper_done(void *);

void
auth_leave(struct auth_wait *w)
{
	if (w->list != NULL)
		TAILQ_REMOVE(w->list, w, link);
	w->list = NULL;
}

static void
wait_in(struct auth_waits *list, struct auth_wait *w)
{
	assert(w->list == NULL);
	w->list = list;
	TAILQ_INSERT_TAIL(list, w, link);
}

void
auth_want(struct auth_wait *w)
{
	wait_in(&w->repo->host->wanted, w);
}

void
auth_restart(struct auth_wait *w)
{
	assert(w->list == NULL);
	free(w->extra_scope);
	w->extra_scope = NULL;
	w->tries = w->fresh_token = 0;
}

void
auth_wait_clear(struct auth_wait *w)
{
	auth_leave(w);
	free(w->extra_scope);
	xwipe(&w->used);
	w->extra_scope = NULL;
}

void
auth_host_init(struct auth_host *h)
{
	LIST_INIT(&h->repos);
	TAILQ_INIT(&h->wanted);
}

void
auth_host_clear(struct auth_host *h)
{
	challenge_clear(&h->challenge);
	tokens_free(h->tokens);
}

void
auth_repo_add(struct auth_repo *r)
{
	LIST_INSERT_HEAD(&r->host->repos, r, link);
}

static struct auth_helper *
ask_helper(struct auth *auth, const struct account *a)
{
	struct auth_helper	*q;

	SLIST_FOREACH(q, &auth->asked, link)
		if (strcmp(q->name, a->helper) == 0 &&
		    strcmp(q->server, a->server) == 0)
			return q;
	q = xcalloc(1, sizeof(*q));
	q->name = xstrdup(a->helper);
	q->server = xstrdup(a->server);
	TAILQ_INIT(&q->waiting);
	SLIST_INSERT_HEAD(&auth->asked, q, link);
	helper_ask(&q->helper, auth->helpers, q->name, q->server, helper_done,
	    q);
	return q;
}

/*
 * The answer becomes the account of the repository, or the next place is looked
 * at.
 */
static int
take_account(struct auth_repo *r, struct auth_helper *q, struct err *err)
{
	struct helper	*h = &q->helper;
	struct account	*a = &r->account;

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
		return creds_next(r->host->auth->creds, r->host->name,
		    r->name, a, err);
	case HELPER_FAILED:
		break;
	}
	*err = h->err;
	return -1;
}

/* 1 with the account known; 0 if the request waits for it now; -1. */
static int
get_account(struct auth_wait *w, struct err *err)
{
	struct auth_helper	*q;

	while (w->repo->account.helper != NULL) {
		q = ask_helper(w->repo->host->auth, &w->repo->account);
		if (!q->done) {
			wait_in(&q->waiting, w);
			return 0;
		}
		if (take_account(w->repo, q, err) == -1)
			return -1;
	}
	return 1;
}

static void
helper_done(void *arg)
{
	struct auth_helper	*q = arg;
	struct auth_wait	*w;

	assert(!q->done);
	q->done = 1;
	while ((w = TAILQ_FIRST(&q->waiting)) != NULL) {
		auth_leave(w);
		w->ready(w, NULL);
	}
}

void
auth_clear(struct auth *auth)
{
	struct auth_helper	*q;

	while ((q = SLIST_FIRST(&auth->asked)) != NULL) {
		assert(TAILQ_EMPTY(&q->waiting));
		SLIST_REMOVE_HEAD(&auth->asked, link);
		helper_clear(&q->helper);
		free(q->name);
		free(q->server);
		free(q);
	}
}

/* Where the token that covers the request is remembered; NULL if nowhere. */
static struct token **
slot_of(struct auth_wait *w)
{
	if (w->from_name != NULL || w->extra_scope != NULL)
		return NULL;
	return w->push ? &w->repo->push : &w->repo->pull;
}

static char *
scope_of_wait(const struct auth_wait *w)
{
	return token_scope(w->repo->name, w->push, w->from_name,
	    w->extra_scope);
}

static int
covers(const struct token *t, const struct auth_wait *w)
{
	char	*scope = scope_of_wait(w);
	int	 all = token_covers(t->scope, scope);

	free(scope);
	return all;
}

/* A token for several was refused: from now on everybody has one of his own. */
static void
split(struct auth_host *h, const struct token *t)
{
	struct auth_repo	*r;

	if (!h->one_each)
		log_info("%s gives no token for several repositories at once",
		    h->base);
	h->one_each = 1;
	LIST_FOREACH(r, &h->repos, link) {
		r->pull = r->pull == t ? NULL : r->pull;
		r->push = r->push == t ? NULL : r->push;
	}
}

/* It has come, or will not: those who wait are on their way again. */
static void
token_ready(struct token *t, const struct err *err)
{
	struct auth_wait	*w;
	const struct err	*why;

	while ((w = TAILQ_FIRST(&t->waiting)) != NULL) {
		assert(w->list == &t->waiting);
		auth_leave(w);
		why = NULL;
		/* GitLab refuses all if one of them does not exist. */
		if (err != NULL && t->merged && err->status >= 400 &&
		    err->status < 500 && err->status != 429)
			split(w->repo->host, t);
		else if (err != NULL && covers(t, w))
			why = err;
		w->ready(w, why);
	}
}

/* May both requests share a token? */
static int
may_share(const struct auth_wait *w, struct auth_wait *other)
{
	struct token	**slot = slot_of(other);

	return other->extra_scope == NULL && !other->repo->alone &&
	    (slot == NULL || *slot == NULL) &&
	    other->repo->account.helper == NULL &&
	    account_same(&other->repo->account, &w->repo->account);
}

/*
 * One token for all requests that wait their turn at the host, as far as their
 * scopes fit into one request: a list of a hundred repositories needs few.
 */
static struct token *
merged_token(struct auth_wait *w)
{
	struct auth_host	*h = w->repo->host;
	struct token	*t;
	struct auth_wait *other;
	struct buf	 scopes;
	char		*s;
	int		 merged = 0;

	buf_init(&scopes, TOKEN_SCOPES_MAX);
	s = scope_of_wait(w);
	buf_adds(&scopes, s);
	free(s);
	TAILQ_FOREACH(other, &h->wanted, link) {
		if (!may_share(w, other))
			continue;
		s = scope_of_wait(other);
		if (!token_covers(scopes.data, s))
			merged |= buf_addf(&scopes, " %s", s) == 0;
		free(s);
	}
	t = token_find(&h->tokens, scopes.data, &w->repo->account);
	t->merged |= merged;
	TAILQ_FOREACH(other, &h->wanted, link) {
		if (!may_share(w, other) || slot_of(other) == NULL)
			continue;
		s = scope_of_wait(other);
		if (token_covers(scopes.data, s))
			*slot_of(other) = t;
		free(s);
	}
	buf_clear(&scopes);
	return t;
}

/*
 * The token that covers the request, perhaps still to be fetched.  While one is
 * on its way for others, that one: by the time that it comes more requests
 * wait, and share the next.
 */
static struct token *
token_of(struct auth_wait *w)
{
	struct auth_repo *r = w->repo;
	struct auth_host *h = r->host;
	struct token	**slot = slot_of(w), *t;
	char		*scope;

	if (slot != NULL && *slot != NULL)
		return *slot;
	scope = scope_of_wait(w);
	if (h->one_each || r->alone || w->extra_scope != NULL)
		t = token_find(&h->tokens, scope, &r->account);
	else if ((slot != NULL || (t = token_covering(h->tokens, scope,
	    &r->account)) == NULL) &&
	    (t = token_coming(h->tokens, &r->account)) == NULL)
		t = merged_token(w);
	if (slot != NULL && token_covers(t->scope, scope))
		*slot = t;
	free(scope);
	return t;
}

/*
 * What lets the request pass, or NULL if it is being fetched: then the request
 * waits for it.
 */
static const char *
find_token(struct auth_wait *w)
{
	struct auth_host	*h = w->repo->host;
	struct token	*t = token_of(w);
	struct token_from from;

	if (token_is_valid(t))
		return t->value;
	w->fresh_token = covers(t, w);
	wait_in(&t->waiting, w);
	from.http = h->auth->http;
	from.tls = h->auth->tls;
	from.shared = h->auth->shared;
	from.patience = h->auth->patience;
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
auth_get(struct auth_wait *w, char **header, struct err *err)
{
	struct auth_host	*h = w->repo->host;
	struct account		*a = &w->repo->account;
	const char		*token;
	int			 rc;

	assert(w->list == NULL);
	*header = NULL;
	if (h->scheme != AUTH_BASIC && h->scheme != AUTH_BEARER)
		return 1;
	if ((rc = get_account(w, err)) != 1)
		return rc;
	if (h->scheme == AUTH_BASIC) {
		if (a->user != NULL)
			*header = basic_header(a);
		return 1;
	}
	token = a->registry_token;
	if (token == NULL && (token = find_token(w)) == NULL)
		return 0;
	if (*token != '\0')
		*header = xasprintf("Authorization: Bearer %s", token);
	return 1;
}

void
auth_drop_token(struct auth_wait *w)
{
	if (w->used != NULL)
		tokens_drop(w->repo->host->tokens, w->used);
}

/*
 * The token that the request had was not enough, or has expired.  1 if another
 * one may help; one that was fetched for this very request and covers what the
 * registry asks for has had its chance.
 */
static int
refresh(struct auth_wait *w, const struct challenge *ch)
{
	struct token	**slot = slot_of(w);
	char		*have;
	int		 fresh = w->fresh_token, more;

	w->fresh_token = 0;
	if (!w->repo->alone && !w->repo->host->one_each && (fresh ||
	    (ch->error != NULL &&
	    strcmp(ch->error, "insufficient_scope") == 0))) {
		/* A part of what was asked for: then this part alone. */
		w->repo->alone = 1;
		if (slot != NULL && *slot != NULL && (*slot)->merged) {
			*slot = NULL;
			return 1;
		}
	}
	if (!fresh)
		auth_drop_token(w);
	have = scope_of_wait(w);
	more = ch->scope != NULL && w->extra_scope == NULL &&
	    strlen(ch->scope) <= TOKEN_SCOPES_MAX &&
	    !token_covers(have, ch->scope);
	free(have);
	if (more)
		w->extra_scope = xstrdup(ch->scope);
	return more || !fresh;
}

/* The best of an answer's challenges; 0 if there is none for us. */
static int
read_challenges(struct http_call *http, struct challenge *ch)
{
	char	*v;
	size_t	 i;
	int	 found = 0;

	memset(ch, 0, sizeof(*ch));
	for (i = 0; i < CHALLENGES_MAX &&
	    (v = http_header(http, "WWW-Authenticate", i)) != NULL; i++)
		found = challenge_parse(ch, v);
	return found;
}

int
auth_answer(struct auth_wait *w, struct http_call *http)
{
	struct auth_host *h = w->repo->host;
	struct account	 *a = &w->repo->account;
	struct challenge  ch;
	int		  had, again;

	if (w->tries >= AUTH_TRIES_MAX || !read_challenges(http, &ch))
		return 0;
	had = w->used != NULL;
	w->tries++;
	if (ch.bearer && (!had || a->registry_token == NULL)) {
		again = !had || h->scheme != AUTH_BEARER || refresh(w, &ch);
		free(ch.scope);
		ch.scope = NULL;
		challenge_clear(&h->challenge);
		h->challenge = ch;
		h->scheme = AUTH_BEARER;
		shared_set_open(h->shared, 0);
		return again;
	}
	/* A password, or token, that was refused will be again. */
	had |= ch.bearer;
	challenge_clear(&ch);
	if (had)
		return 0;
	h->scheme = AUTH_BASIC;
	shared_set_open(h->shared, 0);
	return a->user != NULL || a->helper != NULL;
}

char *
auth_repo_account(const struct auth_repo *r)
{
	const struct account	*a = &r->account;

	if (r->host->scheme == AUTH_UNKNOWN)
		return xstrdup("not asked for an account");
	if (r->host->scheme == AUTH_NONE)
		return xstrdup("no account wanted");
	if (account_is_anonymous(a))
		return xstrdup("anonymous");
	if (a->user == NULL)
		return xasprintf("with a token (%s)", a->where);
	return xasprintf("as %s (%s)", a->user, a->where);
}
