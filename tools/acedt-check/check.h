#ifndef ACEDT_CHECK_H
#define ACEDT_CHECK_H

#include "lib/oci/dest.h"
#include "lib/program/net.h"
#include "lib/program/sources.h"
#include "lib/registry/reg.h"

/* One registry, or one layout, of the list, or the destination. */
struct subject {
	char		*name;		/* owned: "reg.example.com", "oci:DIR" */
	int		 writing;	/* it is the destination */
	size_t		 asked, good;	/* repositories */
	/* Of the first good answer, else of the first bad one; owned. */
	char		*endpoint;
	char		*address;
	char		*tls;		/* "" for plain http */
	char		*account;
	char		*quota;		/* NULL where nothing is said */
	int		 answered;	/* it is from a good one */
	struct subject	*next;
};

/* One question: may this be read, or written? */
struct question {
	struct check	*check;		/* borrowed */
	struct subject	*subject;	/* borrowed */
	const struct source *src;	/* borrowed; NULL for the destination */
	struct reg_call	 call;
	char		*session;	/* owned: an upload to be cancelled */
	struct question	*next;
};

struct check {
	struct net	 net;
	struct sources	 list;
	struct dest	 dest;
	struct subject	*subjects, **subjects_end;
	struct question	*questions;
	size_t		 pending;
	int		 failed;
};

/* report.c */
/* Keep what a finished call says about its registry. */
void	subject_note(struct subject *, struct reg_call *, int good);
void	report(const struct check *);
void	subjects_free(struct check *);

#endif
