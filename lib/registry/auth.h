#ifndef ACEDT_AUTH_H
#define ACEDT_AUTH_H

#include <sys/queue.h>

#include "lib/http/origin.h"
#include "lib/registry/challenge.h"
#include "lib/registry/creds.h"
#include "lib/registry/token.h"

struct auth_helper;
struct err;
struct helpers;
struct http;
struct http_call;
struct patience;
struct shared;
struct shared_host;
struct tls_store;

/*
 * What lets requests pass at a host: accounts, challenges and tokens.
 * doc/protocol.md, "Tokens" and "Accounts".  Nothing is known here of the
 * requests but what they want to be allowed.
 */

/* What all hosts have in common; all but the list is borrowed. */
struct auth {
	struct http		*http;
	struct tls_store	*tls;
	struct creds		*creds;
	struct helpers		*helpers;
	struct shared		*shared;
	const struct patience	*patience;
	SLIST_HEAD(, auth_helper) asked;
};
/* What helpers said is wiped; nobody may wait any more. */
void	auth_clear(struct auth *);

/* What is known of how a host wants to be asked. */
enum auth_scheme {
	AUTH_UNKNOWN,		/* one request is sent first, to find out */
	AUTH_NONE,
	AUTH_BASIC,
	AUTH_BEARER
};

/* One origin. */
struct auth_host {
	struct auth		*auth;		/* borrowed */
	const char		*base;		/* borrowed: scheme://host */
	const char		*name;		/* borrowed: host[:port] */
	struct shared_host	*shared;	/* borrowed */
	enum auth_scheme	 scheme;
	struct challenge	 challenge;	/* of AUTH_BEARER */
	enum origin_scope	 scope;		/* where it answered from */
	int			 one_each;	/* a token for each repository */
	struct token		*tokens;	/* owned */
	LIST_HEAD(, auth_repo)	 repos;
	struct auth_waits	 wanted;	/* by auth_want(), in that order */
};
/* It is all zero, but for the borrowed members. */
void	auth_host_init(struct auth_host *);
void	auth_host_clear(struct auth_host *);

/* A repository at a host. */
struct auth_repo {
	struct auth_host	*host;		/* borrowed */
	const char		*name;		/* borrowed */
	struct account		 account;	/* owned by whoever has this */
	struct token		*pull, *push;	/* borrowed: they cover it */
	int			 alone;		/* no token with others */
	LIST_ENTRY(auth_repo)	 link;
};
/* From now on it may not move. */
void	auth_repo_add(struct auth_repo *);
/* As whom it is asked, for people; the caller frees it. */
char	*auth_repo_account(const struct auth_repo *);

/* What a request wants to be allowed, embedded in it; all zero at first. */
struct auth_wait {
	/* Set by the request. */
	struct auth_repo	*repo;		/* borrowed */
	int			 push;		/* the right to push */
	const char		*from_name;	/* and to pull from there, or NULL */
	/*
	 * It waited for an account or a token, and need not any more; err says
	 * why it will not get it, or is NULL: then auth_get() says more.  From
	 * the loop; it may not call what is declared here.
	 */
	void			(*ready)(struct auth_wait *, const struct err *);
	char			*used;		/* owned: the field of the last try */

	/* Private. */
	char			*extra_scope;	/* owned: a challenge named it */
	int			 fresh_token;	/* fetched for this very try */
	int			 tries;		/* challenges that were answered */
	struct auth_waits	*list;		/* where it is, or NULL */
	TAILQ_ENTRY(auth_wait)	 link;
};

/*
 * It will call auth_get() when it is its turn: tokens are fetched for it too.
 */
void	auth_want(struct auth_wait *);
/* It neither wants nor waits any more; it need not have. */
void	auth_leave(struct auth_wait *);
/* Another repository, from the start: nothing is known of the last one. */
void	auth_restart(struct auth_wait *);
void	auth_wait_clear(struct auth_wait *);

/*
 * 1 with the Authorization field that the request needs, NULL for none, owned
 * by the caller; 0 if it has to wait until ready is called; -1 with *err
 * filled.
 */
int	auth_get(struct auth_wait *, char **header, struct err *);
/* Read the challenges of a 401: 1 if the request is to be sent again. */
int	auth_answer(struct auth_wait *, struct http_call *);
/* The token that the request carried is not accepted any more. */
void	auth_drop_token(struct auth_wait *);

#endif
