#ifndef ACEDT_XALLOC_H
#define ACEDT_XALLOC_H

#include <stddef.h>

/*
 * Allocation that cannot fail: out of memory ends the process with status 4
 * and a message, since no stage has anything better to do then.
 */
void	*xmalloc(size_t);
void	*xcalloc(size_t nmemb, size_t size);
void	*xrealloc(void *, size_t);
/* Room for nmemb elements of size bytes; an overflow is out of memory. */
void	*xreallocarray(void *, size_t nmemb, size_t size);
char	*xstrdup(const char *);
/* A copy of len bytes, with a NUL after them. */
char	*xmemdup0(const void *, size_t len);
/* Free a secret that was a string, overwritten before; *s becomes NULL. */
void	 xwipe(char **s);
char	*xasprintf(const char *, ...) __attribute__((format(printf, 1, 2)));

#endif
