/*
 * URLs that registries send: the first line is the base, the second what it
 * points to.  What may be followed is http or https, never from https to http,
 * without a user name or a host that IDNA would make another one, and resolved
 * again it leads to the same place.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/http/origin.h"
#include "test/fuzz/fuzz.h"

static int
is_https(const char *url)
{
	return strncasecmp(url, "https:", 6) == 0;
}

static void
check_text(const char *url)
{
	const char	*s = strstr(url, "://");

	must(strncmp(url, "https://", 8) == 0 ||
	    strncmp(url, "http://", 7) == 0);
	s += 3;
	must(memchr(s, '@', strcspn(s, "/?#")) == NULL);
	for (; strchr("/?#", *s) == NULL; s++)
		must((unsigned char)*s < 0x80);
	must(strchr(url, '#') == NULL);
	for (s = url; *s != '\0'; s++)
		must((unsigned char)*s > 0x20 && *s != 0x7f);
}

static void
check(const char *base, const char *url)
{
	struct err	 err = ERR_INIT;
	char		*again, *query;

	check_text(url);
	must(!is_https(base) || is_https(url));
	must(origin_same(url, url));
	must(origin_same(base, url) == origin_same(url, base));
	if (strlen(url) <= HTTP_URL_MAX) {
		/* libcurl may still write an address in its usual form. */
		again = origin_resolve(base, ORIGIN_PUBLIC, url, &err);
		must(again != NULL && origin_same(url, again));
		free(again);
	}
	query = origin_add_query(url, "digest", "sha256:0/&?# é");
	must(strncmp(query, url, strlen(url)) == 0);
	must(origin_same(query, url));
	free(query);
	/* The rules for realms are these and more. */
	if (origin_same(base, url))
		must(origin_realm_check(base, ORIGIN_PUBLIC, url, &err) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err	 err = ERR_INIT;
	char		*text = fuzz_text(data, size), *location, *url;
	const char	*base = "https://r.example:5000/v2/a/blobs/x?y=z";

	if ((location = strchr(text, '\n')) != NULL) {
		*location++ = '\0';
		base = text;
	} else {
		location = text;
	}
	if ((url = origin_resolve(base, ORIGIN_PUBLIC, location,
	    &err)) != NULL)
		check(base, url);
	else
		must(*err.msg != '\0');
	must(origin_same(base, location) == origin_same(location, base));
	origin_realm_check(base, ORIGIN_PUBLIC, location, &err);
	free(url);
	free(text);
	return 0;
}
