#ifndef ACEDT_FETCH_H
#define ACEDT_FETCH_H

#include "lib/cache.h"
#include "lib/image.h"
#include "lib/net.h"
#include "lib/reg.h"
#include "lib/stage.h"
#include "tools/acedt-fetch/have.h"

/* What the command line says, and what holds for all records. */
struct fetch_options {
	int		 roots;		/* --roots */
	int		 recursive;	/* -r */
	struct have	*have;		/* --have; NULL without */
	struct cache	*cache;
	void		**asked;	/* wants under way: see struct want */
};

/*
 * A manifest that is being fetched.  Of several at a time that want the same
 * digest, of one record or of many, one asks; a tree of tsearch(3) has these.
 */
struct want {
	struct fetch	*fetch;		/* borrowed */
	struct descriptor desc;
	enum edge_kind	 kind;		/* why: a missing subject is no error */
	char		*subject;	/* owned: it must be this one's referrer */
	int		 depth;		/* below a root */
	int		 present;	/* below one that the destination has */
	struct reg_call	 call;
	struct want	*next;		/* of its record */
	struct want	*waiting;	/* those that want the answer too */
	struct want	*next_waiting;
};

/* One record being completed. */
struct fetch {
	struct job		*job;
	struct net		*net;
	const struct fetch_options *opt;
	struct image		 img;
	struct place		*place;
	struct want		*wants;	/* all that were asked for */
	size_t			 pending; /* requests under way */
	size_t			 bytes;	/* of manifests */
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
/* Ask for a manifest, unless it is there or was asked for. */
void	fetch_want(struct fetch *, const struct descriptor *, enum edge_kind,
	    const char *subject, int depth, int present);
/* The first error of a record ends it. */
void	fetch_failed(struct fetch *, const struct err *);
/* A request begins; it has ended: go on, or hand the record on. */
void	fetch_hold(struct fetch *);
void	fetch_release(struct fetch *);

/* platform.c: what the config of a single image says, for acedt-filter. */
void	fetch_platform(struct fetch *);

/*
 * referrers.c: ask for the referrers of every manifest that has not been asked
 * for yet.  1 if questions were asked, 0 if there was nothing to ask.
 */
int	referrers_ask(struct fetch *);
void	referrers_clear(struct fetch *);

#endif
