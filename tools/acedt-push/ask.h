#ifndef ACEDT_ASK_H
#define ACEDT_ASK_H

#include "tools/acedt-push/push.h"
#include "tools/acedt-push/transfer.h"
#include "tools/acedt-push/upload.h"

/*
 * Is a blob at the destination?  These functions look at what is known, and say
 * what a transfer does next; they change no transfer's state.
 */
enum ask_step {
	ASK_HEAD,			/* ask_send_head() */
	ASK_MOUNT,			/* ask_send_mount() */
	ASK_OTHERS,			/* wait; ask_weigh() after p->woken */
	ASK_OPEN,			/* it is missing: open an upload */
	ASK_READ,			/* it is missing: read and send it */
	ASK_PRESENT,			/* it is there */
	ASK_MOUNTED,			/* it is there by a mount */
	ASK_FAIL			/* *err says why */
};

/* From the beginning. */
enum ask_step ask_begin(struct transfer *, struct err *);
void	ask_send_head(struct transfer *, upload_fn done);
void	ask_send_mount(struct transfer *, upload_fn done);
/* The answer, or answer says why there is none; *err for ASK_FAIL. */
enum ask_step ask_told_head(struct transfer *, const struct err *answer,
	    struct err *err);
enum ask_step ask_told_mount(struct transfer *, const struct err *answer,
	    struct err *err);
/* An upload was opened, or others found out something. */
enum ask_step ask_weigh(struct transfer *);
/* It does not ask by HEAD any more. */
void	ask_left_head(struct transfer *);
/* It does not go in one POST any more, whatever came of that. */
void	ask_left_single(struct transfer *);

/* A blob is known to be at the destination. */
void	ask_found(struct pusher *, struct item *blob);
/* No upload was opened: if nobody may push, that holds for all blobs. */
void	ask_denied(struct pusher *, const struct err *);
/* Those that wait for what others find out look again. */
void	ask_wake(struct pusher *);
/* From the loop: what waits for the end of manifests.  1: something began. */
int	ask_work(struct pusher *);
/* Is a manifest to wait, as the proof is under way? */
int	ask_holds_manifests(const struct pusher *);

#endif
