#ifndef ACEDT_CONFIG_H
#define ACEDT_CONFIG_H

#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * The configuration, ace-dt-config(5): the YAML file of the Go program and
 * the ACE_DT_* variables.
 */

/* Where a value comes from: neither is the default. */
struct setting {
	const char	*variable;	/* of the environment, or NULL */
	unsigned long	 line;		/* of the file, or 0 */
};

/* One place that answers for a registry. */
struct endpoint {
	char	*scheme;		/* owned: "http" or "https" */
	char	*host;			/* owned: host[:port] */
	char	*path;			/* owned: prefix, "" or "/x", no final / */
	int	 insecure;		/* tls.insecureSkipVerify */
	/*
	 * 1: supportsReferrers is "api" or true; 0: "tag" or false; -1:
	 * "auto", or not said: find out.
	 */
	int	 supports_referrers;
	double	 requests_per_second; /* 0: no limit */
	struct setting from, insecure_from, referrers_from, pace_from;
};

/* A rewrite of repository names, for pulls only; in the file's order. */
struct rewrite {
	char	*pattern;		/* owned: pattern.h */
	char	*replacement;		/* owned: the same */
	struct setting from;
};

struct registry_config {
	char		*host;		/* owned: as in references */
	struct endpoint	*endpoints;	/* owned; at least one */
	size_t		 nendpoints;
	struct endpoint	 self;		/* the registry itself, by https */
	int		 is_default;	/* no endpoint is listed: it is self */
	struct rewrite	*rewrites;	/* owned */
	size_t		 nrewrites;
	int		 noncompliant;	/* one token per repository */
	struct setting	 from, noncompliant_from;
};

struct config {
	char			*file;	/* owned: what was read; NULL if none */
	const char		*found_by; /* who named it */
	struct registry_config	**registries;	/* owned, as are they */
	size_t			 nregistries;
	int			 concurrent_http; /* 0 if not set */
	char			*cache_path;	/* owned, NULL if not set */
	char			*auth_file;	/* owned, NULL if not set */
	int64_t			 chunk_size;	/* 0 if not set */
	struct setting		 concurrent_from, cache_from, auth_from;
	struct setting		 chunk_from;
};

/*
 * Find and read it.  paths (n of them, n may be 0) are those of --config; with
 * none, those of $ACE_DT_CONFIG (comma-separated), with none again
 * ace-dt-config.yaml, ~/.config/ace/dt/config.yaml (XDG_CONFIG_HOME respected),
 * /etc/ace/dt/config.yaml.  The first that exists is used, the others are
 * ignored; none existing is an empty configuration, but an error if the user
 * named them.  Unknown keys are log_warn()ed with file and line, wrong types
 * are errors with file, line and what was expected, and so is a document that
 * is more than CONFIG_VALUES_MAX values once its aliases are followed.
 * Environment variables win over the file.
 */
int	config_load(struct config *, const char *const *paths, size_t n,
	    struct err *);
void	config_clear(struct config *);

/* concurrentHTTP, or what holds without a word there. */
size_t	config_calls_per_host(const struct config *);
int	endpoint_same(const struct endpoint *, const struct endpoint *);

/* A number of bytes up to max, also as 5Mi or 5M: 0, or -1. */
int	config_parse_size(const char *, int64_t max, int64_t *out);

/*
 * What the configuration says of a registry (host as in a reference), or what
 * holds without a word there: https://host.  The answer is borrowed from the
 * configuration, which remembers it.
 */
const struct registry_config *config_registry(struct config *,
	    const char *host);

#endif
