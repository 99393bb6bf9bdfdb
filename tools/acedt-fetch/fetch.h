#ifndef ACEDT_FETCH_H
#define ACEDT_FETCH_H

#include "lib/program/cache.h"
#include "lib/program/net.h"
#include "lib/program/stage.h"
#include "lib/registry/reg.h"
#include "lib/stream/image.h"
#include "tools/acedt-fetch/have.h"

/* What the command line says, and what holds for all records. */
struct fetch_options {
	int		 roots;		/* --roots */
	int		 recursive;	/* -r */
	struct have	*have;		/* --have; NULL without */
	struct cache	*cache;
};

struct question;
struct want;

/* One record being completed. */
struct fetch {
	struct job		*job;
	struct net		*net;
	const struct fetch_options *opt;
	struct image		 img;
	struct place		*place;
	struct want		*wants;	/* all of them, done or not */
	size_t			 nwants;
	void			*wanted; /* the same: a tree of tsearch(3) */
	struct want		*parked, **parked_end; /* for lack of room */
	struct fetch		*next_parked;
	size_t			 pending; /* what it waits for, see fetch_hold() */
	size_t			 bytes;	/* of manifests, wrong ones too */
	int			 failed;
	struct err		 err;	/* the first error */
	size_t			 had;	/* contents that came with the record */
	/* -r */
	struct question		*questions; /* digests asked for referrers */
	/* --roots */
	int			 platform_asked;
	struct reg_call		 config;
	struct descriptor	 config_desc;
	char			*platform; /* owned: JSON for the record */
};

/* fetch.c: the manifests of a record. */
void	fetch_begin(struct job *, struct net *, const struct fetch_options *);
/*
 * The first error of a record ends it: what it waits for is called off.  The
 * caller holds the record.
 */
void	fetch_failed(struct fetch *, const struct err *);
/* Something begins that the record waits for. */
void	fetch_hold(struct fetch *);
/* The same has ended: go on, or hand the record on, which frees it. */
void	fetch_release(struct fetch *);
/* The same for one who holds the record otherwise, too. */
void	fetch_drop(struct fetch *);
/* A manifest is among the image's contents: go on with what it names. */
void	fetch_got(struct fetch *, const char *digest, int is_referrer,
	    int depth, int present);

/*
 * want.c: get a manifest, unless it is there or was wanted before for the same
 * reason.  kind says why; subject, if not NULL, is what it must refer to; depth
 * is how far below a root it is, present that the destination has it.
 */
void	fetch_want(struct fetch *, const struct descriptor *, enum edge_kind,
	    const char *subject, int depth, int present);
void	wants_cancel(struct fetch *);
void	wants_free(struct fetch *);
/* For struct stage: begin what had to wait for room. */
int	wants_work(struct stage *);

/* platform.c: what the config of a single image says, for acedt-filter. */
void	fetch_platform(struct fetch *);

/*
 * referrers.c: ask for the referrers of every manifest that has not been asked
 * for yet.  1 if questions were asked, 0 if there was nothing to ask.
 */
int	referrers_ask(struct fetch *);
void	referrers_cancel(struct fetch *);
void	referrers_clear(struct fetch *);

#endif
