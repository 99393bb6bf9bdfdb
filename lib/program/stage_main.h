#ifndef ACEDT_STAGE_MAIN_H
#define ACEDT_STAGE_MAIN_H

#include <stddef.h>

#include "lib/program/cli.h"
#include "lib/program/stage.h"

/* What main() does in every program that works on a stream with stage.h. */

struct stage_program {
	const char		*name;
	struct cli_program	 cli;
	size_t			 jobs_max;	/* see struct stage */
	size_t			 bytes_max;
	/*
	 * Take an option, its own or a common one that stage_main() does not
	 * know; as of cli_next().
	 */
	void	(*option)(void *arg, const struct cli *, int id,
		    const char *value);
	/*
	 * All options are read: judge them and the arguments, and set in the
	 * stage what depends on them.  NULL: no arguments are taken.
	 */
	void	(*arguments)(void *arg, const struct cli *, struct stage *);
	/*
	 * Open all that is needed, and enter the sandbox.  What cannot be
	 * opened ends the program.
	 */
	void	(*open)(void *arg, struct stage *);
	/* As in struct stage; may be NULL. */
	void	(*begin)(struct job *);
	int	(*work)(struct stage *);
};

/* Read the command line, run the stage to its end, return the exit status. */
int	stage_main(const struct stage_program *, void *arg, int argc,
	    char **argv);

/* For arguments(): the stream is all that is read. */
void	stage_no_arguments(const struct cli *);

#endif
