/*
 * What a layout has already, read a piece at a time so that a large file does not
 * hold up what is under way.  Is a file what its name says (--verify)?  What is the
 * digest of the part of a blob that an earlier run left?
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/errmsg.h"
#include "lib/base/log.h"
#include "tools/acedt-push/xfer.h"

#define PIECE	(256 * 1024)

void
recheck_begin(struct xfer *x)
{
	struct err	err = ERR_INIT;
	int64_t		size;

	if (layout_blob_open(&x->p->dest.layout, x->blob->digest, &x->old_fd,
	    &size, &err) == -1) {
		xfer_fail(x, &err, 0);
		return;
	}
	digester_init(&x->digester, x->blob->digest);
}

void
recheck_end(struct xfer *x)
{
	if (x->old_fd != -1)
		close(x->old_fd);
	x->old_fd = -1;
}

/* All of it was read, or no more can be: n is what read(2) said. */
static void
judge(struct xfer *x, ssize_t n)
{
	const char	*why = strerror(errno);
	char		 have[DIGEST_STR_MAX];

	digester_end(&x->digester, have);
	recheck_end(x);
	if (n == 0 && strcmp(have, x->blob->digest) == 0) {
		xfer_done(x, "present");
		return;
	}
	log_warn("oci:%s: %s: %s%s; it is written again",
	    x->p->dest.layout.dir, x->blob->digest, n == 0 ?
	    "the file's content has digest " : "", n == 0 ? have : why);
	xfer_write(x, 1);
}

void
recheck_more(struct xfer *x)
{
	static char	piece[PIECE];
	ssize_t		n;

	n = read(x->old_fd, piece, sizeof(piece));
	if (n > 0)
		digester_add(&x->digester, piece, (size_t)n);
	else if (n == 0 || errno != EINTR)
		judge(x, n);
}

void
recheck_part(struct xfer *x, int64_t have)
{
	assert(x->writing && x->w.keep && have > 0);
	digester_init(&x->digester, x->blob->digest);
	x->have = x->part_left = have;
}

void
recheck_part_more(struct xfer *x)
{
	static char	piece[PIECE];
	size_t		most = sizeof(piece);
	ssize_t		n;

	if (x->part_left < (int64_t)most)
		most = (size_t)x->part_left;
	n = read(x->w.fd, piece, most);
	if (n == -1 && errno == EINTR)
		return;
	if (n <= 0) {
		x->no_part = 1;
		x->w.keep = 0;
		xfer_restart(x, 0);
		return;
	}
	digester_add(&x->digester, piece, (size_t)n);
	if ((x->part_left -= n) > 0)
		return;
	snapshots_add(&x->snapshots, x->have, &x->digester);
	log_info("blob %s: going on at byte %lld of %lld", x->blob->digest,
	    (long long)x->have, (long long)x->blob->size);
	source_open(x);
}
