#ifndef ACEDT_REG_PRIVATE_H
#define ACEDT_REG_PRIVATE_H

#include <sys/queue.h>

#include "lib/http/http.h"
#include "lib/http/loop.h"
#include "lib/registry/creds.h"
#include "lib/registry/endpoint.h"
#include "lib/registry/auth.h"
#include "lib/registry/outage.h"
#include "lib/registry/patience.h"
#include "lib/registry/reg.h"
#include "lib/registry/shared.h"

/*
 * What the files reg*.c share; nobody else includes it.  reg_request.c calls
 * reg.c, and that the others.
 */

enum state {
	CALL_IDLE,
	CALL_QUEUED,		/* in the queue of its host */
	CALL_AUTH,		/* waits for a credential helper, or a token */
	CALL_DELAYED,		/* its timer is set */
	CALL_SENT,
	CALL_FAILING		/* on_done is called on the next turn */
};

/* One origin: scheme and host[:port]. */
struct reg_host {
	struct reg		*reg;		/* borrowed */
	char			*base;		/* owned: scheme://host */
	const char		*name;		/* in base: host[:port] */
	struct auth_host	 auth;
	int			 probing;	/* the first call is under way */
	int			 no_expect;	/* it answers 417 to Expect */
	size_t			 active;	/* calls, without transfers */
	struct shared_host	*shared;	/* borrowed: limits and clocks */
	int			 quota_told;	/* that little of it is left */
	struct outage		 outage;	/* it is not reached */
	int64_t			 resting;	/* clock_ms(): until then a call may go to
						 * another endpoint */
	struct loop_timer	 timer;		/* the queue waits for it */
	struct loop_deferred	 again;		/* or for the next turn */
	TAILQ_HEAD(, reg_call)	 queue;		/* in CALL_QUEUED */
	int			 referrers_api;
	SLIST_ENTRY(reg_host)	 link;
};

/* One way to a repository: an endpoint, and the name there. */
struct route {
	struct reg_host		*host;		/* borrowed */
	char			*path;		/* owned: prefix, "" or "/x" */
	char			*repo;		/* owned */
	struct auth_repo	 auth;
};

struct reg_repo {
	struct reg	*reg;		/* borrowed */
	struct route	*routes;	/* owned, at least one, in order */
	size_t		 n;
	size_t		 prefer;	/* had what was asked for by digest */
	int		 is_dest;
	char		*registry;	/* owned: as in references */
	char		*repo;		/* owned */
	char		*name;		/* owned: registry/repo */
	struct reg_repo	*next;		/* of the same bucket */
};

#define REPO_BUCKETS	1024

struct reg {
	struct http		*http;		/* borrowed, as are the next five */
	struct loop		*loop;		/* of http */
	struct registries	*registries;
	struct creds		*creds;
	struct shared		*shared;
	const struct patience	*patience;
	struct tls_store	*tls;		/* owned */
	size_t			 calls_max;	/* for each host */
	SLIST_HEAD(, reg_host)	 hosts;
	struct reg_repo		*repos[REPO_BUCKETS];
	struct auth		 auth;
};

/* reg_outage.c: hosts that are not reached for a while */
/*
 * May the call go to its host now?  0: yes; else how many ms it waits at the
 * least; -1: the host is given up, and so is the call.
 */
int64_t	reg_outage_gate(const struct reg_call *);
/* It is about to be sent to its host: 0 if another program was faster. */
int	reg_outage_enter(struct reg_call *);
/* It was not sent, or was cancelled. */
void	reg_outage_leave(struct reg_call *);
/* There is a connection for it: 1 if calls may have waited for that. */
int	reg_outage_reached(struct reg_call *);
/* It found nobody, as *err says, in which the place is not yet named. */
void	reg_outage_note(struct reg_call *, const struct err *);
/* What becomes of it after that. */
enum outlast {
	OUTLAST_NOT,		/* it is not sent again for this */
	OUTLAST_HOST,		/* it waits for the host of route *k */
	OUTLAST_ELSEWHERE	/* it waits for where it was redirected to */
};
enum outlast reg_outage_outlast(struct reg_call *, size_t *k);
/* The error of a call that the gate fails. */
void	reg_outage_error(struct reg_call *, struct err *);

/*
 * For a call in OUTLAST_ELSEWHERE: how many ms, 1 or more, until the next look.
 */
int64_t	reg_outage_delay(const struct reg_call *);
/* The look: 1 if it may be sent, 0 if it waits on, -1 with *err if not. */
int	reg_outage_look(struct reg_call *, struct err *);

/* reg_repo.c */
void	reg_repos_free(struct reg *);

#endif
