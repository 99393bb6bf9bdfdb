/*
 * A blob that is written into a layout, and the check of what the layout has
 * already: is a file what its name says (--verify)?  What is the digest of
 * the part of a blob that an earlier run left?
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/transfer/snapshots.h"
#include "tools/acedt-push/file.h"

/* What is read in one turn of the loop. */
#define FILE_PIECE	(256 * 1024)

void
file_init(struct file *f, struct layout *layout, const char *digest,
    int64_t size)
{
	memset(f, 0, sizeof(*f));
	f->layout = layout;
	f->digest = digest;
	f->size = size;
	f->old_fd = -1;
}

static void
file_close_old(struct file *f)
{
	if (f->old_fd != -1)
		close(f->old_fd);
	f->old_fd = -1;
}

void
file_close(struct file *f, int keep)
{
	file_close_old(f);
	if (f->writing) {
		f->w.keep &= keep;
		layout_write_abort(&f->w);
	}
	f->writing = 0;
	f->have = f->part_left = 0;
}

int
file_check_begin(struct file *f, struct err *err)
{
	int64_t	size;

	assert(!f->writing && f->old_fd == -1);
	if (layout_blob_open(f->layout, f->digest, &f->old_fd, &size,
	    err) == -1) {
		f->old_fd = -1;
		return -1;
	}
	digester_init(&f->digester, f->digest);
	return 0;
}

/* All of it was read, or no more can be: n is what read(2) said. */
static enum file_check
file_judge(struct file *f, ssize_t n)
{
	const char	*why = strerror(errno);
	char		 have[DIGEST_STR_MAX];

	digester_end(&f->digester, have);
	file_close_old(f);
	if (n == 0 && strcmp(have, f->digest) == 0)
		return FILE_GOOD;
	log_warn("oci:%s: %s: %s%s; it is written again", f->layout->dir,
	    f->digest, n == 0 ? "the file's content has digest " : "",
	    n == 0 ? have : why);
	return FILE_BAD;
}

enum file_check
file_check_more(struct file *f)
{
	static char	piece[FILE_PIECE];
	ssize_t		n;

	assert(f->old_fd != -1);
	n = read(f->old_fd, piece, sizeof(piece));
	if (n > 0)
		digester_add(&f->digester, piece, (size_t)n);
	else if (n == 0 || errno != EINTR)
		return file_judge(f, n);
	return FILE_MORE;
}

int
file_begin(struct file *f, int replace, struct err *err)
{
	int	rc;

	assert(!f->writing && f->old_fd == -1 && f->have == 0);
	rc = f->size >= UPLOAD_NOTED_MIN && !f->no_part ?
	    layout_write_begin_part(&f->w, f->layout, f->digest, f->size,
	    &f->have, err) : layout_write_begin(&f->w, f->layout, err);
	if (rc == -1) {
		f->have = 0;
		return -1;
	}
	f->writing = 1;
	f->w.replace = replace;
	f->part_left = f->have;
	digester_init(&f->digester, f->digest);
	return layout_room(f->layout, f->size - f->have, err);
}

enum file_check
file_part_more(struct file *f, struct snapshots *found)
{
	static char	piece[FILE_PIECE];
	size_t		most = sizeof(piece);
	ssize_t		n;

	assert(f->writing && f->w.keep && f->part_left > 0);
	if (f->part_left < (int64_t)most)
		most = (size_t)f->part_left;
	n = read(f->w.fd, piece, most);
	if (n == -1 && errno == EINTR)
		return FILE_MORE;
	if (n <= 0) {
		f->no_part = 1;
		return FILE_BAD;
	}
	digester_add(&f->digester, piece, (size_t)n);
	if ((f->part_left -= n) > 0)
		return FILE_MORE;
	snapshots_add(found, f->have, &f->digester);
	log_info("blob %s: going on at byte %lld of %lld", f->digest,
	    (long long)f->have, (long long)f->size);
	return FILE_GOOD;
}

int
file_write(struct file *f, const void *p, size_t n, struct err *err)
{
	assert(f->writing && f->part_left == 0);
	return layout_write(&f->w, p, n, err);
}

int
file_commit(struct file *f, struct err *err)
{
	assert(f->writing);
	f->writing = 0;
	return layout_write_commit(&f->w, f->digest, err);
}
