#ifndef ACEDT_ERRMSG_H
#define ACEDT_ERRMSG_H

/*
 * Errors of the library.  A function that can fail returns -1 (or NULL) with
 * its struct err filled; it does not print and does not exit.  Only a main()
 * prints, or puts the error into a record: the members are those of "error"
 * in acedt-stream(5).
 */

/* What kind of failure it is; err_class_name() gives the word on the wire. */
enum err_class {
	ERR_INTERNAL = 0,	/* no other class fits */
	ERR_REFERENCE,		/* a reference that cannot be read */
	ERR_NOT_FOUND,		/* the registry or layout does not have it */
	ERR_UNAUTHORIZED,	/* credentials missing or refused */
	ERR_DENIED,		/* credentials fine, access not allowed */
	ERR_THROTTLED,		/* 429, or a quota */
	ERR_REGISTRY,		/* any other answer that is not a success */
	ERR_NETWORK,		/* no answer: DNS, connect, reset, timeout */
	ERR_TLS,		/* certificates and protocol versions */
	ERR_DIGEST,		/* content is not what its digest says */
	ERR_CONTENT,		/* a document that breaks its specification */
	ERR_UNSUPPORTED,	/* valid, but not something we can carry */
	ERR_LIMIT,		/* over one of the limits of limits.h */
	ERR_IO,			/* a local file, descriptor or pipe */
	ERR_USAGE,		/* options, configuration, sources file */
	ERR_STREAM		/* the input stream itself */
};

#define ERR_MSG_MAX	1536
#define ERR_CODE_MAX	64

struct err {
	enum err_class	cls;
	int		status;		/* HTTP status, 0 if none */
	char		code[ERR_CODE_MAX]; /* of the registry, "" if none */
	char		msg[ERR_MSG_MAX];
};

#define ERR_INIT	{ ERR_INTERNAL, 0, "", "" }

/* Set class and message; always return -1, so "return err_set(...)" works. */
int	err_set(struct err *, enum err_class, const char *, ...)
	    __attribute__((format(printf, 3, 4)));

/* As err_set() with class ERR_IO, followed by ": strerror(errno)". */
int	err_sys(struct err *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/*
 * From now on err_sys() adds this text, which must stay, where permission is
 * denied: for reasons that the modes of files do not show.
 */
void	err_explain_access(const char *why);

/* Put "context: " before the message that is already there. */
int	err_wrap(struct err *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/* Add to the end of the message that is already there. */
int	err_add(struct err *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

const char	*err_class_name(enum err_class);

/* The class of a name; ERR_INTERNAL for a name that is not known. */
enum err_class	 err_class_of(const char *);

#endif
