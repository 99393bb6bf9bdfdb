/*
 * Progress events of acedt(7): JSON lines on a descriptor that was handed down.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/stream/events.h"
#include "lib/text/gojson.h"

/* Where a string is cut, in bytes: a few of them fit a line even if escaped. */
#define STRING_MAX	300

static int	events_fd = -1;

void
events_init(int fd)
{
	events_fd = fd;
}

int
events_wanted(void)
{
	return events_fd != -1;
}

static void
add_time(struct buf *b)
{
	struct timespec	ts;
	struct tm	tm;
	char		text[64];
	size_t		n;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof(text) - n, ".%03ldZ",
	    ts.tv_nsec / 1000000);
	gojson_member(b, "time", text);
}

void
events_line(struct buf *b, const char *event, const struct event_member *m,
    int n)
{
	size_t	start = b->len, len, max = b->max;
	int	i;

	assert(n >= 0 && (n == 0 || m != NULL));
	b->max = start + PIPE_BUF - 2;	/* room for the end */
	buf_addc(b, '{');
	add_time(b);
	gojson_member(b, "stage", log_name());
	gojson_member(b, "event", event);
	for (i = 0; i < n; i++) {
		len = b->len;
		if (m[i].str == NULL) {
			if (gojson_number(b, m[i].name, m[i].num) == 0)
				continue;
		} else if (gojson_name(b, m[i].name) == 0 &&
		    gojson_string(b, m[i].str,
		    strnlen(m[i].str, STRING_MAX)) == 0)
			continue;
		/* No room is left: the line stays whole without this one. */
		buf_truncate(b, len);
		break;
	}
	b->max = max;
	buf_adds(b, "}\n");
}

void
events_emit(const char *event, const struct event_member *m, int n)
{
	struct buf	b;

	if (events_fd == -1)
		return;
	buf_init(&b, PIPE_BUF);
	events_line(&b, event, m, n);
	/* The reader may be gone; nobody's work depends on events. */
	while (write(events_fd, b.data, b.len) == -1 && errno == EINTR)
		;
	buf_clear(&b);
}
