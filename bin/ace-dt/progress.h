#ifndef ACEDT_PROGRESS_H
#define ACEDT_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

/*
 * What the events of the stages add up to: what is under way, what is done, and
 * how fast it goes.  The module draws nothing and reads no clock: whoever calls
 * it says what time it is, in the milliseconds of clock_ms().
 */

/* An image or a blob that is under way. */
struct progress_item {
	char			*name;		/* owned: source or digest */
	int64_t			 line;		/* of an image; 0: not known */
	int64_t			 size;		/* of a blob, bytes */
	int64_t			 bytes;		/* of a blob, that have moved */
	int64_t			 since;		/* ms */
	struct progress_item	*next;
};

struct progress {
	struct progress_item	*images;	/* under way, oldest first */
	struct progress_item	*blobs;
	int64_t			 total_images;	/* of the list; 0: not known */
	int64_t			 resolved;	/* of these */
	int64_t			 done_images;
	int64_t			 failed_images;
	int64_t			 plan_bytes;	/* of all blobs needed */
	int64_t			 settled_bytes;	/* of blobs that are done */
	int64_t			 copied_bytes;
	int64_t			 copied_blobs;
	int64_t			 present_blobs;	/* there before, or mounted */
	int64_t			 sent_manifests;
	int64_t			 left_out;	/* images without an entry */
	int			 published;
	int			 changed;	/* the tag names a new index */
	double			 rate;		/* bytes a second */

	/* Called when an image is done, if set; borrows its words. */
	void			(*on_image)(void *arg, const char *source,
				    int64_t bytes);
	void			*arg;

	/* Private. */
	int64_t			 sent_bytes;	/* by blobs that have ended */
	int64_t			 rate_bytes;	/* when the rate was taken */
	int64_t			 rate_at;	/* ms */
	int64_t			 rate_since;	/* ms of the first byte; or 0 */
};

void	progress_init(struct progress *, int64_t now);
void	progress_clear(struct progress *);

/*
 * Count one event, a line of len bytes without its newline.  What is not an
 * event that is known changes nothing.
 */
void	progress_event(struct progress *, const char *line, size_t len,
	    int64_t now);

/* Bring the rate up to date; to be called several times a second. */
void	progress_tick(struct progress *, int64_t now);

/* The bytes of the plan that are settled or have moved. */
int64_t	progress_bytes(const struct progress *);
/* Milliseconds until the plan is carried out, or -1 if nobody can know. */
int64_t	progress_left(const struct progress *);

#endif
