#ifndef ACEDT_XFER_H
#define ACEDT_XFER_H

#include "lib/oci/digest.h"
#include "tools/acedt-push/journal.h"
#include "tools/acedt-push/push.h"

/* Tries of something without getting further than ever before. */
struct tries {
	int		 n;
	int64_t		 furthest;	/* bytes */
	int64_t		 began;		/* clock_ms() of the first of them */
};

/*
 * One blob on its way.  The ways, from and to:
 *
 *   small, to a registry	the whole blob into memory, its digest checked, then
 *				sent in one request that can be repeated
 *   registry to registry	GET paused and resumed against PUT, a ring between
 *   layout to registry		read(2) as the PUT asks for bytes
 *   to a layout		written as it comes, named when it is whole
 *
 * An upload of a large one that breaks, also because we were killed, goes on at
 * the byte that the registry names.  What it has already is hashed again from
 * the last snapshot before that byte, and not sent again.
 *
 * Always: every byte is hashed on the way through, and the last one is held
 * back until the digest is right, so that no destination ever gets a whole
 * blob that is not what it is called.
 */
struct xfer {
	struct pusher	*p;		/* borrowed */
	struct item	*blob;		/* borrowed */
	size_t		 holder;	/* which of the blob's holders is asked */
	int		 single;	/* try one POST with the body */
	int		 bad_range;	/* another one than was asked for comes */
	int		 mixed;		/* what came is of several holders */
	int		 alone;		/* that was wrong: each by itself now */
	int		 no_range;	/* the holder got ranges wrong: from byte 0 */
	int		 self_only;	/* the source's repository refused */
	int		 mounting;	/* a mount is under way */
	int		 waiting;	/* for what others find out */
	const char	*how;		/* copied, present, mounted */

	/* The source. */
	struct reg_call	 get;
	int		 getting;	/* under way */
	int		 paced;		/* it waits for its share of the rate */
	int		 fd;		/* of a layout's blob, or -1 */
	int64_t		 got;		/* bytes that came and were hashed */
	int64_t		 came;		/* all bytes of all tries */
	int64_t		 slow_since;	/* clock_ms(), or 0; see slow.c */
	int64_t		 slow_came;	/* came, at that time */
	int64_t		 skip;		/* bytes to pass over: Range ignored */
	struct snapshots snapshots;	/* of the digester */
	struct digester	 digester;
	int		 verified;	/* all came, and the digest is right */

	/* Between: a small blob as a whole, or a ring. */
	char		*ring;		/* owned */
	size_t		 cap, head, len;

	/* The destination. */
	struct reg_call	 up;		/* POST or HEAD, then PUT */
	int		 sending;	/* the PUT is under way */
	int		 want_put;	/* to be started outside a callback */
	char		*session;	/* owned: where the upload goes on */
	int64_t		 have;		/* bytes that it has from before */
	int64_t		 sent;		/* where the next byte belongs */
	int64_t		 part_end;	/* of what is being sent */
	int64_t		 chunk;		/* most in one request; 0: all */
	struct journal_entry entry;
	int		 left;		/* session is of an earlier run */
	int		 keep;		/* the entry, at the end */
	struct layout_writer w;
	int		 writing;
	int64_t		 part_left;	/* of what w has, to be hashed */
	int		 no_part;	/* what w had could not be read */
	int		 old_fd;	/* what a layout has already, or -1 */

	struct tries	 reading;	/* of the source, since the last start */
	struct tries	 whole;		/* of all */
	int64_t		 kept;		/* most that an upload was found to have */
	int		 refetched;	/* wrong content had its second chance */
	int		 failed;
	struct err	 err;		/* found in a callback, or first */
	struct loop_timer timer;
	int64_t		 began;		/* clock_ms() */
	int64_t		 told;		/* clock_ms() of the last event */
	struct xfer	*next, **prev;
};

/* source.c */
/*
 * Begin to read from the holder, at the last snapshot before what the
 * destination has; what goes wrong ends in xfer_fail().
 */
void	source_open(struct xfer *);
/* Forget what came; stop what is under way. */
void	source_reset(struct xfer *);
/*
 * What came is not the blob: all of it from the next holder (from this one, if
 * another one sent a part of it), or once more from all of them, or the end.
 */
void	source_bad(struct xfer *);
/* It sends less than it must: the next holder, at the same byte, or the end. */
void	source_slow(struct xfer *);
/* More of a layout's blob, for a destination that does not ask.  1: progress. */
int	source_pump(struct xfer *);
/*
 * Bytes for the PUT: HTTP_PAUSE if there are none just now, HTTP_ABORT with err
 * filled if there will be none.
 */
size_t	source_take(struct xfer *, char *, size_t room);

/* ask.c */
/* Is it there?  If not, an upload begins. */
void	ask(struct xfer *);
/* A blob is known to be at the destination. */
void	ask_found(struct pusher *, struct item *blob);
/* No upload was opened: if nobody may push, that holds for all blobs. */
void	ask_denied(struct pusher *, const struct err *);
/* It ends. */
void	ask_forget(struct xfer *);
/* Those that wait for what others find out look again, from the loop. */
void	ask_wake(struct pusher *);

/* upload.c */
/*
 * Go on with what an earlier run left, else ask whether it is there, and for a
 * session if it is not.
 */
void	upload_begin_blob(struct xfer *);
/* Forget the last request of the upload, make ready for the next. */
struct reg_call *upload_call(struct xfer *, const char *method);
/* An upload was opened, by an answer: 0, or -1 if that does not say where. */
int	upload_take_session(struct xfer *, struct reg_call *, struct err *);
/*
 * An answer that ends an upload: -1 if it does not say so, or names another
 * digest than the blob's.
 */
int	upload_check_stored(struct xfer *, struct reg_call *, struct err *);
/* Send it, or what is next of it: from memory, or as a stream. */
void	upload_put(struct xfer *);

/* recheck.c: 0 or more pieces later it ends in xfer_done() or xfer_write(). */
void	recheck_begin(struct xfer *);
void	recheck_more(struct xfer *);
void	recheck_end(struct xfer *);
/* Hash what an earlier run wrote, in pieces; then the source goes on there. */
void	recheck_part(struct xfer *, int64_t have);
void	recheck_part_more(struct xfer *);

/* xfer.c */
/* Write it into the layout; replace: what has its name there is wrong. */
void	xfer_write(struct xfer *, int replace);
/* Bytes of the source came: hash them, with snapshots on the way. */
void	xfer_hash(struct xfer *, const char *, size_t);
void	xfer_done(struct xfer *, const char *how);
/* From the beginning, with nothing kept, in so many ms. */
void	xfer_restart(struct xfer *, int64_t ms);
/* The end, unless it may be tried again from the beginning. */
void	xfer_fail(struct xfer *, const struct err *, int passing);
/* It failed after so many bytes; may it be tried again? */
int	xfer_may_retry(struct xfer *, struct tries *, int64_t reached);
/* All bytes came: check them; 0 if they are right, else it was dealt with. */
int	xfer_check(struct xfer *);
void	xfer_tell(struct xfer *);

#endif
