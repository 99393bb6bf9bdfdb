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
 * bounded time.
 */
struct shared;
struct shared_host;

/* Requests that a pace is kept for, each by itself. */
enum shared_pace {
	PACE_ALL,		/* requestsPerSecond of the configuration */
	PACE_MANIFESTS,		/* what is left of a quota: GETs of manifests */
	PACE_OTHERS,		/* ditto: all but these, and HEADs */
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

/* One request every so many microseconds; 0: no limit. */
void	shared_set_pace(struct shared_host *, enum shared_pace, int64_t us);
/* 0 if it is our turn, which is taken; else after how many ms to ask again. */
int64_t	shared_turn(struct shared_host *, enum shared_pace);

/* It answers without credentials: nobody need find out with a lone request. */
void	shared_set_open(struct shared_host *, int);
int	shared_is_open(const struct shared_host *);

#endif
