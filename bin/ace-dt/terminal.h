#ifndef ACEDT_TERMINAL_H
#define ACEDT_TERMINAL_H

#include <stddef.h>

#include "lib/base/buf.h"

/*
 * Standard error as people see it: lines that stay, and on a terminal that can
 * be redrawn a picture of a few rows below them.
 *
 *	terminal_begin(&t);
 *	terminal_row(&t, "two of three");
 *	terminal_show(&t);
 */

#define TERMINAL_ROWS_MAX	10	/* of a picture */

struct terminal {
	int		 live;		/* it can be redrawn */

	/* Private. */
	int		 width;		/* columns */
	int		 height;	/* rows */
	int		 rows;		/* that the picture has */
	int		 broken;	/* more rows of it since a resize */
	int		 cols[TERMINAL_ROWS_MAX];	/* how wide they are */
	int		 drawing;	/* between begin and show */
	struct buf	 picture;	/* while drawing */
};

/* Without live it is never redrawn, whatever it is. */
void	terminal_init(struct terminal *, int live);
void	terminal_clear(struct terminal *);

/* Are both descriptors the same terminal? */
int	terminal_same(int, int);

/* How many columns a row may have; how many rows a picture may have. */
int	terminal_width(const struct terminal *);
int	terminal_height(const struct terminal *);

/* Draw the next picture in the place of the last one. */
void	terminal_begin(struct terminal *);
/* A row, cut to the width by whole characters. */
void	terminal_row(struct terminal *, const char *);
void	terminal_show(struct terminal *);
/* Take the picture away. */
void	terminal_erase(struct terminal *);
/* Take the picture away, and write a line that stays, with its text escaped. */
void	terminal_say(struct terminal *, const char *);

/* The terminal has another size now. */
void	terminal_resized(struct terminal *);
/* After a stop: the next picture begins below what others have written. */
void	terminal_resumed(struct terminal *);

#endif
