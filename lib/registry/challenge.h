#ifndef ACEDT_CHALLENGE_H
#define ACEDT_CHALLENGE_H

/*
 * WWW-Authenticate (RFC 9110 §11.6.1): several challenges in one field,
 * separated by the same commas as their parameters.
 */
struct challenge {
	int	 bearer;		/* else basic */
	char	*realm;			/* owned, may be NULL */
	char	*service;		/* owned, may be NULL */
	char	*scope;			/* owned, may be NULL */
	char	*error;			/* owned, may be NULL */
};

/*
 * Read one field's value and keep the best challenge so far: bearer before
 * basic, others are ignored.  *c is all zero before the first field.  Returns
 * 1 if *c now holds a challenge, 0 if not yet.
 */
int	challenge_parse(struct challenge *c, const char *value);
void	challenge_clear(struct challenge *);

#endif
