#ifndef ACEDT_PUSH_H
#define ACEDT_PUSH_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/oci/dest.h"
#include "lib/program/hostnote.h"
#include "lib/program/net.h"
#include "lib/program/stage.h"
#include "lib/registry/reg.h"
#include "lib/stream/image.h"
#include "lib/transfer/source.h"
#include "tools/acedt-push/journal.h"

enum item_kind {
	ITEM_BLOB,
	ITEM_MANIFEST
};

enum item_state {
	ITEM_NEW,
	ITEM_WAITING,		/* a manifest, for what is below it */
	ITEM_QUEUED,		/* a blob, for its turn */
	ITEM_ACTIVE,
	ITEM_REFUSED,		/* a manifest, perhaps for a blob below it */
	ITEM_ENDED,		/* one of the next two, once the plan knows */
	ITEM_DONE,		/* it is at the destination */
	ITEM_FAILED
};

/* How a blob came to be at the destination. */
enum outcome {
	OUTCOME_COPIED,
	OUTCOME_PRESENT,	/* it was there */
	OUTCOME_MOUNTED		/* from another repository of the registry */
};

/* Who waits for an item: one of the two is set. */
struct waiter {
	struct item	*item;
	struct image_push *image;
	struct waiter	*next;
};

/*
 * One digest at the destination.  It moves once a run, whatever the number of
 * images that name it: uploading a blob twice at a time is not only waste, it
 * makes some registries refuse the manifest afterwards.
 */
struct item {
	enum item_kind	 kind;
	enum item_state	 state;
	char		*digest;	/* owned */
	int64_t		 size;
	struct waiter	*waiters;	/* owned */
	size_t		 pending;	/* items that this one waits for */
	int		 is_new;	/* this run sent it, or something below it */
	struct err	*err;		/* owned: why it failed */

	/* A blob. */
	struct holders	 holders;	/* owned: who has it; their owner is
					 * a struct place */
	char		*data;		/* owned: embedded content, or NULL */
	unsigned long	 seq;		/* order of arrival */
	struct item	*rival;		/* owned: same digest, another size */
	struct lane	*lane;		/* borrowed: of a large one */
	int		 disputed;	/* it has rivals: the bytes decide */
	int		 said;		/* it was not sent: it is said to be
					 * there */
	int		 unbelieved;	/* it is sent all the same */

	/* A manifest, until it is there. */
	char		*media_type;	/* owned */
	char		*bytes;		/* owned */
	char		*subject;	/* owned: digest, or NULL */
	struct reg_call	*call;		/* owned */
	struct loop_timer timer;
	int		 tries;
	int		 resent;	/* blobs below it that were said to be
					 * there had their second chance */

	struct item	*next;		/* held, ended, or in the queue of
					 * referrers tags: one of them */
};

/* The largest first: the longest transfer must not begin last. */
struct heap {
	struct item	**v;		/* owned array */
	size_t		 n;
};

/* Large blobs of one source: those that wait, and how many are under way. */
struct lane {
	char		*name;		/* owned: host, or "oci:" of all layouts */
	struct heap	 heap;
	size_t		 active;
	struct lane	*next;
};

/* Does the registry take a blob in one POST with its body? */
enum single_post {
	SINGLE_UNKNOWN,
	SINGLE_ASKING,
	SINGLE_YES,
	SINGLE_NO
};

/*
 * What does the destination answer when it is asked for a blob by a mount from
 * its own repository?
 */
enum mounts {
	MOUNTS_UNKNOWN,		/* 202 need not mean that it is not there */
	MOUNTS_ANSWERED,	/* 201 where it is there: so 202 says something */
	MOUNTS_IGNORED,		/* 202 to all of them: HEAD has to ask */
	MOUNTS_REFUSED		/* an error, in this run: HEAD has to ask */
};

/*
 * A mount of a blob that is there, to find that out: once a run.  A registry
 * that keeps files (docker-registry 2.8) writes the blob's link once more for
 * a mount, and refuses a manifest that names the blob at that moment: no
 * manifest is under way beside the proof.
 */
enum proof {
	PROOF_NONE,
	PROOF_WANTED,		/* once the manifests under way have ended */
	PROOF_ASKED,
	PROOF_HAD
};

struct pusher {
	struct net	 net;
	struct dest	 dest;
	void		*items;		/* a tree of tsearch(3) */
	struct heap	 small;
	struct lane	*lanes;		/* owned */
	int		 max_seconds;	/* for a whole blob; 0: no limit */
	struct loop_timer look_timer;	/* for sources that are too slow */
	struct transfer	*transfers;	/* owned: under way */
	struct item	*ended, *ended_end; /* for the plan to settle */
	size_t		 nsmall, nlarge;
	size_t		 small_max;
	size_t		 both_max;	/* small and large together */
	struct pace	 pace;		/* --limit-rate */
	struct source_setup source_setup;
	struct journal	 journal;
	unsigned long	 seq;
	enum single_post single_post;
	int		 verify;	/* take nothing as there: --verify */
	enum mounts	 mounts;
	struct hostnote	 note;		/* of them, for later runs */
	enum proof	 proof;
	struct reg_call	 proof_call;
	size_t		 nsending;	/* manifests under way to a registry */
	struct item	*held;		/* manifests that wait for the proof */
	struct item	*known;		/* borrowed: a blob that is there, or NULL */
	struct transfer	*first;		/* borrowed: asks by HEAD whether the first
					 * blob is there, or NULL */
	struct err	*denied;	/* owned: we may not push there; or NULL */
	size_t		 nmounting;	/* mounts under way */
	int		 woken;		/* who waits for what others find out
					 * looks again */
	int		 in_use;	/* it has blobs: ask before one is sent */
	struct item	*tags, *tags_end; /* referrers tags to update */
	struct reg_call	*tag_call;	/* owned */
	struct buf	 tag_body;	/* that it sends */
	int64_t		 plan_blobs, plan_bytes;
};

/* One record being pushed. */
struct image_push {
	struct job	*job;		/* borrowed */
	struct pusher	*p;		/* borrowed */
	size_t		 pending;
	int		 failed;
	struct err	 err;
	char		*source;	/* owned */
	int64_t		 line;
	int64_t		 bytes;		/* of the blobs that it names */
};

/*
 * Who calls whom: main, plan, manifest and queue, transfer, ask, upload and
 * file.  What ends below is told to the plan by the list of ended.c, never by
 * a call.
 */

/* plan.c: what a record needs at the destination. */
void	plan_image(struct job *, struct pusher *);
/* All that waits for nothing; 1 while there may be more. */
int	plan_work(struct pusher *);
void	plan_free(struct pusher *);

/*
 * ended.c: an item is at the destination, or (err) cannot be; the plan settles
 * it in this turn of the loop.
 */
void	item_ended(struct pusher *, struct item *, const struct err *);
/*
 * The destination refuses a manifest, perhaps for a blob below it that was
 * only said to be there.
 */
void	item_refused(struct pusher *, struct item *, const struct err *);
/* The oldest that was not taken yet; NULL if there is none. */
struct item *item_take_ended(struct pusher *);

/* manifest.c: send a manifest; what is below it is there. */
void	manifest_send(struct pusher *, struct item *);
/* One was refused: it waits for what is below it to be sent. */
void	manifest_wait(struct pusher *, struct item *);
/* One was refused for what it is: once more, or the end. */
void	manifest_insist(struct pusher *, struct item *,
	    const struct err *why);
/* Send those that wait no more.  1: some. */
int	manifest_work(struct pusher *);

/* lane.c: the blob waits for its turn; it has a holder. */
void	lane_add(struct pusher *, struct item *);
/* The next large one that may start; NULL if none may. */
struct item *lane_next(struct pusher *);
void	lanes_free(struct pusher *);

/* queue.c: start the transfers that may start. */
void	queue_start(struct pusher *);
/* Transfers that wait for nothing go on; 1 while there may be more. */
int	queue_work(struct pusher *);

/* heap.c */
/* Larger before smaller, earlier before later. */
int	heap_before(const struct item *, const struct item *);
void	heap_push(struct heap *, struct item *);
struct item *heap_pop(struct heap *);	/* NULL if it is empty */

#endif
