/*
 * Hosts that are not reached for a while: a registry that is started again, a
 * name that is spelt wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/http/http.h"
#include "lib/registry/outage.h"
#include "lib/registry/patience.h"
#include "lib/registry/shared.h"

void
outage_init(struct outage *o, struct shared_host *shared,
    const struct patience *patience, const char *base)
{
	o->shared = shared;
	o->patience = patience;
	o->base = xstrdup(base);
	o->why = NULL;
}

void
outage_clear(struct outage *o)
{
	free(o->base);
	free(o->why);
	memset(o, 0, sizeof(*o));
}

int
outage_is_one(const struct http_call *c)
{
	switch (c->result) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_OPERATION_TIMEDOUT:	/* only set for connecting */
		return http_error_is_passing(c);
	default:
		return 0;
	}
}

/* Now plus ms, as people here read a clock. */
static void
time_text(int64_t ms, char *out, size_t size)
{
	time_t		at = time(NULL) + (time_t)(ms / 1000);
	struct tm	tm;

	if (localtime_r(&at, &tm) == NULL ||
	    strftime(out, size, "%H:%M:%S", &tm) == 0)
		snprintf(out, size, "?");
}

/* Once for each outage, by the first program to see that it lasts. */
static void
say(const struct outage *o, int64_t down)
{
	int64_t	most = patience_outage(o->patience,
		    shared_was_reached(o->shared));
	char	until[16];

	if (down < HTTP_OUTAGE_TOLD_MS || !shared_tell_down(o->shared))
		return;
	if (most == -1) {
		log_warn("%s: not reached for %lld s (%s), trying on %d times "
		    "at the most", o->base, (long long)down / 1000, o->why,
		    o->patience->retries - shared_misses(o->shared) + 1);
		return;
	}
	time_text(most - down, until, sizeof(until));
	log_warn("%s: not reached for %lld s (%s), trying on until %s",
	    o->base, (long long)down / 1000, o->why, until);
}

static int
allows(const struct outage *o, int64_t down)
{
	return patience_allows_outage(o->patience,
	    shared_was_reached(o->shared), shared_misses(o->shared), down);
}

/* The pause before the next probe: the last one comes when patience ends. */
static int64_t
pause_after(const struct outage *o, int64_t down)
{
	int64_t	ms = patience_backoff(shared_misses(o->shared) + 1),
		most = patience_outage(o->patience,
		    shared_was_reached(o->shared));

	if (ms > HTTP_PROBE_MAX_MS)
		ms = HTTP_PROBE_MAX_MS;
	if (most != -1 && down < most && ms > most - down)
		ms = most - down;
	return ms;
}

int
outage_missed(struct outage *o, const struct http_call *c, int probe,
    const struct err *err)
{
	int	news = shared_missed(o->shared, c->started);
	int64_t	down = shared_down(o->shared);

	free(o->why);
	o->why = xstrdup(err->msg);
	if (news || probe)
		shared_probe_failed(o->shared, pause_after(o, down));
	if (!allows(o, down))
		return 0;
	say(o, down);
	return 1;
}

int
outage_reached(struct outage *o)
{
	int	told = shared_told_down(o->shared);
	int64_t	down = shared_reached(o->shared);

	free(o->why);
	o->why = NULL;
	if (down == 0)
		return 0;
	if (told)
		log_warn("%s: reached again after %lld s", o->base,
		    (long long)down / 1000);
	return 1;
}

int
outage_given_up(const struct outage *o)
{
	int64_t	down = shared_down(o->shared);

	return down > 0 && o->why != NULL && !allows(o, down);
}

void
outage_explain(const struct outage *o, struct err *err)
{
	int64_t	down = shared_down(o->shared);

	if (down >= 1000)
		err_add(err, " (not reached for %lld s)",
		    (long long)down / 1000);
}

int64_t
outage_wait(const struct outage *o)
{
	int64_t	ms;

	if (shared_down(o->shared) == 0)
		return 0;
	ms = shared_probe_wait(o->shared);
	return ms > HTTP_OUTAGE_LOOK_MS ? HTTP_OUTAGE_LOOK_MS : ms;
}

int
outage_enter(struct outage *o, int *probe)
{
	*probe = 0;
	if (shared_down(o->shared) == 0)
		return 1;
	return *probe = shared_probe(o->shared);
}

void
outage_leave(struct outage *o)
{
	shared_probe_release(o->shared);
}
