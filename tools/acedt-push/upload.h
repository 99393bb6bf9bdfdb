#ifndef ACEDT_UPLOAD_H
#define ACEDT_UPLOAD_H

#include <stddef.h>
#include <stdint.h>

#include "lib/registry/reg.h"
#include "tools/acedt-push/journal.h"

/*
 * One blob on its way into a registry, distribution-spec "Pushing blobs": the
 * requests, and what their answers say.  Where the bytes come from, and what is
 * done next, is the business of who calls.
 */
struct upload {
	/* Set by the caller. */
	struct reg_repo	*repo;		/* borrowed, as the others */
	const char	*digest;
	int64_t		 size;
	const char	*dest;		/* its name, for the journal */
	int64_t		 chunk_size;	/* as configured; 0: all at once */
	struct journal	*journal;
	/* Bytes of the body, at most room, at least one is asked for. */
	size_t		(*read)(void *, char *, size_t room);
	void		*arg;

	struct reg_call	 call;		/* its arg is the upload */
	char		*session;	/* owned: where it goes on, or NULL */
	int		 earlier;	/* the session is of an earlier run */
	int64_t		 have;		/* bytes that the registry had before */
	int64_t		 sent;		/* where the next byte belongs */
	int64_t		 part_end;	/* of what is being sent */
	int64_t		 chunk;		/* most in one request; 0: all */
	struct journal_entry entry;
};

typedef void	(*upload_fn)(struct reg_call *, const struct err *);

void	upload_init(struct upload *);
/* It is over; keep: the next run may go on with it. */
void	upload_end(struct upload *, int keep);
/* Free what one that is over owns. */
void	upload_clear(struct upload *);
/* Nothing was sent: what the registry has is not gone on with. */
void	upload_forget(struct upload *);

/* What an earlier run left: then there is a session, to be asked about. */
void	upload_recall(struct upload *, struct snapshots *);
void	upload_note(struct upload *, const struct snapshots *);

/* Forget the last request, make ready for another one. */
struct reg_call *upload_request(struct upload *, const char *method,
	    upload_fn done);
/* Requests: each ends in done. */
void	upload_open(struct upload *, upload_fn done);
void	upload_ask_status(struct upload *, upload_fn done);
void	upload_post(struct upload *, const void *bytes, upload_fn done);
void	upload_put(struct upload *, const void *bytes, upload_fn done);
void	upload_stream(struct upload *, upload_fn done);
/* The bytes that are next; in the end upload_commit() follows. */
void	upload_send_chunk(struct upload *, upload_fn done);
void	upload_commit(struct upload *, upload_fn done);
/* Has it to go in chunks? */
int	upload_is_chunked(const struct upload *);
/*
 * An upload that was opened in vain is closed, where that is asked of the
 * registry itself: 1, or 0 if there is nothing to close.
 */
int	upload_close(struct upload *, upload_fn done);

/* The call's answer opened it: 0, or -1 if that does not say where. */
int	upload_opened(struct upload *, const struct snapshots *, struct err *);
/* A chunk was taken; the same. */
int	upload_moved(struct upload *, const struct snapshots *, struct err *);
/*
 * The answer to upload_ask_status(): 1 if it goes on after u->have bytes, 0 if
 * nothing is left of it, -1 with *err filled if the answer makes no sense.
 */
int	upload_told_status(struct upload *, const struct err *answer,
	    const struct snapshots *, struct err *);
/*
 * An answer that ends an upload: -1 if it does not say so, or names another
 * digest than the blob's.
 */
int	upload_stored(struct upload *, struct err *);

#endif
