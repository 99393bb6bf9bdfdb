#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <seccomp.h>

#include "lib/oci/beneath.h"
#include "test/unit/tap.h"

static char	base[] = "/tmp/acedt-t_beneath-XXXXXX";
static int	dir;

static const struct {
	const char	*path;
	int		 flags;
	int		 error;		/* 0: it can be opened */
} cases[] = {
	{ "file", O_RDONLY, 0 },
	{ "file", O_PATH, 0 },
	{ "a", O_PATH | O_DIRECTORY, 0 },
	{ "a/b/file", O_RDONLY, 0 },
	{ "a/b/file", O_PATH, 0 },
	{ "a/b/fifo", O_RDONLY | O_NONBLOCK, 0 },
	{ "a/b/none", O_RDONLY, ENOENT },
	{ "none/b/file", O_RDONLY, ENOENT },
	{ "file/x", O_RDONLY, ENOTDIR },
	{ "file", O_PATH | O_DIRECTORY, ENOTDIR },
	{ "link", O_RDONLY, ELOOP },
	{ "link", O_PATH, ELOOP },
	{ "dirlink", O_PATH | O_DIRECTORY, ELOOP },
	{ "dirlink", O_RDONLY | O_DIRECTORY, ELOOP },
	{ "dirlink/file", O_RDONLY, ELOOP },
	{ "a/up/file", O_RDONLY, ELOOP },
	{ "a/dangling", O_RDONLY, ELOOP },
	{ "a/dangling", O_PATH, ELOOP },
	{ "a/root/etc/passwd", O_RDONLY, ELOOP },
	{ "../x", O_RDONLY, EXDEV },
	{ "..", O_PATH, EXDEV },
	{ "a/b/../../..", O_PATH, EXDEV },
	{ "/etc/passwd", O_RDONLY, EXDEV },
};

static void
make_tree(void)
{
	is_int(mkdirat(dir, "a", 0755), 0);
	is_int(mkdirat(dir, "a/b", 0755), 0);
	close(openat(dir, "file", O_CREAT | O_WRONLY, 0644));
	close(openat(dir, "a/b/file", O_CREAT | O_WRONLY, 0644));
	is_int(mkfifoat(dir, "a/b/fifo", 0644), 0);
	is_int(symlinkat("file", dir, "link"), 0);
	is_int(symlinkat("a/b", dir, "dirlink"), 0);
	is_int(symlinkat("..", dir, "a/up"), 0);
	is_int(symlinkat("none", dir, "a/dangling"), 0);
	is_int(symlinkat("/", dir, "a/root"), 0);
}

/* How many descriptors are open. */
static int
descriptors(void)
{
	int	fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

/* Returns how many cases ended otherwise than they should. */
static int
open_all(void)
{
	size_t	i;
	int	before = descriptors(), e, failed = 0, fd;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fd = beneath_open(dir, cases[i].path, cases[i].flags |
		    O_CLOEXEC);
		e = fd == -1 ? errno : 0;
		if (fd != -1)
			close(fd);
		if (e == cases[i].error)
			continue;
		failed++;
		printf("# %s, flags %o: %s\n", cases[i].path,
		    (unsigned int)cases[i].flags, strerror(e));
	}
	if (descriptors() != before) {
		failed++;
		printf("# a descriptor stays open\n");
	}
	return failed;
}

/* As on an old kernel, or in a container that refuses what it does not know. */
static void
open_without(const char *how, int error)
{
	scmp_filter_ctx	ctx;
	int		failed, status;
	pid_t		pid;

	fflush(stdout);
	if ((pid = fork()) == 0) {
		ctx = seccomp_init(SCMP_ACT_ALLOW);
		if (ctx == NULL || seccomp_rule_add(ctx,
		    SCMP_ACT_ERRNO((uint32_t)error), SCMP_SYS(openat2), 0) !=
		    0 || seccomp_load(ctx) != 0)
			_exit(100);
		failed = open_all();
		fflush(stdout);
		_exit(failed);
	}
	ok(waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0, "%s", how);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int
main(void)
{
	if (!ok(mkdtemp(base) != NULL, "directory"))
		return tap_end();
	dir = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make_tree();
	is_int(open_all(), 0);
	open_without("ENOSYS", ENOSYS);
	open_without("EPERM", EPERM);
	close(dir);
	nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return tap_end();
}
