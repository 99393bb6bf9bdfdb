#include <stdlib.h>
#include <string.h>

#include "lib/registry/endpoint.h"
#include "test/unit/tap.h"

static void
good(const char *text, const char *scheme, const char *host, const char *path)
{
	struct endpoint	 ep;
	const char	*why = endpoint_parse(&ep, text);

	ok(why == NULL, "%s: %s", text, why != NULL ? why : "read");
	if (why != NULL)
		return;
	is_str(ep.scheme, scheme);
	is_str(ep.host, host);
	is_str(ep.path, path);
	is_int(ep.supports_referrers, -1);
	endpoint_clear(&ep);
}

static void
bad(const char *text, const char *want)
{
	struct endpoint	 ep;
	const char	*why = endpoint_parse(&ep, text);

	ok(why != NULL && strstr(why, want) != NULL, "%s: %s", text,
	    why != NULL ? why : "was read");
	ok(ep.scheme == NULL && ep.host == NULL && ep.path == NULL,
	    "%s: nothing is held", text);
	if (why == NULL)
		endpoint_clear(&ep);
}

static void
test_parse(void)
{
	good("r.example", "https", "r.example", "");
	good("HTTP://r.example:5000", "http", "r.example:5000", "");
	good("https://r.example/a/b//", "https", "r.example", "/a/b");
	good("http://[::1]:5000/v2/", "http", "[::1]:5000", "");
	good("r.example/x/v2", "https", "r.example", "/x");
	bad("ftp://r.example", "only http:// and https://");
	bad("r.example/http://x", "only http:// and https://");
	bad("", "no host");
	bad("https:///x", "no host");
	bad("https://ann:pw@r.example", "credentials");
	bad("https://r.example/a b", "characters");
	bad("https://r.example/\xc3\xa4", "characters");
	bad("https://r.example?x", "characters");
	bad("https://r.example:", "host and port");
	bad("https://r.example:123456", "host and port");
	bad("https://r.example:5o", "host and port");
	bad("https://:5000", "host and port");
}

static void
test_hosts(void)
{
	is_int(endpoint_is_host("r.example:5000"), 1);
	is_int(endpoint_is_host("[::1]"), 1);
	is_int(endpoint_is_host(""), 0);
	is_int(endpoint_is_host("r.example/x"), 0);
	is_int(endpoint_is_host("https://r.example"), 0);
}

int
main(void)
{
	test_parse();
	test_hosts();
	return tap_end();
}
