/*
 * The loop of a stage: records in, jobs, records out.
 */
#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/http/loop.h"
#include "lib/program/stage.h"

/* How many bytes of output may wait for their reader while more is started. */
#define OUT_HIGH	(1024 * 1024)

void
job_grows(struct job *job, ptrdiff_t n)
{
	assert(job->state == JOB_WAITS);
	assert(n >= 0 || job->bytes >= (size_t)-n);
	job->bytes += (size_t)n;
	job->stage->nbytes += (size_t)n;
}

int
job_has_room(const struct job *job)
{
	const struct stage	*st = job->stage;

	return st->nbytes < st->bytes_max || st->head == job;
}

static void
job_end(struct job *job, enum job_state state)
{
	assert(job->state == JOB_WAITS && state != JOB_WAITS);
	job_grows(job, (ptrdiff_t)(job->rec.len - job->bytes));
	job->state = state;
}

void
job_done(struct job *job)
{
	struct err	err = ERR_INIT;

	if (record_fits(&job->rec, &err) == -1)
		job_fail(job, &err);
	else
		job_end(job, JOB_DONE);
}

void
job_fail(struct job *job, const struct err *err)
{
	record_set_error(&job->rec, job->stage->name, err);
	job->stage->nfailed++;
	job_end(job, JOB_DONE);
}

void
job_drop(struct job *job)
{
	job_end(job, JOB_DROPPED);
}

/* Does the tool get to see this record? */
static int
stage_begins(const struct stage *st, const struct record *rec)
{
	return rec->is_image && (st->failed_too || !record_has_error(rec));
}

static void
stage_start(struct stage *st, struct record *rec, void *about)
{
	struct job	*job = xcalloc(1, sizeof(*job));

	job->rec = *rec;		/* moved */
	job->stage = st;
	job->about = about;
	*st->tail = job;
	st->tail = &job->next;
	st->njobs++;
	st->nbytes += job->bytes = rec->len;
	if (st->again && job->rec.is_image)
		record_drop_error(&job->rec);
	if (stage_begins(st, &job->rec))
		st->begin(job);
	else
		job->state = JOB_DONE;
}

static int
stage_has_room(const struct stage *st)
{
	return st->njobs < st->jobs_max && st->nbytes < st->bytes_max &&
	    stream_out_waiting(&st->out) < OUT_HIGH;
}

/* Start what there is room for.  1: something was started. */
static int
stage_take(struct stage *st, struct err *err)
{
	struct record	 rec;
	void		*about;
	int		 rc, some = 0;

	while (!st->source_over && stage_has_room(st)) {
		about = NULL;
		rc = st->next != NULL ? st->next(st, &rec, &about) :
		    stream_in_take(&st->in, &rec, err);
		if (rc == -1)
			return -1;
		if (rc == 0) {
			st->source_over = st->next != NULL ||
			    st->in.lines.eof;
			break;
		}
		stage_start(st, &rec, about);
		some = 1;
	}
	return some;
}

/* Hand on what is done, and whose turn it is.  1: something was. */
static int
stage_hand_on(struct stage *st)
{
	struct job	*job, **at = &st->head;
	int		 some = 0;

	while ((job = *at) != NULL &&
	    (job->state != JOB_WAITS || st->unordered) &&
	    stream_out_waiting(&st->out) < OUT_HIGH) {
		if (job->state == JOB_WAITS) {
			at = &job->next;
			continue;
		}
		if ((*at = job->next) == NULL)
			st->tail = at;
		assert(st->njobs > 0 && st->nbytes >= job->bytes);
		st->njobs--;
		st->nbytes -= job->bytes;
		if (job->state == JOB_DONE)
			stream_out_put(&st->out, &job->rec);
		record_clear(&job->rec);
		free(job);
		some = 1;
	}
	return some;
}

/* Wait for input, output or what jobs wait for. */
static int
stage_wait(struct stage *st, int busy, struct err *err)
{
	struct pollfd	fds[2];
	unsigned int	n = 0;
	int		in = -1, out = -1;

	if (!st->source_over && st->next == NULL && stage_has_room(st)) {
		fds[n].fd = st->in.lines.fd;
		fds[n].events = POLLIN;
		in = (int)n++;
	}
	if (stream_out_waiting(&st->out) > 0) {
		fds[n].fd = st->out.fd;
		fds[n].events = POLLOUT;
		out = (int)n++;
	}
	/* Jobs that wait for nothing are never what holds us up. */
	assert(busy || n > 0 || st->own_loop == NULL);
	loop_wait(st->loop, fds, n, busy ? 0 : -1);
	if (in != -1 && fds[in].revents != 0 &&
	    stream_in_fill(&st->in, err) == -1)
		return err_wrap(err, "standard input");
	if (out != -1 && fds[out].revents != 0)
		return stream_out_flush(&st->out, 1, err);
	return 0;
}

static int
stage_loop(struct stage *st, struct err *err)
{
	int	some;

	for (;;) {
		loop_run(st->loop);
		some = st->work != NULL && st->work(st);
		some |= stage_hand_on(st);
		switch (stage_take(st, err)) {
		case -1:
			return EXIT_INPUT;
		case 1:
			some = 1;
		}
		if (st->source_over && st->head == NULL &&
		    stream_out_waiting(&st->out) == 0)
			return EXIT_DONE;
		if (stage_wait(st, some, err) == -1)
			return EXIT_STOPPED;
	}
}

/* Jobs are under way: what they hold goes with the process. */
static _Noreturn void
stage_stop(const struct stage *st, int status, const struct err *err)
{
	if (status == EXIT_INPUT)
		stream_in_complain(&st->in, err, "");
	else
		log_error("%s", err->msg);
	exit(status);
}

void
stage_open(struct stage *st)
{
	assert(st->begin != NULL && st->jobs_max > 0 && st->bytes_max > 0);
	st->tail = &st->head;
	if (st->next == NULL) {
		stream_in_init(&st->in, STDIN_FILENO);
		st->in.any_count = st->any_count;
		stream_in_greet(&st->in);
	}
	stream_out_init(&st->out, STDOUT_FILENO);
}

int
stage_run(struct stage *st)
{
	struct err	err = ERR_INIT;
	int		rc;

	assert(st->tail == &st->head && st->head == NULL);
	if (st->loop == NULL)
		st->loop = st->own_loop = loop_new();
	if ((rc = stage_loop(st, &err)) != EXIT_DONE)
		stage_stop(st, rc, &err);
	stream_out_end(&st->out);
	stream_out_report(&st->out, st->nfailed);
	if (stream_out_flush(&st->out, 0, &err) == -1 ||
	    (close(st->out.fd) == -1 &&
	    err_sys(&err, "standard output") == -1))
		stage_stop(st, EXIT_STOPPED, &err);
	rc = st->out.errors > 0 ? EXIT_IMAGES : EXIT_DONE;
	if (st->next == NULL)
		stream_in_clear(&st->in);
	stream_out_clear(&st->out);
	loop_free(st->own_loop);
	return rc;
}
