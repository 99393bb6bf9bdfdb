#ifndef ACEDT_MONITOR_H
#define ACEDT_MONITOR_H

/*
 * What the stages report while they run, read from two pipes: events, which
 * become progress and go to the file of --debug, and messages, which are shown
 * above the live lines.
 */
struct monitor;

struct monitor_options {
	int		 quiet;		/* -q */
	int		 no_term;	/* --no-term */
	const char	*debug;		/* --debug FILE, or NULL */
	const char	*image;		/* the destination, for the summary */
};

/* Ends the program with status 2 if the file of --debug cannot be written. */
struct monitor *monitor_new(const struct monitor_options *);
void	monitor_free(struct monitor *);

/* For the stages: descriptors to inherit, or -1. */
int	monitor_events_fd(const struct monitor *);
int	monitor_stderr_fd(const struct monitor *);
/* For the last stage: ours, or what is shown above the live lines. */
int	monitor_stdout_fd(const struct monitor *);
/* All stages have them: close our ends. */
void	monitor_started(struct monitor *);

/* For poll(2): what to read, or -1; milliseconds to the next tick, or -1. */
int	monitor_events_input(const struct monitor *);
int	monitor_stderr_input(const struct monitor *);
int	monitor_timeout(const struct monitor *);
void	monitor_read_events(struct monitor *);
void	monitor_read_stderr(struct monitor *);
void	monitor_tick(struct monitor *);
void	monitor_resized(struct monitor *);
/* The program goes on after it was stopped. */
void	monitor_resumed(struct monitor *);

void	monitor_stage_started(struct monitor *, const char *name, int pid);
void	monitor_stage_ended(struct monitor *, const char *name, int status);

/* Read what is left, take the live lines away, write the summary. */
void	monitor_end(struct monitor *);

#endif
