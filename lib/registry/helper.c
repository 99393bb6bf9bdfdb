/*
 * Credential helpers, as the stage sees them: questions go to the broker, and
 * its answers are read and made into accounts or errors.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/utf8.h"
#include "lib/base/xalloc.h"
#include "lib/registry/broker.h"
#include "lib/registry/helper.h"
#include "lib/text/json.h"

/* What helpers answer, by agreement, if they know nothing of a server. */
#define NOT_FOUND	"credentials not found in native keychain"
/* How long to wait for the broker to report that it ended a helper. */
#define BROKER_GRACE_MS	5000

struct helpers {
	struct loop	*loop;		/* borrowed */
	struct loop_watch watch;	/* of the socket; -1: no broker */
	int		 pid;
	uint32_t	 last_id;
	LIST_HEAD(, helper) waiting;
};

static const struct json_limits limits = { 100, 8, JSON_PLAIN };

static void
helper_fail(struct helper *h, const char *what)
{
	h->result = HELPER_FAILED;
	err_set(&h->err, ERR_UNAUTHORIZED, "the credential helper "
	    "docker-credential-%s, asked for %s: %s", h->name, h->server,
	    what);
}

/* The text of a failure as people can read it: one line, not too long. */
static void
fail_with_text(struct helper *h, const struct broker_answer *a)
{
	char	text[400];

	utf8_one_line(text, sizeof(text), a->text, a->len);
	if (*text == '\0' && WIFSIGNALED(a->value))
		snprintf(text, sizeof(text), "it was ended by signal %d",
		    WTERMSIG(a->value));
	else if (*text == '\0')
		snprintf(text, sizeof(text), "it ended with status %d",
		    WEXITSTATUS(a->value));
	helper_fail(h, text);
}

/* {"ServerURL":…,"Username":…,"Secret":…} */
static void
read_text(struct helper *h, const struct broker_answer *a)
{
	struct err	err = ERR_INIT;
	jv		doc;

	if (json_parse(a->text, a->len, &limits, &doc, &err) == -1) {
		helper_fail(h, "its answer is not JSON");
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
	helper_fail(h, "its answer has no Username and Secret");
}

static void
fail_too_late(struct helper *h)
{
	char	text[80];

	snprintf(text, sizeof(text), "no answer in %d seconds",
	    broker_seconds());
	helper_fail(h, text);
}

/* It did not run, for a reason that errno has. */
static void
fail_to_run(struct helper *h, int e)
{
	helper_fail(h, strerror(e));
	if (e == ENOENT) {
		h->result = HELPER_MISSING;
		err_set(&h->err, ERR_UNAUTHORIZED, "the credential helper "
		    "docker-credential-%s is not on PATH", h->name);
	}
}

static void
helper_read(struct helper *h, const struct broker_answer *a)
{
	switch (a->how) {
	case BROKER_ENDED:
		if (WIFEXITED(a->value) && WEXITSTATUS(a->value) == 0)
			read_text(h, a);
		else if (memmem(a->text, a->len, NOT_FOUND,
		    strlen(NOT_FOUND)) != NULL)
			h->result = HELPER_NONE;
		else
			fail_with_text(h, a);
		return;
	case BROKER_NOT_RUN:
		fail_to_run(h, a->value);
		return;
	case BROKER_TOO_LATE:
		fail_too_late(h);
		return;
	case BROKER_TOO_LONG:
		helper_fail(h, "its answer is too long");
		return;
	}
	helper_fail(h, "the answer makes no sense");
}

static void
helper_forget(struct helper *h)
{
	loop_timer_stop(h->all->loop, &h->timer);
	loop_undefer(h->all->loop, &h->end);
	if (h->waits)
		LIST_REMOVE(h, link);
	h->waits = 0;
}

/* Nobody is there to answer. */
static void
lose_broker(struct helpers *all)
{
	struct helper	*h;

	loop_unwatch(all->loop, &all->watch);
	close(all->watch.fd);
	all->watch.fd = -1;
	while ((h = LIST_FIRST(&all->waiting)) != NULL) {
		helper_forget(h);
		helper_fail(h, "the process that runs it is gone");
		h->done(h->arg);
	}
}

static void
helper_take(struct helpers *all, struct broker_answer *a)
{
	struct helper	*h;

	LIST_FOREACH(h, &all->waiting, link)
		if (h->id == a->id)
			break;
	if (h == NULL)
		return;
	helper_forget(h);
	helper_read(h, a);
	explicit_bzero(a, sizeof(*a));
	h->done(h->arg);
}

static void
broker_answered(void *arg)
{
	static struct broker_answer	 a;
	struct helpers			*all = arg;
	ssize_t				 n;

	n = recv(all->watch.fd, &a, sizeof(a), MSG_DONTWAIT);
	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < (ssize_t)BROKER_ANSWER_LEN(0) ||
	    a.len > (size_t)n - BROKER_ANSWER_LEN(0))
		lose_broker(all);
	else
		helper_take(all, &a);
}

static void
helper_too_late(void *arg)
{
	struct helper	*h = arg;

	assert(h->waits && !h->end.set);
	helper_forget(h);
	fail_too_late(h);
	h->done(h->arg);
}

static void
helper_ended(void *arg)
{
	struct helper	*h = arg;

	assert(!h->waits);
	h->done(h->arg);
}

struct helpers *
helpers_new(struct loop *loop, const char *const *names)
{
	struct helpers	*all = xcalloc(1, sizeof(*all));

	LIST_INIT(&all->waiting);
	all->loop = loop;
	all->watch.fd = -1;
	if (*names == NULL)
		return all;
	all->watch.fd = broker_start(names, &all->pid);
	all->watch.fn = broker_answered;
	all->watch.arg = all;
	if (all->watch.fd != -1)
		loop_watch(loop, &all->watch);
	else
		log_warn("credential helpers cannot be run: %s",
		    strerror(errno));
	return all;
}

void
helpers_free(struct helpers *all)
{
	assert(LIST_EMPTY(&all->waiting));
	if (all->watch.fd != -1) {
		loop_unwatch(all->loop, &all->watch);
		close(all->watch.fd);
	}
	/* It ends because of that. */
	while (all->pid > 0 && waitpid(all->pid, NULL, 0) == -1 &&
	    errno == EINTR)
		;
	free(all);
}

/* 0 or an error number. */
static int
send_question(const struct helper *h)
{
	struct broker_question	q;

	if (strlen(h->server) >= sizeof(q.server) ||
	    strlen(h->name) >= sizeof(q.name))
		return ENAMETOOLONG;
	if (h->all->watch.fd == -1)
		return ECONNRESET;
	memset(&q, 0, sizeof(q));
	q.id = h->id;
	memcpy(q.name, h->name, strlen(h->name));
	memcpy(q.server, h->server, strlen(h->server));
	return send(h->all->watch.fd, &q, sizeof(q), MSG_NOSIGNAL) == -1 ?
	    errno : 0;
}

void
helper_ask(struct helper *h, struct helpers *all, const char *name,
    const char *server, void (*done)(void *), void *arg)
{
	int	e;

	memset(h, 0, sizeof(*h));
	h->all = all;
	h->name = name;
	h->server = server;
	h->done = done;
	h->arg = arg;
	h->id = ++all->last_id;
	log_debug("docker-credential-%s is asked for %s", name, server);
	if ((e = send_question(h)) != 0) {
		fail_to_run(h, e);
		loop_defer(all->loop, &h->end, helper_ended, h);
		return;
	}
	h->waits = 1;
	LIST_INSERT_HEAD(&all->waiting, h, link);
	loop_timer_set(all->loop, &h->timer, broker_seconds() * 1000 +
	    BROKER_GRACE_MS, helper_too_late, h);
}

void
helper_clear(struct helper *h)
{
	if (h->all != NULL)
		helper_forget(h);
	xwipe(&h->user);
	xwipe(&h->secret);
}
