/*
 * Repositories, and the ways to them: endpoints, rewrites, accounts.
 */
#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/http/origin.h"
#include "lib/oci/ref.h"
#include "lib/registry/reg_private.h"
#include "lib/text/pattern.h"

/* Sets of endpoints are bits: those of the configuration, and the registry. */
_Static_assert(ENDPOINTS_MAX + 1 < sizeof(unsigned long) * CHAR_BIT,
    "an endpoint has no bit");

static void
repo_free(struct reg_repo *r)
{
	size_t	i;

	for (i = 0; i < r->n; i++) {
		account_clear(&r->routes[i].auth.account);
		free(r->routes[i].path);
		free(r->routes[i].repo);
	}
	free(r->routes);
	free(r->registry);
	free(r->repo);
	free(r->name);
	free(r);
}

void
reg_repos_free(struct reg *reg)
{
	struct reg_repo	*r;
	size_t		 i;

	for (i = 0; i < REPO_BUCKETS; i++)
		while ((r = reg->repos[i]) != NULL) {
			reg->repos[i] = r->next;
			repo_free(r);
		}
}

static struct reg_host *
host_of(struct reg *reg, const struct endpoint *ep)
{
	struct reg_host	*h;
	char		*base = xasprintf("%s://%s", ep->scheme, ep->host);

	SLIST_FOREACH(h, &reg->hosts, link)
		if (strcasecmp(h->base, base) == 0) {
			free(base);
			return h;
		}
	h = xcalloc(1, sizeof(*h));
	h->reg = reg;
	h->base = base;
	h->name = strstr(base, "://") + 3;
	TAILQ_INIT(&h->queue);
	h->referrers_api = ep->supports_referrers;
	h->shared = shared_host(reg->shared, base);
	h->auth.auth = &reg->auth;
	h->auth.base = base;
	h->auth.name = h->name;
	h->auth.shared = h->shared;
	auth_host_init(&h->auth);
	outage_init(&h->outage, h->shared, reg->patience, base);
	SLIST_INSERT_HEAD(&reg->hosts, h, link);
	return h;
}

/* What the first rewrite that fits makes of it, or the name itself. */
static int
rewritten(const struct registry_config *rc, const char *repo, char **out,
    struct err *err)
{
	size_t	i;
	int	found = 0;

	for (i = 0; i < rc->nrewrites && found == 0; i++)
		found = pattern_replace(rc->rewrites[i].pattern,
		    rc->rewrites[i].replacement, repo, REF_NAME_MAX, out, err);
	if (found == -1)
		return err_wrap(err, "rewritePull");
	if (found == 0)
		*out = xstrdup(repo);
	return 0;
}

/* repo is taken over. */
static int
add_route(struct reg_repo *r, const struct registry_config *rc,
    const struct endpoint *ep, char *repo, struct err *err)
{
	struct reg_host	*host = host_of(r->reg, ep);
	struct route	*w;
	char		*full;
	int		 found;
	size_t		 i;

	for (i = 0; i < r->n; i++)
		if (r->routes[i].host == host &&
		    strcmp(r->routes[i].path, ep->path) == 0 &&
		    strcmp(r->routes[i].repo, repo) == 0) {
			free(repo);
			return 0;
		}
	assert(r->n <= ENDPOINTS_MAX);
	r->routes = xreallocarray(r->routes, r->n + 1, sizeof(*r->routes));
	w = &r->routes[r->n++];
	memset(w, 0, sizeof(*w));
	w->host = host;
	host->auth.one_each |= rc->noncompliant;
	if (ep->requests_per_second > 0)
		shared_set_pace(host->shared, PACE_ALL,
		    (int64_t)(1000000 / ep->requests_per_second));
	w->path = xstrdup(ep->path);
	w->repo = repo;
	w->auth.host = &host->auth;
	w->auth.name = repo;
	if (!ref_repo_is_valid(repo))
		return err_set(err, ERR_USAGE, "rewritePull of %s makes "
		    "\"%s\" of %s, which is no name of a repository",
		    r->registry, repo, r->repo);
	/* Accounts belong to the host that is asked, not to whom it mirrors. */
	full = ep->path[0] == '\0' ? xstrdup(repo) :
	    xasprintf("%s/%s", ep->path + 1, repo);
	found = creds_find(r->reg->creds, ep->host, full, &w->auth.account,
	    err);
	free(full);
	return found;
}

/* Does one of the endpoints stand for the registry itself? */
static int
lists_itself(const struct registry_config *rc)
{
	size_t	i;

	for (i = 0; i < rc->nendpoints; i++)
		if (strcasecmp(rc->endpoints[i].host, rc->self.host) == 0 ||
		    strcasecmp(rc->endpoints[i].host, rc->host) == 0)
			return 1;
	return 0;
}

/*
 * Endpoints in order, with rewrites; then the registry itself and the name
 * as it was written.  Nothing is rewritten for a destination, and it is in one
 * place only.
 */
static int
add_routes(struct reg_repo *r, struct err *err)
{
	const struct registry_config	*rc;
	char				*name;
	size_t				 i;

	rc = registries_find(r->reg->registries, r->registry);
	if (r->is_dest)
		return add_route(r, rc, &rc->endpoints[0], xstrdup(r->repo),
		    err);
	for (i = 0; i < rc->nendpoints; i++) {
		if (rewritten(rc, r->repo, &name, err) == -1)
			return -1;
		if (add_route(r, rc, &rc->endpoints[i], name, err) == -1)
			return -1;
	}
	if (lists_itself(rc) && !rc->is_default)
		return 0;
	return add_route(r, rc, &rc->self, xstrdup(r->repo), err);
}

static struct reg_repo **
bucket_of(struct reg *reg, const char *registry, const char *repo)
{
	unsigned long	h = 5381;

	for (; *registry != '\0'; registry++)
		h = h * 33 + (unsigned char)*registry;
	for (; *repo != '\0'; repo++)
		h = h * 33 + (unsigned char)*repo;
	return &reg->repos[h % REPO_BUCKETS];
}

static struct reg_repo *
find_repo(struct reg *reg, const char *registry, const char *repo,
    int is_dest, struct err *err)
{
	struct reg_repo	**bucket = bucket_of(reg, registry, repo), *r;
	size_t		 i;

	for (r = *bucket; r != NULL; r = r->next)
		if (r->is_dest == is_dest && strcmp(r->repo, repo) == 0 &&
		    strcmp(r->registry, registry) == 0)
			return r;
	r = xcalloc(1, sizeof(*r));
	r->reg = reg;
	r->is_dest = is_dest;
	r->registry = xstrdup(registry);
	r->repo = xstrdup(repo);
	r->name = xasprintf("%s/%s", registry, repo);
	if (add_routes(r, err) == -1) {
		repo_free(r);
		return NULL;
	}
	/* They stay where they are from now on. */
	for (i = 0; i < r->n; i++)
		auth_repo_add(&r->routes[i].auth);
	r->next = *bucket;
	*bucket = r;
	return r;
}

struct reg_repo *
reg_repo(struct reg *reg, const char *registry, const char *repo,
    struct err *err)
{
	return find_repo(reg, registry, repo, 0, err);
}

struct reg_repo *
reg_dest(struct reg *reg, const char *registry, const char *repo,
    struct err *err)
{
	return find_repo(reg, registry, repo, 1, err);
}

const char *
reg_repo_name(const struct reg_repo *r)
{
	return r->name;
}

const char *
reg_mount_name(const struct reg_repo *from, const struct reg_repo *dest)
{
	const struct route	*to = &dest->routes[0];
	size_t			 i;

	for (i = 0; i < from->n; i++)
		if (from->routes[i].host == to->host &&
		    strcmp(from->routes[i].path, to->path) == 0)
			return from->routes[i].repo;
	return NULL;
}

int
reg_is_own(const struct reg_repo *dest, const char *url)
{
	return origin_same(dest->routes[0].host->base, url);
}

int
reg_referrers_api(const struct reg_repo *r)
{
	return r->routes[0].host->referrers_api;
}

const char *
reg_referrers_origin(const struct reg_repo *r)
{
	return r->routes[0].host->base;
}

void
reg_set_referrers_api(struct reg_repo *r, int has)
{
	r->routes[0].host->referrers_api = has;
}
