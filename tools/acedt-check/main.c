/*
 * acedt-check: may the registries of a list be read, and IMAGE be written?
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/io.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/http/loop.h"
#include "lib/oci/manifest.h"
#include "lib/program/cli.h"
#include "lib/program/setup.h"
#include "tools/acedt-check/check.h"

#define PROG	"acedt-check"

enum {
	OPT_NAME = 1
};

static const struct cli_option options[] = {
	CLI_CONFIG,
	CLI_HELP,
	{ OPT_NAME, 0, "name", CLI_VALUE, "NAME",
	    "what to call the list on standard input in messages" },
	CLI_VERBOSITY,
	CLI_VERSION,
	CLI_END
};

static struct subject *
subject_of(struct check *k, const char *name, int writing)
{
	struct subject	*s;

	for (s = k->subjects; s != NULL; s = s->next)
		if (s->writing == writing && strcmp(s->name, name) == 0)
			return s;
	s = xcalloc(1, sizeof(*s));
	s->name = xstrdup(name);
	s->writing = writing;
	*k->subjects_end = s;
	k->subjects_end = &s->next;
	return s;
}

static void
complain_of(struct check *k, const struct source *src, const struct err *err)
{
	k->failed = 1;
	if (src != NULL)
		log_error("%s:%lu: %s: %s", k->list.file, src->line,
		    src->ref.text, err->msg);
	else
		log_error("%s: %s", k->dest.ref.text, err->msg);
}

static void
end_question(struct question *q, const struct err *err)
{
	subject_note(q->subject, &q->call, err == NULL);
	if (err != NULL)
		complain_of(q->check, q->src, err);
	q->check->pending--;
}

static void
read_answer(struct reg_call *c, const struct err *err)
{
	struct question	*q = c->arg;

	/* Some do not answer HEAD; that is no lack of access. */
	if (err != NULL && c->http.status == 405)
		err = NULL;
	end_question(q, err);
}

static struct question *
ask(struct check *k, struct subject *s, struct reg_repo *repo,
    const char *method)
{
	struct question	*q = xcalloc(1, sizeof(*q));

	q->check = k;
	q->subject = s;
	reg_call_init(&q->call);
	q->call.arg = q;
	q->call.repo = repo;
	q->call.method = method;
	q->call.once = q->call.hurry = 1;
	q->next = k->questions;
	k->questions = q;
	k->pending++;
	return q;
}

static void
check_layout(struct check *k, const struct source *src, struct place *place,
    struct subject *s)
{
	const struct layout_index	*index;
	struct err			 err = ERR_INIT;

	if (src->ref.digest == NULL &&
	    ((index = net_layout_index(place, &err)) == NULL ||
	    layout_index_find(index, src->ref.tag, &err) == NULL))
		complain_of(k, src, &err);
	else
		s->good++;
}

/* The first source of each repository stands for all of it. */
static void
check_source(struct check *k, const struct source *src)
{
	struct subject	*s;
	struct question	*q;
	struct place	*place;
	struct err	 err = ERR_INIT;
	char		*name;

	name = src->ref.is_layout ? xasprintf("oci:%s", src->ref.repo) :
	    xstrdup(src->ref.host);
	s = subject_of(k, name, 0);
	free(name);
	if ((place = net_place(&k->net, &src->ref, &err)) == NULL) {
		s->asked++;
		complain_of(k, src, &err);
		return;
	}
	if (place->layout != NULL) {
		s->asked++;
		check_layout(k, src, place, s);
		return;
	}
	if (place->seen)
		return;
	place->seen = 1;
	s->asked++;
	q = ask(k, s, place->repo, "HEAD");
	q->src = src;
	q->call.path = xasprintf("manifests/%s", src->ref.digest != NULL ?
	    src->ref.digest : src->ref.tag != NULL ? src->ref.tag : "latest");
	q->call.accept = MANIFEST_ACCEPT;
	q->call.on_done = read_answer;
	reg_start(&q->call);
}

/* Whether it could be cancelled or not: registries drop what nobody ends. */
static void
cancelled(struct reg_call *c, const struct err *err)
{
	struct question	*q = c->arg;

	if (err != NULL)
		log_debug("the upload could not be cancelled: %s", err->msg);
	q->check->pending--;
}

static void
write_answer(struct reg_call *c, const struct err *err)
{
	struct question	*q = c->arg;
	struct err	 e = ERR_INIT;
	char		*v = NULL;

	if (err == NULL && (v = reg_header(c, "Location")) != NULL)
		q->session = reg_resolve_same(c, v, &e);
	if (v != NULL && q->session == NULL)
		log_debug("the upload is not cancelled: %s", e.msg);
	subject_note(q->subject, c, err == NULL);
	if (err != NULL)
		complain_of(q->check, NULL, err);
	if (q->session == NULL) {
		q->check->pending--;
		return;
	}
	free(c->path);
	c->path = NULL;
	c->location = q->session;
	q->session = NULL;
	c->method = "DELETE";
	c->on_done = cancelled;
	reg_start(c);
}

/* The folder, or where it would be made. */
static void
check_dest_layout(struct check *k, struct subject *s)
{
	struct err	 err = ERR_INIT;
	char		*parent = NULL, *slash;
	const char	*dir = k->dest.ref.repo;

	if (access(dir, F_OK) == -1 && errno == ENOENT) {
		parent = xstrdup(dir);
		while ((slash = strrchr(parent, '/')) != NULL &&
		    slash[1] == '\0' && slash != parent)
			*slash = '\0';
		if (slash != NULL)
			slash[slash == parent] = '\0';
		dir = slash != NULL ? parent : ".";
	}
	if (access(dir, W_OK | X_OK) == -1) {
		err_sys(&err, "%s", dir);
		complain_of(k, NULL, &err);
	} else {
		s->good++;
	}
	free(parent);
}

/* Begin an upload, and take it back. */
static void
check_dest(struct check *k)
{
	struct subject	*s;
	struct question	*q;
	struct err	 err = ERR_INIT;
	char		*name;

	name = k->dest.ref.is_layout ? xasprintf("oci:%s", k->dest.ref.repo) :
	    xasprintf("%s/%s", k->dest.ref.host, k->dest.ref.repo);
	s = subject_of(k, name, 1);
	free(name);
	s->asked++;
	if (k->dest.ref.is_layout) {
		check_dest_layout(k, s);
		return;
	}
	if (net_dest(&k->net, &k->dest, &err) == -1) {
		complain_of(k, NULL, &err);
		return;
	}
	q = ask(k, s, k->dest.repo, "POST");
	q->call.path = xstrdup("blobs/uploads/");
	q->call.push = 1;
	q->call.on_done = write_answer;
	reg_start(&q->call);
}

static void
check_clear(struct check *k)
{
	struct question	*q;

	while ((q = k->questions) != NULL) {
		k->questions = q->next;
		reg_call_clear(&q->call);
		free(q->session);
		free(q);
	}
	subjects_free(k);
	ref_clear(&k->dest.ref);
	free(k->dest.name);
	net_close(&k->net);
	sources_clear(&k->list);
}

int
main(int argc, char *argv[])
{
	static struct check	k;
	struct cli		cli = {
		.usage = "acedt-check [--config FILE] SOURCES-FILE [IMAGE]",
		.about = "Ask every registry of SOURCES-FILE whether it can be "
		    "read, and that of IMAGE\nwhether it may be written, with "
		    "the credentials at hand.  No content moves.",
		.options = options,
	};
	const char		*value, *name = NULL;
	struct err		 err = ERR_INIT;
	size_t			 i;
	int			 id;

	log_init(PROG);
	program_setup();
	cli_init(&cli, argc, argv);
	net_init(&k.net);
	while ((id = cli_next(&cli, &value)) != 0)
		if (id == OPT_NAME)
			name = value;
		else
			net_option(&k.net, &cli, id, value);
	if (cli.nargs < 1 || cli.nargs > 2)
		cli_usage(&cli, "SOURCES-FILE and IMAGE are needed, %zu "
		    "arguments given", cli.nargs);
	if (cli.nargs == 2 && dest_parse(&k.dest, cli.args[1], &err) == -1)
		cli_usage(&cli, "%s", err.msg);
	k.subjects_end = &k.subjects;
	net_open(&k.net);
	net_enter(NULL, NULL);
	if (sources_read_all(&k.list, cli.args[0], name, &err) == -1)
		log_die(EXIT_USAGE_ERR, "%s", err.msg);
	for (i = 0; i < k.list.n; i++)
		check_source(&k, &k.list.v[i]);
	if (cli.nargs == 2)
		check_dest(&k);
	while (k.pending > 0) {
		loop_run(k.net.loop);
		if (k.pending > 0)
			loop_wait(k.net.loop, NULL, 0, 1000);
	}
	report(&k);
	cli_clear(&cli);
	check_clear(&k);
	if (fflush(stdout) == EOF || ferror(stdout))
		io_stdout_failed();
	return k.failed ? EXIT_IMAGES : EXIT_DONE;
}
