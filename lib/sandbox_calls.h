#ifndef ACEDT_SANDBOX_CALLS_H
#define ACEDT_SANDBOX_CALLS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/sandbox.h"

/* Between the files of the sandbox: its users include lib/sandbox.h. */

/* Address, thread, memory sanitizers: their runtime does what is refused. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ACEDT_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define ACEDT_SANITIZED
#endif
#endif

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

/* The limits alone: core files, other processes' looks, memory if not 0. */
void	sandbox_limit(uint64_t memory);

#endif
