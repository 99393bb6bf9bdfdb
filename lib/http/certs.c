/*
 * Certificates of one host: the files of the directories that docker, podman
 * and containerd have for it, and hosts.toml.
 */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "lib/base/buf.h"
#include "lib/base/env.h"
#include "lib/base/errmsg.h"
#include "lib/base/io.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/http/certs.h"
#include "lib/http/origin.h"
#include "lib/text/toml.h"

/* A hosts.toml that is being read: what it says of one host. */
struct toml_certs {
	struct certs	*c;
	const char	*dir;		/* of the file */
	const char	*host;		/* of the URL */
	int		 own;		/* top-level values are of the host */
	char		*client[2];	/* owned: certificate and key */
};

/* A question for a password would stop a program that nobody watches. */
static int
no_password(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	*(int *)arg = 1;
	return 0;
}

/* A file in memory, to be freed; NULL with the error set. */
static BIO *
open_pem(const char *path, struct err *err)
{
	struct buf	b;
	BIO		*bio = NULL;

	buf_init(&b, CERTS_FILE_MAX);
	if (io_slurp(path, &b, err) == 0) {
		/* The memory of a BIO over borrowed bytes would go with b. */
		bio = BIO_new(BIO_s_mem());
		if (bio != NULL && b.len > 0)
			BIO_write(bio, b.data, (int)b.len);
		if (b.data != NULL)
			explicit_bzero(b.data, b.len);
	}
	buf_clear(&b);
	return bio;
}

/* All certificates of a file, which must have one. */
static int
load_authorities(struct certs *c, const char *path, struct err *err)
{
	BIO	*bio = open_pem(path, err);
	X509	*x;
	int	 before;

	if (bio == NULL)
		return -1;
	if (c->authorities == NULL)
		c->authorities = sk_X509_new_null();
	before = sk_X509_num(c->authorities);
	while ((x = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(c->authorities, x) == 0)
			X509_free(x);
	ERR_clear_error();
	BIO_free(bio);
	if (sk_X509_num(c->authorities) <= before)
		return err_set(err, ERR_TLS,
		    "%s: the file has no certificate in PEM format", path);
	return 0;
}

/* The private key of a file, without a password. */
static int
load_key(struct certs *c, const char *path, struct err *err)
{
	BIO	*bio = open_pem(path, err);
	int	 encrypted = 0;

	if (bio == NULL)
		return -1;
	c->key = PEM_read_bio_PrivateKey(bio, NULL, no_password, &encrypted);
	ERR_clear_error();
	BIO_free(bio);
	if (c->key != NULL)
		return 0;
	return err_set(err, ERR_TLS, encrypted ?
	    "%s: the key is encrypted (store it without a password)" :
	    "%s: the file has no private key in PEM format", path);
}

/* A certificate to show, with those between it and the authority. */
static int
load_client(struct certs *c, const char *cert, const char *key,
    struct err *err)
{
	BIO	*bio;
	X509	*x;

	if (c->cert != NULL)
		return 0;
	if ((bio = open_pem(cert, err)) == NULL)
		return -1;
	c->cert = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
	while (c->cert != NULL &&
	    (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		if (c->chain == NULL)
			c->chain = sk_X509_new_null();
		sk_X509_push(c->chain, x);
	}
	ERR_clear_error();
	BIO_free(bio);
	if (c->cert == NULL)
		return err_set(err, ERR_TLS,
		    "%s: the file has no certificate in PEM format", cert);
	if (load_key(c, key, err) == -1)
		return -1;
	if (X509_check_private_key(c->cert, c->key) == 1)
		return 0;
	ERR_clear_error();
	return err_set(err, ERR_TLS, "%s is not the key of %s", key, cert);
}

/* Does the name end so, with something before it? */
static int
ends_with(const char *name, const char *end)
{
	size_t	n = strlen(name), m = strlen(end);

	return n > m && strcmp(name + n - m, end) == 0;
}

/* X.cert and X.key of one directory: each must have the other. */
static int
load_pair(struct certs *c, const char *dir, const char *name,
    const char *suffix, const char *other, struct err *err)
{
	int	 stem = (int)(strlen(name) - strlen(suffix)), rc;
	char	*path, *mate;

	path = xasprintf("%s/%s", dir, name);
	mate = xasprintf("%s/%.*s%s", dir, stem, name, other);
	if (access(mate, F_OK) == -1)
		rc = err_set(err, ERR_TLS, "%s: %.*s%s is missing beside it",
		    path, stem, name, other);
	else
		rc = strcmp(other, ".key") == 0 || strcmp(other, "key.pem") ==
		    0 ? load_client(c, path, mate, err) : 0;
	free(path);
	free(mate);
	return rc;
}

/* One file of a directory, by its name. */
static int
load_file(struct certs *c, const char *dir, const char *name,
    struct err *err)
{
	char	*path;
	int	 rc;

	if (ends_with(name, ".crt") || strcmp(name, "ca.pem") == 0) {
		path = xasprintf("%s/%s", dir, name);
		rc = load_authorities(c, path, err);
		free(path);
		return rc;
	}
	if (ends_with(name, ".cert"))
		return load_pair(c, dir, name, ".cert", ".key", err);
	if (ends_with(name, ".key"))
		return load_pair(c, dir, name, ".key", ".cert", err);
	if (strcmp(name, "cert.pem") == 0)
		return load_pair(c, dir, name, "cert.pem", "key.pem", err);
	return 0;
}

/* A path as hosts.toml of this directory means it; owned by the caller. */
static char *
path_in(const char *dir, const char *name)
{
	return *name == '/' ? xstrdup(name) : xasprintf("%s/%s", dir, name);
}

/* A certificate to show is complete: one file of both, or two. */
static int
end_client(struct toml_certs *t, struct err *err)
{
	int	rc = 0;

	if (t->client[0] != NULL)
		rc = load_client(t->c, t->client[0], t->client[1] != NULL ?
		    t->client[1] : t->client[0], err);
	free(t->client[0]);
	free(t->client[1]);
	t->client[0] = t->client[1] = NULL;
	return rc;
}

/* client = "both.pem", or ["one.pem", …], or [["cert.pem", "key.pem"], …]. */
static int
take_client(struct toml_certs *t, const struct toml_value *v,
    struct err *err)
{
	int	second = v->depth == 2 && t->client[0] != NULL;

	t->client[second] = path_in(t->dir, v->text);
	return v->depth < 2 || second ? end_client(t, err) : 0;
}

/* Is it the host of a URL, or of a host[:port] that is reached by https? */
static int
url_is_of_host(const char *url, const char *host)
{
	char	*have, *full;
	int	 secure, same;

	full = strstr(url, "://") != NULL ? xstrdup(url) :
	    xasprintf("https://%s", url);
	have = origin_host(full, &secure);
	same = have != NULL && strcasecmp(have, host) == 0;
	free(have);
	free(full);
	return same;
}

/* One value of hosts.toml; only those of the host count. */
static int
take_value(const struct toml_value *v, void *arg, struct err *err)
{
	struct toml_certs	*t = arg;
	char			*path;
	int			 rc;

	assert(t->c != NULL && t->host != NULL);
	if (v->ntable == 0 ? !t->own : v->ntable != 2 ||
	    strcmp(v->table[0], "host") != 0 ||
	    !url_is_of_host(v->table[1], t->host))
		return 0;
	if (strcmp(v->key, "skip_verify") == 0) {
		t->c->skip_verify |= strcmp(v->text, "true") == 0;
		return 0;
	}
	if (strcmp(v->key, "client") == 0)
		return t->c->cert != NULL ? 0 : take_client(t, v, err);
	if (strcmp(v->key, "ca") != 0)
		return 0;
	path = path_in(t->dir, v->text);
	rc = load_authorities(t->c, path, err);
	free(path);
	return rc;
}

/* Only "server", which may come after the values that it is about. */
static int
take_server(const struct toml_value *v, void *arg, struct err *err)
{
	struct toml_certs	*t = arg;

	(void)err;
	assert(t->host != NULL);
	if (v->ntable == 0 && strcmp(v->key, "server") == 0)
		t->own = url_is_of_host(v->text, t->host);
	return 0;
}

/* hosts.toml of a directory; own: the directory is that of the host itself. */
static int
load_hosts_toml(struct certs *c, const char *dir, const char *host, int own,
    struct err *err)
{
	struct toml_certs	 t;
	struct buf		 b;
	char			*path = xasprintf("%s/hosts.toml", dir);
	int			 rc = 0;

	memset(&t, 0, sizeof(t));
	t.c = c;
	t.dir = dir;
	t.host = host;
	t.own = own;
	buf_init(&b, CONFIG_FILE_MAX);
	if (access(path, F_OK) == 0)
		rc = io_slurp(path, &b, err);
	if (rc == 0 && b.len > 0)
		rc = toml_read(b.data, b.len, path, take_server, &t, err);
	if (rc == 0 && b.len > 0)
		rc = toml_read(b.data, b.len, path, take_value, &t, err);
	if (rc == 0)
		rc = end_client(&t, err);
	free(t.client[0]);
	free(t.client[1]);
	buf_clear(&b);
	free(path);
	return rc;
}

/* All of a directory, in the order of the names.  1 if it exists. */
static int
load_directory(struct certs *c, const char *dir, const char *host,
    struct err *err)
{
	struct dirent	**names;
	int		  n, i, rc = 0;

	if ((n = scandir(dir, &names, NULL, alphasort)) == -1) {
		if (errno != ENOENT && errno != ENOTDIR)
			log_info("%s: %s", dir, strerror(errno));
		return 0;
	}
	log_debug("certificates for %s from %s", host, dir);
	for (i = 0; i < n; i++) {
		if (rc == 0)
			rc = load_file(c, dir, names[i]->d_name, err);
		free(names[i]);
	}
	free(names);
	if (rc == 0)
		rc = load_hosts_toml(c, dir, host, 1, err);
	return rc == -1 ? -1 : 1;
}

#define NAMES_MAX	4

/* The names that a directory for the host may have; how many. */
static size_t
names_of(const char *host, char *names[NAMES_MAX])
{
	const char	*colon = strrchr(host, ':');
	size_t		 n = 0;

	if (colon != NULL && strchr(colon, ']') != NULL)
		colon = NULL;
	names[n++] = xstrdup(host);
	if (colon == NULL) {
		names[n++] = xasprintf("%s:443", host);
		names[n++] = xasprintf("%s_443_", host);
	} else {
		names[n++] = xasprintf("%.*s_%s_", (int)(colon - host), host,
		    colon + 1);
	}
	assert(n <= NAMES_MAX);
	return n;
}

/* The directories above those of the hosts; NULL past the last. */
static char *
parent_directory(size_t i)
{
	static const char *const below_config[] = {
		"containers/certs.d", "containerd/certs.d", "docker/certs.d"
	};
	static const char *const system[] = {
		"/etc/containers/certs.d", "/etc/containerd/certs.d",
		"/etc/docker/certs.d"
	};

	if (i < 3)
		return env_config_path(below_config[i]);
	if (i == 3)
		return xasprintf("%s/.docker/certs.d", env_home());
	return i < 7 ? xstrdup(system[i - 4]) : NULL;
}

/* One parent: the directories of the host, or containerd's for all. */
static int
load_parent(struct certs *c, const char *parent, const char *host,
    char *names[], size_t n, struct err *err)
{
	char	*dir;
	size_t	 i;
	int	 rc = 0, found = 0;

	for (i = 0; i < n && rc != -1; i++) {
		dir = xasprintf("%s/%s", parent, names[i]);
		rc = load_directory(c, dir, host, err);
		found |= rc;
		free(dir);
	}
	if (rc != -1 && !found && strstr(parent, "containerd") != NULL) {
		dir = xasprintf("%s/_default", parent);
		rc = load_directory(c, dir, host, err);
		free(dir);
	}
	return rc == -1 ? -1 : 0;
}

/* What hosts.toml of another registry says of the host, its mirror. */
static int
load_as_mirror(struct certs *c, const char *parent, const char *host,
    char *names[], size_t n, struct err *err)
{
	char	*dir;
	size_t	 i;
	int	 rc = 0;

	for (i = 0; i < n && rc == 0; i++) {
		dir = xasprintf("%s/%s", parent, names[i]);
		rc = load_hosts_toml(c, dir, host, 0, err);
		free(dir);
	}
	return rc;
}

int
certs_load(struct certs *c, const char *host, const char *registry,
    struct err *err)
{
	char	*names[NAMES_MAX], *as[NAMES_MAX], *parent;
	size_t	 n, nas = 0, i;
	int	 rc = 0;

	n = names_of(host, names);
	if (registry != NULL && strcasecmp(registry, host) != 0)
		nas = names_of(registry, as);
	for (i = 0; rc == 0 && (parent = parent_directory(i)) != NULL; i++) {
		rc = load_parent(c, parent, host, names, n, err);
		if (rc == 0 && nas > 0)
			rc = load_as_mirror(c, parent, host, as, nas, err);
		free(parent);
	}
	while (n > 0)
		free(names[--n]);
	while (nas > 0)
		free(as[--nas]);
	return rc;
}

void
certs_clear(struct certs *c)
{
	sk_X509_pop_free(c->authorities, X509_free);
	X509_free(c->cert);
	sk_X509_pop_free(c->chain, X509_free);
	EVP_PKEY_free(c->key);
	memset(c, 0, sizeof(*c));
}
