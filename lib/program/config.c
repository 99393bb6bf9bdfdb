#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <yaml.h>

#include "lib/base/buf.h"
#include "lib/base/env.h"
#include "lib/base/errmsg.h"
#include "lib/base/io.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/oci/ref.h"
#include "lib/program/config.h"
#include "lib/stream/stream.h"
#include "lib/text/pattern.h"

#define CONCURRENT_MAX	1000
#define LOCAL_FILE	"ace-dt-config.yaml"
#define USUAL_PLACES	"the usual places"

/* What is said of an endpoint's URL, wherever that is used. */
struct endpoint_config {
	struct endpoint	ep;		/* owned */
};

/* The file being read. */
struct reading {
	struct config		*c;
	const char		*file;
	yaml_document_t		 doc;
	struct endpoint_config	*ecs;	/* owned */
	size_t			 necs;
	unsigned long		 values;	/* seen so far */
	struct err		*err;
};

/* One key of a mapping, and what reads its value. */
struct key {
	const char	*name;
	int		(*read)(struct reading *, yaml_node_t *, void *);
};

static int	host_is_sane(const char *, size_t);
static int	parse_endpoint(struct endpoint *, const char *, const char **);

/* Under a front-end it is that which warns, once for all programs. */
static void __attribute__((format(printf, 1, 2)))
complain(const char *fmt, ...)
{
	char	text[ERR_MSG_MAX];
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (env_is_supervised())
		log_info("%s", text);
	else
		log_warn("%s", text);
}

static unsigned long
line_of(const yaml_node_t *n)
{
	return (unsigned long)n->start_mark.line + 1;
}

static const char *
kind_of(const yaml_node_t *n)
{
	switch (n->type) {
	case YAML_SCALAR_NODE:
		return "a single value";
	case YAML_SEQUENCE_NODE:
		return "a list";
	case YAML_MAPPING_NODE:
		return "a mapping";
	case YAML_NO_NODE:
		break;
	}
	return "nothing";
}

static int
expected(struct reading *r, const yaml_node_t *n, const char *what)
{
	if (n->type == YAML_SCALAR_NODE)
		return err_set(r->err, ERR_USAGE,
		    "%s:%lu: %s is expected, not \"%.60s\"", r->file,
		    line_of(n), what, (const char *)n->data.scalar.value);
	return err_set(r->err, ERR_USAGE, "%s:%lu: %s is expected, not %s",
	    r->file, line_of(n), what, kind_of(n));
}

/* The text of a scalar, borrowed, or NULL with the error set. */
static const char *
scalar(struct reading *r, const yaml_node_t *n, const char *what)
{
	const char	*s;

	if (n->type == YAML_SCALAR_NODE) {
		s = (const char *)n->data.scalar.value;
		if (strlen(s) == n->data.scalar.length)
			return s;
	}
	expected(r, n, what);
	return NULL;
}

static int
is_null(const yaml_node_t *n)
{
	const char	*s;

	if (n->type != YAML_SCALAR_NODE ||
	    n->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return 0;
	s = (const char *)n->data.scalar.value;
	return *s == '\0' || strcmp(s, "~") == 0 || strcmp(s, "null") == 0;
}

/* Aliases can make a small file a very large document. */
static int
count_value(struct reading *r, const yaml_node_t *n)
{
	if (++r->values <= CONFIG_VALUES_MAX)
		return 0;
	return err_set(r->err, ERR_LIMIT, "%s:%lu: more than %d values, each "
	    "use of an alias counted", r->file, line_of(n),
	    CONFIG_VALUES_MAX);
}

/* Every pair of a mapping through a function; a key must stand once. */
static int
each_pair(struct reading *r, yaml_node_t *n, const char *what,
    int (*fn)(struct reading *, const char *, yaml_node_t *, yaml_node_t *,
    void *), void *arg)
{
	yaml_node_pair_t	*p, *q;
	yaml_node_t		*key, *other;
	const char		*name;

	if (is_null(n))
		return 0;
	if (n->type != YAML_MAPPING_NODE)
		return expected(r, n, what);
	for (p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top;
	    p++) {
		key = yaml_document_get_node(&r->doc, p->key);
		if (count_value(r, key) == -1 ||
		    (name = scalar(r, key, "a key")) == NULL)
			return -1;
		for (q = n->data.mapping.pairs.start; q < p; q++) {
			other = yaml_document_get_node(&r->doc, q->key);
			if (strcmp((char *)other->data.scalar.value,
			    name) == 0)
				return err_set(r->err, ERR_USAGE, "%s:%lu: "
				    "\"%.60s\" stands twice, first in line "
				    "%lu", r->file, line_of(key), name,
				    line_of(other));
		}
		if (fn(r, name, key, yaml_document_get_node(&r->doc,
		    p->value), arg) == -1)
			return -1;
	}
	return 0;
}

/* For each_pair(): a table of known keys. */
struct table {
	const struct key	*keys;
	void			*arg;
};

static int
known_key(struct reading *r, const char *name, yaml_node_t *key,
    yaml_node_t *value, void *arg)
{
	const struct table	*t = arg;
	const struct key	*k;

	for (k = t->keys; k->name != NULL; k++)
		if (strcmp(k->name, name) == 0)
			return k->read == NULL || is_null(value) ? 0 :
			    k->read(r, value, t->arg);
	complain("%s:%lu: unknown key \"%.60s\"", r->file, line_of(key), name);
	return 0;
}

static int
read_keys(struct reading *r, yaml_node_t *n, const char *what,
    const struct key *keys, void *arg)
{
	struct table	t = { keys, arg };

	return each_pair(r, n, what, known_key, &t);
}

static int
read_bool(struct reading *r, yaml_node_t *n, int *out)
{
	static const char *const yes[] = { "true", "True", "TRUE", "yes",
				    "on", NULL };
	static const char *const no[] = { "false", "False", "FALSE", "no",
				    "off", NULL };
	const char	*s = scalar(r, n, "true or false");
	size_t		 i;

	if (s == NULL)
		return -1;
	for (i = 0; yes[i] != NULL; i++)
		if (strcmp(s, yes[i]) == 0) {
			*out = 1;
			return 0;
		}
	for (i = 0; no[i] != NULL; i++)
		if (strcmp(s, no[i]) == 0) {
			*out = 0;
			return 0;
		}
	return expected(r, n, "true or false");
}

static int
set_text(struct reading *r, yaml_node_t *n, char **out)
{
	const char	*s = scalar(r, n, "a text");

	if (s == NULL)
		return -1;
	free(*out);
	*out = *s != '\0' ? xstrdup(s) : NULL;
	return 0;
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

static int
read_concurrent(struct reading *r, yaml_node_t *n, void *arg)
{
	const char	*s = scalar(r, n, "a number from 0 to 1000");
	long long	 v;

	(void)arg;
	if (s == NULL)
		return -1;
	if (parse_number(s, CONCURRENT_MAX, &v) == -1)
		return expected(r, n, "a number from 0 to 1000");
	r->c->concurrent_http = (int)v;
	r->c->concurrent_from.line = line_of(n);
	return 0;
}

static int
read_chunk_size(struct reading *r, yaml_node_t *n, void *arg)
{
	const char	*s = scalar(r, n, "a size such as 5242880 or 5Mi");

	(void)arg;
	if (s == NULL)
		return -1;
	if (config_parse_size(s, INT64_MAX, &r->c->chunk_size) == -1)
		return expected(r, n, "a size such as 5242880 or 5Mi");
	r->c->chunk_from.line = line_of(n);
	return 0;
}

static int
read_cache_path(struct reading *r, yaml_node_t *n, void *arg)
{
	(void)arg;
	r->c->cache_from.line = line_of(n);
	return set_text(r, n, &r->c->cache_path);
}

static int
read_auth_file(struct reading *r, yaml_node_t *n, void *arg)
{
	(void)arg;
	r->c->auth_from.line = line_of(n);
	return set_text(r, n, &r->c->auth_file);
}

/* An endpoint's URL as it stands in the file. */
static int
read_endpoint(struct reading *r, const yaml_node_t *n, const char *s,
    struct endpoint *ep)
{
	const char	*why, *at = strrchr(s, '@');

	if (parse_endpoint(ep, s, &why) == 0)
		return 0;
	/* A password must not get into a log. */
	return err_set(r->err, ERR_USAGE, "%s:%lu: endpoint \"%s%.200s\": %s",
	    r->file, line_of(n), at != NULL ? "…" : "", at != NULL ? at : s,
	    why);
}

static int
read_endpoints(struct reading *r, yaml_node_t *n, void *arg)
{
	struct registry_config	*rc = arg;
	yaml_node_item_t	*i;
	yaml_node_t		*item;
	const char		*s;

	if (n->type != YAML_SEQUENCE_NODE)
		return expected(r, n, "a list of URLs");
	for (i = n->data.sequence.items.start;
	    i < n->data.sequence.items.top; i++) {
		item = yaml_document_get_node(&r->doc, *i);
		if (count_value(r, item) == -1 ||
		    (s = scalar(r, item, "a URL")) == NULL)
			return -1;
		if (rc->nendpoints == ENDPOINTS_MAX)
			return err_set(r->err, ERR_LIMIT, "%s:%lu: more than "
			    "%d endpoints", r->file, line_of(item),
			    ENDPOINTS_MAX);
		rc->endpoints = xreallocarray(rc->endpoints,
		    rc->nendpoints + 1, sizeof(*rc->endpoints));
		if (read_endpoint(r, item, s,
		    &rc->endpoints[rc->nendpoints]) == -1)
			return -1;
		rc->endpoints[rc->nendpoints++].from.line = line_of(item);
	}
	return 0;
}

static int
read_rewrite(struct reading *r, const char *name, yaml_node_t *key,
    yaml_node_t *value, void *arg)
{
	struct registry_config	*rc = arg;
	struct err		 err = ERR_INIT;
	const char		*s = scalar(r, value, "a text");

	if (s == NULL)
		return -1;
	if (pattern_check(name, &err) == -1)
		return err_set(r->err, ERR_USAGE, "%s:%lu: %s", r->file,
		    line_of(key), err.msg);
	rc->rewrites = xreallocarray(rc->rewrites, rc->nrewrites + 1,
	    sizeof(*rc->rewrites));
	memset(&rc->rewrites[rc->nrewrites], 0, sizeof(*rc->rewrites));
	rc->rewrites[rc->nrewrites].from.line = line_of(key);
	rc->rewrites[rc->nrewrites].pattern = xstrdup(name);
	rc->rewrites[rc->nrewrites++].replacement = xstrdup(s);
	return 0;
}

static int
read_rewrites(struct reading *r, yaml_node_t *n, void *arg)
{
	return each_pair(r, n, "a mapping of patterns to replacements",
	    read_rewrite, arg);
}

static int
read_noncompliant(struct reading *r, yaml_node_t *n, void *arg)
{
	struct registry_config	*rc = arg;

	rc->noncompliant_from.line = line_of(n);
	return read_bool(r, n, &rc->noncompliant);
}

static const struct key registry_keys[] = {
	{ "endpoints", read_endpoints },
	{ "rewritePull", read_rewrites },
	{ "noncompliant", read_noncompliant },
	{ NULL, NULL }
};

static int
read_registry(struct reading *r, const char *name, yaml_node_t *key,
    yaml_node_t *value, void *arg)
{
	struct registry_config	*rc;

	(void)arg;
	if (!host_is_sane(name, strlen(name)))
		return expected(r, key, "a registry's name, host or "
		    "host:port,");
	rc = registries_add(&r->c->registries, name);
	rc->from.line = line_of(key);
	return read_keys(r, value, "a mapping", registry_keys, rc);
}

static int
read_registries(struct reading *r, yaml_node_t *n, void *arg)
{
	return each_pair(r, n, "a mapping of registries", read_registry, arg);
}

static int
read_referrers(struct reading *r, yaml_node_t *n, void *arg)
{
	struct endpoint_config	*ec = arg;
	const char		*s = scalar(r, n, "api, tag or auto");
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
			ec->ep.supports_referrers = words[i].value;
			ec->ep.referrers_from.line = line_of(n);
			return 0;
		}
	return expected(r, n, "api, tag or auto");
}

static int
read_insecure(struct reading *r, yaml_node_t *n, void *arg)
{
	struct endpoint_config	*ec = arg;

	ec->ep.insecure_from.line = line_of(n);
	return read_bool(r, n, &ec->ep.insecure);
}

static const struct key tls_keys[] = {
	{ "insecureSkipVerify", read_insecure },
	{ NULL, NULL }
};

static int
read_tls(struct reading *r, yaml_node_t *n, void *arg)
{
	return read_keys(r, n, "a mapping", tls_keys, arg);
}

static int
read_pace(struct reading *r, yaml_node_t *n, void *arg)
{
	struct endpoint_config	*ec = arg;
	const char		*what = "0 or a number from 0.1 to 10000";
	const char		*s = scalar(r, n, what);
	char			*end;
	double			 v;

	if (s == NULL)
		return -1;
	v = isdigit((unsigned char)*s) ? strtod(s, &end) : -1;
	if (v < 0 || *end != '\0' || (v > 0 && v < 1000.0 / PACE_MAX_MS) ||
	    v > REQUESTS_PER_SECOND_MAX)
		return expected(r, n, what);
	ec->ep.requests_per_second = v;
	ec->ep.pace_from.line = line_of(n);
	return 0;
}

static const struct key endpoint_keys[] = {
	{ "requestsPerSecond", read_pace },
	{ "supportsReferrers", read_referrers },
	{ "tls", read_tls },
	{ NULL, NULL }
};

static int
read_endpoint_config(struct reading *r, const char *name, yaml_node_t *key,
    yaml_node_t *value, void *arg)
{
	struct endpoint_config	*ec;

	(void)arg;
	r->ecs = xreallocarray(r->ecs, r->necs + 1, sizeof(*r->ecs));
	ec = &r->ecs[r->necs];
	if (read_endpoint(r, key, name, &ec->ep) == -1)
		return -1;
	r->necs++;
	return read_keys(r, value, "a mapping", endpoint_keys, ec);
}

static int
read_endpoint_configs(struct reading *r, yaml_node_t *n, void *arg)
{
	return each_pair(r, n, "a mapping of endpoint URLs",
	    read_endpoint_config, arg);
}

static const struct key registry_config_keys[] = {
	{ "registries", read_registries },
	{ "endpointConfig", read_endpoint_configs },
	{ NULL, NULL }
};

static int
read_registry_config(struct reading *r, yaml_node_t *n, void *arg)
{
	return read_keys(r, n, "a mapping", registry_config_keys, arg);
}

/* Keys of the Go program that mean nothing here are passed over quietly. */
static const struct key top_keys[] = {
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

/* host[:port] of the len bytes at s: no more than what a URL may hold. */
static int
host_is_sane(const char *s, size_t len)
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

/* How long a path of n bytes is without the slashes at its end. */
static size_t
without_slashes(const char *path, size_t n)
{
	while (n > 0 && path[n - 1] == '/')
		n--;
	return n;
}

/* [scheme://]host[:port][/path] */
static int
parse_endpoint(struct endpoint *ep, const char *s, const char **why)
{
	const char	*rest = s, *sep = strstr(s, "://"), *p;
	size_t		 n, len;

	memset(ep, 0, sizeof(*ep));
	ep->supports_referrers = -1;
	*why = "only http:// and https:// are known";
	if (sep == NULL)
		ep->scheme = xstrdup("https");
	else if (strncasecmp(s, "https://", 8) == 0)
		ep->scheme = xstrdup("https");
	else if (strncasecmp(s, "http://", 7) == 0)
		ep->scheme = xstrdup("http");
	else
		return -1;
	if (sep != NULL)
		rest = sep + 3;
	n = strcspn(rest, "/");
	*why = "it has no host";
	if (n == 0)
		goto bad;
	*why = "credentials do not belong here";
	if (strchr(rest, '@') != NULL)
		goto bad;
	*why = "it has characters that no URL of a registry has";
	for (p = rest; *p != '\0'; p++)
		if (!isgraph((unsigned char)*p) ||
		    strchr("?#\\\"<>", *p) != NULL)
			goto bad;
	*why = "what it has for host and port is neither";
	if (!host_is_sane(rest, n))
		goto bad;
	ep->host = xmemdup0(rest, n);
	rest += n;
	len = without_slashes(rest, strlen(rest));
	/* The API's own root may be written or not. */
	if (len >= 3 && strncmp(rest + len - 3, "/v2", 3) == 0)
		len = without_slashes(rest, len - 3);
	ep->path = xmemdup0(rest, len);
	return 0;
bad:
	free(ep->scheme);
	ep->scheme = NULL;
	return -1;
}

/* What endpointConfig says of an endpoint, by its URL as it is written. */
static void
apply_endpoint_config(struct reading *r, struct endpoint *ep)
{
	const struct endpoint	*other;
	size_t			 i;

	for (i = 0; i < r->necs; i++) {
		other = &r->ecs[i].ep;
		if (!endpoint_same(other, ep))
			continue;
		ep->insecure = other->insecure;
		ep->insecure_from = other->insecure_from;
		ep->requests_per_second = other->requests_per_second;
		ep->pace_from = other->pace_from;
		ep->supports_referrers = other->supports_referrers;
		ep->referrers_from = other->referrers_from;
	}
}

/* Is there a registry of the host, or one with the endpoint? */
static int
is_named(const struct config *c, const char *host, const struct endpoint *ep)
{
	size_t	i, k;

	for (i = 0; i < c->registries.n; i++) {
		if (strcasecmp(c->registries.v[i]->host, host) == 0)
			return 1;
		for (k = 0; k < c->registries.v[i]->nendpoints; k++)
			if (endpoint_same(&c->registries.v[i]->endpoints[k], ep))
				return 1;
	}
	return 0;
}

/* Endpoints and what is said of them stand in different places. */
static void
join(struct reading *r)
{
	struct registry_config	*rc;
	const char		*host;
	size_t			 i, k;

	/* A URL that no registry names is the registry of that host. */
	for (i = 0; i < r->necs; i++) {
		host = r->ecs[i].ep.host;
		if (strcasecmp(host, "registry-1.docker.io") == 0)
			host = "docker.io";
		if (*r->ecs[i].ep.path == '\0' &&
		    strcmp(r->ecs[i].ep.scheme, "https") == 0 &&
		    !is_named(r->c, host, &r->ecs[i].ep))
			registries_add(&r->c->registries, host);
	}
	for (i = 0; i < r->c->registries.n; i++) {
		rc = r->c->registries.v[i];
		if (rc->nendpoints == 0)
			registry_be_its_own(rc);
		for (k = 0; k < rc->nendpoints; k++)
			apply_endpoint_config(r, &rc->endpoints[k]);
		apply_endpoint_config(r, &rc->self);
	}
}

/* What libyaml says, with the place. */
static int
not_yaml(struct reading *r, const yaml_parser_t *p)
{
	const char	*problem = p->problem != NULL ? p->problem : "not YAML";

	if (p->error == YAML_READER_ERROR)
		return err_set(r->err, ERR_USAGE, "%s: byte %zu: %s", r->file,
		    p->problem_offset, problem);
	return err_set(r->err, ERR_USAGE, "%s:%zu:%zu: %s%s%s", r->file,
	    p->problem_mark.line + 1, p->problem_mark.column + 1, problem,
	    p->context != NULL ? " " : "",
	    p->context != NULL ? p->context : "");
}

/* A file that goes on behind its document is not what was meant. */
static int
check_end(struct reading *r, yaml_parser_t *p)
{
	yaml_document_t	 more;
	yaml_node_t	*root;
	int		 rc = 0;

	if (!yaml_parser_load(p, &more))
		return not_yaml(r, p);
	if ((root = yaml_document_get_root_node(&more)) != NULL)
		rc = err_set(r->err, ERR_USAGE, "%s:%lu: a second YAML "
		    "document; only one is read", r->file, line_of(root));
	yaml_document_delete(&more);
	return rc;
}

/* Does a node begin or end here?  *depth follows the lists and mappings. */
static int
begins_node(const yaml_event_t *e, int *depth)
{
	switch (e->type) {
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		++*depth;
		return 1;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		--*depth;
		return 0;
	case YAML_SCALAR_EVENT:
	case YAML_ALIAS_EVENT:
		return 1;
	default:
		return 0;
	}
}

/*
 * libyaml's time and memory for a document grow with the square of its depth
 * and of its anchors: look at the events first.  What is not YAML is left to
 * the loading, which says why.
 */
static int
check_size(struct reading *r, const char *text, size_t len)
{
	yaml_parser_t	parser;
	yaml_event_t	event;
	size_t		line, n = 0;
	int		depth = 0, over = 0;

	if (!yaml_parser_initialize(&parser))
		return err_set(r->err, ERR_INTERNAL, "libyaml: no memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text,
	    len);
	while (!over && yaml_parser_parse(&parser, &event)) {
		line = event.start_mark.line + 1;
		n += begins_node(&event, &depth);
		over = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
		if (depth > CONFIG_DEPTH_MAX || n > CONFIG_VALUES_MAX) {
			yaml_parser_delete(&parser);
			return n > CONFIG_VALUES_MAX ? err_set(r->err,
			    ERR_LIMIT, "%s:%zu: more than %d values", r->file,
			    line, CONFIG_VALUES_MAX) : err_set(r->err,
			    ERR_LIMIT, "%s:%zu: lists and mappings nested "
			    "deeper than %d levels", r->file, line,
			    CONFIG_DEPTH_MAX);
		}
	}
	yaml_parser_delete(&parser);
	return 0;
}

static int
read_document(struct reading *r, const char *text, size_t len)
{
	yaml_parser_t	 parser;
	yaml_node_t	*root;
	int		 rc = 0;

	if (check_size(r, text, len) == -1)
		return -1;
	if (!yaml_parser_initialize(&parser))
		return err_set(r->err, ERR_INTERNAL, "libyaml: no memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text,
	    len);
	if (!yaml_parser_load(&parser, &r->doc)) {
		rc = not_yaml(r, &parser);
		yaml_parser_delete(&parser);
		return rc;
	}
	root = yaml_document_get_root_node(&r->doc);
	if (root != NULL) {
		rc = read_keys(r, root, "a mapping", top_keys, NULL);
		if (rc == 0)
			rc = check_end(r, &parser);
	}
	if (rc == 0)
		join(r);
	yaml_document_delete(&r->doc);
	yaml_parser_delete(&parser);
	return rc;
}

/* May others than we and root write to what has these rights? */
static int
others_write(int fd, const struct stat *st)
{
	struct passwd	*pw;
	struct group	*gr;

	if (st->st_mode & S_IWOTH)
		return 1;
	if ((st->st_mode & S_IWGRP) == 0 || st->st_gid == 0)
		return 0;
	/* A list of rights may name anybody. */
	if (fgetxattr(fd, "system.posix_acl_access", NULL, 0) > 0)
		return 1;
	/* The group that many systems make for each user has nobody else. */
	if (st->st_gid != getegid() || (pw = getpwuid(geteuid())) == NULL ||
	    (gr = getgrgid(st->st_gid)) == NULL)
		return 1;
	return strcmp(pw->pw_name, gr->gr_name) != 0 || gr->gr_mem[0] != NULL;
}

static int
is_strange(const struct stat *st)
{
	return st->st_uid != 0 && st->st_uid != geteuid();
}

/*
 * The file of the working directory may be anybody's, who could have passwords
 * sent in clear by it.
 */
static int
check_local(const char *path, int fd, struct err *err)
{
	struct stat	st, link;

	if (fstat(fd, &st) == -1 || lstat(path, &link) == -1)
		return err_sys(err, "%s", path);
	if (is_strange(&link) || is_strange(&st))
		return err_set(err, ERR_USAGE, "%s: this file of the working "
		    "directory belongs to another user, uid %lu, and is not "
		    "used (name it by --config to use it, or work in another "
		    "directory)", path, (unsigned long)(is_strange(&st) ?
		    st.st_uid : link.st_uid));
	if (others_write(fd, &st))
		return err_set(err, ERR_USAGE, "%s: other users may write to "
		    "this file of the working directory, and it is not used "
		    "(chmod go-w, or name it by --config)", path);
	complain("the configuration of the working directory is read: %s",
	    path);
	return 0;
}

static int
slurp(const char *path, int local, struct buf *b, struct err *err)
{
	int	fd, rc = 0;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) == -1)
		return err_sys(err, "%s", path);
	if (local)
		rc = check_local(path, fd, err);
	if (rc == 0)
		rc = io_read_file(fd, path, b, err);
	close(fd);
	return rc;
}

static int
read_file(struct config *c, const char *path, struct err *err)
{
	struct reading	r;
	struct buf	b;
	size_t		i;
	int		rc;

	memset(&r, 0, sizeof(r));
	r.c = c;
	r.file = path;
	r.err = err;
	buf_init(&b, CONFIG_FILE_MAX);
	rc = slurp(path, strcmp(path, LOCAL_FILE) == 0 &&
	    strcmp(c->found_by, USUAL_PLACES) == 0, &b, err);
	if (rc == 0)
		rc = read_document(&r, b.data, b.len);
	buf_clear(&b);
	for (i = 0; i < r.necs; i++)
		endpoint_clear(&r.ecs[i].ep);
	free(r.ecs);
	c->file = xstrdup(path);
	return rc;
}

/*
 * The first that exists, owned by the caller; NULL if there is none.  One in a
 * place that is closed to us counts only if the user named it.
 */
static char *
first_present(const char *const *paths, size_t n, int named)
{
	size_t	i;

	for (i = 0; i < n; i++)
		if (*paths[i] != '\0' && (access(paths[i], F_OK) == 0 ||
		    (named && errno != ENOENT && errno != ENOTDIR)))
			return xstrdup(paths[i]);
	return NULL;
}

static char *
find_default(void)
{
	const char	*home = getenv("HOME"), *xdg, *paths[3];
	char		*user, *found;

	xdg = getenv("XDG_CONFIG_HOME");
	if (xdg != NULL && *xdg != '\0')
		user = xasprintf("%s/ace/dt/config.yaml", xdg);
	else
		user = xasprintf("%s/.config/ace/dt/config.yaml",
		    home != NULL ? home : "");
	paths[0] = LOCAL_FILE;
	paths[1] = user;
	paths[2] = "/etc/ace/dt/config.yaml";
	found = first_present(paths, 3, 0);
	free(user);
	return found;
}

/* What the variable or the options name; -1 if none of it exists. */
static int
find_file(const char *const *paths, size_t n, char **found,
    const char **found_by, struct err *err)
{
	const char	*env = getenv("ACE_DT_CONFIG");
	char		*list, *s, *next;

	*found = NULL;
	*found_by = "--config";
	if (n > 0) {
		if ((*found = first_present(paths, n, 1)) != NULL)
			return 0;
		return err_set(err, ERR_USAGE, "--config %s: no such file%s",
		    paths[0], n > 1 ? ", nor any of the others" : "");
	}
	if (env == NULL || *env == '\0') {
		*found = find_default();
		*found_by = USUAL_PLACES;
		return 0;
	}
	*found_by = "ACE_DT_CONFIG";
	list = xstrdup(env);
	for (s = list; s != NULL && *found == NULL; s = next) {
		if ((next = strchr(s, ',')) != NULL)
			*next++ = '\0';
		*found = first_present((const char *const *)&s, 1, 1);
	}
	free(list);
	return *found != NULL ? 0 : err_set(err, ERR_USAGE,
	    "ACE_DT_CONFIG=%s: no such file", env);
}

static void
take_variable(const char *name, char **value, struct setting *from)
{
	const char	*s = getenv(name);

	if (s == NULL || *s == '\0')
		return;
	free(*value);
	*value = xstrdup(s);
	from->variable = name;
}

static int
read_environment(struct config *c, struct err *err)
{
	const char	*s;
	long long	 v;

	if ((s = getenv("ACE_DT_CONCURRENT_HTTP")) != NULL && *s != '\0') {
		if (parse_number(s, CONCURRENT_MAX, &v) == -1)
			return err_set(err, ERR_USAGE,
			    "ACE_DT_CONCURRENT_HTTP=%s: a number from 0 to "
			    "%d is expected", s, CONCURRENT_MAX);
		c->concurrent_http = (int)v;
		c->concurrent_from.variable = "ACE_DT_CONCURRENT_HTTP";
	}
	if ((s = getenv("ACE_DT_CHUNK_SIZE")) != NULL && *s != '\0') {
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
		complain("%s, named for credentials, is not there", c->auth_file);
	return 0;
}

int
config_load(struct config *c, const char *const *paths, size_t n,
    struct err *err)
{
	char	*file;
	int	 rc = 0;

	memset(c, 0, sizeof(*c));
	if (find_file(paths, n, &file, &c->found_by, err) == -1)
		return -1;
	if (file != NULL)
		rc = read_file(c, file, err);
	free(file);
	if (rc == 0)
		rc = read_environment(c, err);
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

