#ifndef ACEDT_BROKER_H
#define ACEDT_BROKER_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/limits.h"

/*
 * The process that runs credential helpers for a stage, which itself may start
 * no program.  It is forked before the stage enters its sandbox, knows the
 * names of the helpers that the user's files have, and starts no other.  Both
 * talk over a socket that keeps the bounds of messages, one for a question,
 * one for its answer, in any order.  When the stage closes its end or dies, the
 * broker and the helpers that run end too, with all that these started.
 */

enum broker_how {
	BROKER_ENDED,		/* value: the status of waitpid(2) */
	BROKER_NOT_RUN,		/* value: an error number */
	BROKER_TOO_LATE,	/* it was killed, with what it started, and … */
	BROKER_TOO_LONG		/* … so it was when it had too much to say */
};

struct broker_question {
	uint32_t	id;
	char		name[REF_NAME_MAX + 1];
	char		server[REF_NAME_MAX + 1];
};

struct broker_answer {
	uint32_t	id;
	uint32_t	len;
	int32_t		value;
	enum broker_how	how;
	char		text[HELPER_ANSWER_MAX];	/* len bytes of it */
};

/* How many bytes of an answer are sent. */
#define BROKER_ANSWER_LEN(n)	(offsetof(struct broker_answer, text) + (n))

/*
 * Fork it; names ends with NULL.  Returns our end of the socket, which does not
 * block, with *pid set; or -1 with errno.  Nothing may run beside the caller.
 */
int	broker_start(const char *const *names, int *pid);

/* So long a helper may take: $ACE_DT_HELPER_SECONDS, or the usual. */
int	broker_seconds(void);

#endif
