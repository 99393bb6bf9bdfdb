#ifndef ACEDT_SANDBOX_CALLS_H
#define ACEDT_SANDBOX_CALLS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/program/sandbox.h"

/* Between the files of the sandbox: its users include lib/program/sandbox.h. */

/*
 * System calls, by seccomp: 0, or -1 if they are not restricted.  children are
 * the processes that may be signalled, at most SANDBOX_CHILDREN_MAX.
 */
int	sandbox_calls_enter(unsigned int flags, const int *children, size_t n);
/* The part of it that libseccomp cannot say; machine as AUDIT_ARCH_*. */
int	sandbox_filter_enter(unsigned int machine, const int *children,
	    size_t n);
/* Can they be, in this build and on this kernel? */
int	sandbox_calls_work(void);

#endif
