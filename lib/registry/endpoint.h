#ifndef ACEDT_ENDPOINT_H
#define ACEDT_ENDPOINT_H

#include <stddef.h>

/*
 * Registries, and the endpoints that answer for them, as the configuration says
 * or as holds where it says nothing.
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
	char	*path;			/* owned: prefix, "" or "/x" */
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

struct registries {
	struct registry_config	**v;	/* owned, as are they */
	size_t			 n;
};

/*
 * Read [scheme://]host[:port][/path]; without a scheme it is https, and a final
 * /v2 does not count.  NULL, or what is wrong with it, static; the struct holds
 * nothing then.
 */
const char *endpoint_parse(struct endpoint *, const char *);
/* Is it host or host:port, with no character that a host cannot have? */
int	endpoint_is_host(const char *);
int	endpoint_same(const struct endpoint *, const struct endpoint *);
void	endpoint_clear(struct endpoint *);

/* A registry without endpoints; the answer is borrowed. */
struct registry_config *registries_add(struct registries *, const char *host);
/* No endpoint is listed: the registry answers for itself, by https. */
void	registry_be_its_own(struct registry_config *);
/*
 * What is said of a registry (host as in a reference), or what holds where
 * nothing is said: https://host.  The answer is borrowed from the table, which
 * remembers it.
 */
const struct registry_config *registries_find(struct registries *,
	    const char *host);
void	registries_clear(struct registries *);

#endif
