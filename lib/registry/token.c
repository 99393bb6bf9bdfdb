/*
 * Bearer tokens: which scopes they cover, and how a token service is asked for
 * one.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/http/origin.h"
#include "lib/http/tls.h"
#include "lib/registry/challenge.h"
#include "lib/registry/creds.h"
#include "lib/registry/patience.h"
#include "lib/registry/regerr.h"
#include "lib/registry/shared.h"
#include "lib/registry/token.h"
#include "lib/text/base64.h"
#include "lib/text/json.h"

#define CLIENT_ID	"ace-dt"
/*
 * A token is renewed when it would not live this much longer, or a quarter of
 * its life where that is less.
 */
#define SPARE_MS	5000
/* What a service that says nothing means, and one that says nonsense. */
#define DEFAULT_SECONDS	60

static const struct json_limits token_limits = { 1000, 16, JSON_PLAIN };

static void	token_done(struct http_call *);

/* Is the scope, n bytes of it, one of the words of list? */
static int
has_scope(const char *list, const char *scope, size_t n)
{
	size_t	m;

	for (; *list != '\0'; list += m + (list[m] != '\0')) {
		m = strcspn(list, " ");
		if (m == n && strncmp(list, scope, n) == 0)
			return 1;
	}
	return 0;
}

char *
token_scope(const char *repo, int push, const char *from, const char *extra)
{
	char	*scope, *more;
	size_t	 n;

	scope = xasprintf("repository:%s:pull%s", repo, push ? ",push" : "");
	if (from != NULL) {
		more = xasprintf("%s repository:%s:pull", scope, from);
		free(scope);
		scope = more;
	}
	for (; extra != NULL && *extra != '\0';
	    extra += n + (extra[n] != '\0')) {
		n = strcspn(extra, " ");
		if (n == 0 || has_scope(scope, extra, n))
			continue;
		more = xasprintf("%s %.*s", scope, (int)n, extra);
		free(scope);
		scope = more;
	}
	return scope;
}

int
token_covers(const char *scopes, const char *wanted)
{
	size_t	n;

	for (; *wanted != '\0'; wanted += n + (wanted[n] != '\0')) {
		n = strcspn(wanted, " ");
		if (n > 0 && !has_scope(scopes, wanted, n))
			return 0;
	}
	return 1;
}

static int
belongs_to(const struct token *t, const struct account *account)
{
	return account == NULL || t->account == NULL ?
	    account == t->account : account_same(account, t->account);
}

struct token *
token_covering(struct token *t, const char *scope,
    const struct account *account)
{
	while (t != NULL && !(token_covers(t->scope, scope) &&
	    belongs_to(t, account)))
		t = t->next;
	return t;
}

struct token *
token_coming(struct token *t, const struct account *account)
{
	while (t != NULL && !(t->fetching && belongs_to(t, account)))
		t = t->next;
	return t;
}

struct token *
token_find(struct token **list, const char *scope,
    const struct account *account)
{
	struct token	*t;

	for (t = *list; t != NULL; t = t->next)
		if (strcmp(t->scope, scope) == 0 && belongs_to(t, account))
			return t;
	t = xcalloc(1, sizeof(*t));
	t->account = account;
	t->scope = xstrdup(scope);
	http_call_init(&t->call);
	TAILQ_INIT(&t->waiting);
	t->next = *list;
	*list = t;
	return t;
}

int
token_is_valid(const struct token *t)
{
	return t->value != NULL && t->expires > clock_ms();
}

/* It has come, or will not: tell those who wait. */
static void
token_finish(struct token *t, const struct err *err)
{
	assert(t->fetching && !t->timer.set && !t->next_turn.set);
	t->fetching = 0;
	xwipe(&t->form);
	xwipe(&t->basic);
	free(t->url);
	free(t->base);
	t->url = t->base = NULL;
	t->ready(t, err);
}

static void
token_failed_early(void *arg)
{
	struct token	*t = arg;
	struct err	 err = *t->failure;

	free(t->failure);
	t->failure = NULL;
	token_finish(t, &err);
}

static void
send_get(struct token *t)
{
	t->call.method = "GET";
	t->call.url = t->url;
	t->call.body = NULL;
	t->call.body_len = 0;
	t->call.headers = curl_slist_append(NULL, "Accept: application/json");
	if (t->basic != NULL)
		t->call.headers = curl_slist_append(t->call.headers, t->basic);
	http_start(t->http, &t->call);
}

static void
send_post(struct token *t)
{
	t->posted = 1;
	t->call.method = "POST";
	t->call.url = t->base;
	t->call.body = t->form;
	t->call.body_len = strlen(t->form);
	t->call.headers = curl_slist_append(NULL,
	    "Content-Type: application/x-www-form-urlencoded");
	http_start(t->http, &t->call);
}

static char *
add_form(char *form, const char *name, const char *value)
{
	char	*escaped = curl_easy_escape(NULL, value, 0), *out;

	out = xasprintf("%s%s%s=%s", form != NULL ? form : "",
	    form != NULL ? "&" : "", name, escaped != NULL ? escaped : "");
	curl_free(escaped);
	xwipe(&form);
	return out;
}

/* Every scope is a parameter of its own in a GET, one string in a POST. */
static void
make_request(struct token *t, const struct challenge *ch)
{
	const struct account	*account = t->account;
	char		*url = xstrdup(t->base), *more, *one;
	const char	*s;
	size_t		 n;

	if (ch->service != NULL) {
		more = origin_add_query(url, "service", ch->service);
		free(url);
		url = more;
	}
	for (s = t->scope; *s != '\0'; s += n + (s[n] != '\0')) {
		n = strcspn(s, " ");
		one = xmemdup0(s, n);
		more = origin_add_query(url, "scope", one);
		free(one);
		free(url);
		url = more;
	}
	if (account != NULL && account->user != NULL &&
	    account->password != NULL) {
		more = origin_add_query(url, "account", account->user);
		free(url);
		url = more;
		one = xasprintf("%s:%s", account->user, account->password);
		more = base64_encode(one, strlen(one));
		t->basic = xasprintf("Authorization: Basic %s", more);
		xwipe(&one);
		xwipe(&more);
	}
	t->url = url;
	if (account != NULL && account->identity_token != NULL) {
		t->form = add_form(NULL, "grant_type", "refresh_token");
		if (ch->service != NULL)
			t->form = add_form(t->form, "service", ch->service);
		t->form = add_form(t->form, "client_id", CLIENT_ID);
		t->form = add_form(t->form, "scope", t->scope);
		t->form = add_form(t->form, "refresh_token",
		    account->identity_token);
	}
}

/* Where it is asked for, and how: 0, or -1 with *err filled. */
static int
token_prepare(struct token *t, const struct token_from *from,
    const struct challenge *ch, struct err *err)
{
	char	*root, *base = NULL;
	int	 rc = -1;

	if (ch->realm == NULL || *ch->realm == '\0')
		return err_set(err, ERR_REGISTRY,
		    "the registry's challenge names no token service");
	root = xasprintf("%s/", from->base);
	if ((t->base = origin_resolve(root, from->near, ch->realm,
	    err)) != NULL &&
	    origin_realm_check(root, from->near, t->base, err) == 0 &&
	    tls_find(from->tls, t->base, NULL, &t->call.tls, err) == 0 &&
	    (base = origin_base(t->base)) != NULL) {
		outage_clear(&t->outage);
		outage_init(&t->outage, shared_host(from->shared, base),
		    from->patience, base);
		make_request(t, ch);
		rc = 0;
	}
	free(base);
	free(root);
	return rc;
}

static void
send_now(struct token *t)
{
	if (t->form != NULL && !t->posted)
		send_post(t);
	else
		send_get(t);
}

static void
token_send_again(void *arg)
{
	struct token	*t = arg;

	assert(t->fetching && !t->call.active);
	send_now(t);
}

static void
token_give_up(struct token *t, struct err *err)
{
	err_wrap(err, "token service %s", t->base);
	token_finish(t, err);
}

/* Sent as soon as somebody may be there. */
static void
send_to_reached(void *arg)
{
	struct token	*t = arg;
	struct err	 err = ERR_INIT;
	int64_t		 ms;

	assert(t->fetching && !t->call.active);
	if (outage_given_up(&t->outage)) {
		err_set(&err, ERR_NETWORK, "%s", t->outage.why);
		outage_explain(&t->outage, &err);
		token_give_up(t, &err);
	} else if (outage_enter(&t->outage, &t->is_probe)) {
		send_now(t);
	} else {
		ms = outage_wait(&t->outage);
		loop_timer_set(t->loop, &t->timer, ms > 0 ? ms : 1,
		    send_to_reached, t);
	}
}

static void
token_reached(struct http_call *call)
{
	struct token	*t = (struct token *)((char *)call -
	    offsetof(struct token, call));

	t->is_probe = 0;
	outage_reached(&t->outage);
}

void
token_fetch(struct token *t, const struct token_from *from,
    const struct challenge *ch,
    void (*ready)(struct token *, const struct err *))
{
	struct err	err = ERR_INIT;

	if (t->fetching)
		return;
	t->fetching = 1;
	t->posted = t->tries = 0;
	t->ready = ready;
	t->http = from->http;
	t->loop = http_loop(from->http);
	t->call.on_done = token_done;
	t->call.on_reached = token_reached;
	t->call.reply_max = HTTP_TOKEN_BODY_MAX;
	if (token_prepare(t, from, ch, &err) == 0) {
		t->call.scope_max = origin_same(from->base, t->base) ?
		    ORIGIN_METADATA : from->near;
		if (outage_enter(&t->outage, &t->is_probe))
			send_now(t);
		else
			loop_defer(t->loop, &t->next_turn, send_to_reached,
			    t);
		return;
	}
	/* Not from here: the caller is in the middle of its queue. */
	t->failure = xmalloc(sizeof(*t->failure));
	*t->failure = err;
	loop_defer(t->loop, &t->next_turn, token_failed_early, t);
}

/* Only visible ASCII may become part of a header field. */
static int
is_token(const char *s)
{
	if (*s == '\0')
		return 0;
	for (; *s != '\0'; s++)
		if (*s <= 0x20 || *s >= 0x7f)
			return 0;
	return 1;
}

static int
token_read(struct token *t, struct err *err)
{
	int64_t	 lives;
	char	*value;
	jv	 doc;

	if (json_parse(t->call.reply.data != NULL ? t->call.reply.data : "",
	    t->call.reply.len, &token_limits, &doc, err) == -1)
		return err_wrap(err, "the token service's answer");
	if ((value = json_str(doc, "token")) == NULL || *value == '\0') {
		free(value);
		value = json_str(doc, "access_token");
	}
	if (!json_int(doc, "expires_in", &lives) || lives < 1)
		lives = DEFAULT_SECONDS;
	jv_free(doc);
	if (value == NULL || !is_token(value)) {
		free(value);
		return err_set(err, ERR_REGISTRY,
		    "the token service's answer holds no token");
	}
	xwipe(&t->value);
	t->value = value;
	if (lives > 365 * 86400)
		lives = 365 * 86400;
	lives *= 1000;
	t->expires = clock_ms() + lives -
	    (lives / 4 < SPARE_MS ? lives / 4 : SPARE_MS);
	return 0;
}

/* Services that know no OAuth2 answer in one of these ways. */
static int
wants_get(const struct token *t)
{
	long	s = t->call.status;

	return t->posted && t->basic != NULL &&
	    (s == 400 || s == 401 || s == 404 || s == 405);
}

/* Nobody is there: 1 if it is tried on. */
static int
token_outlast(struct token *t)
{
	struct err	err = ERR_INIT;
	int		probe = t->is_probe;

	t->is_probe = t->posted = 0;
	http_error(&t->call, &err);
	if (!outage_missed(&t->outage, &t->call, probe, &err))
		return 0;
	loop_defer(t->loop, &t->next_turn, send_to_reached, t);
	return 1;
}

/* A service that is not to be reached, or busy, may be later. */
static int
token_try_again(struct token *t)
{
	long	 s = t->call.status;
	int64_t	 ms, asked = 0;

	if (outage_is_one(&t->call))
		return token_outlast(t);
	if (t->call.result != CURLE_OK ? !http_error_is_passing(&t->call) :
	    s != 408 && s != 429 && s < 500)
		return 0;
	if (++t->tries > TOKEN_RETRIES)
		return 0;
	ms = patience_backoff(t->tries);
	if (t->call.result == CURLE_OK)
		asked = regerr_wait_asked(&t->call);
	if (asked > ms)
		ms = asked;
	if (ms > HTTP_RETRY_AFTER_MAX * 1000)
		return 0;
	t->posted = 0;
	loop_timer_set(t->loop, &t->timer, ms, token_send_again, t);
	return 1;
}

static void
token_done(struct http_call *call)
{
	struct token	*t = (struct token *)((char *)call -
	    offsetof(struct token, call));
	struct err	 err = ERR_INIT;

	assert(t->fetching && !t->timer.set && !call->active);
	if (token_try_again(t))
		return;
	if (t->is_probe)
		outage_leave(&t->outage);
	t->is_probe = 0;
	if (call->result != CURLE_OK) {
		http_error(call, &err);
	} else if (call->status == 200) {
		if (token_read(t, &err) == 0) {
			token_finish(t, NULL);
			return;
		}
	} else if (wants_get(t)) {
		send_get(t);
		return;
	} else {
		regerr_answer(call, &err);
	}
	if (call->result == CURLE_OK && call->status == 401 &&
	    t->account != NULL && t->account->where != NULL)
		err_add(&err, " (the credentials in %s are refused)",
		    t->account->where);
	if (outage_is_one(call))
		outage_explain(&t->outage, &err);
	token_give_up(t, &err);
}

void
tokens_drop(struct token *list, const char *header)
{
	static const char	prefix[] = "Authorization: Bearer ";

	if (strncmp(header, prefix, sizeof(prefix) - 1) != 0)
		return;
	for (; list != NULL; list = list->next)
		if (list->value != NULL &&
		    strcmp(list->value, header + sizeof(prefix) - 1) == 0)
			xwipe(&list->value);
}

void
tokens_free(struct token *list)
{
	struct token	*t;

	while ((t = list) != NULL) {
		list = t->next;
		http_call_clear(&t->call);
		if (t->is_probe)
			outage_leave(&t->outage);
		outage_clear(&t->outage);
		if (t->loop != NULL) {
			loop_timer_stop(t->loop, &t->timer);
			loop_undefer(t->loop, &t->next_turn);
		}
		xwipe(&t->value);
		xwipe(&t->form);
		xwipe(&t->basic);
		free(t->failure);
		free(t->url);
		free(t->base);
		free(t->scope);
		free(t);
	}
}
