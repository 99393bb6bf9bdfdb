/*
 * Which transfers are under way: they are started here when there is room, go
 * on in each turn of the loop, and leave when they are over.  A source that
 * sends next to nothing, but never nothing, does not stall, and would hold its
 * place for ever: --speed-limit, --speed-time and --max-time are looked at
 * here.
 */
#include <assert.h>

#include "lib/base/clock.h"
#include "tools/acedt-push/push.h"
#include "tools/acedt-push/transfer.h"

#define LOOK_MS		1000

static void	queue_watch(struct pusher *);

static void
queue_look(void *arg)
{
	struct pusher	*p = arg;
	struct transfer	*x;
	int64_t		 now = clock_ms();

	for (x = p->transfers; x != NULL; x = x->next)
		transfer_check_time(x, now);
	queue_watch(p);
}

/* From now on, while anything is under way. */
static void
queue_watch(struct pusher *p)
{
	if (p->transfers != NULL && !p->look_timer.set)
		loop_timer_set(p->net.loop, &p->look_timer, LOOK_MS,
		    queue_look, p);
}

static void
queue_begin(struct pusher *p, struct item *blob)
{
	struct transfer	*x = transfer_new(p, blob);

	if ((x->next = p->transfers) != NULL)
		x->next->prev = &x->next;
	x->prev = &p->transfers;
	p->transfers = x;
	if (blob->size <= SOURCE_SMALL) {
		p->nsmall++;
	} else {
		p->nlarge++;
		blob->lane->active++;
	}
	queue_watch(p);
}

static void
queue_leave(struct pusher *p, struct transfer *x)
{
	if ((*x->prev = x->next) != NULL)
		x->next->prev = x->prev;
	if (x->blob->size <= SOURCE_SMALL) {
		assert(p->nsmall > 0);
		p->nsmall--;
	} else {
		assert(p->nlarge > 0 && x->blob->lane->active > 0);
		p->nlarge--;
		x->blob->lane->active--;
	}
	transfer_free(x);
}

void
queue_start(struct pusher *p)
{
	struct item	*blob;

	while (p->nlarge + p->nsmall < p->both_max &&
	    (blob = lane_next(p)) != NULL)
		queue_begin(p, blob);
	while (p->nsmall < p->small_max &&
	    p->nlarge + p->nsmall < p->both_max &&
	    (blob = heap_pop(&p->small)) != NULL)
		queue_begin(p, blob);
}

int
queue_work(struct pusher *p)
{
	struct transfer	*x, *next;
	int		 woken = p->woken, some = woken;

	p->woken = 0;
	for (x = p->transfers; x != NULL; x = next) {
		next = x->next;
		if (woken)
			transfer_look_again(x);
		some |= transfer_work(x);
		if (!transfer_is_over(x))
			continue;
		queue_leave(p, x);
		some = 1;
	}
	return some;
}
