/*
 * Calls to hosts that are not reached for a while: they wait in the queue of
 * their host, and one of them at a time is sent to see whether it is back.
 */
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

int
reg_outage_gate(struct reg_call *c)
{
	struct reg_host	*h = c->route->host;
	int64_t		 ms;

	if (!waits(c) || (ms = outage_wait(&h->outage)) == 0)
		return 1;
	if (outage_given_up(&h->outage))
		return -1;
	reg_look_again(h, ms);
	return 0;
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

/* No call is started here, as libcurl is at work. */
void
reg_outage_reached(struct reg_call *c)
{
	struct outage	*o = outage_of(c);

	if (o == NULL)
		return;
	if (c->is_probe == (c->own ? PROBE_HOST : PROBE_ELSEWHERE))
		c->is_probe = PROBE_NONE;
	if (outage_reached(o) && c->own)
		reg_look_again(c->route->host, 0);
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

static void	look_elsewhere(void *);

static void
delay(struct reg_call *c)
{
	int64_t	ms = outage_wait(c->elsewhere);

	c->state = CALL_DELAYED;
	loop_timer_set(c->repo->reg->loop, &c->timer, ms > 0 ? ms : 1,
	    look_elsewhere, c);
}

/* The endpoint answers; whether the host that it names is back shows the way. */
static void
look_elsewhere(void *arg)
{
	struct reg_call	*c = arg;
	struct err	 err = ERR_INIT;
	int		 probe;

	if (outage_given_up(c->elsewhere)) {
		c->given_up = 1;
		err_set(&err, ERR_NETWORK, "%s", c->elsewhere->why);
		outage_explain(c->elsewhere, &err);
		reg_fail(c, &err);
	} else if (!outage_enter(c->elsewhere, &probe)) {
		delay(c);
	} else {
		c->is_probe = probe ? PROBE_ELSEWHERE : PROBE_NONE;
		reg_begin_round(c);
	}
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

int
reg_outage_outlast(struct reg_call *c)
{
	int	k;

	if (c->hurry)
		return 0;
	if (!c->own && c->elsewhere == NULL)
		return 0;
	if (!c->own) {
		c->given_up = outage_given_up(c->elsewhere);
		if (!c->given_up)
			delay(c);
		return !c->given_up;
	}
	if ((k = route_to_wait_for(c)) == -1) {
		if (c->given_up)
			c->may_pass = 0;
		return 0;
	}
	reg_set_route(c, (size_t)k);
	c->asked = c->final;
	c->outlasts = 1;
	reg_enqueue(c);
	reg_look_again(c->route->host, 0);
	return 1;
}
