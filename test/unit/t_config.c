#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/program/config.h"
#include "test/unit/tap.h"

static char		dir[] = "/tmp/acedt-t_config-XXXXXX";
static char		file[64], warnings[4096];
static struct config	c;
static struct err	err;

static void
put(const char *text)
{
	FILE	*f = fopen(file, "w");

	if (f == NULL || fputs(text, f) == EOF || fclose(f) == EOF)
		ok(0, "writing %s", file);
}

/* Load with standard error going to a file, for the warnings. */
static int
load_paths(const char *const *paths, size_t n)
{
	char	out[64];
	ssize_t	got;
	int	fd, saved, rc;

	config_clear(&c);
	memset(&err, 0, sizeof(err));
	snprintf(out, sizeof(out), "%s/stderr", dir);
	fd = open(out, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	saved = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
	rc = config_load(&c, paths, n, &err);
	dup2(saved, STDERR_FILENO);
	close(saved);
	got = pread(fd, warnings, sizeof(warnings) - 1, 0);
	warnings[got > 0 ? got : 0] = '\0';
	close(fd);
	unlink(out);
	return rc;
}

static int
load(const char *text)
{
	const char	*path = file;

	put(text);
	return load_paths(&path, 1);
}

static const struct endpoint *
endpoint(const char *host, size_t i)
{
	const struct registry_config	*rc = registries_find(&c.registries, host);

	return i < rc->nendpoints ? &rc->endpoints[i] : NULL;
}

/* An error that says all of these. */
static void
bad(const char *text, const char *place, const char *what)
{
	int	rc = load(text);

	ok(rc == -1 && strstr(err.msg, place) && strstr(err.msg, what) &&
	    strstr(err.msg, file), "%s", rc == -1 ? err.msg : text);
}

static void
test_all(void)
{
	const struct registry_config	*rc;

	is_int(load("# what the Go program writes\n"
	    "apiVersion: config.dt.act3-ace.io/v1alpha1\n"
	    "kind: Configuration\n"
	    "compressionLevel: min\n"
	    "telemetry: []\n"
	    "editor: vi\n"
	    "hideHints: true\n"
	    "concurrentHTTP: 12\n"
	    "chunkSize: 5Mi\n"
	    "cachePath: /var/cache/x\n"
	    "registryAuthFile: \"/a b\"\n"
	    "registryConfig:\n"
	    "  registries:\n"
	    "    docker.io:\n"
	    "      endpoints:\n"
	    "      - http://127.0.0.1:5000/hub/\n"
	    "      - mirror.example\n"
	    "      - https://r.example/v2\n"
	    "      rewritePull:\n"
	    "        \"^library/(.*)\": \"hub/$1\"\n"
	    "        \"^a\": b\n"
	    "      noncompliant: true\n"
	    "    r.example: {}\n"
	    "  endpointConfig:\n"
	    "    http://127.0.0.1:5000/hub:\n"
	    "      supportsReferrers: tag\n"
	    "    https://r.example:\n"
	    "      tls: {insecureSkipVerify: true}\n"
	    "      supportsReferrers: true\n"), 0);
	ok(strstr(warnings, "/a b, named for credentials, is not there") !=
	    NULL, "%s", warnings);
	is_str(c.file, file);
	is_int(c.concurrent_http, 12);
	is_int(c.chunk_size, 5 * 1024 * 1024);
	is_str(c.cache_path, "/var/cache/x");
	is_str(c.auth_file, "/a b");
	rc = registries_find(&c.registries, "docker.io");
	is_int((long long)rc->nendpoints, 3);
	is_str(rc->endpoints[0].scheme, "http");
	is_str(rc->endpoints[0].host, "127.0.0.1:5000");
	is_str(rc->endpoints[0].path, "/hub");
	is_int(rc->endpoints[0].supports_referrers, 0);
	is_int(rc->endpoints[0].insecure, 0);
	is_str(rc->endpoints[1].scheme, "https");
	is_str(rc->endpoints[1].host, "mirror.example");
	is_str(rc->endpoints[1].path, "");
	is_int(rc->endpoints[1].supports_referrers, -1);
	is_str(rc->endpoints[2].path, "");
	is_int(rc->endpoints[2].insecure, 1);
	is_int((long long)rc->nrewrites, 2);
	is_str(rc->rewrites[0].pattern, "^library/(.*)");
	is_str(rc->rewrites[0].replacement, "hub/$1");
	is_str(rc->rewrites[1].pattern, "^a");
	is_int(rc->noncompliant, 1);
	is_str(endpoint("r.example", 0)->host, "r.example");
	is_int(endpoint("r.example", 0)->insecure, 1);
	is_int(endpoint("r.example", 0)->supports_referrers, 1);
	ok(endpoint("r.example", 1) == NULL, "one endpoint");
	is_int(registries_find(&c.registries, "r.example")->noncompliant, 0);
}

static void
test_registry(void)
{
	const struct registry_config	*one, *other;

	is_int(load(""), 0);
	one = registries_find(&c.registries, "reg.example:5000");
	is_str(one->host, "reg.example:5000");
	is_str(one->endpoints[0].scheme, "https");
	is_str(one->endpoints[0].host, "reg.example:5000");
	is_str(one->endpoints[0].path, "");
	is_int(one->endpoints[0].supports_referrers, -1);
	is_str(endpoint("docker.io", 0)->host, "registry-1.docker.io");
	is_str(endpoint("[::1]:5000", 0)->host, "[::1]:5000");
	other = registries_find(&c.registries, "reg.example:5000");
	ok(one == other, "remembered");

	/* What is said of a URL holds without a word about its registry. */
	is_int(load("registryConfig: {endpointConfig: {"
	    "https://a.example: {tls: {insecureSkipVerify: true}},"
	    "\"https://registry-1.docker.io\": {supportsReferrers: API}}}"),
	    0);
	is_int(endpoint("a.example", 0)->insecure, 1);
	is_int(endpoint("b.example", 0)->insecure, 0);
	is_int(endpoint("docker.io", 0)->supports_referrers, 1);
}

static void
test_empty(void)
{
	static const char *const	empty[] = {
		"", "\n", "# nothing\n", "---\n", "~\n", "{}\n",
		"registryConfig:\n", "registryConfig:\n  registries:\n",
		"registryConfig: {registries: {r.example: }}\n",
		"registryConfig: {registries: {r.example: {endpoints: []}}}",
		"concurrentHTTP:\n", "chunkSize: ~\ncachePath: ''\n"
	};
	size_t	i;

	for (i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		if (!ok(load(empty[i]) == 0, "fine: %s", empty[i]))
			printf("# %s\n", err.msg);
		ok(c.concurrent_http == 0 && c.chunk_size == 0 &&
		    c.cache_path == NULL && c.auth_file == NULL, "not set");
		is_str(endpoint("r.example", 0)->host, "r.example");
	}
}

static void
test_unknown(void)
{
	is_int(load("kind: x\nnonsense: 1\nregistryConfig:\n  registrys: {}\n"
	    "  registries:\n    r.example:\n      endpoint: [x]\n"), 0);
	ok(strstr(warnings, ":2: unknown key \"nonsense\"") != NULL,
	    "line 2");
	ok(strstr(warnings, ":4: unknown key \"registrys\"") != NULL,
	    "line 4");
	ok(strstr(warnings, ":7: unknown key \"endpoint\"") != NULL,
	    "line 7");
	ok(strstr(warnings, file) != NULL, "with the file");
}

#define REG(text)	"registryConfig:\n registries:\n  r.example:\n" text
#define EPC(text)	"registryConfig:\n endpointConfig:\n" text

static void
test_bad(void)
{
	bad("a: [\n", ":2:1: ", "");
	bad("a: b\n\tc: d\n", ":2:1: ", "");
	bad("a: b\n c: d\n", ":2:", "mapping values");
	bad("- a\n", ":1: ", "a mapping is expected, not a list");
	bad("text\n", ":1: ", "a mapping is expected, not \"text\"");
	bad("a: b\n...\n---\nc: d\n", ":4: ", "second");
	bad("a: b\n---\nc: [\n", ":4:1: ", "");
	bad("a: \xff\n", "byte 3", "UTF-8");
	bad("a: \"\\0\"\nconcurrentHTTP: \"1\\0\"\n", ":2: ", "expected");
	bad("cachePath: x\nkind: y\ncachePath: z\n", ":3: ",
	    "is given twice, first in line 1");
	bad("? [a]\n: b\n", ":1: ", "a key is expected");
	bad("concurrentHTTP: many\n", ":1: ", "\"many\"");
	bad("concurrentHTTP: -1\n", ":1: ", "number");
	bad("concurrentHTTP: 1001\n", ":1: ", "number");
	bad("concurrentHTTP: [1]\n", ":1: ", "a list");
	bad("chunkSize: 5Q\n", ":1: ", "size");
	bad("chunkSize: 99999999999999999999\n", ":1: ", "size");
	bad("chunkSize: 9999999999999Gi\n", ":1: ", "size");
	bad("cachePath: {a: b}\n", ":1: ", "a mapping");
	bad("registryConfig: 7\n", ":1: ", "a mapping is expected");
	bad(REG("   endpoints: http://a\n"), ":4: ", "a list of URLs");
	bad(REG("   endpoints: [[a]]\n"), ":4: ", "a URL is expected");
	bad(REG("   noncompliant: maybe\n"), ":4: ", "true or false");
	bad(REG("   rewritePull: {\"(\": x}\n"), ":4: ",
	    "is not a valid regular expression");
	bad(REG("   rewritePull: [a]\n"), ":4: ", "a mapping of patterns");
	bad(REG("  r.example: {}\n"), ":4: ", "is given twice");
	bad(EPC("  https://a: {supportsReferrers: perhaps}\n"), ":3: ",
	    "api, tag or auto");
	bad(EPC("  https://a: {tls: {insecureSkipVerify: 3}}\n"), ":3: ",
	    "true or false");
	bad(EPC("  ftp://a: {}\n"), ":3: ", "only http:// and https://");
}

static void
test_bad_endpoints(void)
{
	static const char *const	urls[] = {
		"ftp://a", "file:///etc/passwd", "://a", "", "http://",
		"https:///x", "http://:5000", "a b", "http://a/b c",
		"http://a?x=y", "http://a#x", "http://a:port",
		"http://a:123456", "http://a:", "http://a/\\x01",
		"http://gr\xc3\xbc\xc3\x9f.example", "http://a%2fb"
	};
	static const char *const	hosts[] = {
		"a b", "", "u@h", "http://a", "ftp://a", "a/b", "a:b", ":1"
	};
	char	text[256];
	size_t	i;

	for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		snprintf(text, sizeof(text), REG("   endpoints:\n"
		    "   - http://good\n   - \"%s\"\n"), urls[i]);
		bad(text, ":6: ", "endpoint");
	}
	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		snprintf(text, sizeof(text), "registryConfig:\n registries:\n"
		    "  \"%s\": {}\n", hosts[i]);
		bad(text, ":3: ", "registry");
	}
	bad(REG("   endpoints: [\"http://me:hidden@h.example\"]\n"), ":4: ",
	    "credentials do not belong here");
	ok(strstr(err.msg, "hidden") == NULL, "the password is not shown");
	bad(EPC("  http://me:hid/den@h.example: {}\n"), ":3: ",
	    "credentials");
	ok(strstr(err.msg, "hid") == NULL, "the password is not shown");
}

/* A file that is small, but not what it stands for. */
static void
test_limits(void)
{
	char	*text = xcalloc(1, CONFIG_FILE_MAX + 2);
	FILE	*f = fmemopen(text, CONFIG_FILE_MAX, "w");
	int	 i;

	if (!ok(f != NULL, "memory"))
		return;
	fputs("kind: &e [", f);
	for (i = 0; i < ENDPOINTS_MAX; i++)
		fputs("a,", f);
	fputs("]\nregistryConfig:\n registries:\n", f);
	for (i = 0; i < 400; i++)
		fprintf(f, "  r%d: {endpoints: *e}\n", i);
	fclose(f);
	bad(text, ":1: ", "alias");
	is_int(err.cls, ERR_LIMIT);
	bad("kind: x\nregistryConfig: {registries: {r.example: {endpoints: ["
	    "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,"
	    "a]}}}\n", ":2: ", "endpoints");

	memset(text, '#', CONFIG_FILE_MAX + 1);
	bad(text, file, "larger than");
	memset(text, '[', 100000);
	text[100000] = '\0';
	bad(text, ":1: ", "nested deeper than 64 levels");
	is_int(err.cls, ERR_LIMIT);
	memcpy(text, "kind: ", 6);
	memset(text + 6 + 63, ']', 63);
	text[6 + 2 * 63] = '\0';
	is_int(load(text), 0);
	memset(text + 6, '[', 64);
	memset(text + 6 + 64, ']', 64);
	text[6 + 2 * 64] = '\0';
	bad(text, ":1: ", "nested deeper than 64 levels");
	strcpy(text, "kind: [");
	for (i = 0; i < 200000; i += 2)
		memcpy(text + 7 + i, "a,", 2);
	strcpy(text + 7 + i, "]");
	bad(text, ":1: ", "more than 10000 values");
	is_int(load("a: &a [*a]\nb: &b {c: *b}\n"), 0);
	is_int(load("registryConfig: &a {registries: *a}\n"), 0);
	ok(strstr(warnings, "unknown key \"registries\"") != NULL,
	    "an alias to what it stands in ends");
	is_int(load("kind: &e [http://a]\nregistryConfig: {registries: "
	    "{r.example: {endpoints: *e}}}\n"), 0);
	is_str(endpoint("r.example", 0)->host, "a");
	free(text);
}

static void
test_sizes(void)
{
	static const struct {
		const char	*text;
		long long	 bytes;
	} sizes[] = {
		{ "chunkSize: 0", 0 }, { "chunkSize: 7", 7 },
		{ "chunkSize: 2k", 2000 }, { "chunkSize: 2K", 2000 },
		{ "chunkSize: 2Ki", 2048 }, { "chunkSize: 3M", 3000000 },
		{ "chunkSize: 3Mi", 3 << 20 }, { "chunkSize: 4G", 4000000000 },
		{ "chunkSize: \"4Gi\"", 4LL << 30 }
	};
	size_t	i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		is_int(load(sizes[i].text), 0);
		is_int(c.chunk_size, sizes[i].bytes);
	}
}

static void
test_environment(void)
{
	static const char	text[] = "concurrentHTTP: 3\nchunkSize: 4\n"
				    "cachePath: f\nregistryAuthFile: f\n";

	setenv("REGISTRY_AUTH_FILE", "podman", 1);
	is_int(load(text), 0);
	is_int(c.concurrent_http, 3);
	is_str(c.auth_file, "podman");
	setenv("ACE_DT_CONCURRENT_HTTP", "5", 1);
	setenv("ACE_DT_CHUNK_SIZE", "6Ki", 1);
	setenv("ACE_DT_CACHE_PATH", "env", 1);
	setenv("ACE_DT_REGISTRY_AUTH_FILE", "ours", 1);
	is_int(load(text), 0);
	is_int(c.concurrent_http, 5);
	is_int(c.chunk_size, 6144);
	is_str(c.cache_path, "env");
	is_str(c.auth_file, "ours");
	setenv("ACE_DT_CHUNK_SIZE", "big", 1);
	is_int(load(text), -1);
	ok(strstr(err.msg, "ACE_DT_CHUNK_SIZE=big") != NULL, "%s", err.msg);
	setenv("ACE_DT_CHUNK_SIZE", "", 1);
	setenv("ACE_DT_CONCURRENT_HTTP", "-5", 1);
	is_int(load(text), -1);
	ok(strstr(err.msg, "ACE_DT_CONCURRENT_HTTP") != NULL, "%s", err.msg);
	unsetenv("ACE_DT_CHUNK_SIZE");
	unsetenv("ACE_DT_CONCURRENT_HTTP");
	unsetenv("ACE_DT_CACHE_PATH");
	unsetenv("ACE_DT_REGISTRY_AUTH_FILE");
	unsetenv("REGISTRY_AUTH_FILE");
}

static void
test_places(void)
{
	const char	*paths[2];
	char		 absent[64], list[160];

	snprintf(absent, sizeof(absent), "%s/absent", dir);
	put("concurrentHTTP: 3\n");
	paths[0] = absent;
	paths[1] = file;
	is_int(load_paths(paths, 2), 0);
	is_str(c.file, file);
	is_int(load_paths(paths, 1), -1);
	ok(strstr(err.msg, absent) != NULL, "%s", err.msg);
	paths[0] = dir;
	is_int(load_paths(paths, 2), -1);
	ok(strstr(err.msg, dir) != NULL, "%s", err.msg);

	snprintf(list, sizeof(list), "%s,%s", absent, file);
	setenv("ACE_DT_CONFIG", list, 1);
	is_int(load_paths(NULL, 0), 0);
	is_str(c.file, file);
	setenv("ACE_DT_CONFIG", absent, 1);
	is_int(load_paths(NULL, 0), -1);
	ok(strstr(err.msg, absent) != NULL, "%s", err.msg);
	paths[0] = file;
	is_int(load_paths(paths, 1), 0);	/* --config wins */
	unsetenv("ACE_DT_CONFIG");
}

static void
test_default_places(void)
{
	char	ace[64], dt[64], path[80];

	snprintf(ace, sizeof(ace), "%s/ace", dir);
	snprintf(dt, sizeof(dt), "%s/ace/dt", dir);
	snprintf(path, sizeof(path), "%s/ace/dt/config.yaml", dir);
	mkdir(ace, 0700);
	mkdir(dt, 0700);
	put("concurrentHTTP: 3\n");
	rename(file, path);
	setenv("XDG_CONFIG_HOME", dir, 1);
	is_int(load_paths(NULL, 0), 0);
	is_str(c.file, path);
	is_int(c.concurrent_http, 3);
	put("concurrentHTTP: 4\n");
	if (ok(chdir(dir) == 0, "chdir") &&
	    rename(file, "ace-dt-config.yaml") == 0) {
		is_int(load_paths(NULL, 0), 0);
		is_str(c.file, "ace-dt-config.yaml");
		is_int(c.concurrent_http, 4);
		unlink("ace-dt-config.yaml");
	}
	unlink(path);
	rmdir(dt);
	rmdir(ace);
	if (access("/etc/ace/dt/config.yaml", F_OK) == -1) {
		is_int(load_paths(NULL, 0), 0);
		is_str(c.file, NULL);
	}
}

int
main(void)
{
	static const char *const	vars[] = {
		"ACE_DT_CONFIG", "ACE_DT_CONCURRENT_HTTP",
		"ACE_DT_CHUNK_SIZE", "ACE_DT_CACHE_PATH",
		"ACE_DT_REGISTRY_AUTH_FILE", "REGISTRY_AUTH_FILE"
	};
	size_t	i;

	for (i = 0; i < sizeof(vars) / sizeof(vars[0]); i++)
		unsetenv(vars[i]);
	if (!ok(mkdtemp(dir) != NULL, "directory"))
		return tap_end();
	snprintf(file, sizeof(file), "%s/config.yaml", dir);
	log_init("t_config");
	test_all();
	test_registry();
	test_empty();
	test_unknown();
	test_bad();
	test_bad_endpoints();
	test_limits();
	test_sizes();
	test_environment();
	test_places();
	test_default_places();
	config_clear(&c);
	unlink(file);
	ok(rmdir(dir) == 0, "nothing is left behind");
	return tap_end();
}
