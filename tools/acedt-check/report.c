#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/http/tls.h"
#include "tools/acedt-check/check.h"

#define LINE_MAX_SHOWN	2048

/* "100;w=21600": how many, and in how many seconds. */
static int
read_limit(const char *v, long *n, long *window)
{
	char	*end;

	*n = strtol(v, &end, 10);
	*window = 0;
	if (end == v || *n < 0)
		return -1;
	if (strncmp(end, ";w=", 3) == 0)
		*window = strtol(end + 3, NULL, 10);
	return 0;
}

/* What Docker Hub and others say of the pulls that are left; or NULL. */
static char *
quota_of(struct reg_call *c)
{
	char	*v, every[64] = "";
	long	 left, all = -1, window, ignored;

	if ((v = reg_header(c, "ratelimit-remaining")) == NULL ||
	    read_limit(v, &left, &window) == -1)
		return NULL;
	if ((v = reg_header(c, "ratelimit-limit")) != NULL &&
	    read_limit(v, &all, &ignored) == -1)
		all = -1;
	if (window >= 3600)
		snprintf(every, sizeof(every), " in %ld h", window / 3600);
	else if (window > 0)
		snprintf(every, sizeof(every), " in %ld s", window);
	return all >= 0 ? xasprintf("%ld of %ld pulls left%s", left, all,
	    every) : xasprintf("%ld pulls left%s", left, every);
}

static char *
tls_of(const struct reg_call *c)
{
	const struct tls	*t = c->http.tls;

	if (t == NULL || *tls_version(t) == '\0')
		return xstrdup("");
	return xasprintf("%s by \"%s\"%s", tls_version(t), tls_authority(t),
	    tls_is_insecure(t) ? ", not verified" : "");
}

void
subject_note(struct subject *s, struct reg_call *c, int good)
{
	char	*quota = quota_of(c);

	if (quota != NULL) {
		free(s->quota);
		s->quota = quota;
	}
	s->good += good != 0;
	if (s->endpoint != NULL && (s->answered || !good))
		return;
	free(s->endpoint);
	free(s->address);
	free(s->tls);
	free(s->account);
	s->endpoint = xstrdup(reg_endpoint(c));
	s->address = xstrdup(c->http.address);
	s->tls = tls_of(c);
	s->account = reg_account(c);
	s->answered = good;
}

/* A line of text from here and elsewhere, safe for a terminal. */
static void
put(const char *text)
{
	char	safe[2 * LINE_MAX_SHOWN];

	log_escape(safe, sizeof(safe), text);
	fputs(safe, stdout);
}

static void
report_subject(const struct subject *s, int width)
{
	char	*line;

	line = xasprintf("%-*s  %-6s  ", width, s->name,
	    s->good == s->asked ? "ok" : "FAILED");
	put(line);
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
		put(line);
		free(line);
	}
	putchar('\n');
}

void
report(const struct check *k)
{
	const struct subject	*s;
	int			 width = 0;

	for (s = k->subjects; s != NULL; s = s->next)
		if ((int)strlen(s->name) > width)
			width = (int)strlen(s->name);
	for (s = k->subjects; s != NULL; s = s->next)
		report_subject(s, width);
}

void
subjects_free(struct check *k)
{
	struct subject	*s;

	while ((s = k->subjects) != NULL) {
		k->subjects = s->next;
		free(s->name);
		free(s->endpoint);
		free(s->address);
		free(s->tls);
		free(s->account);
		free(s->quota);
		free(s);
	}
}
