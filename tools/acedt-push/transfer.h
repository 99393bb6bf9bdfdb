#ifndef ACEDT_TRANSFER_H
#define ACEDT_TRANSFER_H

#include "lib/transfer/source.h"
#include "tools/acedt-push/file.h"
#include "tools/acedt-push/push.h"
#include "tools/acedt-push/upload.h"

/*
 * One blob on its way.  The ways, from and to:
 *
 *	small, to a registry	the whole blob into memory, its digest checked, then
 *				sent in one request that can be repeated
 *	registry to registry	GET paused and resumed against PUT, a ring between
 *	layout to registry	read(2) as the PUT asks for bytes
 *	to a layout		written as it comes, named when it is whole
 *
 * An upload of a large one that breaks, also because we were killed, goes on
 * at the byte that the registry names.  What the registry has already is
 * hashed again from the last snapshot before that byte, and not sent again.
 *
 * Always: every byte is hashed on the way through, and the last one is held
 * back until the digest is right, so that no destination ever gets a whole
 * blob that is not what it is called.
 */
enum transfer_state {			/* the table is in transfer.c */
	TRANSFER_BEGIN,			/* at the next turn of the loop */
	TRANSFER_WAIT,			/* then from the beginning */
	TRANSFER_WAIT_STATUS,		/* then the registry is asked again */
	TRANSFER_STATUS,		/* how much has it of an upload? */
	TRANSFER_HEAD,			/* has it the blob? */
	TRANSFER_MOUNT,			/* the same, or opens an upload */
	TRANSFER_OTHERS,		/* waits for what others find out */
	TRANSFER_OPEN,			/* an upload is opened */
	TRANSFER_CLOSE,			/* one that is not needed is closed */
	TRANSFER_READ,			/* the source, and nothing is sent */
	TRANSFER_POST,			/* a small one in the POST that opens */
	TRANSFER_PUT,			/* a small one in a PUT */
	TRANSFER_STREAM,		/* a large one in a PUT, as it comes */
	TRANSFER_CHUNK,			/* a part of a large one in a PATCH */
	TRANSFER_COMMIT,		/* the PUT after the last PATCH */
	TRANSFER_CHECK,			/* a layout's file is read (--verify) */
	TRANSFER_PART,			/* what an earlier run left is read */
	TRANSFER_WRITE,			/* into the layout, as it comes */
	TRANSFER_DONE,
	TRANSFER_FAILED
};
#define TRANSFER_STATES	(TRANSFER_FAILED + 1)

struct transfer {
	struct pusher	*p;		/* borrowed */
	struct item	*blob;		/* borrowed */
	enum transfer_state state;	/* set by transfer.c */
	struct source	 source;
	struct upload	 up;		/* into a registry, or unused */
	struct file	 file;		/* into a layout, or unused */
	int		 single;	/* goes in one POST, if that works */
	int		 self_only;	/* the source's repository refused to be
					 * mounted from */
	struct tries	 tries;		/* of all */
	int64_t		 kept;		/* most that an upload had */
	struct loop_timer timer;	/* of the two states of waiting */
	int64_t		 began;		/* clock_ms() */
	int64_t		 told;		/* clock_ms() of the last event */
	int64_t		 told_got;	/* bytes that it said */
	struct transfer	*next, **prev;
};

/* Begins at the next turn of the loop. */
struct transfer *transfer_new(struct pusher *, struct item *blob);
/*
 * What it can do without waiting; 1 if there may be more.  A transfer that has
 * ended hands its item to item_ended(), and stays until transfer_free().
 */
int	transfer_work(struct transfer *);
/* What it waits for may be known now (ask.h): look again. */
void	transfer_look_again(struct transfer *);
/* A source that is too slow, a blob that takes too long. */
void	transfer_check_time(struct transfer *, int64_t now_ms);
int	transfer_is_over(const struct transfer *);
/* One that is over. */
void	transfer_free(struct transfer *);

#endif
