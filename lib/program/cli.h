#ifndef ACEDT_CLI_H
#define ACEDT_CLI_H

#include <stddef.h>

/*
 * Command lines, read the way users of the Go program's flag library know
 * them: options and arguments in any order, "--" ends the options, long ones
 * as --name=value or --name value, short ones as -nvalue, -n=value or
 * -n value, flags together as -rq.  A name that does not exist is answered
 * with the nearest one that does.
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
	const char	*help;		/* for --help; may hold newlines */
};

/* Options that every program has, below the ids of its own. */
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
	CLI_ID_UNORDERED
};

/* A row for struct cli_option tables. */
#define CLI_HELP	{ CLI_ID_HELP, 'h', "help", CLI_NONE, NULL, \
	"show this help" }
#define CLI_VERSION	{ CLI_ID_VERSION, 0, "version", CLI_NONE, NULL, \
	"show the version" }
#define CLI_VERBOSITY	{ CLI_ID_VERBOSITY, 'v', "verbosity", CLI_OPTIONAL, \
	"LEVEL", "what to report: error (0), warn (4), info (8), debug (12);\n" \
	"without LEVEL one more [$ACE_DT_VERBOSITY; default warn]" }
#define CLI_EVENTS	{ CLI_ID_EVENTS, 0, "events-fd", CLI_VALUE, "N", \
	"write progress events, JSON lines, to descriptor N" }
#define CLI_CONFIG	{ CLI_ID_CONFIG, 0, "config", CLI_VALUE, "FILE", \
	"configuration file; repeatable, the first one present is used\n" \
	"[$ACE_DT_CONFIG]" }
/* Rows of programs that ask registries. */
#define CLI_RETRIES	{ CLI_ID_RETRIES, 0, "retries", CLI_VALUE, "N", \
	"how often a request that failed is sent again (5)" }
#define CLI_RETRY_TIME	{ CLI_ID_RETRY_TIME, 0, "retry-max-time", CLI_VALUE, \
	"SECONDS", "do not try again when that has lasted so long already" }
#define CLI_SHARED	{ CLI_ID_SHARED, 0, "shared-fd", CLI_VALUE, "N", \
	"share limits with other programs, by the memory that ace-dt\n" \
	"hands down as descriptor N" }
#define CLI_STALL_TIME	{ CLI_ID_STALL_TIME, 0, "stall-time", CLI_VALUE, \
	"SECONDS", "give a connection up when no byte moves for so long (60)" }
/* A row of stages that work on many records at a time. */
#define CLI_UNORDERED	{ CLI_ID_UNORDERED, 0, "unordered", CLI_NONE, NULL, \
	"write each record as soon as it is done, in any order" }
#define CLI_END		{ 0, 0, NULL, CLI_NONE, NULL, NULL }

struct cli {
	const char			*usage;	/* "acedt-x [-p PLATFORM] FILE" */
	const char			*about;	/* a paragraph for --help */
	const struct cli_option		*options; /* ends with CLI_END */

	/* Set by cli_init(). */
	int	 argc;
	char	**argv;			/* borrowed */
	int	 next;			/* index of the next word */
	const char *cluster;		/* rest of "-abc" */
	int	 only_args;		/* "--" was seen */

	/* The arguments that are no options, in order. */
	char	**args;			/* owned array of borrowed words */
	size_t	 nargs;
};

/* usage, about and options are set by the caller before. */
void	cli_init(struct cli *, int argc, char **argv);

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
_Noreturn void cli_help(const struct cli *);

/* The same for --version. */
_Noreturn void cli_version(void);

/* Free args; the words themselves belong to argv. */
void	cli_clear(struct cli *);

/* Say what is wrong, show the usage line, exit with status 2. */
_Noreturn void cli_usage(const struct cli *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

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
