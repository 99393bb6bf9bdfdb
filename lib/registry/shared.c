/*
 * The page of memory that all programs of a run share: for each host how many
 * requests are under way, when the next may leave, and whether it is down.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/registry/shared.h"

/* More hosts than have a place here are known to one process each. */
#define HOSTS_MAX	128
#define NAME_MAX_BYTES	272		/* https://, a name, a port */
#define THROTTLE_MS	1000		/* answers so close are one event */
#define US_PER_MS	1000
/* After which a probe whose program was killed is not waited for. */
#define PROBE_LEASE_MS	((HTTP_CONNECT_SECONDS + 5) * 1000)

/* Sealed, so that nobody can take the memory away from under the others. */
#define SEALS		(F_SEAL_SHRINK | F_SEAL_GROW)

enum slot {
	SLOT_FREE,
	SLOT_TAKEN,		/* its name is being written */
	SLOT_READY
};

/* All zero is a host of which nothing is known. */
struct shared_host {
	_Atomic int	 slot;
	char		 base[NAME_MAX_BYTES];
	_Atomic int	 active;
	_Atomic int	 room;		/* how many may be; 0: no less than max */
	_Atomic int	 answers;	/* since room changed */
	_Atomic int	 open;
	_Atomic int64_t	 throttled;	/* clock_ms() of the last time */
	_Atomic int64_t	 not_before;	/* clock_ms() */
	_Atomic int	 was_reached;	/* at least once in this run */
	_Atomic int64_t	 down;		/* clock_ms() of the first request that
					 * found nobody; 0: it is reached */
	_Atomic int	 misses;	/* probes since then that failed too */
	_Atomic int64_t	 next_probe;	/* clock_ms() */
	_Atomic int	 told;		/* that it is down */
	_Atomic int64_t	 pace[PACES];	/* microseconds from one to the next */
	_Atomic int64_t	 next[PACES];	/* microseconds: when it is due */
};

struct page {
	_Atomic int		active;	/* over all hosts */
	struct shared_host	hosts[HOSTS_MAX];
};

/* Hosts that found no place, of one process. */
struct own_host {
	struct shared_host	 host;
	struct own_host		*next;
};

struct shared {
	struct page	*page;
	struct own_host	*own;
};

int
shared_create(void)
{
	int	fd, saved;

	fd = memfd_create("ace-dt", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1)
		return -1;
	if (ftruncate(fd, sizeof(struct page)) == -1 ||
	    fcntl(fd, F_ADD_SEALS, SEALS) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static int
is_shared_memory(int fd)
{
	struct stat	st;
	int		seals = fcntl(fd, F_GET_SEALS);

	return seals != -1 && (seals & SEALS) == SEALS &&
	    fstat(fd, &st) == 0 && st.st_size == sizeof(struct page);
}

struct shared *
shared_open(int fd, struct err *err)
{
	struct shared	*s;
	void		*p;

	if (fd != -1 && !is_shared_memory(fd)) {
		err_set(err, ERR_USAGE, "descriptor %d is not the memory that "
		    "ace-dt of this version shares", fd);
		return NULL;
	}
	p = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE,
	    MAP_SHARED | (fd == -1 ? MAP_ANONYMOUS : 0), fd, 0);
	if (p == MAP_FAILED) {
		err_sys(err, "shared memory");
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	s->page = p;
	return s;
}

void
shared_close(struct shared *s)
{
	struct own_host	*o;

	if (s == NULL)
		return;
	while ((o = s->own) != NULL) {
		s->own = o->next;
		free(o);
	}
	munmap(s->page, sizeof(struct page));
	free(s);
}

/* Is it the slot of that name, perhaps only from now on? */
static int
claim(struct shared_host *h, const char *base)
{
	int	expected = SLOT_FREE;

	if (atomic_compare_exchange_strong(&h->slot, &expected, SLOT_TAKEN)) {
		memcpy(h->base, base, strlen(base) + 1);
		atomic_store(&h->slot, SLOT_READY);
		return 1;
	}
	/* One whose writer was killed stays lost; the name gets another. */
	return atomic_load(&h->slot) == SLOT_READY &&
	    strncasecmp(h->base, base, sizeof(h->base)) == 0;
}

struct shared_host *
shared_host(struct shared *s, const char *base)
{
	struct own_host	*o;
	size_t		 i;

	if (strlen(base) < NAME_MAX_BYTES)
		for (i = 0; i < HOSTS_MAX; i++)
			if (claim(&s->page->hosts[i], base))
				return &s->page->hosts[i];
	o = xcalloc(1, sizeof(*o));
	o->next = s->own;
	s->own = o;
	return &o->host;
}

size_t
shared_room(const struct shared_host *h, size_t max)
{
	int	room = atomic_load(&h->room);

	return room > 0 && (size_t)room < max ? (size_t)room : max;
}

/* Count one in, unless there are max. */
static int
count_in(_Atomic int *active, size_t max)
{
	int	n = atomic_load(active);

	do {
		if (n >= 0 && (size_t)n >= max)
			return 0;
	} while (!atomic_compare_exchange_weak(active, &n, n + 1));
	return 1;
}

int
shared_enter(struct shared *s, struct shared_host *h, size_t own, size_t max,
    size_t all_max)
{
	if (own == 0) {
		atomic_fetch_add(&s->page->active, 1);
		atomic_fetch_add(&h->active, 1);
		return 1;
	}
	if (!count_in(&s->page->active, all_max))
		return 0;
	if (count_in(&h->active, shared_room(h, max)))
		return 1;
	atomic_fetch_sub(&s->page->active, 1);
	return 0;
}

void
shared_leave(struct shared *s, struct shared_host *h)
{
	atomic_fetch_sub(&s->page->active, 1);
	atomic_fetch_sub(&h->active, 1);
}

void
shared_throttled(struct shared_host *h, size_t max)
{
	int64_t	now = clock_ms(), last = atomic_load(&h->throttled);
	size_t	room;

	atomic_store(&h->answers, 0);
	/* Those that were under way together are answered alike. */
	if ((last != 0 && now - last < THROTTLE_MS) ||
	    !atomic_compare_exchange_strong(&h->throttled, &last, now))
		return;
	room = shared_room(h, max) / 2;
	atomic_store(&h->room, room > 0 ? (int)room : 1);
}

void
shared_answered(struct shared_host *h, size_t max)
{
	int	room = atomic_load(&h->room);

	if (room == 0 || atomic_fetch_add(&h->answers, 1) + 1 < room)
		return;
	atomic_store(&h->answers, 0);
	atomic_store(&h->room, (size_t)room + 1 < max ? room + 1 : 0);
}

void
shared_hold(struct shared_host *h, int64_t ms)
{
	int64_t	at = clock_ms() + ms, old = atomic_load(&h->not_before);

	while (old < at &&
	    !atomic_compare_exchange_weak(&h->not_before, &old, at))
		;
}

int64_t
shared_held(const struct shared_host *h)
{
	int64_t	ms = atomic_load(&h->not_before) - clock_ms();

	if (ms > HTTP_RETRY_AFTER_MAX * 1000)
		return HTTP_RETRY_AFTER_MAX * 1000;
	return ms > 0 ? ms : 0;
}

int
shared_missed(struct shared_host *h, int64_t at)
{
	int64_t	none = 0;

	if (!atomic_compare_exchange_strong(&h->down, &none, at))
		return 0;
	atomic_store(&h->misses, 0);
	atomic_store(&h->told, 0);
	return 1;
}

int
shared_probe_failed(struct shared_host *h, int64_t ms)
{
	atomic_store(&h->next_probe, clock_ms() + ms);
	return atomic_fetch_add(&h->misses, 1) + 1;
}

int64_t
shared_down(const struct shared_host *h)
{
	int64_t	since = atomic_load(&h->down), ms;

	if (since == 0)
		return 0;
	ms = clock_ms() - since;
	return ms > 0 ? ms : 1;
}

int
shared_misses(const struct shared_host *h)
{
	int	n = atomic_load(&h->misses);

	return n > 0 ? n : 0;
}

int64_t
shared_probe_wait(const struct shared_host *h)
{
	int64_t	ms = atomic_load(&h->next_probe) - clock_ms();

	if (ms > PROBE_LEASE_MS)
		return PROBE_LEASE_MS;
	return ms > 0 ? ms : 0;
}

int
shared_probe(struct shared_host *h)
{
	int64_t	now = clock_ms(), at = atomic_load(&h->next_probe);

	return at <= now && atomic_compare_exchange_strong(&h->next_probe, &at,
	    now + PROBE_LEASE_MS);
}

void
shared_probe_release(struct shared_host *h)
{
	atomic_store(&h->next_probe, 0);
}

int64_t
shared_reached(struct shared_host *h)
{
	int64_t	ms;

	if (atomic_load(&h->was_reached) == 0)
		atomic_store(&h->was_reached, 1);
	if ((ms = shared_down(h)) == 0 || atomic_exchange(&h->down, 0) == 0)
		return 0;
	atomic_store(&h->next_probe, 0);
	return ms;
}

int
shared_was_reached(const struct shared_host *h)
{
	return atomic_load(&h->was_reached) != 0;
}

int
shared_tell_down(struct shared_host *h)
{
	return atomic_exchange(&h->told, 1) == 0;
}

int
shared_told_down(const struct shared_host *h)
{
	return atomic_load(&h->told) != 0;
}

void
shared_set_pace(struct shared_host *h, enum shared_pace pace, int64_t us)
{
	atomic_store(&h->pace[pace], us);
}

static int64_t
clock_us(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
shared_turn(struct shared_host *h, enum shared_pace pace)
{
	int64_t	us = atomic_load(&h->pace[pace]), now, due;

	if (us <= 0)
		return 0;
	if (us > PACE_MAX_MS * US_PER_MS)
		us = PACE_MAX_MS * US_PER_MS;
	due = atomic_load(&h->next[pace]);
	do {
		now = clock_us();
		if (due > now + us)
			due = now + us;	/* nobody makes us wait for longer */
		if (due > now)
			return (due - now + US_PER_MS - 1) / US_PER_MS;
	} while (!atomic_compare_exchange_weak(&h->next[pace], &due,
	    now + us));
	return 0;
}

void
shared_set_open(struct shared_host *h, int open)
{
	atomic_store(&h->open, open);
}

int
shared_is_open(const struct shared_host *h)
{
	return atomic_load(&h->open) != 0;
}
