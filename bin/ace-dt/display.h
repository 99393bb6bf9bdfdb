#ifndef ACEDT_DISPLAY_H
#define ACEDT_DISPLAY_H

/*
 * What a person sees while the stages run, from the events that they send, and
 * the file of --debug, which keeps them all.
 */
struct display;

struct display_options {
	int		 quiet;		/* -q */
	int		 no_term;	/* --no-term */
	const char	*debug;		/* --debug FILE, or NULL */
	const char	*image;		/* where it goes, for the summary */
};

/* Ends the program with status 2 if the file of --debug cannot be written. */
struct display *display_new(const struct display_options *);
void	display_free(struct display *);

/* For the stages: descriptors to inherit, or -1. */
int	display_events_fd(const struct display *);
int	display_stderr_fd(const struct display *);
/* For the last stage: ours, or what is shown above the live lines. */
int	display_stdout_fd(const struct display *);
/* All stages have them: close our ends. */
void	display_started(struct display *);

/* For poll(2): what to read, or -1; milliseconds to the next tick, or -1. */
int	display_events_input(const struct display *);
int	display_stderr_input(const struct display *);
int	display_timeout(const struct display *);
void	display_read_events(struct display *);
void	display_read_stderr(struct display *);
void	display_tick(struct display *);
void	display_resized(struct display *);
/* After a stop: begin a new picture below what others have written. */
void	display_resumed(struct display *);

void	display_stage_started(struct display *, const char *name, int pid);
void	display_stage_ended(struct display *, const char *name, int status);

/* Read what is left, clear the live lines, write the summary. */
void	display_end(struct display *);

#endif
