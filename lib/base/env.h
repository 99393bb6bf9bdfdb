#ifndef ACEDT_ENV_H
#define ACEDT_ENV_H

/*
 * The environment: the only module of lib/ and tools/ that reads it, so that a
 * program has no hidden inputs.  These variables count, apart from those that
 * libcurl, OpenSSL and libc read themselves (no_proxy, SSL_CERT_FILE,
 * SSL_CERT_DIR, TZ); acedt(7) and ace-dt-config(5) describe them for users.
 *
 *	variable			read by
 *	ACEDT_SUPERVISED		env_setup()
 *	ACE_DT_CONFIG			program/config_find.c
 *	ACE_DT_CACHE_PATH		program/config.c
 *	ACE_DT_CHUNK_SIZE		program/config.c
 *	ACE_DT_CONCURRENT_HTTP		program/config.c
 *	ACE_DT_REGISTRY_AUTH_FILE	program/config.c
 *	REGISTRY_AUTH_FILE		program/config.c
 *	ACE_DT_SANDBOX			program/sandbox.c
 *	ACE_DT_VERBOSITY		program/cli.c
 *	ACE_DT_HELPER_SECONDS		registry/broker.c
 *	ACE_DT_PROXY_LOOPBACK		http/http.c
 *	http_proxy and the like		http/http.c
 *	DOCKER_CONFIG			registry/creds.c
 *	DOCKER_AUTH_CONFIG		registry/creds.c
 *	XDG_RUNTIME_DIR			registry/creds.c
 *	XDG_CACHE_HOME			program/cache.c
 *	XDG_CONFIG_HOME, HOME		env_config_path()
 *	HOME				env_home()
 */

/* Set by ace-dt for the stages that it starts. */
#define ENV_SUPERVISED	"ACEDT_SUPERVISED"

/* Read what holds for the whole run.  program_setup() calls it once. */
void	env_setup(void);

/*
 * Was this program started by ace-dt as a stage of its pipeline?  ace-dt then
 * reports once what each stage would report on its own, and the stream comes
 * from a stage of the same run.  0 before env_setup().
 */
int	env_is_supervised(void);

/* The value of a variable, borrowed; NULL if it is not set, or empty. */
const char *env_get(const char *name);

/* The user's home directory, borrowed; "" if $HOME is not set. */
const char *env_home(void);

/*
 * Where the user keeps configuration: $XDG_CONFIG_HOME/RELATIVE, by default
 * ~/.config/RELATIVE.  Owned by the caller.
 */
char	*env_config_path(const char *relative);

#endif
