/*
 * Accounts for registries, from the files and variables where docker, podman
 * and others keep them.  Helpers are named here and asked by helper.c.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/env.h"
#include "lib/base/errmsg.h"
#include "lib/base/io.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/oci/ref.h"
#include "lib/registry/creds.h"
#include "lib/text/base64.h"
#include "lib/text/json.h"

/* One place; doc is invalid if the place is not there. */
struct creds_place {
	char	*name;			/* owned: the file's path, mostly */
	jv	 doc;			/* owned */
	int	 legacy;		/* the whole document is "auths" */
};

/* What is looked at in each place, in this order. */
enum step {
	STEP_HELPERS,
	STEP_AUTHS,
	STEP_STORE,
	STEPS
};

#define PLACES_MAX	8

struct creds {
	struct creds_place places[PLACES_MAX];
	size_t		 n;
	char		*where;		/* owned: their names */
	char		**helpers;	/* owned, ends with NULL */
	size_t		 nhelpers;
};

/* Docker Hub's key, for docker and its helpers. */
#define HUB_SERVER	"https://" REF_HUB_OLD "/v1/"

static const struct json_limits limits = { 100000, 16, JSON_PLAIN };

void
account_clear(struct account *a)
{
	xwipe(&a->user);
	xwipe(&a->password);
	xwipe(&a->identity_token);
	xwipe(&a->registry_token);
	xwipe(&a->helper);
	xwipe(&a->server);
	xwipe(&a->where);
	a->store = 0;
}

int
account_is_anonymous(const struct account *a)
{
	return a->user == NULL && a->identity_token == NULL &&
	    a->registry_token == NULL;
}

/* Are both NULL, or the same text? */
static int
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

int
account_same(const struct account *a, const struct account *b)
{
	return same_text(a->user, b->user) &&
	    same_text(a->password, b->password) &&
	    same_text(a->identity_token, b->identity_token) &&
	    same_text(a->registry_token, b->registry_token);
}

/* Parse a place's text, which is wiped; an empty one is not an error. */
static int
parse_place(struct creds_place *s, struct buf *b, struct err *err)
{
	int	rc = 0;

	if (b->len > 0 && json_parse(b->data, b->len, &limits, &s->doc,
	    err) == -1)
		rc = err_wrap(err, "%s", s->name);
	else if (b->len > 0 && jv_get_kind(s->doc) != JV_KIND_OBJECT)
		rc = err_set(err, ERR_USAGE, "%s: not a JSON object",
		    s->name);
	if (b->data != NULL)
		explicit_bzero(b->data, b->len);
	return rc;
}

/* One place more, whose name is moved in. */
static struct creds_place *
add_place(struct creds *c, char *name)
{
	struct creds_place	*s = &c->places[c->n];

	assert(c->n < PLACES_MAX);
	c->n++;
	s->name = name;
	s->doc = jv_invalid();
	s->legacy = 0;
	return s;
}

/* A file; path is moved in. */
static int
add_file(struct creds *c, char *path, struct err *err)
{
	struct creds_place	*s = add_place(c, path);
	struct stat	 st;
	struct buf	 b;
	int		 rc;

	/* A file that we may not read is an error, not an anonymous user. */
	if (stat(path, &st) == -1 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	buf_init(&b, DOCKER_CONFIG_MAX);
	if ((rc = io_slurp(path, &b, err)) == 0)
		rc = parse_place(s, &b, err);
	buf_clear(&b);
	return rc;
}

/*
 * The place of the machine, which nobody named: /run/containers is closed to
 * others where root's podman made it.
 */
static int
add_runtime(struct creds *c, struct err *err)
{
	char	*path = xasprintf("/run/containers/%lu/auth.json",
		    (unsigned long)getuid());

	if (access(path, F_OK) == -1 && errno == EACCES) {
		free(path);
		return 0;
	}
	return add_file(c, path, err);
}

/* The text of a variable, as GitLab's runners and newer docker have it. */
static int
add_variable(struct creds *c, const char *name, struct err *err)
{
	const char	*text = env_get(name);
	struct buf	 b;
	int		 rc;

	if (text == NULL)
		return 0;
	buf_init(&b, DOCKER_CONFIG_MAX);
	if (buf_adds(&b, text) == -1)
		return err_set(err, ERR_LIMIT, "%s is too long", name);
	rc = parse_place(add_place(c, xasprintf("$%s", name)), &b, err);
	buf_clear(&b);
	return rc;
}

/* All places where credentials may be, the first to be asked first. */
static int
creds_add_all(struct creds *c, const char *auth_file, struct err *err)
{
	const char	*docker = env_get("DOCKER_CONFIG");
	const char	*runtime = env_get("XDG_RUNTIME_DIR");
	int		 rc = 0;

	if (auth_file != NULL)
		rc = add_file(c, xstrdup(auth_file), err);
	if (rc == 0)
		rc = add_variable(c, "DOCKER_AUTH_CONFIG", err);
	if (rc == 0 && docker != NULL)
		rc = add_file(c, xasprintf("%s/config.json", docker), err);
	if (rc == 0)
		rc = runtime == NULL ? add_runtime(c, err) : add_file(c,
		    xasprintf("%s/containers/auth.json", runtime), err);
	if (rc == 0)
		rc = add_file(c, env_config_path("containers/auth.json"),
		    err);
	if (rc == 0 && docker == NULL)
		rc = add_file(c, xasprintf("%s/.docker/config.json",
		    env_home()), err);
	if (rc == 0) {
		rc = add_file(c, xasprintf("%s/.dockercfg", env_home()),
		    err);
		c->places[c->n - 1].legacy = 1;
	}
	return rc;
}

/* Remember a helper, once: the broker starts those that are named. */
static void
note_helper(struct creds *c, const char *name)
{
	size_t	i;

	for (i = 0; i < c->nhelpers; i++)
		if (strcmp(c->helpers[i], name) == 0)
			return;
	c->helpers = xreallocarray(c->helpers, c->nhelpers + 2,
	    sizeof(*c->helpers));
	c->helpers[c->nhelpers++] = xstrdup(name);
	c->helpers[c->nhelpers] = NULL;
}

/* The same for a value of JSON, freed here, that is a text and not empty. */
static void
note_helper_jv(struct creds *c, jv name)
{
	if (jv_get_kind(name) == JV_KIND_STRING &&
	    *jv_string_value(name) != '\0')
		note_helper(c, jv_string_value(name));
	jv_free(name);
}

/* All helpers that a document names. */
static void
note_helpers(struct creds *c, jv doc)
{
	jv	helpers = json_get(doc, "credHelpers");

	if (jv_get_kind(helpers) == JV_KIND_OBJECT) {
		jv_object_foreach(helpers, k, v) {
			jv_free(k);
			note_helper_jv(c, v);
		}
	}
	jv_free(helpers);
	note_helper_jv(c, json_get(doc, "credsStore"));
}

int
creds_load(struct creds **out, const char *auth_file, struct err *err)
{
	struct creds	*c = xcalloc(1, sizeof(*c));
	struct buf	 b;
	size_t		 i;

	if (creds_add_all(c, auth_file, err) == -1) {
		creds_free(c);
		return -1;
	}
	buf_init(&b, ERR_MSG_MAX);
	for (i = 0; i < c->n; i++)
		buf_addf(&b, "%s%s", i == 0 ? "" : ", ", c->places[i].name);
	c->where = buf_detach(&b);
	for (i = 0; i < c->n; i++)
		if (jv_get_kind(c->places[i].doc) == JV_KIND_OBJECT)
			note_helpers(c, c->places[i].doc);
	*out = c;
	return 0;
}

void
creds_free(struct creds *c)
{
	size_t	i;

	if (c == NULL)
		return;
	for (i = 0; i < c->n; i++) {
		jv_free(c->places[i].doc);
		free(c->places[i].name);
	}
	for (i = 0; i < c->nhelpers; i++)
		free(c->helpers[i]);
	free(c->helpers);
	free(c->where);
	free(c);
}

const char *const *
creds_helpers(const struct creds *c)
{
	static const char *const	none[] = { NULL };

	return c->nhelpers > 0 ? (const char *const *)c->helpers : none;
}

const char *
creds_where(const struct creds *c)
{
	return c->where;
}

const char *
creds_place(const struct creds *c, size_t n, int *present)
{
	if (n >= c->n)
		return NULL;
	*present = jv_get_kind(c->places[n].doc) == JV_KIND_OBJECT;
	return c->places[n].name;
}

/*
 * How well a key of "auths" fits: 0 not at all, else the better the longer the
 * path that it names.  Keys may have a scheme, and Hub's has an API path; the
 * bare host is better than those.
 */
static size_t
how_well_fits(const char *key, const char *host, const char *repo)
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
	    !(ref_is_hub(key, n) && ref_is_hub(host, strlen(host))))
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
		f = how_well_fits(jv_string_value(k), host, repo);
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
		xwipe(&pair);
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

/* A member's text, owned by the caller; NULL if it is empty or not there. */
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

/* An entry of "auths": whatever it holds. */
static int
read_account(struct account *a, jv entry, const char *key, const char *where,
    struct err *err)
{
	char	*auth = text_of(entry, "auth");
	int	 rc = 0;

	a->identity_token = text_of(entry, "identitytoken");
	a->registry_token = text_of(entry, "registrytoken");
	if (auth != NULL)
		rc = read_auth(a, auth, key, where, err);
	xwipe(&auth);
	if (a->user == NULL) {
		a->user = text_of(entry, "username");
		a->password = text_of(entry, "password");
	}
	return rc;
}

/* What a helper of credHelpers or credsStore is asked for. */
static char *
server_for(const char *host, const char *key)
{
	if (ref_is_hub(host, strlen(host)))
		return xstrdup(HUB_SERVER);
	return xstrdup(key != NULL ? key : host);
}

/* The helper to ask; name and server are moved in. */
static int
set_helper(struct account *a, const struct creds_place *s, char *name,
    char *server, struct err *err)
{
	a->helper = name;
	a->server = server;
	a->where = xasprintf("%s, credential helper %s", s->name, name);
	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRS"
	    "TUVWXYZ0123456789._-")] == '\0')
		return 0;
	return err_set(err, ERR_USAGE, "%s: \"%.60s\" is not a valid name "
	    "of a credential helper", s->name, name);
}

/* The program that credHelpers names for the host. */
static int
find_helper(struct creds_place *s, const char *host, const char *repo,
    struct account *a, struct err *err)
{
	jv	 helpers = json_get(s->doc, "credHelpers"), best;
	char	*name = NULL, *key;
	int	 rc = 0;

	best = best_member(helpers, host, repo, &key);
	if (key != NULL)
		name = text_of(helpers, key);
	if (name != NULL)
		rc = set_helper(a, s, name, server_for(host, key), err);
	free(key);
	jv_free(best);
	jv_free(helpers);
	return rc;
}

/* What "auths" has for the host and the repository. */
static int
find_entry(struct creds_place *s, const char *host, const char *repo,
    struct account *a, struct err *err)
{
	jv	 auths, best;
	char	*key;
	int	 rc = 0;

	auths = s->legacy ? jv_copy(s->doc) : json_get(s->doc, "auths");
	best = best_member(auths, host, repo, &key);
	jv_free(auths);
	if (key != NULL)
		rc = read_account(a, best, key, s->name, err);
	jv_free(best);
	if (rc == 0 && !account_is_anonymous(a))
		a->where = xstrdup(s->name);
	free(key);
	return rc;
}

/* The helper for all hosts that have no other. */
static int
find_store(struct creds_place *s, const char *host, struct account *a,
    struct err *err)
{
	char	*name = text_of(s->doc, "credsStore");

	if (name == NULL)
		return 0;
	a->store = 1;
	return set_helper(a, s, name, server_for(host, NULL), err);
}

int
creds_next(struct creds *c, const char *host, const char *repo,
    struct account *a, struct err *err)
{
	struct creds_place	*s;
	int		 rc = 0;

	assert(c->n <= PLACES_MAX);
	account_clear(a);
	while (rc == 0 && a->where == NULL && a->next < c->n * STEPS) {
		s = &c->places[a->next / STEPS];
		if (jv_get_kind(s->doc) == JV_KIND_OBJECT) {
			switch ((enum step)(a->next % STEPS)) {
			case STEP_HELPERS:
				rc = find_helper(s, host, repo, a, err);
				break;
			case STEP_AUTHS:
				rc = find_entry(s, host, repo, a, err);
				break;
			case STEP_STORE:
				rc = find_store(s, host, a, err);
				break;
			case STEPS:
				break;
			}
		}
		a->next++;
	}
	if (rc == -1)
		account_clear(a);
	assert(rc == -1 || a->where != NULL || a->next == c->n * STEPS);
	return rc;
}

int
creds_find(struct creds *c, const char *host, const char *repo,
    struct account *a, struct err *err)
{
	memset(a, 0, sizeof(*a));
	return creds_next(c, host, repo, a, err);
}
