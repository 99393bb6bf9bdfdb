/*
 * Where a URL from a registry may lead: origins, and how near to this machine
 * an address is.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/http/origin.h"

struct origin {
	char	*scheme;	/* owned by libcurl, as are the others */
	char	*host;
	char	*port;
};

static void
origin_clear(struct origin *o)
{
	curl_free(o->scheme);
	curl_free(o->host);
	curl_free(o->port);
}

/*
 * IDNA can make an address or "localhost" of a name that is neither, and
 * libcurl applies it only when it connects: such a name is refused here.
 */
static int
is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return 0;
	return 1;
}

/* Scheme, host and port, to be cleared; -1 if it is not a URL with them. */
static int
origin_of(const char *url, struct origin *o)
{
	CURLU	*u = curl_url();
	int	 good;

	memset(o, 0, sizeof(*o));
	good = u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == 0 &&
	    curl_url_get(u, CURLUPART_SCHEME, &o->scheme, 0) == 0 &&
	    curl_url_get(u, CURLUPART_HOST, &o->host, 0) == 0 &&
	    is_ascii(o->host) &&
	    curl_url_get(u, CURLUPART_PORT, &o->port,
	    CURLU_DEFAULT_PORT) == 0;
	curl_url_cleanup(u);
	if (!good)
		origin_clear(o);
	return good ? 0 : -1;
}

int
origin_same(const char *a, const char *b)
{
	struct origin	x, y;
	int		same;

	if (origin_of(a, &x) == -1)
		return 0;
	if (origin_of(b, &y) == -1) {
		origin_clear(&x);
		return 0;
	}
	same = strcasecmp(x.scheme, y.scheme) == 0 &&
	    strcasecmp(x.host, y.host) == 0 && strcmp(x.port, y.port) == 0;
	origin_clear(&x);
	origin_clear(&y);
	return same;
}

/* Is it an address at which a cloud tells its machines their secrets? */
static int
is_metadata(const char *text)
{
	static const char *const known[] = { "169.254.169.254",
	    "169.254.170.2", "169.254.170.23", "100.100.100.200",
	    "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd00:ec2::23",
	    "fd20:ce::254", "fd00:42::42" };
	size_t	i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(text, known[i]) == 0)
			return 1;
	return 0;
}

/* Of the 4 bytes of an address. */
static enum origin_scope
scope_v4(const unsigned char *a)
{
	char	text[INET_ADDRSTRLEN];

	if (inet_ntop(AF_INET, a, text, sizeof(text)) != NULL &&
	    is_metadata(text))
		return ORIGIN_METADATA;
	if (a[0] == 0 || a[0] == 127)
		return ORIGIN_LOOPBACK;
	if (a[0] == 169 && a[1] == 254)
		return ORIGIN_LINK;
	if (a[0] == 10 || (a[0] == 172 && (a[1] & 0xf0) == 16) ||
	    (a[0] == 192 && a[1] == 168) ||
	    (a[0] == 100 && (a[1] & 0xc0) == 64) ||
	    (a[0] == 198 && (a[1] & 0xfe) == 18))
		return ORIGIN_PRIVATE;
	return ORIGIN_PUBLIC;
}

/* Of the 16 bytes of an address. */
static enum origin_scope
scope_v6(const unsigned char *a)
{
	static const unsigned char	nat64[12] = { 0, 0x64, 0xff, 0x9b };
	static const unsigned char	own_nat64[6] = { 0, 0x64, 0xff, 0x9b,
					    0, 1 };
	static const unsigned char	zero[15];
	char				text[INET6_ADDRSTRLEN];

	if (inet_ntop(AF_INET6, a, text, sizeof(text)) != NULL &&
	    is_metadata(text))
		return ORIGIN_METADATA;
	if (memcmp(a, zero, 15) == 0 && a[15] <= 1)
		return ORIGIN_LOOPBACK;
	if (a[0] == 0xfe && (a[1] & 0xc0) == 0x80)
		return ORIGIN_LINK;
	/* Those of which a gateway makes an IPv4 address: NAT64, 6to4. */
	if (memcmp(a, nat64, sizeof(nat64)) == 0)
		return scope_v4(a + 12);
	if (a[0] == 0x20 && a[1] == 0x02)
		return scope_v4(a + 2);
	if (memcmp(a, own_nat64, sizeof(own_nat64)) == 0 ||
	    (a[0] & 0xfe) == 0xfc || (a[0] == 0xfe && a[1] >= 0xc0))
		return ORIGIN_PRIVATE;
	return ORIGIN_PUBLIC;
}

/*
 * The address that a host is, as written in a URL that libcurl has normalised:
 * AF_INET with 4 bytes, of mapped ones too, AF_INET6 with 16, 0 for a name.
 */
static int
parse_address(const char *host, unsigned char a[16])
{
	char	text[64];
	size_t	n = strlen(host);

	if (n > 1 && host[n - 1] == '.')
		n--;
	if (n < 2 || n >= sizeof(text))
		return 0;
	if (host[0] == '[') {
		host++;
		n -= 2;
	}
	memcpy(text, host, n);
	text[n] = '\0';
	if (inet_pton(AF_INET, text, a) == 1)
		return AF_INET;
	if (inet_pton(AF_INET6, text, a) != 1)
		return 0;
	if (memcmp(a, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) != 0)
		return AF_INET6;
	memmove(a, a + 12, 4);
	return AF_INET;
}

/* localhost, or a name below it, which libcurl takes for the same. */
static int
is_localhost(const char *host)
{
	static const char	name[] = "localhost";
	size_t			n = strlen(host);

	if (n > 0 && host[n - 1] == '.')
		n--;
	if (n < sizeof(name) - 1)
		return 0;
	n -= sizeof(name) - 1;
	return strncasecmp(host + n, name, sizeof(name) - 1) == 0 &&
	    (n == 0 || host[n - 1] == '.');
}

/* Where a host is as far as its text says; a name can be anywhere. */
static enum origin_scope
scope_of_host(const char *host)
{
	unsigned char	a[16];

	if (is_localhost(host))
		return ORIGIN_LOOPBACK;
	switch (parse_address(host, a)) {
	case AF_INET:
		return scope_v4(a);
	case AF_INET6:
		return scope_v6(a);
	}
	return ORIGIN_PUBLIC;
}

const char *
origin_scope_text(enum origin_scope scope)
{
	switch (scope) {
	case ORIGIN_PUBLIC:
		return "in a public network";
	case ORIGIN_PRIVATE:
		return "in a private network";
	case ORIGIN_LINK:
		return "in a link-local network";
	case ORIGIN_LOOPBACK:
		return "this machine";
	case ORIGIN_METADATA:
		return "a metadata service of a cloud";
	}
	assert(0);
	return "?";
}

int
origin_is_loopback(const char *url)
{
	struct origin	o;
	unsigned char	a[16];
	int		is;

	if (origin_of(url, &o) == -1)
		return 0;
	is = is_localhost(o.host);
	switch (parse_address(o.host, a)) {
	case AF_INET:
		is = a[0] == 127;
		break;
	case AF_INET6:
		is = memcmp(a, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1",
		    16) == 0;
		break;
	}
	origin_clear(&o);
	return is;
}

enum origin_scope
origin_scope(const char *url, const char *address, int port)
{
	struct origin		o;
	enum origin_scope	scope = ORIGIN_PUBLIC;

	if (origin_of(url, &o) == -1)
		return ORIGIN_PUBLIC;
	if (strtol(o.port, NULL, 10) == port)
		scope = scope_of_host(address);
	origin_clear(&o);
	return scope;
}

char *
origin_host(const char *url, int *secure)
{
	struct origin	 o;
	char		*host;
	int		 usual;

	if (origin_of(url, &o) == -1)
		return NULL;
	*secure = strcasecmp(o.scheme, "https") == 0;
	usual = strcmp(o.port, *secure ? "443" : "80") == 0;
	host = usual ? xstrdup(o.host) : xasprintf("%s:%s", o.host, o.port);
	origin_clear(&o);
	return host;
}

char *
origin_base(const char *url)
{
	int	 secure;
	char	*host = origin_host(url, &secure), *base;

	if (host == NULL)
		return NULL;
	base = xasprintf("%s://%s", secure ? "https" : "http", host);
	free(host);
	return base;
}

/*
 * The rules for following url from base, both absolute; near is where base's
 * answer came from.
 */
static int
check_step(const char *base, enum origin_scope near, const char *url,
    struct err *err)
{
	struct origin		 from, to;
	enum origin_scope	 scope;
	int			 rc = 0;

	if (origin_of(base, &from) == -1)
		return err_set(err, ERR_INTERNAL, "bad URL");
	if (origin_of(url, &to) == -1) {
		origin_clear(&from);
		return err_set(err, ERR_REGISTRY,
		    "it points to something that is not a URL");
	}
	if (near < scope_of_host(from.host))
		near = scope_of_host(from.host);
	scope = scope_of_host(to.host);
	if (strcasecmp(to.scheme, "http") != 0 &&
	    strcasecmp(to.scheme, "https") != 0)
		rc = err_set(err, ERR_REGISTRY, "it points to a %s: URL, "
		    "which is not followed", to.scheme);
	else if (strcasecmp(from.scheme, "https") == 0 &&
	    strcasecmp(to.scheme, "https") != 0)
		rc = err_set(err, ERR_REGISTRY, "it points from https to "
		    "http (%s), which is not followed", to.host);
	else if (scope > near)
		rc = err_set(err, ERR_REGISTRY, "%s points to %s, which is %s "
		    "and not followed", from.host, to.host,
		    origin_scope_text(scope));
	origin_clear(&from);
	origin_clear(&to);
	return rc;
}

/* Does a URL carry a user name or a password? */
static int
has_user(CURLU *u)
{
	char	*s = NULL;
	int	 has;

	has = curl_url_get(u, CURLUPART_USER, &s, 0) == 0 ||
	    curl_url_get(u, CURLUPART_PASSWORD, &s, 0) == 0;
	curl_free(s);
	return has;
}

/* A zone is an interface of this machine, which a registry cannot know. */
static int
has_zone(CURLU *u)
{
	char	*s = NULL;
	int	 has = curl_url_get(u, CURLUPART_ZONEID, &s, 0) == 0;

	curl_free(s);
	return has;
}

char *
origin_resolve(const char *base, enum origin_scope near, const char *location,
    struct err *err)
{
	const unsigned char	*p;
	CURLU			*u;
	char			*s = NULL, *url = NULL;

	if (*location == '\0' || strlen(location) > HTTP_URL_MAX) {
		err_set(err, ERR_REGISTRY, "the Location is empty or too long");
		return NULL;
	}
	for (p = (const unsigned char *)location; *p != '\0'; p++)
		if (*p <= 0x20 || *p == 0x7f) {
			err_set(err, ERR_REGISTRY,
			    "the Location has blanks or control characters");
			return NULL;
		}
	u = curl_url();
	if (u == NULL || curl_url_set(u, CURLUPART_URL, base, 0) != 0 ||
	    curl_url_set(u, CURLUPART_URL, location, 0) != 0 ||
	    curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0) != 0 ||
	    curl_url_get(u, CURLUPART_URL, &s, 0) != 0)
		err_set(err, ERR_REGISTRY, "it points to something that is "
		    "not an http or https URL");
	else if (has_user(u))
		err_set(err, ERR_REGISTRY,
		    "it points to a URL with a user name");
	else if (check_step(base, near, s, err) == -1)
		;
	else if (has_zone(u))
		err_set(err, ERR_REGISTRY,
		    "it points to an address with a zone");
	else
		url = xstrdup(s);
	curl_free(s);
	curl_url_cleanup(u);
	return url;
}

char *
origin_add_query(const char *url, const char *name, const char *value)
{
	char	*escaped = curl_easy_escape(NULL, value, 0), *out;

	out = xasprintf("%s%c%s=%s", url, strchr(url, '?') != NULL ? '&' : '?',
	    name, escaped != NULL ? escaped : "");
	curl_free(escaped);
	return out;
}

/*
 * A token service at an address that is not public belongs to a registry that
 * is in such a network itself, and on this machine it has the registry's
 * address.
 */
static int
is_strange_realm(const struct origin *from, enum origin_scope near,
    const struct origin *to)
{
	enum origin_scope	scope = scope_of_host(to->host);

	if (near < scope_of_host(from->host))
		near = scope_of_host(from->host);
	return strcasecmp(from->host, to->host) != 0 &&
	    scope != ORIGIN_PUBLIC && (near != scope ||
	    scope == ORIGIN_LOOPBACK);
}

int
origin_realm_check(const char *base, enum origin_scope near, const char *realm,
    struct err *err)
{
	struct origin	from, to;
	int		rc;

	if (check_step(base, near, realm, err) == -1)
		return err_wrap(err, "the registry's token service");
	if (origin_of(base, &from) == -1)
		return err_set(err, ERR_INTERNAL, "bad URL");
	if (origin_of(realm, &to) == -1) {
		origin_clear(&from);
		return err_set(err, ERR_INTERNAL, "bad URL");
	}
	rc = is_strange_realm(&from, near, &to) ? err_set(err, ERR_REGISTRY,
	    "the registry's token service %s is %s: credentials are not sent "
	    "there", to.host, origin_scope_text(scope_of_host(to.host))) : 0;
	origin_clear(&from);
	origin_clear(&to);
	return rc;
}
