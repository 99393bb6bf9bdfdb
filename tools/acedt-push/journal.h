#ifndef ACEDT_JOURNAL_H
#define ACEDT_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "lib/transfer/snapshots.h"

struct buf;

/*
 * Uploads under way, noted in CACHE/uploads, one file each: where the registry
 * keeps it open, and the state of the digest at the last few places.  The run
 * after one that was killed reads it, asks the registry how much it has, and
 * goes on there.  A convenience as the cache is: what is missing, old or broken
 * only means that a blob begins at its first byte.
 */
struct journal {
	char	*dir;			/* owned; NULL: there is none */
	int	 fd;			/* of dir */
	int	 off;			/* it cannot be written: said once */
};

/* One upload.  All zero is one that is not noted. */
struct journal_entry {
	int	 noted;
	int	 fd;			/* locked as long as it is open */
	struct journal *journal;	/* borrowed */
	char	*name;			/* owned: in the journal's folder */
	char	*head;			/* owned: what it is about */
};

/*
 * Makes the folder, and removes old entries there; path is the configuration's
 * cachePath, or NULL.  A folder that is a link, another user's, or one that
 * others may write to, is not used.
 */
void	journal_open(struct journal *, const char *path);
void	journal_close(struct journal *);

/*
 * Take hold of the entry of a digest at a destination, unless another process
 * has, or what has its name is not a file of ours: then it is not noted.  What
 * an earlier run left comes in *session, the caller's, with its snapshots; NULL
 * if there is nothing.
 */
void	journal_begin(struct journal *, struct journal_entry *,
	    const char *dest, const char *digest, char **session,
	    struct snapshots *);
void	journal_write(struct journal *, struct journal_entry *,
	    const char *session, const struct snapshots *);
/* keep: the upload may go on another time. */
void	journal_end(struct journal_entry *, int keep);

/*
 * The text of an entry: its head, the session, the snapshots, a last line that
 * shows that it is whole.  journal_print: -1 if it is too long for the buffer.
 * journal_parse writes into the text; *session is the caller's, NULL if this is
 * no entry with that head.
 */
int	journal_print(struct buf *, const char *head, const char *session,
	    const struct snapshots *);
void	journal_parse(char *text, const char *head, const char *digest,
	    char **session, struct snapshots *);

#endif
