#ifndef ACEDT_CREDS_H
#define ACEDT_CREDS_H

struct err;

/*
 * Credentials that docker login left: $DOCKER_CONFIG/config.json, else
 * ~/.docker/config.json.  protocol.md §4.3.
 */
struct creds;

/* One account; all NULL is anonymous. */
struct account {
	char	*user;			/* owned, as are the others */
	char	*password;
	char	*identity_token;	/* OAuth2 refresh token */
	char	*registry_token;	/* bearer token, used as it is */
};

/* A missing file is no error; a broken one is.  auth_file may be NULL. */
int	creds_load(struct creds **, const char *auth_file, struct err *);
void	creds_free(struct creds *);

/*
 * The account for a repository of a registry (host as in references), all
 * NULL if there is none.  -1 if there is an entry that cannot be read.
 */
int	creds_find(struct creds *, const char *host, const char *repo,
	    struct account *, struct err *);
/* Wipes the memory. */
void	account_clear(struct account *);

/* The files that were looked at, for the message of a 401.  Borrowed. */
const char *creds_where(const struct creds *);

#endif
