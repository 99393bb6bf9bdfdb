#ifndef ACEDT_REGERR_H
#define ACEDT_REGERR_H

#include <stdint.h>

struct err;
struct http_call;

/* What answers that are no success mean; distribution-spec, "Error Codes". */

/*
 * Class, status, code and message from an answer: of a JSON body the errors
 * with their details, of another one the printable beginning.
 */
void	regerr_answer(struct http_call *, struct err *);

/*
 * Does the code of an error say that it will stay the same, whatever the
 * status?
 */
int	regerr_is_final(const char *code);

/*
 * Add what a person may try, where something is known to help.  account is
 * where the credentials came from that were sent, NULL if there were none;
 * may_not is what was refused to an account whose credentials were accepted
 * ("push"), NULL where that is not known.
 */
void	regerr_hint(struct err *, const struct http_call *, const char *scheme,
	    const char *host, const char *account, const char *may_not,
	    const char *looked_in);

/*
 * Milliseconds from a Retry-After field, in seconds or a date; 0 if broken.  A
 * date counts from date, the answer's Date field, as its clock and ours differ;
 * from our clock where date is NULL or broken.
 */
int64_t	regerr_retry_after(const char *, const char *date);
/* The same for the fields of an answer; 0 if it asks for no wait. */
int64_t	regerr_wait_asked(struct http_call *);

/* Report the Warning fields of an answer, each text once per process. */
void	regerr_warnings(struct http_call *, const char *host);

#endif
