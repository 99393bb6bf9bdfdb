#ifndef ACEDT_REG_H
#define ACEDT_REG_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/errmsg.h"
#include "lib/http/http.h"
#include "lib/http/loop.h"

struct challenge;
struct outage;
struct creds;
struct helpers;
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
 * endpoints in turn, under the names that rewritePull makes, and at the registry
 * itself last.  Remembered: asking again gives the same pointer, which lives as
 * long as the reg.  NULL with *err filled if its credentials cannot be read.
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
	 * The end.  err is NULL after a 2xx; else it says why, and status() is the
	 * answer's status, 0 without one.  The call may be cleared or started
	 * again from here.
	 */
	void		(*on_done)(struct reg_call *, const struct err *err);

	struct http_call http;		/* answer: status, reply, headers */

	/* Private. */
	struct reg_call	*next;
	struct loop_timer timer;
	struct route	*route;		/* the endpoint that is asked */
	unsigned long	 asked;		/* endpoints in this round, bits */
	unsigned long	 final;		/* of those, asked once for all */
	unsigned long	 shunned;	/* by reg_shun() */
	struct reg_repo	*shunned_of;
	int		 may_pass;	/* something in this round may mend */
	char		*before;	/* what other endpoints said */
	const char	*from_name;
	char		*url;
	char		*extra_scope;
	char		*auth_used;	/* header that the last try carried */
	int		 fresh_token;	/* fetched for this very try */
	int		 tries;
	int64_t		 began;		/* clock_ms() of the first */
	int		 auth_tries;
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
/* Start it and wait for its end, where there is nothing else to do: 0 or -1. */
int	reg_ask(struct reg_call *, struct err *);
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
