#ifndef ACEDT_PIPELINE_H
#define ACEDT_PIPELINE_H

#include <stddef.h>
#include <sys/types.h>

struct monitor;
struct err;

/* The stages of a command, one reading what the one before it writes. */

#define PIPELINE_STAGES_MAX	8
/* Seconds from the SIGTERM to the SIGKILL of a stage that does not end. */
#define PIPELINE_GRACE		5

struct proc {
	const char	*name;
	char		*path;		/* owned */
	char		**argv;		/* owned, as are its words; ends NULL */
	size_t		 argc;
	int		 offline;	/* it need not know of accounts and
					 * proxies, so it does not */
	pid_t		 pid;		/* 0: not started, or reaped */
	int		 started;
	int		 status;	/* of waitpid(2), once reaped */
	int		 killed;	/* we sent it a signal */
};

struct pipeline {
	struct proc	 procs[PIPELINE_STAGES_MAX];
	size_t		 n;
	int		 input_fd;	/* stdin of the first stage; -1: none */
	int		 config_fd;	/* a configuration's text, for all that
					 * are online; -1: none */
	int		 quiet;		/* stdout of the last stage: nothing */
	int		 shared_fd;	/* of shared.h, for those; or -1 */
};

/* An empty one, without descriptors. */
void	pipeline_init(struct pipeline *);
/* Add a stage; its words follow by pipeline_arg(), printf-like. */
struct proc *pipeline_add(struct pipeline *, const char *name);
void	pipeline_arg(struct proc *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/* Find all programs; -1 with *err naming the path that is not there. */
int	pipeline_find(struct pipeline *, struct err *);

/*
 * Run it to the end and return the exit status: that of the stage that was the
 * cause.  A signal that stopped us is raised again when all stages are gone.
 */
int	pipeline_run(struct pipeline *, struct monitor *);

/* The same as a command line for sh(1), on standard output. */
void	pipeline_print(const struct pipeline *);

/* Closes the descriptors, too. */
void	pipeline_clear(struct pipeline *);

#endif
