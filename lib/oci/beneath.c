/*
 * Opening files of a directory that others may write to.  The kernel does it
 * by openat2(2); where that is not there (before Linux 5.6, or kept away by the
 * seccomp filter of a container) the path is walked name by name.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/oci/beneath.h"

/* Where a link is refused as "not a directory", say that it is a link. */
static void
name_link(int dir, const char *name)
{
	struct stat	st;
	int		saved = errno;

	if (saved == ENOTDIR &&
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISLNK(st.st_mode))
		saved = ELOOP;
	errno = saved;
}

/* One name of a path. */
static int
open_name(int dir, const char *name, int flags)
{
	struct stat	st;
	int		fd;

	if (*name == '\0' || strcmp(name, "..") == 0) {
		errno = EXDEV;
		return -1;
	}
	if ((fd = openat(dir, name, flags | O_NOFOLLOW)) == -1) {
		name_link(dir, name);
		return -1;
	}
	/* With O_PATH it is the link itself that was opened. */
	if ((flags & O_PATH) && fstat(fd, &st) == 0 && S_ISLNK(st.st_mode)) {
		close(fd);
		errno = ELOOP;
		return -1;
	}
	return fd;
}

/* The path component by component, where the kernel lacks openat2(2). */
static int
walk(int dir, const char *path, int flags)
{
	char	name[NAME_MAX + 1];
	size_t	n;
	int	at = dir, next, saved;

	for (;;) {
		n = strcspn(path, "/");
		if (n > NAME_MAX) {
			next = -1;
			errno = ENAMETOOLONG;
		} else {
			memcpy(name, path, n);
			name[n] = '\0';
			next = open_name(at, name, path[n] == '\0' ? flags :
			    O_PATH | O_DIRECTORY | O_CLOEXEC);
		}
		saved = errno;
		if (at != dir)
			close(at);
		errno = saved;
		if (next == -1 || path[n] == '\0')
			return next;
		at = next;
		path += n + 1;
	}
}

int
beneath_open(int dir, const char *path, int flags)
{
	struct open_how	how;
	long		fd;

	memset(&how, 0, sizeof(how));
	how.flags = (unsigned int)flags;
	how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
	fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
	if (fd != -1 || (errno != ENOSYS && errno != EPERM))
		return (int)fd;
	return walk(dir, path, flags);
}
