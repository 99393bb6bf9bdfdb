/*
 * The files of an OCI image layout: its directory, oci-layout and blobs.  What
 * index.json says is in layout_index.c.
 */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/errmsg.h"
#include "lib/base/io.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/oci/beneath.h"
#include "lib/oci/digest.h"
#include "lib/oci/layout.h"
#include "lib/oci/layout_private.h"
#include "lib/oci/manifest.h"
#include "lib/text/json.h"

#define LAYOUT_FILE	"oci-layout"
/* Hidden files in the layout's root, which a reader of layouts passes over. */
#define TMP_PREFIX	".acedt-"
#define TMP_TRIES	100
#define PART_PREFIX	TMP_PREFIX "part-"	/* and ALGORITHM-HEX */

static const char	layout_text[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
static const char	empty_index[] = "{\"schemaVersion\":2,\"mediaType\":\""
			    MT_OCI_INDEX "\",\"manifests\":[]}";

static int
not_found(struct err *err, const char *dir, const char *what)
{
	return err_set(err, ERR_NOT_FOUND, "oci:%s: %s", dir, what);
}

/* A link may be the reason: then say what to do about it. */
static int
open_failed(const char *shown, struct err *err)
{
	int	e = errno;

	if (e == ELOOP || e == EXDEV)
		return err_set(err, ERR_CONTENT, "%s: symbolic links inside "
		    "of a layout are not followed (put what the link names in "
		    "its place)", shown);
	err_sys(err, "%s", shown);
	if (e == ENOENT)
		err->cls = ERR_NOT_FOUND;
	return -1;
}

/* A regular file, for reading; shown names it in messages. */
static int
open_file(struct layout *l, const char *path, const char *shown,
    int64_t *size, struct err *err)
{
	struct stat	st;
	int		fd;

	/* O_NONBLOCK: a FIFO must not hold us up. */
	fd = beneath_open(l->fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY |
	    O_NONBLOCK);
	if (fd == -1)
		return open_failed(shown, err);
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(err, ERR_IO, "%s: not a regular file", shown);
	}
	*size = st.st_size;
	return fd;
}

int
layout_read_file(struct layout *l, const char *name, size_t max, struct buf *b,
    struct err *err)
{
	char	*path = xasprintf("%s/%s", l->dir, name);
	int64_t	 size;
	int	 fd, rc = -1;

	buf_init(b, max);
	if ((fd = open_file(l, name, path, &size, err)) != -1) {
		rc = io_read_file(fd, path, b, err);
		close(fd);
	}
	if (rc == -1)
		buf_clear(b);
	free(path);
	return rc;
}

/* oci-layout must be there and of a version that we know. */
static int
check_layout_file(struct layout *l, struct err *err)
{
	static const struct json_limits lim = { 1000, 16, JSON_PLAIN };
	struct buf	 b;
	char		*version;
	jv		 doc;
	int		 rc;

	if (faccessat(l->fd, LAYOUT_FILE, F_OK, 0) == -1 && errno == ENOENT)
		return not_found(err, l->dir, "not an OCI image layout: it has "
		    "no file oci-layout");
	if (layout_read_file(l, LAYOUT_FILE, 65536, &b, err) == -1)
		return -1;
	rc = json_parse(b.data, b.len, &lim, &doc, err);
	buf_clear(&b);
	if (rc == -1)
		return err_wrap(err, "%s/" LAYOUT_FILE, l->dir);
	version = json_str(doc, "imageLayoutVersion");
	jv_free(doc);
	if (version == NULL)
		rc = err_set(err, ERR_CONTENT, "%s/" LAYOUT_FILE ": it has no "
		    "imageLayoutVersion", l->dir);
	else if (strcmp(version, "1.0.0") != 0)
		rc = err_set(err, ERR_UNSUPPORTED, "%s/" LAYOUT_FILE ": layout "
		    "version \"%s\", only 1.0.0 is known", l->dir, version);
	free(version);
	return rc;
}

/* The directory itself, whatever is in it. */
static int
open_dir(struct layout *l, const char *dir, struct err *err)
{
	int	e;

	l->dir = xstrdup(dir);
	l->lock_seconds = 0;
	l->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->fd != -1)
		return 0;
	e = errno;
	err_sys(err, "oci:%s", dir);
	if (e == ENOENT)
		err->cls = ERR_NOT_FOUND;
	layout_close(l);
	return -1;
}

int
layout_open(struct layout *l, const char *dir, struct err *err)
{
	if (open_dir(l, dir, err) == -1)
		return -1;
	if (check_layout_file(l, err) == 0)
		return 0;
	layout_close(l);
	return -1;
}

void
layout_close(struct layout *l)
{
	if (l->fd != -1)
		close(l->fd);
	l->fd = -1;
	free(l->dir);
	l->dir = NULL;
}

/* Take the lock; -1 with errno EWOULDBLOCK if it is held for too long. */
static int
wait_for_lock(struct layout *l, int fd)
{
	static const struct timespec	pause = { 0, LOCK_LOOK_MS * 1000000L };
	int64_t				began = clock_ms(), waited;
	int				said = 0;

	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno == EINTR)
			continue;
		waited = clock_ms() - began;
		if (errno != EWOULDBLOCK ||
		    waited >= (int64_t)l->lock_seconds * 1000)
			return -1;
		if (!said && waited >= LOCK_SAY_MS) {
			log_warn("waiting for another program on oci:%s",
			    l->dir);
			said = 1;
		}
		nanosleep(&pause, NULL);
	}
	return 0;
}

int
layout_lock(struct layout *l, struct err *err)
{
	int	fd;

	fd = openat(l->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return err_sys(err, "%s", l->dir);
	if (wait_for_lock(l, fd) == 0)
		return fd;
	if (errno == EWOULDBLOCK)
		err_set(err, ERR_IO, "oci:%s: another program has held the "
		    "lock of the layout for %d s (wait until it ends, or "
		    "allow more by --stall-time)", l->dir, l->lock_seconds);
	else
		err_sys(err, "%s: lock", l->dir);
	close(fd);
	return -1;
}

/* A hidden file is somebody's as long as that holds its lock: see sweep(). */
static int
is_ours(int fd)
{
	struct stat	st;

	return flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 &&
	    st.st_nlink > 0;
}

/* A file without a name; where the system has no such files, a hidden one. */
int
layout_write_begin(struct layout_writer *w, struct layout *l, struct err *err)
{
	unsigned int	i;
	char		name[sizeof(TMP_PREFIX) + 32];

	w->layout = l;
	w->tmp = NULL;
	w->replace = w->keep = 0;
	/* Only /proc can give an unnamed file its name later. */
	if (access("/proc/self/fd", X_OK) == 0) {
		w->fd = openat(l->fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC,
		    0666);
		if (w->fd != -1)
			return 0;
		if (errno != EOPNOTSUPP && errno != EISDIR &&
		    errno != ENOENT && errno != EINVAL)
			return err_sys(err, "%s", l->dir);
	}
	for (i = 0; i < TMP_TRIES; i++) {
		snprintf(name, sizeof(name), TMP_PREFIX "%d-%lx",
		    (int)getpid(), (unsigned long)arc4random());
		w->fd = openat(l->fd, name, O_CREAT | O_EXCL | O_WRONLY |
		    O_CLOEXEC, 0666);
		if (w->fd == -1 && errno != EEXIST)
			break;
		if (w->fd != -1 && is_ours(w->fd)) {
			w->tmp = xstrdup(name);
			return 0;
		}
		if (w->fd != -1)
			close(w->fd);	/* it was swept away */
		w->fd = -1;
	}
	return err_sys(err, "%s/%s", l->dir, name);
}

/* One of our own, that has no other name, and nobody else may write to. */
static int
is_good_part(const struct stat *st)
{
	return io_is_own_file(st, 022) && st->st_nlink == 1;
}

int
layout_write_begin_part(struct layout_writer *w, struct layout *l,
    const char *digest, int64_t size, int64_t *have, struct err *err)
{
	struct stat	 st;
	char		*name = xasprintf(PART_PREFIX "%s", digest);

	*strchr(name, ':') = '-';
	*have = 0;
	w->fd = openat(l->fd, name, O_CREAT | O_RDWR | O_CLOEXEC |
	    O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
	if (w->fd != -1 && flock(w->fd, LOCK_EX | LOCK_NB) == 0 &&
	    fstat(w->fd, &st) == 0 && is_good_part(&st) &&
	    (st.st_size <= size || ftruncate(w->fd, 0) == 0)) {
		w->layout = l;
		w->tmp = name;
		w->replace = 0;
		w->keep = 1;
		*have = st.st_size <= size ? st.st_size : 0;
		return 0;
	}
	if (w->fd != -1)
		close(w->fd);
	free(name);
	return layout_write_begin(w, l, err);
}

int
layout_room(struct layout *l, int64_t bytes, struct err *err)
{
	struct statvfs	st;
	double		room;

	/* Some file systems know no numbers. */
	if (fstatvfs(l->fd, &st) == -1 || st.f_blocks == 0)
		return 0;
	room = (double)st.f_bavail * (double)st.f_frsize;
	if ((double)bytes <= room)
		return 0;
	return err_set(err, ERR_LIMIT, "oci:%s: %lld bytes are needed, its "
	    "disk has room for %.0f", l->dir, (long long)bytes, room);
}

int
layout_write(struct layout_writer *w, const void *p, size_t n,
    struct err *err)
{
	assert(w->fd != -1);
	if (io_write_full(w->fd, p, n) == 0)
		return 0;
	return err_sys(err, "%s: write", w->layout->dir);
}

void
layout_write_abort(struct layout_writer *w)
{
	struct stat	st;

	/* Before the lock goes: the next one may have it at once. */
	if (w->tmp != NULL && !(w->keep && fstat(w->fd, &st) == 0 &&
	    st.st_size > 0))
		unlinkat(w->layout->fd, w->tmp, 0);
	if (w->fd != -1)
		close(w->fd);
	w->fd = -1;
	free(w->tmp);
	w->tmp = NULL;
}

/* Give the file a name that must not exist yet: 0, or -1 with errno. */
static int
link_file(struct layout_writer *w, int dir, const char *name)
{
	if (w->tmp != NULL)
		return linkat(w->layout->fd, w->tmp, dir, name, 0);
	return io_name_file(w->fd, dir, name);
}

/*
 * The file's final name, in the directory of its algorithm.  Where another
 * writer was quicker, what that wrote stays; but what is not of our size cannot
 * be of our digest, and is replaced, as is what the caller knows to be wrong.
 */
static int
give_name(struct layout_writer *w, int dir, const char *path, int64_t size,
    struct err *err)
{
	const char	*name = strrchr(path, '/') + 1;
	struct stat	st;
	char		tmp[sizeof(TMP_PREFIX) + 48];
	int		root = w->layout->fd;

	if (link_file(w, dir, name) == 0)
		return 0;
	if (errno != EEXIST)
		return err_sys(err, "%s/%s", w->layout->dir, path);
	if (!w->replace && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) && st.st_size == size)
		return 0;
	snprintf(tmp, sizeof(tmp), TMP_PREFIX "%d-r%lx", (int)getpid(),
	    (unsigned long)arc4random());
	if (flock(w->fd, LOCK_EX | LOCK_NB) == -1 ||
	    link_file(w, root, tmp) == -1)
		return err_sys(err, "%s/%s", w->layout->dir, tmp);
	if (renameat(root, tmp, dir, name) == 0)
		return 0;
	err_sys(err, "%s/%s", w->layout->dir, path);
	unlinkat(root, tmp, 0);
	return -1;
}

static void
blob_path(const char *digest, char *out, size_t size)
{
	size_t	alg = strcspn(digest, ":");

	assert(digest[alg] == ':');
	snprintf(out, size, "blobs/%.*s/%s", (int)alg, digest,
	    digest + alg + 1);
}

/* A directory of ours, made if it is missing. */
static int
make_dir(struct layout *l, int at, const char *name, const char *path,
    struct err *err)
{
	char	*shown;
	int	 fd;

	if (mkdirat(at, name, 0777) == -1 && errno != EEXIST)
		return err_sys(err, "%s/%s", l->dir, path);
	fd = beneath_open(at, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1) {
		shown = xasprintf("%s/%s", l->dir, path);
		open_failed(shown, err);
		free(shown);
	}
	return fd;
}

/*
 * blobs/ALGORITHM, made for algorithms other than the usual one, opened to name
 * files in it.
 */
static int
make_blob_dirs(struct layout *l, const char *digest, struct err *err)
{
	char	path[64];
	int	blobs, fd;

	snprintf(path, sizeof(path), "blobs/%.*s",
	    (int)strcspn(digest, ":"), digest);
	if ((blobs = make_dir(l, l->fd, "blobs", "blobs", err)) == -1)
		return -1;
	fd = make_dir(l, blobs, strchr(path, '/') + 1, path, err);
	close(blobs);
	return fd;
}

/* File systems over a network tell at a close(2) that they are full. */
static int
close_once(struct layout_writer *w)
{
	/* The lock goes only with the last descriptor. */
	int	fd = dup(w->fd);

	return fd == -1 ? -1 : close(fd);
}

int
layout_write_commit(struct layout_writer *w, const char *digest,
    struct err *err)
{
	struct stat	st;
	char		path[DIGEST_STR_MAX + 16];
	int		dir, rc = 0;

	assert(w->fd != -1);
	blob_path(digest, path, sizeof(path));
	/* Others must be able to read it, none should write to it. */
	fchmod(w->fd, 0644);
	if ((dir = make_blob_dirs(w->layout, digest, err)) == -1) {
		rc = -1;
	} else if (fstat(w->fd, &st) == -1 ||
	    (w->tmp != NULL && close_once(w) == -1)) {
		rc = err_sys(err, "%s/%s", w->layout->dir, path);
	} else {
		rc = give_name(w, dir, path, st.st_size, err);
	}
	if (dir != -1)
		close(dir);
	w->keep = 0;
	layout_write_abort(w);
	return rc;
}

int
layout_put(struct layout *l, const char *digest, const void *p, size_t n,
    struct err *err)
{
	struct layout_writer	w;
	struct err		none = ERR_INIT;
	struct buf		b;
	int			has, good = 0;

	has = layout_blob_has(l, digest, (int64_t)n);
	if (has) {
		buf_init(&b, n);
		good = layout_blob_read(l, digest, n, &b, &none) == 0;
		buf_clear(&b);
	}
	if (good)
		return 0;
	if (layout_write_begin(&w, l, err) == -1)
		return -1;
	w.replace = has;
	if (layout_write(&w, p, n, err) == -1) {
		layout_write_abort(&w);
		return -1;
	}
	return layout_write_commit(&w, digest, err);
}

int
layout_blob_open(struct layout *l, const char *digest, int *fd, int64_t *size,
    struct err *err)
{
	char	path[DIGEST_STR_MAX + 16], *shown;

	blob_path(digest, path, sizeof(path));
	shown = xasprintf("oci:%s: %s", l->dir, digest);
	*fd = open_file(l, path, shown, size, err);
	free(shown);
	return *fd == -1 ? -1 : 0;
}

int
layout_blob_read(struct layout *l, const char *digest, size_t max,
    struct buf *b, struct err *err)
{
	char	have[DIGEST_STR_MAX];
	int64_t	size;
	int	fd, rc;

	if (layout_blob_open(l, digest, &fd, &size, err) == -1)
		return -1;
	b->max = max;
	rc = size > (int64_t)max ? err_set(err, ERR_LIMIT,
	    "oci:%s: %s: larger than %zu bytes", l->dir, digest, max) :
	    io_read_file(fd, digest, b, err);
	close(fd);
	if (rc == -1)
		return -1;
	digest_of(digest, b->data, b->len, have);
	if (strcmp(have, digest) != 0)
		return err_set(err, ERR_DIGEST, "oci:%s: %s: the file's "
		    "content has digest %s", l->dir, digest, have);
	return 0;
}

int
layout_blob_has(struct layout *l, const char *digest, int64_t size)
{
	struct stat	st;
	char		path[DIGEST_STR_MAX + 16];
	int		fd, has;

	blob_path(digest, path, sizeof(path));
	if ((fd = beneath_open(l->fd, path, O_PATH | O_CLOEXEC)) == -1)
		return 0;
	has = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (size == -1 || st.st_size == size);
	close(fd);
	return has;
}

int
layout_replace_file(struct layout *l, const char *name, const char *p, size_t n,
    int sync, struct err *err)
{
	char	tmp[sizeof(TMP_PREFIX) + 32];
	int	fd, rc = -1;

	snprintf(tmp, sizeof(tmp), TMP_PREFIX "%s-%d", name, (int)getpid());
	/* One that is there is of a run that was killed, or not ours at all. */
	unlinkat(l->fd, tmp, 0);
	fd = openat(l->fd, tmp, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
	if (fd == -1)
		return err_sys(err, "%s/%s", l->dir, tmp);
	if (io_write_full(fd, p, n) == -1)
		err_sys(err, "%s/%s", l->dir, tmp);
	else if (sync && (syncfs(fd) == -1 || fsync(fd) == -1))
		err_sys(err, "%s: sync", l->dir);
	else
		rc = 0;
	if (close(fd) == -1 && rc == 0)
		rc = err_sys(err, "%s/%s", l->dir, tmp);
	if (rc == 0 && renameat(l->fd, tmp, l->fd, name) == -1)
		rc = err_sys(err, "%s/%s", l->dir, name);
	if (rc == -1)
		unlinkat(l->fd, tmp, 0);
	else if (sync)
		fsync(l->fd);
	return rc;
}

static int
is_hidden(const char *name)
{
	return strncmp(name, TMP_PREFIX, sizeof(TMP_PREFIX) - 1) == 0;
}

/* 1: there is something in the directory that is not of a layout. */
static int
has_other_content(const char *dir)
{
	struct dirent	*e;
	DIR		*d;
	int		 found = 0;

	if ((d = opendir(dir)) == NULL)
		return 0;
	while (!found && (e = readdir(d)) != NULL)
		found = strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0 &&
		    strcmp(e->d_name, LAYOUT_FILE) != 0 &&
		    strcmp(e->d_name, LAYOUT_INDEX_FILE) != 0 &&
		    strcmp(e->d_name, "blobs") != 0 &&
		    !is_hidden(e->d_name);
	closedir(d);
	return found;
}

/* A part that the next run may go on with. */
static int
is_wanted(struct layout *l, const char *name, int fd)
{
	struct err	 err = ERR_INIT;
	struct stat	 st;
	char		*digest, *dash;
	int		 wanted;

	if (strncmp(name, PART_PREFIX, sizeof(PART_PREFIX) - 1) != 0 ||
	    fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    time(NULL) - st.st_mtime > UPLOAD_DAYS * 86400L)
		return 0;
	digest = xstrdup(name + sizeof(PART_PREFIX) - 1);
	if ((dash = strchr(digest, '-')) != NULL)
		*dash = ':';
	wanted = digest_check(digest, &err) == 0 &&
	    !layout_blob_has(l, digest, -1);
	free(digest);
	return wanted;
}

/*
 * Remove what runs that were killed left behind.  Whoever writes a hidden file
 * holds a lock, that of the file or, as we do here, that of the layout.
 */
static void
sweep(struct layout *l)
{
	struct dirent	*e;
	DIR		*d;
	int		 fd;

	fd = openat(l->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return;
	if ((d = fdopendir(fd)) == NULL) {
		close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (!is_hidden(e->d_name))
			continue;
		fd = openat(l->fd, e->d_name, O_WRONLY | O_CLOEXEC |
		    O_NOFOLLOW | O_NONBLOCK);
		if (fd == -1)
			continue;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 &&
		    !is_wanted(l, e->d_name, fd))
			unlinkat(l->fd, e->d_name, 0);
		close(fd);
	}
	closedir(d);
}

/* What a layout has and this one lacks; under the lock of the layout. */
static int
make_missing(struct layout *l, struct err *err)
{
	int	fd;

	if ((fd = make_blob_dirs(l, "sha256:", err)) == -1)
		return -1;
	close(fd);
	if (faccessat(l->fd, LAYOUT_INDEX_FILE, F_OK, 0) == -1 &&
	    layout_replace_file(l, LAYOUT_INDEX_FILE, empty_index,
	    sizeof(empty_index) - 1, 0, err) == -1)
		return -1;
	if (faccessat(l->fd, LAYOUT_FILE, F_OK, 0) == -1)
		return layout_replace_file(l, LAYOUT_FILE, layout_text,
		    sizeof(layout_text) - 1, 0, err);
	return 0;
}

int
layout_create(struct layout *l, const char *dir, int lock_seconds,
    struct err *err)
{
	int	fd, rc = 0;

	if (mkdir(dir, 0777) == -1 && errno != EEXIST)
		return err_sys(err, "oci:%s", dir);
	if (open_dir(l, dir, err) == -1)
		return -1;
	l->lock_seconds = lock_seconds;
	if (faccessat(l->fd, LAYOUT_FILE, F_OK, 0) == 0)
		rc = check_layout_file(l, err);
	else if (has_other_content(dir))
		rc = err_set(err, ERR_USAGE, "oci:%s: the directory is not "
		    "empty and not an OCI image layout", dir);
	if (rc == 0 && (rc = fd = layout_lock(l, err)) != -1) {
		rc = make_missing(l, err);
		sweep(l);
		close(fd);
	}
	if (rc == -1)
		layout_close(l);
	return rc;
}
