#ifndef ACEDT_FETCH_H
#define ACEDT_FETCH_H

#include <sys/queue.h>

#include "lib/base/errmsg.h"
#include "lib/program/cache.h"
#include "lib/program/net.h"
#include "lib/program/stage.h"
#include "lib/stream/image.h"
#include "tools/acedt-fetch/published.h"

/*
 * Who calls whom, from the top: main.c; fetch.c; referrers.c and platform.c;
 * manifests.c; request.c, subjects.c, published.c and pending.c.  No file calls
 * one that is above it.
 */

struct query;
struct subject_table;
struct want;

TAILQ_HEAD(fetch_list, fetch);
TAILQ_HEAD(query_list, query);

/* What the command line says, and what the records have in common. */
struct fetcher {
	int			 roots;	/* --roots */
	int			 recursive; /* -r */
	struct net		 net;
	struct published	*published; /* --have; NULL without */
	struct cache		*cache;	/* owned */
	struct fetch_list	 ready;	/* see pending.c */
	struct fetch_list	 parked; /* oldest first, see manifests.c */
	void			*requests; /* see request.c */
	struct query_list	 finders, held; /* see referrers.c */
	struct subject_table	*tables; /* owned: see subjects.c */
};

/* What a record does; fetch.c sets it, and nobody else. */
enum fetch_state {
	FETCH_MANIFESTS,	/* gets what the record names */
	FETCH_PLATFORM,		/* reads the config, with --roots */
	FETCH_REFERRERS,	/* asks what refers to the manifests, with -r */
	FETCH_ENDED
};

/* One record being completed. */
struct fetch {
	struct fetcher		*all;	/* borrowed */
	struct job		*job;	/* borrowed */
	enum fetch_state	 state;
	struct image		 img;
	struct place		*place;	/* borrowed: where the image is */
	/* pending.c */
	size_t			 pending; /* what is under way for it */
	int			 is_ready; /* it is in the list of those */
	int			 failed;
	struct err		 err;	/* the first error, if it failed */
	TAILQ_ENTRY(fetch)	 ready;
	/* manifests.c */
	struct want		*wants;	/* owned: all of them, done or not */
	size_t			 nwants;
	void			*wanted; /* the same: a tree of tsearch(3) */
	TAILQ_HEAD(, want)	 parked; /* for lack of room */
	TAILQ_ENTRY(fetch)	 next_parked;
	size_t			 bytes;	/* of manifests, wrong ones too */
	size_t			 had;	/* contents that came with the record */
	/* referrers.c */
	struct query		*queries; /* owned: one for each manifest */
	void			*asked;	/* the same: a tree of tsearch(3) */
	/* platform.c */
	struct descriptor	 config_desc; /* owned */
	char			*platform; /* owned: JSON for the record */
};

/* fetch.c: the steps of a record. */
void	fetch_init(struct fetcher *);
void	fetch_clear(struct fetcher *);
/* For struct stage, whose arg is the struct fetcher. */
void	fetch_begin(struct job *);
int	fetch_work(struct stage *);

/*
 * platform.c: find out what the config of a single image says of its platform.
 * f->platform is set when nothing is under way any more.
 */
void	platform_ask(struct fetch *);

/*
 * referrers.c: ask for the referrers of every manifest that has not been asked
 * for yet, and want what is listed.  1 if something was asked, else 0.
 */
int	referrers_ask(struct fetch *);
/* Call off what is under way. */
void	referrers_cancel(struct fetch *);
void	referrers_clear(struct fetch *);

/* manifests.c: why a manifest is wanted. */
struct want_reason {
	enum edge_kind	 kind;		/* a subject need not exist */
	const char	*subject;	/* borrowed: it must refer to that;
					 * NULL if it need not */
	int		 depth;		/* below a root */
	int		 is_published;	/* the destination has what names it */
};

/*
 * Get a manifest and all that has to be got below it, unless it is there or was
 * wanted before for the same reason.
 */
void	manifests_want(struct fetch *, const struct descriptor *,
	    const struct want_reason *);
/* The same for a root, below which something may be missing in the record. */
void	manifests_want_root(struct fetch *, const struct descriptor *);
/* Call off what is under way. */
void	manifests_cancel(struct fetch *);
void	manifests_clear(struct fetch *);
/* Begin what waits for room, as far as there is room: 1 if something began. */
int	manifests_begin_parked(struct fetcher *);

/*
 * pending.c: what is under way for a record.  When that is nothing any more, or
 * when the record failed, it becomes ready, and fetch_work() takes its next
 * step: so a record never ends under the hands of those who work for it.
 */
void	pending_hold(struct fetch *);	/* something begins */
void	pending_release(struct fetch *); /* it has ended */
/* If nothing is under way, as all answers were there at once, it is ready. */
void	pending_check(struct fetch *);
/* The first error stays; the next step calls off what is under way. */
void	pending_fail(struct fetch *, const struct err *);

#endif
