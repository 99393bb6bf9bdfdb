#ifndef ACEDT_REQUEST_H
#define ACEDT_REQUEST_H

#include <stddef.h>
#include <sys/queue.h>

struct err;
struct fetcher;
struct reg_call;
struct reg_repo;

enum request_state {
	REQUEST_IDLE,
	REQUEST_ASKS,		/* by its own call */
	REQUEST_WAITS		/* for the answer to the call of another */
};

/*
 * The GET of a manifest by its digest.  Of several that are under way for the
 * same digest one asks, and all get its answer.
 */
struct request {
	/* Set by the caller between request_init() and request_start(). */
	const char	*digest;	/* borrowed */
	struct reg_repo	*repo;		/* borrowed: whom to ask */
	struct reg_repo	*source;	/* borrowed: whom to ask after that one;
					 * or NULL */
	int		 only_here;	/* an answer from elsewhere is no use */
	void		*arg;
	/*
	 * The end.  The bytes are borrowed until it returns, and have the
	 * digest; they are NULL, and err says why, if they could not be had.
	 * state still tells whether this request asked, or waited for another.
	 */
	void		(*on_done)(struct request *, const char *bytes,
			    size_t len, const struct err *err);
	enum request_state state;	/* to be read only */

	/* Private. */
	struct fetcher	*all;		/* borrowed */
	struct reg_repo	*asked;		/* borrowed: who was asked last */
	struct reg_call	*call;		/* while it asks, else NULL */
	struct request	*asker;		/* for whose answer it waits */
	LIST_HEAD(, request) waiting;	/* those that wait for this one's */
	LIST_ENTRY(request) next;
};

void	request_init(struct request *, struct fetcher *);
/* on_done comes from the loop. */
void	request_start(struct request *);
/* End it without on_done; those that wait for its answer ask for themselves. */
void	request_cancel(struct request *);
void	request_clear(struct request *);	/* it must be idle */

#endif
