#ifndef ACEDT_PUSH_H
#define ACEDT_PUSH_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/errmsg.h"
#include "lib/oci/dest.h"
#include "lib/program/hostnote.h"
#include "lib/program/net.h"
#include "lib/program/stage.h"
#include "lib/registry/reg.h"
#include "lib/stream/image.h"
#include "tools/acedt-push/journal.h"
#include "tools/acedt-push/pace.h"

/*
 * Blobs up to this size travel through memory as a whole: checked before they
 * are sent, sent again without asking the source again, and in one request
 * where the registry takes that.
 */
#define BLOB_SMALL	(256 * 1024)

enum item_kind {
	ITEM_BLOB,
	ITEM_MANIFEST
};

enum item_state {
	ITEM_NEW,
	ITEM_WAITING,		/* a manifest, for what is below it */
	ITEM_QUEUED,		/* a blob, for its turn */
	ITEM_ACTIVE,
	ITEM_DONE,		/* it is at the destination */
	ITEM_FAILED
};

/* Who waits for an item: one of the two is set. */
struct waiter {
	struct item	*item;
	struct upload	*upload;
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
	struct place	**holders;	/* owned array: who has it */
	size_t		 nholders;
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

	struct item	*next;		/* held, or in the queue of referrers
					 * tags */
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

/* What a source may not stay below; see slow.c. */
struct lowest {
	int64_t		 speed;		/* bytes a second; 0: none */
	int		 seconds;	/* that it is measured over */
	int		 max_seconds;	/* for a whole blob; 0: no limit */
	struct loop_timer timer;	/* the next look */
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
 * A mount of a blob that is there, to find that out: once a run.  A registry that
 * keeps files (docker-registry 2.8) writes the blob's link once more for a mount,
 * and refuses a manifest that names the blob at that moment: no manifest is under
 * way beside the proof.
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
	struct lowest	 lowest;
	struct xfer	*xfers;		/* under way */
	size_t		 nsmall, nlarge;
	size_t		 small_max;
	size_t		 both_max;	/* small and large together */
	struct pace	 pace;
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
	struct xfer	*first;		/* borrowed: asks by HEAD whether the first
					 * blob is there, or NULL */
	struct err	*denied;	/* owned: we may not push there; or NULL */
	size_t		 nmounting;	/* mounts under way */
	size_t		 nwaiting;	/* for what others find out */
	int		 in_use;	/* it has blobs: ask before one is sent */
	struct item	*tags, *tags_end; /* referrers tags to update */
	struct reg_call	*tag_call;	/* owned */
	int64_t		 plan_blobs, plan_bytes;
};

/* One record being pushed. */
struct upload {
	struct job	*job;		/* borrowed */
	struct pusher	*p;		/* borrowed */
	size_t		 pending;
	int		 failed;
	struct err	 err;
	char		*source;	/* owned */
	int64_t		 line;
	int64_t		 bytes;		/* of the blobs that it names */
};

/* plan.c: what a record needs at the destination. */
void	upload_begin(struct job *, struct pusher *);
/* An item is at the destination, or (err) cannot be. */
void	item_resolve(struct pusher *, struct item *, const struct err *);
void	items_free(struct pusher *);
/* Something that an item waited for is settled, or what held it. */
void	item_settled(struct pusher *, struct item *);
/*
 * The destination refuses a manifest: blobs below it that were only said to be
 * there are queued, and the manifest waits for them, held until item_settled().
 * 0 if there are none, or if that was done before.
 */
int	item_resend(struct pusher *, struct item *);

/* manifest.c: send a manifest; what is below it is there. */
void	manifest_send(struct pusher *, struct item *);
/* The proof ended: send those that it held. */
void	manifest_release(struct pusher *);

/* ask.c: no manifest is under way. */
void	ask_manifests_ended(struct pusher *);

/* lane.c: the blob waits for its turn; it has a holder. */
void	lane_add(struct pusher *, struct item *);
/* The next large one that may start; NULL if none may. */
struct item *lane_next(struct pusher *);
void	lanes_free(struct pusher *);

/* slow.c: look at what is under way, from now on. */
void	slow_watch(struct pusher *);

/* xfer.c: start what may start. */
void	xfer_schedule(struct pusher *);
/* Work that waits for nothing; 1 while there is more. */
int	xfer_work(struct pusher *);

/* heap.c */
/* Larger before smaller, earlier before later. */
int	heap_before(const struct item *, const struct item *);
void	heap_push(struct heap *, struct item *);
struct item *heap_pop(struct heap *);	/* NULL if it is empty */

#endif
