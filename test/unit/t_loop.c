#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/http/loop.h"
#include "test/unit/tap.h"

/* What happened, in order, one letter each. */
static char		 story[64];
static struct loop	*loop;
static struct loop_timer timers[4];
static struct loop_deferred later[4];
static struct loop_watch watch;
static int		 engine_runs, engine_polls;

static void
tell(char c)
{
	size_t	n = strlen(story);

	if (n + 1 < sizeof(story)) {
		story[n] = c;
		story[n + 1] = '\0';
	}
}

static void
tell_arg(void *arg)
{
	tell(*(const char *)arg);
}

static void *
letter(char c)
{
	static char	letters[] = "abcdefghijklmnopqrstuvwxyz";

	return strchr(letters, c);
}

/* A turn, after which nothing is to happen before ms have passed. */
static void
turn(int ms)
{
	loop_wait(loop, NULL, 0, ms);
	loop_run(loop);
}

static void
turns_until(const char *want)
{
	int64_t	end = clock_ms() + 10000;

	while (strcmp(story, want) != 0 && clock_ms() < end)
		turn(1000);
}

static void
timers_in_order(void)
{
	int64_t	began = clock_ms();

	story[0] = '\0';
	loop_timer_set(loop, &timers[2], 30, tell_arg, letter('c'));
	loop_timer_set(loop, &timers[0], 10, tell_arg, letter('a'));
	loop_timer_set(loop, &timers[3], 10, tell_arg, letter('b'));
	loop_timer_set(loop, &timers[1], 20, tell_arg, letter('x'));
	loop_timer_stop(loop, &timers[1]);
	loop_timer_stop(loop, &timers[1]);
	loop_run(loop);
	is_str(story, "");
	turns_until("abc");
	is_str(story, "abc");
	ok(clock_ms() - began >= 30, "not before their time");
	ok(!timers[0].set && !timers[2].set, "they are not set any more");
	turn(1);
	is_str(story, "abc");
}

static void
moved_timer(void)
{
	story[0] = '\0';
	loop_timer_set(loop, &timers[0], 5, tell_arg, letter('x'));
	loop_timer_set(loop, &timers[1], 10, tell_arg, letter('b'));
	loop_timer_set(loop, &timers[0], 20, tell_arg, letter('a'));
	turns_until("ba");
	is_str(story, "ba");
}

/* It stops the next one, and sets itself once more. */
static void
stop_next(void *arg)
{
	tell('s');
	loop_timer_stop(loop, arg);
	loop_undefer(loop, &later[1]);
	loop_timer_set(loop, &timers[0], 1, tell_arg, letter('t'));
}

static void
cancel_in_callback(void)
{
	story[0] = '\0';
	loop_timer_set(loop, &timers[0], 1, stop_next, &timers[1]);
	loop_timer_set(loop, &timers[1], 1, tell_arg, letter('x'));
	turns_until("st");
	turn(5);
	is_str(story, "st");

	story[0] = '\0';
	loop_defer(loop, &later[0], stop_next, &timers[1]);
	loop_defer(loop, &later[1], tell_arg, letter('x'));
	turns_until("st");
	turn(5);
	is_str(story, "st");
}

static void
defer_again(void *arg)
{
	(void)arg;
	tell('d');
	loop_defer(loop, &later[0], tell_arg, letter('e'));
	loop_defer(loop, &later[2], tell_arg, letter('f'));
}

static void
deferred(void)
{
	int64_t	began;

	story[0] = '\0';
	loop_defer(loop, &later[0], defer_again, NULL);
	loop_defer(loop, &later[0], defer_again, NULL);
	loop_defer(loop, &later[1], tell_arg, letter('g'));
	is_str(story, "");
	loop_run(loop);
	is_str(story, "dg");		/* e and f are for the next turn */
	began = clock_ms();
	turn(60000);
	ok(clock_ms() - began < 30000, "what is deferred is not waited for");
	is_str(story, "dgef");
	loop_run(loop);
	is_str(story, "dgef");
	loop_defer(loop, &later[0], tell_arg, letter('x'));
	loop_undefer(loop, &later[0]);
	loop_undefer(loop, &later[0]);
	loop_run(loop);
	is_str(story, "dgef");
}

static void
read_one(void *arg)
{
	char	c;

	(void)arg;
	if (read(watch.fd, &c, 1) == 1)
		tell(c);
	else
		loop_unwatch(loop, &watch);
}

static void
watched(void)
{
	int		ends[2], own[2];
	struct pollfd	fds[1];

	story[0] = '\0';
	if (pipe(ends) == -1 || pipe(own) == -1) {
		ok(0, "pipes");
		return;
	}
	watch.fd = ends[0];
	watch.fn = read_one;
	loop_watch(loop, &watch);
	fds[0].fd = own[0];
	fds[0].events = POLLIN;
	ok(write(ends[1], "hi", 2) == 2, "two bytes are there");
	loop_wait(loop, fds, 1, 1000);
	is_str(story, "h");
	is_int(fds[0].revents, 0);
	ok(write(own[1], "x", 1) == 1, "and one for the caller");
	loop_wait(loop, fds, 1, 1000);
	is_str(story, "hi");
	ok((fds[0].revents & POLLIN) != 0, "the caller's is ready");
	close(ends[1]);
	loop_wait(loop, NULL, 0, 1000);
	ok(!watch.set, "the end is told too");
	loop_unwatch(loop, &watch);
	close(ends[0]);
	close(own[0]);
	close(own[1]);
}

static void
run_engine(void *arg)
{
	(*(int *)arg)++;
}

static void
poll_engine(void *arg, struct pollfd *fds, unsigned int n, int timeout)
{
	(void)arg;
	engine_polls++;
	is_int(n, 1);
	is_int(timeout, 7);
	fds[0].revents = POLLOUT;
}

static void
engine(void)
{
	static const struct loop_engine	e = { run_engine, poll_engine,
					    &engine_runs };
	struct pollfd			fds[1] = { { 0, POLLOUT, 0 } };

	loop_set_engine(loop, &e);
	loop_run(loop);
	is_int(engine_runs, 1);
	loop_wait(loop, fds, 1, 7);
	is_int(engine_polls, 1);
	is_int(fds[0].revents, POLLOUT);
	loop_set_engine(loop, NULL);
}

int
main(void)
{
	loop = loop_new();
	timers_in_order();
	moved_timer();
	cancel_in_callback();
	deferred();
	watched();
	engine();
	loop_free(loop);
	loop_free(NULL);
	return tap_end();
}
