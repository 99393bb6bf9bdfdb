#ifndef ACEDT_CONFIG_PRIVATE_H
#define ACEDT_CONFIG_PRIVATE_H

#include <stddef.h>

struct buf;
struct err;

/* config_find.c, for config.c; others include lib/program/config.h. */

/*
 * Find the file as config_load() says.  *found is owned by the caller, NULL if
 * there is none; *found_by, static, says who named it.  -1 if the user named
 * files of which none exists.
 */
int	config_find(const char *const *paths, size_t n, char **found,
	    const char **found_by, struct err *);
/* Read it; that of the working directory only if it is ours or root's. */
int	config_read_text(const char *path, const char *found_by, struct buf *,
	    struct err *);

/* A warning; under ace-dt at info, as that warns once for all its stages. */
void	config_warn(const char *, ...) __attribute__((format(printf, 1, 2)));

#endif
