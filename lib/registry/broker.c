/*
 * The process that runs credential helpers for a stage, each in a process of
 * its own that waits for it, reads what it writes, and ends it when it takes
 * too long.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/env.h"
#include "lib/base/process.h"
#include "lib/base/xalloc.h"
#include "lib/registry/broker.h"

#define SOCK		3		/* the broker's end */

/* One helper, in a process of its own that waits for it. */
struct helper_run {
	pid_t	pid;
	int	pidfd;			/* -1 on an old kernel */
	int	out;
	int64_t	end;			/* clock_ms(): when it is too late */
	struct broker_answer *answer;
};

/* How long a helper may take: it may ask somebody for a passphrase. */
int
broker_seconds(void)
{
	const char	*s = env_get("ACE_DT_HELPER_SECONDS");
	long		 n = s != NULL ? strtol(s, NULL, 10) : 0;

	return n > 0 && n <= HELPER_SECONDS_MAX ? (int)n : HELPER_SECONDS;
}

/* Wait until fd can be read.  -1: too late, or the stage is gone. */
static int
wait_for(const struct helper_run *r, int fd)
{
	struct pollfd	fds[2];
	int64_t		left;

	for (;;) {
		left = r->end - clock_ms();
		if (left <= 0)
			return -1;
		fds[0].fd = fd;
		fds[0].events = POLLIN;
		fds[1].fd = SOCK;
		fds[1].events = 0;	/* POLLHUP comes unasked */
		if (poll(fds, 2, (int)left) == -1 && errno != EINTR)
			return -1;
		if (fds[1].revents & (POLLHUP | POLLERR))
			return -1;
		if (fds[0].revents != 0)
			return 0;
	}
}

/* All that the helper writes. */
static enum broker_how
read_all(struct helper_run *r)
{
	struct broker_answer	*a = r->answer;
	char			 more;
	ssize_t			 n;

	for (;;) {
		if (wait_for(r, r->out) == -1)
			return BROKER_TOO_LATE;
		n = a->len < sizeof(a->text) ? read(r->out, a->text + a->len,
		    sizeof(a->text) - a->len) : read(r->out, &more, 1);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return BROKER_ENDED;
		if (a->len == sizeof(a->text))
			return BROKER_TOO_LONG;
		a->len += (uint32_t)n;
	}
}

static int
reap(const struct helper_run *r)
{
	int	status = 0;

	while (waitpid(r->pid, &status, 0) == -1 && errno == EINTR)
		;
	return status;
}

/* -1 if it cannot be known which children there are. */
static int
kill_children(void)
{
	char	path[64];
	FILE	*f;
	int	pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children",
	    (int)getpid());
	if ((f = fopen(path, "re")) == NULL)
		return -1;
	while (fscanf(f, "%d", &pid) == 1)
		kill(pid, SIGKILL);
	fclose(f);
	return 0;
}

/*
 * The helper, and all that it started: the children of one that is gone become
 * ours.  A process group would not do: out of the terminal's own one nobody
 * could be asked for a passphrase.
 */
static int
kill_all(const struct helper_run *r)
{
	int	status = 0, s;
	pid_t	pid;

	for (;;) {
		if (kill_children() == -1) {
			kill(r->pid, SIGKILL);
			return reap(r);
		}
		pid = waitpid(-1, &s, 0);
		if (pid == -1 && errno != EINTR)
			return status;	/* there are none any more */
		if (pid == r->pid)
			status = s;
	}
}

/* What the helper started may hold the pipe: the answer is read first. */
static void
watch(struct helper_run *r)
{
	struct broker_answer	*a = r->answer;

	a->how = read_all(r);
	if (a->how == BROKER_ENDED && r->pidfd != -1 &&
	    wait_for(r, r->pidfd) == -1)
		a->how = BROKER_TOO_LATE;
	if (a->how == BROKER_ENDED) {
		a->value = reap(r);
	} else {
		a->value = kill_all(r);
		a->len = 0;
	}
}

/* Start a helper with one end of each pipe.  0 or an error number. */
static int
start_helper(struct helper_run *r, const char *name, int in, int out)
{
	posix_spawn_file_actions_t	 acts;
	char				*prog, *argv[3];
	int				 e;

	prog = xasprintf("docker-credential-%s", name);
	argv[0] = prog;
	argv[1] = (char *)"get";
	argv[2] = NULL;
	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_adddup2(&acts, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&acts, out, STDOUT_FILENO);
	e = posix_spawnp(&r->pid, prog, &acts, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&acts);
	free(prog);
	return e;
}

/* Start a helper and feed it.  0 or an error number. */
static int
run_helper(struct helper_run *r, const struct broker_question *q)
{
	int	in[2], out[2], e;

	if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1)
		return errno;
	r->end = clock_ms() + broker_seconds() * 1000;
	e = start_helper(r, q->name, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	if (e != 0)
		return e;
	/* It fits the pipe; a helper that does not read it says so itself. */
	(void)!write(in[1], q->server, strlen(q->server));
	(void)!write(in[1], "\n", 1);
	close(in[1]);
	r->out = out[0];
	r->pidfd = (int)syscall(SYS_pidfd_open, r->pid, 0);
	watch(r);
	return 0;
}

/* One question, in a process that ends with its helper. */
static _Noreturn void
serve(const struct broker_question *q, struct broker_answer *a)
{
	struct helper_run	r = { -1, -1, -1, 0, a };
	int		e;

	signal(SIGCHLD, SIG_DFL);
	prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL);
	memset(a, 0, sizeof(*a));
	a->id = q->id;
	if ((e = run_helper(&r, q)) != 0) {
		a->how = BROKER_NOT_RUN;
		a->value = e;
	}
	while (send(SOCK, a, BROKER_ANSWER_LEN(a->len), MSG_NOSIGNAL) == -1 &&
	    errno == EINTR)
		;
	explicit_bzero(a, sizeof(*a));
	_exit(0);
}

static void
refuse_question(const struct broker_question *q, int e)
{
	struct broker_answer	a;

	memset(&a, 0, BROKER_ANSWER_LEN(0));
	a.id = q->id;
	a.how = BROKER_NOT_RUN;
	a.value = e;
	(void)!send(SOCK, &a, BROKER_ANSWER_LEN(0), MSG_NOSIGNAL);
}

static int
is_known_helper(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return 1;
	return 0;
}

/* Questions, until the stage is gone. */
static _Noreturn void
broker(const char *const *names)
{
	static struct broker_answer	answer;
	struct broker_question		q;
	ssize_t				n;

	for (;;) {
		n = recv(SOCK, &q, sizeof(q), 0);
		if (n == -1 && errno == EINTR)
			continue;
		if (n != (ssize_t)sizeof(q))
			_exit(0);
		q.name[sizeof(q.name) - 1] = '\0';
		q.server[sizeof(q.server) - 1] = '\0';
		if (!is_known_helper(names, q.name)) {
			refuse_question(&q, EPERM);
			continue;
		}
		switch (fork()) {
		case 0:
			serve(&q, &answer);
		case -1:
			refuse_question(&q, errno);
		}
	}
}

/*
 * What the fork has of the stage: its pipes would keep others from seeing that
 * it ended, its standard input is not for helpers.
 */
static int
let_go(int sock, pid_t parent)
{
	int	fd, null;

	signal(SIGCHLD, SIG_IGN);	/* nobody has to be waited for */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		return -1;
	if (sock != SOCK && dup3(sock, SOCK, O_CLOEXEC) == -1)
		return -1;
	if ((null = open("/dev/null", O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
#ifdef SYS_close_range
	if (syscall(SYS_close_range, SOCK + 1U, ~0U, 0U) == 0)
		return 0;
#endif
	for (fd = SOCK + 1; fd < 1024; fd++)
		close(fd);
	return 0;
}

int
broker_start(const char *const *names, int *pid)
{
	int	ends[2], e;
	pid_t	parent = getpid();

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return -1;
	switch (*pid = fork()) {
	case 0:
		process_limit(0);
		if (let_go(ends[1], parent) == -1)
			_exit(1);
		broker(names);
	case -1:
		e = errno;
		close(ends[0]);
		close(ends[1]);
		errno = e;
		return -1;
	}
	close(ends[1]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	return ends[0];
}
