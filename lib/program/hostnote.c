/*
 * Notes about registries, in the cache.  The file is opened before the sandbox
 * is entered, and one text replaces the other in place: both have the same
 * length, and a file that holds neither says nothing.
 */
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/io.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/oci/digest.h"
#include "lib/program/cache.h"
#include "lib/program/hostnote.h"

#define NOTE_MAX	4096		/* bytes of a note */

/* The whole text of a note, owned by the caller. */
static char *
note_text(const char *base, enum host_known known)
{
	return xasprintf("acedt-host 1\n%s\nmounts %s\n", base,
	    known == HOST_ANSWERS_MOUNTS ? "answered" : "ignored ");
}

/* Is this the text of a note? */
static int
note_says(const char *text, const char *base, enum host_known known)
{
	char	*want = note_text(base, known);
	int	 same = strcmp(text, want) == 0;

	free(want);
	return same;
}

/* Is a note young enough to be believed? */
static int
is_young(int fd)
{
	struct stat	st;

	return fstat(fd, &st) == 0 && time(NULL) - st.st_mtime <
	    HOST_NOTE_DAYS * 86400;
}

/* Only a file that no other user has made or can reach by another name. */
static int
is_our_note(int fd)
{
	struct stat	st;

	return fstat(fd, &st) == 0 && io_is_own_file(&st, 0) &&
	    st.st_nlink == 1;
}

enum host_known
hostnote_open(struct hostnote *n, const char *path, const char *base)
{
	struct err	 err = ERR_INIT;
	struct buf	 b;
	char		 digest[DIGEST_STR_MAX], *dir, *file;
	enum host_known	 known = HOST_UNKNOWN;

	digest_sha256(base, strlen(base), digest);
	dir = cache_dir(path, "hosts");
	file = xasprintf("%s/%s", dir, strchr(digest, ':') + 1);
	n->base = xstrdup(base);
	n->fd = -1;
	if (io_make_dir(dir) == 0)
		n->fd = open(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK |
		    O_CLOEXEC | O_NOCTTY, 0600);
	if (n->fd != -1 && !is_our_note(n->fd)) {
		close(n->fd);
		n->fd = -1;
	}
	buf_init(&b, NOTE_MAX);
	if (n->fd != -1 && is_young(n->fd) &&
	    io_read_file(n->fd, file, &b, &err) == 0 && b.len > 0) {
		if (note_says(b.data, base, HOST_ANSWERS_MOUNTS))
			known = HOST_ANSWERS_MOUNTS;
		else if (note_says(b.data, base, HOST_IGNORES_MOUNTS))
			known = HOST_IGNORES_MOUNTS;
	}
	buf_clear(&b);
	free(file);
	free(dir);
	return known;
}

void
hostnote_write(struct hostnote *n, enum host_known known)
{
	char	*text;

	assert(known != HOST_UNKNOWN);
	if (n->fd == -1 || lseek(n->fd, 0, SEEK_SET) == -1)
		return;
	text = note_text(n->base, known);
	io_write_full(n->fd, text, strlen(text));
	free(text);
}

void
hostnote_close(struct hostnote *n)
{
	if (n->fd != -1)
		close(n->fd);
	n->fd = -1;
	free(n->base);
	n->base = NULL;
}
