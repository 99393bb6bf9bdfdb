/* The table of registries and their endpoints. */
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

/* The registry itself is an endpoint, and the only one if none is listed. */
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
