#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/registry/shared.h"
#include "test/unit/tap.h"

static struct shared *
open_it(int fd)
{
	struct err	 err = ERR_INIT;
	struct shared	*s = shared_open(fd, &err);

	ok(s != NULL, "opened: %s", err.msg);
	return s;
}

static void
test_limits(void)
{
	struct shared		*s = open_it(-1);
	struct shared_host	*h = shared_host(s, "https://a.example"), *o;
	size_t			 i;

	ok(shared_host(s, "https://A.example") == h, "a name has one place");
	o = shared_host(s, "http://a.example");
	ok(o != h, "another scheme is another host");
	is_int(shared_enter(s, h, 0, 2, 3), 1);
	is_int(shared_enter(s, h, 1, 2, 3), 1);
	is_int(shared_enter(s, h, 2, 2, 3), 0);
	is_int(shared_enter(s, o, 1, 2, 3), 1);
	is_int(shared_enter(s, o, 1, 2, 3), 0);
	/* The first of a process may, or it could wait for ever. */
	is_int(shared_enter(s, o, 0, 2, 3), 1);
	shared_leave(s, o);
	shared_leave(s, h);
	is_int(shared_enter(s, h, 1, 2, 3), 1);
	/* More hosts than have a place: each is still one. */
	for (i = 0; i < 300; i++) {
		char	name[64];

		snprintf(name, sizeof(name), "https://h%zu.example", i);
		o = shared_host(s, name);
		is_int(shared_is_open(o), 0);
		shared_set_open(o, 1);
	}
	shared_close(s);
}

static void
test_throttle(void)
{
	struct shared		*s = open_it(-1);
	struct shared_host	*h = shared_host(s, "https://a.example");
	int			 i;

	is_int((long long)shared_room(h, 32), 32);
	shared_throttled(h, 32);
	is_int((long long)shared_room(h, 32), 16);
	/* Those that were under way together count once. */
	shared_throttled(h, 32);
	is_int((long long)shared_room(h, 32), 16);
	for (i = 0; i < 15; i++)
		shared_answered(h, 32);
	is_int((long long)shared_room(h, 32), 16);
	shared_answered(h, 32);
	is_int((long long)shared_room(h, 32), 17);
	for (i = 0; i < 32 * 32; i++)
		shared_answered(h, 32);
	is_int((long long)shared_room(h, 32), 32);
	shared_close(s);
}

static void
test_clocks(void)
{
	struct shared		*s = open_it(-1);
	struct shared_host	*h = shared_host(s, "https://a.example");
	int64_t			 ms;

	is_int(shared_held(h), 0);
	shared_hold(h, 5000);
	shared_hold(h, 1000);
	ms = shared_held(h);
	ok(ms > 4000 && ms <= 5000, "the longest holds: %lld", (long long)ms);
	shared_hold(h, 3600 * 1000);
	is_int(shared_held(h), HTTP_RETRY_AFTER_MAX * 1000);

	is_int(shared_turn(h, PACE_ALL), 0);
	is_int(shared_turn(h, PACE_ALL), 0);
	shared_set_pace(h, PACE_MANIFESTS, 1000000);
	is_int(shared_turn(h, PACE_MANIFESTS), 0);
	ms = shared_turn(h, PACE_MANIFESTS);
	ok(ms > 500 && ms <= 1000, "one a second: %lld", (long long)ms);
	is_int(shared_turn(h, PACE_OTHERS), 0);
	shared_set_pace(h, PACE_MANIFESTS, 1000LL * 3600 * 1000000);
	ms = shared_turn(h, PACE_MANIFESTS);
	ok(ms <= PACE_MAX_MS, "bounded: %lld", (long long)ms);
	shared_set_pace(h, PACE_MANIFESTS, 0);
	is_int(shared_turn(h, PACE_MANIFESTS), 0);
	shared_close(s);
}

/* Throttled or not, no more than there is room for. */
static void
test_room(void)
{
	struct shared		*s = open_it(-1);
	struct shared_host	*h = shared_host(s, "https://a.example");
	size_t			 n;

	shared_throttled(h, 8);
	is_int((long long)shared_room(h, 8), 4);
	for (n = 0; n < 8 && shared_enter(s, h, n, 8, 100); n++)
		;
	is_int((long long)n, 4);
	shared_leave(s, h);
	is_int(shared_enter(s, h, 3, 8, 100), 1);
	is_int(shared_enter(s, h, 4, 8, 100), 0);
	shared_close(s);
}

/* A host that is not reached: one probe at a time, until it is. */
static void
test_outage(void)
{
	struct shared		*s = open_it(-1);
	struct shared_host	*h = shared_host(s, "https://a.example");
	int64_t			 ms;

	is_int(shared_down(h), 0);
	is_int(shared_was_reached(h), 0);
	is_int(shared_missed(h, clock_ms() - 3000), 1);
	is_int(shared_missed(h, clock_ms()), 0);
	ms = shared_down(h);
	ok(ms >= 3000 && ms < 4000, "since the first: %lld", (long long)ms);
	is_int(shared_misses(h), 0);
	is_int(shared_probe_failed(h, 1000), 1);
	is_int(shared_misses(h), 1);
	ms = shared_probe_wait(h);
	ok(ms > 500 && ms <= 1000, "the next in: %lld", (long long)ms);
	is_int(shared_probe(h), 0);
	shared_probe_release(h);
	is_int(shared_probe_wait(h), 0);
	is_int(shared_probe(h), 1);
	/* While it is under way there is no other. */
	is_int(shared_probe(h), 0);
	ok(shared_probe_wait(h) > HTTP_CONNECT_SECONDS * 1000,
	    "as long as a connection may take");
	is_int(shared_tell_down(h), 1);
	is_int(shared_tell_down(h), 0);
	is_int(shared_told_down(h), 1);
	ok(shared_reached(h) >= 3000, "the end is seen once");
	is_int(shared_reached(h), 0);
	is_int(shared_down(h), 0);
	is_int(shared_was_reached(h), 1);
	/* The next outage is another one. */
	is_int(shared_missed(h, clock_ms()), 1);
	is_int(shared_misses(h), 0);
	is_int(shared_told_down(h), 0);
	is_int(shared_probe_failed(h, 3600 * 1000), 1);
	ok(shared_probe_wait(h) < 60 * 1000, "bounded");
	shared_close(s);
}

/* Memory of the right size that can be taken away from under us. */
static void
test_unsealed(void)
{
	struct shared	*s;
	struct err	 err = ERR_INIT;
	struct stat	 st;
	int		 fd = shared_create(), other;

	is_int(fstat(fd, &st), 0);
	other = memfd_create("t_shared", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	is_int(ftruncate(other, st.st_size), 0);
	s = shared_open(other, &err);
	ok(s == NULL && strstr(err.msg, "is not the memory that ace-dt of this "
	    "version shares") != NULL, "without seals: %s", err.msg);
	is_int(fcntl(other, F_ADD_SEALS, F_SEAL_GROW), 0);
	s = shared_open(other, &err);
	ok(s == NULL, "it can be made smaller");
	is_int(fcntl(other, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	s = shared_open(other, &err);
	ok(s != NULL, "with both");
	shared_close(s);
	close(other);
	close(fd);
}

/* What one process does, another sees. */
static void
test_processes(void)
{
	struct shared		*s, *t;
	struct shared_host	*h;
	struct err		 err = ERR_INIT;
	int			 fd = shared_create(), status, other;
	pid_t			 pid;

	ok(fd != -1, "made");
	s = open_it(fd);
	h = shared_host(s, "https://a.example");
	if ((pid = fork()) == 0) {
		t = shared_open(fd, &err);
		h = shared_host(t, "https://a.example");
		shared_set_open(h, 1);
		shared_hold(h, 5000);
		_exit(!shared_enter(t, h, 0, 1, 1));
	}
	waitpid(pid, &status, 0);
	is_int(status, 0);
	is_int(shared_is_open(h), 1);
	ok(shared_held(h) > 0, "held");
	is_int(shared_enter(s, h, 1, 1, 1), 0);
	shared_close(s);
	close(fd);

	other = open("/dev/zero", O_RDWR);
	ok(shared_open(other, &err) == NULL && err.msg[0] != '\0', "%s",
	    err.msg);
	close(other);
	ok(shared_open(-2, &err) == NULL, "no descriptor");
}

int
main(void)
{
	test_limits();
	test_throttle();
	test_clocks();
	test_room();
	test_outage();
	test_unsealed();
	test_processes();
	return tap_end();
}
