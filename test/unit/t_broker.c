#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/registry/broker.h"

#include "test/unit/tap.h"

static const char *const names[] = { "echo", "hangs", "family", "gone", NULL };

static char	dir[] = "/tmp/acedt-broker.XXXXXX";

static void
write_file(const char *name, const char *text)
{
	char	path[200];
	FILE	*f;

	snprintf(path, sizeof(path), "%s/docker-credential-%s", dir, name);
	if ((f = fopen(path, "w")) == NULL)
		abort();
	fprintf(f, "#!/bin/sh\n%s\n", text);
	fclose(f);
	chmod(path, 0755);
}

static void
remove_file(const char *name)
{
	char	path[200];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
}

static void
ask(int fd, uint32_t id, const char *name, const char *server)
{
	struct broker_question	q;

	memset(&q, 0, sizeof(q));
	q.id = id;
	snprintf(q.name, sizeof(q.name), "%s", name);
	snprintf(q.server, sizeof(q.server), "%s", server);
	ok(send(fd, &q, sizeof(q), 0) == (ssize_t)sizeof(q), "asked %s", name);
}

/* The next answer, for at most ten seconds. */
static int
answer(int fd, struct broker_answer *a)
{
	struct pollfd	pfd = { fd, POLLIN, 0 };

	memset(a, 0, sizeof(*a));
	return poll(&pfd, 1, 10000) == 1 &&
	    recv(fd, a, sizeof(*a), 0) >= (ssize_t)BROKER_ANSWER_LEN(0);
}

static void
test_answers(int fd)
{
	static struct broker_answer	a;
	int				i, seen = 0;

	ask(fd, 1, "sh", "x");
	ok(answer(fd, &a) && a.id == 1 && a.how == BROKER_NOT_RUN &&
	    a.value == EPERM, "a name that no file has");
	ask(fd, 2, "../../bin/sh", "x");
	ok(answer(fd, &a) && a.id == 2 && a.value == EPERM, "a path");
	ask(fd, 3, "gone", "x");
	ok(answer(fd, &a) && a.id == 3 && a.how == BROKER_NOT_RUN &&
	    a.value == ENOENT, "one that is not there");
	for (i = 10; i < 18; i++)
		ask(fd, (uint32_t)i, "echo", "reg.example.com");
	for (i = 10; i < 18; i++)
		if (answer(fd, &a) && a.how == BROKER_ENDED && a.value == 0 &&
		    a.len == 20 && memcmp(a.text, "get reg.example.com\n",
		    20) == 0)
			seen |= 1 << (a.id - 10);
	is_int(seen, 255);
}

static pid_t
read_pid(const char *name)
{
	char	path[200];
	FILE	*f;
	int	pid = 0, i;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	for (i = 0; i < 500 && pid == 0; i++) {
		if ((f = fopen(path, "r")) != NULL) {
			if (fscanf(f, "%d", &pid) != 1)
				pid = 0;
			fclose(f);
		}
		usleep(20000);
	}
	return pid;
}

static int
is_gone(pid_t pid)
{
	int	i;

	for (i = 0; i < 500 && kill(pid, 0) == 0; i++)
		usleep(20000);
	return i < 500;
}

/* It is late: all that it started goes, in whatever group or session. */
static void
test_family(void)
{
	static struct broker_answer	a;
	static const char *const	who[] = { "child", "orphan",
					    "session" };
	pid_t				pids[3];
	size_t				i;
	int				fd, pid;

	setenv("ACE_DT_HELPER_SECONDS", "2", 1);
	fd = broker_start(names, &pid);
	ask(fd, 50, "family", "x");
	for (i = 0; i < 3; i++) {
		pids[i] = read_pid(who[i]);
		ok(pids[i] > 0 && kill(pids[i], 0) == 0, "%s runs", who[i]);
	}
	ok(answer(fd, &a) && a.id == 50 && a.how == BROKER_TOO_LATE,
	    "too late");
	for (i = 0; i < 3; i++)
		ok(is_gone(pids[i]), "%s is gone", who[i]);
	for (i = 0; i < 3; i++)
		remove_file(who[i]);
	close(fd);
	is_int(waitpid(pid, NULL, 0), pid);
}

/* The stage goes: so do the broker, and the helper that hangs. */
static void
test_end(int fd, int pid)
{
	pid_t	helper;
	int	status = -1;

	ask(fd, 99, "hangs", "x");
	helper = read_pid("pid");
	ok(helper > 0 && kill(helper, 0) == 0, "it runs");
	close(fd);
	is_int(waitpid(pid, &status, 0), pid);
	is_int(status, 0);
	ok(is_gone(helper), "the helper is gone");
}

int
main(void)
{
	char	*path;
	int	 fd, pid;

	if (mkdtemp(dir) == NULL)
		abort();
	write_file("echo", "read -r s; echo \"$1 $s\"");
	write_file("hangs", "echo $$ >\"${0%/*}/pid\"; exec sleep 1000");
	write_file("family", "d=${0%/*}\n"
	    "sleep 1000 & echo $! >$d/child\n"
	    "(sleep 1000 & echo $! >$d/orphan)\n"
	    "setsid sh -c 'echo $$ >'$d'/session; exec sleep 1000' &\n"
	    "exec sleep 1000");
	if (asprintf(&path, "%s:%s", dir, getenv("PATH")) == -1)
		abort();
	setenv("PATH", path, 1);
	free(path);
	fd = broker_start(names, &pid);
	ok(fd != -1, "broker_start");
	test_answers(fd);
	test_end(fd, pid);
	test_family();
	remove_file("docker-credential-echo");
	remove_file("docker-credential-hangs");
	remove_file("docker-credential-family");
	remove_file("pid");
	rmdir(dir);
	return tap_end();
}
