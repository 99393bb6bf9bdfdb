/*
 * Manifests of earlier runs, each in a file that is named by its digest.
 * Whatever is wrong with the cache, the manifest is asked for at its source.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/env.h"
#include "lib/base/errmsg.h"
#include "lib/base/io.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/oci/digest.h"
#include "lib/program/cache.h"

struct cache {
	char	*dir;			/* owned: with /manifests */
	int	 off;			/* not writable, as was said once */
};

char *
cache_dir(const char *dir, const char *sub)
{
	const char	*xdg = env_get("XDG_CACHE_HOME");
	const char	*home = env_get("HOME");

	if (dir != NULL)
		return xasprintf("%s/%s", dir, sub);
	if (xdg != NULL && *xdg == '/')
		return xasprintf("%s/ace/dt/%s", xdg, sub);
	return xasprintf("%s/.cache/ace/dt/%s", home != NULL ? home :
	    "/nonexistent", sub);
}

struct cache *
cache_open(const char *dir)
{
	struct cache	*c = xcalloc(1, sizeof(*c));

	c->dir = cache_dir(dir, "manifests");
	return c;
}

void
cache_close(struct cache *c)
{
	if (c == NULL)
		return;
	free(c->dir);
	free(c);
}

/* Where a digest is kept: "sha256:abcd…" in sha256/ab/abcd…. */
static char *
path_of(const struct cache *c, const char *digest)
{
	const char	*hex = strchr(digest, ':');

	assert(hex != NULL);
	hex++;
	return xasprintf("%s/%.*s/%.2s/%s", c->dir, (int)(hex - 1 - digest),
	    digest, hex, hex);
}

/* What stands where an entry would be. */
enum entry_state {
	ENTRY_READ,		/* its bytes were read */
	ENTRY_ABSENT,		/* nothing, or what we cannot judge */
	ENTRY_BROKEN		/* what cannot be an entry: a FIFO, a link */
};

static enum entry_state
read_entry(const char *path, struct buf *b)
{
	struct err	err = ERR_INIT;
	struct stat	st;
	int		fd;
	enum entry_state state = ENTRY_BROKEN;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW |
	    O_NONBLOCK);
	if (fd == -1)
		return errno == ELOOP ? ENTRY_BROKEN : ENTRY_ABSENT;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		if (!io_is_own_file(&st, 0))
			state = ENTRY_ABSENT;
		else if (io_read_file(fd, path, b, &err) == 0)
			state = b->len > 0 ? ENTRY_READ : ENTRY_ABSENT;
	}
	close(fd);
	return state;
}

int
cache_get(struct cache *c, const char *digest, char **data, size_t *len)
{
	struct buf	b;
	char		have[DIGEST_STR_MAX], *path = path_of(c, digest);
	enum entry_state state;

	buf_init(&b, MANIFEST_BYTES_MAX);
	state = read_entry(path, &b);
	if (state == ENTRY_READ) {
		digest_of(digest, b.data, b.len, have);
		if (strcmp(have, digest) != 0)
			state = ENTRY_BROKEN;
	}
	/* A broken entry would be broken the next time, too. */
	if (state == ENTRY_BROKEN) {
		log_info("cache: %s does not have the digest that it is "
		    "named by, and is removed", path);
		unlink(path);
	}
	if (state == ENTRY_READ) {
		*len = b.len;
		*data = buf_detach(&b);
	}
	buf_clear(&b);
	free(path);
	return state == ENTRY_READ;
}

const char *
cache_make(struct cache *c)
{
	io_make_dir(c->dir);
	return c->dir;
}

/* A file without a name is written, then named: nobody ever sees a part. */
static int
write_cached(const char *path, const void *data, size_t len)
{
	char	*dir = xstrdup(path);
	int	 fd, rc = -1;

	*strrchr(dir, '/') = '\0';
	if ((fd = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600)) != -1) {
		if (io_write_full(fd, data, len) == 0 &&
		    (io_name_file(fd, AT_FDCWD, path) == 0 ||
		    errno == EEXIST))
			rc = 0;
		close(fd);
	}
	free(dir);
	return rc;
}

void
cache_put(struct cache *c, const char *digest, const void *data, size_t len)
{
	char	*path;

	if (c->off)
		return;
	path = path_of(c, digest);
	if (write_cached(path, data, len) == -1 && (errno != ENOENT ||
	    io_make_parents(path) == -1 ||
	    write_cached(path, data, len) == -1)) {
		log_info("cache: %s: %s (going on without the cache)", path,
		    strerror(errno));
		c->off = 1;
	}
	free(path);
}
