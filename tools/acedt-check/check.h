#ifndef ACEDT_CHECK_H
#define ACEDT_CHECK_H

#include "lib/oci/dest.h"
#include "lib/program/net.h"
#include "lib/program/sources.h"
#include "lib/registry/reg.h"

/* One registry, or one layout, of the list, or the destination. */
struct site {
	char		*name;		/* owned: host, or "oci:DIR" */
	int		 writing;	/* it is the destination */
	size_t		 asked, good;	/* repositories */
	/* Of the first good answer, else of the first bad one; owned. */
	char		*endpoint;
	char		*address;
	char		*tls;		/* "" for plain http */
	char		*account;
	char		*quota;		/* NULL where nothing is said */
	int		 answered;	/* they are of a good one */
	struct site	*next;
};

struct probe;

struct check {
	struct net	 net;
	struct sources	 list;
	struct dest	 dest;		/* ref.text is NULL without IMAGE */
	struct site	*sites, **sites_end; /* owned: as they are reported */
	struct probe	*probes;	/* owned */
	void		*asked;		/* repositories: a tree of tsearch(3) */
	size_t		 pending;	/* probes that are under way */
	int		 failed;	/* something is not accessible */
};

/* probe.c: the questions.  Answers come while pending is not 0. */
void	probe_source(struct check *, const struct source *);
/* Of an IMAGE that dest_parse() has read. */
void	probe_dest(struct check *);
void	probes_free(struct check *);

/* report.c: what is said of the registries and layouts. */
/* The one of that name, which is made if it is new. */
struct site *site_of(struct check *, const char *name, int writing);
/* Keep what a finished call says about its registry. */
void	site_note(struct site *, const struct reg_answer *, int good);
void	report(const struct check *);
void	sites_free(struct check *);

#endif
