/*
 * Errors of registries in words: what the body of an answer says, and what the
 * user can do about its status.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/log.h"
#include "lib/base/utf8.h"
#include "lib/base/xalloc.h"
#include "lib/http/http.h"
#include "lib/http/tls.h"
#include "lib/registry/regerr.h"
#include "lib/text/json.h"

#define QUOTE_MAX	200	/* of a body that is no JSON */
#define MESSAGE_MAX	600	/* of a registry's own message */
#define DETAIL_MAX	300	/* of what it adds to that */
#define ERRORS_SHOWN	5	/* of those in one answer */
#define ERRORS_MAX	1000	/* bytes of all of them */
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

static int
has_members(jv v)
{
	return jv_get_kind(v) == JV_KIND_ARRAY ?
	    jv_array_length(jv_copy(v)) > 0 :
	    jv_object_length(jv_copy(v)) > 0;
}

/* What an error adds to its message: a text, or JSON; NULL if nothing. */
static char *
detail_of(jv error, const char *message)
{
	jv	 detail = json_get(error, "detail");
	char	*text = NULL;

	switch (jv_get_kind(detail)) {
	case JV_KIND_STRING:
		text = json_str(error, "detail");
		break;
	case JV_KIND_OBJECT:
	case JV_KIND_ARRAY:
		if (has_members(detail)) {
			jv	dump = jv_dump_string(jv_copy(detail), 0);

			text = xstrdup(jv_string_value(dump));
			jv_free(dump);
		}
		break;
	default:
		break;
	}
	jv_free(detail);
	if (text != NULL && (*text == '\0' || (message != NULL &&
	    strcmp(text, message) == 0))) {
		free(text);
		text = NULL;
	}
	return text;
}

/* "CODE: message (detail)", as far as they are there. */
static void
add_error(struct buf *b, jv error, char **code)
{
	char	*own = json_str(error, "code");
	char	*message = json_str(error, "message");
	char	*detail = detail_of(error, message);

	if (own != NULL || message != NULL || detail != NULL) {
		buf_addf(b, "%s%.*s%s%.*s", b->len > 0 ? "; " : "",
		    ERR_CODE_MAX, own != NULL ? own : "",
		    own != NULL && message != NULL ? ": " : "", MESSAGE_MAX,
		    message != NULL ? message : "");
		if (detail != NULL)
			buf_addf(b, "%s(%.*s)", own != NULL || message !=
			    NULL ? " " : "", DETAIL_MAX, detail);
	}
	/*
	 * "UNKNOWN" says less than any other; that a blob is missing says what
	 * can be done.
	 */
	if (own != NULL && (*code == NULL || strcmp(*code, "UNKNOWN") == 0 ||
	    strcmp(own, "MANIFEST_BLOB_UNKNOWN") == 0)) {
		free(*code);
		*code = own;
		own = NULL;
	}
	free(own);
	free(message);
	free(detail);
}

/*
 * All errors of a JSON body as a text, and the code that says most; -1 if it is
 * none.
 */
static int
json_errors(const struct buf *body, char **code, struct buf *text)
{
	struct err	err;
	jv		doc, list;
	int		i, n;

	if (body->len == 0 || json_parse(body->data, body->len, &error_limits,
	    &doc, &err) == -1)
		return -1;
	list = json_get(doc, "errors");
	jv_free(doc);
	if (jv_get_kind(list) != JV_KIND_ARRAY) {
		jv_free(list);
		return -1;
	}
	n = jv_array_length(jv_copy(list));
	for (i = 0; i < n && i < ERRORS_SHOWN; i++) {
		jv	error = jv_array_get(jv_copy(list), i);

		add_error(text, error, code);
		jv_free(error);
	}
	if (n > ERRORS_SHOWN)
		buf_addf(text, "%sand %d more errors", text->len > 0 ? "; " :
		    "", n - ERRORS_SHOWN);
	jv_free(list);
	return 0;
}

void
regerr_answer(struct http_call *c, struct err *err)
{
	struct buf	 all;
	char		*code = NULL, text[QUOTE_MAX];
	long		 status = c->status;

	buf_init(&all, ERR_MSG_MAX);
	if (json_errors(&c->reply, &code, &all) == 0) {
		err_set(err, class_of(status, code != NULL ? code : ""),
		    "HTTP %ld%s%.*s", status, all.len == 0 ? "" :
		    code != NULL ? " " : ": ", ERRORS_MAX,
		    all.len > 0 ? all.data : "");
		if (code != NULL)
			snprintf(err->code, sizeof(err->code), "%s", code);
	} else {
		utf8_one_line(text, sizeof(text), c->reply.data,
		    c->reply.len);
		err_set(err, class_of(status, ""), "HTTP %ld%s%s", status,
		    *text != '\0' ? ": " : "", text);
	}
	err->status = (int)status;
	free(code);
	buf_clear(&all);
}

int
regerr_is_final(const char *code)
{
	/*
	 * distribution-spec, "Error Codes": what was sent, or named, is wrong.
	 */
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
    const char *host, const char *account, const char *may_not,
    const char *looked_in)
{
	if ((c->status == 401 && may_not != NULL) ||
	    (c->status == 403 && account != NULL))
		err_add(err, " (the account for %s in %s may not %s here)",
		    host, account, may_not != NULL ? may_not : "do that");
	else if (c->status == 401 && account != NULL)
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
