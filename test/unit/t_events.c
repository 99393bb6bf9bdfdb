#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <jv.h>

#include "lib/base/errmsg.h"
#include "lib/base/log.h"
#include "lib/stream/events.h"
#include "lib/text/json.h"
#include "test/unit/tap.h"

static const struct json_limits	limits = { 1000, 8, JSON_PLAIN };
static char			line[2 * PIPE_BUF];
static size_t			len;

/* What was written into the pipe since. */
static const char *
take(int fd)
{
	ssize_t	n = read(fd, line, sizeof(line) - 1);

	len = n > 0 ? (size_t)n : 0;
	line[len] = '\0';
	return line;
}

static int
is_json(void)
{
	struct err	err = ERR_INIT;
	jv		v;

	if (len == 0 || line[len - 1] != '\n' ||
	    memchr(line, '\n', len - 1) != NULL ||
	    json_parse(line, len, &limits, &v, &err) == -1)
		return 0;
	jv_free(v);
	return 1;
}

/* 2026-11-23T18:22:36.123Z */
static int
is_time(const char *s)
{
	static const char	shape[] = "dddd-dd-ddTdd:dd:dd.dddZ\"";
	size_t			i;

	for (i = 0; shape[i] != '\0'; i++)
		if (shape[i] == 'd' ? s[i] < '0' || s[i] > '9' :
		    s[i] != shape[i])
			return 0;
	return 1;
}

static void
test_line(int fd)
{
	static const char	head[] = "{\"time\":\"";

	EVENT("blob", EV_STR("digest", "sha256:00"), EV_NUM("size", 123),
	    EV_NUM("least", INT64_MIN), EV_STR("state", "progress"));
	take(fd);
	ok(is_json(), "one line of JSON");
	ok(strncmp(line, head, strlen(head)) == 0, "the time is first");
	ok(is_time(line + strlen(head)), "RFC 3339, UTC, milliseconds");
	is_str(strstr(line, ",\"stage\""), ",\"stage\":\"acedt-test\","
	    "\"event\":\"blob\",\"digest\":\"sha256:00\",\"size\":123,"
	    "\"least\":-9223372036854775808,\"state\":\"progress\"}\n");
	events_emit("bare", NULL, 0);
	take(fd);
	is_str(strstr(line, ",\"event\""), ",\"event\":\"bare\"}\n");
}

static void
test_strings(int fd)
{
	char	big[10 * PIPE_BUF];
	size_t	i;

	EVENT("e", EV_STR("s", "\"\\\n\t\x01\x1b[2J"), EV_STR("bad",
	    "a\xff\xc0\x80z"), EV_STR("good", "gr\xc3\xbc\xc3\x9f"));
	take(fd);
	ok(is_json(), "hostile text");
	is_str(strstr(line, ",\"s\""), ",\"s\":\"\\\"\\\\\\n\\t\\u0001"
	    "\\u001b[2J\",\"bad\":\"a\\ufffd\\ufffd\\ufffdz\","
	    "\"good\":\"gr\xc3\xbc\xc3\x9f\"}\n");

	for (i = 0; i < 2; i++) {
		memset(big, i == 0 ? 'x' : '\x01', sizeof(big) - 1);
		big[sizeof(big) - 1] = '\0';
		EVENT("e", EV_STR("a", big), EV_STR("b", big),
		    EV_STR("c", big), EV_NUM("n", 7));
		take(fd);
		ok(len > 0 && len <= PIPE_BUF, "cut to %zu bytes", len);
		ok(is_json(), "whole all the same");
	}
}

static void
test_nobody(int r, int w)
{
	signal(SIGPIPE, SIG_IGN);
	close(r);
	errno = 0;
	EVENT("e", EV_NUM("n", 1));
	is_int(errno, EPIPE);		/* it was tried, and we are here */
	close(w);
	EVENT("e", EV_NUM("n", 1));
	is_int(errno, EBADF);
	events_init(-1);
	ok(!events_wanted(), "none wanted");
	errno = 0;
	events_emit("e", NULL, 0);
	is_int(errno, 0);
}

static void
test_full(void)
{
	char	fill[PIPE_BUF];
	size_t	full = 0, left = 0;
	ssize_t	n;
	int	fds[2];

	if (!ok(pipe2(fds, O_NONBLOCK | O_CLOEXEC) == 0, "pipe"))
		return;
	memset(fill, ' ', sizeof(fill));
	while ((n = write(fds[1], fill, sizeof(fill))) > 0)
		full += (size_t)n;
	events_init(fds[1]);
	EVENT("e", EV_NUM("n", 1));
	while ((n = read(fds[0], fill, sizeof(fill))) > 0)
		left += (size_t)n;
	is_int((long long)left, (long long)full);
	/* The next one that has room arrives whole. */
	EVENT("e", EV_NUM("n", 2));
	take(fds[0]);
	ok(is_json() && strstr(line, ",\"n\":2}\n") != NULL, "%s", line);
	close(fds[0]);
	close(fds[1]);
	events_init(-1);
}

int
main(void)
{
	int	fds[2];

	log_init("acedt-test");
	ok(!events_wanted(), "none at first");
	if (!ok(pipe2(fds, O_CLOEXEC) == 0, "pipe"))
		return tap_end();
	events_init(fds[1]);
	ok(events_wanted(), "wanted");
	test_line(fds[0]);
	test_strings(fds[0]);
	test_nobody(fds[0], fds[1]);
	test_full();
	return tap_end();
}
