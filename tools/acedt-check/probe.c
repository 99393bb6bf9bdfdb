/*
 * The questions of acedt-check: may a repository be read, may the destination
 * be written?  A probe is one request, or an upload that is begun and
 * cancelled.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/errmsg.h"
#include "lib/base/log.h"
#include "lib/base/tree.h"
#include "lib/base/xalloc.h"
#include "lib/oci/manifest.h"
#include "tools/acedt-check/check.h"

enum probe_state {
	PROBE_READS,		/* HEAD of a manifest */
	PROBE_WRITES,		/* POST: an upload begins */
	PROBE_CANCELS,		/* DELETE of the upload */
	PROBE_ENDED
};

struct probe {
	struct check	*check;		/* borrowed */
	struct site	*site;		/* borrowed */
	enum probe_state state;
	const struct source *src;	/* borrowed; NULL for the destination */
	struct probe	*next;
};

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

/* What a registry answered is reported, and what is wrong is said now. */
static void
probe_answered(struct probe *p, const struct reg_answer *a,
    const struct err *err)
{
	site_note(p->site, a, err == NULL);
	if (err != NULL)
		complain_of(p->check, p->src, err);
}

static void
probe_end(struct probe *p)
{
	assert(p->state != PROBE_ENDED && p->check->pending > 0);
	p->state = PROBE_ENDED;
	p->check->pending--;
}

static struct probe *
probe_new(struct check *k, struct site *s, enum probe_state state)
{
	struct probe	*p = xcalloc(1, sizeof(*p));

	p->check = k;
	p->site = s;
	p->state = state;
	p->next = k->probes;
	k->probes = p;
	k->pending++;
	return p;
}

/* Some registries do not answer HEAD; that does not mean a lack of access. */
static void
read_answered(void *arg, const struct reg_answer *a, const struct err *err)
{
	struct probe	*p = arg;

	assert(p->state == PROBE_READS);
	if (err != NULL && a->status == 405)
		err = NULL;
	probe_answered(p, a, err);
	probe_end(p);
}

static void
probe_layout(struct check *k, const struct source *src, struct place *place,
    struct site *s)
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

static int
compare_repos(const void *a, const void *b)
{
	return (a > b) - (a < b);
}

/* 1 if the repository was asked before; from now on it was. */
static int
repo_was_asked(struct check *k, struct reg_repo *repo)
{
	if (tree_find(repo, &k->asked, compare_repos) != NULL)
		return 1;
	tree_add(repo, &k->asked, compare_repos);
	return 0;
}

static void
probe_read(struct check *k, const struct source *src, struct reg_repo *repo,
    struct site *s)
{
	struct probe		*p = probe_new(k, s, PROBE_READS);
	char			*path = xasprintf("manifests/%s",
				    src->ref.digest != NULL ?
				    src->ref.digest : ref_tag(&src->ref));
	struct reg_request	 req = {
		.method = "HEAD",
		.path = path,
		.accept = MANIFEST_ACCEPT,
		.once = 1,
		.hurry = 1
	};

	p->src = src;
	reg_send(repo, &req, read_answered, p);
	free(path);
}

/* The first source of each repository is asked for, and speaks for it. */
void
probe_source(struct check *k, const struct source *src)
{
	struct site	*s;
	struct place	*place;
	struct err	 err = ERR_INIT;
	char		*name;

	name = src->ref.is_layout ? xasprintf("oci:%s", src->ref.repo) :
	    xstrdup(src->ref.host);
	s = site_of(k, name, 0);
	free(name);
	if ((place = net_place(&k->net, &src->ref, &err)) == NULL) {
		s->asked++;
		complain_of(k, src, &err);
	} else if (place->layout != NULL) {
		s->asked++;
		probe_layout(k, src, place, s);
	} else if (!repo_was_asked(k, place->repo)) {
		s->asked++;
		probe_read(k, src, place->repo, s);
	}
}

/* Whether it could be cancelled or not: registries drop what nobody ends. */
static void
cancelled(void *arg, const struct reg_answer *a, const struct err *err)
{
	struct probe	*p = arg;

	(void)a;
	assert(p->state == PROBE_CANCELS);
	if (err != NULL)
		log_debug("the upload could not be cancelled: %s", err->msg);
	probe_end(p);
}

static void
cancel_upload(struct probe *p, const char *session)
{
	struct reg_request	req = {
		.method = "DELETE",
		.url = session,
		.push = 1,
		.once = 1,
		.hurry = 1
	};

	p->state = PROBE_CANCELS;
	reg_send(p->check->dest.repo, &req, cancelled, p);
}

/*
 * An upload began, or not; one that began is cancelled if its URL may be asked.
 */
static void
write_answered(void *arg, const struct reg_answer *a, const struct err *err)
{
	struct probe	*p = arg;
	struct err	 e = ERR_INIT;
	const char	*v = NULL;
	char		*session = NULL;

	assert(p->state == PROBE_WRITES);
	if (err == NULL && (v = reg_answer_field(a, "Location", 0)) != NULL)
		session = reg_answer_own_url(a, v, &e);
	if (v != NULL && session == NULL)
		log_debug("the upload is not cancelled: %s", e.msg);
	probe_answered(p, a, err);
	if (session != NULL)
		cancel_upload(p, session);
	else
		probe_end(p);
	free(session);
}

/* The folder, or where it would be made. */
static void
probe_dest_layout(struct check *k, struct site *s)
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
probe_write(struct check *k, struct site *s)
{
	struct reg_request	req = {
		.method = "POST",
		.path = "blobs/uploads/",
		.push = 1,
		.once = 1,
		.hurry = 1
	};

	reg_send(k->dest.repo, &req, write_answered,
	    probe_new(k, s, PROBE_WRITES));
}

void
probe_dest(struct check *k)
{
	struct site	*s;
	struct err	 err = ERR_INIT;
	char		*name;

	name = k->dest.ref.is_layout ? xasprintf("oci:%s", k->dest.ref.repo) :
	    xasprintf("%s/%s", k->dest.ref.host, k->dest.ref.repo);
	s = site_of(k, name, 1);
	free(name);
	s->asked++;
	if (k->dest.ref.is_layout)
		probe_dest_layout(k, s);
	else if (net_dest(&k->net, &k->dest, &err) == -1)
		complain_of(k, NULL, &err);
	else
		probe_write(k, s);
}

void
probes_free(struct check *k)
{
	struct probe	*p;

	tree_forget(&k->asked);
	while ((p = k->probes) != NULL) {
		k->probes = p->next;
		free(p);
	}
}
