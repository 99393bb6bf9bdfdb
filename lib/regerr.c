#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/errmsg.h"
#include "lib/http.h"
#include "lib/json.h"
#include "lib/limits.h"
#include "lib/log.h"
#include "lib/regerr.h"
#include "lib/tls.h"
#include "lib/xalloc.h"

#define QUOTE_MAX	200	/* of a body that is no JSON */
#define MESSAGE_MAX	600	/* of a registry's own message */
#define WARNINGS_MAX	32	/* texts remembered, and so shown */

static const struct json_limits error_limits = { 10000, 32, JSON_PLAIN };

static enum err_class
class_of(long status, const char *code)
{
	if (strcmp(code, "TOOMANYREQUESTS") == 0)
		return ERR_THROTTLED;
	switch (status) {
	case 401:
		return ERR_UNAUTHORIZED;
	case 403:
		return ERR_DENIED;
	case 404:
		return ERR_NOT_FOUND;
	case 429:
		return ERR_THROTTLED;
	}
	return ERR_REGISTRY;
}

/* The first of the errors in a JSON body; 0 if it is one. */
static int
json_error(const struct buf *body, char **code, char **message)
{
	struct err	err;
	jv		doc, list, first;

	if (body->len == 0 || json_parse(body->data, body->len, &error_limits,
	    &doc, &err) == -1)
		return -1;
	list = json_get(doc, "errors");
	jv_free(doc);
	if (jv_get_kind(list) != JV_KIND_ARRAY) {
		jv_free(list);
		return -1;
	}
	first = jv_array_get(list, 0);
	*code = json_str(first, "code");
	*message = json_str(first, "message");
	jv_free(first);
	return 0;
}

/* Printable beginning of a text, blanks folded. */
static void
quote(const struct buf *body, char *out, size_t size)
{
	size_t	i, o = 0;

	for (i = 0; i < body->len && o + 1 < size; i++) {
		if (isspace((unsigned char)body->data[i])) {
			if (o > 0 && out[o - 1] != ' ')
				out[o++] = ' ';
		} else if (isprint((unsigned char)body->data[i])) {
			out[o++] = body->data[i];
		}
	}
	out[o] = '\0';
}

void
regerr_answer(struct http_call *c, struct err *err)
{
	char	*code = NULL, *message = NULL, text[QUOTE_MAX];
	long	 status = c->status;

	if (json_error(&c->reply, &code, &message) == 0) {
		err_set(err, class_of(status, code != NULL ? code : ""),
		    "HTTP %ld%s%s%s%.*s", status, code != NULL ? " " : "",
		    code != NULL ? code : "", message != NULL ? ": " : "",
		    MESSAGE_MAX, message != NULL ? message : "");
		if (code != NULL)
			snprintf(err->code, sizeof(err->code), "%s", code);
	} else {
		quote(&c->reply, text, sizeof(text));
		err_set(err, class_of(status, ""), "HTTP %ld%s%s", status,
		    *text != '\0' ? ": " : "", text);
	}
	err->status = (int)status;
	free(code);
	free(message);
}

int
regerr_is_final(const char *code)
{
	/* distribution-spec, "Error Codes": what was sent, or named, is wrong. */
	static const char *const	final[] = {
		"BLOB_UNKNOWN", "DIGEST_INVALID", "MANIFEST_BLOB_UNKNOWN",
		"MANIFEST_INVALID", "NAME_INVALID", "SIZE_INVALID",
		"UNSUPPORTED"
	};
	size_t				i;

	for (i = 0; i < sizeof(final) / sizeof(final[0]); i++)
		if (strcmp(code, final[i]) == 0)
			return 1;
	return 0;
}

void
regerr_hint(struct err *err, const struct http_call *c, const char *scheme,
    const char *host, const char *account, const char *looked_in)
{
	if (c->status == 401 && account != NULL)
		err_add(err, " (the credentials for %s in %s are refused)",
		    host, account);
	else if (c->status == 401)
		err_add(err, " (no credentials for %s found; looked in %s; "
		    "try: docker login %s, or podman login %s)", host,
		    looked_in, host, host);
	else if (c->status == 407)
		err_add(err, " (it is the proxy that wants credentials: "
		    "http_proxy=http://USER:PASSWORD@HOST:PORT)");
	else if (c->status == 413)
		err_add(err, " (it, or a proxy before it, takes no request so "
		    "large: set chunkSize, see ace-dt-config(5))");
	else if (c->result == CURLE_SSL_CONNECT_ERROR &&
	    strcmp(scheme, "https") == 0 && strstr(err->msg, "alert") == NULL)
		err_add(err, " (if %s speaks plain http, name http://%s as "
		    "its endpoint, see ace-dt-config(5))", host, host);
	else if (c->result == CURLE_PEER_FAILED_VERIFICATION &&
	    c->tls != NULL && tls_was_proxy(c->tls))
		err_add(err, " (of the proxy; add its authority to those of the "
		    "system, or to SSL_CERT_FILE)");
	else if (c->result == CURLE_PEER_FAILED_VERIFICATION)
		err_add(err, " (to trust its authority, put that into "
		    "/etc/containers/certs.d/%s/ca.crt, see "
		    "ace-dt-config(5))", host);
}

int64_t
regerr_retry_after(const char *v, const char *date)
{
	time_t	 at, now;
	char	*end;
	double	 s;

	if (isdigit((unsigned char)*v)) {
		s = strtod(v, &end);
		if (*end != '\0')
			return 0;
		return s > 1e9 ? (int64_t)1e12 : (int64_t)(s * 1000);
	}
	now = date != NULL ? curl_getdate(date, NULL) : -1;
	if (now == -1)
		now = time(NULL);
	at = curl_getdate(v, NULL);
	if (at == -1 || at <= now)
		return 0;
	/* Dates may be of years so far off that milliseconds overflow. */
	return at - now > 1000000000 ? (int64_t)1e12 :
	    (int64_t)(at - now) * 1000;
}

int64_t
regerr_wait_asked(struct http_call *c)
{
	int64_t	 ms = 0;
	char	*v, *date;

	v = http_header(c, "Date", 0);
	date = v != NULL ? xstrdup(v) : NULL;
	if ((v = http_header(c, "Retry-After", 0)) != NULL)
		ms = regerr_retry_after(v, date);
	free(date);
	return ms;
}

void
regerr_warnings(struct http_call *c, const char *host)
{
	static char	*seen[WARNINGS_MAX];
	static size_t	 nseen;
	char		*v;
	size_t		 i, nth;

	for (nth = 0; nth < WARNINGS_MAX &&
	    (v = http_header(c, "Warning", nth)) != NULL; nth++) {
		/* Only 299 is for people: distribution-spec, "Warnings". */
		if (strncmp(v, "299 ", 4) != 0)
			continue;
		for (i = 0; i < nseen && strcmp(seen[i], v) != 0; i++)
			;
		if (i < nseen || nseen == WARNINGS_MAX)
			continue;
		seen[nseen++] = xstrdup(v);
		log_warn("%s says: %.*s", host, MESSAGE_MAX, v + 4);
	}
}
