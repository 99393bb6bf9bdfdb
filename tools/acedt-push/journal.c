/*
 * Uploads under way, noted in files of the cache, so that the run after one
 * that was killed goes on with them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/io.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/program/cache.h"
#include "tools/acedt-push/journal.h"

#define FILE_MAX	(128 * 1024)	/* a URL, and snapshots */
#define ENTRY_DIGITS	64		/* of an entry's name */
/* Whatever has the name of an entry must not hold us up. */
#define ENTRY_OPEN	(O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
#define HEADER		"acedt-upload 1\n"
#define TRAILER		"end\n"		/* without it the file is not whole */

/* A regular file of our own that nobody else may read or write. */
static int
is_private(int fd, struct stat *st)
{
	return fstat(fd, st) == 0 && io_is_own_file(st, 077);
}

/* The name of an entry: the digits of a SHA-256. */
static int
is_entry_name(const char *name)
{
	return strlen(name) == ENTRY_DIGITS &&
	    strspn(name, "0123456789abcdef") == ENTRY_DIGITS;
}

/* Is it an entry that nobody has written to for UPLOAD_DAYS, nor holds now? */
static int
is_forgotten(int fd)
{
	struct stat	st;
	char		head[sizeof(HEADER) - 1];

	return is_private(fd, &st) &&
	    time(NULL) - st.st_mtime > UPLOAD_DAYS * 86400L &&
	    flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
	    memcmp(head, HEADER, sizeof(head)) == 0;
}

/*
 * Registries forget uploads too.  What is not an entry stays: the folder may be
 * somebody's own who happened to call it so.
 */
static void
drop_old(int dir)
{
	struct dirent	*e;
	DIR		*d;
	int		 fd;

	if ((fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return;
	if ((d = fdopendir(fd)) == NULL) {
		close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (!is_entry_name(e->d_name))
			continue;
		fd = openat(dir, e->d_name, ENTRY_OPEN);
		if (fd == -1)
			continue;
		if (is_forgotten(fd))
			unlinkat(dir, e->d_name, 0);
		close(fd);
	}
	closedir(d);
}

/* The folder, if it is our own and nobody else may write there; else -1. */
static int
open_dir(const char *dir, struct err *err)
{
	struct stat	st;
	int		fd;

	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return err_sys(err, "%s", dir);
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
	    (st.st_mode & 022) == 0)
		return fd;
	close(fd);
	return err_set(err, ERR_IO, "%s: not a folder of our own that nobody "
	    "else may write to", dir);
}

void
journal_open(struct journal *j, const char *path)
{
	struct err	 err = ERR_INIT;

	j->dir = cache_dir(path, "uploads");
	io_make_dir(j->dir);
	j->fd = open_dir(j->dir, &err);
	j->off = j->fd == -1;
	if (!j->off) {
		drop_old(j->fd);
		return;
	}
	log_info("%s; uploads are not noted", err.msg);
	free(j->dir);
	j->dir = NULL;
}

void
journal_close(struct journal *j)
{
	if (j->dir != NULL)
		close(j->fd);
	free(j->dir);
	j->dir = NULL;
}

/* Open and lock it; -1 with errno set, EWOULDBLOCK if another one has it. */
static int
hold(int dir, const char *name)
{
	struct stat	st;
	int		fd, saved;

	fd = openat(dir, name, ENTRY_OPEN | O_CREAT, 0600);
	if (fd == -1)
		return -1;
	errno = EPERM;
	if (is_private(fd, &st) && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    fstat(fd, &st) == 0) {
		/* The one who had it may have removed it before we had it. */
		if (st.st_nlink > 0)
			return fd;
		errno = EWOULDBLOCK;
	}
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static int
read_snapshot(struct snapshots *s, const char *digest, const char *line)
{
	struct snapshot	*snap = &s->v[s->n];
	char		*end;

	if (s->n == SNAPSHOTS_MAX)
		return 0;
	errno = 0;
	snap->at = strtoll(line, &end, 10);
	if (end == line || *end != ' ' || errno != 0 || snap->at <= 0 ||
	    (s->n > 0 && snap->at <= s->v[s->n - 1].at) ||
	    !digester_load(&snap->digester, digest, end + 1, snap->at))
		return 0;
	s->n++;
	return 1;
}

void
journal_parse(char *text, const char *head, const char *digest, char **session,
    struct snapshots *s)
{
	size_t	 n = strlen(head), len = strlen(text);
	size_t	 tail = strlen(TRAILER);
	char	*line, *next;

	*session = NULL;
	s->n = 0;
	if (strncmp(text, head, n) != 0 || len < n + tail ||
	    strcmp(text + len - tail, TRAILER) != 0)
		return;
	text[len - tail] = '\0';
	line = text + n;
	if ((next = strchr(line, '\n')) == NULL || next == line)
		return;
	*next = '\0';
	*session = xstrdup(line);
	for (line = next + 1; (next = strchr(line, '\n')) != NULL;
	    line = next + 1) {
		*next = '\0';
		if (!read_snapshot(s, digest, line)) {
			s->n = 0;
			return;
		}
	}
}

int
journal_print(struct buf *b, const char *head, const char *session,
    const struct snapshots *s)
{
	char	*state;
	size_t	 i;
	int	 rc;

	rc = buf_addf(b, "%s%s\n", head, session);
	for (i = 0; i < s->n && rc == 0; i++) {
		state = digester_save(&s->v[i].digester);
		rc = buf_addf(b, "%lld %s\n", (long long)s->v[i].at, state);
		free(state);
	}
	return rc == 0 ? buf_adds(b, TRAILER) : rc;
}

/* In place: the lock is on the file.  A part of it lacks the trailer. */
static void
write_entry(struct journal *j, struct journal_entry *e, const char *p, size_t n)
{
	if (ftruncate(e->fd, 0) == 0 && pwrite(e->fd, p, n, 0) == (ssize_t)n)
		return;
	log_info("%s/%s: %s; uploads are not noted", j->dir, e->name,
	    strerror(errno));
	j->off = 1;
}

void
journal_begin(struct journal *j, struct journal_entry *e, const char *dest,
    const char *digest, char **session, struct snapshots *s)
{
	struct err	err = ERR_INIT;
	struct buf	b;
	char		name[DIGEST_STR_MAX];

	*session = NULL;
	if (j->dir == NULL || j->off || e->noted)
		return;
	e->head = xasprintf(HEADER "%s\n%s\n", dest, digest);
	digest_sha256(e->head, strlen(e->head), name);
	e->name = xstrdup(strchr(name, ':') + 1);
	if ((e->fd = hold(j->fd, e->name)) == -1) {
		/* Only this one, if it is another's or no file of ours. */
		if (errno != EWOULDBLOCK) {
			log_info("%s/%s: %s; the upload is not noted", j->dir,
			    e->name, errno == EPERM ?
			    "not a file of our own that nobody else may open" :
			    strerror(errno));
			j->off = errno == ENOSPC || errno == EROFS ||
			    errno == EACCES;
		}
		free(e->head);
		free(e->name);
		e->head = e->name = NULL;
		return;
	}
	e->noted = 1;
	e->journal = j;
	buf_init(&b, FILE_MAX);
	if (io_read_file(e->fd, e->name, &b, &err) == 0 && b.len > 0 &&
	    strlen(b.data) == b.len)
		journal_parse(b.data, e->head, digest, session, s);
	buf_clear(&b);
	/* That it is ours must be seen as soon as it has a name. */
	if (*session == NULL)
		write_entry(j, e, e->head, strlen(e->head));
}

void
journal_write(struct journal *j, struct journal_entry *e, const char *session,
    const struct snapshots *s)
{
	struct buf	b;
	int		rc;

	if (!e->noted || j->off)
		return;
	buf_init(&b, FILE_MAX);
	rc = journal_print(&b, e->head, session, s);
	if (rc == 0)
		write_entry(j, e, b.data, b.len);
	buf_clear(&b);
}

void
journal_end(struct journal_entry *e, int keep)
{
	if (!e->noted)
		return;
	if (!keep)
		unlinkat(e->journal->fd, e->name, 0);
	close(e->fd);
	free(e->name);
	free(e->head);
	memset(e, 0, sizeof(*e));
}
