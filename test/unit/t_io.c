#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
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

/* Regular files of ours only, and only with the permissions that may be. */
static void
test_own(void)
{
	struct stat	st;

	memset(&st, 0, sizeof(st));
	st.st_mode = S_IFREG | 0644;
	st.st_uid = geteuid();
	is_int(io_is_own_file(&st, 0), 1);
	is_int(io_is_own_file(&st, 022), 1);
	is_int(io_is_own_file(&st, 077), 0);
	st.st_mode = S_IFREG | 0660;
	is_int(io_is_own_file(&st, 022), 0);
	st.st_mode = S_IFDIR | 0600;
	is_int(io_is_own_file(&st, 077), 0);
	st.st_mode = S_IFREG | 0600;
	is_int(io_is_own_file(&st, 077), 1);
	st.st_uid = geteuid() + 1;
	is_int(io_is_own_file(&st, 077), 0);
}

/* A file without a name gets one, unless somebody has it. */
static void
test_name(void)
{
	char	dir[] = "/var/tmp/t_io.XXXXXX", got[8] = "";
	int	fd, at;

	if (mkdtemp(dir) == NULL || (at = open(dir, O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC)) == -1 || (fd = open(dir, O_TMPFILE | O_RDWR |
	    O_CLOEXEC, 0600)) == -1) {
		ok(0, "a file without a name");
		return;
	}
	is_int(io_write_full(fd, "text", 4), 0);
	is_int(faccessat(at, "name", F_OK, 0), -1);
	is_int(io_name_file(fd, at, "name"), 0);
	is_int(io_name_file(fd, at, "name"), -1);
	is_int(errno, EEXIST);
	close(fd);
	fd = openat(at, "name", O_RDONLY | O_CLOEXEC);
	is_int(read(fd, got, sizeof(got)), 4);
	is_str(got, "text");
	close(fd);
	unlinkat(at, "name", 0);
	close(at);
	rmdir(dir);
}

int
main(void)
{
	size_t	i;

	for (i = 0; i < SIZE; i++)
		bytes[i] = (char)(i * 31 + i / 251);
	test_short();
	test_pipe();
	test_own();
	test_name();
	return tap_end();
}
