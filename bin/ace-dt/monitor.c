/*
 * The pipes through which the stages report, and where each line of them goes.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bin/ace-dt/monitor.h"
#include "bin/ace-dt/progress.h"
#include "bin/ace-dt/terminal.h"
#include "bin/ace-dt/text.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/exits.h"
#include "lib/base/io.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/stream/events.h"

#define TICK_MS		100		/* between two pictures */
#define LINE_BYTES_MAX	65536		/* of an event or a stage's message */

struct monitor {
	struct monitor_options	 opt;
	struct progress		 progress;
	struct terminal		 terminal;
	int			 events[2];	/* a pipe, or -1 */
	int			 lines[2];	/* the stages' stderr, or -1 */
	int			 debug;		/* the file of --debug, or -1 */
	struct buf		 event_buf;	/* a line without its newline */
	struct buf		 line_buf;
	int64_t			 started;	/* clock_ms() */
	int64_t			 drawn;		/* the last picture */
};

static void
open_debug(struct monitor *m)
{
	m->debug = open(m->opt.debug, O_WRONLY | O_CREAT | O_TRUNC |
	    O_CLOEXEC | O_NOCTTY, 0666);
	if (m->debug == -1)
		log_die(EXIT_USAGE_ERR, "--debug %s: %s", m->opt.debug,
		    strerror(errno));
}

/* Without live lines each image that is done gets a line. */
static void
say_image(void *arg, const char *source, int64_t bytes)
{
	struct monitor	*m = arg;
	char		*text = text_image_done(source, bytes);

	assert(!m->opt.quiet && !m->terminal.live);
	terminal_say(&m->terminal, text);
	free(text);
}

struct monitor *
monitor_new(const struct monitor_options *opt)
{
	struct monitor	*m = xcalloc(1, sizeof(*m));

	m->opt = *opt;
	m->events[0] = m->events[1] = m->lines[0] = m->lines[1] = -1;
	m->debug = -1;
	m->started = clock_ms();
	buf_init(&m->event_buf, 4 * LINE_BYTES_MAX);
	buf_init(&m->line_buf, 4 * LINE_BYTES_MAX);
	terminal_init(&m->terminal, !opt->quiet && !opt->no_term);
	progress_init(&m->progress, m->started);
	if (!m->terminal.live)
		m->progress.on_image = say_image;
	m->progress.arg = m;
	if (opt->debug != NULL)
		open_debug(m);
	if ((!opt->quiet || m->debug != -1) &&
	    pipe2(m->events, O_CLOEXEC) == -1)
		log_die(EXIT_STOPPED, "pipe: %s", strerror(errno));
	if (m->terminal.live && pipe2(m->lines, O_CLOEXEC) == -1)
		log_die(EXIT_STOPPED, "pipe: %s", strerror(errno));
	return m;
}

static void
close_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
monitor_free(struct monitor *m)
{
	close_fd(&m->events[0]);
	close_fd(&m->events[1]);
	close_fd(&m->lines[0]);
	close_fd(&m->lines[1]);
	close_fd(&m->debug);
	buf_clear(&m->event_buf);
	buf_clear(&m->line_buf);
	progress_clear(&m->progress);
	terminal_clear(&m->terminal);
	free(m);
}

int
monitor_events_fd(const struct monitor *m)
{
	return m->events[1];
}

int
monitor_stderr_fd(const struct monitor *m)
{
	return m->lines[1];
}

int
monitor_stdout_fd(const struct monitor *m)
{
	if (m->terminal.live && terminal_same(STDOUT_FILENO, STDERR_FILENO))
		return m->lines[1];
	return STDOUT_FILENO;
}

int
monitor_events_input(const struct monitor *m)
{
	return m->events[0];
}

int
monitor_stderr_input(const struct monitor *m)
{
	return m->lines[0];
}

void
monitor_started(struct monitor *m)
{
	close_fd(&m->events[1]);
	close_fd(&m->lines[1]);
}

int
monitor_timeout(const struct monitor *m)
{
	return m->terminal.live ? TICK_MS : -1;
}

void
monitor_resized(struct monitor *m)
{
	terminal_resized(&m->terminal);
}

void
monitor_resumed(struct monitor *m)
{
	terminal_resumed(&m->terminal);
}

static void
write_debug(struct monitor *m, const char *p, size_t n)
{
	if (m->debug != -1 && io_write_full(m->debug, p, n) == -1) {
		terminal_erase(&m->terminal);
		log_warn("--debug %s: %s", m->opt.debug, strerror(errno));
		close_fd(&m->debug);
	}
}

/* Read once; 0 at the end.  Whole lines go to fn, without their newline. */
static int
read_lines(struct monitor *m, int *fd, struct buf *b,
    void (*fn)(struct monitor *, const char *, size_t))
{
	char	chunk[LINE_BYTES_MAX], *nl;
	size_t	done = 0;
	ssize_t	n;

	assert(*fd != -1);
	do {
		n = read(*fd, chunk, sizeof(chunk));
	} while (n == -1 && errno == EINTR);
	if (n <= 0) {
		if (b->len > 0)
			fn(m, b->data, b->len);
		buf_reset(b);
		close_fd(fd);
		return 0;
	}
	buf_add(b, chunk, (size_t)n);
	while ((nl = memchr(b->data + done, '\n', b->len - done)) != NULL) {
		*nl = '\0';
		fn(m, b->data + done, (size_t)(nl - b->data) - done);
		done = (size_t)(nl + 1 - b->data);
	}
	if (done > 0)
		buf_drop(b, done);
	else if (b->len > LINE_BYTES_MAX) {
		fn(m, b->data, b->len);	/* too long for a line: as it is */
		buf_reset(b);
	}
	return 1;
}

static void
take_event(struct monitor *m, const char *line, size_t len)
{
	if (m->debug != -1) {
		write_debug(m, line, len);
		write_debug(m, "\n", 1);
	}
	if (!m->opt.quiet)
		progress_event(&m->progress, line, len, clock_ms());
}

static void
take_message(struct monitor *m, const char *line, size_t len)
{
	(void)len;
	/* Stages escape what they print; this is for the others. */
	terminal_say(&m->terminal, line);
}

void
monitor_read_events(struct monitor *m)
{
	read_lines(m, &m->events[0], &m->event_buf, take_event);
}

void
monitor_read_stderr(struct monitor *m)
{
	read_lines(m, &m->lines[0], &m->line_buf, take_message);
}

/* What we know of a stage is written to the file beside its own events. */
static void
stage_event(struct monitor *m, const struct event_member *members, int n)
{
	struct buf	b;

	if (m->debug == -1)
		return;
	buf_init(&b, LINE_BYTES_MAX);
	events_line(&b, "stage", members, n);
	write_debug(m, b.data, b.len);
	buf_clear(&b);
}

void
monitor_stage_started(struct monitor *m, const char *name, int pid)
{
	const struct event_member members[] = { EV_STR("name", name),
	    EV_STR("state", "started"), EV_NUM("pid", pid) };

	stage_event(m, members, 3);
}

void
monitor_stage_ended(struct monitor *m, const char *name, int status)
{
	const struct event_member members[] = { EV_STR("name", name),
	    EV_STR("state", WIFSIGNALED(status) ? "killed" : "ended"),
	    EV_NUM("status", WIFSIGNALED(status) ? WTERMSIG(status) :
	    WEXITSTATUS(status)) };

	stage_event(m, members, 3);
}

static void
add_row(struct monitor *m, char *text)
{
	terminal_row(&m->terminal, text);
	free(text);
}

void
monitor_tick(struct monitor *m)
{
	const struct progress_item	*i;
	int64_t				 now = clock_ms();
	int				 room, rows = 0, hidden = 0;

	if (!m->terminal.live || now - m->drawn < TICK_MS)
		return;
	m->drawn = now;
	progress_tick(&m->progress, now);
	/* Two rows are for how many more there are, and for the total. */
	room = terminal_height(&m->terminal) - 2;
	terminal_begin(&m->terminal);
	for (i = m->progress.images; i != NULL; i = i->next)
		if (rows < room) {
			add_row(m, text_image(i, now));
			rows++;
		} else {
			hidden++;
		}
	if (hidden > 0 && room > 0)
		add_row(m, xasprintf("           … and %d more", hidden));
	add_row(m, text_total(&m->progress, terminal_width(&m->terminal)));
	terminal_show(&m->terminal);
}

void
monitor_end(struct monitor *m)
{
	char	*text;

	/* No stage is left: what is to be read is in the pipes. */
	while (m->events[0] != -1)
		monitor_read_events(m);
	while (m->lines[0] != -1)
		monitor_read_stderr(m);
	terminal_erase(&m->terminal);
	if (m->opt.quiet || !m->progress.published)
		return;
	text = text_summary(&m->progress, m->opt.image,
	    clock_ms() - m->started);
	terminal_say(&m->terminal, text);
	free(text);
}
