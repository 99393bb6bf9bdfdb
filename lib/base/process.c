/*
 * What a process gives up for good: core files, other processes' looks, memory.
 */
#include <sys/prctl.h>
#include <sys/resource.h>

#include "lib/base/process.h"

/* Lower a limit for good; one that is lower already stays. */
static void
limit(int what, rlim_t max)
{
	struct rlimit	rl;

	if (getrlimit((__rlimit_resource_t)what, &rl) == -1)
		return;
	if (rl.rlim_max == RLIM_INFINITY || rl.rlim_max > max)
		rl.rlim_max = max;
	if (rl.rlim_cur == RLIM_INFINITY || rl.rlim_cur > rl.rlim_max)
		rl.rlim_cur = rl.rlim_max;
	setrlimit((__rlimit_resource_t)what, &rl);
}

void
process_limit(uint64_t memory)
{
	/*
	 * Of 1 and not of 0: the kernel then gives nothing to a program that
	 * core_pattern names either.
	 */
	limit(RLIMIT_CORE, 1);
#ifndef ACEDT_SANITIZED
	/* LeakSanitizer has to look at its own process. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* Not RLIMIT_AS: stacks and arenas only reserve addresses. */
	if (memory != 0)
		limit(RLIMIT_DATA, (rlim_t)memory);
#else
	(void)memory;
#endif
}
