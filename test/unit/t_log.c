#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/utf8.h"
#include "test/unit/tap.h"

static char	errs[65536];

static void
escapes(const char *text, const char *want)
{
	char	out[256];

	log_escape(out, sizeof(out), text);
	is_str(out, want);
}

static void
test_escape(void)
{
	escapes("", "");
	escapes("plain text, \\ and \"quotes\"",
	    "plain text, \\ and \"quotes\"");
	escapes("a\nb", "a\\nb");
	escapes("a\rb\tc", "a\\x0db\\x09c");
	escapes("\x1b[2J\x07\x7f", "\\x1b[2J\\x07\\x7f");
	escapes("\xc3\xa9\xe2\x82\xac\xf0\x9f\x92\xa9",
	    "\xc3\xa9\xe2\x82\xac\xf0\x9f\x92\xa9");
	escapes("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0",
	    "\\u0080\\u009b\\u009f\xc2\xa0");
	escapes("\xe2\x80\x8e\xe2\x80\x8f", "\\u200e\\u200f");
	escapes("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa\xe2\x80\xae",
	    "\\u2028\\u2029\\u202a\\u202e");
	escapes("\xe2\x81\xa6\xe2\x81\xa9", "\\u2066\\u2069");
	escapes("\xd8\x9c\xef\xbb\xbf", "\\u061c\\ufeff");
	escapes("\xff\xc3(\xed\xa0\x80", "\\xff\\xc3(\\xed\\xa0\\x80");
	escapes("\x9b" "31m", "\\x9b31m");
	escapes("cut \xe2\x82", "cut \\xe2\\x82");
}

static void
test_invisible(void)
{
	/* Zero width: space, non-joiner, joiner; word joiner; soft hyphen. */
	escapes("a\xe2\x80\x8b" "b\xe2\x80\x8c\xe2\x80\x8d\xe2\x81\xa0\xc2\xad",
	    "a\\u200bb\\u200c\\u200d\\u2060\\u00ad");
	/* Fillers, variation selectors, annotations, tags. */
	escapes("\xe3\x85\xa4\xef\xb8\x8f\xef\xbf\xb9\xe1\xa0\x8e",
	    "\\u3164\\ufe0f\\ufff9\\u180e");
	escapes("\xf3\xa0\x81\xa1\xf0\x9d\x85\xb3", "\\U000e0061\\U0001d173");
	escapes("\xe2\x80\x8a\xe2\x80\x90\xe3\x80\x80",
	    "\xe2\x80\x8a\xe2\x80\x90\xe3\x80\x80");
}

/* What CI services read out of logs. */
static void
test_commands(void)
{
	escapes("##vso[task.setvariable variable=x]y",
	    "\\x23#vso[task.setvariable variable=x]y");
	escapes("a##[error]b ###[", "a\\x23#[error]b #\\x23#[");
	escapes("##teamcity[x] ##VSO[", "\\x23#teamcity[x] \\x23#VSO[");
	escapes("##v\xe2\x80\x8bso[", "##v\\u200bso[");
	escapes("# ## ##x #[1] ##", "# ## ##x #[1] ##");
	escapes("::error file=a::b", "\\x3a:error file=a::b");
	escapes("x:  ::add-mask::y :::group::",
	    "x:  \\x3a:add-mask::y :\\x3a:group::");
	/* Names of OpenSSL and IPv6 addresses stay readable. */
	escapes("SSL routines::certificate verify failed",
	    "SSL routines::certificate verify failed");
	escapes("[::1]:5000 ::ffff:10.0.0.1 fe80::abcd ::",
	    "[::1]:5000 ::ffff:10.0.0.1 fe80::abcd ::");
}

/* Whatever the size, what comes out ends, is whole and is a beginning. */
static void
test_cut(void)
{
	static const char	text[] = "ab\n\xc3\xa9\x1b\xe2\x80\xae\xff"
	    "\xf0\x9f\x92\xa9z";
	char			full[128], out[128];
	unsigned long		size;
	int			good = 1;

	log_escape(full, sizeof(full), text);
	for (size = 1; size <= sizeof(out); size++) {
		memset(out, '#', sizeof(out));
		log_escape(out, size, text);
		good = good && memchr(out, '\0', size) != NULL &&
		    strncmp(full, out, strlen(out)) == 0 &&
		    utf8_valid(out, strlen(out)) &&
		    (size == sizeof(out) || out[size] == '#');
	}
	ok(good, "every size");
	log_escape(out, 1, "abc");
	is_str(out, "");
	log_escape(out, 4, "abc");
	is_str(out, "abc");
	log_escape(out, 3, "abc");
	is_str(out, "ab");
	log_escape(out, 3, "a\n");
	is_str(out, "a");
	log_escape(out, 4, "a\n");
	is_str(out, "a\\n");
}

/* Every byte alone: only printable ASCII comes through as it is. */
static void
test_bytes(void)
{
	char	in[2] = "", out[16];
	int	i, good = 1;

	for (i = 1; i < 256; i++) {
		in[0] = (char)i;
		log_escape(out, sizeof(out), in);
		if (i >= 0x20 && i < 0x7f)
			good = good && strcmp(in, out) == 0;
		else
			good = good && out[0] == '\\' &&
			    strlen(out) == (i == '\n' ? 2 : 4);
	}
	ok(good, "every byte");
}

static void
level(const char *text, int rc, int want)
{
	int	got = 77;

	is_int(log_parse_level(text, &got), rc);
	is_int(got, rc == 0 ? want : 77);
}

static void
test_levels(void)
{
	level("error", 0, 0);
	level("warn", 0, 4);
	level("warning", 0, 4);
	level("info", 0, 8);
	level("debug", 0, 12);
	level("0", 0, 0);
	level("5", 0, 5);
	level("-1", 0, -1);
	level("1000", 0, 1000);
	level("1001", -1, 0);
	level("99999999999999999999", -1, 0);
	level("", -1, 0);
	level("DEBUG", -1, 0);
	level("debugs", -1, 0);
	level("8x", -1, 0);
	level("0x8", -1, 0);
	log_set_level(LOG_LEVEL_INFO);
	is_int(log_level(), 8);
	log_set_level(LOG_LEVEL_WARN);
}

/* What is on standard error after this function ran in a child. */
static int
run(void (*what)(void))
{
	int	p[2], status;
	size_t	len = 0;
	ssize_t	n;
	pid_t	pid;

	if (pipe(p) == -1)
		abort();
	fflush(stdout);
	if ((pid = fork()) == 0) {
		dup2(p[1], STDERR_FILENO);
		close(p[0]);
		close(p[1]);
		what();
		_exit(0);
	}
	close(p[1]);
	while ((n = read(p[0], errs + len, sizeof(errs) - 1 - len)) > 0)
		len += (size_t)n;
	errs[len] = '\0';
	close(p[0]);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

static void
all_levels(void)
{
	log_error("e %d", 1);
	log_warn("w %s", "x\ny");
	log_info("i");
	log_debug("d");
}

static void
all_levels_debug(void)
{
	log_init("prog");
	log_set_level(LOG_LEVEL_DEBUG);
	all_levels();
}

static void
all_levels_between(void)
{
	log_set_level(LOG_LEVEL_INFO + 1);
	all_levels();
}

static void
only_errors(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	all_levels();
}

static void
long_line(void)
{
	char	text[20000];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_error("%s", text);
}

static void
long_escapes(void)
{
	char	text[20000];

	memset(text, '\n', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_error("%s", text);
}

static void
die(void)
{
	log_set_level(-1000);
	log_die(3, "gone\x1b");
}

static void
closed(void)
{
	close(STDERR_FILENO);
	log_error("nobody reads this");
}

static void
test_lines(void)
{
	size_t	n;

	is_str(log_name(), "acedt");
	is_int(run(all_levels), 0);
	is_str(errs, "acedt: e 1\nacedt: w x\\ny\n");
	run(all_levels_debug);
	is_str(errs, "prog: e 1\nprog: w x\\ny\nprog: i\nprog: d\n");
	run(all_levels_between);
	is_str(errs, "acedt: e 1\nacedt: w x\\ny\nacedt: i\n");
	run(only_errors);
	is_str(errs, "acedt: e 1\n");
	is_int(run(long_line), 0);
	n = strlen(errs);
	ok(n <= PIPE_BUF && n > 1000 && strchr(errs, '\n') == errs + n - 1,
	    "one line that is cut");
	is_int(run(long_escapes), 0);
	n = strlen(errs);
	ok(n <= PIPE_BUF && n > 1000 && strchr(errs, '\n') == errs + n - 1,
	    "one line that is cut");
	is_int(run(die), 3);
	is_str(errs, "acedt: gone\\x1b\n");
	is_int(run(closed), 0);
	is_str(errs, "");
}

int
main(void)
{
	test_escape();
	test_invisible();
	test_commands();
	test_cut();
	test_bytes();
	test_levels();
	test_lines();
	return tap_end();
}
