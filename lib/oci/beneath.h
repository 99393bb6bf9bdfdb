#ifndef ACEDT_BENEATH_H
#define ACEDT_BENEATH_H

/*
 * Open what lies below a directory that is open, by a relative path of plain
 * names.  No symbolic link in the path is followed, so that whoever may write
 * to the directory cannot lead us out of it.  flags as for open(2); nothing is
 * made.  -1 with errno: ELOOP where a link stands, EXDEV for a path that leaves
 * the directory.
 */
int	beneath_open(int dir, const char *path, int flags);

#endif
