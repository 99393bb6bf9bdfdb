#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/stream/events.h"
#include "tools/acedt-push/xfer.h"

#define TELL_MS		200		/* between events of one blob */

static void
tell(struct xfer *x, const char *state)
{
	EVENT("blob", EV_STR("state", state),
	    EV_STR("digest", x->blob->digest), EV_NUM("size", x->blob->size),
	    EV_NUM("bytes", x->got), EV_STR("how", x->how));
}

void
xfer_tell(struct xfer *x)
{
	int64_t	now;

	if (!events_wanted() || (now = clock_ms()) - x->told < TELL_MS)
		return;
	x->told = now;
	tell(x, "progress");
}

static void
xfer_free(struct xfer *x)
{
	struct pusher	*p = x->p;

	if ((*x->prev = x->next) != NULL)
		x->next->prev = x->prev;
	if (x->blob->size <= BLOB_SMALL) {
		p->nsmall--;
	} else {
		p->nlarge--;
		x->blob->lane->active--;
	}
	ask_forget(x);
	source_reset(x);
	recheck_end(x);
	if (x->single && p->single_post == SINGLE_ASKING)
		p->single_post = SINGLE_UNKNOWN;
	if (x->writing)
		layout_write_abort(&x->w);
	journal_end(&x->entry, x->keep);
	loop_timer_stop(p->net.loop, &x->timer);
	reg_call_clear(&x->get);
	reg_call_clear(&x->up);
	free(x->session);
	free(x->ring);
	free(x);
}

void
xfer_done(struct xfer *x, const char *how)
{
	struct pusher	*p = x->p;
	struct item	*blob = x->blob;

	x->how = how;
	tell(x, "done");
	xfer_free(x);
	blob->is_new = strcmp(how, "present") != 0;
	blob->said = strcmp(how, "copied") != 0;
	if (p->dest.repo != NULL)
		ask_found(p, blob);
	item_resolve(p, blob, NULL);
	xfer_schedule(p);
}

void
xfer_write(struct xfer *x, int replace)
{
	struct layout	*l = &x->p->dest.layout;
	struct err	 err = ERR_INIT;
	int64_t		 have = 0;
	int		 rc;

	rc = x->blob->size >= UPLOAD_NOTED_MIN && !x->no_part ?
	    layout_write_begin_part(&x->w, l, x->blob->digest, x->blob->size,
	    &have, &err) : layout_write_begin(&x->w, l, &err);
	if (rc == -1) {
		xfer_fail(x, &err, 0);
		return;
	}
	x->w.replace = replace;
	x->writing = 1;
	if (layout_room(l, x->blob->size - have, &err) == -1)
		xfer_fail(x, &err, 0);
	else if (have > 0)
		recheck_part(x, have);
	else
		source_open(x);
}

static void
begin(void *arg)
{
	struct xfer	*x = arg;
	struct pusher	*p = x->p;

	if (p->dest.repo != NULL)
		upload_begin_blob(x);
	else if (!layout_blob_has(&p->dest.layout, x->blob->digest,
	    x->blob->size))
		xfer_write(x, 0);
	else if (p->verify)
		recheck_begin(x);
	else
		xfer_done(x, "present");
}

void
xfer_restart(struct xfer *x, int64_t ms)
{
	reg_cancel(&x->up);
	source_reset(x);
	if (x->writing)
		layout_write_abort(&x->w);
	x->writing = x->sending = x->want_put = x->failed = x->left = 0;
	x->no_range = x->mixed = 0;
	x->part_left = 0;
	x->have = x->sent = 0;
	x->snapshots.n = 0;
	memset(&x->reading, 0, sizeof(x->reading));
	free(x->session);
	x->session = NULL;
	loop_timer_set(x->p->net.loop, &x->timer, ms, begin, x);
}

int
xfer_may_retry(struct xfer *x, struct tries *t, int64_t reached)
{
	if (t->n == 0 || reached > t->furthest) {
		t->n = 0;
		t->began = clock_ms();
	}
	if (reached > t->furthest)
		t->furthest = reached;
	return patience_allows(&x->p->net.patience, ++t->n, t->began);
}

void
xfer_fail(struct xfer *x, const struct err *err, int passing)
{
	struct pusher	*p = x->p;
	struct item	*blob = x->blob;
	struct err	 e = *err;

	if (passing && xfer_may_retry(x, &x->whole, x->got)) {
		xfer_restart(x, reg_backoff(x->whole.n));
		return;
	}
	/* The next run may go on with it, but not with what was wrong. */
	x->keep = x->session != NULL && e.cls != ERR_DIGEST &&
	    !(e.status >= 400 && e.status < 500 && e.status != 429);
	/* Nor does a part fill a disk that is full already. */
	if (e.cls == ERR_DIGEST || e.cls == ERR_IO)
		x->w.keep = 0;
	/* Where nothing may be pushed no blob is to blame. */
	if (p->denied == NULL)
		err_wrap(&e, "blob %s", blob->digest);
	tell(x, "failed");
	xfer_free(x);
	item_resolve(p, blob, &e);
	xfer_schedule(p);
}

void
xfer_hash(struct xfer *x, const char *s, size_t n)
{
	struct pusher		*p = x->p;
	const struct snapshots	*taken = &x->snapshots;
	int64_t			 last = taken->n > 0 ?
				    taken->v[taken->n - 1].at : 0;

	digester_add(&x->digester, s, n);
	x->got += (int64_t)n;
	if (x->got - last < UPLOAD_SNAPSHOT || p->dest.repo == NULL)
		return;
	snapshots_add(&x->snapshots, x->got, &x->digester);
	if (x->session != NULL)
		journal_write(&p->journal, &x->entry, x->session, taken);
}

int
xfer_check(struct xfer *x)
{
	const struct place	*src;
	struct err		 err = ERR_INIT;
	char			 have[DIGEST_STR_MAX];

	digester_end(&x->digester, have);
	if (strcmp(have, x->blob->digest) == 0) {
		x->verified = 1;
		return 0;
	}
	src = x->blob->holders[x->holder];
	err_set(&err, ERR_DIGEST, "%s%s: the content has digest %s",
	    src->repo != NULL ? "" : "oci:", src->repo != NULL ?
	    reg_repo_name(src->repo) : src->layout->dir, have);
	x->err = err;
	x->failed = 1;
	return -1;
}

static void
start(struct pusher *p, struct item *blob)
{
	struct xfer	*x = xcalloc(1, sizeof(*x));

	blob->state = ITEM_ACTIVE;
	x->p = p;
	x->blob = blob;
	x->fd = x->old_fd = -1;
	x->how = "copied";
	reg_call_init(&x->get);
	reg_call_init(&x->up);
	x->get.arg = x->up.arg = x;
	if ((x->next = p->xfers) != NULL)
		x->next->prev = &x->next;
	x->prev = &p->xfers;
	p->xfers = x;
	if (blob->size <= BLOB_SMALL) {
		p->nsmall++;
	} else {
		p->nlarge++;
		blob->lane->active++;
	}
	x->began = clock_ms();
	slow_watch(p);
	tell(x, "start");
	/* From the loop, so that a caller's lists stay as they are. */
	loop_timer_set(p->net.loop, &x->timer, 0, begin, x);
}

void
xfer_schedule(struct pusher *p)
{
	struct item	*blob;

	while (p->nlarge + p->nsmall < p->both_max &&
	    (blob = lane_next(p)) != NULL)
		start(p, blob);
	while (p->nsmall < p->small_max &&
	    p->nlarge + p->nsmall < p->both_max &&
	    (blob = heap_pop(&p->small)) != NULL)
		start(p, blob);
}

int
xfer_work(struct pusher *p)
{
	struct xfer	*x, *next;
	int		 some = 0;

	for (x = p->xfers; x != NULL; x = next) {
		next = x->next;
		if (x->want_put) {
			x->want_put = 0;
			upload_put(x);
			some = 1;
		} else if (x->part_left > 0) {
			recheck_part_more(x);
			some = 1;
		} else if (x->old_fd != -1) {
			recheck_more(x);
			some = 1;
		} else if (x->fd != -1 && !x->sending) {
			some |= source_pump(x);
		}
	}
	return some;
}
