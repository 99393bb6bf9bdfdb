#ifndef ACEDT_HELPER_H
#define ACEDT_HELPER_H

#include <sys/types.h>

#include "lib/buf.h"
#include "lib/errmsg.h"
#include "lib/http.h"

/*
 * Credential helpers: docker-credential-NAME get, with the server on standard
 * input, and JSON on standard output.  protocol.md §4.3.  It runs beside the
 * transfers, without a shell, bounded in time and output.
 */

enum helper_result {
	HELPER_FOUND,
	HELPER_NONE,		/* it works, and knows nothing of the server */
	HELPER_MISSING,		/* no such program */
	HELPER_FAILED
};

struct helper {
	/* The result; err says more when it is MISSING or FAILED. */
	enum helper_result result;
	struct err	 err;
	char		*user;		/* owned; "<token>": see secret */
	char		*secret;	/* owned: password, or identity token */

	/* Private. */
	struct http	*http;
	const char	*name, *server;	/* borrowed */
	void		(*done)(void *);
	void		*arg;
	pid_t		 pid;		/* -1 if it does not run */
	struct http_watch out, gone;
	struct buf	 reply;
	int		 status;
	struct http_timer timer;
};

/*
 * Ask for a server; name and server must stay until done is called, which
 * happens from http_run() or http_wait().
 */
void	helper_ask(struct helper *, struct http *, const char *name,
	    const char *server, void (*done)(void *), void *arg);
/* Ends it if it runs, wipes the result. */
void	helper_clear(struct helper *);

#endif
