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

#include "lib/buf.h"
#include "lib/cache.h"
#include "lib/errmsg.h"
#include "lib/io.h"
#include "lib/journal.h"
#include "lib/limits.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#define FILE_MAX	(128 * 1024)	/* a URL, and snapshots */
#define HEADER		"acedt-upload 1\n"
#define TRAILER		"end\n"		/* without it the file is not whole */

static int
is_old(const struct stat *st)
{
	return time(NULL) - st->st_mtime > UPLOAD_DAYS * 86400L;
}

/* Registries forget them too. */
static void
drop_old(const char *dir)
{
	DIR		*d = opendir(dir);
	struct dirent	*e;
	struct stat	 st;

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL)
		if (fstatat(dirfd(d), e->d_name, &st,
		    AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
		    is_old(&st))
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
}

void
journal_open(struct journal *j, const char *path)
{
	j->dir = cache_dir(path, "uploads");
	j->off = 0;
	io_make_dir(j->dir);
	drop_old(j->dir);
}

void
journal_close(struct journal *j)
{
	free(j->dir);
	j->dir = NULL;
}

/* Open and lock it; -1 with errno set, EWOULDBLOCK if another one has it. */
static int
hold(const char *path)
{
	struct stat	st;
	int		fd, saved;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return -1;
	/* The one who had it may have removed it before we had the lock. */
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0) {
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

void
journal_begin(struct journal *j, struct journal_entry *e, const char *dest,
    const char *digest, char **session, struct snapshots *s)
{
	struct err	err = ERR_INIT;
	struct buf	b;
	char		name[DIGEST_STR_MAX];

	*session = NULL;
	if (j->off || e->noted)
		return;
	e->head = xasprintf(HEADER "%s\n%s\n", dest, digest);
	digest_sha256(e->head, strlen(e->head), name);
	e->path = xasprintf("%s/%s", j->dir, strchr(name, ':') + 1);
	if ((e->fd = hold(e->path)) == -1) {
		if (errno != EWOULDBLOCK) {
			log_info("%s: %s; uploads are not noted", e->path,
			    strerror(errno));
			j->off = 1;
		}
		free(e->head);
		free(e->path);
		e->head = e->path = NULL;
		return;
	}
	e->noted = 1;
	buf_init(&b, FILE_MAX);
	if (io_slurp(e->path, &b, &err) == 0 && b.len > 0 &&
	    strlen(b.data) == b.len)
		journal_parse(b.data, e->head, digest, session, s);
	buf_clear(&b);
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
	/* In place: the lock is on the file.  A part of it lacks the trailer. */
	if (rc == 0 && (ftruncate(e->fd, 0) == -1 ||
	    pwrite(e->fd, b.data, b.len, 0) != (ssize_t)b.len)) {
		log_info("%s: %s; uploads are not noted", e->path,
		    strerror(errno));
		j->off = 1;
	}
	buf_clear(&b);
}

void
journal_end(struct journal_entry *e, int keep)
{
	if (!e->noted)
		return;
	if (!keep)
		unlink(e->path);
	close(e->fd);
	free(e->path);
	free(e->head);
	memset(e, 0, sizeof(*e));
}

void
snapshots_add(struct snapshots *s, int64_t at, const struct digester *d)
{
	if (s->n == SNAPSHOTS_MAX)
		memmove(s->v, s->v + 1, --s->n * sizeof(s->v[0]));
	s->v[s->n].at = at;
	s->v[s->n++].digester = *d;
}

const struct snapshot *
snapshots_find(const struct snapshots *s, int64_t at)
{
	size_t	i = s->n;

	while (i > 0)
		if (s->v[--i].at <= at)
			return &s->v[i];
	return NULL;
}
