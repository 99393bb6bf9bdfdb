#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/helper.h"
#include "lib/io.h"
#include "lib/json.h"
#include "lib/limits.h"
#include "lib/log.h"
#include "lib/xalloc.h"

/* What helpers answer, by agreement, if they know nothing of a server. */
#define NOT_FOUND	"credentials not found in native keychain"

static const struct json_limits limits = { 100, 8, JSON_PLAIN };

static void
wipe_reply(struct helper *h)
{
	if (h->reply.data != NULL)
		explicit_bzero(h->reply.data, h->reply.len);
	buf_clear(&h->reply);
}

static void
drop(struct helper *h, struct http_watch *w)
{
	if (w->fd == -1)
		return;
	http_unwatch(h->http, w);
	close(w->fd);
	w->fd = -1;
}

/* Wait for its end, which is certain now. */
static void
reap(struct helper *h)
{
	while (waitpid(h->pid, &h->status, 0) == -1 && errno == EINTR)
		;
	h->pid = -1;
}

static void
stop(struct helper *h)
{
	http_timer_stop(h->http, &h->timer);
	drop(h, &h->out);
	drop(h, &h->gone);
	if (h->pid != -1) {
		kill(h->pid, SIGKILL);
		reap(h);
	}
}

static void
fail(struct helper *h, const char *what)
{
	h->result = HELPER_FAILED;
	err_set(&h->err, ERR_UNAUTHORIZED, "the credential helper "
	    "docker-credential-%s, asked for %s: %s", h->name, h->server,
	    what);
}

/* The text of a failure as people can read it: one line, not too long. */
static void
fail_with_reply(struct helper *h)
{
	char	text[400];
	size_t	n = 0, i;

	for (i = 0; i < h->reply.len && n + 1 < sizeof(text); i++)
		if (!isspace((unsigned char)h->reply.data[i]))
			text[n++] = h->reply.data[i];
		else if (n > 0 && text[n - 1] != ' ')
			text[n++] = ' ';
	while (n > 0 && text[n - 1] == ' ')
		n--;
	text[n] = '\0';
	if (n == 0 && WIFSIGNALED(h->status))
		snprintf(text, sizeof(text), "it was ended by signal %d",
		    WTERMSIG(h->status));
	else if (n == 0)
		snprintf(text, sizeof(text), "it ended with status %d",
		    WEXITSTATUS(h->status));
	fail(h, text);
}

/* {"ServerURL":…,"Username":…,"Secret":…} */
static void
read_reply(struct helper *h)
{
	struct err	err = ERR_INIT;
	jv		doc;

	if (json_parse(h->reply.data != NULL ? h->reply.data : "",
	    h->reply.len, &limits, &doc, &err) == -1) {
		fail(h, "its answer is not JSON");
		return;
	}
	h->user = json_str(doc, "Username");
	h->secret = json_str(doc, "Secret");
	jv_free(doc);
	if (h->user != NULL && h->secret != NULL && *h->secret != '\0') {
		h->result = HELPER_FOUND;
		return;
	}
	xwipe(&h->user);
	xwipe(&h->secret);
	fail(h, "its answer has no Username and Secret");
}

static void
finish(struct helper *h)
{
	http_timer_stop(h->http, &h->timer);
	if (WIFEXITED(h->status) && WEXITSTATUS(h->status) == 0)
		read_reply(h);
	else if (h->reply.data != NULL &&
	    strstr(h->reply.data, NOT_FOUND) != NULL)
		h->result = HELPER_NONE;
	else
		fail_with_reply(h);
	wipe_reply(h);
	h->done(h->arg);
}

static void
ended(void *arg)
{
	struct helper	*h = arg;

	drop(h, &h->gone);
	reap(h);
	/* Something it started may hold the pipe; the answer is read first. */
	if (h->out.fd == -1)
		finish(h);
}

/* Somebody may have to type a passphrase into it. */
static int
seconds(void)
{
	const char	*s = getenv("ACE_DT_HELPER_SECONDS");
	long		 n = s != NULL ? strtol(s, NULL, 10) : 0;

	return n > 0 && n <= HELPER_SECONDS_MAX ? (int)n : HELPER_SECONDS;
}

static void
too_late(void *arg)
{
	struct helper	*h = arg;
	char		 text[80];

	stop(h);
	snprintf(text, sizeof(text), "no answer in %d seconds", seconds());
	fail(h, text);
	wipe_reply(h);
	h->done(h->arg);
}

static void
answer(void *arg)
{
	struct helper	*h = arg;
	char		 chunk[4096];
	ssize_t		 n;

	do {
		n = read(h->out.fd, chunk, sizeof(chunk));
	} while (n == -1 && errno == EINTR);
	if (n > 0 && buf_add(&h->reply, chunk, (size_t)n) == -1) {
		stop(h);
		fail(h, "its answer is too long");
		wipe_reply(h);
		h->done(h->arg);
	} else if (n <= 0) {
		drop(h, &h->out);
		if (h->gone.fd == -1 && h->pid != -1)
			reap(h);	/* an old kernel, without pidfd */
		if (h->pid == -1)
			finish(h);
	}
	explicit_bzero(chunk, sizeof(chunk));
}

static void
failed_early(void *arg)
{
	struct helper	*h = arg;

	h->done(h->arg);
}

/* Start it with one end of each pipe.  0 or an error number. */
static int
run(struct helper *h, int in, int out)
{
	posix_spawn_file_actions_t	 acts;
	char				*prog, *argv[3];
	int				 e;

	prog = xasprintf("docker-credential-%s", h->name);
	argv[0] = prog;
	argv[1] = (char *)"get";
	argv[2] = NULL;
	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_adddup2(&acts, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&acts, out, STDOUT_FILENO);
	e = posix_spawnp(&h->pid, prog, &acts, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&acts);
	free(prog);
	if (e != 0)
		h->pid = -1;
	return e;
}

static void
watch(struct helper *h, struct http_watch *w, int fd, void (*fn)(void *))
{
	w->fd = fd;
	w->fn = fn;
	w->arg = h;
	if (fd != -1)
		http_watch(h->http, w);
}

/* 0 or an error number. */
static int
begin(struct helper *h)
{
	int	in[2], out[2], e;

	if (pipe2(in, O_CLOEXEC) == -1)
		return errno;
	if (pipe2(out, O_CLOEXEC) == -1) {
		e = errno;
		close(in[0]);
		close(in[1]);
		return e;
	}
	e = run(h, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	/* It fits the pipe; a helper that does not read it says so itself. */
	if (e == 0) {
		(void)!write(in[1], h->server, strlen(h->server));
		(void)!write(in[1], "\n", 1);
		watch(h, &h->out, out[0], answer);
		watch(h, &h->gone, (int)syscall(SYS_pidfd_open, h->pid, 0),
		    ended);
		http_timer_set(h->http, &h->timer, seconds() * 1000,
		    too_late, h);
	} else {
		close(out[0]);
	}
	close(in[1]);
	return e;
}

void
helper_ask(struct helper *h, struct http *http, const char *name,
    const char *server, void (*done)(void *), void *arg)
{
	int	e;

	memset(h, 0, sizeof(*h));
	h->http = http;
	h->name = name;
	h->server = server;
	h->done = done;
	h->arg = arg;
	h->pid = -1;
	h->out.fd = h->gone.fd = -1;
	buf_init(&h->reply, HELPER_ANSWER_MAX);
	log_debug("docker-credential-%s is asked for %s", name, server);
	e = strlen(server) > REF_NAME_MAX ? ENAMETOOLONG : begin(h);
	if (e == 0)
		return;
	fail(h, strerror(e));
	if (e == ENOENT) {
		h->result = HELPER_MISSING;
		err_set(&h->err, ERR_UNAUTHORIZED, "the credential helper "
		    "docker-credential-%s is not on PATH", name);
	}
	http_timer_set(http, &h->timer, 0, failed_early, h);
}

void
helper_clear(struct helper *h)
{
	if (h->http != NULL)
		stop(h);
	wipe_reply(h);
	xwipe(&h->user);
	xwipe(&h->secret);
}
