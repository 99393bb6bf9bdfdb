/*
 * Configuration files.  Every registry has an endpoint, and no part of one
 * can be more than host or path in the URL that is made of it.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/log.h"
#include "lib/program/config.h"
#include "test/fuzz/fuzz.h"

static const char *const variables[] = {
	"ACE_DT_CONCURRENT_HTTP", "ACE_DT_CHUNK_SIZE", "ACE_DT_CACHE_PATH",
	"ACE_DT_REGISTRY_AUTH_FILE", "REGISTRY_AUTH_FILE"
};

static void
check_endpoint(const struct endpoint *ep)
{
	const char	*s;
	size_t		 n = strlen(ep->path);

	must(strcmp(ep->scheme, "http") == 0 ||
	    strcmp(ep->scheme, "https") == 0);
	must(*ep->host != '\0' && *ep->host != ':');
	for (s = ep->host; *s != '\0'; s++)
		must(*s > 0x20 && *s < 0x7f && strchr("/@?#%\\", *s) == NULL);
	must(n == 0 || (*ep->path == '/' && ep->path[n - 1] != '/'));
	for (s = ep->path; *s != '\0'; s++)
		must(*s > 0x20 && *s < 0x7f && strchr("@?#\\", *s) == NULL);
	must(ep->insecure == 0 || ep->insecure == 1);
	must(ep->supports_referrers >= -1 && ep->supports_referrers <= 1);
}

static void
check_registry(const struct registry_config *rc)
{
	size_t	i;

	must(rc->nendpoints > 0 && *rc->host != '\0');
	for (i = 0; i < rc->nendpoints; i++)
		check_endpoint(&rc->endpoints[i]);
	for (i = 0; i < rc->nrewrites; i++)
		must(rc->rewrites[i].pattern != NULL &&
		    rc->rewrites[i].replacement != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char	*path;
	struct config	 c;
	struct err	 err = ERR_INIT;
	size_t		 i, n;

	/* Unknown keys would fill the screen; the caller's values say nothing. */
	log_set_level(LOG_LEVEL_ERROR - 1);
	for (i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
	path = fuzz_file(data, size);
	if (config_load(&c, &path, 1, &err) == -1) {
		must(*err.msg != '\0' && c.registries.v == NULL);
		return 0;
	}
	must(strcmp(c.file, path) == 0);
	must(c.concurrent_http >= 0 && c.concurrent_http <= 1000);
	must(c.chunk_size >= 0);
	n = c.registries.n;
	for (i = 0; i < n; i++)
		check_registry(c.registries.v[i]);
	for (i = 0; i < 2; i++)
		check_registry(registries_find(&c.registries, i ? "docker.io" : "r.io"));
	must(c.registries.n <= n + 2);
	config_clear(&c);
	return 0;
}
