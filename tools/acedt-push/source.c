#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/http/field.h"
#include "tools/acedt-push/xfer.h"

/*
 * Bytes between a GET and a PUT: two of libcurl's large buffers, so that one
 * side can fill while the other one empties.
 */
#define RING_SIZE	(512 * 1024)
/* Read from a layout at a time, when nobody asks for less. */
#define PUMP_SIZE	(256 * 1024)

static void	get_start(struct xfer *);

void
source_reset(struct xfer *x)
{
	reg_cancel(&x->get);
	x->getting = 0;
	if (x->fd != -1)
		close(x->fd);
	x->fd = -1;
	x->got = x->skip = 0;
	x->verified = 0;
	x->head = x->len = 0;
}

/* The whole blob is there: next is the destination. */
static void
all_came(struct xfer *x)
{
	struct err	err = ERR_INIT;

	if (x->writing) {
		x->writing = 0;
		if (layout_write_commit(&x->w, x->blob->digest, &err) == -1)
			xfer_fail(x, &err, 0);
		else
			xfer_done(x, "copied");
	} else if (x->sending) {
		http_resume(&x->up.http);
	} else {
		x->want_put = 1;
	}
}

void
source_bad(struct xfer *x)
{
	struct err	err = x->err;
	int		more = x->mixed || x->holder + 1 < x->blob->nholders;

	if (!more && x->refetched) {
		xfer_fail(x, &err, 0);
		return;
	}
	if (x->blob->holders[x->holder]->repo != NULL)
		reg_shun(&x->get);
	log_info("blob %s: %s; all of it from %s", x->blob->digest, err.msg,
	    more ? "another source" : "its beginning, once");
	x->w.keep = 0;
	if (x->mixed) {
		/* Whose bytes were wrong is not known. */
		x->alone = 1;
	} else {
		x->refetched |= !more;
		x->holder = more ? x->holder + 1 : 0;
	}
	xfer_restart(x, 0);
}

static void
get_again(void *arg)
{
	get_start(arg);
}

/* Another place that has it, or the end. */
static void
next_holder(struct xfer *x, const struct err *err, int passing)
{
	if (x->holder + 1 < x->blob->nholders) {
		log_info("blob %s: %s; going on from another source",
		    x->blob->digest, err->msg);
		x->holder++;
		x->no_range = 0;
		memset(&x->reading, 0, sizeof(x->reading));
		if (x->alone && x->got > 0) {
			x->w.keep = 0;
			xfer_restart(x, 0);
		} else if (x->blob->holders[x->holder]->repo != NULL) {
			x->mixed = x->got > 0;
			get_start(x);	/* at the same byte */
		} else if (x->got == 0) {
			source_open(x);
		} else {
			xfer_fail(x, err, 1);
		}
		return;
	}
	if (x->alone && !x->refetched) {
		x->refetched = 1;
		x->holder = 0;
		x->w.keep = 0;
		xfer_restart(x, 0);
		return;
	}
	if (passing && x->blob->holders[x->holder]->repo != NULL &&
	    xfer_may_retry(x, &x->reading, x->got)) {
		loop_timer_set(x->p->net.loop, &x->timer,
		    reg_backoff(x->reading.n), get_again, x);
		return;
	}
	xfer_fail(x, err, 0);
}

/*
 * The length that the whole content has by the answer's fields; -1 if they do
 * not say, -2 if that is no length.
 */
static int64_t
announced_length(struct reg_call *c, int64_t from)
{
	char	*v;
	int64_t	 n;

	/* Of two, libcurl takes the last one. */
	if (http_header(&c->http, "Content-Length", 1) != NULL)
		return -2;
	if ((v = reg_header(c, "Content-Length")) == NULL)
		return -1;
	n = field_bytes(v);
	return n == -1 || n > INT64_MAX - from ? -2 : n + from;
}

/* Does a 206 begin at the byte that was asked for? */
static int
range_is_right(struct reg_call *c)
{
	char	*v = reg_header(c, "Content-Range");

	return v != NULL && field_range_from(v) == c->range_from;
}

static int
got_head(struct reg_call *c)
{
	struct xfer	*x = c->arg;
	int64_t		 from = 0, n;

	if (c->http.status == 206) {
		if (c->range_from == 0 || !range_is_right(c)) {
			x->bad_range = c->range_from > 0;
			x->failed = 1;
			err_set(&x->err, ERR_REGISTRY, "the registry sent "
			    "another range than it was asked for");
			return 1;
		}
		from = c->range_from;
	} else {
		x->skip = x->got;	/* it sends all of it again */
	}
	n = announced_length(c, from);
	if (n == -2) {
		/* libcurl would read on until the connection is closed. */
		x->failed = 1;
		err_set(&x->err, ERR_REGISTRY,
		    "the registry's Content-Length is no length");
	} else if (n != -1 && n != x->blob->size) {
		x->failed = 1;
		err_set(&x->err, ERR_DIGEST, "the registry has %lld bytes, "
		    "the manifest says %lld", (long long)n,
		    (long long)x->blob->size);
	}
	return 1;
}

/* Keep bytes until the PUT takes them; the caller knows that they fit. */
static void
ring_add(struct xfer *x, const char *s, size_t n)
{
	size_t	at = (x->head + x->len) % x->cap;
	size_t	first = n < x->cap - at ? n : x->cap - at;

	memcpy(x->ring + at, s, first);
	memcpy(x->ring, s + first, n - first);
	x->len += n;
}

/* Bytes of n from x->got on that the destination has already. */
static size_t
had(const struct xfer *x, size_t n)
{
	int64_t	some = x->have - x->got;

	return some <= 0 ? 0 : some < (int64_t)n ? (size_t)some : n;
}

/*
 * Has all come that need not be sent?  Then the upload goes on; one that has all
 * waits for the digest.
 */
static void
begin_upload(struct xfer *x)
{
	if (x->blob->size > BLOB_SMALL && !x->writing && !x->sending &&
	    x->got >= x->have && x->have < x->blob->size)
		x->want_put = 1;
}

/* New bytes, in place of those that were passed over. */
static int
keep(struct xfer *x, const char *s, size_t n)
{
	size_t	skip = had(x, n);

	assert((int64_t)n <= x->blob->size - x->got);
	xfer_hash(x, s, n);
	if (x->writing)
		return layout_write(&x->w, s, n, &x->err);
	ring_add(x, s + skip, n - skip);
	return 0;
}

static size_t
got_data(struct reg_call *c, const char *s, size_t n)
{
	struct xfer	*x = c->arg;
	size_t		 pass;

	if (x->failed)
		return HTTP_ABORT;
	pass = (int64_t)n < x->skip ? n : (size_t)x->skip;
	/* Before anything waits for room: there will be none for these. */
	if ((int64_t)(n - pass) > x->blob->size - x->got) {
		err_set(&x->err, ERR_DIGEST, "more than the %lld bytes that "
		    "the manifest says", (long long)x->blob->size);
		x->failed = 1;
		return HTTP_ABORT;
	}
	if (!x->writing && x->cap - x->len < n - pass - had(x, n - pass))
		return HTTP_PAUSE;
	if (!pace_take(x->p, n)) {
		x->paced = 1;
		return HTTP_PAUSE;
	}
	x->skip -= (int64_t)pass;
	x->came += (int64_t)n;
	if (keep(x, s + pass, n - pass) == -1) {
		x->failed = 1;
		return HTTP_ABORT;
	}
	if (x->sending)
		http_resume(&x->up.http);
	else if (x->got > 0)
		begin_upload(x);
	xfer_tell(x);
	return n;
}

/* What it has is asked for from its first byte, and passed over: once. */
static void
ranges_fail(struct xfer *x, const struct err *err)
{
	struct err	e = *err;

	assert(!x->no_range);
	log_info("blob %s: %s; asked for from its first byte", x->blob->digest,
	    e.msg);
	x->no_range = 1;
	x->bad_range = x->failed = 0;
	get_start(x);
}

static void
get_done(struct reg_call *c, const struct err *err)
{
	struct xfer	*x = c->arg;
	struct err	 e = ERR_INIT;

	x->getting = 0;
	if (x->bad_range || (err != NULL && c->http.status == 416 &&
	    c->range_from > 0)) {
		ranges_fail(x, x->failed ? &x->err : err);
	} else if (x->failed) {
		if (x->err.cls == ERR_DIGEST)
			source_bad(x);
		else if (x->err.cls == ERR_IO)
			xfer_fail(x, &x->err, 0);
		else
			next_holder(x, &x->err, 0);
	} else if (err != NULL && (x->got == 0 || x->got < x->blob->size)) {
		next_holder(x, err, reg_is_passing(c));
	} else if (x->got < x->blob->size) {
		err_set(&e, ERR_DIGEST, "%s ended after %lld of %lld bytes",
		    reg_repo_name(c->repo), (long long)x->got,
		    (long long)x->blob->size);
		next_holder(x, &e, 1);
	} else if (xfer_check(x) == -1) {
		source_bad(x);
	} else {
		all_came(x);
	}
}

void
source_slow(struct xfer *x)
{
	struct err	err = ERR_INIT;

	reg_cancel(&x->get);
	x->getting = 0;
	err_set(&err, ERR_NETWORK, "%s sent less than %lld bytes a second for "
	    "%d s (see --speed-limit)", reg_repo_name(x->get.repo),
	    (long long)x->p->lowest.speed, x->p->lowest.seconds);
	next_holder(x, &err, 0);
}

static void
get_start(struct xfer *x)
{
	struct reg_call	*c = &x->get;

	reg_cancel(c);
	free(c->path);
	c->repo = x->blob->holders[x->holder]->repo;
	c->method = "GET";
	c->path = xasprintf("blobs/%s", x->blob->digest);
	c->once = 1;
	c->large = c->transfer = x->blob->size > BLOB_SMALL;
	c->range_from = x->no_range ? 0 : x->got;
	c->range_size = x->blob->size;
	c->on_head = got_head;
	c->on_data = got_data;
	c->on_done = get_done;
	x->getting = 1;
	reg_start(c);
}

static void
open_layout(struct xfer *x, struct layout *layout)
{
	struct err	err = ERR_INIT;
	int64_t		size;

	if (layout_blob_open(layout, x->blob->digest, &x->fd, &size,
	    &err) == -1) {
		x->fd = -1;
		next_holder(x, &err, 0);
		return;
	}
	if (size != x->blob->size) {
		close(x->fd);
		x->fd = -1;
		err_set(&err, ERR_DIGEST, "the file in %s has %lld bytes, the "
		    "manifest says %lld", layout->dir, (long long)size,
		    (long long)x->blob->size);
		next_holder(x, &err, 0);
		return;
	}
	if (x->got > 0 && lseek(x->fd, x->got, SEEK_SET) == -1) {
		err_sys(&err, "%s", layout->dir);
		xfer_fail(x, &err, 0);
		return;
	}
	/* A large one is read as the PUT asks for it. */
	begin_upload(x);
}

/* Content that the descriptor embeds was checked when it was parsed. */
static void
use_data(struct xfer *x)
{
	struct err	err = ERR_INIT;

	if (x->writing) {
		if (layout_write(&x->w, x->blob->data, (size_t)x->blob->size,
		    &err) == -1) {
			xfer_fail(x, &err, 0);
			return;
		}
	} else if (x->blob->size > 0) {
		ring_add(x, x->blob->data, (size_t)x->blob->size);
	}
	x->got = x->blob->size;
	x->verified = 1;
	all_came(x);
}

void
source_open(struct xfer *x)
{
	size_t	want = x->blob->size <= BLOB_SMALL || x->blob->data != NULL ?
		    (size_t)x->blob->size + 1 : RING_SIZE;
	const struct snapshot *start = snapshots_find(&x->snapshots, x->have);

	if (x->ring == NULL && !x->writing) {
		x->ring = xmalloc(want);
		x->cap = want;
	}
	digester_init(&x->digester, x->blob->digest);
	x->snapshots.n = 0;
	if (start != NULL) {
		x->snapshots.n = (size_t)(start - x->snapshots.v) + 1;
		x->got = start->at;
		x->digester = start->digester;
	}
	if (start != NULL && x->got == x->blob->size) {
		if (xfer_check(x) == 0)
			all_came(x);
		else
			source_bad(x);
	} else if (x->blob->data != NULL) {
		use_data(x);
	} else if (x->blob->holders[x->holder]->layout != NULL) {
		open_layout(x, x->blob->holders[x->holder]->layout);
	} else {
		get_start(x);
	}
}

/* Read from the layout's file into s, hashing; -1 with x->err filled. */
static ssize_t
read_file(struct xfer *x, char *s, size_t room)
{
	int64_t	left = x->blob->size - x->got;
	ssize_t	n;

	if ((int64_t)room > left)
		room = (size_t)left;
	do {
		n = room == 0 ? 0 : read(x->fd, s, room);
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return err_sys(&x->err, "read");
	if (n == 0 && left > 0)
		return err_set(&x->err, ERR_DIGEST,
		    "the file became shorter while it was read");
	xfer_hash(x, s, (size_t)n);
	xfer_tell(x);
	/* Checked before the last bytes leave. */
	if (x->got == x->blob->size && xfer_check(x) == -1)
		return -1;
	return n;
}

int
source_pump(struct xfer *x)
{
	static char	chunk[PUMP_SIZE];
	size_t		room = sizeof(chunk);
	ssize_t		n;

	if (x->verified || x->want_put)
		return 0;
	/* A small one for a registry; when it may go on, the loop runs. */
	if (!x->writing && x->have == 0 &&
	    !pace_take(x->p, (size_t)x->blob->size))
		return 0;
	/* Of a large one only what is hashed and not sent. */
	if (x->have > 0 && !x->writing)
		room = had(x, room);
	n = read_file(x, chunk, room);
	if (n == -1) {
		x->failed = 1;
	} else if (x->writing) {
		if (layout_write(&x->w, chunk, (size_t)n, &x->err) == -1)
			x->failed = 1;
	} else if (x->have == 0) {
		ring_add(x, chunk, (size_t)n);
	} else {
		begin_upload(x);
	}
	if (x->failed && x->err.cls == ERR_DIGEST)
		source_bad(x);
	else if (x->failed)
		xfer_fail(x, &x->err, 0);
	else if (x->verified)
		all_came(x);
	return 1;
}

size_t
source_take(struct xfer *x, char *s, size_t room)
{
	size_t	n, first;
	ssize_t	got;

	if ((int64_t)room > x->part_end - x->sent)
		room = (size_t)(x->part_end - x->sent);
	if (x->fd != -1) {
		if (x->verified || room == 0)
			return 0;
		if (!pace_take(x->p, room)) {
			x->paced = 1;
			return HTTP_PAUSE;
		}
		got = read_file(x, s, room);
		if (got == -1)
			x->failed = 1;
		else
			x->sent += got;
		return got == -1 ? HTTP_ABORT : (size_t)got;
	}
	n = x->len < room ? x->len : room;
	/* The last byte waits for the verdict. */
	if (!x->verified && x->sent + (int64_t)n == x->blob->size && n > 0)
		n--;
	if (n == 0)
		return room == 0 || (x->verified && x->len == 0) ? 0 :
		    HTTP_PAUSE;
	first = n < x->cap - x->head ? n : x->cap - x->head;
	memcpy(s, x->ring + x->head, first);
	memcpy(s + first, x->ring, n - first);
	x->head = (x->head + n) % x->cap;
	x->len -= n;
	x->sent += (int64_t)n;
	if (x->getting)
		http_resume(&x->get.http);
	return n;
}
