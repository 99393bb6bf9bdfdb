#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/program/cli.h"
#include "test/unit/tap.h"

#define WORDS_MAX	16

static const struct cli_option options[] = {
	{ 1, 'p', "platforms", CLI_VALUE, "PLATFORM",
	    "only these platforms, of all that there may be; repeatable" },
	{ 2, 'r', "recursive", CLI_NONE, NULL, "referrers too" },
	{ 3, 'q', "quiet", CLI_NONE, NULL, "say nothing" },
	{ 4, 0, "index-fallback", CLI_NONE, NULL, "no nested indexes, "
	    "whatever the registry says such --quiet words" },
	{ 5, 'w', "when", CLI_OPTIONAL, "TIME", "not now, and not on the "
	    "day that it takes for words a longer time" },
	CLI_END
};

#define USAGE	"acedt-x [-p PLATFORM] FILE"

static struct cli_program program = {
	.usage = USAGE,
	.about = "A\nparagraph.",
	.options = options,
	.common = CLI_CONFIG | CLI_EVENTS
};
static char		 out[65536], errs[65536];

static void
slurp(int fd, char *to, size_t size)
{
	size_t	len = 0;
	ssize_t	n;

	while (len < size - 1 && (n = read(fd, to + len, size - 1 - len)) > 0)
		len += (size_t)n;
	to[len] = '\0';
	close(fd);
}

/*
 * What the child does: print each option as "ID=VALUE" or "ID", then the
 * arguments in brackets, then the level.
 */
static void
child(char **words)
{
	struct cli	 c;
	const char	*value;
	size_t		 i;
	int		 argc = 0, id;

	while (words[argc] != NULL)
		argc++;
	log_init("acedt-x");
	cli_init(&c, &program, argc, words);
	while ((id = cli_next(&c, &value)) != 0)
		printf("%d%s%s ", id, value != NULL ? "=" : "",
		    value != NULL ? value : "");
	for (i = 0; i < c.nargs; i++)
		printf("[%s] ", c.args[i]);
	printf("%d", log_level());
	cli_clear(&c);
	exit(0);
}

/* Run the words, separated by '|'; fills out and errs. */
static int
run_to(const char *line, const char *output)
{
	char	*copy = strdup(line), *rest = copy, *words[WORDS_MAX];
	int	 po[2], pe[2], n = 0, status, fd;
	pid_t	 pid;

	words[n++] = copy;		/* stands for argv[0] */
	if (*line != '\0')
		while (n < WORDS_MAX - 1 &&
		    (words[n] = strsep(&rest, "|")) != NULL)
			n++;
	words[n] = NULL;
	if (pipe(po) == -1 || pipe(pe) == -1)
		abort();
	fflush(stdout);
	if ((pid = fork()) == 0) {
		fd = output != NULL ? open(output, O_WRONLY) : po[1];
		dup2(fd, STDOUT_FILENO);
		dup2(pe[1], STDERR_FILENO);
		close(po[0]);
		close(po[1]);
		close(pe[0]);
		close(pe[1]);
		child(words);
	}
	close(po[1]);
	close(pe[1]);
	slurp(po[0], out, sizeof(out));
	slurp(pe[0], errs, sizeof(errs));
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	free(copy);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

static void
good(const char *line, const char *want)
{
	is_int(run_to(line, NULL), 0);
	if (!is_str(out, want))
		printf("# by: %s\n", line);
	is_str(errs, "");
}

static void
bad(const char *line, const char *message)
{
	char	want[1024];

	is_int(run_to(line, NULL), 2);
	snprintf(want, sizeof(want), "acedt-x: %s\nusage: %s\n"
	    "try 'acedt-x --help'\n", message, program.usage);
	is_str(errs, want);
}

static void
test_words(void)
{
	good("", "4");
	good("a", "[a] 4");
	good("a|-r|b", "2 [a] [b] 4");
	good("-", "[-] 4");
	good("-r||-q", "2 3 [] 4");
	good("--|-r|--|--quiet", "[-r] [--] [--quiet] 4");
	good("-r|--|-q", "2 [-q] 4");
	good("--recursive|--quiet|--index-fallback", "2 3 4 4");
	good("-rq", "2 3 4");
	good("-qrq|a", "3 2 3 [a] 4");
	good("-p|x|-p|y", "1=x 1=y 4");
	good("-px", "1=x 4");
	good("-p=x", "1=x 4");
	good("-p==x", "1==x 4");
	good("-p=", "1= 4");
	good("-rqp|x|a", "2 3 1=x [a] 4");
	good("-rpq", "2 1=q 4");
	good("-rp=q", "2 1=q 4");
	good("--platforms|x", "1=x 4");
	good("--platforms=x=y", "1=x=y 4");
	good("--platforms=", "1= 4");
	good("--platforms|", "1= 4");
	good("--platforms|-r", "1=-r 4");
	good("--platforms|--", "1=-- 4");
	good("-p|--|-r", "1=-- 2 4");
	good("--config=a|--config|b", "1004=a 1004=b 4");
}

static void
test_flags(void)
{
	good("--quiet=true|--quiet=1|--quiet=t|--quiet=T", "3 3 3 3 4");
	good("--quiet=TRUE|--quiet=True", "3 3 4");
	good("--quiet=false|--quiet=0|--quiet=f|--quiet=F",
	    "3=false 3=false 3=false 3=false 4");
	good("--quiet=FALSE|--quiet=False", "3=false 3=false 4");
	good("-q=false|-rq=0", "3=false 2 3=false 4");
	good("--quiet|false", "3 [false] 4");
	good("--help=false|--version=0", "4");
	bad("--quiet=yes", "--quiet: \"yes\" is neither true nor false");
	bad("--quiet=", "--quiet: \"\" is neither true nor false");
	bad("-q=tRUE", "--quiet: \"tRUE\" is neither true nor false");
}

static void
test_verbosity(void)
{
	good("-v", "8");
	good("-vv", "12");
	good("-vvvv", "12");
	good("-v0|-v", "4");
	good("-v9|-v", "12");
	good("-v14|-v", "14");
	good("--verbosity", "8");
	good("-v|debug", "12");
	good("-v|file", "[file] 8");
	good("--verbosity|debug", "12");
	good("--verbosity|file|a", "[file] [a] 8");
	good("--verbosity|8|a", "[a] 8");
	good("--verbosity|-r", "2 8");
	good("--verbosity=info", "8");
	good("-v=error", "0");
	good("-vdebug", "12");
	good("-v8", "8");
	good("-rv8", "2 8");
	good("-vrq", "2 3 8");
	good("-qv", "3 8");
	good("--verbosity=debug,error", "0");
	good("-v=error,12", "12");
	good("-vdebug|-v", "12");
	good("--when|x", "5 [x] 4");
	good("--when=x", "5=x 4");
	good("--when=", "5= 4");
	good("-w=x|-w|debug", "5=x 5 [debug] 4");
	bad("--verbosity=loud", "--verbosity: \"loud\" is not a level; use "
	    "error, warn, info, debug or a number");
	bad("-v=", "--verbosity: \"\" is not a level; use error, warn, info, "
	    "debug or a number");
	bad("-v=loud,debug", "--verbosity: \"loud,debug\" is not a level; use "
	    "error, warn, info, debug or a number");
	bad("-v=debug,", "--verbosity: \"debug,\" is not a level; use error, "
	    "warn, info, debug or a number");
}

static void
test_environment(void)
{
	setenv("ACE_DT_VERBOSITY", "debug", 1);
	good("a", "[a] 12");
	good("-v=error", "0");
	good("-v", "12");
	setenv("ACE_DT_VERBOSITY", "debug,8", 1);
	good("", "8");
	setenv("ACE_DT_VERBOSITY", "", 1);
	good("", "4");
	setenv("ACE_DT_VERBOSITY", "loud", 1);
	is_int(run_to("--help", NULL), 2);
	ok(strstr(errs, "$ACE_DT_VERBOSITY: \"loud\"") != NULL,
	    "the variable is named");
	unsetenv("ACE_DT_VERBOSITY");
}

static void
test_wrong(void)
{
	bad("--platfrom|x", "unknown option --platfrom; did you mean "
	    "--platforms?");
	bad("--platfrom=x", "unknown option --platfrom; did you mean "
	    "--platforms?");
	bad("a|--plat", "unknown option --plat; did you mean --platforms?");
	bad("--zzzzzz", "unknown option --zzzzzz");
	bad("--=x", "unknown option --");
	bad("---quiet", "unknown option ---quiet; did you mean --quiet?");
	bad("-z", "unknown option -z");
	bad("-rz", "unknown option -z in \"-rz\"");
	bad("-r-", "unknown option -- in \"-r-\"");
	bad("-p", "option -p needs a value: -p PLATFORM");
	bad("-rp", "option -p needs a value: -p PLATFORM");
	bad("--platforms", "option --platforms needs a value: --platforms "
	    "PLATFORM");
	bad("--\x1b[2J", "unknown option --\\x1b[2J");
	program.usage = "ace-dt mirror gather SOURCES-FILE IMAGE";
	is_int(run_to("-z", NULL), 2);
	ok(strstr(errs, "try 'ace-dt mirror gather --help'") != NULL,
	    "all words of the command");
	program.usage = "acedt-x";
	bad("-z", "unknown option -z");
	program.usage = "[-x]";
	bad("-z", "unknown option -z");
	program.usage = USAGE;
}

static void
test_long_names(void)
{
	char	line[5000];

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	memcpy(line, "--", 2);
	is_int(run_to(line, NULL), 2);
	ok(strstr(errs, "try 'acedt-x --help'") != NULL, "survived");
}

static void
test_help(void)
{
	static const char *const	args[] = { "--help", "-h", "a|-rh" };
	static const char		head[] = "Usage: acedt-x [-p PLATFORM] "
	    "FILE\n\nA\nparagraph.\n\nOptions:\n";
	size_t				i;

	for (i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
		is_int(run_to(args[i], NULL), 0);
		is_str(errs, "");
		/* The child has printed the option before. */
		ok(strncmp(out + (i == 2 ? strlen("2 ") : 0), head,
		    strlen(head)) == 0, "head");
	}
	is_int(run_to("--help", NULL), 0);
	ok(strstr(out, "\n"
	    "  -p, --platforms PLATFORM  only these platforms, of all that there "
	    "may be;\n"
	    "                            repeatable\n"
	    "  -q, --quiet               say nothing\n"
	    "  -r, --recursive           referrers too\n") != NULL, "table");
	/* A line has 80 columns and does not begin with an option. */
	ok(strstr(out, "\n      --index-fallback      no nested indexes, "
	    "whatever the registry says\n"
	    "                            such --quiet words\n") != NULL,
	    "no letter");
	ok(strstr(out, "\n  -w, --when[=TIME]         not now, and not on the "
	    "day that it takes for words\n") != NULL, "optional value");
	is_int(run_to("--version", NULL), 0);
	ok(strncmp(out, "acedt-x ", 8) == 0 &&
	    strstr(out, " (stream 1)\n") != NULL, "version");
	if (access("/dev/full", W_OK) != 0)
		return;
	is_int(run_to("--help", "/dev/full"), 4);
	ok(strstr(errs, "standard output: ") != NULL, "lost help is an error");
	is_int(run_to("--version", "/dev/full"), 4);
}

#define NOT_FD	"--events-fd: a number from 0 to 2147483647 is expected, not "

static void
test_events(void)
{
	char	line[64], want[128];
	int	fd, null;

	if ((fd = open("/dev/null", O_WRONLY)) == -1)
		abort();
	null = open("/dev/null", O_RDONLY);
	snprintf(line, sizeof(line), "--events-fd|%d|a", fd);
	good(line, "[a] 4");
	snprintf(line, sizeof(line), "--events-fd=%d", null);
	snprintf(want, sizeof(want), "--events-fd: descriptor %d is not open "
	    "for writing", null);
	bad(line, want);
	close(null);
	snprintf(want, sizeof(want), "--events-fd: descriptor 999 is not open");
	bad("--events-fd=999", want);
	bad("--events-fd=", NOT_FD "\"\"");
	bad("--events-fd=-1", NOT_FD "\"-1\"");
	bad("--events-fd= 1", NOT_FD "\" 1\"");
	bad("--events-fd=2x", NOT_FD "\"2x\"");
	bad("--events-fd=99999999999999999999",
	    NOT_FD "\"99999999999999999999\"");
	bad("--events-fd=4294967297", NOT_FD "\"4294967297\"");
	close(fd);
}

/* In this process: it sees the flag that is set on the descriptor. */
static void
test_cloexec(void)
{
	struct cli	 c;
	char		 name[] = "x", option[32], *words[] = { name, option,
			    NULL };
	const char	*value;
	int		 fd;

	if ((fd = open("/dev/null", O_WRONLY)) == -1)
		abort();
	ok((fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0, "inherited before");
	snprintf(option, sizeof(option), "--events-fd=%d", fd);
	cli_init(&c, &program, 2, words);
	is_int(cli_next(&c, &value), 0);
	ok((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0, "not inherited after");
	is_int(cli_next(&c, &value), 0);
	is_int((long long)c.nargs, 0);
	cli_clear(&c);
	words[0] = NULL;
	cli_init(&c, &program, 0, words);
	is_int(cli_next(&c, &value), 0);
	cli_clear(&c);
}

/* The words of a line, by cli_word(); options are not judged. */
static void
words(const char *line, const char *want)
{
	char		*copy = strdup(line), *rest = copy, *argv[WORDS_MAX];
	char		 got[256] = "";
	const char	*word;
	struct cli	 c;
	int		 n = 0, level = log_level();

	argv[n++] = copy;		/* stands for argv[0] */
	while (n < WORDS_MAX && (argv[n] = strsep(&rest, "|")) != NULL)
		n++;
	cli_init(&c, &program, n, argv);
	while ((word = cli_word(&c)) != NULL) {
		strncat(got, word, sizeof(got) - strlen(got) - 1);
		strncat(got, " ", sizeof(got) - strlen(got) - 1);
	}
	is_str(got, want);
	is_int(log_level(), level);
	cli_clear(&c);
	free(copy);
}

static void
test_word(void)
{
	words("a|b", "a b ");
	words("", " ");
	words("-r|a|-q|b|-rq|c", "a b c ");
	words("--config|x|a|--config=y|b", "a b ");
	words("-p|x|a|-px|b|-p=x|c|-rp|x|d", "a b c d ");
	words("-v|debug|a|-v|b|--verbosity|8|c|-rv|8|d|-rv8|e", "a b c d e ");
	words("--|-r|a", "-r a ");
	words("-|a", "- a ");
	/* Neither --help nor what is wrong has an effect. */
	words("--help|a|-h|b|--version|c", "a b c ");
	words("--nonsense|a|-x|b|-xyr|c|-x=p|d|--no=x|e", "a b c d e ");
	words("--quiet=maybe|a|--verbosity=loud|b|--events-fd|999|c",
	    "a b c ");
	words("a|--config", "a ");
	words("a|-p", "a ");
}

static void
test_nearest(void)
{
	static const char *const names[] = { "platforms", "quiet", "recursive",
	    "config", "configure", "p", NULL };
	static const char *const none[] = { NULL };
	char	word[100];

	is_str(cli_nearest("platforms", names), "platforms");
	is_str(cli_nearest("platfrom", names), "platforms");
	is_str(cli_nearest("platform", names), "platforms");
	is_str(cli_nearest("quite", names), "quiet");
	is_str(cli_nearest("uqiet", names), "quiet");
	is_str(cli_nearest("reccursive", names), "recursive");
	is_str(cli_nearest("rec", names), "recursive");
	is_str(cli_nearest("conf", names), "config");
	is_str(cli_nearest("configur", names), "configure");
	is_str(cli_nearest("zebra", names), NULL);
	is_str(cli_nearest("", names), NULL);
	is_str(cli_nearest("x", names), NULL);
	is_str(cli_nearest("quiet", none), NULL);
	memset(word, 'q', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	is_str(cli_nearest(word, names), NULL);
}

int
main(void)
{
	unsetenv("ACE_DT_VERBOSITY");
	test_words();
	test_flags();
	test_verbosity();
	test_environment();
	test_wrong();
	test_long_names();
	test_help();
	test_events();
	test_cloexec();
	test_word();
	test_nearest();
	return tap_end();
}
