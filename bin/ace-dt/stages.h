#ifndef ACEDT_STAGES_H
#define ACEDT_STAGES_H

#include <stddef.h>

#include "bin/ace-dt/pipeline.h"
#include "lib/registry/patience.h"

struct cli;
struct monitor_options;

/* The stages of a pipeline, with the options that a command hands on to them. */

/* Options about registries; words are borrowed from the command line. */
struct stage_options {
	const char	**configs;	/* owned array */
	size_t		 nconfigs;
	struct patience	 patience;
};

void	stage_options_init(struct stage_options *);
void	stage_options_clear(struct stage_options *);
/* Take --config, or one of patience.h; bad values end the program. */
void	stage_options_take(struct stage_options *, const struct cli *, int id,
	    const char *value);

/*
 * Add a stage with the options that all of them have.  offline: it asks no
 * registry.  events_fd: where it reports, or -1.
 */
struct proc *stages_add(struct pipeline *, const struct stage_options *,
	    const char *name, int offline, int events_fd);
/* Add a word of the user's that must not be taken for an option. */
void	stages_argument(struct proc *, const char *word);

/*
 * Run a command: compose() adds its stages, with the descriptor of events or
 * -1, and the exit status is returned.  The configuration has been opened.
 */
int	stages_run(struct pipeline *, const struct monitor_options *,
	    void (*compose)(struct pipeline *, const void *arg,
	    int events_fd), const void *arg);

#endif
