#ifndef ACEDT_IO_H
#define ACEDT_IO_H

#include <stddef.h>
#include <sys/types.h>

struct buf;
struct err;
struct stat;

/* Write all of it, whatever write(2) takes at a time.  0 or -1 with errno. */
int	io_write_full(int fd, const void *, size_t);

/*
 * Read a whole file into *b, which has a ceiling.  name is for the message.
 * Directories and anything over the ceiling are errors.
 */
int	io_read_file(int fd, const char *name, struct buf *b, struct err *);

/* Open read-only, close-on-exec, and read as above. */
int	io_slurp(const char *path, struct buf *b, struct err *);

/*
 * Is it a regular file of our own user, and do its permissions have none of the
 * bits in others?
 */
int	io_is_own_file(const struct stat *, mode_t others);

/*
 * Give a file without a name, of O_TMPFILE, a name in a directory, where
 * nothing may have that name yet.  0, or -1 with errno.
 */
int	io_name_file(int fd, int dir, const char *name);

/*
 * Make the folders that a path lies in, for us alone; the path is as it was
 * afterwards.  0 or -1 with errno.
 */
int	io_make_parents(char *path);
/* The same, and the folder itself. */
int	io_make_dir(const char *dir);

/*
 * What program_setup() begins with: open 0, 1 and 2 where the caller left them
 * closed, so that no socket or file ever gets one of these numbers (writing
 * there still fails, as it should), and make writing to a pipe without a
 * reader, or beyond the size that a file may have, an error instead of a death.
 * The signals get an empty handler: unlike SIG_IGN that is not inherited by
 * programs that are started.
 */
void	io_setup(void);

/*
 * Something could not be written to standard output, and errno says why.  If
 * its reader has left, io_end_unread() ends the program by SIGPIPE, without a
 * word, as any program of a pipeline ends; else it returns, with errno.
 * io_stdout_failed() does not return: what else it may be gets a message.
 */
void	io_end_unread(void);
_Noreturn void io_stdout_failed(void);

#endif
