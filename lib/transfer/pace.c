/* One limit of the rate for all transfers of a program: a bucket of bytes. */
#include <assert.h>

#include "lib/base/clock.h"
#include "lib/transfer/pace.h"

/* The bucket holds what passes in this time: too short to come in waves. */
#define BUCKET_MS	100

static void
pace_fill(struct pace *c)
{
	int64_t	now = clock_ms(), most = c->rate * BUCKET_MS / 1000;

	if (c->filled == 0)
		c->level = most;
	else if (now - c->filled > 60 * 1000)
		c->level = most;	/* and no overflow below */
	else
		c->level += c->rate * (now - c->filled) / 1000;
	if (c->level > most)
		c->level = most;
	c->filled = now;
}

/*
 * Who finds no room once more puts itself into the new list.  What is called
 * only resumes a call, so nobody leaves the old list meanwhile.
 */
static void
pace_wake(void *arg)
{
	struct pace		*c = arg;
	struct pace_waiter	*w, *next = c->waiters;

	c->waiters = NULL;
	while ((w = next) != NULL) {
		assert(w->waiting);
		next = w->next;
		w->waiting = 0;
		w->fn(w->arg);
	}
}

int
pace_take(struct pace *c, struct pace_waiter *w, size_t n)
{
	if (c->rate == 0)
		return 1;
	pace_fill(c);
	if (c->level > 0) {
		c->level -= (int64_t)n;
		return 1;
	}
	if (!w->waiting) {
		w->waiting = 1;
		w->next = c->waiters;
		c->waiters = w;
	}
	if (!c->timer.set)
		loop_timer_set(c->loop, &c->timer,
		    -c->level * 1000 / c->rate + 1, pace_wake, c);
	return 0;
}

void
pace_leave(struct pace *c, struct pace_waiter *w)
{
	struct pace_waiter	**at;

	if (!w->waiting)
		return;
	for (at = &c->waiters; *at != w; at = &(*at)->next)
		assert(*at != NULL);
	*at = w->next;
	w->waiting = 0;
}

void
pace_stop(struct pace *c)
{
	assert(c->waiters == NULL);
	if (c->loop != NULL)
		loop_timer_stop(c->loop, &c->timer);
}
