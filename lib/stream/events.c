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
#include "lib/text/json_out.h"

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
add_time(struct json_out *j)
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
	json_out_member(j, "time", text);
}

void
events_line(struct buf *b, const char *event, const struct event_member *m,
    int n)
{
	size_t		start = b->len, len, max = b->max;
	struct json_out	j;
	int		i;

	assert(n >= 0 && (n == 0 || m != NULL));
	b->max = start + PIPE_BUF - 2;	/* room for the end */
	json_out_init(&j, b);
	json_out_begin_object(&j);
	add_time(&j);
	json_out_member(&j, "stage", log_name());
	json_out_member(&j, "event", event);
	assert(!buf_is_full(b));
	len = b->len;
	for (i = 0; i < n && !buf_is_full(b); i++) {
		len = b->len;
		json_out_name(&j, m[i].name);
		if (m[i].str == NULL)
			json_out_number(&j, m[i].num);
		else
			json_out_string(&j, m[i].str,
			    strnlen(m[i].str, STRING_MAX));
	}
	/* Where no room was left, the line stays whole without the member. */
	if (buf_is_full(b))
		buf_truncate(b, len);
	b->max = max;
	json_out_end_object(&j);
	buf_addc(b, '\n');
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
