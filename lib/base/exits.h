#ifndef ACEDT_EXITS_H
#define ACEDT_EXITS_H

/* Exit status of every program: acedt(7), EXIT STATUS. */
enum {
	EXIT_DONE = 0,		/* all done */
	EXIT_IMAGES = 1,	/* the stream is complete, some images failed */
	EXIT_USAGE_ERR = 2,	/* usage or configuration */
	EXIT_INPUT = 3,		/* malformed stream, or one cut short */
	EXIT_STOPPED = 4	/* anything else that stopped the program */
};

#endif
