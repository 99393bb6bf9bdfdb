#ifndef ACEDT_STAGE_H
#define ACEDT_STAGE_H

#include <stddef.h>

#include "lib/stream/stream.h"

struct err;
struct loop;

/*
 * The loop of a stage that works on many records at a time: records come in,
 * jobs run, records leave in the order in which they came, or as they are done.
 * A window bounds how many are under way, and how large they are with what they
 * have grown by; a reader that is slow stops the reading.
 */

enum job_state {
	JOB_WAITS,		/* begin() was called; its end is to come */
	JOB_DONE,		/* its record can be written */
	JOB_DROPPED		/* its record leaves the stream */
};

struct job {
	struct record	 rec;
	struct stage	*stage;		/* borrowed */
	size_t		 bytes;		/* of the record, see job_grows() */
	enum job_state	 state;
	void		*about;		/* borrowed: of next(), or NULL */
	struct job	*next;
};

struct stage {
	/* Set by the tool. */
	const char	*name;		/* of the program, for error records */
	struct loop	*loop;		/* borrowed; NULL: jobs never wait */
	size_t		 jobs_max;	/* how many at a time */
	size_t		 bytes_max;	/* of their records, roughly */
	int		 unordered;	/* none waits for one before it */
	int		 again;		/* take errors off, begin with all */
	int		 failed_too;	/* begin with images that failed, too */
	int		 any_count;	/* see struct stream_in */
	void		*arg;
	/* Begin with an image; job_done() and the like come now or later. */
	void		(*begin)(struct job *);
	/*
	 * Where records come from instead of standard input, or NULL: 1 with
	 * *rec filled, and *about set for the job; 0 at the end.
	 */
	int		(*next)(struct stage *, struct record *rec,
			    void **about);
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
	struct loop	*own_loop;	/* owned: where the tool has none */
};

/*
 * All that the tool sets is set: look at standard input and output, which a
 * sandbox may forbid later, and ask a terminal for a stream.
 */
void	stage_open(struct stage *);

/*
 * Run one that is open to the end.  Returns the exit status, 0 or 1; what stops
 * it before that is logged and ends the program.
 *
 * Records of unknown types pass
 * without begin(), and those of images with an error too; with failed_too these
 * begin, with again they lose it and begin.
 */
int	stage_run(struct stage *);

/*
 * The record is about to have this many bytes more, or fewer, than the job has
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
/* The record is not written. */
void	job_drop(struct job *);

#endif
