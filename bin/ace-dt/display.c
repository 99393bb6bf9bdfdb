#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bin/ace-dt/display.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/io.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/utf8.h"
#include "lib/base/xalloc.h"
#include "lib/http/http.h"
#include "lib/stream/events.h"
#include "lib/text/json.h"

#define TICK_MS		100		/* between two pictures */
#define LIVE_MAX	8		/* images shown at a time */
#define LINE_MAX_BYTES	65536		/* of an event or a stage's message */
/* The rate is that of about so many seconds. */
#define RATE_SECONDS	5.0

/* An image, or a blob, on its way. */
struct item {
	char		*name;		/* owned: source or digest */
	int64_t		 line;
	int64_t		 size;
	int64_t		 bytes;
	int64_t		 since;		/* clock_ms() */
	struct item	*next;
};

struct display {
	struct display_options	opt;
	int		 live;		/* a terminal that can be redrawn */
	int		 events[2];	/* a pipe, or -1 */
	int		 lines[2];	/* the stages' stderr, or -1 */
	int		 debug;		/* the file of --debug, or -1 */
	struct buf	 event_buf;
	struct buf	 line_buf;
	int64_t		 started;
	int64_t		 drawn;		/* the last picture */
	int		 rows;		/* that it took */
	int		 broken;	/* more rows of it since a resize */
	int		 cols[LIVE_MAX + 2];	/* how wide they are */
	int		 width;
	int		 height;

	struct item	*images;	/* under way */
	struct item	*blobs;
	int64_t		 total_images;	/* of the list; 0: not known yet */
	int64_t		 resolved;	/* of these */
	int64_t		 done_images;
	int64_t		 failed_images;
	int64_t		 plan_bytes;
	int64_t		 settled_bytes;	/* of blobs that are done */
	int64_t		 copied_bytes;
	int64_t		 copied_blobs;
	int64_t		 present_blobs;	/* there before, or mounted */
	int64_t		 sent_manifests;
	int64_t		 sent_bytes;	/* by blobs that are done or failed */
	double		 rate;		/* bytes a second */
	int64_t		 rate_bytes;
	int64_t		 rate_at;
	int64_t		 rate_since;	/* when the first byte came; or 0 */
	int		 published;
	int64_t		 left_out;	/* images without an entry */
	int		 changed;
};

static void
get_size(struct display *d)
{
	struct winsize	ws;

	d->width = 80;
	d->height = 24;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) == -1)
		return;
	if (ws.ws_col > 0)
		d->width = ws.ws_col;
	if (ws.ws_row > 0)
		d->height = ws.ws_row;
}

static int
can_redraw(void)
{
	const char	*term = getenv("TERM");

	return isatty(STDERR_FILENO) && term != NULL &&
	    strcmp(term, "dumb") != 0 && *term != '\0';
}

static void
open_debug(struct display *d)
{
	d->debug = open(d->opt.debug, O_WRONLY | O_CREAT | O_TRUNC |
	    O_CLOEXEC | O_NOCTTY, 0666);
	if (d->debug == -1)
		log_die(EXIT_USAGE_ERR, "--debug %s: %s", d->opt.debug,
		    strerror(errno));
}

struct display *
display_new(const struct display_options *opt)
{
	struct display	*d = xcalloc(1, sizeof(*d));

	d->opt = *opt;
	d->events[0] = d->events[1] = d->lines[0] = d->lines[1] = -1;
	d->debug = -1;
	d->started = d->rate_at = clock_ms();
	buf_init(&d->event_buf, 4 * LINE_MAX_BYTES);
	buf_init(&d->line_buf, 4 * LINE_MAX_BYTES);
	get_size(d);
	d->live = !opt->quiet && !opt->no_term && can_redraw();
	if (opt->debug != NULL)
		open_debug(d);
	if ((!opt->quiet || d->debug != -1) &&
	    pipe2(d->events, O_CLOEXEC) == -1)
		log_die(EXIT_STOPPED, "pipe: %s", strerror(errno));
	if (d->live && pipe2(d->lines, O_CLOEXEC) == -1)
		log_die(EXIT_STOPPED, "pipe: %s", strerror(errno));
	return d;
}

static void
free_items(struct item *i)
{
	struct item	*next;

	for (; i != NULL; i = next) {
		next = i->next;
		free(i->name);
		free(i);
	}
}

static void
close_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
display_free(struct display *d)
{
	close_fd(&d->events[0]);
	close_fd(&d->events[1]);
	close_fd(&d->lines[0]);
	close_fd(&d->lines[1]);
	close_fd(&d->debug);
	buf_clear(&d->event_buf);
	buf_clear(&d->line_buf);
	free_items(d->images);
	free_items(d->blobs);
	free(d);
}

int
display_events_fd(const struct display *d)
{
	return d->events[1];
}

int
display_stderr_fd(const struct display *d)
{
	return d->lines[1];
}

/* Are they the same terminal? */
static int
same_terminal(int a, int b)
{
	struct stat	sa, sb;

	return isatty(a) && isatty(b) && fstat(a, &sa) == 0 &&
	    fstat(b, &sb) == 0 && sa.st_rdev == sb.st_rdev;
}

int
display_stdout_fd(const struct display *d)
{
	if (d->live && same_terminal(STDOUT_FILENO, STDERR_FILENO))
		return d->lines[1];
	return STDOUT_FILENO;
}

int
display_events_input(const struct display *d)
{
	return d->events[0];
}

int
display_stderr_input(const struct display *d)
{
	return d->lines[0];
}

void
display_started(struct display *d)
{
	close_fd(&d->events[1]);
	close_fd(&d->lines[1]);
}

int
display_timeout(const struct display *d)
{
	return d->live ? TICK_MS : -1;
}

void
display_resized(struct display *d)
{
	int	i, rows = 0;

	get_size(d);
	/* Terminals break lines that have become too long. */
	for (i = 0; i < d->rows; i++)
		rows += d->cols[i] > 0 ? (d->cols[i] - 1) / d->width + 1 : 1;
	d->broken = rows - d->rows;
}

void
display_resumed(struct display *d)
{
	/* The shell has written below the picture: leave all that. */
	d->rows = d->broken = 0;
}

/* "1.2 GB", into out. */
static const char *
amount(int64_t bytes, char *out, size_t size)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	double	v = (double)bytes;
	size_t	u = 0;

	while (v >= 1000 && u < 4) {
		v /= 1000;
		u++;
	}
	snprintf(out, size, u > 0 && v < 10 ? "%.1f %s" : "%.0f %s", v,
	    units[u]);
	return out;
}

static const char *
span(int64_t ms, char *out, size_t size)
{
	int64_t	s = ms / 1000;

	if (s < 10)
		snprintf(out, size, "%" PRId64 ".%" PRId64 " s", s,
		    ms % 1000 / 100);
	else if (s < 120)
		snprintf(out, size, "%" PRId64 " s", s);
	else if (s < 7200)
		snprintf(out, size, "%" PRId64 " min", (s + 30) / 60);
	else
		snprintf(out, size, "%" PRId64 " h %" PRId64 " min", s / 3600,
		    s % 3600 / 60);
	return out;
}

static struct item **
find(struct item **list, const char *name, int64_t line)
{
	for (; *list != NULL; list = &(*list)->next)
		if ((*list)->line == line && strcmp((*list)->name, name) == 0)
			return list;
	return NULL;
}

static struct item *
add(struct item **list, const char *name, int64_t line)
{
	struct item	*i = xcalloc(1, sizeof(*i));

	i->name = xstrdup(name);
	i->line = line;
	i->since = clock_ms();
	while (*list != NULL)
		list = &(*list)->next;
	*list = i;
	return i;
}

static void
drop(struct item **at)
{
	struct item	*i = *at;

	*at = i->next;
	free(i->name);
	free(i);
}

static int64_t
bytes_so_far(const struct display *d)
{
	const struct item	*i;
	int64_t			 n = d->sent_bytes;

	for (i = d->blobs; i != NULL; i = i->next)
		n += i->bytes;
	return n;
}

/* What takes the cursor to where the picture began; how many rows up. */
static int
add_home(struct display *d, struct buf *b)
{
	int	up = d->rows + d->broken;

	if (up > d->height - 1)
		up = d->height - 1;	/* the rest has left the screen */
	if (up > 0)
		buf_addf(b, "\r\033[%dA", up);
	d->rows = d->broken = 0;
	return up;
}

/*
 * Clear the live lines: something else is to be written there.  Row by row:
 * some terminals keep a screen that is cleared at once in their history.
 */
static void
erase(struct display *d)
{
	struct buf	b;
	int		i, up;

	if (d->rows == 0)
		return;
	buf_init(&b, 65536);
	up = add_home(d, &b);
	for (i = 0; i < up; i++)
		buf_adds(&b, "\033[K\n");
	buf_addf(&b, "\033[%dA", up);
	io_write_full(STDERR_FILENO, b.data, b.len);
	buf_clear(&b);
}

static void
say(const struct display *d, const char *text)
{
	char	safe[2048];

	(void)d;
	log_escape(safe, sizeof(safe) - 1, text);
	strncat(safe, "\n", sizeof(safe) - strlen(safe) - 1);
	io_write_full(STDERR_FILENO, safe, strlen(safe));
}

static void
image_event(struct display *d, jv ev, const char *state)
{
	struct item	**at;
	char		 *source = json_str(ev, "source"), *text, size[32];
	int64_t		  line = 0, bytes = 0;

	if (source == NULL)
		return;
	json_int(ev, "line", &line);
	json_int(ev, "bytes", &bytes);
	at = find(&d->images, source, line);
	if (strcmp(state, "start") == 0) {
		if (at == NULL)
			add(&d->images, source, line);
	} else {
		d->done_images += strcmp(state, "done") == 0;
		d->failed_images += strcmp(state, "failed") == 0;
		if (at != NULL)
			drop(at);
		if (!d->opt.quiet && !d->live && strcmp(state, "done") == 0) {
			text = xasprintf("%s: %s", source,
			    amount(bytes, size, sizeof(size)));
			say(d, text);
			free(text);
		}
	}
	free(source);
}

static void
blob_event(struct display *d, jv ev, const char *state)
{
	struct item	**at, *i;
	char		 *digest = json_str(ev, "digest");
	char		 *how = json_str(ev, "how");
	int64_t		  bytes = 0, size = 0;

	if (digest == NULL)
		goto out;
	json_int(ev, "bytes", &bytes);
	json_int(ev, "size", &size);
	at = find(&d->blobs, digest, 0);
	i = at != NULL ? *at : add(&d->blobs, digest, 0);
	i->bytes = bytes;
	i->size = size;
	if (strcmp(state, "done") != 0 && strcmp(state, "failed") != 0)
		goto out;
	d->sent_bytes += bytes;
	at = find(&d->blobs, digest, 0);
	drop(at);
	if (strcmp(state, "done") != 0)
		goto out;
	d->settled_bytes += size;
	if (how != NULL && strcmp(how, "copied") == 0) {
		d->copied_blobs++;
		d->copied_bytes += size;
	} else {
		d->present_blobs++;
	}
out:
	free(digest);
	free(how);
}

static void
one_event(struct display *d, const char *line, size_t len)
{
	jv	 ev = jv_parse_sized(line, (int)len);
	char	*name, *state;
	int64_t	 n;

	if (jv_get_kind(ev) != JV_KIND_OBJECT ||
	    (name = json_str(ev, "event")) == NULL) {
		jv_free(ev);
		return;
	}
	state = json_str(ev, "state");
	if (strcmp(name, "list") == 0)
		json_int(ev, "images", &d->total_images);
	else if (strcmp(name, "resolved") == 0)
		d->resolved++;
	else if (strcmp(name, "plan") == 0)
		json_int(ev, "bytes", &d->plan_bytes);
	else if (strcmp(name, "image") == 0 && state != NULL)
		image_event(d, ev, state);
	else if (strcmp(name, "blob") == 0 && state != NULL)
		blob_event(d, ev, state);
	else if (strcmp(name, "manifest") == 0)
		d->sent_manifests++;
	else if (strcmp(name, "published") == 0) {
		d->published = 1;
		json_int(ev, "left_out", &d->left_out);
		d->changed = json_int(ev, "changed", &n) && n != 0;
	}
	free(name);
	free(state);
	jv_free(ev);
}

static void
write_debug(struct display *d, const char *p, size_t n)
{
	if (d->debug != -1 && io_write_full(d->debug, p, n) == -1) {
		erase(d);
		log_warn("--debug %s: %s", d->opt.debug, strerror(errno));
		close_fd(&d->debug);
	}
}

/* Is it worth parsing?  Most events say only that a request was answered. */
static int
is_shown(const char *line)
{
	return strstr(line, "\"event\":\"request\"") == NULL;
}

/* Read once; 0 at the end.  Whole lines go to fn. */
static int
read_lines(struct display *d, int *fd, struct buf *b,
    void (*fn)(struct display *, const char *, size_t))
{
	char	chunk[LINE_MAX_BYTES], *nl;
	size_t	done = 0;
	ssize_t	n;

	do {
		n = read(*fd, chunk, sizeof(chunk));
	} while (n == -1 && errno == EINTR);
	if (n <= 0) {
		if (b->len > 0)
			fn(d, b->data, b->len);
		buf_reset(b);
		close_fd(fd);
		return 0;
	}
	buf_add(b, chunk, (size_t)n);
	while ((nl = memchr(b->data + done, '\n', b->len - done)) != NULL) {
		*nl = '\0';
		fn(d, b->data + done, (size_t)(nl - b->data) - done);
		done = (size_t)(nl + 1 - b->data);
	}
	if (done > 0)
		buf_drop(b, done);
	else if (b->len > LINE_MAX_BYTES) {
		fn(d, b->data, b->len);	/* no line: as it is */
		buf_reset(b);
	}
	return 1;
}

static void
take_event(struct display *d, const char *line, size_t len)
{
	if (d->debug != -1) {
		write_debug(d, line, len);
		write_debug(d, "\n", 1);
	}
	if (!d->opt.quiet && is_shown(line))
		one_event(d, line, len);
}

static void
take_message(struct display *d, const char *line, size_t len)
{
	(void)len;
	erase(d);
	/* Stages escape what they print; this is for those that do not. */
	say(d, line);
}

void
display_read_events(struct display *d)
{
	read_lines(d, &d->events[0], &d->event_buf, take_event);
}

void
display_read_stderr(struct display *d)
{
	read_lines(d, &d->lines[0], &d->line_buf, take_message);
}

/* Our own events stand in the file beside those of the stages. */
static void
own_event(struct display *d, const struct event_member *m, int n)
{
	if (d->debug == -1)
		return;
	events_init(d->debug);
	events_emit("stage", m, n);
	events_init(-1);
}

void
display_stage_started(struct display *d, const char *name, int pid)
{
	const struct event_member m[] = { EV_STR("name", name),
	    EV_STR("state", "started"), EV_NUM("pid", pid) };

	own_event(d, m, 3);
}

void
display_stage_ended(struct display *d, const char *name, int status)
{
	const struct event_member m[] = { EV_STR("name", name),
	    EV_STR("state", WIFSIGNALED(status) ? "killed" : "ended"),
	    EV_NUM("status", WIFSIGNALED(status) ? WTERMSIG(status) :
	    WEXITSTATUS(status)) };

	own_event(d, m, 3);
}

static void
update_rate(struct display *d, int64_t now)
{
	int64_t	bytes = bytes_so_far(d);
	double	s = (double)(now - d->rate_at) / 1000, window, weight;

	if (d->rate_since == 0 && bytes > 0)
		d->rate_since = d->rate_at;
	if (d->rate_since == 0) {
		d->rate_at = now;
		return;
	}
	if (s < 0.5)
		return;
	/* At first it is the rate since the first byte. */
	window = (double)(now - d->rate_since) / 1000;
	weight = s / (window < RATE_SECONDS ? window : RATE_SECONDS);
	if (weight > 1)
		weight = 1;
	d->rate += weight * ((double)(bytes - d->rate_bytes) / s - d->rate);
	d->rate_bytes = bytes;
	d->rate_at = now;
}

/* A line of the picture, cut to the terminal's width by whole characters. */
static void
add_row(struct display *d, struct buf *b, const char *text)
{
	const unsigned char	*s = (const unsigned char *)text;
	size_t			 left = strlen(text), n;
	unsigned long		 c;
	int			 cols = 0;

	while (left > 0 && cols < d->width - 1) {
		if ((n = utf8_decode(s, left, &c)) == 0)
			break;
		buf_add(b, s, n);
		s += n;
		left -= n;
		cols++;
	}
	buf_adds(b, "\033[K\n");	/* over the row of the last picture */
	d->cols[d->rows++] = cols;
}

static void
image_line(struct display *d, struct buf *b, const struct item *i,
    int64_t now)
{
	char	*text, time[32], safe[512];

	log_escape(safe, sizeof(safe), i->name);
	text = xasprintf("  %7s  %s", span(now - i->since, time,
	    sizeof(time)), safe);
	add_row(d, b, text);
	free(text);
}

/* ", 12 s left", or nothing as long as nobody can know. */
static void
time_left(const struct display *d, int64_t todo, char *out, size_t size)
{
	char	time[32];
	double	ms = (double)todo / (d->rate > 1000 ? d->rate : 1000) * 1000;

	*out = '\0';
	if (todo <= 0 || d->rate <= 1000)
		return;
	if (ms < 10000)
		snprintf(out, size, ", %.0f s left", ms / 1000 + 0.5);
	else
		snprintf(out, size, ", %s left", span((int64_t)ms, time,
		    sizeof(time)));
}

static void
total_line(struct display *d, struct buf *b)
{
	const struct item	*i;
	char			*text, have[32], want[32], rate[32], left[64];
	int64_t			 bytes = d->settled_bytes;

	for (i = d->blobs; i != NULL; i = i->next)
		bytes += i->bytes;
	if (d->total_images == 0) {
		add_row(d, b, "reading the list");
		return;
	}
	if (d->plan_bytes == 0 && d->done_images == 0) {
		text = xasprintf("%" PRId64 " of %" PRId64 " images looked up",
		    d->resolved, d->total_images);
		add_row(d, b, text);
		free(text);
		return;
	}
	amount(bytes, have, sizeof(have));
	amount(d->plan_bytes, want, sizeof(want));
	amount((int64_t)d->rate, rate, sizeof(rate));
	time_left(d, d->plan_bytes - bytes, left, sizeof(left));
	text = xasprintf("%" PRId64 " of %" PRId64 " images, %s of %s, %s/s%s",
	    d->done_images, d->total_images, have, want, rate, left);
	if ((int)strlen(text) >= d->width) {
		free(text);
		text = xasprintf("%" PRId64 "/%" PRId64 ", %s/%s, %s/s%s",
		    d->done_images, d->total_images, have, want, rate, left);
	}
	add_row(d, b, text);
	free(text);
}

void
display_tick(struct display *d)
{
	const struct item	*i;
	struct buf		 b;
	char			*more;
	int64_t			 now = clock_ms();
	int			 room, hidden = 0;

	if (!d->live || now - d->drawn < TICK_MS)
		return;
	d->drawn = now;
	update_rate(d, now);
	buf_init(&b, 65536);
	add_home(d, &b);
	/* The total, the "more" and the cursor's line stay on the screen. */
	room = d->height - 3 < LIVE_MAX ? d->height - 3 : LIVE_MAX;
	for (i = d->images; i != NULL; i = i->next)
		if (d->rows < room)
			image_line(d, &b, i, now);
		else
			hidden++;
	if (hidden > 0 && room > 0) {
		more = xasprintf("           … and %d more", hidden);
		add_row(d, &b, more);
		free(more);
	}
	total_line(d, &b);
	buf_adds(&b, "\033[J");
	io_write_full(STDERR_FILENO, b.data, b.len);
	buf_clear(&b);
}

static void
summary(struct display *d)
{
	int64_t	 images = d->done_images - d->left_out;
	char	*text, copied[32], time[32], left_out[80] = "";

	if (!d->published)
		return;
	if (d->left_out > 0)
		snprintf(left_out, sizeof(left_out), " (of %" PRId64 " more "
		    "nothing was selected)", d->left_out);
	if (!d->changed && (d->copied_blobs > 0 || d->sent_manifests > 0))
		text = xasprintf("%s: the index is as it was, but %" PRId64
		    " blob%s (%s) and %" PRId64 " manifest%s below it were "
		    "copied, in %s", d->opt.image, d->copied_blobs,
		    d->copied_blobs == 1 ? "" : "s",
		    amount(d->copied_bytes, copied, sizeof(copied)),
		    d->sent_manifests, d->sent_manifests == 1 ? "" : "s",
		    span(clock_ms() - d->started, time, sizeof(time)));
	else if (!d->changed)
		text = xasprintf("%s: nothing has changed, %" PRId64
		    " image%s%s in %s", d->opt.image, images,
		    images == 1 ? "" : "s", left_out,
		    span(clock_ms() - d->started, time, sizeof(time)));
	else
		text = xasprintf("%s: gathered %" PRId64 " image%s%s, %" PRId64
		    " blob%s (%s) copied, %" PRId64 " there already, in %s",
		    d->opt.image, images, images == 1 ? "" : "s", left_out,
		    d->copied_blobs,
		    d->copied_blobs == 1 ? "" : "s",
		    amount(d->copied_bytes, copied, sizeof(copied)),
		    d->present_blobs, span(clock_ms() - d->started, time,
		    sizeof(time)));
	say(d, text);
	free(text);
}

void
display_end(struct display *d)
{
	/* No stage is left: what is to be read is in the pipes. */
	while (d->events[0] != -1)
		display_read_events(d);
	while (d->lines[0] != -1)
		display_read_stderr(d);
	erase(d);
	if (!d->opt.quiet)
		summary(d);
}
