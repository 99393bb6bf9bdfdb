/*
 * WWW-Authenticate: the challenge that we can answer, of those that are sent.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/xalloc.h"
#include "lib/registry/challenge.h"

/* A challenge being read, before it is known whether it is the best. */
struct challenge_reader {
	const char	*s;		/* what is left of the field */
	struct challenge c;
	int		 known;		/* basic or bearer */
};

void
challenge_clear(struct challenge *c)
{
	free(c->realm);
	free(c->service);
	free(c->scope);
	free(c->error);
	memset(c, 0, sizeof(*c));
}

/* RFC 9110 §5.6.2. */
static size_t
token_length(const char *s)
{
	size_t	n = 0;

	while (isalnum((unsigned char)s[n]) ||
	    (s[n] != '\0' && strchr("!#$%&'*+-.^_`|~", s[n]) != NULL))
		n++;
	return n;
}

static void
skip(struct challenge_reader *r, const char *what)
{
	r->s += strspn(r->s, what);
}

/* A value: a token, or a quoted string with its escapes taken out. */
static char *
read_value(struct challenge_reader *r)
{
	char	*out;
	size_t	 n = 0;

	if (*r->s != '"') {
		n = strcspn(r->s, ", \t");
		out = xmemdup0(r->s, n);
		r->s += n;
		return out;
	}
	out = xmalloc(strlen(r->s));
	for (r->s++; *r->s != '\0' && *r->s != '"'; r->s++) {
		if (*r->s == '\\' && r->s[1] != '\0')
			r->s++;
		out[n++] = *r->s;
	}
	if (*r->s == '"')
		r->s++;
	out[n] = '\0';
	return out;
}

static void
keep(struct challenge *c, const char *name, size_t n, char *value)
{
	char	**to = NULL;

	if (n == 5 && strncasecmp(name, "realm", n) == 0)
		to = &c->realm;
	else if (n == 7 && strncasecmp(name, "service", n) == 0)
		to = &c->service;
	else if (n == 5 && strncasecmp(name, "scope", n) == 0)
		to = &c->scope;
	else if (n == 5 && strncasecmp(name, "error", n) == 0)
		to = &c->error;
	if (to == NULL || *to != NULL) {
		free(value);
		return;
	}
	*to = value;
}

/*
 * The parameters of one challenge.  A word that no "=" follows begins the next
 * challenge: the commas alone do not tell.
 */
static void
read_parameters(struct challenge_reader *r)
{
	const char	*name;
	size_t		 n;

	for (;;) {
		skip(r, " \t,");
		name = r->s;
		n = token_length(name);
		if (n == 0)
			return;
		r->s += n;
		skip(r, " \t");
		if (*r->s != '=') {
			r->s = name;
			return;
		}
		r->s++;
		skip(r, " \t");
		keep(&r->c, name, n, read_value(r));
	}
}

int
challenge_parse(struct challenge *best, const char *value)
{
	struct challenge_reader	r;
	size_t		n;
	int		have = best->bearer || best->realm != NULL;

	memset(&r, 0, sizeof(r));
	r.s = value;
	for (;;) {
		skip(&r, " \t,");
		if (*r.s == '\0')
			break;
		if ((n = token_length(r.s)) == 0) {
			/* The rest of a token68, or rubbish. */
			r.s += strcspn(r.s, " \t,");
			continue;
		}
		memset(&r.c, 0, sizeof(r.c));
		r.c.bearer = n == 6 && strncasecmp(r.s, "bearer", n) == 0;
		r.known = r.c.bearer ||
		    (n == 5 && strncasecmp(r.s, "basic", n) == 0);
		r.s += n;
		read_parameters(&r);
		if (!r.known || (have && (best->bearer || !r.c.bearer))) {
			challenge_clear(&r.c);
			continue;
		}
		challenge_clear(best);
		*best = r.c;
		/* A realm marks "there is one", also for basic without any. */
		if (best->realm == NULL)
			best->realm = xstrdup("");
		have = 1;
	}
	return have;
}
