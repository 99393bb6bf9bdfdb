#ifndef ACEDT_NET_H
#define ACEDT_NET_H

#include <stddef.h>

#include "lib/oci/layout.h"
#include "lib/oci/layout_index.h"
#include "lib/oci/ref.h"
#include "lib/program/config.h"
#include "lib/registry/patience.h"

struct cli;
struct creds;
struct dest;
struct err;
struct helpers;
struct http;
struct loop;
struct reg;
struct reg_repo;
struct shared;

/*
 * What every stage with a network sets up: configuration, credentials, the
 * HTTP engine, and the places that references name.
 */
struct net {
	const char	**config_paths;	/* owned array of borrowed words */
	size_t		 nconfig_paths;
	struct config	 config;
	struct creds	*creds;
	struct helpers	*helpers;
	struct patience	 patience;
	struct shared	*shared;
	struct loop	*loop;
	struct http	*http;
	struct reg	*reg;
	size_t		 ends_max;	/* connections, and files of blobs */
	struct place	*places;
};

/* Where the content of a reference is: one of the two is not NULL. */
struct place {
	struct reg_repo	*repo;		/* borrowed */
	struct layout	*layout;	/* borrowed */
	char		*dir;		/* private, as are the others */
	struct layout_index *index;	/* of the layout, once it was read */
	struct err	*index_err;	/* why it could not be read */
	int		 no_mount;	/* of acedt-push: a mount is refused */
	struct place	*next;
};

/* Before the first option. */
void	net_init(struct net *);
/*
 * Take an option if it is --config, --shared-fd or one of patience.h: 1, else
 * 0.
 */
int	net_option(struct net *, const struct cli *, int id,
	    const char *value);
/*
 * Read configuration and credentials; errors end the program, status 2.  Starts
 * the process that runs credential helpers if there are any.
 */
void	net_open(struct net *);
void	net_close(struct net *);

/*
 * Enter the sandbox of lib/program/sandbox.h, before anything is read that
 * others made.  Sources can be layouts anywhere, as their records say, and
 * hosts.toml can name certificates anywhere: files can be read.  They can be
 * made and changed in the destination, if that is a layout, and below also
 * (either may be NULL).  The directory of a layout is made now, as there is no
 * other way to leave it to us; if the program fails and it is still empty then,
 * it goes again.
 */
void	net_enter(const struct dest *, const char *also);
/* For one that needs no registry: no network, only this layout (or NULL). */
void	net_enter_offline(const struct dest *);

/*
 * The place of a reference, remembered: the same one for the same repository
 * or directory.  NULL with *err filled if it cannot be opened.
 */
struct place *net_place(struct net *, const struct ref *, struct err *);

/*
 * Open a destination that dest_parse() has read; a layout that does not exist
 * is made.
 */
int	net_dest(struct net *, struct dest *, struct err *);

/*
 * The same to look at, for one that only reads: the place of a destination,
 * with its name filled in.  A layout that does not exist is an error.
 */
struct place *net_dest_place(struct net *, struct dest *, struct err *);

/*
 * index.json of a place that is a layout, read once a run; borrowed.  NULL with
 * *err filled, the same one each time, if it cannot be read.
 */
const struct layout_index *net_layout_index(struct place *, struct err *);

#endif
