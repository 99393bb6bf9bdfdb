/*
 * --speed-limit, --speed-time, --max-time: a source that sends next to nothing,
 * but never nothing, does not stall, and would hold its place for ever.
 */
#include "lib/base/clock.h"
#include "tools/acedt-push/xfer.h"

#define LOOK_MS		1000

/* Is it for the source to send?  Not while we wait, for whatever it is. */
static int
is_flowing(const struct xfer *x)
{
	const struct http_call	*c = &x->get.http;

	return x->getting && !x->paced && c->active && c->head_seen &&
	    !c->paused;
}

static void
look_at(struct xfer *x, int64_t now)
{
	const struct lowest	*low = &x->p->lowest;
	struct err		 err = ERR_INIT;
	int64_t			 ms = now - x->slow_since;

	if (low->max_seconds > 0 &&
	    now - x->began >= low->max_seconds * 1000LL) {
		err_set(&err, ERR_NETWORK, "not whole after %d s (see "
		    "--max-time)", low->max_seconds);
		xfer_fail(x, &err, 0);
		return;
	}
	if (low->speed == 0 || !is_flowing(x)) {
		x->slow_since = 0;
		return;
	}
	if (x->slow_since != 0 && ms < low->seconds * 1000LL)
		return;
	if (x->slow_since != 0 && (x->came - x->slow_came) * 1000 / ms <
	    low->speed) {
		x->slow_since = 0;
		source_slow(x);
		return;
	}
	x->slow_since = now;
	x->slow_came = x->came;
}

static void
look(void *arg)
{
	struct pusher	*p = arg;
	struct xfer	*x, *next;
	int64_t		 now = clock_ms();

	for (x = p->xfers; x != NULL; x = next) {
		next = x->next;
		look_at(x, now);
	}
	slow_watch(p);
}

void
slow_watch(struct pusher *p)
{
	if (p->xfers != NULL && !p->lowest.timer.set)
		loop_timer_set(p->net.loop, &p->lowest.timer, LOOK_MS, look,
		    p);
}
