/*
 * Files and descriptors: reading and writing whole, what a file must be like to
 * be trusted, and what a program does about its standard streams before all
 * else.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/io.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"

int
io_write_full(int fd, const void *p, size_t len)
{
	const char	*s = p;
	struct pollfd	 pfd;
	ssize_t		 n;

	while (len > 0) {
		n = write(fd, s, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			/* Another holder of the description set O_NONBLOCK. */
			pfd.fd = fd;
			pfd.events = POLLOUT;
			poll(&pfd, 1, -1);
			continue;
		}
		if (n == -1)
			return -1;
		s += n;
		len -= (size_t)n;
	}
	return 0;
}

int
io_read_file(int fd, const char *name, struct buf *b, struct err *err)
{
	char	chunk[65536];
	ssize_t	n;

	for (;;) {
		n = read(fd, chunk, sizeof(chunk));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(err, "%s", name);
		if (n == 0)
			return buf_add(b, "", 0);
		if (buf_add(b, chunk, (size_t)n) == -1)
			return err_set(err, ERR_LIMIT,
			    "%s: larger than %zu bytes", name, b->max);
	}
}

int
io_slurp(const char *path, struct buf *b, struct err *err)
{
	int	fd, rc;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) == -1)
		return err_sys(err, "%s", path);
	rc = io_read_file(fd, path, b, err);
	close(fd);
	return rc;
}

int
io_is_own_file(const struct stat *st, mode_t others)
{
	return S_ISREG(st->st_mode) && st->st_uid == geteuid() &&
	    (st->st_mode & others) == 0;
}

int
io_name_file(int fd, int dir, const char *name)
{
	char	proc[64];

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, proc, dir, name, AT_SYMLINK_FOLLOW);
}

static void
open_stdio(void)
{
	int	fd;

	do {
		/* Not for writing: lost output must be an error. */
		fd = open("/dev/null", O_RDONLY);
		if (fd == -1)
			log_die(EXIT_STOPPED, "/dev/null: %s",
			    strerror(errno));
	} while (fd <= STDERR_FILENO);
	close(fd);
}

static void
ignore_signal(int signo)
{
	(void)signo;
}

void
io_setup(void)
{
	struct sigaction	sa;

	open_stdio();
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = ignore_signal;
	sigemptyset(&sa.sa_mask);
	sigaction(SIGPIPE, &sa, NULL);
	sigaction(SIGXFSZ, &sa, NULL);
}

void
io_end_unread(void)
{
	int	saved = errno;

	if (errno == EPIPE) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	errno = saved;
}

_Noreturn void
io_stdout_failed(void)
{
	io_end_unread();
	log_die(EXIT_STOPPED, "standard output: %s", strerror(errno));
}

int
io_make_parents(char *path)
{
	char	*slash;

	for (slash = strchr(path + 1, '/'); slash != NULL;
	    slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0700) == -1 && errno != EEXIST) {
			*slash = '/';
			return -1;
		}
		*slash = '/';
	}
	return 0;
}

int
io_make_dir(const char *dir)
{
	char	*inside = xasprintf("%s/", dir);
	int	 rc = io_make_parents(inside), saved = errno;

	free(inside);
	errno = saved;
	return rc;
}
