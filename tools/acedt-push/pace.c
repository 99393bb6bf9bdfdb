#include "lib/base/clock.h"
#include "tools/acedt-push/xfer.h"

/* The bucket holds what passes in so long: short enough not to come in waves. */
#define BUCKET_MS	100

static void
fill(struct pace *c)
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

static void
go_on(void *arg)
{
	struct pusher	*p = arg;
	struct xfer	*x;

	for (x = p->xfers; x != NULL; x = x->next) {
		if (!x->paced)
			continue;
		x->paced = 0;
		http_resume(x->getting ? &x->get.http : &x->up.http);
	}
}

int
pace_take(struct pusher *p, size_t n)
{
	struct pace	*c = &p->pace;

	if (c->rate == 0)
		return 1;
	fill(c);
	if (c->level > 0) {
		c->level -= (int64_t)n;
		return 1;
	}
	if (!c->timer.set)
		loop_timer_set(p->net.loop, &c->timer,
		    -c->level * 1000 / c->rate + 1, go_on, p);
	return 0;
}
