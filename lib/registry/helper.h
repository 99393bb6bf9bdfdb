#ifndef ACEDT_HELPER_H
#define ACEDT_HELPER_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/base/errmsg.h"
#include "lib/http/loop.h"

/*
 * Credential helpers: docker-credential-NAME get, with the server on standard
 * input, and JSON on standard output: doc/protocol.md, "Accounts".  A helper
 * runs beside the transfers, without a shell, bounded in time and output;
 * broker.h starts it.
 */
struct helpers;

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
	struct helpers	*all;
	const char	*name, *server;	/* borrowed */
	void		(*done)(void *);
	void		*arg;
	uint32_t	 id;
	int		 waits;
	struct loop_timer timer;	/* of waiting for the broker */
	struct loop_deferred end;	/* it failed when it was asked */
	LIST_ENTRY(helper) link;
};

/*
 * Before the sandbox is entered.  names, which ends with NULL, must stay; no
 * process is made where there are none.
 */
struct helpers *helpers_new(struct loop *, const char *const *names);
/* Ends those that run; no struct helper may wait any more. */
void	helpers_free(struct helpers *);

/*
 * Ask for a server; name and server must stay until done is called, from
 * the loop.
 */
void	helper_ask(struct helper *, struct helpers *, const char *name,
	    const char *server, void (*done)(void *), void *arg);
/* Its answer is not wanted any more if it runs; wipes the result. */
void	helper_clear(struct helper *);

#endif
