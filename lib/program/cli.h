#ifndef ACEDT_CLI_H
#define ACEDT_CLI_H

#include <stddef.h>

/*
 * Command lines, read the way users of the Go program's flag library know
 * them: options and arguments in any order, "--" ends the options, long ones
 * as --name=value or --name value, short ones as -nvalue, -n=value or
 * -n value, flags together as -rq.  A name that does not exist is answered
 * with the nearest one that does.
 *
 *	static const struct cli_program program = { .usage = "x [-q] FILE",
 *	    .about = "Do it.", .options = options, .common = CLI_CONFIG };
 *
 *	cli_init(&cli, &program, argc, argv);
 *	while ((id = cli_next(&cli, &value)) != 0)
 *		switch (id) { ... }
 *	if (cli.nargs != 1)
 *		cli_usage(&cli, "FILE is missing");
 */

enum cli_arg {
	CLI_NONE,		/* a flag; --flag=true and --flag=false too */
	CLI_VALUE,		/* takes a value */
	CLI_OPTIONAL		/* --name[=value] */
};

struct cli_option {
	int		 id;		/* returned by cli_next(); > 0 */
	char		 letter;	/* 0 if there is no short form */
	const char	*name;
	enum cli_arg	 arg;
	const char	*metavar;	/* name of the value in help */
	const char	*help;		/* for --help, which breaks lines */
};

/* Sets of options that several programs have; those of --help are in all. */
enum cli_common {
	CLI_CONFIG = 1 << 0,	/* --config */
	CLI_EVENTS = 1 << 1,	/* --events-fd */
	CLI_PATIENCE = 1 << 2,	/* --retries, --retry-max-time, --stall-time */
	CLI_SHARED = 1 << 3,	/* --shared-fd */
	CLI_UNORDERED = 1 << 4,	/* --unordered */
	CLI_LIST_NAME = 1 << 5,	/* --name */
	CLI_RECURSIVE = 1 << 6,	/* --recursive, of ace-dt */
	CLI_BLOBS = 1 << 7,	/* --limit-rate, --max-time, --speed-limit,
				 * --speed-time */
	CLI_INDEX = 1 << 8,	/* --allow-empty, --annotations,
				 * --index-fallback, --overwrite */
	/* What every stage that asks registries has. */
	CLI_NETWORK_STAGE = CLI_CONFIG | CLI_EVENTS | CLI_PATIENCE | CLI_SHARED
};

/* The ids of common options, above those of a program's own. */
enum {
	CLI_ID_HELP = 1000,
	CLI_ID_VERSION,
	CLI_ID_VERBOSITY,
	CLI_ID_EVENTS,
	CLI_ID_CONFIG,
	CLI_ID_RETRIES,
	CLI_ID_RETRY_TIME,
	CLI_ID_SHARED,
	CLI_ID_STALL_TIME,
	CLI_ID_UNORDERED,
	CLI_ID_LIST_NAME,
	CLI_ID_RECURSIVE,
	CLI_ID_LIMIT_RATE,
	CLI_ID_MAX_TIME,
	CLI_ID_SPEED_LIMIT,
	CLI_ID_SPEED_TIME,
	CLI_ID_ALLOW_EMPTY,
	CLI_ID_ANNOTATIONS,
	CLI_ID_FALLBACK,
	CLI_ID_OVERWRITE
};

/* The end of a program's own options. */
#define CLI_END		{ 0, 0, NULL, CLI_NONE, NULL, NULL }

/* What is fixed of a program or a command. */
struct cli_program {
	const char			*usage;	/* "acedt-x [-q] FILE" */
	const char			*about;	/* for --help; "" or lines of at
						 * most 80 columns */
	const struct cli_option		*options; /* its own, or NULL */
	unsigned int			 common; /* sets of enum cli_common */
};

/* A command line that is being read. */
struct cli {
	const struct cli_program	*program; /* borrowed */
	struct cli_option		*options; /* owned: cli_options() */
	int				 argc;
	char				**argv;	/* borrowed */
	int				 next;	/* index of the next word */
	const char			*cluster; /* the rest of "-abc" */
	int				 only_args; /* "--" was seen */
	int				 passing; /* options have no effect */

	/* The words that are not options, in order. */
	char				**args;	/* owned; words borrowed */
	size_t				 nargs;
};

void	cli_init(struct cli *, const struct cli_program *, int argc,
	    char **argv);

/*
 * The next word that is not an option nor the value of one, or NULL.  It is the
 * last one of args, too.  Options before it have no effect, and one that is not
 * known counts as a flag: whoever reads the words of a command this way reads
 * the whole line again with the options of that command.
 */
const char *cli_word(struct cli *);

/*
 * The id of the next option, with *value its value or NULL; a flag given as
 * --flag=false has the value "false".  0 when all words are read: then args
 * has the arguments.  --help and --version print and exit; --verbosity and
 * --events-fd act and are not returned.  A wrong option ends the program with
 * status 2.
 */
int	cli_next(struct cli *, const char **value);

/*
 * The number that an option's value is, from min to max; else the program ends
 * with status 2.
 */
long	cli_number(const struct cli *, const char *option, const char *value,
	    long min, long max);

/* Write what --help writes to standard output, and exit. */
_Noreturn void cli_help(const struct cli_program *);

/* The same for --version. */
_Noreturn void cli_version(void);

/* Free what is owned; the words themselves belong to argv. */
void	cli_clear(struct cli *);

/* Say what is wrong, show the usage line, exit with status 2. */
_Noreturn void cli_usage(const struct cli *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));
/* The second half of that. */
_Noreturn void cli_usage_exit(const struct cli_program *);

/*
 * All options of a program, its own and common ones, sorted by name; the caller
 * frees the array.  It ends with CLI_END.
 */
struct cli_option *cli_options(const struct cli_program *);

/*
 * The candidate that is nearest to the word and near enough to be meant, or
 * NULL.  candidates ends with NULL.
 */
const char *cli_nearest(const char *word, const char *const *candidates);

struct patience;

/*
 * Take one of --retries, --retry-max-time and --stall-time: 1, or 0 if it is
 * another option; bad values end the program.
 */
int	cli_patience(const struct cli *, int id, const char *value,
	    struct patience *);

#endif
