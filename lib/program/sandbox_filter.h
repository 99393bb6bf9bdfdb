#ifndef ACEDT_SANDBOX_FILTER_H
#define ACEDT_SANDBOX_FILTER_H

#include <stddef.h>

/*
 * The part of sandbox_calls.c that libseccomp cannot say.  machine is the
 * process's own AUDIT_ARCH_*; children as in sandbox_calls.h.  0 or -1.
 */
int	sandbox_filter_enter(unsigned int machine, const int *children,
	    size_t n);

#endif
