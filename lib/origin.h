#ifndef ACEDT_ORIGIN_H
#define ACEDT_ORIGIN_H

struct err;

/*
 * Origins (scheme, host, port) and the URLs that registries send us: Location,
 * Link, realm.  doc/protocol.md, "Origins".
 */

/* Have both URLs the same scheme, host and port? */
int	origin_same(const char *, const char *);

/* Is its host this machine, by name or by address? */
int	origin_is_loopback(const char *url);

/*
 * Is address, to which a connection for url goes, on this machine or next to
 * it: loopback, link-local, unspecified?  One with another port than the URL's
 * is a proxy's, and says nothing.
 */
int	origin_address_is_local(const char *url, const char *address, int port);

/*
 * Its host, with the port where that is not the scheme's own; NULL if it is no
 * URL.  The caller frees it.
 */
char	*origin_host(const char *url, int *secure);

/* Its scheme and host, "https://HOST[:PORT]"; NULL if it is no URL. */
char	*origin_base(const char *url);

/*
 * The URL that location means, read from base.  NULL with *err filled if it is
 * none that may be followed: not http or https, from https to http, with a
 * user name, too long, or from elsewhere to this very machine.  The caller
 * frees it.
 */
char	*origin_resolve(const char *base, const char *location, struct err *);

/* The URL with name=value added to its query, value escaped. */
char	*origin_add_query(const char *url, const char *name,
	    const char *value);

/*
 * May the realm of a challenge from base be asked for a token?  0, or -1 with
 * *err filled.
 */
int	origin_realm_check(const char *base, const char *realm, struct err *);

#endif
