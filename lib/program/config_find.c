/*
 * Which file is the configuration, and its text: the options, the variable and
 * the usual places, and whether a file of the working directory can be trusted.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/env.h"
#include "lib/base/errmsg.h"
#include "lib/base/io.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/program/config_private.h"

#define LOCAL_FILE	"ace-dt-config.yaml"
#define USUAL_PLACES	"the usual places"

void
config_warn(const char *fmt, ...)
{
	char	text[ERR_MSG_MAX];
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (env_is_supervised())
		log_info("%s", text);
	else
		log_warn("%s", text);
}

/* May others than we and root write to what has these rights? */
static int
others_write(int fd, const struct stat *st)
{
	struct passwd	*pw;
	struct group	*gr;

	if (st->st_mode & S_IWOTH)
		return 1;
	if ((st->st_mode & S_IWGRP) == 0 || st->st_gid == 0)
		return 0;
	/* A list of rights may name anybody. */
	if (fgetxattr(fd, "system.posix_acl_access", NULL, 0) > 0)
		return 1;
	/* The group that many systems make for each user has nobody else. */
	if (st->st_gid != getegid() || (pw = getpwuid(geteuid())) == NULL ||
	    (gr = getgrgid(st->st_gid)) == NULL)
		return 1;
	return strcmp(pw->pw_name, gr->gr_name) != 0 || gr->gr_mem[0] != NULL;
}

/* Neither ours nor root's. */
static int
is_strange(const struct stat *st)
{
	return st->st_uid != 0 && st->st_uid != geteuid();
}

/*
 * The file of the working directory may be anybody's, who could have passwords
 * sent in clear by it.
 */
static int
check_local(const char *path, int fd, struct err *err)
{
	struct stat	st, link;

	if (fstat(fd, &st) == -1 || lstat(path, &link) == -1)
		return err_sys(err, "%s", path);
	if (is_strange(&link) || is_strange(&st))
		return err_set(err, ERR_USAGE, "%s: this file of the working "
		    "directory belongs to another user, uid %lu, and is not "
		    "used (name it by --config to use it, or work in another "
		    "directory)", path, (unsigned long)(is_strange(&st) ?
		    st.st_uid : link.st_uid));
	if (others_write(fd, &st))
		return err_set(err, ERR_USAGE, "%s: other users may write to "
		    "this file of the working directory, and it is not used "
		    "(chmod go-w, or name it by --config)", path);
	config_warn("the configuration of the working directory is read: %s",
	    path);
	return 0;
}

int
config_read_text(const char *path, const char *found_by, struct buf *b,
    struct err *err)
{
	int	fd, rc = 0;

	assert(found_by != NULL);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) == -1)
		return err_sys(err, "%s", path);
	if (strcmp(path, LOCAL_FILE) == 0 &&
	    strcmp(found_by, USUAL_PLACES) == 0)
		rc = check_local(path, fd, err);
	if (rc == 0)
		rc = io_read_file(fd, path, b, err);
	close(fd);
	return rc;
}

/*
 * The first that exists, owned by the caller; NULL if there is none.  One in a
 * place that is closed to us counts only if the user named it.
 */
static char *
first_present(const char *const *paths, size_t n, int named)
{
	size_t	i;

	for (i = 0; i < n; i++)
		if (*paths[i] != '\0' && (access(paths[i], F_OK) == 0 ||
		    (named && errno != ENOENT && errno != ENOTDIR)))
			return xstrdup(paths[i]);
	return NULL;
}

/* Where it is looked for when nobody names it. */
static char *
find_default(void)
{
	const char	*paths[3];
	char		*user = env_config_path("ace/dt/config.yaml"), *found;

	paths[0] = LOCAL_FILE;
	paths[1] = user;
	paths[2] = "/etc/ace/dt/config.yaml";
	found = first_present(paths, 3, 0);
	free(user);
	return found;
}

/* The first that exists of a list of paths with commas between; owned. */
static char *
find_of_list(const char *paths)
{
	char	*list = xstrdup(paths), *s, *next, *found = NULL;

	for (s = list; s != NULL && found == NULL; s = next) {
		if ((next = strchr(s, ',')) != NULL)
			*next++ = '\0';
		found = first_present((const char *const *)&s, 1, 1);
	}
	free(list);
	return found;
}

int
config_find(const char *const *paths, size_t n, char **found,
    const char **found_by, struct err *err)
{
	const char	*list = env_get("ACE_DT_CONFIG");

	if (n > 0) {
		*found_by = "--config";
		if ((*found = first_present(paths, n, 1)) != NULL)
			return 0;
		return err_set(err, ERR_USAGE, "--config %s: no such file%s",
		    paths[0], n > 1 ? ", nor any of the others" : "");
	}
	if (list != NULL) {
		*found_by = "ACE_DT_CONFIG";
		if ((*found = find_of_list(list)) != NULL)
			return 0;
		return err_set(err, ERR_USAGE, "ACE_DT_CONFIG=%s: no such "
		    "file", list);
	}
	*found_by = USUAL_PLACES;
	*found = find_default();
	return 0;
}
