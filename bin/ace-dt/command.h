#ifndef ACEDT_COMMAND_H
#define ACEDT_COMMAND_H

/*
 * The commands of ace-dt.  argv is that of the program, with the words of the
 * command in it; what they return is the exit status.
 */

int	gather_main(int argc, char **argv);
int	check_access_main(int argc, char **argv);
int	config_main(int argc, char **argv);
int	version_main(int argc, char **argv);

/* Show what --help shows. */
_Noreturn void gather_help(void);
_Noreturn void check_access_help(void);
_Noreturn void config_help(void);
_Noreturn void version_help(void);

#endif
