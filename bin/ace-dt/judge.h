#ifndef ACEDT_JUDGE_H
#define ACEDT_JUDGE_H

#include <stddef.h>

struct proc;

/*
 * Who is to blame when stages of a pipeline fail.  A stage that failed only
 * because of another one is not the cause: one that was cut off by its reader
 * (SIGPIPE), one that we killed, one whose input ended too early because its
 * writer failed.  Nothing is started, stopped or printed here.
 */

enum judgement {
	JUDGE_WELL,		/* no stage has failed yet */
	JUDGE_UNSURE,		/* one failed, its cause may still come */
	JUDGE_STOP		/* the cause is known: stop the others */
};

/* While stages run: what those that have ended by now mean for the others. */
enum judgement judge_now(const struct proc *, size_t n);

/*
 * All stages have ended: the exit status for the whole.  *why is set to the
 * message for people, which the caller frees, or to NULL if there is nothing to
 * say, or nothing that a stage has not said itself.
 */
int	judge_end(const struct proc *, size_t n, char **why);

#endif
