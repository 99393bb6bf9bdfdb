#ifndef ACEDT_HOSTNOTE_H
#define ACEDT_HOSTNOTE_H

/*
 * What a run learnt about a registry, for those after it: CACHE/hosts holds one
 * small file for each endpoint that was written to.  A convenience as the cache
 * is: a note that is missing, old, broken or wrong costs requests and nothing
 * else.
 */

enum host_known {
	HOST_UNKNOWN,
	HOST_ANSWERS_MOUNTS,	/* 201 for a blob that it has */
	HOST_IGNORES_MOUNTS	/* 202 for all */
};

struct hostnote {
	int	 fd;			/* owned; -1: nothing is kept */
	char	*base;			/* owned: the endpoint */
};

/*
 * Open the note of an endpoint (scheme://host/path), and return what it says.
 * path is the configuration's cachePath, or NULL.  Files are made now, as
 * there is no other way to leave them to us in the sandbox.
 */
enum host_known hostnote_open(struct hostnote *, const char *path,
	    const char *base);
void	hostnote_write(struct hostnote *, enum host_known);
void	hostnote_close(struct hostnote *);

#endif
