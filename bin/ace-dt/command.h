#ifndef ACEDT_COMMAND_H
#define ACEDT_COMMAND_H

struct cli_program;

/*
 * The commands of ace-dt.  argv is that of the program, with the words of the
 * command in it; what they return is the exit status.
 */

int	gather_main(int argc, char **argv);
int	list_main(int argc, char **argv);
int	check_access_main(int argc, char **argv);
int	config_main(int argc, char **argv);
int	version_main(int argc, char **argv);

/* What their --help shows. */
extern const struct cli_program	gather_program;
extern const struct cli_program	list_program;
extern const struct cli_program	check_access_program;
extern const struct cli_program	config_program;
extern const struct cli_program	version_program;

#endif
