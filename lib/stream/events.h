#ifndef ACEDT_EVENTS_H
#define ACEDT_EVENTS_H

#include <stdint.h>

struct buf;

/*
 * Progress events, acedt-events in acedt(7): JSON lines on a descriptor that
 * the front-end hands down with --events-fd.  One write(2) of at most PIPE_BUF
 * bytes each, so that stages can share one pipe.  Without a descriptor all of
 * this does nothing.
 *
 *   {"time":"2026-11-23T18:22:36.123Z","stage":"acedt-push","event":"blob",
 *    "digest":"sha256:…","size":123,"bytes":60,"state":"progress", …}
 */

/* Use this descriptor from now on; -1: write no events. */
void	events_init(int fd);
int	events_wanted(void);

/* A member of an event; str == NULL means that it is the number. */
struct event_member {
	const char	*name;
	const char	*str;
	int64_t		 num;
};

#define EV_STR(name, s)		((struct event_member){ (name), (s), 0 })
#define EV_NUM(name, n)		((struct event_member){ (name), NULL, (n) })

/*
 * Emit one; long strings are cut so that the line stays whole.  Fails
 * silently when the reader is gone: nobody's work depends on events.
 */
void	events_emit(const char *event, const struct event_member *, int n);

/*
 * Append to the buffer the line that events_emit() writes, at most PIPE_BUF
 * bytes with its newline; the buffer must have room for that many.
 */
void	events_line(struct buf *, const char *event,
	    const struct event_member *, int n);

#define EVENT(name, ...) do {						\
	if (events_wanted()) {						\
		const struct event_member ev_[] = { __VA_ARGS__ };	\
		events_emit((name), ev_,				\
		    (int)(sizeof(ev_) / sizeof(ev_[0])));		\
	}								\
} while (0)

#endif
