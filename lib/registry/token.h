#ifndef ACEDT_TOKEN_H
#define ACEDT_TOKEN_H

#include <stdint.h>
#include <sys/queue.h>

#include "lib/http/http.h"
#include "lib/http/loop.h"
#include "lib/registry/outage.h"

struct account;
struct challenge;
struct err;
struct patience;
struct auth_wait;
struct shared;
struct tls_store;

/* Those who wait for the same: auth.h. */
TAILQ_HEAD(auth_waits, auth_wait);

/*
 * Bearer tokens of a registry: one for each set of scopes, fetched once,
 * shared by all calls that need it, renewed when it expires.
 * doc/protocol.md, "Tokens".
 */
struct token {
	char		*scope;		/* owned: with blanks between them */
	const struct account *account;	/* borrowed: who asks; NULL: nobody */
	char		*value;		/* owned; NULL until it is fetched */
	int64_t		 expires;	/* clock_ms() */
	int		 merged;	/* for several calls */
	int		 fetching;
	int		 posted;	/* OAuth2 was tried in this fetch */
	struct http_call call;
	struct loop_timer timer;	/* until it is sent again */
	struct loop_deferred next_turn;	/* or fails, or is looked at */
	int		 tries;
	struct outage	 outage;	/* of the service's host */
	int		 is_probe;
	char		*url;		/* owned, as are the next three */
	char		*base;
	char		*form;
	char		*basic;
	struct auth_waits waiting;	/* of auth.c */
	void		(*ready)(struct token *, const struct err *);
	struct http	*http;
	struct loop	*loop;		/* of http */
	struct err	*failure;	/* owned: found before anything was sent */
	struct token	*next;
};

/*
 * "repository:NAME:pull[,push]", for from also "repository:FROM:pull", and the
 * scopes of extra that are not among them.  The caller frees it.
 */
char	*token_scope(const char *repo, int push, const char *from,
	    const char *extra);

/* Is every one of the wanted scopes among those of the list? */
int	token_covers(const char *scopes, const char *wanted);

/*
 * The token of a scope set for an account (borrowed, it must stay) in the list,
 * made if there is none.
 */
struct token *token_find(struct token **list, const char *scope,
	    const struct account *);
/* One of the account that covers the scopes, or NULL. */
struct token *token_covering(struct token *list, const char *scope,
	    const struct account *);
/* One of the account that is being fetched, or NULL. */
struct token *token_coming(struct token *list, const struct account *);
int	token_is_valid(const struct token *);

/* Whose token it is, and what it is fetched with; all borrowed. */
struct token_from {
	struct http		*http;
	struct tls_store	*tls;
	struct shared		*shared;
	const struct patience	*patience;
	const char		*base;	/* origin of the registry: scheme://host */
	enum origin_scope	 near;	/* where that answered from */
};

/*
 * Fetch it, unless that is under way; ready is called then, from the loop, to
 * empty the list of those who wait.
 */
void	token_fetch(struct token *, const struct token_from *,
	    const struct challenge *,
	    void (*ready)(struct token *, const struct err *));

/* Forget the value that this "Authorization: Bearer …" carried. */
void	tokens_drop(struct token *list, const char *header);
void	tokens_free(struct token *list);

#endif
