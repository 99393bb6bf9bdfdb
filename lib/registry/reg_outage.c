/*
 * Calls to hosts that are not reached for a while: they wait in the queue of
 * their host, and one of them at a time is sent to see whether it is back.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/xalloc.h"
#include "lib/http/origin.h"
#include "lib/registry/reg_private.h"

enum probe {
	PROBE_NONE,
	PROBE_HOST,		/* of the endpoint */
	PROBE_ELSEWHERE		/* of where it redirected us to */
};

/* Of the host that a redirect led to. */
static struct outage *
elsewhere(struct reg_call *c)
{
	struct reg		*reg = c->repo->reg;
	struct shared_host	*shared;
	char			*base = origin_base(c->url);

	if (base == NULL)
		return NULL;
	shared = shared_host(reg->shared, base);
	if (c->elsewhere == NULL)
		c->elsewhere = xcalloc(1, sizeof(*c->elsewhere));
	if (c->elsewhere->shared != shared) {
		outage_clear(c->elsewhere);
		outage_init(c->elsewhere, shared, reg->patience, base);
	}
	free(base);
	return c->elsewhere;
}

static struct outage *
outage_of(struct reg_call *c)
{
	return c->own ? &c->route->host->outage : elsewhere(c);
}

/* One that has other endpoints goes there first. */
static int
waits(const struct reg_call *c)
{
	return !c->hurry && (c->repo->n == 1 || c->outlasts);
}

int64_t
reg_outage_gate(const struct reg_call *c)
{
	const struct outage	*o = &c->route->host->outage;
	int64_t			 ms;

	if (!waits(c) || (ms = outage_wait(o)) == 0)
		return 0;
	return outage_given_up(o) ? -1 : ms;
}

int
reg_outage_enter(struct reg_call *c)
{
	int	probe;

	if (!waits(c))
		return 1;
	if (!outage_enter(&c->route->host->outage, &probe))
		return 0;
	if (probe) {
		reg_outage_leave(c);
		c->is_probe = PROBE_HOST;
	}
	return 1;
}

void
reg_outage_leave(struct reg_call *c)
{
	if (c->is_probe == PROBE_HOST)
		outage_leave(&c->route->host->outage);
	else if (c->is_probe == PROBE_ELSEWHERE)
		outage_leave(c->elsewhere);
	c->is_probe = PROBE_NONE;
}

int
reg_outage_reached(struct reg_call *c)
{
	struct outage	*o = outage_of(c);

	if (o == NULL)
		return 0;
	if (c->is_probe == (c->own ? PROBE_HOST : PROBE_ELSEWHERE))
		c->is_probe = PROBE_NONE;
	return outage_reached(o) && c->own;
}

void
reg_outage_note(struct reg_call *c, const struct err *err)
{
	struct outage	*o = outage_of(c);
	int		 probe;

	if (o == NULL)
		return;
	probe = c->is_probe == (c->own ? PROBE_HOST : PROBE_ELSEWHERE);
	if (probe)
		c->is_probe = PROBE_NONE;
	outage_missed(o, &c->http, probe, err);
}

void
reg_outage_error(struct reg_call *c, struct err *err)
{
	struct outage	*o = &c->route->host->outage;

	c->given_up = 1;
	err_set(err, ERR_NETWORK, "%s", o->why);
	outage_explain(o, err);
}

int64_t
reg_outage_delay(const struct reg_call *c)
{
	int64_t	ms = outage_wait(c->elsewhere);

	return ms > 0 ? ms : 1;
}

int
reg_outage_look(struct reg_call *c, struct err *err)
{
	int	probe;

	assert(c->elsewhere != NULL);
	if (outage_given_up(c->elsewhere)) {
		c->given_up = 1;
		err_set(err, ERR_NETWORK, "%s", c->elsewhere->why);
		outage_explain(c->elsewhere, err);
		return -1;
	}
	if (!outage_enter(c->elsewhere, &probe))
		return 0;
	c->is_probe = probe ? PROBE_ELSEWHERE : PROBE_NONE;
	return 1;
}

/*
 * The endpoint to wait for: of those that are not done with, all of which are
 * down, one that was reached before; -1 if another one can be asked, or all are
 * given up.
 */
static int
route_to_wait_for(struct reg_call *c)
{
	struct outage	*o;
	size_t		 i;
	int		 best = -1;

	c->given_up = 1;
	for (i = 0; i < c->repo->n; i++) {
		if (c->final & 1UL << i)
			continue;
		o = &c->repo->routes[i].host->outage;
		if (shared_down(o->shared) == 0) {
			c->given_up = 0;
			return -1;
		}
		if (!outage_given_up(o) && (best == -1 ||
		    (shared_was_reached(o->shared) && !shared_was_reached(
		    c->repo->routes[best].host->shared))))
			best = (int)i;
	}
	c->given_up = best == -1;
	return best;
}

enum outlast
reg_outage_outlast(struct reg_call *c, size_t *k)
{
	int	best;

	if (c->hurry)
		return OUTLAST_NOT;
	if (!c->own && c->elsewhere == NULL)
		return OUTLAST_NOT;
	if (!c->own) {
		c->given_up = outage_given_up(c->elsewhere);
		return c->given_up ? OUTLAST_NOT : OUTLAST_ELSEWHERE;
	}
	if ((best = route_to_wait_for(c)) == -1) {
		if (c->given_up)
			c->may_pass = 0;
		return OUTLAST_NOT;
	}
	*k = (size_t)best;
	return OUTLAST_HOST;
}
