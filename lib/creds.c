#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "lib/base64.h"
#include "lib/buf.h"
#include "lib/creds.h"
#include "lib/errmsg.h"
#include "lib/io.h"
#include "lib/json.h"
#include "lib/limits.h"
#include "lib/xalloc.h"

struct creds {
	char	*where;			/* owned: the file */
	jv	 doc;			/* owned: what it holds, or invalid */
};

static const struct json_limits limits = { 100000, 16, JSON_PLAIN };

static void
wipe(char **s)
{
	if (*s != NULL)
		explicit_bzero(*s, strlen(*s));
	free(*s);
	*s = NULL;
}

void
account_clear(struct account *a)
{
	wipe(&a->user);
	wipe(&a->password);
	wipe(&a->identity_token);
	wipe(&a->registry_token);
}

static char *
default_file(void)
{
	const char	*dir = getenv("DOCKER_CONFIG"), *home;

	if (dir != NULL && *dir != '\0')
		return xasprintf("%s/config.json", dir);
	home = getenv("HOME");
	return xasprintf("%s/.docker/config.json", home != NULL ? home : "");
}

int
creds_load(struct creds **out, const char *auth_file, struct err *err)
{
	struct creds	*c = xcalloc(1, sizeof(*c));
	struct buf	 b;
	struct stat	 st;
	int		 rc = 0;

	c->doc = jv_invalid();
	c->where = auth_file != NULL ? xstrdup(auth_file) : default_file();
	buf_init(&b, DOCKER_CONFIG_MAX);
	/* One that we may not look at is an error, not an anonymous user. */
	if (stat(c->where, &st) == 0 ||
	    (errno != ENOENT && errno != ENOTDIR)) {
		rc = io_slurp(c->where, &b, err);
		if (rc == 0 && b.len > 0 && (rc = json_parse(b.data, b.len,
		    &limits, &c->doc, err)) == -1)
			err_wrap(err, "%s", c->where);
		if (rc == 0 && b.len > 0 &&
		    jv_get_kind(c->doc) != JV_KIND_OBJECT)
			rc = err_set(err, ERR_USAGE,
			    "%s: it is no JSON object", c->where);
		if (b.data != NULL)
			explicit_bzero(b.data, b.len);
	}
	buf_clear(&b);
	if (rc == -1) {
		creds_free(c);
		return -1;
	}
	*out = c;
	return 0;
}

void
creds_free(struct creds *c)
{
	if (c == NULL)
		return;
	jv_free(c->doc);
	free(c->where);
	free(c);
}

const char *
creds_where(const struct creds *c)
{
	return c->where;
}

/* Docker Hub's names: docker stores the second, podman the first. */
static int
is_hub(const char *host, size_t n)
{
	static const char *const names[] = {
		"docker.io", "index.docker.io", "registry-1.docker.io"
	};
	size_t	i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == n &&
		    strncasecmp(names[i], host, n) == 0)
			return 1;
	return 0;
}

/*
 * How well a key of "auths" fits: 0 not at all, else the more the longer the
 * path that it names.  Keys may have a scheme, and Hub's has an API path; the
 * bare host is better than those.
 */
static size_t
fit(const char *key, const char *host, const char *repo)
{
	size_t	n, m;

	if (strcasecmp(key, host) == 0)
		return 2;
	if (strncasecmp(key, "https://", 8) == 0)
		key += 8;
	else if (strncasecmp(key, "http://", 7) == 0)
		key += 7;
	n = strcspn(key, "/");
	if ((n != strlen(host) || strncasecmp(key, host, n) != 0) &&
	    !(is_hub(key, n) && is_hub(host, strlen(host))))
		return 0;
	key += n;
	while (*key == '/')
		key++;
	if (*key == '\0' || strcmp(key, "v1/") == 0 ||
	    strcmp(key, "v1") == 0 || strcmp(key, "v2/") == 0 ||
	    strcmp(key, "v2") == 0)
		return 1;
	m = strlen(key);
	while (m > 0 && key[m - 1] == '/')
		m--;
	if (strncmp(repo, key, m) == 0 && (repo[m] == '/' || repo[m] == '\0'))
		return 2 + m;
	return 0;
}

/*
 * The member of an object whose name fits best; invalid if none does.  *key is
 * its name then, which the caller frees.
 */
static jv
best_member(jv obj, const char *host, const char *repo, char **key)
{
	jv	best = jv_invalid();
	size_t	best_fit = 0, f;

	*key = NULL;
	if (jv_get_kind(obj) != JV_KIND_OBJECT)
		return best;
	jv_object_foreach(obj, k, v) {
		f = fit(jv_string_value(k), host, repo);
		if (f > best_fit) {
			best_fit = f;
			free(*key);
			*key = xstrdup(jv_string_value(k));
			jv_free(best);
			best = jv_copy(v);
		}
		jv_free(k);
		jv_free(v);
	}
	return best;
}

/* "user:password" in base64, as "docker login" writes it. */
static int
read_auth(struct account *a, const char *text, const char *key,
    const char *where, struct err *err)
{
	char	*pair, *colon;
	size_t	 len;

	if ((pair = base64_decode(text, strlen(text), &len)) == NULL)
		return err_set(err, ERR_USAGE, "%s: auths[\"%s\"].auth is not "
		    "base64", where, key);
	/* Some programs padded it with NUL bytes. */
	while (len > 0 && pair[len - 1] == '\0')
		len--;
	if (memchr(pair, '\0', len) != NULL ||
	    (colon = memchr(pair, ':', len)) == NULL) {
		wipe(&pair);
		return err_set(err, ERR_USAGE, "%s: auths[\"%s\"].auth is not "
		    "user:password", where, key);
	}
	a->user = xmemdup0(pair, (size_t)(colon - pair));
	a->password = xmemdup0(colon + 1,
	    len - (size_t)(colon + 1 - pair));
	explicit_bzero(pair, len);
	free(pair);
	return 0;
}

/* An empty string is as good as none. */
static char *
text_of(jv obj, const char *name)
{
	char	*s = json_str(obj, name);

	if (s != NULL && *s == '\0') {
		free(s);
		s = NULL;
	}
	return s;
}

static int
read_entry(struct account *a, jv entry, const char *key, const char *where,
    struct err *err)
{
	char	*auth = text_of(entry, "auth");
	int	 rc = 0;

	a->identity_token = text_of(entry, "identitytoken");
	a->registry_token = text_of(entry, "registrytoken");
	if (auth != NULL)
		rc = read_auth(a, auth, key, where, err);
	wipe(&auth);
	if (a->user == NULL) {
		a->user = text_of(entry, "username");
		a->password = text_of(entry, "password");
	}
	return rc;
}

/*
 * Which helper program has the account: the one of credHelpers, or where docker
 * left an entry without content, that of credsStore.
 */
static char *
helper_for(const struct creds *c, const char *host, const char *repo,
    int has_entry)
{
	jv	 helpers = json_get(c->doc, "credHelpers"), best;
	char	*name = NULL, *key;

	best = best_member(helpers, host, repo, &key);
	if (key != NULL)
		name = text_of(helpers, key);
	free(key);
	jv_free(best);
	jv_free(helpers);
	if (name == NULL && has_entry)
		name = text_of(c->doc, "credsStore");
	return name;
}

int
creds_find(struct creds *c, const char *host, const char *repo,
    struct account *a, struct err *err)
{
	jv	 auths, best;
	char	*key, *helper;
	int	 rc = 0;

	memset(a, 0, sizeof(*a));
	auths = json_get(c->doc, "auths");
	best = best_member(auths, host, repo, &key);
	jv_free(auths);
	if (key != NULL)
		rc = read_entry(a, best, key, c->where, err);
	jv_free(best);
	if (rc == 0 && a->user == NULL && a->identity_token == NULL &&
	    a->registry_token == NULL && (helper = helper_for(c, host, repo,
	    key != NULL)) != NULL) {
		rc = err_set(err, ERR_USAGE, "%s: the account for %s is in "
		    "the credential helper \"%s\", which is not asked yet; "
		    "put it into a file of its own: DOCKER_CONFIG=DIR docker "
		    "login %s", c->where, host, helper, host);
		free(helper);
	}
	free(key);
	if (rc == -1)
		account_clear(a);
	return rc;
}
