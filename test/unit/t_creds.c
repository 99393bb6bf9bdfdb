#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/errmsg.h"
#include "lib/registry/creds.h"
#include "lib/text/base64.h"
#include "test/unit/tap.h"

static char		dir[] = "/tmp/acedt-t_creds-XXXXXX";
static char		file[64];
static struct account	a;
static struct err	err;

static void
put(const char *text)
{
	FILE	*f = fopen(file, "w");

	if (f == NULL || fputs(text, f) == EOF || fclose(f) == EOF)
		ok(0, "writing %s", file);
}

/* Look up in a file of that text; the account is in a. */
static int
find(const char *text, const char *host, const char *repo)
{
	struct creds	*c;
	int		 rc;

	account_clear(&a);
	memset(&err, 0, sizeof(err));
	put(text);
	if (creds_load(&c, NULL, &err) == -1)
		return -2;
	rc = creds_find(c, host, repo, &a, &err);
	creds_free(c);
	return rc;
}

static int
is_anonymous(void)
{
	return a.user == NULL && a.password == NULL &&
	    a.identity_token == NULL && a.registry_token == NULL;
}

/* {"auths":{KEY:{"auth":base64 of the pair}}} */
static int
find_auth(const char *pair, size_t len)
{
	char	text[512], *b64 = base64_encode(pair, len);

	snprintf(text, sizeof(text), "{\"auths\":{\"r.example\":{\"auth\":"
	    "\"%s\"}}}", b64);
	free(b64);
	return find(text, "r.example", "x");
}

static void
test_auth(void)
{
	is_int(find_auth("me:pa:ss", 8), 0);
	is_str(a.user, "me");
	is_str(a.password, "pa:ss");
	is_int(find_auth("me:pass\0\0", 9), 0);
	is_str(a.password, "pass");
	is_int(find_auth("me:", 3), 0);
	is_str(a.user, "me");
	is_str(a.password, "");
	is_int(find_auth("no colon", 8), -1);
	ok(strstr(err.msg, "user:password") && strstr(err.msg, file) &&
	    strstr(err.msg, "r.example"), "%s", err.msg);
	ok(strstr(err.msg, "no colon") == NULL, "the secret is not shown");
	ok(is_anonymous(), "nothing left of it");
	is_int(find_auth("a\0b:c", 5), -1);
	is_int(find("{\"auths\":{\"r.example\":{\"auth\":\"!!\"}}}",
	    "r.example", "x"), -1);
	ok(strstr(err.msg, "not base64") != NULL, "%s", err.msg);
	is_int(find("{\"auths\":{\"r.example\":{\"auth\":\"\",\"username\":"
	    "\"u\",\"password\":\"p\"}}}", "r.example", "x"), 0);
	is_str(a.user, "u");
	is_str(a.password, "p");
	/* "auth" wins over both. */
	is_int(find("{\"auths\":{\"r.example\":{\"auth\":\"bWU6cA==\","
	    "\"username\":\"u\",\"password\":\"q\",\"identitytoken\":\"it\","
	    "\"registrytoken\":\"rt\"}}}", "r.example", "x"), 0);
	is_str(a.user, "me");
	is_str(a.password, "p");
	is_str(a.identity_token, "it");
	is_str(a.registry_token, "rt");
}

#define U(key, user)	"\"" key "\":{\"username\":\"" user \
	"\",\"password\":\"p\"}"

static void
test_keys(void)
{
	static const char	many[] = "{\"auths\":{"
	    U("https://r.example/v1/", "legacy") "," U("r.example", "bare") ","
	    U("r.example/team", "team") "," U("r.example/team/app", "app") ","
	    U("r.example:5000", "port") "}}";
	static const char	hub[] = "{\"auths\":{"
	    U("https://index.docker.io/v1/", "hub") "}}";

	is_int(find(many, "r.example", "other"), 0);
	is_str(a.user, "bare");
	find(many, "r.example", "team/x");
	is_str(a.user, "team");
	find(many, "r.example", "team");
	is_str(a.user, "team");
	find(many, "r.example", "teams/x");
	is_str(a.user, "bare");
	find(many, "r.example", "team/app");
	is_str(a.user, "app");
	find(many, "r.example", "team/app/y");
	is_str(a.user, "app");
	find(many, "r.example:5000", "team/app");
	is_str(a.user, "port");
	find(many, "R.Example", "x");
	is_str(a.user, "bare");
	is_int(find(many, "r.example.org", "x"), 0);
	ok(is_anonymous(), "another host");
	is_int(find(many, "example", "x"), 0);
	ok(is_anonymous(), "part of a host");

	find("{\"auths\":{" U("https://r.example/v1/", "legacy") "}}",
	    "r.example", "x");
	is_str(a.user, "legacy");
	find("{\"auths\":{" U("http://r.example", "scheme") "}}",
	    "r.example", "x");
	is_str(a.user, "scheme");
	find(hub, "docker.io", "library/busybox");
	is_str(a.user, "hub");
	find(hub, "registry-1.docker.io", "x");
	is_str(a.user, "hub");
	find(hub, "index.docker.io", "x");
	is_str(a.user, "hub");
	find("{\"auths\":{" U("docker.io", "podman") "}}", "docker.io", "x");
	is_str(a.user, "podman");
	find("{\"auths\":{" U("docker.io/me", "path") "}}", "docker.io",
	    "me/x");
	is_str(a.user, "path");
	find(hub, "notdocker.io", "x");
	ok(is_anonymous(), "not the Hub");
}

/* Look up in a file of that text: which helper is to be asked for what? */
static void
helper(const char *text, const char *host, const char *name,
    const char *server, int store)
{
	is_int(find(text, host, "team/x"), 0);
	ok(is_anonymous(), "not known yet");
	if (!ok(a.helper != NULL && a.server != NULL, "a helper"))
		return;
	is_str(a.helper, name);
	is_str(a.server, server);
	is_int(a.store, store);
	ok(strstr(a.where, file) && strstr(a.where, name), "%s", a.where);
}

static void
test_helpers(void)
{
	struct creds	*c;

	helper("{\"auths\":{\"r.example\":{}},\"credsStore\":\"desktop\"}",
	    "r.example", "desktop", "r.example", 1);
	helper("{\"credsStore\":\"desktop\"}", "o.example:5000", "desktop",
	    "o.example:5000", 1);
	helper("{\"credsStore\":\"desktop\"}", "docker.io", "desktop",
	    "https://index.docker.io/v1/", 1);
	helper("{\"credHelpers\":{\"r.example\":\"ecr\"}}", "r.example",
	    "ecr", "r.example", 0);
	helper("{\"credHelpers\":{\"https://index.docker.io/v1/\":"
	    "\"pass\"}}", "docker.io", "pass",
	    "https://index.docker.io/v1/", 0);
	helper("{\"credHelpers\":{\"r.example\":\"a\","
	    "\"r.example/team\":\"b\"}}", "r.example", "b",
	    "r.example/team", 0);
	is_int(find("{\"credHelpers\":{\"r.example\":\"ecr\"}}",
	    "other.example", "x"), 0);
	ok(is_anonymous() && a.helper == NULL, "a helper of another host");
	is_int(find("{\"credHelpers\":{\"r.example\":\"../x\"}}",
	    "r.example", "x"), -1);
	ok(strstr(err.msg, "../x") != NULL, "%s", err.msg);
	is_int(find("{\"auths\":{\"r.example\":{}}}", "r.example", "x"), 0);
	ok(is_anonymous(), "an entry without content");

	/* Helper of the host, entry, helper of all, next file: in turn. */
	account_clear(&a);
	put("{\"auths\":{" U("r.example", "u") "},\"credsStore\":\"s\","
	    "\"credHelpers\":{\"r.example\":\"ecr\"}}");
	creds_load(&c, NULL, &err);
	creds_find(c, "r.example", "x", &a, &err);
	is_str(a.helper, "ecr");
	creds_next(c, "r.example", "x", &a, &err);
	is_str(a.user, "u");
	creds_next(c, "r.example", "x", &a, &err);
	ok(a.user == NULL, "not the account before");
	is_str(a.helper, "s");
	creds_next(c, "r.example", "x", &a, &err);
	ok(is_anonymous() && a.helper == NULL && a.where == NULL, "no more");
	account_clear(&a);
	creds_free(c);
}

/* What is wrong with the file is said without what is in it. */
static void
test_quoting(void)
{
	is_int(find("{\"auths\":{\"r.example\":{\"auth\":\"c2VjcmV0OnB3\"}},"
	    "\"x\":\"\\ud800\"}", "r.example", "x"), -2);
	ok(strstr(err.msg, "c2VjcmV0") == NULL && strstr(err.msg, file),
	    "%s", err.msg);
}

static void
test_same(void)
{
	struct account	x, y;

	memset(&x, 0, sizeof(x));
	find("{\"auths\":{" U("r.example", "u") "}}", "r.example", "x");
	y = a;
	memset(&a, 0, sizeof(a));
	find("{\"auths\":{" U("r.example", "u") "}}", "r.example", "x");
	ok(account_same(&a, &y) && !account_same(&a, &x) &&
	    account_same(&x, &x), "who is who");
	free(y.password);
	y.password = NULL;
	ok(!account_same(&a, &y), "another password");
	account_clear(&y);
	ok(account_is_anonymous(&y) && !account_is_anonymous(&a), "nobody");
}

static void
test_files(void)
{
	static const char *const	broken[] = {
		"{", "[]", "null", "{}x", "{\"a\":nan}", "\xef\xbb\xbf{}",
		"{\"auths\":{\"\xff\":{}}}"
	};
	static const char *const	odd[] = {
		"", "{}", "{\"auths\":null}", "{\"auths\":[]}",
		"{\"auths\":{\"r.example\":7}}",
		"{\"auths\":{\"r.example\":{\"auth\":7,\"username\":[]}}}",
		"{\"credHelpers\":7,\"credsStore\":{}}",
		"{\"auths\":{\"\":{}, \"/\":{}, \"https://\":{}}}"
	};
	struct creds	*c;
	char		 other[64];
	size_t		 i;
	int		 present;

	for (i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		is_int(find(broken[i], "r.example", "x"), -2);
		ok(strstr(err.msg, file) != NULL, "%s", err.msg);
	}
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		is_int(find(odd[i], "r.example", "x"), 0);
		ok(is_anonymous(), "nobody: %s", odd[i]);
	}
	unlink(file);
	is_int(creds_load(&c, NULL, &err), 0);
	ok(strstr(creds_where(c), file) != NULL, "%s", creds_where(c));
	is_int(creds_find(c, "r.example", "x", &a, &err), 0);
	ok(is_anonymous(), "no file, no account");
	creds_free(c);
	creds_free(NULL);

	snprintf(other, sizeof(other), "%s/other.json", dir);
	put("{\"auths\":{" U("r.example", "mine") "}}");
	rename(file, other);
	put("{\"auths\":{" U("r.example", "docker") "}}");
	if (ok(creds_load(&c, other, &err) == 0, "a named file")) {
		ok(strncmp(creds_where(c), other, strlen(other)) == 0,
		    "%s", creds_where(c));
		ok(creds_place(c, 0, &present) != NULL && present &&
		    creds_place(c, 20, &present) == NULL, "places");
		is_int(creds_find(c, "r.example", "x", &a, &err), 0);
		is_str(a.user, "mine");
		account_clear(&a);
		ok(is_anonymous(), "clear");
		creds_free(c);
	}
	unlink(other);
	is_int(creds_load(&c, dir, &err), -1);
	ok(strstr(err.msg, dir) != NULL, "%s", err.msg);
}

/* Below dir: text in a file of a folder that is made, and who is found. */
static void
in_place(const char *variable, const char *folder, const char *name,
    const char *text, const char *user)
{
	struct creds	*c;
	char		 all[160], path[160];

	unsetenv("DOCKER_CONFIG");
	setenv("HOME", dir, 1);
	if (variable != NULL)
		setenv(variable, dir, 1);
	snprintf(all, sizeof(all), "mkdir -p '%s/%s'", dir, folder);
	is_int(system(all), 0);
	put(text);
	snprintf(path, sizeof(path), "%s/%s%s%s", dir, folder,
	    *folder != '\0' ? "/" : "", name);
	rename(file, path);
	if (ok(creds_load(&c, NULL, &err) == 0, "%s", path)) {
		is_int(creds_find(c, "r.example", "x", &a, &err), 0);
		ok(a.user != NULL && strcmp(a.user, user) == 0, "%s", user);
		is_str(a.where, path);
		account_clear(&a);
		creds_free(c);
	}
	unlink(path);
	snprintf(all, sizeof(all), "cd '%s' && rmdir -p %s", dir, folder);
	if (*folder != '\0')
		is_int(system(all), 0);
	if (variable != NULL)
		unsetenv(variable);
}

static void
test_places(void)
{
	struct creds	*c;

	in_place(NULL, ".docker", "config.json", "{\"auths\":{"
	    U("r.example", "docker") "}}", "docker");
	in_place("XDG_RUNTIME_DIR", "containers", "auth.json", "{\"auths\":{"
	    U("r.example", "run") "}}", "run");
	in_place(NULL, ".config/containers", "auth.json", "{\"auths\":{"
	    U("r.example", "podman") "}}", "podman");
	in_place("XDG_CONFIG_HOME", "containers", "auth.json", "{\"auths\":{"
	    U("r.example", "xdg") "}}", "xdg");
	in_place(NULL, "", ".dockercfg", "{" U("r.example", "old") "}",
	    "old");
	setenv("DOCKER_AUTH_CONFIG", "{\"auths\":{" U("r.example", "env")
	    "}}", 1);
	if (ok(creds_load(&c, NULL, &err) == 0, "DOCKER_AUTH_CONFIG")) {
		creds_find(c, "r.example", "x", &a, &err);
		is_str(a.user, "env");
		account_clear(&a);
		creds_free(c);
	}
	setenv("DOCKER_AUTH_CONFIG", "{", 1);
	is_int(creds_load(&c, NULL, &err), -1);
	ok(strstr(err.msg, "DOCKER_AUTH_CONFIG") != NULL, "%s", err.msg);
	unsetenv("DOCKER_AUTH_CONFIG");
}

static void
test_home(void)
{
	struct creds	*c;
	char		 docker[64], path[96];

	unsetenv("DOCKER_CONFIG");
	setenv("HOME", dir, 1);
	snprintf(docker, sizeof(docker), "%s/.docker", dir);
	snprintf(path, sizeof(path), "%s/config.json", docker);
	mkdir(docker, 0700);
	put("{\"auths\":{" U("r.example", "home") "}}");
	rename(file, path);
	if (ok(creds_load(&c, NULL, &err) == 0, "~/.docker")) {
		ok(strstr(creds_where(c), path) != NULL, "%s",
		    creds_where(c));
		is_int(creds_find(c, "r.example", "x", &a, &err), 0);
		is_str(a.user, "home");
		account_clear(&a);
		creds_free(c);
	}
	unlink(path);
	rmdir(docker);
}

int
main(void)
{
	if (!ok(mkdtemp(dir) != NULL, "directory"))
		return tap_end();
	snprintf(file, sizeof(file), "%s/config.json", dir);
	setenv("DOCKER_CONFIG", dir, 1);
	setenv("HOME", dir, 1);
	test_auth();
	test_keys();
	test_helpers();
	test_same();
	test_quoting();
	test_files();
	test_home();
	test_places();
	account_clear(&a);
	unlink(file);
	ok(rmdir(dir) == 0, "nothing is left behind");
	return tap_end();
}
