#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/errmsg.h"
#include "lib/http/http.h"
#include "lib/program/config.h"
#include "lib/registry/regerr.h"
#include "test/unit/tap.h"

static void
answer(long status, const char *body, const char *class, const char *code,
    const char *msg)
{
	struct http_call	c;
	struct err		err = ERR_INIT;

	http_call_init(&c);
	c.status = status;
	buf_adds(&c.reply, body);
	regerr_answer(&c, &err);
	is_str(err_class_name(err.cls), class);
	is_str(err.code, code);
	if (msg != NULL)
		is_str(err.msg, msg);
	is_int(err.status, status);
	http_call_clear(&c);
}

static void
test_json(void)
{
	char	body[2000], message[1000];

	answer(404, "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":"
	    "\"manifest unknown\",\"detail\":{}},{\"code\":\"X\"}]}",
	    "not-found", "MANIFEST_UNKNOWN",
	    "HTTP 404 MANIFEST_UNKNOWN: manifest unknown; X");
	answer(500, "{\"errors\":[{\"code\":\"UNKNOWN\",\"message\":\"unknown "
	    "error\",\"detail\":null},{\"code\":\"MANIFEST_INVALID\",\"message\":"
	    "\"bad\",\"detail\":\"invalid URL on layer\"}]}", "registry",
	    "MANIFEST_INVALID", "HTTP 500 UNKNOWN: unknown error; "
	    "MANIFEST_INVALID: bad (invalid URL on layer)");
	answer(400, "{\"errors\":[{\"code\":\"A\",\"message\":\"m\",\"detail\":"
	    "{\"Blob\":[\"x\"]}},{\"detail\":\"alone\"},{\"message\":\"same\","
	    "\"detail\":\"same\"},{},{\"code\":\"E\"},{},{}]}", "registry", "A",
	    "HTTP 400 A: m ({\"Blob\":[\"x\"]}); (alone); same; E; and 2 more "
	    "errors");
	answer(401, "{\"errors\":[{\"code\":\"UNAUTHORIZED\"}]}",
	    "unauthorized", "UNAUTHORIZED", "HTTP 401 UNAUTHORIZED");
	answer(403, "{\"errors\":[{\"message\":\"no\"}]}", "denied", "",
	    "HTTP 403: no");
	answer(429, "{\"errors\":[{\"code\":\"TOOMANYREQUESTS\"}]}",
	    "throttled", "TOOMANYREQUESTS", "HTTP 429 TOOMANYREQUESTS");
	answer(403, "{\"errors\":[{\"code\":\"TOOMANYREQUESTS\"}]}",
	    "throttled", "TOOMANYREQUESTS", NULL);
	answer(500, "{\"errors\":[{\"code\":5,\"message\":[]}]}", "registry",
	    "", "HTTP 500");
	answer(400, "{\"errors\":[]}", "registry", "", "HTTP 400");
	answer(400, "{\"errors\":[null]}", "registry", "", "HTTP 400");
	answer(400, "{\"errors\":[{\"code\":\"A\\u0000B\"}]}", "registry", "",
	    "HTTP 400");
	/* Longer than there is room for: cut, and no more than that. */
	memset(message, 'm', sizeof(message));
	message[sizeof(message) - 1] = '\0';
	snprintf(body, sizeof(body), "{\"errors\":[{\"code\":\"%s\","
	    "\"message\":\"%s\"}]}", message + 899, message);
	answer(400, body, "registry", message + sizeof(message) - ERR_CODE_MAX,
	    NULL);
}

static void
test_other(void)
{
	char	body[1000], want[300];

	answer(404, "", "not-found", "", "HTTP 404");
	answer(401, "", "unauthorized", "", "HTTP 401");
	answer(403, "", "denied", "", "HTTP 403");
	answer(429, "", "throttled", "", "HTTP 429");
	answer(400, "", "registry", "", "HTTP 400");
	answer(301, "", "registry", "", "HTTP 301");
	answer(502, "<html>\r\n<h1>502 Bad\tGateway</h1>\n\n</html>\n",
	    "registry", "", "HTTP 502: <html> <h1>502 Bad Gateway</h1> "
	    "</html>");
	answer(500, "\x1b[2J\x01" "boom\x7f\xff", "registry", "",
	    "HTTP 500: [2Jboom");
	answer(500, "  \n ", "registry", "", "HTTP 500");
	answer(500, "{\"error\":\"x\"}", "registry", "",
	    "HTTP 500: {\"error\":\"x\"}");
	answer(500, "{\"errors\":\"x\"}", "registry", "",
	    "HTTP 500: {\"errors\":\"x\"}");
	answer(500, "\"errors\"", "registry", "", "HTTP 500: \"errors\"");
	answer(500, "{\"errors\":[{\"code\":\"X\"}]", "registry", "",
	    "HTTP 500: {\"errors\":[{\"code\":\"X\"}]");
	memset(body, 'x', sizeof(body));
	body[sizeof(body) - 1] = '\0';
	snprintf(want, sizeof(want), "HTTP 500: %.199s", body);
	answer(500, body, "registry", "", want);
}

static void
hint(long status, CURLcode result, const char *scheme, const char *account,
    const char *want)
{
	struct http_call	c;
	struct err		err = ERR_INIT;

	http_call_init(&c);
	c.status = status;
	c.result = result;
	err_set(&err, ERR_REGISTRY, "text");
	regerr_hint(&err, &c, scheme, "r.io", account, NULL,
	    "/a/config.json");
	is_str(err.msg, want);
	/* No room left: cut. */
	memset(err.msg, 'x', sizeof(err.msg));
	err.msg[sizeof(err.msg) - 1] = '\0';
	regerr_hint(&err, &c, scheme, "r.io", account, NULL,
	    "/a/config.json");
	is_int((long long)strlen(err.msg), ERR_MSG_MAX - 1);
	http_call_clear(&c);
}

static void
test_hint(void)
{
	hint(401, CURLE_OK, "https", NULL, "text (no credentials for r.io "
	    "found; looked in /a/config.json; try: docker login r.io, or "
	    "podman login r.io)");
	hint(401, CURLE_OK, "https", "/b", "text (the credentials for r.io in "
	    "/b are refused)");
	hint(403, CURLE_OK, "https", "/b", "text (the account for r.io in /b may "
	    "not do that here)");
	hint(403, CURLE_OK, "https", NULL, "text");
	hint(407, CURLE_OK, "http", NULL, "text (it is the proxy that wants "
	    "credentials: http_proxy=http://USER:PASSWORD@HOST:PORT)");
	hint(0, CURLE_SSL_CONNECT_ERROR, "https", NULL, "text (if r.io speaks "
	    "plain http, name http://r.io as its endpoint, see "
	    "ace-dt-config(5))");
	hint(0, CURLE_SSL_CONNECT_ERROR, "http", NULL, "text");
	hint(0, CURLE_PEER_FAILED_VERIFICATION, "https", NULL, "text (to trust "
	    "its authority, put that into /etc/containers/certs.d/r.io/ca.crt,"
	    " see ace-dt-config(5))");
	hint(404, CURLE_OK, "https", NULL, "text");
	hint(0, CURLE_COULDNT_CONNECT, "https", "/b", "text");
}

static void
test_retry_after(void)
{
	char		text[100];
	time_t		at = time(NULL) + 3600;
	struct tm	tm;
	int64_t		ms;

	is_int(regerr_retry_after("0", NULL), 0);
	is_int(regerr_retry_after("1", NULL), 1000);
	is_int(regerr_retry_after("120", NULL), 120000);
	is_int(regerr_retry_after("1.5", NULL), 1500);
	ok(regerr_retry_after("99999999999999999999", NULL) > 1000000000,
	    "very long");
	ok(regerr_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", NULL) > 1000000000,
	    "very far");
	is_int(regerr_retry_after("", NULL), 0);
	is_int(regerr_retry_after("-5", NULL), 0);
	is_int(regerr_retry_after("soon", NULL), 0);
	is_int(regerr_retry_after("Fri, 01 Jan 2021 00:00:30 GMT",
	    "Fri, 01 Jan 2021 00:00:00 GMT"), 30000);
	is_int(regerr_retry_after("Fri, 31 Dec 2100 00:00:00 GMT",
	    "Fri, 31 Dec 2100 00:00:01 GMT"), 0);
	is_int(regerr_retry_after("2", "Fri, 31 Dec 2100 00:00:01 GMT"), 2000);
	is_int(regerr_retry_after("Fri, 01 Jan 2021 00:00:30 GMT", "today?"),
	    0);
	is_int(regerr_retry_after("5s", NULL), 0);
	is_int(regerr_retry_after("5 6", NULL), 0);
	is_int(regerr_retry_after("nan", NULL), 0);
	is_int(regerr_retry_after("inf", NULL), 0);
	is_int(regerr_retry_after("Wed, 21 Oct 2015 07:28:00 GMT", NULL), 0);
	gmtime_r(&at, &tm);
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	ms = regerr_retry_after(text, NULL);
	ok(ms > 3000 * 1000 && ms <= 3600 * 1000, "a date: %lld",
	    (long long)ms);
}

/* What regerr_warnings() writes about these header fields. */
static void
warns(const char *head, const char *want)
{
	struct http_call	c;
	char			got[2000];
	size_t			n;
	int			saved;
	FILE			*f = tmpfile();

	if (f == NULL)
		return;
	http_call_init(&c);
	buf_adds(&c.head, head);
	fflush(stderr);
	saved = dup(2);
	dup2(fileno(f), 2);
	regerr_warnings(&c, "r.io");
	fflush(stderr);
	dup2(saved, 2);
	close(saved);
	rewind(f);
	n = fread(got, 1, sizeof(got) - 1, f);
	got[n] = '\0';
	fclose(f);
	http_call_clear(&c);
	if (want == NULL)
		is_str(got, "");
	else
		ok(strstr(got, want) != NULL, "%s", got);
}

static void
test_warnings(void)
{
	warns("Date: x\r\n", NULL);
	warns("warning: 199 - \"old\"\r\n", NULL);
	warns("Warning: 299 - \"one\"\r\nwarning: 299 - \"two\"\r\n",
	    "r.io says: - \"two\"");
	warns("Warning: 299 - \"one\"\r\n", NULL);
	warns("Warning: 299 - \"three\"\r\nwarning: 299 - \"one\"\r\n",
	    "three");
}

int
main(void)
{
	test_json();
	test_other();
	test_hint();
	test_retry_after();
	test_warnings();
	return tap_end();
}
