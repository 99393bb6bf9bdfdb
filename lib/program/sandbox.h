#ifndef ACEDT_SANDBOX_H
#define ACEDT_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

#include "lib/program/sandbox_flags.h"

/*
 * What a program gives up once it is set up: acedt(7), SANDBOX.  Landlock for
 * files, TCP and signals as far as the kernel knows them, seccomp for system
 * calls, root's capabilities, no new privileges, no core files, a ceiling for
 * memory.  All of it is for good.  What the kernel does not have is left out;
 * entering never fails.
 *
 * Nothing may run beside the caller when it enters: no thread, as they would
 * stay outside.  Descriptors that are open stay as they are.
 */

struct sandbox {
	unsigned int	 flags;		/* SANDBOX_* */
	uint64_t	 memory;	/* ceiling of data, bytes; 0: none */
	/* Private. */
	struct sandbox_path *paths;
	size_t		 npaths;
	int		 makes_files;
	int		 children[SANDBOX_CHILDREN_MAX];
	size_t		 nchildren;
};

void	sandbox_init(struct sandbox *, unsigned int flags, uint64_t memory);
/*
 * Leave it the files below a path, to read or to read, make, change and delete
 * too; one that does not exist is passed over.  Without any, no file can be
 * opened.
 */
void	sandbox_read(struct sandbox *, const char *path);
void	sandbox_write(struct sandbox *, const char *path);
/* Empty directories below it may be removed. */
void	sandbox_rmdir(struct sandbox *, const char *path);
/* Signals may go to this process, which the caller started. */
void	sandbox_signal(struct sandbox *, int pid);
/* Enter; frees what the struct holds. */
void	sandbox_enter(struct sandbox *);

/*
 * Say what is missing on this kernel, at info; that it is switched off, at
 * warn.  sandbox_enter() does so itself in a stage that runs on its own, unless
 * its caller has SANDBOX_REPORTED.
 */
void	sandbox_report(void);
/* What this build enforces on this kernel, for people; static. */
const char *sandbox_describe(void);

#endif
