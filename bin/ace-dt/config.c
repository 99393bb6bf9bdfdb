/*
 * ace-dt config: the configuration in effect, as YAML that can be read again,
 * with a comment at each value that says where it comes from.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bin/ace-dt/command.h"
#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/io.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/program/cli.h"
#include "lib/program/config.h"
#include "lib/program/sandbox.h"
#include "lib/registry/creds.h"

#define COMMENT_COLUMN	44

const struct cli_program config_program = {
	.usage = "ace-dt config [OPTIONS]",
	.about = "Show the configuration in effect, as YAML, and where each "
	    "value comes from.\nPasswords are never shown.",
	.common = CLI_CONFIG,
};

/* A text in YAML's double quotes, safe on a terminal. */
static char *
quoted(const char *s)
{
	struct buf	b;

	buf_init(&b, CONFIG_FILE_MAX * 4UL);
	buf_addc(&b, '"');
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f) {
			buf_addf(&b, "\\x%02x", (unsigned char)*s);
			continue;
		}
		if (*s == '"' || *s == '\\')
			buf_addc(&b, '\\');
		buf_addc(&b, *s);
	}
	buf_addc(&b, '"');
	return buf_detach(&b);
}

/* One line, and after it where that comes from. */
static void __attribute__((format(printf, 3, 4)))
line(const struct config *c, const struct setting *from, const char *fmt, ...)
{
	va_list	ap;
	char	*text;
	int	 n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n == -1)
		log_die(EXIT_STOPPED, "out of memory");
	printf("%-*s  # ", COMMENT_COLUMN, text);
	if (from->variable != NULL)
		printf("$%s\n", from->variable);
	else if (from->line > 0)
		printf("%s:%lu\n", c->file, from->line);
	else
		printf("default\n");
	free(text);
}

static void
print_settings(const struct config *c)
{
	char	*cache, *auth;

	cache = quoted(c->cache_path != NULL ? c->cache_path : "");
	auth = quoted(c->auth_file != NULL ? c->auth_file : "");
	line(c, &c->concurrent_from, "concurrentHTTP: %zu",
	    config_calls_per_host(c));
	line(c, &c->chunk_from, "chunkSize: %lld",
	    (long long)c->chunk_size);
	line(c, &c->cache_from, "cachePath: %s", cache);
	line(c, &c->auth_from, "registryAuthFile: %s", auth);
	free(cache);
	free(auth);
}

static void
print_registry(const struct config *c, const struct registry_config *rc)
{
	const struct rewrite	*w;
	const struct endpoint	*ep;
	char			*a, *b;
	size_t			 i;

	line(c, &rc->from, "    \"%s\":", rc->host);
	printf("      endpoints:\n");
	for (i = 0; i < rc->nendpoints; i++) {
		ep = &rc->endpoints[i];
		line(c, &ep->from, "        - \"%s://%s%s\"", ep->scheme,
		    ep->host, ep->path);
	}
	if (rc->nrewrites > 0)
		printf("      rewritePull:\n");
	for (i = 0; i < rc->nrewrites; i++) {
		w = &rc->rewrites[i];
		a = quoted(w->pattern);
		b = quoted(w->replacement);
		line(c, &w->from, "        %s: %s", a, b);
		free(a);
		free(b);
	}
	line(c, &rc->noncompliant_from, "      noncompliant: %s",
	    rc->noncompliant ? "true" : "false");
}

/* Two registries may share one; it is shown once. */
static int
was_shown(const struct config *c, const struct endpoint *ep)
{
	const struct endpoint	*other;
	size_t			 i, k;

	for (i = 0; i < c->registries.n; i++)
		for (k = 0; k < c->registries.v[i]->nendpoints; k++) {
			other = &c->registries.v[i]->endpoints[k];
			if (other == ep)
				return 0;
			if (endpoint_same(other, ep))
				return 1;
		}
	return 0;
}

static void
print_endpoint(const struct config *c, const struct endpoint *ep)
{
	static const char *const words[] = { "auto", "tag", "api" };

	if (was_shown(c, ep))
		return;
	printf("    \"%s://%s%s\":\n", ep->scheme, ep->host, ep->path);
	line(c, &ep->referrers_from, "      supportsReferrers: %s",
	    words[ep->supports_referrers + 1]);
	line(c, &ep->pace_from, "      requestsPerSecond: %g",
	    ep->requests_per_second);
	printf("      tls:\n");
	line(c, &ep->insecure_from, "        insecureSkipVerify: %s",
	    ep->insecure ? "true" : "false");
}

static void
print_registries(const struct config *c)
{
	size_t	i, k;

	if (c->registries.n == 0) {
		printf("registryConfig: {}\n");
		return;
	}
	printf("registryConfig:\n  registries:\n");
	for (i = 0; i < c->registries.n; i++)
		print_registry(c, c->registries.v[i]);
	printf("  endpointConfig:\n");
	for (i = 0; i < c->registries.n; i++)
		for (k = 0; k < c->registries.v[i]->nendpoints; k++)
			print_endpoint(c, &c->registries.v[i]->endpoints[k]);
}

/* Credentials are named by their places, never by what is in them. */
static void
print_credentials(const struct creds *creds)
{
	const char	*name;
	size_t		 i;
	int		 present;

	printf("\n# Credentials, in this order:\n");
	for (i = 0; (name = creds_place(creds, i, &present)) != NULL; i++)
		printf("#   %s%s\n", name, present ? "" : " (not there)");
}

/* A variable that may hold a password in a URL. */
static void
print_variable(const char *name)
{
	const char	*s = getenv(name), *at, *host;

	if (s == NULL)
		return;
	at = strrchr(s, '@');
	host = strstr(s, "://");
	if (at != NULL)
		printf("#   %s=%.*s***%s\n", name,
		    host != NULL ? (int)(host + 3 - s) : 0, s, at);
	else
		printf("#   %s=%s\n", name, s);
}

static void
print_environment(void)
{
	static const char *const names[] = {
		"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
		"ALL_PROXY", "no_proxy", "NO_PROXY", "ACE_DT_PROXY_LOOPBACK",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "ACE_DT_HELPER_SECONDS",
		"ACE_DT_VERBOSITY", "ACE_DT_SANDBOX", "ACEDT_EXEC_PATH"
	};
	size_t	i;

	printf("\n# Other variables that are set:\n");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		print_variable(names[i]);
}

int
config_main(int argc, char **argv)
{
	struct cli	  cli;
	const char	**paths = NULL, *value;
	struct config	  c;
	struct creds	 *creds;
	struct err	  err = ERR_INIT;
	size_t		  n = 0;
	int		  id;

	cli_init(&cli, &config_program, argc, argv);
	while ((id = cli_next(&cli, &value)) != 0)
		if (id == CLI_ID_CONFIG) {
			paths = xreallocarray(paths, n + 1, sizeof(*paths));
			paths[n++] = value;
		}
	if (cli.nargs > 1)
		cli_usage(&cli, "unexpected argument \"%s\"", cli.args[1]);
	if (config_load(&c, paths, n, &err) == -1 ||
	    creds_load(&creds, c.auth_file, &err) == -1)
		log_die(EXIT_USAGE_ERR, "%s", err.msg);
	if (c.file != NULL)
		printf("# %s, found by %s\n", c.file, c.found_by);
	else
		printf("# no configuration file\n");
	print_settings(&c);
	print_registries(&c);
	print_credentials(creds);
	print_environment();
	printf("\n# Sandbox of each program: %s\n", sandbox_describe());
	creds_free(creds);
	config_clear(&c);
	free(paths);
	cli_clear(&cli);
	if (fflush(stdout) == EOF || ferror(stdout))
		io_stdout_failed();
	return EXIT_DONE;
}
