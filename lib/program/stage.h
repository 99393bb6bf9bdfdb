#ifndef ACEDT_STAGE_H
#define ACEDT_STAGE_H

#include <stddef.h>

#include "lib/stream/stream.h"

struct err;
struct http;

/*
 * The loop of a stage that works on many records at a time: records come in,
 * jobs run, records leave in the order in which they came, or as they are done.
 * A window bounds how many are under way, and how large they are with what they
 * have grown by; a reader that is slow stops the reading.
 */

struct job {
	struct record	 rec;
	struct stage	*stage;		/* borrowed */
	size_t		 bytes;		/* of the record, see job_grows() */
	int		 done;
	void		*state;		/* the tool's own; it frees it */
	struct job	*next;
};

struct stage {
	/* Set by the tool. */
	const char	*name;		/* of the program, for error records */
	struct http	*http;		/* borrowed; NULL without a network */
	size_t		 jobs_max;	/* how many at a time */
	size_t		 bytes_max;	/* of their records, roughly */
	int		 unordered;	/* none waits for one before it */
	int		 again;		/* take errors off, begin with all */
	void		*arg;
	/* Begin with a record; job_done() or job_fail() now or later. */
	void		(*begin)(struct job *);
	/*
	 * Where records come from instead of standard input, or NULL: 1 with
	 * *rec filled, 0 at the end.
	 */
	int		(*next)(struct stage *, struct record *rec);
	/* Work that waits for nothing: 1 while there is more.  Or NULL. */
	int		(*work)(struct stage *);

	/* Private. */
	struct stream_in  in;
	struct stream_out out;
	struct job	*head, **tail;	/* in the order of the input */
	size_t		 njobs;
	size_t		 nbytes;
	unsigned long	 nfailed;	/* by job_fail() */
	int		 source_over;
};

/*
 * Run it to the end.  Returns the exit status, 0 or 1; what stops it before
 * that is logged and ends the program.
 * Records with an error, and of unknown types, pass without begin(); with again
 * those with an error lose it and begin.
 */
int	stage_run(struct stage *);

/*
 * The record is about to have so many bytes more, or fewer, than the job has
 * said before; job_done() and job_fail() set what it has in the end.
 */
void	job_grows(struct job *, ptrdiff_t);
/*
 * Is there room for a record to grow?  For the oldest of all there always is,
 * since others leave after it.
 */
int	job_has_room(const struct job *);
/* A record that became too large for the stream gets an error instead. */
void	job_done(struct job *);
/* The record gets the error, its other members stay. */
void	job_fail(struct job *, const struct err *);

#endif
