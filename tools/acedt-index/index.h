#ifndef ACEDT_INDEX_H
#define ACEDT_INDEX_H

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/pairs.h"
#include "lib/oci/dest.h"
#include "lib/program/net.h"
#include "tools/acedt-index/gather.h"
#include "tools/acedt-index/original.h"

/* Images that are named when nothing of them was selected. */
#define LEFT_OUT_NAMED		10

struct indexer {
	struct net	 net;
	struct dest	 dest;
	struct gather	 gather;
	struct original	 original;
	struct pairs	 annotations;
	int		 fallback;
	int		 print;
	int		 allow_empty;
	int		 overwrite;
	int64_t		 images;	/* how many must come; -1: any number */
	struct buf	 left_out;	/* names of some, for people */
	unsigned long	 nleft_out;	/* images without an entry */
	unsigned long	 failed;	/* images */
	const char	*media_type;	/* borrowed: of what is published */
	char		*said;		/* owned: an error that others have */
	char		*said_of;	/* owned: the first image that has it */
	unsigned long	 said_again;	/* images */
	/* What the tag names, as acedt-fetch --have saw it in this run. */
	char		*known;		/* owned; NULL: nobody looked */
	int		 unsure;	/* the records do not agree */
};

/*
 * records.c: read the stream, and gather its images.  What makes the index
 * incomplete ends the program, with a word for each image.
 */
void	records_read(struct indexer *);
/*
 * Open the destination, if that was not done yet.  A failure ends the program.
 */
void	records_open_dest(struct indexer *);

#endif
