#ifndef ACEDT_SPAWN_H
#define ACEDT_SPAWN_H

#include <sys/types.h>

struct err;

/*
 * Start a program.  in and out become its standard input and output, errfd its
 * standard error (-1: ours); those of keep, which ends with -1, stay open in it
 * under their own numbers.  All remain the caller's to close.  A program that
 * cannot be executed is an error of the start, not an exit status.  The child
 * gets no blocked signal, SIGPIPE as it is by default, what else is ignored
 * stays so; it is sent SIGTERM if we die.  envp is its environment.
 */
pid_t	spawn(const char *path, char *const argv[], char *const envp[], int in,
	    int out, int errfd, const int *keep, struct err *);

#endif
