/*
 * What registries say of their quotas, in the header fields of their answers.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/limits.h"
#include "lib/http/http.h"
#include "lib/registry/quota.h"

/*
 * More is a time of day, as GitLab and GitHub write it, not a number of
 * seconds.
 */
#define SECONDS_MAX	1000000000LL

/* A number, perhaps with ";w=SECONDS" after it; -1 if it is not one. */
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
quota_field(struct http_call *c, const char *name, int64_t *window)
{
	const char	*v = http_header(c, name, 0);

	return v != NULL ? number_of(v, window) : -1;
}

/* Seconds until the time that a Reset field means. */
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
	int64_t	reset, limit, left, window = 0;

	q->limit = quota_field(c, "RateLimit-Limit", &window);
	q->left = quota_field(c, "RateLimit-Remaining", &window);
	reset = quota_field(c, "RateLimit-Reset", &window);
	if (q->limit == -1 || q->left == -1) {
		limit = quota_field(c, "X-RateLimit-Limit", &window);
		left = quota_field(c, "X-RateLimit-Remaining", &window);
		if (limit != -1 && left != -1) {
			q->limit = limit;
			q->left = left;
			reset = quota_field(c, "X-RateLimit-Reset", &window);
		}
	}
	q->window = window > SECONDS_MAX ? SECONDS_MAX : window;
	q->seconds = reset > 0 ? until(reset) : q->window;
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
