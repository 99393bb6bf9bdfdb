/*
 * What acedt-check knows of each registry and layout, and the lines in which it
 * says so.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/http/tls.h"
#include "lib/registry/quota.h"
#include "tools/acedt-check/check.h"

#define LINE_MAX_SHOWN	2048

/* What Docker Hub and others say of the pulls that are left; or NULL. */
static char *
quota_text(const struct reg_answer *a)
{
	struct quota	q;
	char		every[64] = "";

	reg_answer_quota(a, &q);
	if (q.left == -1)
		return NULL;
	if (q.window >= 3600)
		snprintf(every, sizeof(every), " in %" PRId64 " h",
		    q.window / 3600);
	else if (q.window > 0)
		snprintf(every, sizeof(every), " in %" PRId64 " s", q.window);
	return q.limit >= 0 ? xasprintf("%" PRId64 " of %" PRId64 " pulls "
	    "left%s", q.left, q.limit, every) :
	    xasprintf("%" PRId64 " pulls left%s", q.left, every);
}

/* The version of TLS, and who vouches for the host; "" for plain http. */
static char *
tls_text(const struct reg_answer *a)
{
	const struct tls	*t = a->tls;

	if (t == NULL || *tls_version(t) == '\0')
		return xstrdup("");
	return xasprintf("%s by \"%s\"%s", tls_version(t), tls_authority(t),
	    tls_is_insecure(t) ? ", not verified" : "");
}

struct site *
site_of(struct check *k, const char *name, int writing)
{
	struct site	*s;

	for (s = k->sites; s != NULL; s = s->next)
		if (s->writing == writing && strcmp(s->name, name) == 0)
			return s;
	s = xcalloc(1, sizeof(*s));
	s->name = xstrdup(name);
	s->writing = writing;
	*k->sites_end = s;
	k->sites_end = &s->next;
	return s;
}

void
site_note(struct site *s, const struct reg_answer *a, int good)
{
	char	*quota = quota_text(a);

	if (quota != NULL) {
		free(s->quota);
		s->quota = quota;
	}
	s->good += good != 0;
	assert(s->good <= s->asked);
	if (s->endpoint != NULL && (s->answered || !good))
		return;
	free(s->endpoint);
	free(s->address);
	free(s->tls);
	free(s->account);
	s->endpoint = xstrdup(a->endpoint);
	s->address = xstrdup(a->address);
	s->tls = tls_text(a);
	s->account = reg_answer_account(a);
	s->answered = good;
}

/* A line of text from here and elsewhere, safe for a terminal. */
static void
put_text(const char *text)
{
	char	safe[2 * LINE_MAX_SHOWN];

	log_escape(safe, sizeof(safe), text);
	fputs(safe, stdout);
}

/* The line of a registry or layout. */
static void
report_site(const struct site *s, int width)
{
	char	*line;

	line = xasprintf("%-*s  %-6s  ", width, s->name,
	    s->good == s->asked ? "ok" : "FAILED");
	put_text(line);
	free(line);
	if (s->writing)
		printf(s->good == s->asked ? "may be written" :
		    "cannot be written");
	else
		printf("%zu of %zu read", s->good, s->asked);
	if (s->endpoint != NULL) {
		line = xasprintf("; %s%s%s%s%s%s; %s%s%s", s->endpoint,
		    *s->address != '\0' ? " at " : "", s->address,
		    *s->tls != '\0' ? ", " : "", s->tls,
		    *s->address == '\0' ? ", no answer" : "", s->account,
		    s->quota != NULL ? "; " : "",
		    s->quota != NULL ? s->quota : "");
		put_text(line);
		free(line);
	}
	putchar('\n');
}

void
report(const struct check *k)
{
	const struct site	*s;
	int			 width = 0;

	for (s = k->sites; s != NULL; s = s->next)
		if ((int)strlen(s->name) > width)
			width = (int)strlen(s->name);
	for (s = k->sites; s != NULL; s = s->next)
		report_site(s, width);
}

void
sites_free(struct check *k)
{
	struct site	*s;

	while ((s = k->sites) != NULL) {
		k->sites = s->next;
		free(s->name);
		free(s->endpoint);
		free(s->address);
		free(s->tls);
		free(s->account);
		free(s->quota);
		free(s);
	}
}
