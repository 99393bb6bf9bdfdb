#ifndef ACEDT_SOURCE_H
#define ACEDT_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/errmsg.h"
#include "lib/http/loop.h"
#include "lib/oci/digest.h"
#include "lib/registry/reg.h"
#include "lib/transfer/pace.h"
#include "lib/transfer/ring.h"
#include "lib/transfer/snapshots.h"
#include "lib/transfer/tries.h"

struct layout;
struct patience;

/*
 * The bytes of one blob, read from whoever has it: registries, layouts, or the
 * descriptor that embeds it.  Every byte is hashed, from the first on; who
 * breaks off is asked again at the same byte, and then the next holder is; and
 * the end of the blob is given out only when its digest is right.
 *
 *	source_init(&s, &setup, &blob, SOURCE_READ, &events, me);
 *	source_open(&s, 0);
 *	... in each turn of the loop: source_work(&s);
 *	... when events.ready was called:
 *	while ((n = source_read(&s, buf, sizeof(buf))) > 0 &&
 *	    n != SOURCE_WAIT && n != SOURCE_BROKEN)
 *		... write n bytes; n == 0: that was all, and is right
 *	source_clear(&s);
 *
 * No function of this header calls back but source_work(), which may be
 * followed by source_open(), source_clear() or anything else from within the
 * callback.  Callbacks of the loop call ready() too, from within libcurl:
 * there, only notes may be made and calls resumed.
 */

/* Blobs up to this size are small: they fit into memory as a whole. */
#define SOURCE_SMALL	(256 * 1024)

/* Who has the blob: one of the two is not NULL.  Both are borrowed. */
struct holder {
	struct reg_repo	*repo;
	struct layout	*layout;
	void		*owner;		/* the caller's; not looked at */
};

struct holders {
	struct holder	*v;		/* owned by the caller; may grow */
	size_t		 n;
};

/* What is read.  All is borrowed, and stays until source_clear(). */
struct source_blob {
	const char	*digest;	/* digest_check() passed it */
	int64_t		 size;
	const char	*data;		/* its bytes, checked; or NULL */
	const struct holders *holders;	/* the best first; none with data */
};

/* What all sources of a program share; borrowed, as its members are. */
struct source_setup {
	struct loop	*loop;
	struct pace	*pace;
	const struct patience *patience;
	int64_t		 speed;		/* bytes a second that a registry must
					 * send; 0: any */
	int		 speed_seconds;	/* that it is measured over */
	int64_t		 snapshot_every; /* bytes; 0: no snapshots */
};

/* How the bytes come out. */
enum source_way {
	SOURCE_READ,			/* source_read() asks for them */
	SOURCE_MEMORY,			/* all at once, by source_bytes() */
	SOURCE_WRITE			/* events.write is called with them; the
					 * last ones may be wrong until
					 * source_is_whole() */
};

/* Why there will be no more bytes. */
enum source_end {
	SOURCE_AGAIN,			/* what came may be wrong: after
					 * source_forget() and source_open() all
					 * of it comes from elsewhere */
	SOURCE_LATER,			/* the same later may succeed */
	SOURCE_OVER			/* nobody has it */
};

struct source_events {
	/* SOURCE_READ: bytes can be read.  All: source_is_whole() now. */
	void		(*ready)(void *);
	/* The source is stopped; err is good until the next call. */
	void		(*failed)(void *, enum source_end, const struct err *);
	/* SOURCE_WRITE: take all n bytes; 0, or -1 with *err filled. */
	int		(*write)(void *, const char *, size_t n, struct err *);
	/* There is a new snapshot; NULL, or does nothing to the source. */
	void		(*snapshot)(void *);
};

enum source_state {
	SOURCE_IDLE,			/* not opened, or stopped */
	SOURCE_GET,			/* a registry is asked, or answers */
	SOURCE_PAUSE,			/* until the registry is asked again */
	SOURCE_FILE,			/* a file of a layout is open */
	SOURCE_EMBEDDED,		/* the bytes are in the descriptor */
	SOURCE_WHOLE,			/* all came, and the digest is right */
	SOURCE_FAILED			/* failed() was, or will be called */
};

/* What was found while a GET is under way, and ends it. */
enum source_fault {
	FAULT_NONE,
	FAULT_RANGE,			/* another range than was asked for */
	FAULT_ANSWER,			/* the answer cannot be used */
	FAULT_CONTENT,			/* that is not the blob */
	FAULT_WRITE			/* the bytes cannot be written */
};

/*
 * Its user may read got and snapshots, and fill in snapshots before
 * source_open().  All else is private.
 */
struct source {
	int64_t		 got;		/* bytes that came and were hashed */
	struct snapshots snapshots;	/* of the digester, while it reads */

	const struct source_setup *setup;
	struct source_blob blob;
	enum source_way	 way;
	const struct source_events *events;
	void		*arg;
	enum source_state state;
	int64_t		 from;		/* bytes before are hashed, not given */
	int64_t		 given;		/* up to here source_read() gave them */
	size_t		 holder;	/* which one is asked */
	int		 mixed;		/* what came is of several holders */
	int		 alone;		/* that was wrong: each by itself now */
	int		 refetched;	/* wrong content was asked again */
	int		 no_range;	/* ranges went wrong: from byte 0 */
	int64_t		 skip;		/* bytes to pass over: Range ignored */
	struct tries	 tries;		/* of this holder */
	struct digester	 digester;
	struct ring	 ring;
	struct reg_call	 get;
	int		 fd;		/* of a layout's file, or -1 */
	struct loop_timer timer;
	struct pace_waiter waiter;
	enum source_fault fault;
	enum source_end	 end;		/* with SOURCE_FAILED */
	int		 told;		/* ready() or failed(), of the end */
	int		 snapped;	/* snapshot() is to be called */
	struct err	 err;		/* with a fault or SOURCE_FAILED */
	int64_t		 came;		/* all bytes of all tries */
	int64_t		 slow_since;	/* clock_ms(), or 0 */
	int64_t		 slow_came;	/* came, at that time */
};

void	source_init(struct source *, const struct source_setup *,
	    const struct source_blob *, enum source_way,
	    const struct source_events *, void *arg);
/* Stop, and free what it owns. */
void	source_clear(struct source *);
/*
 * Begin to read.  Bytes before from are not given out; where a snapshot holds
 * their digest, they are not even read.
 */
void	source_open(struct source *, int64_t from);
/* Stop what is under way.  source_open() goes on with what is known. */
void	source_stop(struct source *);
/* Stop, and forget what was read: source_open() begins at byte 0. */
void	source_forget(struct source *);

/* What it does by itself, in each turn of the loop.  1: there may be more. */
int	source_work(struct source *);
/* A registry that sends too little is left; to be called now and then. */
void	source_check_speed(struct source *, int64_t now_ms);

#define SOURCE_WAIT	((size_t)-1)	/* no bytes now; ready() follows */
#define SOURCE_BROKEN	((size_t)-2)	/* no more bytes; failed() follows */
/*
 * SOURCE_READ: at most room bytes, in order from from on; 0 after the last one.
 * room is at least 1.
 */
size_t	source_read(struct source *, char *, size_t room);
/* Will source_read() most likely have bytes, or their end? */
int	source_is_ready(const struct source *);
/* SOURCE_MEMORY: all bytes, when source_is_whole().  Borrowed. */
const char *source_bytes(const struct source *);
/* Did all bytes come, and is the digest right? */
int	source_is_whole(const struct source *);
int	source_is_failed(const struct source *);
/* Whom it asks; NULL if nobody has to be asked. */
const struct holder *source_holder(const struct source *);

/*
 * Whoever took the bytes says that they are wrong.  1 if everything may be read
 * once more for that, which is allowed once.
 */
int	source_may_refetch(struct source *);

#endif
