#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/oci/platform.h"
#include "test/unit/tap.h"

/* What one -p gives, as text. */
static void
gives(const char *arg, const char *want)
{
	struct platforms	 ps = PLATFORMS_INIT;
	struct err		 err = ERR_INIT;
	char			*one, got[512] = "";
	size_t			 i, len;

	if (!ok(platforms_add(&ps, arg, &err) == 0, "taken: %s", arg))
		printf("# %s\n", err.msg);
	for (i = 0; i < ps.n; i++) {
		one = platform_text(&ps.v[i]);
		len = strlen(got);
		snprintf(got + len, sizeof(got) - len, "[%s]", one);
		free(one);
	}
	len = strlen(got);
	if (ps.all)
		snprintf(got + len, sizeof(got) - len, "*");
	is_str(got, want);
	platforms_clear(&ps);
	ok(ps.v == NULL && ps.n == 0 && !ps.all, "clear");
}

static void
bad(const char *arg, const char *why)
{
	struct platforms	ps = PLATFORMS_INIT;
	struct err		err = ERR_INIT;

	ok(platforms_add(&ps, arg, &err) == -1, "refused: %s", arg);
	is_str(err_class_name(err.cls), "usage");
	if (!ok(strstr(err.msg, why) != NULL, "because: %s", why))
		printf("# %s\n", err.msg);
	platforms_clear(&ps);
}

static void
test_parse(void)
{
	gives("", "");
	gives("linux/amd64", "[linux/amd64]");
	gives("linux/arm/v7", "[linux/arm/v7]");
	gives("linux/arm64/", "[linux/arm64]");
	gives("windows/amd64:10.0.17763.1", "[windows/amd64:10.0.17763.1]");
	gives("windows/amd64/v1:10:x/y", "[windows/amd64/v1:10:x/y]");
	gives("windows/amd64:", "[windows/amd64]");
	gives("linux/amd64,linux/arm/v8", "[linux/amd64][linux/arm/v8]");
	gives("\"linux/amd64\",\"linux/arm\"", "[linux/amd64][linux/arm]");
	gives(" linux/amd64, linux/arm", "[linux/amd64][linux/arm]");
	gives("\"a/b:c,d\"", "[a/b:c,d]");
	gives("a/b\nc/d\n", "[a/b][c/d]");
	gives("all", "*");
	gives("linux/amd64,all", "[linux/amd64]*");
	gives("#os/arch", "[#os/arch]");
}

static void
test_wrong(void)
{
	bad("linux", "bad platform \"linux\"");
	bad("linux/", "bad platform");
	bad("/amd64", "bad platform");
	bad("/", "bad platform");
	bad("//", "bad platform");
	bad("linux//v8", "bad platform");
	bad("a/b/c/d", "bad platform");
	bad("a/b//", "bad platform");
	bad("linux:x/y", "bad platform");
	bad(":linux/amd64", "bad platform");
	bad("linux/amd64,", "bad platform \"\"");
	bad(",", "bad platform");
	bad(" ", "bad platform");
	bad("ALL", "bad platform");
	bad("linux/a md64", "bad platform \"linux/a md64\"");
	bad("li\tnux/amd64", "bad platform");
	bad("linux/arm/v 7", "bad platform");
	bad("linux/amd64 ", "bad platform");
	bad("windows/amd64:10.0 1", "bad platform");
	bad("linux/amd64,linux", "bad platform \"linux\"");
	bad("linux\"/amd64", "character 6");
	bad("\"linux/amd64", "character 1");
}

static void
test_repeat(void)
{
	struct platforms	ps = PLATFORMS_INIT;
	struct err		err = ERR_INIT;

	is_int(platforms_add(&ps, "linux/amd64", &err), 0);
	is_int(platforms_add(&ps, "", &err), 0);
	is_int(platforms_add(&ps, "linux/arm64,linux/386", &err), 0);
	is_int((long long)ps.n, 3);
	is_str(ps.v[2].arch, "386");
	is_int(platforms_add(&ps, "x", &err), -1);
	is_int((long long)ps.n, 3);
	platforms_clear(&ps);
}

static void
matches(const char *wanted, const char *os, const char *arch,
    const char *variant, const char *version, int want)
{
	struct platforms	ps = PLATFORMS_INIT;
	struct err		err = ERR_INIT;
	struct platform		p;
	char			o[32], a[32], v[32], w[32];

	snprintf(o, sizeof(o), "%s", os);
	snprintf(a, sizeof(a), "%s", arch);
	snprintf(v, sizeof(v), "%s", variant != NULL ? variant : "");
	snprintf(w, sizeof(w), "%s", version != NULL ? version : "");
	p.os = o;
	p.arch = a;
	p.variant = variant != NULL ? v : NULL;
	p.os_version = version != NULL ? w : NULL;
	is_int(platforms_add(&ps, wanted, &err), 0);
	ok(platforms_match(&ps, &p) == want, "%s: %s/%s/%s:%s %s", wanted, os,
	    arch, v, w, want ? "matches" : "does not match");
	platforms_clear(&ps);
}

static void
test_match(void)
{
	matches("linux/amd64", "linux", "amd64", NULL, NULL, 1);
	matches("linux/amd64", "linux", "amd64", "v3", NULL, 1);
	matches("linux/amd64", "linux", "arm64", NULL, NULL, 0);
	matches("linux/amd64", "windows", "amd64", NULL, NULL, 0);
	matches("linux/amd64", "Linux", "amd64", NULL, NULL, 0);
	matches("linux/arm", "linux", "arm", "v5", NULL, 1);
	matches("linux/arm", "linux", "arm", NULL, NULL, 1);
	matches("linux/arm/", "linux", "arm", "v6", NULL, 1);
	matches("linux/arm/v7", "linux", "arm", "v7", NULL, 1);
	matches("linux/arm/v7", "linux", "arm", "v6", NULL, 0);
	matches("linux/arm/v7", "linux", "arm", NULL, NULL, 1);
	matches("linux/arm/v7", "linux", "arm", "", NULL, 1);
	matches("linux/arm/v6", "linux", "arm", NULL, NULL, 0);
	matches("linux/arm64/v8", "linux", "arm64", NULL, NULL, 1);
	matches("linux/arm64/v8", "linux", "arm64", "v8", NULL, 1);
	matches("linux/arm64/v9", "linux", "arm64", NULL, NULL, 0);
	matches("linux/amd64/v1", "linux", "amd64", NULL, NULL, 1);
	matches("linux/amd64/v2", "linux", "amd64", NULL, NULL, 0);
	matches("linux/ppc64le/v8", "linux", "ppc64le", NULL, NULL, 0);
	matches("windows/amd64:10", "windows", "amd64", NULL, "10", 1);
	matches("windows/amd64:10", "windows", "amd64", NULL, "10.0", 0);
	matches("windows/amd64:10", "windows", "amd64", NULL, NULL, 0);
	matches("windows/amd64", "windows", "amd64", NULL, "10.0", 1);
	matches("linux/386,linux/arm", "linux", "arm", NULL, NULL, 1);
	matches("linux/386,all", "plan9", "mips", NULL, NULL, 1);
	matches("all", "unknown", "unknown", NULL, NULL, 1);
	matches("", "linux", "amd64", NULL, NULL, 1);
}

static void
test_text(void)
{
	char		 os[] = "linux", arch[] = "arm", empty[] = "";
	struct platform	 p = { os, arch, empty, empty };
	char		*s;

	s = platform_text(&p);
	is_str(s, "linux/arm");
	free(s);
}

int
main(void)
{
	test_parse();
	test_wrong();
	test_repeat();
	test_match();
	test_text();
	return tap_end();
}
