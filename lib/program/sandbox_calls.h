#ifndef ACEDT_SANDBOX_CALLS_H
#define ACEDT_SANDBOX_CALLS_H

#include <stddef.h>

/* System calls, by seccomp: for sandbox.c, whose users include sandbox.h. */

/*
 * Restrict them for good; flags are SANDBOX_*.  children are the processes that
 * may be signalled, at most SANDBOX_CHILDREN_MAX.  0, or -1 if the calls are
 * not restricted.
 */
int	sandbox_calls_enter(unsigned int flags, const int *children, size_t n);
/* Can they be restricted, in this build and on this kernel? */
int	sandbox_calls_work(void);

#endif
