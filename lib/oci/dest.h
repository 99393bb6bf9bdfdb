#ifndef ACEDT_DEST_H
#define ACEDT_DEST_H

#include "lib/oci/layout.h"
#include "lib/oci/ref.h"

struct err;
struct reg_repo;

/* The IMAGE of a command: the repository or layout that is written to. */
struct dest {
	struct ref	 ref;
	const char	*tag;		/* borrowed: of ref, else "latest" */
	struct reg_repo	*repo;		/* borrowed, NULL for a layout */
	struct layout	 layout;	/* open, unless repo is set */
	char		*name;		/* owned: what "pushed" says in a record:
					 * host/repository or oci:/real/dir */
};

/*
 * Check an IMAGE: no digest; class ERR_USAGE if it is wrong.  Opens
 * nothing: that is net_dest().
 */
int	dest_parse(struct dest *, const char *image, struct err *);
void	dest_close(struct dest *);

#endif
