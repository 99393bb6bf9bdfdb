#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/io.h"
#include "test/unit/tap.h"

#define SIZE	100000

static char	bytes[SIZE];

/*
 * The first write(2) that reaches a limit, as that of a full disk, is short;
 * only the next one says why.
 */
static void
test_short(void)
{
	struct rlimit	 before, limit;
	FILE		*f = tmpfile();

	if (f == NULL || getrlimit(RLIMIT_FSIZE, &before) == -1) {
		ok(0, "a temporary file");
		return;
	}
	limit = before;
	limit.rlim_cur = SIZE - 1;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	errno = 0;
	is_int(io_write_full(fileno(f), bytes, SIZE), -1);
	is_int(errno, EFBIG);
	setrlimit(RLIMIT_FSIZE, &before);
	is_int(lseek(fileno(f), 0, SEEK_END), SIZE - 1);
	fclose(f);
}

/* How many bytes a child reads that are as they should be. */
static int
count_right(int fd)
{
	char	chunk[1000];
	ssize_t	n, i;
	int	right = 0;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		for (i = 0; i < n; i++)
			if (chunk[i] == bytes[right])
				right++;
	return right;
}

/* A pipe that takes a part at a time, and says EAGAIN between. */
static void
test_pipe(void)
{
	int	fds[2], status = -1;
	pid_t	child;

	if (pipe2(fds, O_CLOEXEC) == -1 || (child = fork()) == -1) {
		ok(0, "a pipe and a child");
		return;
	}
	if (child == 0) {
		close(fds[1]);
		_exit(count_right(fds[0]) != SIZE);
	}
	close(fds[0]);
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
	is_int(io_write_full(fds[1], bytes, SIZE), 0);
	close(fds[1]);
	waitpid(child, &status, 0);
	is_int(status, 0);
}

int
main(void)
{
	size_t	i;

	for (i = 0; i < SIZE; i++)
		bytes[i] = (char)(i * 31 + i / 251);
	test_short();
	test_pipe();
	return tap_end();
}
