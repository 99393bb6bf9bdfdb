/*
 * What lets requests pass, as far as no token has to be fetched.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/http/http.h"
#include "lib/registry/auth.h"
#include "lib/registry/shared.h"
#include "test/unit/tap.h"

static struct auth	 auth;
static struct auth_host	 host;
static struct auth_repo	 repo;

/* What auth_get() says: the field, "" for none. */
static void
is_header(struct auth_wait *w, const char *want)
{
	struct err	err = ERR_INIT;
	char		*header;

	is_int(auth_get(w, &header, &err), 1);
	is_str(header != NULL ? header : "", want);
	free(header);
}

static int
challenge(struct auth_wait *w, const char *field)
{
	struct http_call	call;
	int			again;

	http_call_init(&call);
	buf_addf(&call.head, "HTTP/1.1 401 Unauthorized\r\n%s\r\n", field);
	again = auth_answer(w, &call);
	http_call_clear(&call);
	return again;
}

int
main(void)
{
	struct auth_wait	 w[3];
	struct err		 err = ERR_INIT;
	struct shared		*shared = shared_open(-1, &err);
	char			 name[] = "user", word[] = "word", ticket[] = "t0";
	size_t			 i;

	memset(w, 0, sizeof(w));
	host.auth = &auth;
	host.base = "https://reg.example.com";
	host.name = "reg.example.com";
	host.shared = shared_host(shared, host.base);
	auth_host_init(&host);
	repo.host = &host;
	repo.name = "a";
	auth_repo_add(&repo);
	for (i = 0; i < 3; i++) {
		w[i].repo = &repo;
		auth_want(&w[i]);
	}
	ok(TAILQ_FIRST(&host.wanted) == &w[0], "the first comes first");
	auth_leave(&w[1]);
	auth_leave(&w[1]);
	ok(TAILQ_NEXT(&w[0], link) == &w[2], "one that left is gone");
	auth_leave(&w[0]);
	auth_leave(&w[2]);
	ok(TAILQ_EMPTY(&host.wanted), "nobody wants anything");

	is_header(&w[0], "");
	is_int(challenge(&w[0], "X-Other: y\r\n"), 0);
	is_int(challenge(&w[0], "WWW-Authenticate: Basic realm=\"r\"\r\n"), 0);
	is_int(host.scheme, AUTH_BASIC);
	is_header(&w[0], "");		/* nobody is known there */
	repo.account.user = name;
	repo.account.password = word;
	is_int(challenge(&w[1], "WWW-Authenticate: Basic realm=\"r\"\r\n"), 1);
	is_header(&w[1], "Authorization: Basic dXNlcjp3b3Jk");
	w[1].used = strdup("Authorization: Basic dXNlcjp3b3Jk");
	is_int(challenge(&w[1], "WWW-Authenticate: Basic realm=\"r\"\r\n"), 0);

	repo.account.registry_token = ticket;
	is_int(challenge(&w[2], "WWW-Authenticate: Bearer "
	    "realm=\"https://reg.example.com/t\"\r\n"), 1);
	is_int(host.scheme, AUTH_BEARER);
	is_header(&w[2], "Authorization: Bearer t0");
	for (i = 0; i < 3; i++)
		auth_wait_clear(&w[i]);
	auth_host_clear(&host);
	auth_clear(&auth);
	shared_close(shared);
	return tap_end();
}
