#ifndef ACEDT_ORIGIN_H
#define ACEDT_ORIGIN_H

struct err;

/*
 * Origins (scheme, host, port) and the URLs that registries send us: Location,
 * Link, realm.  doc/protocol.md, "Origins".
 */

/* Have both URLs the same scheme, host and port? */
int	origin_same(const char *, const char *);

/* Is the host of a URL this machine, by name or by address? */
int	origin_is_loopback(const char *url);

/*
 * Where an address is, the farthest first.  A registry may point to what is as
 * far away as itself, or farther: to a smaller value or the same.
 */
enum origin_scope {
	ORIGIN_PUBLIC,		/* or not known */
	ORIGIN_PRIVATE,		/* RFC 1918, 100.64/10, fc00::/7, … */
	ORIGIN_LINK,		/* link-local */
	ORIGIN_LOOPBACK,	/* this machine: loopback, unspecified */
	ORIGIN_METADATA		/* where clouds hand out credentials */
};

/*
 * The scope of the address to which a connection for url goes.  An address with
 * another port than the URL's is that of a proxy, and says nothing.
 */
enum origin_scope origin_scope(const char *url, const char *address, int port);
/* "in a private network". */
const char *origin_scope_text(enum origin_scope);

/*
 * The host of a URL, with the port where that is not the scheme's own; NULL if
 * it is not a URL.  The caller frees it.  *secure: the scheme is https.
 */
char	*origin_host(const char *url, int *secure);

/* Scheme and host, "https://HOST[:PORT]", to be freed; NULL if not a URL. */
char	*origin_base(const char *url);

/*
 * The URL that location means, read from base.  NULL with *err filled if it
 * must not be followed: not http or https, from https to http, with a user
 * name, too long, or nearer than near, which is where base answered from.  The
 * caller frees it.
 */
char	*origin_resolve(const char *base, enum origin_scope near,
	    const char *location, struct err *);

/* The URL with name=value added to its query, value escaped. */
char	*origin_add_query(const char *url, const char *name,
	    const char *value);

/*
 * May the realm of a challenge from base, which answered from near, be asked
 * for a token?  0, or -1 with *err filled.
 */
int	origin_realm_check(const char *base, enum origin_scope near,
	    const char *realm, struct err *);

#endif
