#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/errmsg.h"
#include "lib/oci/layout.h"
#include "lib/oci/layout_index.h"
#include "lib/oci/manifest.h"
#include "test/unit/tap.h"

#define DIGEST	"sha256:11111111111111111111111111111111111111111111111111" \
		"11111111111111"

/*
 * What a layout's index.json leads to is on the disk before the file has its
 * name: the calls of the library that decide that are ours, and written down.
 */
static char	log_text[4096];
static int	broken;		/* syncfs(2) fails */

static void
note(const char *text)
{
	strncat(log_text, text, sizeof(log_text) - strlen(log_text) - 1);
	strncat(log_text, "\n", sizeof(log_text) - strlen(log_text) - 1);
}

/* A folder or a file? */
static const char *
kind(int fd)
{
	struct stat	st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ? "folder" : "file";
}

int
syncfs(int fd)
{
	note("syncfs");
	if (broken) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_syncfs, fd);
}

int
fsync(int fd)
{
	char	text[64];

	snprintf(text, sizeof(text), "fsync %s", kind(fd));
	note(text);
	return (int)syscall(SYS_fsync, fd);
}

int
renameat(int old_fd, const char *old, int new_fd, const char *new)
{
	char	text[128];

	snprintf(text, sizeof(text), "rename to %s", new);
	note(text);
	return (int)syscall(SYS_renameat2, old_fd, old, new_fd, new, 0);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static int
tag(struct layout *l, const char *name, struct err *err)
{
	int	changed;

	log_text[0] = '\0';
	return layout_tag(l, name, MT_OCI_MANIFEST, DIGEST, 7, NULL, &changed,
	    err);
}

int
main(void)
{
	char		dir[] = "/tmp/acedt-t_sync-XXXXXX", path[64];
	struct layout	l;
	struct err	err = ERR_INIT;
	struct stat	before, after;

	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/l", dir);
	is_int(layout_create(&l, path, 60, &err), 0);
	is_int(tag(&l, "one", &err), 0);
	is_str(log_text, "syncfs\nfsync file\nrename to index.json\n"
	    "fsync folder\n");
	/* What did not get there is not named. */
	broken = 1;
	snprintf(path, sizeof(path), "%s/l/index.json", dir);
	ok(stat(path, &before) == 0, "index.json is there");
	is_int(tag(&l, "two", &err), -1);
	ok(strstr(err.msg, "sync: Input/output error") != NULL, "says %s",
	    err.msg);
	is_str(log_text, "syncfs\n");
	ok(stat(path, &after) == 0 && before.st_ino == after.st_ino &&
	    before.st_size == after.st_size, "index.json is as it was");
	layout_close(&l);
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return tap_end();
}
