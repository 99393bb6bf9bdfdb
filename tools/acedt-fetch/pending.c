/*
 * How much is under way for a record, and the list of those that are ready for
 * their next step.
 */
#include <assert.h>

#include "lib/base/errmsg.h"
#include "tools/acedt-fetch/fetch.h"

static void
make_ready(struct fetch *f)
{
	if (f->is_ready)
		return;
	f->is_ready = 1;
	TAILQ_INSERT_TAIL(&f->all->ready, f, ready);
}

void
pending_hold(struct fetch *f)
{
	assert(f->state != FETCH_ENDED);
	f->pending++;
}

void
pending_release(struct fetch *f)
{
	assert(f->pending > 0);
	f->pending--;
	pending_check(f);
}

void
pending_check(struct fetch *f)
{
	/* One that failed is ready since then. */
	if (f->pending == 0 && !f->failed)
		make_ready(f);
}

void
pending_fail(struct fetch *f, const struct err *err)
{
	if (f->failed)
		return;
	f->failed = 1;
	f->err = *err;
	make_ready(f);
}
