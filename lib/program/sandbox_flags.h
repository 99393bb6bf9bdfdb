#ifndef ACEDT_SANDBOX_FLAGS_H
#define ACEDT_SANDBOX_FLAGS_H

/*
 * What a program keeps in the sandbox: for sandbox.h, and the files below it.
 */
enum {
	SANDBOX_NETWORK = 1,	/* sockets, to connect with TCP */
	SANDBOX_THREADS = 2,	/* libcurl resolves names in them */
	SANDBOX_MODES = 4,	/* may give files the mode 0644, for layouts */
	SANDBOX_PURE = 8,	/* nothing but reading, writing, memory, time */
	SANDBOX_REPORTED = 16	/* the caller has called sandbox_report() */
};

/* Processes that may be signalled. */
#define SANDBOX_CHILDREN_MAX	16

#endif
