#ifndef ACEDT_PROCESS_H
#define ACEDT_PROCESS_H

#include <stdint.h>

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
 * Limits of this process and its children, for good: no core file, no look at
 * its memory by other processes of the user, and at most so many bytes of data;
 * 0: no limit of these.
 */
void	process_limit(uint64_t memory);

#endif
