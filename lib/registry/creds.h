#ifndef ACEDT_CREDS_H
#define ACEDT_CREDS_H

#include <stddef.h>

struct err;

/*
 * Credentials that docker login, podman login and their like left, in files
 * and in credential helpers.  doc/protocol.md, "Accounts".
 *
 * The places, first to last: the file that the configuration or
 * REGISTRY_AUTH_FILE names; the text in DOCKER_AUTH_CONFIG;
 * $DOCKER_CONFIG/config.json; podman's auth.json below XDG_RUNTIME_DIR (or
 * /run/containers/UID) and below XDG_CONFIG_HOME; ~/.docker/config.json where
 * DOCKER_CONFIG is not set; ~/.dockercfg.  In each: the helper that
 * credHelpers names for the registry, an entry of auths with content, the
 * helper of credsStore.
 */
struct creds;

/* One account; all NULL is anonymous. */
struct account {
	char	*user;			/* owned, as are the others */
	char	*password;
	char	*identity_token;	/* OAuth2 refresh token */
	char	*registry_token;	/* bearer token, used as it is */
	/*
	 * docker-credential-HELPER knows it and is to be asked for server; the
	 * members above are NULL then.
	 */
	char	*helper;
	char	*server;
	int	 store;			/* the helper of all: credsStore */
	char	*where;			/* which file or helper; NULL if none */
	size_t	 next;			/* private: where creds_next() looks */
};

/*
 * Read all of them.  auth_file may be NULL.  A missing file is not an error, a
 * broken one is.
 */
int	creds_load(struct creds **, const char *auth_file, struct err *);
void	creds_free(struct creds *);

/*
 * The account for a repository of a host; all NULL if there is none.  Of
 * several keys of a file the one with the longest path counts.  -1 if there is
 * an entry that cannot be read.
 */
int	creds_find(struct creds *, const char *host, const char *repo,
	    struct account *, struct err *);
/* The helper of the account has none: what the next place says. */
int	creds_next(struct creds *, const char *host, const char *repo,
	    struct account *, struct err *);
/* Wipes the memory. */
void	account_clear(struct account *);
int	account_is_anonymous(const struct account *);
/* Are both the same user with the same secret? */
int	account_same(const struct account *, const struct account *);

/*
 * The helpers that all places name, ending with NULL; borrowed.  An account
 * names no other.
 */
const char *const *creds_helpers(const struct creds *);

/* The places that were looked at, for the message of a 401.  Borrowed. */
const char *creds_where(const struct creds *);
/*
 * The nth place: its name, with *present set if it is there; NULL past the
 * last.  For the configuration in effect.
 */
const char *creds_place(const struct creds *, size_t n, int *present);

#endif
