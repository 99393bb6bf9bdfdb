#ifndef ACEDT_LOOP_H
#define ACEDT_LOOP_H

#include <poll.h>
#include <stdint.h>
#include <sys/queue.h>

/*
 * The loop of a program: timers, descriptors to watch, and what is to be done
 * on the next turn.  A turn is loop_run(), which does what can be done now,
 * followed by loop_wait().
 *
 *	while (!finished) {
 *		loop_run(loop);
 *		if (!finished)
 *			loop_wait(loop, NULL, 0, 1000);
 *	}
 *
 * Every callback is called from one of the two, and from nowhere else: a
 * function that starts, sets or stops something returns first.  A callback may
 * set, stop and free everything, itself too; it may not run the loop.  All
 * structs below belong to the caller, who zeroes them before their first use
 * and may free them when they are not set.
 */
struct loop;

struct loop *loop_new(void);
/* Nothing may be set any more. */
void	loop_free(struct loop *);

struct loop_timer {
	void		(*fn)(void *);
	void		*arg;
	int64_t		 at;		/* clock_ms() */
	int		 set;
	TAILQ_ENTRY(loop_timer) link;
};
/* Call fn in ms from now, which is at least 1; a timer that is set moves. */
void	loop_timer_set(struct loop *, struct loop_timer *, int64_t ms,
	    void (*fn)(void *), void *arg);
/* It may be stopped already. */
void	loop_timer_stop(struct loop *, struct loop_timer *);

struct loop_deferred {
	void		(*fn)(void *);
	void		*arg;
	uint64_t	 turn;		/* not before this one */
	int		 set;
	TAILQ_ENTRY(loop_deferred) link;
};
/*
 * Call fn once, on the next turn, in the order of the calls of this function;
 * what is deferred meanwhile has its turn after that.  Nothing is changed where
 * it is deferred already.
 */
void	loop_defer(struct loop *, struct loop_deferred *, void (*fn)(void *),
	    void *arg);
/* Not any more; it need not be deferred. */
void	loop_undefer(struct loop *, struct loop_deferred *);

/* Call fn whenever there is something to read, or the other end is closed. */
struct loop_watch {
	int		 fd;
	void		(*fn)(void *);
	void		*arg;
	int		 set;
	TAILQ_ENTRY(loop_watch) link;
};
void	loop_watch(struct loop *, struct loop_watch *);
/* It need not be watched. */
void	loop_unwatch(struct loop *, struct loop_watch *);

/*
 * A library that has descriptors and times of its own, as libcurl has.  run()
 * does on each turn what can be done now.  poll() replaces poll(2): it waits
 * for the descriptors given and for its own, for at most timeout ms, and sets
 * revents.  At most one.
 */
struct loop_engine {
	void	(*run)(void *arg);
	void	(*poll)(void *arg, struct pollfd *, unsigned int n,
		    int timeout);
	void	*arg;
};
/* Borrowed; NULL takes it away. */
void	loop_set_engine(struct loop *, const struct loop_engine *);

/* Do what can be done now without waiting. */
void	loop_run(struct loop *);
/*
 * Wait until there is something for loop_run(), one of the caller's descriptors
 * is ready, or timeout ms are over; -1 waits for ever.  revents is set.
 */
void	loop_wait(struct loop *, struct pollfd *, unsigned int n, int timeout);

#endif
