/*
 * What the configuration file means: a table for each mapping of it, what it
 * says of endpoints joined to the registries that have them, and the variables.
 */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/env.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/oci/ref.h"
#include "lib/program/config.h"
#include "lib/program/config_private.h"
#include "lib/text/pattern.h"
#include "lib/text/yaml_doc.h"

#define CONCURRENT_MAX	1000

/* What is being read; the owner of the struct yaml_doc. */
struct file_config {
	struct config	*c;		/* borrowed */
	/* endpointConfig: what is said of a URL, wherever that is used. */
	struct endpoint	*said;		/* owned */
	size_t		 nsaid;
};

/* As struct yaml_doc warns of unknown keys. */
static void
warn_text(const char *text)
{
	config_warn("%s", text);
}

/* The configuration that a document is read into. */
static struct config *
config_of(const struct yaml_doc *d)
{
	const struct file_config	*f = d->owner;

	assert(f != NULL);
	return f->c;
}

/* A whole number from 0 to max; 0 if it is one. */
static int
parse_number(const char *s, long long max, long long *out)
{
	char	*end;

	if (!isdigit((unsigned char)*s))
		return -1;
	errno = 0;
	*out = strtoll(s, &end, 10);
	return *end != '\0' || errno != 0 || *out > max ? -1 : 0;
}

int
config_parse_size(const char *s, int64_t max, int64_t *out)
{
	static const struct {
		const char	*suffix;
		long long	 factor;
	} units[] = {
		{ "", 1 }, { "k", 1000 }, { "K", 1000 }, { "M", 1000000 },
		{ "G", 1000000000 }, { "Ki", 1024 }, { "Mi", 1024 * 1024 },
		{ "Gi", 1024 * 1024 * 1024 }
	};
	long long	 n;
	char		*end;
	size_t		 i;

	if (!isdigit((unsigned char)*s))
		return -1;
	errno = 0;
	n = strtoll(s, &end, 10);
	if (errno != 0)
		return -1;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(units[i].suffix, end) == 0) {
			if (n > max / units[i].factor)
				return -1;
			*out = n * units[i].factor;
			return 0;
		}
	return -1;
}

/* Keys at the top of the file. */
static int
read_concurrent(struct yaml_doc *d, yaml_node_t *n, void *arg)
{
	const char	*s = yaml_doc_text(d, n, "a number from 0 to 1000");
	long long	 v;

	(void)arg;
	if (s == NULL)
		return -1;
	if (parse_number(s, CONCURRENT_MAX, &v) == -1)
		return yaml_doc_expected(d, n, "a number from 0 to 1000");
	config_of(d)->concurrent_http = (int)v;
	config_of(d)->concurrent_from.line = yaml_doc_line(n);
	return 0;
}

static int
read_chunk_size(struct yaml_doc *d, yaml_node_t *n, void *arg)
{
	const char	*what = "a size such as 5242880 or 5Mi";
	const char	*s = yaml_doc_text(d, n, what);

	(void)arg;
	if (s == NULL)
		return -1;
	if (config_parse_size(s, INT64_MAX, &config_of(d)->chunk_size) == -1)
		return yaml_doc_expected(d, n, what);
	config_of(d)->chunk_from.line = yaml_doc_line(n);
	return 0;
}

static int
read_cache_path(struct yaml_doc *d, yaml_node_t *n, void *arg)
{
	(void)arg;
	config_of(d)->cache_from.line = yaml_doc_line(n);
	return yaml_doc_set_text(d, n, &config_of(d)->cache_path);
}

static int
read_auth_file(struct yaml_doc *d, yaml_node_t *n, void *arg)
{
	(void)arg;
	config_of(d)->auth_from.line = yaml_doc_line(n);
	return yaml_doc_set_text(d, n, &config_of(d)->auth_file);
}

/* An endpoint's URL, the text of a value. */
static int
read_endpoint(struct yaml_doc *d, const yaml_node_t *n, const char *s,
    struct endpoint *ep)
{
	const char	*why = endpoint_parse(ep, s), *at;

	if (why == NULL)
		return 0;
	/* A password must not get into a log. */
	at = strrchr(s, '@');
	return err_set(d->err, ERR_USAGE, "%s:%lu: endpoint \"%s%.200s\": %s",
	    d->file, yaml_doc_line(n), at != NULL ? "…" : "",
	    at != NULL ? at : s, why);
}

/* One of the endpoints of a registry. */
static int
read_endpoint_item(struct yaml_doc *d, yaml_node_t *n, void *arg)
{
	struct registry_config	*rc = arg;
	const char		*s = yaml_doc_text(d, n, "a URL");

	if (s == NULL)
		return -1;
	if (rc->nendpoints == ENDPOINTS_MAX)
		return err_set(d->err, ERR_LIMIT, "%s:%lu: more than %d "
		    "endpoints", d->file, yaml_doc_line(n), ENDPOINTS_MAX);
	rc->endpoints = xreallocarray(rc->endpoints, rc->nendpoints + 1,
	    sizeof(*rc->endpoints));
	if (read_endpoint(d, n, s, &rc->endpoints[rc->nendpoints]) == -1)
		return -1;
	rc->endpoints[rc->nendpoints++].from.line = yaml_doc_line(n);
	return 0;
}

/* "endpoints" of a registry. */
static int
read_endpoints(struct yaml_doc *d, yaml_node_t *n, void *arg)
{
	return yaml_doc_items(d, n, "a list of URLs", read_endpoint_item, arg);
}

/* A pattern and its replacement. */
static int
read_rewrite(struct yaml_doc *d, const char *name, yaml_node_t *key,
    yaml_node_t *value, void *arg)
{
	struct registry_config	*rc = arg;
	struct err		 err = ERR_INIT;
	const char		*s = yaml_doc_text(d, value, "a text");

	if (s == NULL)
		return -1;
	if (pattern_check(name, &err) == -1)
		return err_set(d->err, ERR_USAGE, "%s:%lu: %s", d->file,
		    yaml_doc_line(key), err.msg);
	rc->rewrites = xreallocarray(rc->rewrites, rc->nrewrites + 1,
	    sizeof(*rc->rewrites));
	memset(&rc->rewrites[rc->nrewrites], 0, sizeof(*rc->rewrites));
	rc->rewrites[rc->nrewrites].from.line = yaml_doc_line(key);
	rc->rewrites[rc->nrewrites].pattern = xstrdup(name);
	rc->rewrites[rc->nrewrites++].replacement = xstrdup(s);
	return 0;
}

/* "rewritePull" of a registry, in the order of the file. */
static int
read_rewrites(struct yaml_doc *d, yaml_node_t *n, void *arg)
{
	return yaml_doc_pairs(d, n, "a mapping of patterns to replacements",
	    read_rewrite, arg);
}

/* "noncompliant" of a registry. */
static int
read_noncompliant(struct yaml_doc *d, yaml_node_t *n, void *arg)
{
	struct registry_config	*rc = arg;

	rc->noncompliant_from.line = yaml_doc_line(n);
	return yaml_doc_bool(d, n, &rc->noncompliant);
}

static const struct yaml_key registry_keys[] = {
	{ "endpoints", read_endpoints },
	{ "rewritePull", read_rewrites },
	{ "noncompliant", read_noncompliant },
	{ NULL, NULL }
};

/* What is said of one registry. */
static int
read_registry(struct yaml_doc *d, const char *name, yaml_node_t *key,
    yaml_node_t *value, void *arg)
{
	struct registry_config	*rc;

	(void)arg;
	if (!endpoint_is_host(name))
		return yaml_doc_expected(d, key, "a registry's name, host or "
		    "host:port,");
	rc = registries_add(&config_of(d)->registries, name);
	rc->from.line = yaml_doc_line(key);
	return yaml_doc_keys(d, value, registry_keys, rc);
}

static int
read_registries(struct yaml_doc *d, yaml_node_t *n, void *arg)
{
	return yaml_doc_pairs(d, n, "a mapping of registries", read_registry,
	    arg);
}

/* "supportsReferrers" of a URL: how referrers are found there. */
static int
read_referrers(struct yaml_doc *d, yaml_node_t *n, void *arg)
{
	struct endpoint		*ep = arg;
	const char		*s = yaml_doc_text(d, n, "api, tag or auto");
	static const struct {
		const char	*word;
		int		 value;
	} words[] = {
		{ "api", 1 }, { "true", 1 }, { "tag", 0 }, { "false", 0 },
		{ "auto", -1 }, { "", -1 }
	};
	size_t			 i;

	if (s == NULL)
		return -1;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(words[i].word, s) == 0) {
			ep->supports_referrers = words[i].value;
			ep->referrers_from.line = yaml_doc_line(n);
			return 0;
		}
	return yaml_doc_expected(d, n, "api, tag or auto");
}

/* "tls.insecureSkipVerify" of a URL. */
static int
read_insecure(struct yaml_doc *d, yaml_node_t *n, void *arg)
{
	struct endpoint		*ep = arg;

	ep->insecure_from.line = yaml_doc_line(n);
	return yaml_doc_bool(d, n, &ep->insecure);
}

static const struct yaml_key tls_keys[] = {
	{ "insecureSkipVerify", read_insecure },
	{ NULL, NULL }
};

static int
read_tls(struct yaml_doc *d, yaml_node_t *n, void *arg)
{
	return yaml_doc_keys(d, n, tls_keys, arg);
}

/* "requestsPerSecond" of a URL. */
static int
read_pace(struct yaml_doc *d, yaml_node_t *n, void *arg)
{
	struct endpoint		*ep = arg;
	const char		*what = "0 or a number from 0.1 to 10000";
	const char		*s = yaml_doc_text(d, n, what);
	char			*end;
	double			 v;

	if (s == NULL)
		return -1;
	v = isdigit((unsigned char)*s) ? strtod(s, &end) : -1;
	if (v < 0 || *end != '\0' || (v > 0 && v < 1000.0 / PACE_MAX_MS) ||
	    v > REQUESTS_PER_SECOND_MAX)
		return yaml_doc_expected(d, n, what);
	ep->requests_per_second = v;
	ep->pace_from.line = yaml_doc_line(n);
	return 0;
}

static const struct yaml_key endpoint_keys[] = {
	{ "requestsPerSecond", read_pace },
	{ "supportsReferrers", read_referrers },
	{ "tls", read_tls },
	{ NULL, NULL }
};

/* What is said of one URL. */
static int
read_endpoint_config(struct yaml_doc *d, const char *name, yaml_node_t *key,
    yaml_node_t *value, void *arg)
{
	struct file_config	*f = d->owner;
	struct endpoint		*ep;

	(void)arg;
	f->said = xreallocarray(f->said, f->nsaid + 1, sizeof(*f->said));
	ep = &f->said[f->nsaid];
	if (read_endpoint(d, key, name, ep) == -1)
		return -1;
	f->nsaid++;
	return yaml_doc_keys(d, value, endpoint_keys, ep);
}

static int
read_endpoint_configs(struct yaml_doc *d, yaml_node_t *n, void *arg)
{
	return yaml_doc_pairs(d, n, "a mapping of endpoint URLs",
	    read_endpoint_config, arg);
}

static const struct yaml_key registry_config_keys[] = {
	{ "registries", read_registries },
	{ "endpointConfig", read_endpoint_configs },
	{ NULL, NULL }
};

static int
read_registry_config(struct yaml_doc *d, yaml_node_t *n, void *arg)
{
	return yaml_doc_keys(d, n, registry_config_keys, arg);
}

/* Keys of the Go program that mean nothing here are passed over quietly. */
static const struct yaml_key top_keys[] = {
	{ "apiVersion", NULL },
	{ "kind", NULL },
	{ "metadata", NULL },
	{ "registryConfig", read_registry_config },
	{ "concurrentHTTP", read_concurrent },
	{ "chunkSize", read_chunk_size },
	{ "cachePath", read_cache_path },
	{ "registryAuthFile", read_auth_file },
	{ "cachePruneMax", NULL },
	{ "compressionLevel", NULL },
	{ "editor", NULL },
	{ "hideHints", NULL },
	{ "keys", NULL },
	{ "telemetry", NULL },
	{ NULL, NULL }
};

/* What endpointConfig says of an endpoint, by its URL as it is written. */
static void
apply_said(const struct file_config *f, struct endpoint *ep)
{
	const struct endpoint	*said;
	size_t			 i;

	for (i = 0; i < f->nsaid; i++) {
		said = &f->said[i];
		if (!endpoint_same(said, ep))
			continue;
		ep->insecure = said->insecure;
		ep->insecure_from = said->insecure_from;
		ep->requests_per_second = said->requests_per_second;
		ep->pace_from = said->pace_from;
		ep->supports_referrers = said->supports_referrers;
		ep->referrers_from = said->referrers_from;
	}
}

/* Is there a registry of the host, or one with the endpoint? */
static int
is_named(const struct config *c, const char *host, const struct endpoint *ep)
{
	const struct registry_config	*rc;
	size_t				 i, k;

	for (i = 0; i < c->registries.n; i++) {
		rc = c->registries.v[i];
		if (strcasecmp(rc->host, host) == 0)
			return 1;
		for (k = 0; k < rc->nendpoints; k++)
			if (endpoint_same(&rc->endpoints[k], ep))
				return 1;
	}
	return 0;
}

/* The registry that a URL answers for if no registry names the URL. */
static const char *
registry_of(const struct endpoint *ep)
{
	return strcasecmp(ep->host, REF_HUB_API) == 0 ? REF_HUB : ep->host;
}

/* A URL that no registry names is the registry of that host. */
static void
add_unnamed(const struct file_config *f, const struct endpoint *ep)
{
	const char	*host = registry_of(ep);

	if (*ep->path == '\0' && strcmp(ep->scheme, "https") == 0 &&
	    !is_named(f->c, host, ep))
		registries_add(&f->c->registries, host);
}

/* Endpoints and what is said of them are at different places of the file. */
static void
join(const struct file_config *f)
{
	struct registry_config	*rc;
	size_t			 i, k;

	for (i = 0; i < f->nsaid; i++)
		add_unnamed(f, &f->said[i]);
	for (i = 0; i < f->c->registries.n; i++) {
		rc = f->c->registries.v[i];
		if (rc->nendpoints == 0)
			registry_be_its_own(rc);
		for (k = 0; k < rc->nendpoints; k++)
			apply_said(f, &rc->endpoints[k]);
		apply_said(f, &rc->self);
	}
}

/* The whole file into c, which is cleared by the caller on failure. */
static int
read_file(struct config *c, const char *path, struct err *err)
{
	struct file_config	f = { .c = c };
	struct yaml_doc		d = { .file = path, .on_unknown = warn_text,
				    .owner = &f, .err = err };
	struct buf		text;
	int			rc;

	buf_init(&text, CONFIG_FILE_MAX);
	rc = config_read_text(path, c->found_by, &text, err);
	if (rc == 0)
		rc = yaml_doc_read(&d, text.data, text.len, top_keys);
	if (rc == 0)
		join(&f);
	buf_clear(&text);
	while (f.nsaid > 0)
		endpoint_clear(&f.said[--f.nsaid]);
	free(f.said);
	c->file = xstrdup(path);
	return rc;
}

/* A text that a variable sets, if it is set. */
static void
take_variable(const char *name, char **value, struct setting *from)
{
	const char	*s = env_get(name);

	if (s == NULL)
		return;
	free(*value);
	*value = xstrdup(s);
	from->variable = name;
}

/* The variables, which count for more than the file. */
static int
read_variables(struct config *c, struct err *err)
{
	const char	*s;
	long long	 v;

	if ((s = env_get("ACE_DT_CONCURRENT_HTTP")) != NULL) {
		if (parse_number(s, CONCURRENT_MAX, &v) == -1)
			return err_set(err, ERR_USAGE,
			    "ACE_DT_CONCURRENT_HTTP=%s: a number from 0 to "
			    "%d is expected", s, CONCURRENT_MAX);
		c->concurrent_http = (int)v;
		c->concurrent_from.variable = "ACE_DT_CONCURRENT_HTTP";
	}
	if ((s = env_get("ACE_DT_CHUNK_SIZE")) != NULL) {
		if (config_parse_size(s, INT64_MAX, &c->chunk_size) == -1)
			return err_set(err, ERR_USAGE, "ACE_DT_CHUNK_SIZE=%s: "
			    "a size such as 5242880 or 5Mi is expected", s);
		c->chunk_from.variable = "ACE_DT_CHUNK_SIZE";
	}
	take_variable("ACE_DT_CACHE_PATH", &c->cache_path, &c->cache_from);
	take_variable("REGISTRY_AUTH_FILE", &c->auth_file, &c->auth_from);
	take_variable("ACE_DT_REGISTRY_AUTH_FILE", &c->auth_file,
	    &c->auth_from);
	if (c->auth_file != NULL && access(c->auth_file, F_OK) == -1 &&
	    (errno == ENOENT || errno == ENOTDIR))
		config_warn("%s, named for credentials, is not there",
		    c->auth_file);
	return 0;
}

int
config_load(struct config *c, const char *const *paths, size_t n,
    struct err *err)
{
	char	*file;
	int	 rc = 0;

	memset(c, 0, sizeof(*c));
	if (config_find(paths, n, &file, &c->found_by, err) == -1)
		return -1;
	if (file != NULL)
		rc = read_file(c, file, err);
	free(file);
	if (rc == 0)
		rc = read_variables(c, err);
	if (rc == -1)
		config_clear(c);
	return rc;
}

void
config_clear(struct config *c)
{
	registries_clear(&c->registries);
	free(c->file);
	free(c->cache_path);
	free(c->auth_file);
	memset(c, 0, sizeof(*c));
}

size_t
config_calls_per_host(const struct config *c)
{
	return c->concurrent_http > 0 ? (size_t)c->concurrent_http :
	    HTTP_CALLS_PER_HOST;
}

