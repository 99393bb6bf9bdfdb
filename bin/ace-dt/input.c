/*
 * Files that the command line names, opened here for the stages.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bin/ace-dt/input.h"
#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/io.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/program/config.h"

int
input_open_list(const char *path, struct err *err)
{
	int	fd;

	if (strcmp(path, "-") == 0) {
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		return fd != -1 ? fd : err_sys(err, "standard input");
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd != -1 ? fd : err_sys(err, "%s", path);
}

/* Does the path mean the same file in other processes, each time? */
static int
is_lasting(const char *path)
{
	struct stat	st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    strncmp(path, "/dev/", 5) != 0 && strncmp(path, "/proc/", 6) != 0;
}

static int
copy_to_memory(const char *path, struct err *err)
{
	struct buf	b;
	int		fd = -1;

	buf_init(&b, CONFIG_FILE_MAX);
	if (io_slurp(path, &b, err) == 0) {
		fd = memfd_create("ace-dt-config", MFD_CLOEXEC);
		if (fd == -1 || (b.len > 0 &&
		    io_write_full(fd, b.data, b.len) == -1)) {
			err_sys(err, "%s: copy in memory", path);
			if (fd != -1)
				close(fd);
			fd = -1;
		}
	}
	buf_clear(&b);
	return fd;
}

/*
 * The number of the path whose file is used and can be read only once; n if it
 * is a regular file, or there is none.
 */
static size_t
find_passing(const char *const *paths, size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++)
		if (access(paths[i], F_OK) == 0)
			return is_lasting(paths[i]) ? n : i;
	return n;
}

/* An error in the copy is one in the file. */
static void
name_original(struct err *err, const char *copy, const char *path)
{
	struct err	e = *err;
	size_t		n = strlen(copy);

	if (strncmp(err->msg, copy, n) == 0)
		err_set(err, e.cls, "%s%s", path, e.msg + n);
}

static int
load(const char *const *paths, size_t n, struct err *err)
{
	struct config	c;

	if (config_load(&c, paths, n, err) == -1)
		return -1;
	config_clear(&c);
	return 0;
}

int
input_config(const char ***paths, size_t *n, int *fd, struct err *err)
{
	static char	copy[32];	/* one configuration a process */
	const char	*env = getenv("ACE_DT_CONFIG"), *original;
	size_t		 i;

	*fd = -1;
	if (*n == 0 && env != NULL && find_passing(&env, 1) == 0) {
		*paths = xreallocarray(*paths, 1, sizeof(**paths));
		(*paths)[(*n)++] = env;
	}
	if ((i = find_passing(*paths, *n)) == *n)
		return load(*paths, *n, err);
	original = (*paths)[i];
	if ((*fd = copy_to_memory(original, err)) == -1)
		return -1;
	snprintf(copy, sizeof(copy), "/proc/self/fd/%d", *fd);
	(*paths)[i] = copy;
	if (load(*paths, *n, err) == 0)
		return 0;
	name_original(err, copy, original);
	return -1;
}
