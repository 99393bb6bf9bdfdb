/* The table of registries and their endpoints, and the text of an endpoint. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/xalloc.h"
#include "lib/oci/ref.h"
#include "lib/registry/endpoint.h"

int
endpoint_same(const struct endpoint *a, const struct endpoint *b)
{
	return strcmp(a->scheme, b->scheme) == 0 &&
	    strcasecmp(a->host, b->host) == 0 && strcmp(a->path, b->path) == 0;
}

void
endpoint_clear(struct endpoint *ep)
{
	free(ep->scheme);
	free(ep->host);
	free(ep->path);
}

/* host[:port] of the len bytes at s: no more than what a URL may hold. */
static int
is_host(const char *s, size_t len)
{
	const char	*colon;

	if (len == 0 || *s == ':' || strspn(s, "0123456789.-_:[]"
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") < len)
		return 0;
	colon = memrchr(s, ':', len);
	if (colon == NULL || memchr(colon, ']', len - (size_t)(colon - s)) !=
	    NULL)
		return 1;
	colon++;
	return colon < s + len &&
	    strspn(colon, "0123456789") >= (size_t)(s + len - colon) &&
	    s + len - colon <= 5;
}

int
endpoint_is_host(const char *s)
{
	return is_host(s, strlen(s));
}

/* How long a path of n bytes is without the slashes at its end. */
static size_t
without_slashes(const char *path, size_t n)
{
	while (n > 0 && path[n - 1] == '/')
		n--;
	return n;
}

/* Are there characters that no URL of a registry has? */
static int
has_strange_chars(const char *s)
{
	for (; *s != '\0'; s++)
		if (!isgraph((unsigned char)*s) || strchr("?#\\\"<>", *s) !=
		    NULL)
			return 1;
	return 0;
}

const char *
endpoint_parse(struct endpoint *ep, const char *s)
{
	const char	*rest = s, *sep = strstr(s, "://");
	const char	*scheme = "https";
	size_t		 n, len;

	memset(ep, 0, sizeof(*ep));
	ep->supports_referrers = -1;
	if (sep != NULL) {
		rest = sep + 3;
		if (strncasecmp(s, "http://", 7) == 0)
			scheme = "http";
		else if (strncasecmp(s, "https://", 8) != 0)
			return "only http:// and https:// are known";
	}
	n = strcspn(rest, "/");
	if (n == 0)
		return "there is no host in it";
	if (strchr(rest, '@') != NULL)
		return "credentials do not belong here";
	if (has_strange_chars(rest))
		return "there are characters in it that no URL of a registry "
		    "has";
	if (!is_host(rest, n))
		return "host and port are not valid";
	ep->scheme = xstrdup(scheme);
	ep->host = xmemdup0(rest, n);
	rest += n;
	len = without_slashes(rest, strlen(rest));
	/* The API's own root may be written or not. */
	if (len >= 3 && strncmp(rest + len - 3, "/v2", 3) == 0)
		len = without_slashes(rest, len - 3);
	ep->path = xmemdup0(rest, len);
	return NULL;
}

/* A registry as its own endpoint, the only one if none is listed. */
static void
default_endpoint(struct endpoint *ep, const char *registry)
{
	memset(ep, 0, sizeof(*ep));
	ep->scheme = xstrdup("https");
	ep->host = xstrdup(ref_api_host(registry));
	ep->path = xstrdup("");
	ep->supports_referrers = -1;
}

struct registry_config *
registries_add(struct registries *c, const char *host)
{
	struct registry_config	*rc = xcalloc(1, sizeof(*rc));

	c->v = xreallocarray(c->v, c->n + 1,
	    sizeof(struct registry_config *));
	c->v[c->n++] = rc;
	rc->host = xstrdup(host);
	default_endpoint(&rc->self, host);
	return rc;
}

void
registry_be_its_own(struct registry_config *rc)
{
	rc->endpoints = xcalloc(1, sizeof(*rc->endpoints));
	default_endpoint(&rc->endpoints[rc->nendpoints++], rc->host);
	rc->is_default = 1;
}

const struct registry_config *
registries_find(struct registries *c, const char *host)
{
	struct registry_config	*rc;
	size_t			 i;

	for (i = 0; i < c->n; i++)
		if (strcasecmp(c->v[i]->host, host) == 0)
			return c->v[i];
	rc = registries_add(c, host);
	registry_be_its_own(rc);
	return rc;
}

static void
registry_free(struct registry_config *rc)
{
	size_t	i;

	for (i = 0; i < rc->nendpoints; i++)
		endpoint_clear(&rc->endpoints[i]);
	for (i = 0; i < rc->nrewrites; i++) {
		free(rc->rewrites[i].pattern);
		free(rc->rewrites[i].replacement);
	}
	endpoint_clear(&rc->self);
	free(rc->endpoints);
	free(rc->rewrites);
	free(rc->host);
	free(rc);
}

void
registries_clear(struct registries *r)
{
	size_t	i;

	for (i = 0; i < r->n; i++)
		registry_free(r->v[i]);
	free(r->v);
	r->v = NULL;
	r->n = 0;
}
