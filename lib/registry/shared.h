#ifndef ACEDT_SHARED_H
#define ACEDT_SHARED_H

#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * What the programs of one run know together of the hosts that they ask, in
 * memory that they share: limits and waiting times hold for all of them.  The
 * memory is an anonymous file that ace-dt makes and hands down as a descriptor;
 * a program alone has one of its own.  Nothing in it is a secret, and nothing
 * that another process writes there can do more than make us wait, for a
 * bounded time, or give up a host early that we did not reach either.
 */
struct shared;
struct shared_host;

/* Requests that a pace is kept for, each by itself. */
enum shared_pace {
	PACE_ALL,		/* requestsPerSecond of the configuration */
	PACE_MANIFESTS,		/* what is left of a quota: GETs of manifests */
	PACE_OTHERS,		/* for a quota too: all the rest but HEADs */
	PACES
};

/* The anonymous file: a descriptor, or -1 with errno set. */
int	shared_create(void);
/* Use it, or with -1 a private one; NULL with *err filled if it is none. */
struct shared *shared_open(int fd, struct err *);
void	shared_close(struct shared *);

/* The host of a base URL.  Borrowed; it lives as long as the shared. */
struct shared_host *shared_host(struct shared *, const char *base);

/*
 * A request of ours begins, while own others are under way: 1, or 0 if the host
 * has max of them already (fewer while it throttles), or all hosts together
 * all_max.  The first of a process always may: nobody waits for ever for one
 * that was killed.
 */
int	shared_enter(struct shared *, struct shared_host *, size_t own,
	    size_t max, size_t all_max);
void	shared_leave(struct shared *, struct shared_host *);
/* How many may be under way at the host now, of max. */
size_t	shared_room(const struct shared_host *, size_t max);

/* It said that it is asked too much: half as many, at most once a second. */
void	shared_throttled(struct shared_host *, size_t max);
/* It answered: one more, after as many answers as are allowed at a time. */
void	shared_answered(struct shared_host *, size_t max);

/* Nobody asks before ms from now (bounded); how long that is from now on. */
void	shared_hold(struct shared_host *, int64_t ms);
int64_t	shared_held(const struct shared_host *);

/*
 * Outages.  A host is down from the time when the first request found nobody
 * there until a connection comes about; meanwhile one request at a time, of all
 * programs, is sent to see whether it is back: the probe.
 *
 * A request that was begun at clock_ms() at found nobody: 1 if that is news.
 */
int	shared_missed(struct shared_host *, int64_t at);
/* A probe, or what told the news, failed; the next one in ms.  How many did. */
int	shared_probe_failed(struct shared_host *, int64_t ms);
/* How long it has been down, in ms; 0 if it is not. */
int64_t	shared_down(const struct shared_host *);
/* How many probes have failed since it is down. */
int	shared_misses(const struct shared_host *);
/* How long until the next probe may be sent, in ms; 0: now. */
int64_t	shared_probe_wait(const struct shared_host *);
/* 1 if ours is the next probe. */
int	shared_probe(struct shared_host *);
/* It was not sent, or says nothing: another may be. */
void	shared_probe_release(struct shared_host *);
/*
 * There is a connection.  How long it had been down, if we saw the end; or 0.
 */
int64_t	shared_reached(struct shared_host *);
/* Was it ever reached in this run? */
int	shared_was_reached(const struct shared_host *);
/* 1 for the first who says that it is down; and whether somebody did. */
int	shared_tell_down(struct shared_host *);
int	shared_told_down(const struct shared_host *);

/* One request every so many microseconds; 0: no limit. */
void	shared_set_pace(struct shared_host *, enum shared_pace, int64_t us);
/* 0 if it is our turn, which is taken; else after how many ms to ask again. */
int64_t	shared_turn(struct shared_host *, enum shared_pace);

/* It answers without credentials: nobody need find out with a lone request. */
void	shared_set_open(struct shared_host *, int);
int	shared_is_open(const struct shared_host *);

#endif
