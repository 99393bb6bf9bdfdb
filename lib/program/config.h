#ifndef ACEDT_CONFIG_H
#define ACEDT_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "lib/registry/endpoint.h"

struct err;

/*
 * The configuration, ace-dt-config(5): the YAML file of the Go program and
 * the ACE_DT_* variables.
 */

struct config {
	char			*file;	/* owned: what was read; NULL if none */
	const char		*found_by; /* who named it */
	struct registries	 registries;
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

/* A number of bytes up to max, also as 5Mi or 5M: 0, or -1. */
int	config_parse_size(const char *, int64_t max, int64_t *out);

#endif
