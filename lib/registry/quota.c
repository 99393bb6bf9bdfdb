#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/limits.h"
#include "lib/http/http.h"
#include "lib/registry/quota.h"

/* More is a time of day, as GitLab and GitHub write it, not a number of seconds. */
#define SECONDS_MAX	1000000000LL

/* A number, perhaps with ";w=SECONDS" behind it; -1 if it is none. */
static int64_t
number_of(const char *v, int64_t *window)
{
	const char	*w;
	int64_t		 n;

	if (!isdigit((unsigned char)*v))
		return -1;
	n = strtoll(v, NULL, 10);
	if ((w = strstr(v, "w=")) != NULL && isdigit((unsigned char)w[2]))
		*window = strtoll(w + 2, NULL, 10);
	return n;
}

static int64_t
field(struct http_call *c, const char *name, int64_t *window)
{
	const char	*v = http_header(c, name, 0);

	return v != NULL ? number_of(v, window) : -1;
}

static int64_t
until(int64_t reset)
{
	int64_t	now = (int64_t)time(NULL);

	if (reset <= SECONDS_MAX)
		return reset;
	return reset > now && reset - now < SECONDS_MAX ? reset - now : 0;
}

int
quota_read(struct http_call *c, struct quota *q)
{
	int64_t	reset, window = 0;

	q->limit = field(c, "RateLimit-Limit", &window);
	q->left = field(c, "RateLimit-Remaining", &window);
	reset = field(c, "RateLimit-Reset", &window);
	if (q->limit == -1 || q->left == -1) {
		q->limit = field(c, "X-RateLimit-Limit", &window);
		q->left = field(c, "X-RateLimit-Remaining", &window);
		reset = field(c, "X-RateLimit-Reset", &window);
	}
	q->seconds = reset > 0 ? until(reset) :
	    window > SECONDS_MAX ? SECONDS_MAX : window;
	return q->limit > 0 && q->left >= 0 && q->left <= q->limit;
}

int64_t
quota_pace(const struct quota *q)
{
	int64_t	us;

	if (q->left >= q->limit / QUOTA_SMALL_PART)
		return 0;
	us = q->seconds * 1000000 / (q->left + 1);
	return us > QUOTA_PACE_MAX_MS * 1000LL ? QUOTA_PACE_MAX_MS * 1000LL :
	    us;
}
