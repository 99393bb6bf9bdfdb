/*
 * A picture of a few rows at the end of a terminal's text, drawn with three
 * sequences that every terminal knows: cursor up, erase line, erase below.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bin/ace-dt/terminal.h"
#include "lib/base/io.h"
#include "lib/base/log.h"
#include "lib/base/utf8.h"

#define PICTURE_BYTES_MAX	65536
#define SAY_BYTES_MAX		2048	/* of a line that stays, escaped */
/* What a terminal has that does not say. */
#define WIDTH_USUAL		80
#define HEIGHT_USUAL		24

static void
get_size(struct terminal *t)
{
	struct winsize	ws;

	t->width = WIDTH_USUAL;
	t->height = HEIGHT_USUAL;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) == -1)
		return;
	if (ws.ws_col > 0)
		t->width = ws.ws_col;
	if (ws.ws_row > 0)
		t->height = ws.ws_row;
}

static int
can_redraw(void)
{
	const char	*term = getenv("TERM");

	return isatty(STDERR_FILENO) && term != NULL &&
	    strcmp(term, "dumb") != 0 && *term != '\0';
}

void
terminal_init(struct terminal *t, int live)
{
	memset(t, 0, sizeof(*t));
	buf_init(&t->picture, PICTURE_BYTES_MAX);
	get_size(t);
	t->live = live && can_redraw();
}

void
terminal_clear(struct terminal *t)
{
	buf_clear(&t->picture);
}

int
terminal_same(int a, int b)
{
	struct stat	sa, sb;

	return isatty(a) && isatty(b) && fstat(a, &sa) == 0 &&
	    fstat(b, &sb) == 0 && sa.st_rdev == sb.st_rdev;
}

int
terminal_width(const struct terminal *t)
{
	return t->width;
}

int
terminal_height(const struct terminal *t)
{
	/* The row of the cursor stays free. */
	return t->height - 1 < TERMINAL_ROWS_MAX ? t->height - 1 :
	    TERMINAL_ROWS_MAX;
}

/* To where the picture begins; returns how many rows up that is. */
static int
add_home(struct terminal *t)
{
	int	up = t->rows + t->broken;

	if (up > t->height - 1)
		up = t->height - 1;	/* the rest has left the screen */
	if (up > 0)
		buf_addf(&t->picture, "\r\033[%dA", up);
	t->rows = t->broken = 0;
	return up;
}

/* Write what was drawn. */
static void
put(struct terminal *t)
{
	assert(!buf_is_full(&t->picture));
	io_write_full(STDERR_FILENO, t->picture.data, t->picture.len);
	buf_reset(&t->picture);
}

void
terminal_begin(struct terminal *t)
{
	assert(t->live && !t->drawing);
	t->drawing = 1;
	add_home(t);
}

void
terminal_row(struct terminal *t, const char *text)
{
	int	cols;

	assert(t->drawing && t->rows < TERMINAL_ROWS_MAX);
	buf_add(&t->picture, text, utf8_prefix(text, t->width - 1, &cols));
	/* Over the row of the last picture. */
	buf_adds(&t->picture, "\033[K\n");
	t->cols[t->rows++] = cols;
}

void
terminal_show(struct terminal *t)
{
	assert(t->drawing);
	buf_adds(&t->picture, "\033[J");
	put(t);
	t->drawing = 0;
}

/*
 * Row by row: some terminals keep a screen that is cleared at once in their
 * history.
 */
void
terminal_erase(struct terminal *t)
{
	int	i, up;

	assert(!t->drawing);
	if (t->rows == 0)
		return;
	up = add_home(t);
	for (i = 0; i < up; i++)
		buf_adds(&t->picture, "\033[K\n");
	buf_addf(&t->picture, "\033[%dA", up);
	put(t);
}

void
terminal_say(struct terminal *t, const char *text)
{
	char	safe[SAY_BYTES_MAX];
	size_t	n;

	terminal_erase(t);
	log_escape(safe, sizeof(safe) - 1, text);
	n = strlen(safe);
	safe[n] = '\n';
	io_write_full(STDERR_FILENO, safe, n + 1);
}

void
terminal_resized(struct terminal *t)
{
	int	i, rows = 0;

	assert(!t->drawing);
	get_size(t);
	/* Terminals break lines that have become too long. */
	for (i = 0; i < t->rows; i++)
		rows += t->cols[i] > 0 ? (t->cols[i] - 1) / t->width + 1 : 1;
	t->broken = rows - t->rows;
}

void
terminal_resumed(struct terminal *t)
{
	/* The shell has written below the picture: leave all that. */
	t->rows = t->broken = 0;
}
