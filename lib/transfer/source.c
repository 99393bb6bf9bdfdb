/*
 * Where the bytes of a blob come from.  This file knows registries, layouts
 * and embedded content, and does not know who wants the bytes.
 *
 * The states, and what may follow each.  source_stop() leads to IDLE from
 * all.
 *
 *	IDLE		GET FILE EMBEDDED FAILED, WHOLE if a snapshot is of
 *			all bytes
 *	GET		GET (from byte 0, or of the next holder) PAUSE FILE
 *			WHOLE FAILED
 *	PAUSE		GET
 *	FILE		WHOLE FAILED
 *	EMBEDDED	WHOLE FAILED
 *	WHOLE		-
 *	FAILED		-
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/http/field.h"
#include "lib/oci/layout.h"
#include "lib/transfer/source.h"

/*
 * Bytes between a GET and who takes them: two of libcurl's large buffers, so
 * that one side can fill while the other one empties.
 */
#define RING_SIZE	(512 * 1024)
/* Read from a file at a time, when nobody asks for less. */
#define PIECE_SIZE	(256 * 1024)

static void	source_ask(struct source *);
static void	source_ask_holder(struct source *);

static void
source_to(struct source *s, enum source_state state)
{
	static const unsigned int	next[] = {
		[SOURCE_IDLE] = 1 << SOURCE_GET | 1 << SOURCE_FILE |
		    1 << SOURCE_EMBEDDED | 1 << SOURCE_WHOLE |
		    1 << SOURCE_FAILED,
		[SOURCE_GET] = 1 << SOURCE_GET | 1 << SOURCE_PAUSE |
		    1 << SOURCE_FILE | 1 << SOURCE_WHOLE | 1 << SOURCE_FAILED,
		[SOURCE_PAUSE] = 1 << SOURCE_GET,
		[SOURCE_FILE] = 1 << SOURCE_WHOLE | 1 << SOURCE_FAILED,
		[SOURCE_EMBEDDED] = 1 << SOURCE_WHOLE | 1 << SOURCE_FAILED,
	};

	assert(state == SOURCE_IDLE || (s->state <= SOURCE_EMBEDDED &&
	    (next[s->state] & 1U << state)));
	assert((s->fd != -1) == (s->state == SOURCE_FILE));
	if (s->fd != -1)
		close(s->fd);
	s->fd = -1;
	s->state = state;
}

/* A rate that was reached, or a limit: who paused goes on. */
static void
source_resume(void *arg)
{
	struct source	*s = arg;

	if (s->state == SOURCE_GET)
		http_resume(&s->get.http);
	else if (s->state == SOURCE_FILE && s->way == SOURCE_READ)
		s->events->ready(s->arg);
}

void
source_init(struct source *s, const struct source_setup *setup,
    const struct source_blob *blob, enum source_way way,
    const struct source_events *events, void *arg)
{
	assert(blob->size >= 0 && (blob->data != NULL ||
	    blob->holders->n > 0));
	assert((way == SOURCE_WRITE) == (events->write != NULL));
	memset(s, 0, sizeof(*s));
	s->setup = setup;
	s->blob = *blob;
	s->way = way;
	s->events = events;
	s->arg = arg;
	s->fd = -1;
	s->waiter.fn = source_resume;
	s->waiter.arg = s;
	reg_call_init(&s->get);
	s->get.arg = s;
}

void
source_stop(struct source *s)
{
	reg_cancel(&s->get);
	loop_timer_stop(s->setup->loop, &s->timer);
	pace_leave(s->setup->pace, &s->waiter);
	source_to(s, SOURCE_IDLE);
	ring_empty(&s->ring);
	s->got = s->skip = 0;
	s->fault = FAULT_NONE;
	s->told = 0;
}

void
source_forget(struct source *s)
{
	source_stop(s);
	s->snapshots.n = 0;
	s->mixed = s->no_range = s->snapped = 0;
}

void
source_clear(struct source *s)
{
	source_stop(s);
	reg_call_clear(&s->get);
	ring_free(&s->ring);
}

int
source_is_whole(const struct source *s)
{
	return s->state == SOURCE_WHOLE;
}

int
source_is_failed(const struct source *s)
{
	return s->state == SOURCE_FAILED;
}

int
source_is_ready(const struct source *s)
{
	assert(s->way == SOURCE_READ);
	return s->state == SOURCE_WHOLE || s->ring.len > 0 ||
	    (s->state == SOURCE_FILE && s->got >= s->from &&
	    s->from < s->blob.size);
}

const struct holder *
source_holder(const struct source *s)
{
	return s->holder < s->blob.holders->n ?
	    &s->blob.holders->v[s->holder] : NULL;
}

int
source_may_refetch(struct source *s)
{
	if (s->refetched)
		return 0;
	s->refetched = 1;
	return 1;
}

static int
source_has_next(const struct source *s)
{
	return s->holder + 1 < s->blob.holders->n;
}

static void
source_fail(struct source *s, enum source_end end, const struct err *err)
{
	if (err != &s->err)
		s->err = *err;
	s->end = end;
	s->told = 0;
	source_to(s, SOURCE_FAILED);
}

/* Other bytes than those that a holder sent before have to come. */
static void
source_bad(struct source *s)
{
	int	more = s->mixed || source_has_next(s);

	if (!more && s->refetched) {
		source_fail(s, SOURCE_OVER, &s->err);
		return;
	}
	if (source_holder(s)->repo != NULL)
		reg_shun(&s->get);
	log_info("blob %s: %s; all of it from %s", s->blob.digest,
	    s->err.msg, more ? "another source" : "its beginning, once");
	if (s->mixed) {
		/* Whose bytes were wrong is not known. */
		s->alone = 1;
	} else {
		s->refetched |= !more;
		s->holder = more ? s->holder + 1 : 0;
	}
	source_fail(s, SOURCE_AGAIN, &s->err);
}

static void
source_pause_over(void *arg)
{
	struct source	*s = arg;

	assert(s->state == SOURCE_PAUSE);
	source_ask(s);
}

/* Another one that has it, at the byte that is next. */
static void
source_next_holder(struct source *s, const struct err *err)
{
	log_info("blob %s: %s; going on from another source", s->blob.digest,
	    err->msg);
	s->holder++;
	s->no_range = 0;
	memset(&s->tries, 0, sizeof(s->tries));
	if (s->alone && s->got > 0) {
		source_fail(s, SOURCE_AGAIN, err);
	} else if (source_holder(s)->repo != NULL) {
		s->mixed = s->got > 0;
		source_ask(s);
	} else if (s->got == 0) {
		source_ask_holder(s);
	} else {
		source_fail(s, SOURCE_LATER, err);
	}
}

/* This holder sends no more: the next one, or this one later, or the end. */
static void
source_give_up(struct source *s, const struct err *err, int passing)
{
	struct err	e = *err;	/* it may live in the call */

	if (source_has_next(s)) {
		source_next_holder(s, &e);
	} else if (s->alone && !s->refetched) {
		s->refetched = 1;
		s->holder = 0;
		source_fail(s, SOURCE_AGAIN, &e);
	} else if (passing && source_holder(s)->repo != NULL &&
	    tries_again(&s->tries, s->setup->patience, s->got)) {
		source_to(s, SOURCE_PAUSE);
		loop_timer_set(s->setup->loop, &s->timer,
		    reg_backoff(s->tries.n), source_pause_over, s);
	} else {
		source_fail(s, SOURCE_OVER, &e);
	}
}

/* All bytes came: is that the blob?  0, or -1 with s->err filled. */
static int
source_verify(struct source *s)
{
	const struct holder	*from = source_holder(s);
	char			 have[DIGEST_STR_MAX];

	assert(s->got == s->blob.size);
	digester_end(&s->digester, have);
	if (strcmp(have, s->blob.digest) == 0) {
		source_to(s, SOURCE_WHOLE);
		return 0;
	}
	return err_set(&s->err, ERR_DIGEST, "%s%s: the content has digest %s",
	    from->repo != NULL ? "" : "oci:", from->repo != NULL ?
	    reg_repo_name(from->repo) : from->layout->dir, have);
}

static void
source_hash(struct source *s, const char *p, size_t n)
{
	int64_t	every = s->setup->snapshot_every;

	assert((int64_t)n <= s->blob.size - s->got);
	digester_add(&s->digester, p, n);
	s->got += (int64_t)n;
	if (every == 0 || s->got - snapshots_last(&s->snapshots) < every)
		return;
	snapshots_add(&s->snapshots, s->got, &s->digester);
	s->snapped = 1;
}

/* How many of the n bytes that are next are hashed only. */
static size_t
source_had(const struct source *s, size_t n)
{
	int64_t	some = s->from - s->got;

	return some <= 0 ? 0 : some < (int64_t)n ? (size_t)some : n;
}

/* New bytes, for which there is room: 0, or -1 with s->err filled. */
static int
source_keep(struct source *s, const char *p, size_t n)
{
	size_t	skip = source_had(s, n);

	source_hash(s, p, n);
	if (s->way == SOURCE_WRITE)
		return s->events->write(s->arg, p + skip, n - skip, &s->err);
	ring_put(&s->ring, p + skip, n - skip);
	return 0;
}

/*
 * The length that the whole content has by the answer's fields; -1 if they do
 * not say, -2 if that is not a length.
 */
static int64_t
source_announced(struct reg_call *c, int64_t from)
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
source_range_is_right(struct reg_call *c)
{
	char	*v = reg_header(c, "Content-Range");

	return v != NULL && field_range_from(v) == c->range_from;
}

static int
source_got_head(struct reg_call *c)
{
	struct source	*s = c->arg;
	int64_t		 from = 0, n;

	assert(s->state == SOURCE_GET && s->fault == FAULT_NONE);
	if (c->http.status == 206) {
		if (c->range_from == 0 || !source_range_is_right(c)) {
			s->fault = c->range_from > 0 ? FAULT_RANGE :
			    FAULT_ANSWER;
			err_set(&s->err, ERR_REGISTRY, "the registry sent "
			    "another range than it was asked for");
			return 1;
		}
		from = c->range_from;
	} else {
		s->skip = s->got;	/* it sends all of it again */
	}
	n = source_announced(c, from);
	if (n == -2) {
		/* libcurl would read on until the connection is closed. */
		s->fault = FAULT_ANSWER;
		err_set(&s->err, ERR_REGISTRY,
		    "the registry's Content-Length is not a length");
	} else if (n != -1 && n != s->blob.size) {
		s->fault = FAULT_CONTENT;
		err_set(&s->err, ERR_DIGEST, "the registry has %lld bytes, "
		    "the manifest says %lld", (long long)n,
		    (long long)s->blob.size);
	}
	return 1;
}

static size_t
source_got_data(struct reg_call *c, const char *p, size_t n)
{
	struct source	*s = c->arg;
	size_t		 pass;

	assert(s->state == SOURCE_GET && s->got <= s->blob.size);
	if (s->fault != FAULT_NONE)
		return HTTP_ABORT;
	pass = (int64_t)n < s->skip ? n : (size_t)s->skip;
	/* Before anything waits for room: there will be none for these. */
	if ((int64_t)(n - pass) > s->blob.size - s->got) {
		err_set(&s->err, ERR_DIGEST, "more than the %lld bytes that "
		    "the manifest says", (long long)s->blob.size);
		s->fault = FAULT_CONTENT;
		return HTTP_ABORT;
	}
	if (s->way != SOURCE_WRITE && ring_room(&s->ring) <
	    n - pass - source_had(s, n - pass))
		return HTTP_PAUSE;
	if (!pace_take(s->setup->pace, &s->waiter, n))
		return HTTP_PAUSE;
	s->skip -= (int64_t)pass;
	s->came += (int64_t)n;
	if (source_keep(s, p + pass, n - pass) == -1) {
		s->fault = FAULT_WRITE;
		return HTTP_ABORT;
	}
	if (s->way == SOURCE_READ && s->ring.len > 0)
		s->events->ready(s->arg);
	return n;
}

/* What it has is asked for from its first byte, and passed over: once. */
static void
source_without_range(struct source *s, const struct err *err)
{
	assert(!s->no_range);
	log_info("blob %s: %s; asked for from its first byte", s->blob.digest,
	    err->msg);
	s->no_range = 1;
	source_ask(s);
}

/* The answer ended as it should, or without all bytes. */
static void
source_got_all(struct source *s)
{
	struct err	err = ERR_INIT;

	if (s->got == s->blob.size) {
		if (source_verify(s) == -1)
			source_bad(s);
		return;
	}
	err_set(&err, ERR_DIGEST, "%s ended after %lld of %lld bytes",
	    reg_repo_name(s->get.repo), (long long)s->got,
	    (long long)s->blob.size);
	source_give_up(s, &err, 1);
}

static void
source_got_end(struct reg_call *c, const struct err *err)
{
	struct source	*s = c->arg;

	assert(s->state == SOURCE_GET);
	pace_leave(s->setup->pace, &s->waiter);
	switch (s->fault) {
	case FAULT_RANGE:
		source_without_range(s, &s->err);
		break;
	case FAULT_ANSWER:
		source_give_up(s, &s->err, 0);
		break;
	case FAULT_CONTENT:
		source_bad(s);
		break;
	case FAULT_WRITE:
		source_fail(s, SOURCE_OVER, &s->err);
		break;
	case FAULT_NONE:
		if (err != NULL && c->http.status == 416 && c->range_from > 0)
			source_without_range(s, err);
		else if (err != NULL && (s->got == 0 ||
		    s->got < s->blob.size))
			source_give_up(s, err, reg_is_passing(c));
		else
			source_got_all(s);
		break;
	}
}

static void
source_ask(struct source *s)
{
	struct reg_call	*c = &s->get;

	assert(source_holder(s)->repo != NULL);
	reg_cancel(c);
	source_to(s, SOURCE_GET);
	s->fault = FAULT_NONE;
	s->skip = 0;
	free(c->path);
	c->repo = source_holder(s)->repo;
	c->method = "GET";
	c->path = xasprintf("blobs/%s", s->blob.digest);
	c->once = 1;
	c->large = c->transfer = s->blob.size > SOURCE_SMALL;
	c->range_from = s->no_range ? 0 : s->got;
	c->range_size = s->blob.size;
	c->on_head = source_got_head;
	c->on_data = source_got_data;
	c->on_done = source_got_end;
	reg_start(c);
}

static void
source_open_file(struct source *s, struct layout *layout)
{
	struct err	err = ERR_INIT;
	int64_t		size;
	int		fd;

	if (layout_blob_open(layout, s->blob.digest, &fd, &size, &err) == -1) {
		source_give_up(s, &err, 0);
		return;
	}
	if (size != s->blob.size) {
		close(fd);
		err_set(&err, ERR_DIGEST, "the file in %s has %lld bytes, the "
		    "manifest says %lld", layout->dir, (long long)size,
		    (long long)s->blob.size);
		source_give_up(s, &err, 0);
		return;
	}
	if (s->got > 0 && lseek(fd, s->got, SEEK_SET) == -1) {
		err_sys(&err, "%s", layout->dir);
		close(fd);
		source_fail(s, SOURCE_OVER, &err);
		return;
	}
	source_to(s, SOURCE_FILE);
	s->fd = fd;
}

static void
source_ask_holder(struct source *s)
{
	const struct holder	*from = source_holder(s);

	if (from->layout != NULL)
		source_open_file(s, from->layout);
	else
		source_ask(s);
}

void
source_open(struct source *s, int64_t from)
{
	const struct snapshot	*start = snapshots_find(&s->snapshots, from);

	assert(s->state == SOURCE_IDLE && s->ring.len == 0);
	assert(from >= 0 && from <= s->blob.size);
	if (s->way != SOURCE_WRITE && s->ring.data == NULL)
		ring_init(&s->ring, s->way == SOURCE_MEMORY ||
		    s->blob.data != NULL ? (size_t)s->blob.size + 1 :
		    RING_SIZE);
	memset(&s->tries, 0, sizeof(s->tries));
	s->from = s->given = from;
	s->slow_since = 0;
	digester_init(&s->digester, s->blob.digest);
	s->snapshots.n = 0;
	if (start != NULL) {
		s->snapshots.n = (size_t)(start - s->snapshots.v) + 1;
		s->got = start->at;
		s->digester = start->digester;
	}
	if (s->blob.data != NULL)
		source_to(s, SOURCE_EMBEDDED);
	else if (start == NULL || s->got < s->blob.size)
		source_ask_holder(s);
	else if (source_verify(s) == -1)
		source_bad(s);
}

/* Content that the descriptor embeds was checked when it was parsed. */
static void
source_use_data(struct source *s)
{
	s->got = 0;			/* no snapshot is of any use */
	digester_init(&s->digester, s->blob.digest);
	s->snapshots.n = 0;
	if (source_keep(s, s->blob.data, (size_t)s->blob.size) == -1)
		source_fail(s, SOURCE_OVER, &s->err);
	else
		source_to(s, SOURCE_WHOLE);
}

/*
 * Read from the file and hash: how many bytes, or -1, then the source has
 * failed.  The last bytes are checked before they are given out.
 */
static ssize_t
source_read_file(struct source *s, char *p, size_t room)
{
	int64_t	left = s->blob.size - s->got;
	ssize_t	n;

	assert(s->state == SOURCE_FILE);
	if ((int64_t)room > left)
		room = (size_t)left;
	do {
		n = room == 0 ? 0 : read(s->fd, p, room);
	} while (n == -1 && errno == EINTR);
	if (n == -1) {
		err_sys(&s->err, "read");
		source_fail(s, SOURCE_OVER, &s->err);
		return -1;
	}
	if (n > 0)
		source_hash(s, p, (size_t)n);
	if (n == 0 && left > 0)
		err_set(&s->err, ERR_DIGEST,
		    "the file became shorter while it was read");
	else if (s->got < s->blob.size || source_verify(s) == 0)
		return n;
	source_bad(s);
	return -1;
}

/* More of a file for who does not ask for it.  1: some. */
static int
source_pump(struct source *s)
{
	static char	piece[PIECE_SIZE];
	size_t		room = sizeof(piece);
	ssize_t		n;

	switch (s->way) {
	case SOURCE_READ:
		/* The rest is read as it is asked for. */
		room = source_had(s, room);
		if (room == 0 && s->from < s->blob.size)
			return 0;
		break;
	case SOURCE_MEMORY:
		if (!pace_take(s->setup->pace, &s->waiter,
		    (size_t)s->blob.size))
			return 0;
		break;
	case SOURCE_WRITE:
		break;
	}
	n = source_read_file(s, piece, room);
	if (n == -1)
		return 1;
	if (s->way == SOURCE_MEMORY)
		ring_put(&s->ring, piece, (size_t)n);
	else if (s->way == SOURCE_WRITE && s->events->write(s->arg, piece,
	    (size_t)n, &s->err) == -1) {
		source_stop(s);
		source_fail(s, SOURCE_OVER, &s->err);
	}
	return 1;
}

int
source_work(struct source *s)
{
	int	some = 0;

	if (s->snapped) {
		s->snapped = 0;
		if (s->events->snapshot != NULL)
			s->events->snapshot(s->arg);
	}
	if (s->state == SOURCE_EMBEDDED)
		source_use_data(s);
	else if (s->state == SOURCE_FILE)
		some = source_pump(s);
	if ((s->state != SOURCE_WHOLE && s->state != SOURCE_FAILED) || s->told)
		return some;
	s->told = 1;
	if (s->state == SOURCE_FAILED)
		s->events->failed(s->arg, s->end, &s->err);
	else
		s->events->ready(s->arg);
	return 1;
}

size_t
source_read(struct source *s, char *p, size_t room)
{
	size_t	n;
	ssize_t	got;

	assert(s->way == SOURCE_READ && room > 0);
	if (s->state == SOURCE_FAILED)
		return SOURCE_BROKEN;
	if (s->state == SOURCE_FILE) {
		if (s->got < s->from ||
		    !pace_take(s->setup->pace, &s->waiter, room))
			return SOURCE_WAIT;
		if ((got = source_read_file(s, p, room)) == -1)
			return SOURCE_BROKEN;
		s->given += got;
		return (size_t)got;
	}
	n = s->ring.len < room ? s->ring.len : room;
	/* The last byte waits for the verdict. */
	if (n > 0 && s->state != SOURCE_WHOLE &&
	    s->given + (int64_t)n == s->blob.size)
		n--;
	n = ring_take(&s->ring, p, n);
	if (n == 0)
		return s->state == SOURCE_WHOLE ? 0 : SOURCE_WAIT;
	s->given += (int64_t)n;
	if (s->state == SOURCE_GET)
		http_resume(&s->get.http);
	return n;
}

const char *
source_bytes(const struct source *s)
{
	assert(s->way == SOURCE_MEMORY && s->state == SOURCE_WHOLE &&
	    (int64_t)s->ring.len == s->blob.size);
	return ring_bytes(&s->ring);
}

/* Is it for the source to send?  Not while we wait, for whatever it is. */
static int
source_is_flowing(const struct source *s)
{
	const struct http_call	*c = &s->get.http;

	return s->state == SOURCE_GET && !s->waiter.waiting && c->active &&
	    c->head_seen && !c->paused;
}

void
source_check_speed(struct source *s, int64_t now)
{
	const struct source_setup	*low = s->setup;
	struct err			 err = ERR_INIT;
	int64_t				 ms = now - s->slow_since;

	if (low->speed == 0 || !source_is_flowing(s)) {
		s->slow_since = 0;
		return;
	}
	if (s->slow_since != 0 && ms < low->speed_seconds * 1000LL)
		return;
	if (s->slow_since == 0 || (s->came - s->slow_came) * 1000 / ms >=
	    low->speed) {
		s->slow_since = now;
		s->slow_came = s->came;
		return;
	}
	s->slow_since = 0;
	err_set(&err, ERR_NETWORK, "%s sent less than %lld bytes a second for "
	    "%d s (see --speed-limit)", reg_repo_name(s->get.repo),
	    (long long)low->speed, low->speed_seconds);
	reg_cancel(&s->get);
	source_give_up(s, &err, 0);
}
