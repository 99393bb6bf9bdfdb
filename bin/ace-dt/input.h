#ifndef ACEDT_INPUT_H
#define ACEDT_INPUT_H

#include <stddef.h>

struct err;

/*
 * Files that the command line names, for stages that are other processes: what
 * /dev/stdin, /dev/fd/N or <(a command) means is known to this process alone.
 */

/*
 * Open a sources file for reading, or duplicate standard input for "-".  The
 * descriptor is close-on-exec; -1 with *err filled.
 */
int	input_open_list(const char *path, struct err *);

/*
 * Check the configuration that the n paths (or ACE_DT_CONFIG) name, so that
 * what is wrong with it is said once, and make it readable for other processes:
 * a file that can be read only once is copied into memory, its path in the
 * array replaced by one that works in every process that inherits *fd.  *fd,
 * the caller's, is -1 where no copy was needed.  The array is made if there is
 * none.  0, or -1 with *err filled.
 */
int	input_config(const char ***paths, size_t *n, int *fd, struct err *);

#endif
