/*
 * The event loop: timers, watched descriptors and deferred calls, by poll(2) or
 * by the poll of the library that does the program's network.
 */
#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/xalloc.h"
#include "lib/http/loop.h"

struct loop {
	TAILQ_HEAD(, loop_timer)	 timers;	/* by time */
	TAILQ_HEAD(, loop_deferred)	 deferred;	/* by turn */
	TAILQ_HEAD(, loop_watch)	 watches;
	unsigned int			 nwatches;
	uint64_t			 turn;
	const struct loop_engine	*engine;	/* borrowed; or NULL */
	struct pollfd			*fds;		/* owned scratch */
	unsigned int			 fds_max;
	int				 busy;		/* in run or wait */
};

struct loop *
loop_new(void)
{
	struct loop	*l = xcalloc(1, sizeof(*l));

	TAILQ_INIT(&l->timers);
	TAILQ_INIT(&l->deferred);
	TAILQ_INIT(&l->watches);
	return l;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	assert(TAILQ_EMPTY(&l->timers) && TAILQ_EMPTY(&l->deferred));
	assert(TAILQ_EMPTY(&l->watches) && l->engine == NULL);
	free(l->fds);
	free(l);
}

void
loop_set_engine(struct loop *l, const struct loop_engine *engine)
{
	assert(engine == NULL || l->engine == NULL);
	l->engine = engine;
}

void
loop_timer_stop(struct loop *l, struct loop_timer *t)
{
	if (t->set)
		TAILQ_REMOVE(&l->timers, t, link);
	t->set = 0;
}

void
loop_timer_set(struct loop *l, struct loop_timer *t, int64_t ms,
    void (*fn)(void *), void *arg)
{
	struct loop_timer	*p;

	assert(fn != NULL && ms >= 1);
	loop_timer_stop(l, t);
	t->fn = fn;
	t->arg = arg;
	t->at = clock_ms() + ms;
	t->set = 1;
	TAILQ_FOREACH(p, &l->timers, link)
		if (p->at > t->at)
			break;
	if (p != NULL)
		TAILQ_INSERT_BEFORE(p, t, link);
	else
		TAILQ_INSERT_TAIL(&l->timers, t, link);
}

static void
run_timers(struct loop *l)
{
	struct loop_timer	*t;
	int64_t			 now = clock_ms();

	while ((t = TAILQ_FIRST(&l->timers)) != NULL && t->at <= now) {
		loop_timer_stop(l, t);
		t->fn(t->arg);
	}
}

void
loop_defer(struct loop *l, struct loop_deferred *d, void (*fn)(void *),
    void *arg)
{
	assert(fn != NULL);
	if (d->set) {
		assert(d->fn == fn && d->arg == arg);
		return;
	}
	d->fn = fn;
	d->arg = arg;
	d->turn = l->turn + 1;
	d->set = 1;
	TAILQ_INSERT_TAIL(&l->deferred, d, link);
}

void
loop_undefer(struct loop *l, struct loop_deferred *d)
{
	if (d->set)
		TAILQ_REMOVE(&l->deferred, d, link);
	d->set = 0;
}

static void
run_deferred(struct loop *l)
{
	struct loop_deferred	*d;

	l->turn++;
	while ((d = TAILQ_FIRST(&l->deferred)) != NULL && d->turn <= l->turn) {
		loop_undefer(l, d);
		d->fn(d->arg);
	}
}

void
loop_watch(struct loop *l, struct loop_watch *w)
{
	assert(!w->set && w->fd >= 0 && w->fn != NULL);
	w->set = 1;
	TAILQ_INSERT_TAIL(&l->watches, w, link);
	l->nwatches++;
}

void
loop_unwatch(struct loop *l, struct loop_watch *w)
{
	if (!w->set)
		return;
	TAILQ_REMOVE(&l->watches, w, link);
	l->nwatches--;
	w->set = 0;
}

void
loop_run(struct loop *l)
{
	assert(!l->busy);
	l->busy = 1;
	run_deferred(l);
	run_timers(l);
	if (l->engine != NULL)
		l->engine->run(l->engine->arg);
	l->busy = 0;
}

/* The list may have changed since the descriptor was found ready. */
static void
run_watch(struct loop *l, int fd)
{
	struct loop_watch	*w;

	TAILQ_FOREACH(w, &l->watches, link)
		if (w->fd == fd) {
			w->fn(w->arg);
			return;
		}
}

/* How long to wait for others, of timeout ms or, if -1, for ever. */
static int
time_left(const struct loop *l, int timeout)
{
	const struct loop_timer	*t = TAILQ_FIRST(&l->timers);
	int64_t			 ms;

	if (!TAILQ_EMPTY(&l->deferred))
		return 0;
	if (t == NULL)
		return timeout;
	ms = t->at - clock_ms();
	if (ms < 0)
		ms = 0;
	if (timeout >= 0 && timeout < ms)
		return timeout;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

/* Fill in what is waited for: the caller's descriptors, then the watches. */
static unsigned int
collect_fds(struct loop *l, const struct pollfd *own, unsigned int nown)
{
	struct loop_watch	*w;
	unsigned int		 i, n = nown;

	if (nown + l->nwatches > l->fds_max) {
		l->fds_max = nown + l->nwatches;
		l->fds = xreallocarray(l->fds, l->fds_max, sizeof(*l->fds));
	}
	if (nown > 0)
		memcpy(l->fds, own, nown * sizeof(*own));
	TAILQ_FOREACH(w, &l->watches, link) {
		l->fds[n].fd = w->fd;
		l->fds[n++].events = POLLIN;
	}
	assert(n == nown + l->nwatches);
	for (i = 0; i < n; i++)
		l->fds[i].revents = 0;
	return n;
}

void
loop_wait(struct loop *l, struct pollfd *own, unsigned int nown, int timeout)
{
	unsigned int	i, all = collect_fds(l, own, nown);

	assert(!l->busy);
	l->busy = 1;
	timeout = time_left(l, timeout);
	if (l->engine != NULL)
		l->engine->poll(l->engine->arg, l->fds, all, timeout);
	else if (poll(l->fds, all, timeout) == -1)
		all = 0;	/* by a signal */
	for (i = 0; i < nown; i++)
		own[i].revents = i < all ? l->fds[i].revents : 0;
	for (; i < all; i++)
		if (l->fds[i].revents != 0)
			run_watch(l, l->fds[i].fd);
	l->busy = 0;
}
