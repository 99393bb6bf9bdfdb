#ifndef ACEDT_REG_H
#define ACEDT_REG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "lib/base/errmsg.h"
#include "lib/http/http.h"
#include "lib/http/loop.h"
#include "lib/registry/auth.h"

struct challenge;
struct outage;
struct creds;
struct helpers;
struct quota;
struct registries;

/*
 * Requests to registries, OCI distribution-spec: endpoints, authentication,
 * redirects, and trying again, on top of http.h.  One origin never sees the
 * credentials of another.
 */

struct reg;
struct reg_repo;
struct patience;
struct shared;

/* All are borrowed and must outlive it. */
struct reg *reg_new(struct http *, struct registries *, size_t calls_max,
	    struct creds *,
	    struct helpers *, struct shared *, const struct patience *);
void	reg_free(struct reg *);

/*
 * A repository of a registry, as in struct ref, to read from: at the registry's
 * endpoints in turn, under the names that rewritePull makes, and at the
 * registry itself last.  Remembered: asking again gives the same pointer, which
 * lives as long as the reg.  NULL with *err filled if its credentials cannot be
 * read.
 */
struct reg_repo *reg_repo(struct reg *, const char *host, const char *repo,
	    struct err *);
/* The same to write to: at the first endpoint, never rewritten. */
struct reg_repo *reg_dest(struct reg *, const char *host, const char *repo,
	    struct err *);
/* "host/repository", for messages and the record.  Borrowed. */
const char *reg_repo_name(const struct reg_repo *);
/*
 * The name that a source has at the registry of the destination, if it is
 * there too, reached at the same endpoint: what to mount from.  NULL if not.
 * Borrowed.
 */
const char *reg_mount_name(const struct reg_repo *from,
	    const struct reg_repo *dest);

/* Is the URL one of the endpoint that the destination is written to? */
int	reg_is_own(const struct reg_repo *dest, const char *url);

/* Has the registry the referrers API?  1, 0, or -1: not known yet. */
int	reg_referrers_api(const struct reg_repo *);
void	reg_set_referrers_api(struct reg_repo *, int);
/* The origin for which that holds.  Borrowed. */
const char *reg_referrers_origin(const struct reg_repo *);

struct reg_answer;
struct reg_call;

/*
 * Endpoints whose content was wrong, or too little, for requests that are made
 * one after the other for the same content; all zero at first.
 */
struct reg_avoid {
	unsigned long	 endpoints;	/* bits, of the routes of repo */
	const struct reg_repo *repo;	/* borrowed */
	size_t		 last;		/* the one that was asked last */
};
/* The next request with it goes to another endpoint, if there is one. */
void	reg_avoid_last(struct reg_avoid *);

/*
 * A request, built once.  What is not named is zero:
 *
 *	struct reg_request req = {
 *		.method = "GET",
 *		.path = path,
 *		.accept = MANIFEST_ACCEPT,
 *		.reply_max = MANIFEST_BYTES_MAX
 *	};
 *
 *	x->call = reg_send(repo, &req, x_answered, x);
 *
 * The struct, path and url are copied; everything else that is pointed to is
 * borrowed until the end of the call.
 */
struct reg_request {
	const char	*method;
	const char	*path;		/* below /v2/REPOSITORY/ */
	const char	*url;		/* from reg_answer_url(): where to send
					 * it; path, or none, is for messages */
	int		 push;		/* needs the right to push */
	struct reg_repo	*from;		/* a mount: pull rights there too */
	const char	*accept;
	const char	*content_type;
	const void	*body;
	size_t		 body_len;
	int64_t		 range_from;	/* > 0: Range from there to the end */
	int64_t		 range_size;	/* whole size of the content */
	int64_t		 part_from;	/* Content-Range of the body, */
	int64_t		 part_end;	/* up to before that; 0: none */
	const char	*about;		/* a digest, for the log */
	size_t		 reply_max;	/* bytes; 0: enough for an error */
	const char	*digest;	/* of the answer's body, or NULL */
	struct reg_avoid *avoid;	/* or NULL */
	int		 transfer;	/* counted by its caller, not in the
					 * host's limit of calls */
	int		 large;		/* a large body: large buffers */
	int		 commit;	/* the end of an upload: may last */
	int		 once;		/* it is not tried again */
	int		 hurry;		/* nor is a connection waited for */

	/* Streaming, with the arg of reg_send(); see http.h. */
	int64_t		 upload_size;	/* bytes, with on_read */
	size_t		(*on_read)(void *arg, char *, size_t room);
	/* A 2xx is there, without its body: 1 if that goes to on_data. */
	int		(*on_head)(void *arg, const struct reg_answer *);
	size_t		(*on_data)(void *arg, const char *, size_t n);
};

/* What came, from the endpoint that was asked last. */
struct reg_answer {
	long		 status;	/* 0: no answer */
	const char	*body;		/* borrowed; "" if there is none */
	size_t		 body_len;
	int		 broken;	/* the connection failed, or broke */
	int		 passing;	/* the same request may succeed later */
	const char	*endpoint;	/* borrowed: "https://host" */
	const char	*address;	/* borrowed: "" without a connection */
	const struct tls *tls;		/* borrowed; NULL for http */

	struct reg_call	*call;		/* private */
};

/*
 * The end, always from the loop and after reg_send() has returned.  err is NULL
 * after a 2xx, else it says why.  The answer lives until this returns, and so
 * does the call.
 */
typedef void reg_done(void *arg, const struct reg_answer *,
	    const struct err *err);

/* Send it.  The call is good until done is called; NULL is never returned. */
struct reg_call *reg_send(struct reg_repo *, const struct reg_request *,
	    reg_done *done, void *arg);
/* End it now, without done; from within done nothing is left to do. */
void	reg_abandon(struct reg_call *);
/* It paused while streaming: go on. */
void	reg_resume(struct reg_call *);
/*
 * Send it, and run the loop until done was called, where there is nothing else
 * to do.  Not from a callback.
 */
void	reg_ask(struct reg_repo *, const struct reg_request *, reg_done *done,
	    void *arg);

/*
 * The nth field (from 0) of that name, or NULL.  Borrowed until the next call
 * of this function for the same answer.
 */
const char *reg_answer_field(const struct reg_answer *, const char *name,
	    size_t nth);
/* The body, for the caller to free; the answer has none after that. */
char	*reg_answer_take_body(const struct reg_answer *);
/*
 * The URL that a Location or Link of this answer means; NULL with *err filled
 * where it may not be followed (other scheme, downgrade from https).  The
 * caller frees it.
 */
char	*reg_answer_url(const struct reg_answer *, const char *location,
	    struct err *);
/* The same, of the registry's own origin only. */
char	*reg_answer_own_url(const struct reg_answer *, const char *location,
	    struct err *);
/* What it says is left of a quota. */
void	reg_answer_quota(const struct reg_answer *, struct quota *);
/* As whom it was asked, for people; the caller frees it. */
char	*reg_answer_account(const struct reg_answer *);

/*
 * The same with a call that its caller embeds and may start again, for
 * acedt-push and lib/transfer.  Everybody else has reg_send().
 */
struct reg_call {
	/* Set by the caller between reg_call_init() and reg_start(). */
	struct reg_repo	*repo;
	const char	*method;
	char		*path;		/* owned: below /v2/REPOSITORY/ */
	char		*location;	/* owned: a whole URL instead of path */
	int		 push;		/* needs the right to push */
	struct reg_repo	*from;		/* a mount: pull rights there too */
	const char	*accept;	/* borrowed */
	const char	*content_type;	/* borrowed */
	const void	*body;		/* borrowed, kept until on_done */
	size_t		 body_len;
	int64_t		 range_from;	/* > 0: Range from there to the end */
	int64_t		 range_size;	/* whole size of the content */
	int64_t		 part_from;	/* Content-Range of the body, */
	int64_t		 part_end;	/* up to before that; 0: none */
	const char	*about;		/* borrowed: a digest, for the log */
	size_t		 reply_max;
	const char	*digest;	/* borrowed: of the reply, or NULL */
	int		 transfer;	/* counted by its caller, not in the
					 * host's limit of calls */
	int		 large;		/* a large body: large buffers */
	int		 commit;	/* the end of an upload: may last */
	int		 once;		/* do not try again by yourself */
	int		 hurry;		/* nor wait long for a connection */
	void		*arg;

	/* Streaming, with arg in call->arg; see http.h. */
	int64_t		 upload_size;
	size_t		(*on_read)(struct reg_call *, char *, size_t room);
	int		(*on_head)(struct reg_call *);
	size_t		(*on_data)(struct reg_call *, const char *, size_t n);

	/*
	 * The end, which comes from the loop.  err is NULL after a 2xx; else
	 * it says why, and the answer's status is 0 if there is no answer.
	 * The call may be cleared or started again from here.
	 */
	void		(*on_done)(struct reg_call *, const struct err *err);

	struct http_call http;		/* answer: status, reply, headers */

	/* Private. */
	struct auth_wait auth;
	TAILQ_ENTRY(reg_call) queued;
	struct loop_timer timer;
	struct loop_deferred end;	/* of CALL_FAILING */
	struct err	*failure;	/* owned: the same */
	struct route	*route;		/* the endpoint that is asked */
	unsigned long	 asked;		/* endpoints in this round, bits */
	unsigned long	 final;		/* of those, asked once for all */
	struct reg_avoid *avoid;	/* borrowed: of the request, or … */
	struct reg_avoid own_avoid;
	int		 of_request;	/* made by reg_send() */
	int		 may_pass;	/* something in this round may mend */
	char		*before;	/* what other endpoints said */
	char		*url;
	int		 tries;
	int64_t		 began;		/* clock_ms() of the first */
	int		 redirects;
	int		 state;
	int		 probing;
	int		 counted;
	int		 own;		/* sent to the endpoint itself */
	int		 outlasts;	/* waits for its host to come back */
	int		 is_probe;	/* sent to see whether it is back */
	int		 given_up;	/* it did not come */
	int		 expects;	/* libcurl may ask before the body */
	int		 unexpected;	/* that was refused, in mid-body */
	int		 token_expired;	/* a 401 to a token that was good before */
	struct outage	*elsewhere;	/* owned: of a redirect's target */
	int		 is_final;	/* so says the code of the last error */
};

void	reg_call_init(struct reg_call *);
/* Ends it without on_done if it is under way; frees what it owns. */
void	reg_call_clear(struct reg_call *);
void	reg_start(struct reg_call *);
/* End it now, without on_done; it may be started again. */
void	reg_cancel(struct reg_call *);
/*
 * What came through on_data was wrong, or too little: when the call is started
 * again, it goes to another endpoint if there is one.
 */
void	reg_shun(struct reg_call *);
/* Where the answer came from: "https://host", borrowed. */
const char *reg_endpoint(const struct reg_call *);
/* As whom it was asked, for people; the caller frees it. */
char	*reg_account(const struct reg_call *);

/* A response header, as http_header(). */
char	*reg_header(struct reg_call *, const char *name);

/*
 * The URL that a Location or Link of this answer means; NULL with *err filled
 * where it may not be followed (other scheme, downgrade from https).  The
 * caller frees it.
 */
char	*reg_resolve(const struct reg_call *, const char *location,
	    struct err *);
/* The same, of the registry's own origin only. */
char	*reg_resolve_same(const struct reg_call *, const char *location,
	    struct err *);

/* May the failed call succeed when it is tried again later? */
int	reg_is_passing(const struct reg_call *);
/* How long to wait before try n (from 1), in ms, with jitter. */
int64_t	reg_backoff(int n);

#endif
