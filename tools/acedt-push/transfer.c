/*
 * The transfer of one blob, as a machine of states: the only file that changes
 * a transfer's state, and the only one that frees a transfer.  A source, an
 * upload and a file of a layout do the work, and none of them knows another.
 *
 * What may follow each state.  BEGIN or WAIT may follow where something
 * passing went wrong; FAILED may follow all but DONE and itself, and is left
 * out here.
 *
 *	BEGIN		STATUS (an earlier run's upload), or what ask.h says:
 *			HEAD MOUNT OTHERS OPEN READ; of a layout PART WRITE
 *			CHECK DONE; BEGIN WAIT
 *	WAIT		BEGIN
 *	WAIT_STATUS	STATUS
 *	STATUS		READ, or HEAD MOUNT OTHERS OPEN if nothing is left;
 *			BEGIN WAIT
 *	HEAD		MOUNT OTHERS OPEN READ, CLOSE DONE if it is there
 *	MOUNT		HEAD MOUNT OTHERS OPEN READ, CLOSE DONE if it is there
 *	OTHERS		HEAD OPEN READ
 *	OPEN		READ
 *	CLOSE		DONE
 *	READ		POST PUT STREAM CHUNK COMMIT; BEGIN WAIT
 *	POST		DONE, or PUT HEAD MOUNT OTHERS OPEN if that is refused
 *	PUT		DONE; BEGIN WAIT
 *	STREAM		DONE, WAIT_STATUS if it breaks; BEGIN WAIT
 *	CHUNK		CHUNK COMMIT, WAIT_STATUS if it breaks; BEGIN WAIT
 *	COMMIT		DONE, WAIT_STATUS if it breaks; BEGIN WAIT
 *	CHECK		DONE, PART WRITE if the file is wrong
 *	PART		WRITE; BEGIN WAIT
 *	WRITE		DONE; BEGIN WAIT
 *
 * In READ, STREAM, CHUNK and WRITE the source is read; in PUT, POST and COMMIT
 * all of it came and is right.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/stream/events.h"
#include "tools/acedt-push/ask.h"
#include "tools/acedt-push/transfer.h"

#define TELL_MS		200		/* between events of one blob */

#define S(name)		(1U << TRANSFER_##name)
#define S_AGAIN		(S(BEGIN) | S(WAIT))
#define S_ASK		(S(HEAD) | S(MOUNT) | S(OTHERS) | S(OPEN))

static const struct {
	const char	*name;
	unsigned int	 next;
} states[TRANSFER_STATES] = {
	[TRANSFER_BEGIN] = { "BEGIN", S(STATUS) | S_ASK | S(READ) | S(PART) |
	    S(WRITE) | S(CHECK) | S(DONE) | S_AGAIN },
	[TRANSFER_WAIT] = { "WAIT", S(BEGIN) },
	[TRANSFER_WAIT_STATUS] = { "WAIT_STATUS", S(STATUS) },
	[TRANSFER_STATUS] = { "STATUS", S_ASK | S(READ) | S_AGAIN },
	[TRANSFER_HEAD] = { "HEAD", S(MOUNT) | S(OTHERS) | S(OPEN) | S(READ) |
	    S(CLOSE) | S(DONE) },
	[TRANSFER_MOUNT] = { "MOUNT", S_ASK | S(READ) | S(CLOSE) | S(DONE) },
	[TRANSFER_OTHERS] = { "OTHERS", S(HEAD) | S(OPEN) | S(READ) },
	[TRANSFER_OPEN] = { "OPEN", S(READ) },
	[TRANSFER_CLOSE] = { "CLOSE", S(DONE) },
	[TRANSFER_READ] = { "READ", S(POST) | S(PUT) | S(STREAM) | S(CHUNK) |
	    S(COMMIT) | S_AGAIN },
	[TRANSFER_POST] = { "POST", S(DONE) | S(PUT) | S_ASK },
	[TRANSFER_PUT] = { "PUT", S(DONE) | S_AGAIN },
	[TRANSFER_STREAM] = { "STREAM", S(DONE) | S(WAIT_STATUS) | S_AGAIN },
	[TRANSFER_CHUNK] = { "CHUNK", S(CHUNK) | S(COMMIT) | S(WAIT_STATUS) |
	    S_AGAIN },
	[TRANSFER_COMMIT] = { "COMMIT", S(DONE) | S(WAIT_STATUS) | S_AGAIN },
	[TRANSFER_CHECK] = { "CHECK", S(DONE) | S(PART) | S(WRITE) },
	[TRANSFER_PART] = { "PART", S(WRITE) | S_AGAIN },
	[TRANSFER_WRITE] = { "WRITE", S(DONE) | S_AGAIN },
	[TRANSFER_DONE] = { "DONE", 0 },
	[TRANSFER_FAILED] = { "FAILED", 0 },
};

static void	transfer_step(struct transfer *, enum ask_step,
		    const struct err *);
static void	transfer_send_next(struct transfer *);

int
transfer_is_over(const struct transfer *x)
{
	return x->state == TRANSFER_DONE || x->state == TRANSFER_FAILED;
}

static void
transfer_to(struct transfer *x, enum transfer_state state)
{
	struct pusher	*p = x->p;

	assert(!transfer_is_over(x));
	assert(state == TRANSFER_FAILED ||
	    (states[x->state].next & 1U << state));
	log_debug("blob %s: %s -> %s", x->blob->digest, states[x->state].name,
	    states[state].name);
	if (x->state == TRANSFER_HEAD)
		ask_left_head(x);
	if (x->state == TRANSFER_MOUNT && --p->nmounting == 0)
		ask_wake(p);
	if (state == TRANSFER_MOUNT)
		p->nmounting++;
	x->state = state;
}

static void
transfer_tell(struct transfer *x, const char *state, enum outcome how)
{
	static const char *const names[] = {
		[OUTCOME_COPIED] = "copied",
		[OUTCOME_PRESENT] = "present",
		[OUTCOME_MOUNTED] = "mounted",
	};

	EVENT("blob", EV_STR("state", state),
	    EV_STR("digest", x->blob->digest), EV_NUM("size", x->blob->size),
	    EV_NUM("bytes", x->source.got), EV_STR("how", names[how]));
}

static void
transfer_tell_progress(struct transfer *x)
{
	int64_t	now;

	if (!events_wanted() || x->source.got == x->told_got ||
	    (now = clock_ms()) - x->told < TELL_MS)
		return;
	x->told = now;
	x->told_got = x->source.got;
	transfer_tell(x, "progress", OUTCOME_COPIED);
}

static int
transfer_is_small(const struct transfer *x)
{
	return x->blob->size <= SOURCE_SMALL;
}

/* Nothing is under way any more. */
static void
transfer_stop(struct transfer *x)
{
	loop_timer_stop(x->p->net.loop, &x->timer);
	source_stop(&x->source);
	reg_cancel(&x->up.call);
}

/* It is at the destination. */
static void
transfer_done(struct transfer *x, enum outcome how)
{
	struct item	*blob = x->blob;

	transfer_tell(x, "done", how);
	transfer_to(x, TRANSFER_DONE);
	transfer_stop(x);
	upload_end(&x->up, 0);
	blob->is_new = how != OUTCOME_PRESENT;
	blob->said = how != OUTCOME_COPIED;
	if (x->p->dest.repo != NULL)
		ask_found(x->p, blob);
	item_ended(x->p, blob, NULL);
}

static void
transfer_wait_over(void *arg)
{
	struct transfer	*x = arg;

	assert(x->state == TRANSFER_WAIT);
	transfer_to(x, TRANSFER_BEGIN);
}

/* From the beginning, with nothing kept: at once, or after a while. */
static void
transfer_restart(struct transfer *x, int64_t ms)
{
	transfer_stop(x);
	source_forget(&x->source);
	upload_forget(&x->up);
	file_close(&x->file, 1);
	transfer_to(x, ms > 0 ? TRANSFER_WAIT : TRANSFER_BEGIN);
	if (ms > 0)
		loop_timer_set(x->p->net.loop, &x->timer, ms,
		    transfer_wait_over, x);
}

/* The end; passing: unless it may be tried again from the beginning. */
static void
transfer_fail(struct transfer *x, const struct err *err, int passing)
{
	struct err	e = *err;	/* it may live in what is stopped */
	int		spoilt;

	if (passing && tries_again(&x->tries, &x->p->net.patience,
	    x->source.got)) {
		transfer_restart(x, reg_backoff(x->tries.n));
		return;
	}
	/* Where nothing may be pushed no blob is to blame. */
	if (x->p->denied == NULL)
		err_wrap(&e, "blob %s", x->blob->digest);
	transfer_tell(x, "failed", OUTCOME_COPIED);
	transfer_to(x, TRANSFER_FAILED);
	transfer_stop(x);
	/* The next run may go on with it, but not with what was wrong. */
	spoilt = e.cls == ERR_DIGEST;
	upload_end(&x->up, !spoilt && !(e.status >= 400 && e.status < 500 &&
	    e.status != 429));
	/* Nor does a part fill a disk that is full already. */
	file_close(&x->file, !spoilt && e.cls != ERR_IO);
	item_ended(x->p, x->blob, &e);
}

/* The source has stopped; so does what is being sent. */
static void
transfer_source_failed(void *arg, enum source_end end, const struct err *err)
{
	struct transfer	*x = arg;

	assert((S(READ) | S(STREAM) | S(CHUNK) | S(WRITE)) & 1U << x->state);
	switch (end) {
	case SOURCE_AGAIN:
		file_close(&x->file, 0);
		transfer_restart(x, 0);
		break;
	case SOURCE_LATER:
		transfer_fail(x, err, 1);
		break;
	case SOURCE_OVER:
		transfer_fail(x, err, 0);
		break;
	}
}

/* From within libcurl: a PUT that waits for bytes goes on. */
static void
transfer_source_ready(void *arg)
{
	struct transfer	*x = arg;

	if (x->state == TRANSFER_STREAM || x->state == TRANSFER_CHUNK)
		http_resume(&x->up.call.http);
}

static int
transfer_write(void *arg, const char *p, size_t n, struct err *err)
{
	struct transfer	*x = arg;

	assert(x->state == TRANSFER_WRITE);
	return file_write(&x->file, p, n, err);
}

static void
transfer_snapshot(void *arg)
{
	struct transfer	*x = arg;

	upload_note(&x->up, &x->source.snapshots);
}

/* Bytes for the body of a request. */
static size_t
transfer_read_body(void *arg, char *p, size_t room)
{
	struct transfer	*x = arg;
	size_t		 n;

	assert(x->state == TRANSFER_STREAM || x->state == TRANSFER_CHUNK);
	n = source_read(&x->source, p, room);
	return n == SOURCE_WAIT ? HTTP_PAUSE : n == SOURCE_BROKEN ?
	    HTTP_ABORT : n;
}

/* The transfer of an answer. */
static struct transfer *
transfer_of(struct reg_call *c)
{
	struct upload	*u = c->arg;

	assert(c == &u->call);
	return u->arg;
}

/*
 * Whoever has the upload's session is ready for bytes: the source is read from
 * where they are wanted.
 */
static void
transfer_read(struct transfer *x)
{
	transfer_to(x, TRANSFER_READ);
	source_open(&x->source, x->up.have);
}

static void
transfer_ask(struct transfer *x)
{
	struct err	err = ERR_INIT;

	transfer_step(x, ask_begin(x, &err), &err);
}

static void
transfer_told_head(struct reg_call *c, const struct err *answer)
{
	struct transfer	*x = transfer_of(c);
	struct err	 err = ERR_INIT;

	transfer_step(x, ask_told_head(x, answer, &err), &err);
}

static void
transfer_told_mount(struct reg_call *c, const struct err *answer)
{
	struct transfer	*x = transfer_of(c);
	struct err	 err = ERR_INIT;

	transfer_step(x, ask_told_mount(x, answer, &err), &err);
}

static void
transfer_opened(struct reg_call *c, const struct err *answer)
{
	struct transfer	*x = transfer_of(c);
	struct err	 err = ERR_INIT;

	assert(x->state == TRANSFER_OPEN);
	if (answer != NULL) {
		ask_denied(x->p, answer);
		transfer_fail(x, answer, 0);
	} else if (upload_opened(&x->up, &x->source.snapshots, &err) == -1) {
		transfer_fail(x, &err, 0);
	} else {
		transfer_read(x);
	}
}

static void
transfer_closed(struct reg_call *c, const struct err *answer)
{
	struct transfer	*x = transfer_of(c);

	(void)answer;			/* then the registry forgets it */
	assert(x->state == TRANSFER_CLOSE);
	transfer_done(x, OUTCOME_PRESENT);
}

/* What ask.h says that is next. */
static void
transfer_step(struct transfer *x, enum ask_step step, const struct err *err)
{
	switch (step) {
	case ASK_HEAD:
		transfer_to(x, TRANSFER_HEAD);
		ask_send_head(x, transfer_told_head);
		break;
	case ASK_MOUNT:
		transfer_to(x, TRANSFER_MOUNT);
		ask_send_mount(x, transfer_told_mount);
		break;
	case ASK_OTHERS:
		if (x->state != TRANSFER_OTHERS)
			transfer_to(x, TRANSFER_OTHERS);
		break;
	case ASK_OPEN:
		transfer_to(x, TRANSFER_OPEN);
		upload_open(&x->up, transfer_opened);
		break;
	case ASK_READ:
		transfer_read(x);
		break;
	case ASK_PRESENT:
		if (x->up.session != NULL) {
			transfer_to(x, TRANSFER_CLOSE);
			if (upload_close(&x->up, transfer_closed))
				break;
		}
		transfer_done(x, OUTCOME_PRESENT);
		break;
	case ASK_MOUNTED:
		transfer_done(x, OUTCOME_MOUNTED);
		break;
	case ASK_FAIL:
		transfer_fail(x, err, 0);
		break;
	}
}

void
transfer_look_again(struct transfer *x)
{
	struct err	err = ERR_INIT;

	if (x->state == TRANSFER_OTHERS)
		transfer_step(x, ask_weigh(x), &err);
}

static void
transfer_told_status(struct reg_call *c, const struct err *answer)
{
	struct transfer	*x = transfer_of(c);
	struct err	 err = ERR_INIT;

	assert(x->state == TRANSFER_STATUS);
	if (answer != NULL && reg_is_passing(c)) {
		transfer_fail(x, answer, 1);
		return;
	}
	switch (upload_told_status(&x->up, answer, &x->source.snapshots,
	    &err)) {
	case 1:
		if (x->up.have > x->kept) {
			x->kept = x->up.have;
			x->tries.n = 0;		/* that is progress */
		}
		transfer_read(x);
		break;
	case 0:
		/* The blob itself may be there by now. */
		source_forget(&x->source);
		upload_forget(&x->up);
		transfer_ask(x);
		break;
	default:
		transfer_fail(x, &err, 0);
		break;
	}
}

/* How far did an upload get that broke, or was left by an earlier run? */
static void
transfer_ask_status(struct transfer *x)
{
	transfer_to(x, TRANSFER_STATUS);
	upload_ask_status(&x->up, transfer_told_status);
}

static void
transfer_wait_status_over(void *arg)
{
	struct transfer	*x = arg;

	assert(x->state == TRANSFER_WAIT_STATUS);
	transfer_ask_status(x);
}

/* The upload broke: ask how far it came, or begin again, or give up. */
static void
transfer_broke(struct transfer *x, struct reg_call *c, const struct err *err)
{
	long	status = c->http.status;
	int	passing = reg_is_passing(c) ||
		    (status == 401 && x->tries.n == 0);
	int	gone = status == 404 || status == 416 ||
		    strcmp(err->code, "BLOB_UPLOAD_UNKNOWN") == 0;

	/* What was there before need not have been right. */
	if (!passing && x->up.have > 0 && source_may_refetch(&x->source)) {
		transfer_fail(x, err, 1);
	} else if (!passing || transfer_is_small(x) || x->up.session == NULL) {
		/* A session that is gone begins again; so does a 416. */
		transfer_fail(x, err, passing || gone);
	} else if (!tries_again(&x->tries, &x->p->net.patience,
	    x->source.got)) {
		transfer_fail(x, err, 0);
	} else {
		source_stop(&x->source);
		transfer_to(x, TRANSFER_WAIT_STATUS);
		loop_timer_set(x->p->net.loop, &x->timer,
		    reg_backoff(x->tries.n), transfer_wait_status_over, x);
	}
}

/* A request with a body is over: 1 if it did not end as it should. */
static int
transfer_sent_badly(struct transfer *x, struct reg_call *c,
    const struct err *answer, int all_sent)
{
	struct err	err = ERR_INIT;

	/* That ended the request; transfer_source_failed() follows. */
	if (source_is_failed(&x->source))
		return 1;
	if (answer != NULL) {
		transfer_broke(x, c, answer);
		return 1;
	}
	if (all_sent)
		return 0;
	err_set(&err, ERR_REGISTRY, "%s says that it has the blob before it "
	    "was sent", reg_repo_name(c->repo));
	transfer_fail(x, &err, 0);
	return 1;
}

/* The answer to the last request of an upload. */
static void
transfer_sent(struct reg_call *c, const struct err *answer)
{
	struct transfer	*x = transfer_of(c);
	struct err	 err = ERR_INIT;

	assert((S(PUT) | S(STREAM) | S(COMMIT)) & 1U << x->state);
	if (transfer_sent_badly(x, c, answer, source_is_whole(&x->source)))
		return;
	if (upload_stored(&x->up, &err) == -1)
		transfer_fail(x, &err, 0);
	else
		transfer_done(x, OUTCOME_COPIED);
}

static void
transfer_sent_chunk(struct reg_call *c, const struct err *answer)
{
	struct transfer	*x = transfer_of(c);
	struct err	 err = ERR_INIT;

	assert(x->state == TRANSFER_CHUNK);
	if (transfer_sent_badly(x, c, answer, x->up.sent == x->up.part_end))
		return;
	if (upload_moved(&x->up, &x->source.snapshots, &err) == -1)
		transfer_fail(x, &err, 0);
	else
		transfer_send_next(x);
}

static void
transfer_put(struct transfer *x)
{
	transfer_to(x, TRANSFER_PUT);
	upload_put(&x->up, source_bytes(&x->source), transfer_sent);
}

static void
transfer_sent_post(struct reg_call *c, const struct err *answer)
{
	struct transfer	*x = transfer_of(c);
	struct pusher	*p = x->p;
	struct err	 err = ERR_INIT;
	long		 s = c->http.status;

	assert(x->state == TRANSFER_POST && x->single);
	if (answer == NULL && s != 202) {
		p->single_post = SINGLE_YES;
		x->single = 0;
		if (upload_stored(&x->up, &err) == -1)
			transfer_fail(x, &err, 0);
		else
			transfer_done(x, OUTCOME_COPIED);
		return;
	}
	if (answer != NULL && (c->http.result != CURLE_OK || s == 401 ||
	    s == 403 || s == 429 || s >= 500)) {
		ask_denied(p, answer);
		transfer_fail(x, answer, 0);
		return;
	}
	/* Not in one request: then in two. */
	p->single_post = SINGLE_NO;
	x->single = 0;
	ask_wake(p);
	if (answer == NULL && upload_moved(&x->up, &x->source.snapshots,
	    &err) == 0) {
		transfer_put(x);
		return;
	}
	source_stop(&x->source);
	transfer_ask(x);
}

/*
 * What is next, in requests of their own: PATCH, and in the end an empty PUT.
 */
static void
transfer_send_next(struct transfer *x)
{
	if (x->up.sent < x->blob->size) {
		transfer_to(x, TRANSFER_CHUNK);
		upload_send_chunk(&x->up, transfer_sent_chunk);
	} else {
		assert(source_is_whole(&x->source));
		transfer_to(x, TRANSFER_COMMIT);
		upload_commit(&x->up, transfer_sent);
	}
}

/*
 * Bytes are there for the registry: all of a small blob, the first of others.
 */
static void
transfer_send(struct transfer *x)
{
	if (x->single) {
		transfer_to(x, TRANSFER_POST);
		upload_post(&x->up, source_bytes(&x->source),
		    transfer_sent_post);
	} else if (transfer_is_small(x)) {
		transfer_put(x);
	} else if (upload_is_chunked(&x->up)) {
		transfer_send_next(x);
	} else {
		transfer_to(x, TRANSFER_STREAM);
		upload_stream(&x->up, transfer_sent);
	}
}

static void
transfer_write_file(struct transfer *x)
{
	transfer_to(x, TRANSFER_WRITE);
	source_open(&x->source, x->file.have);
}

/* Write it into the layout; replace: what has its name there is wrong. */
static void
transfer_begin_file(struct transfer *x, int replace)
{
	struct err	err = ERR_INIT;

	if (file_begin(&x->file, replace, &err) == -1)
		transfer_fail(x, &err, 0);
	else if (x->file.have > 0)
		transfer_to(x, TRANSFER_PART);
	else
		transfer_write_file(x);
}

static void
transfer_begin(struct transfer *x)
{
	struct pusher	*p = x->p;
	struct err	 err = ERR_INIT;

	if (p->dest.repo != NULL) {
		upload_recall(&x->up, &x->source.snapshots);
		if (x->up.session != NULL)
			transfer_ask_status(x);
		else
			transfer_ask(x);
	} else if (!layout_blob_has(&p->dest.layout, x->blob->digest,
	    x->blob->size)) {
		transfer_begin_file(x, 0);
	} else if (!p->verify) {
		transfer_done(x, OUTCOME_PRESENT);
	} else if (file_check_begin(&x->file, &err) == -1) {
		transfer_fail(x, &err, 0);
	} else {
		transfer_to(x, TRANSFER_CHECK);
	}
}

static int
transfer_work_check(struct transfer *x)
{
	switch (file_check_more(&x->file)) {
	case FILE_MORE:
		break;
	case FILE_GOOD:
		transfer_done(x, OUTCOME_PRESENT);
		break;
	case FILE_BAD:
		transfer_begin_file(x, 1);
		break;
	}
	return 1;
}

static int
transfer_work_part(struct transfer *x)
{
	switch (file_part_more(&x->file, &x->source.snapshots)) {
	case FILE_MORE:
		break;
	case FILE_GOOD:
		transfer_write_file(x);
		break;
	case FILE_BAD:
		file_close(&x->file, 0);
		transfer_restart(x, 0);
		break;
	}
	return 1;
}

static int
transfer_work_read(struct transfer *x)
{
	int	some = source_work(&x->source);

	if (x->state != TRANSFER_READ || !(transfer_is_small(x) ?
	    source_is_whole(&x->source) : source_is_ready(&x->source)))
		return some;
	transfer_send(x);
	return 1;
}

static int
transfer_work_write(struct transfer *x)
{
	struct err	err = ERR_INIT;
	int		some = source_work(&x->source);

	if (x->state != TRANSFER_WRITE || !source_is_whole(&x->source))
		return some;
	if (file_commit(&x->file, &err) == -1)
		transfer_fail(x, &err, 0);
	else
		transfer_done(x, OUTCOME_COPIED);
	return 1;
}

int
transfer_work(struct transfer *x)
{
	transfer_tell_progress(x);
	switch (x->state) {
	case TRANSFER_BEGIN:
		transfer_begin(x);
		return 1;
	case TRANSFER_CHECK:
		return transfer_work_check(x);
	case TRANSFER_PART:
		return transfer_work_part(x);
	case TRANSFER_READ:
		return transfer_work_read(x);
	case TRANSFER_WRITE:
		return transfer_work_write(x);
	case TRANSFER_STREAM:
	case TRANSFER_CHUNK:
		return source_work(&x->source);
	default:
		return 0;
	}
}

void
transfer_check_time(struct transfer *x, int64_t now)
{
	int		max = x->p->max_seconds;
	struct err	err = ERR_INIT;

	if (transfer_is_over(x))
		return;
	if (max > 0 && now - x->began >= max * 1000LL) {
		err_set(&err, ERR_NETWORK, "not whole after %d s (see "
		    "--max-time)", max);
		transfer_fail(x, &err, 0);
	} else {
		source_check_speed(&x->source, now);
	}
}

static void
transfer_init_source(struct transfer *x)
{
	static const struct source_events	to_registry = {
		.ready = transfer_source_ready,
		.failed = transfer_source_failed,
		.snapshot = transfer_snapshot,
	};
	static const struct source_events	to_layout = {
		.ready = transfer_source_ready,
		.failed = transfer_source_failed,
		.write = transfer_write,
	};
	const struct item			*b = x->blob;
	const struct source_blob		 blob = {
		.digest = b->digest,
		.size = b->size,
		.data = b->data,
		.holders = &b->holders,
	};
	int					 layout;

	layout = x->p->dest.repo == NULL;
	source_init(&x->source, &x->p->source_setup, &blob, layout ?
	    SOURCE_WRITE : transfer_is_small(x) ? SOURCE_MEMORY : SOURCE_READ,
	    layout ? &to_layout : &to_registry, x);
}

struct transfer *
transfer_new(struct pusher *p, struct item *blob)
{
	struct transfer	*x = xcalloc(1, sizeof(*x));

	blob->state = ITEM_ACTIVE;
	x->p = p;
	x->blob = blob;
	x->state = TRANSFER_BEGIN;
	transfer_init_source(x);
	file_init(&x->file, &p->dest.layout, blob->digest, blob->size);
	upload_init(&x->up);
	x->up.repo = p->dest.repo;
	x->up.digest = blob->digest;
	x->up.size = blob->size;
	x->up.dest = p->dest.name;
	x->up.chunk_size = p->net.config.chunk_size;
	x->up.journal = &p->journal;
	x->up.read = transfer_read_body;
	x->up.arg = x;
	x->began = clock_ms();
	transfer_tell(x, "start", OUTCOME_COPIED);
	return x;
}

void
transfer_free(struct transfer *x)
{
	assert(transfer_is_over(x));
	ask_left_single(x);
	ask_wake(x->p);
	source_clear(&x->source);
	file_close(&x->file, 1);
	upload_clear(&x->up);
	free(x);
}
