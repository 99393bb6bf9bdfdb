#ifndef ACEDT_TOKEN_H
#define ACEDT_TOKEN_H

#include <stdint.h>

#include "lib/http.h"

struct account;
struct challenge;
struct endpoint;
struct err;
struct reg_call;

/*
 * Bearer tokens of a registry: one for each set of scopes, fetched once,
 * shared by all calls that need it, renewed when it expires.
 * protocol.md §4.2.
 */
struct token {
	char		*scope;		/* owned */
	char		*value;		/* owned; NULL until it is fetched */
	int64_t		 expires;	/* clock_ms() */
	int		 fetching;
	int		 posted;	/* OAuth2 was tried in this fetch */
	struct http_call call;
	struct http_timer timer;
	char		*url;		/* owned, as are the next three */
	char		*base;
	char		*form;
	char		*basic;
	struct reg_call	*waiting;	/* through their next member */
	void		(*ready)(struct reg_call *, const struct err *);
	struct http	*http;
	struct err	*failure;	/* owned: found before anything was sent */
	struct token	*next;
};

/*
 * "repository:NAME:pull[,push]", for from also "repository:FROM:pull", and the
 * scopes of extra that are not among them.  The caller frees it.
 */
char	*token_scope(const char *repo, int push, const char *from,
	    const char *extra);

/* The token of a scope set in the list, made if there is none. */
struct token *token_find(struct token **list, const char *scope);
int	token_is_valid(const struct token *);

/* Let a call wait for it; forget it again. */
void	token_wait(struct token *, struct reg_call *);
void	token_forget(struct token *list, struct reg_call *);

/*
 * Fetch it, unless that is under way; ready is called for every waiting call
 * then, from http_run().
 */
void	token_fetch(struct token *, struct http *, const struct endpoint *,
	    const struct challenge *, const struct account *,
	    void (*ready)(struct reg_call *, const struct err *));

/* Forget the value that this "Authorization: Bearer …" carried. */
void	tokens_drop(struct token *list, const char *header);
void	tokens_free(struct token *list);

#endif
