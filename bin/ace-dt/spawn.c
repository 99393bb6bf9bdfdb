/*
 * Another program as a child of ours: what it inherits, and that it really
 * began.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bin/ace-dt/spawn.h"
#include "lib/base/errmsg.h"

/* From here to execve() or _exit() only async-signal-safe calls. */
static _Noreturn void
child(const char *path, char *const argv[], char *const envp[],
    const int fds[3], const int *keep, int notify, pid_t parent)
{
	sigset_t	none;
	int		e, i;

	/* Handlers reset themselves; what is ignored stays so: nohup(1). */
	signal(SIGPIPE, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 ||
	    sigprocmask(SIG_SETMASK, &none, NULL) == -1)
		goto bad;
	if (getppid() != parent)
		_exit(127);		/* it died before it was our parent */
	for (i = 0; i < 3; i++)
		if (fds[i] != i && dup2(fds[i], i) == -1)
			goto bad;
	for (; *keep != -1; keep++)
		if (fcntl(*keep, F_SETFD, 0) == -1)
			goto bad;
	execve(path, argv, envp);
bad:
	e = errno;
	while (write(notify, &e, sizeof(e)) == -1 && errno == EINTR)
		;
	_exit(127);
}

pid_t
spawn(const char *path, char *const argv[], char *const envp[], int in,
    int out, int errfd, const int *keep, struct err *err)
{
	int	fds[3] = { in, out, errfd == -1 ? STDERR_FILENO : errfd };
	int	notify[2], e;
	pid_t	pid, parent = getpid();
	ssize_t	n;

	assert(in != -1 && out != -1 && keep != NULL);
	if (pipe2(notify, O_CLOEXEC) == -1)
		return err_sys(err, "pipe");
	if ((pid = fork()) == 0)
		child(path, argv, envp, fds, keep, notify[1], parent);
	if (pid == -1)
		err_sys(err, "fork");
	close(notify[1]);
	do {
		n = pid == -1 ? 0 : read(notify[0], &e, sizeof(e));
	} while (n == -1 && errno == EINTR);
	close(notify[0]);
	if (n != (ssize_t)sizeof(e))
		return pid;
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
	errno = e;
	return err_sys(err, "%s", path);
}
