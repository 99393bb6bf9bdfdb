#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/http/origin.h"
#include "test/unit/tap.h"

static void
same(const char *a, const char *b, int want)
{
	ok(origin_same(a, b) == want && origin_same(b, a) == want,
	    "%s and %s are %s", a, b, want ? "the same" : "different");
}

static void
test_same(void)
{
	same("https://r.io/a", "https://r.io/b?c", 1);
	same("https://r.io", "https://R.IO:443/", 1);
	same("http://r.io", "http://r.io:80/", 1);
	same("http://r.io:080/", "http://r.io:80/", 1);
	same("https://u@r.io/", "https://r.io/", 1);
	same("https://[::1]:5000/", "https://[0:0::1]:5000/", 1);
	same("https://r.io", "http://r.io", 0);
	same("https://r.io", "https://r.io:444", 0);
	same("https://r.io:80", "http://r.io:80", 0);
	same("https://r.io", "https://s.r.io", 0);
	same("https://r.io", "https://r.io.evil.org", 0);
	same("https://r.io", "https://r.io@evil.org", 0);
	same("https://r.io", "", 0);
	same("", "", 0);
	same("/a", "/a", 0);
}

static void
goes(const char *base, const char *location, const char *want)
{
	struct err	 err = ERR_INIT;
	char		*url = origin_resolve(base, ORIGIN_PUBLIC, location,
			    &err);

	is_str(url, want);
	if (url == NULL && want != NULL)
		ok(0, "%s", err.msg);
	free(url);
}

static void
stops(const char *base, const char *location, const char *want)
{
	struct err	 err = ERR_INIT;
	char		*url = origin_resolve(base, ORIGIN_PUBLIC, location,
			    &err);

	ok(url == NULL, "%s is not followed", location);
	ok(strstr(err.msg, want) != NULL, "says %s: %s", want, err.msg);
	is_str(err_class_name(err.cls), "registry");
	free(url);
}

#define BASE	"https://r.io:5000/v2/a/blobs/uploads/?mount=1"

static void
test_resolve(void)
{
	goes(BASE, "https://cdn.org/x?y=%2F&z", "https://cdn.org/x?y=%2F&z");
	goes(BASE, "/v2/a/blobs/uploads/1", "https://r.io:5000/v2/a/blobs/"
	    "uploads/1");
	goes(BASE, "1?_state=a%2Bb==", "https://r.io:5000/v2/a/blobs/uploads/"
	    "1?_state=a%2Bb==");
	goes(BASE, "?n=2", "https://r.io:5000/v2/a/blobs/uploads/?n=2");
	goes(BASE, "//s.io/x", "https://s.io/x");
	goes("http://r.io/v2/", "https://r.io/v2/", "https://r.io/v2/");
	goes("http://r.io/v2/", "http://s.io/", "http://s.io/");
	goes(BASE, "https://r.io/x#frag", "https://r.io/x");
	goes("http://r.io/a/b/c", "../d", "http://r.io/a/d");
}

static void
test_refused(void)
{
	char	*big = malloc(HTTP_URL_MAX + 2);

	stops(BASE, "", "empty");
	stops(BASE, "http://r.io:5000/x", "https to http");
	stops(BASE, "HTTP://cdn.org/x", "https to http");
	stops(BASE, "file:///etc/passwd", "");
	stops(BASE, "ftp://r.io/x", "ftp: URL, which is not followed");
	stops(BASE, "gopher://r.io/x", "not followed");
	stops(BASE, "javascript:alert(1)", "");
	stops(BASE, "https://u@r.io/x", "user name");
	stops(BASE, "https://u:p@r.io:5000/x", "user name");
	stops(BASE, "https://:p@r.io:5000/x", "user name");
	stops(BASE, "/a b", "blanks or control");
	stops(BASE, " /a", "blanks or control");
	stops(BASE, "/a\r\nX: y", "blanks or control");
	stops(BASE, "/a\x01", "blanks or control");
	stops(BASE, "/a\x7f", "blanks or control");
	stops(BASE, "https://", "");
	stops(BASE, "https://r.io:99999/", "");
	stops(BASE, "https://r.io:x/", "");
	memset(big, 'a', HTTP_URL_MAX + 1);
	big[0] = '/';
	big[HTTP_URL_MAX + 1] = '\0';
	stops(BASE, big, "too long");
	free(big);
}

/* However an address is written, and what is said of it. */
static const struct {
	enum origin_scope	 scope;
	const char		*said;
	const char		*hosts[32];
} places[] = {
	{ ORIGIN_LOOPBACK, "which is this machine", { "localhost",
	    "LOCALHOST", "localhost.", "x.localhost", "127.0.0.1",
	    "127.0.0.1.", "127.1", "127.255.255.254", "2130706433", "0x7f.1",
	    "0x7f000001", "017700000001", "0177.0.0.1", "0.0.0.0", "0",
	    "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
	    "[::ffff:7f00:1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::1]" } },
	{ ORIGIN_LINK, "in a link-local network", { "169.254.1.1",
	    "0xa9fe0101", "[::ffff:169.254.1.1]", "[fe80::1]",
	    "[fe80::1%25lo]", "[febf::1]", "[64:ff9b::169.254.1.1]" } },
	{ ORIGIN_PRIVATE, "in a private network", { "10.0.0.1",
	    "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.1.1",
	    "0xc0a80001", "100.64.0.1", "100.127.255.254", "198.18.0.1",
	    "198.19.0.1", "[fc00::1]", "[fd12:3456::1]", "[fec0::1]",
	    "[::ffff:10.0.0.1]", "[64:ff9b::a00:1]", "[64:ff9b::192.168.0.1]",
	    "[64:ff9b:1::808:808]", "[2002:a00:1::1]", "[2002:c0a8:1::]",
	    "[2002:6440:1::]" } },
	{ ORIGIN_METADATA, "a metadata service of a cloud",
	    { "169.254.169.254", "0xa9fea9fe", "169.254.170.2",
	    "100.100.100.200", "168.63.129.16", "192.0.0.192",
	    "[fd00:ec2::254]", "[fd00:0ec2:0:0::254]", "[fd20:ce::254]",
	    "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]",
	    "[2002:a9fe:a9fe::]" } },
	{ ORIGIN_PUBLIC, NULL, { "128.0.0.1", "126.255.255.255", "11.0.0.1",
	    "9.255.255.255", "169.253.0.1", "172.15.0.1", "172.32.0.1",
	    "192.167.0.1", "192.169.0.1", "100.63.255.255", "100.128.0.1",
	    "198.17.0.1", "198.20.0.1", "168.63.129.17", "localhost.org",
	    "notlocalhost", "127.0.0.1.org", "[2001:db8::1]",
	    "[64:ff9b::808:808]", "[64:ff9c::a00:1]", "[2002:808:808::]",
	    "[fbff::1]", "[fe00::1]", "[::2]" } },
};

static void
test_places(void)
{
	char	 url[200];
	size_t	 i, k;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		for (k = 0; places[i].hosts[k] != NULL; k++) {
			snprintf(url, sizeof(url), "https://%s:5000/x",
			    places[i].hosts[k]);
			if (places[i].said != NULL)
				stops(BASE, url, places[i].said);
			else
				goes(BASE, url, url);
		}
	/* A registry that is near may stay there, or go farther. */
	goes("http://localhost:5000/v2/", "http://127.0.0.1:5001/x",
	    "http://127.0.0.1:5001/x");
	goes("http://127.0.0.1:5000/v2/", "/x", "http://127.0.0.1:5000/x");
	goes("http://[::1]:5000/v2/", "/x", "http://[::1]:5000/x");
	goes("http://127.0.0.1:5000/", "http://10.0.0.1/", "http://10.0.0.1/");
	goes("http://10.0.0.1/", "http://192.168.0.1/", "http://192.168.0.1/");
	stops("http://10.0.0.1/", "http://127.0.0.1/", "this machine");
	stops("http://10.0.0.1/", "http://100.100.100.200/", "metadata");
	stops("http://127.0.0.1/", "http://169.254.169.254/", "metadata");
	stops("http://169.254.1.1/", "http://127.0.0.1/", "this machine");
}

/* By the address from which the name's host answered. */
static void
near(enum origin_scope scope, const char *location, int want)
{
	struct err	 err = ERR_INIT;
	char		*url = origin_resolve(BASE, scope, location, &err);

	ok((url != NULL) == want, "from one %s to %s: %s",
	    origin_scope_text(scope), location, err.msg);
	free(url);
}

static void
test_near(void)
{
	near(ORIGIN_PUBLIC, "https://10.0.0.1/", 0);
	near(ORIGIN_PRIVATE, "https://10.0.0.1/", 1);
	near(ORIGIN_PRIVATE, "https://169.254.1.1/", 0);
	near(ORIGIN_LINK, "https://169.254.1.1/", 1);
	near(ORIGIN_LINK, "https://127.0.0.1/", 0);
	near(ORIGIN_LOOPBACK, "https://127.0.0.1/", 1);
	near(ORIGIN_LOOPBACK, "https://169.254.169.254/", 0);
	near(ORIGIN_METADATA, "https://169.254.169.254/", 1);
}

static void
scope_is(const char *url, const char *address, int port,
    enum origin_scope want)
{
	ok(origin_scope(url, address, port) == want, "%s at %s, port %d: %s",
	    url, address, port, origin_scope_text(want));
}

/* What a name resolved to. */
static void
test_address(void)
{
	scope_is("https://r.io/x", "127.0.0.1", 443, ORIGIN_LOOPBACK);
	scope_is("https://r.io/x", "127.0.0.1", 3128, ORIGIN_PUBLIC);
	scope_is("http://r.io:81/", "127.0.0.1", 81, ORIGIN_LOOPBACK);
	scope_is("https://r.io/x", "::", 443, ORIGIN_LOOPBACK);
	scope_is("https://r.io/x", "::1", 443, ORIGIN_LOOPBACK);
	scope_is("https://r.io/x", "::ffff:127.0.0.1", 443, ORIGIN_LOOPBACK);
	scope_is("https://r.io/x", "fe80::1", 443, ORIGIN_LINK);
	scope_is("https://r.io/x", "169.254.0.1", 443, ORIGIN_LINK);
	scope_is("https://r.io/x", "169.254.169.254", 443, ORIGIN_METADATA);
	scope_is("https://r.io/x", "fd00:ec2::254", 443, ORIGIN_METADATA);
	scope_is("https://r.io/x", "10.0.0.1", 443, ORIGIN_PRIVATE);
	scope_is("https://r.io/x", "10.0.0.1", 3128, ORIGIN_PUBLIC);
	scope_is("https://r.io/x", "fd00::1", 443, ORIGIN_PRIVATE);
	scope_is("https://r.io/x", "192.0.2.1", 443, ORIGIN_PUBLIC);
	scope_is("https://r.io/x", "::ffff:192.0.2.1", 443, ORIGIN_PUBLIC);
	scope_is("https://r.io/x", "", 443, ORIGIN_PUBLIC);
	scope_is("", "127.0.0.1", 443, ORIGIN_PUBLIC);
}

static void
test_query(void)
{
	char	*s;

	s = origin_add_query("http://r.io/x", "digest", "sha256:a/b+c d&e");
	is_str(s, "http://r.io/x?digest=sha256%3Aa%2Fb%2Bc%20d%26e");
	free(s);
	s = origin_add_query("http://r.io/x?_state=1", "n", "1");
	is_str(s, "http://r.io/x?_state=1&n=1");
	free(s);
}

static void
realm(const char *base, const char *url, const char *want)
{
	struct err	err = ERR_INIT;
	int		rc = origin_realm_check(base, ORIGIN_PUBLIC, url, &err);

	is_int(rc, want == NULL ? 0 : -1);
	if (want != NULL) {
		ok(strstr(err.msg, want) != NULL, "says %s: %s", want,
		    err.msg);
		ok(strstr(err.msg, "token service") != NULL, "names it");
	}
}

static void
test_realm(void)
{
	realm("https://r.io/", "https://auth.org/token", NULL);
	realm("https://r.io/", "https://r.io/token?x=y", NULL);
	realm("http://r.io/", "https://auth.org/token", NULL);
	realm("http://r.io/", "http://auth.org/token", NULL);
	realm("https://r.io/", "http://r.io/token", "https to http");
	realm("https://r.io/", "file:///etc/passwd", "");
	realm("https://r.io/", "ftp://r.io/", "not followed");
	realm("https://r.io/", "/token", "");
	realm("https://r.io/", "", "");
	realm("https://r.io/", "https://127.0.0.1/token", "this machine");
	realm("https://r.io/", "https://[::1]/token", "this machine");
	realm("http://r.io/", "http://169.254.169.254/latest", "metadata");
	realm("https://r.io/", "https://10.1.2.3/token", "private network");
	realm("https://r.io/", "https://172.16.0.1/", "private network");
	realm("https://r.io/", "https://172.31.255.1/", "private network");
	realm("https://r.io/", "https://0xc0a80001/", "private network");
	realm("https://r.io/", "https://[fd00::1]/", "private network");
	realm("https://r.io/", "https://[::ffff:10.0.0.1]/", "private");
	realm("https://r.io/", "https://172.32.0.1/", NULL);
	realm("https://r.io/", "https://11.0.0.1/", NULL);
	realm("https://10.1.2.3/", "https://10.1.2.3:5001/token", NULL);
	realm("https://10.1.2.3/", "https://10.1.2.4/token", NULL);
	realm("https://10.1.2.3/", "https://127.0.0.1/token", "this machine");
	realm("http://127.0.0.1:5000/", "http://10.1.2.3/token", "private");
	realm("http://127.0.0.1:5000/", "http://169.254.169.254/", "metadata");
	realm("http://127.0.0.1:5000/", "http://127.0.0.1:5001/token", NULL);
}

int
main(void)
{
	test_same();
	test_resolve();
	test_refused();
	test_places();
	test_near();
	test_address();
	test_query();
	test_realm();
	return tap_end();
}
