/*
 * Is a blob at the destination?  One request asks that and opens an upload if it
 * is not: a mount.  A registry that ignores mounts opens one all the same, so
 * what such an answer is worth has to be found out; else HEAD asks.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/http/origin.h"
#include "lib/program/hostnote.h"
#include "tools/acedt-push/xfer.h"

static void	ask_head(struct xfer *);
static void	ask_mount(struct xfer *);
static void	ask_without_sending(struct xfer *);
static void	weigh(void *);

void
ask_wake(struct pusher *p)
{
	struct xfer	*x;

	for (x = p->xfers; x != NULL && p->nwaiting > 0; x = x->next)
		if (x->waiting) {
			x->waiting = 0;
			p->nwaiting--;
			loop_timer_set(p->net.loop, &x->timer, 0, weigh, x);
		}
}

static void
learn(struct pusher *p, enum mounts mounts)
{
	if (p->mounts == mounts)
		return;
	p->mounts = mounts;
	log_info("%s: mounts are %s", p->dest.name,
	    mounts == MOUNTS_ANSWERED ? "answered" :
	    mounts == MOUNTS_IGNORED ? "ignored" : "refused");
	if (mounts != MOUNTS_REFUSED)
		hostnote_write(&p->note, mounts == MOUNTS_ANSWERED ?
		    HOST_ANSWERS_MOUNTS : HOST_IGNORES_MOUNTS);
	ask_wake(p);
}

void
ask_found(struct pusher *p, struct item *blob)
{
	if (p->known != NULL)
		return;
	p->known = blob;
	ask_wake(p);
}

void
ask_forget(struct xfer *x)
{
	struct pusher	*p = x->p;

	if (x->waiting)
		p->nwaiting--;
	if (x->mounting)
		p->nmounting--;
	if (p->first == x)
		p->first = NULL;
	x->waiting = x->mounting = 0;
	ask_wake(p);
}

/* The name of a repository at its registry. */
static const char *
name_there(const struct reg_repo *repo)
{
	return strchr(reg_repo_name(repo), '/') + 1;
}

static char *
mount_path(const char *digest, const char *from)
{
	char	*path, *more;

	path = origin_add_query("blobs/uploads/", "mount", digest);
	more = origin_add_query(path, "from", from);
	free(path);
	return more;
}

/* Answers to a mount that mean "not in this way", whatever they are about. */
static int
refuses_mount(long status)
{
	return status == 400 || status == 401 || status == 403 ||
	    status == 404 || status == 405 || status == 500 || status == 501;
}

/*
 * Where the session may be closed: at the registry itself.  What Location names
 * elsewhere is not asked to delete anything.
 */
static int
may_close(const struct reg_call *c, const char *session)
{
	return session != NULL && origin_same(reg_endpoint(c), session);
}

static void
closed(struct reg_call *c, const struct err *err)
{
	struct xfer	*x = c->arg;

	(void)err;			/* then the registry forgets it */
	xfer_done(x, "present");
}

/* It is there.  An upload that was opened in vain is closed. */
static void
is_present(struct xfer *x)
{
	struct reg_call	*c = &x->up;
	char		*session = x->session;

	x->session = NULL;
	if (!may_close(c, session)) {
		free(session);
		xfer_done(x, "present");
		return;
	}
	c = upload_call(x, "DELETE");
	c->location = session;
	c->once = 1;
	c->on_done = closed;
	reg_start(c);
}

void
ask_denied(struct pusher *p, const struct err *err)
{
	if (p->denied != NULL ||
	    (err->cls != ERR_UNAUTHORIZED && err->cls != ERR_DENIED))
		return;
	p->denied = xmalloc(sizeof(*err));
	*p->denied = *err;
}

static void
opened(struct reg_call *c, const struct err *err)
{
	struct xfer	*x = c->arg;
	struct err	 e = ERR_INIT;

	if (err != NULL) {
		ask_denied(x->p, err);
		xfer_fail(x, err, 0);
	} else if (upload_take_session(x, c, &e) == -1) {
		xfer_fail(x, &e, 0);
	} else {
		source_open(x);
	}
}

static void
open_session(struct xfer *x)
{
	struct reg_call	*c = upload_call(x, "POST");

	c->path = xstrdup("blobs/uploads/");
	c->on_done = opened;
	reg_start(c);
}

/* May it go in one POST?  Only one at a time finds that out. */
static int
take_single(struct xfer *x)
{
	struct pusher	*p = x->p;

	if (x->blob->size > BLOB_SMALL || (p->single_post != SINGLE_YES &&
	    p->single_post != SINGLE_UNKNOWN))
		return 0;
	if (p->single_post == SINGLE_UNKNOWN)
		p->single_post = SINGLE_ASKING;
	x->single = 1;
	return 1;
}

static void
wait_for_others(struct xfer *x)
{
	x->waiting = 1;
	x->p->nwaiting++;
}

/* It is not there: what begins an upload costs least? */
static void
begin_missing(struct xfer *x)
{
	if (x->session != NULL || x->single || take_single(x))
		source_open(x);
	else if (x->blob->size <= BLOB_SMALL &&
	    x->p->single_post == SINGLE_ASKING)
		wait_for_others(x);
	else
		open_session(x);
}

static void
asked_head(struct reg_call *c, const struct err *err)
{
	struct xfer	*x = c->arg;
	struct pusher	*p = x->p;

	if (p->first == x) {
		p->first = NULL;
		ask_wake(p);
	}
	if (err == NULL) {
		/* The mount said otherwise. */
		if (x->session != NULL && p->mounts == MOUNTS_UNKNOWN)
			learn(p, MOUNTS_IGNORED);
		p->in_use = 1;
		is_present(x);
	} else if (err->cls == ERR_NOT_FOUND || x->session != NULL) {
		begin_missing(x);
	} else if (x->single) {
		x->single = 0;
		p->single_post = SINGLE_NO;
		ask_mount(x);
	} else {
		xfer_fail(x, err, 0);
	}
}

/* Opens no upload, and registries that refuse mounts answer it. */
static void
ask_head(struct xfer *x)
{
	struct reg_call	*c = upload_call(x, "HEAD");

	c->path = xasprintf("blobs/%s", x->blob->digest);
	c->on_done = asked_head;
	reg_start(c);
}

static void
proof_ends(struct pusher *p)
{
	p->proof = PROOF_HAD;
	ask_wake(p);
	manifest_release(p);
}

/* It answered 202 for a blob that it has, or had. */
static void
proof_looked(struct reg_call *c, const struct err *err)
{
	struct pusher	*p = c->arg;

	if (err == NULL && p->mounts == MOUNTS_UNKNOWN)
		learn(p, MOUNTS_IGNORED);
	proof_ends(p);
}

static void
proof_look(struct reg_call *c, const struct err *err)
{
	struct pusher	*p = c->arg;

	(void)err;
	free(c->path);
	free(c->location);
	c->location = NULL;
	c->method = "HEAD";
	c->path = xasprintf("blobs/%s", p->known->digest);
	c->from = NULL;
	c->once = 0;
	c->on_done = proof_looked;
	reg_start(c);
}

static void
proof_came(struct reg_call *c, const struct err *err)
{
	struct pusher	*p = c->arg;
	struct err	 e = ERR_INIT;
	char		*v = reg_header(c, "Location");

	if (err != NULL) {
		proof_ends(p);
	} else if (c->http.status == 201) {
		learn(p, MOUNTS_ANSWERED);
		proof_ends(p);
	} else if (v != NULL &&
	    (c->location = reg_resolve_same(c, v, &e)) != NULL) {
		c->method = "DELETE";
		c->once = 1;
		c->on_done = proof_look;
		reg_start(c);
	} else {
		proof_look(c, NULL);
	}
}

/*
 * One request that shows what a 202 is worth: a mount of a blob that the
 * destination has.
 */
static void
begin_proof(struct pusher *p)
{
	struct reg_call	*c = &p->proof_call;

	assert(p->proof == PROOF_WANTED && p->nsending == 0);
	p->proof = PROOF_ASKED;
	c->repo = c->from = p->dest.repo;
	c->method = "POST";
	c->push = 1;
	c->path = mount_path(p->known->digest, name_there(p->dest.repo));
	c->arg = p;
	c->on_done = proof_came;
	reg_start(c);
}

void
ask_manifests_ended(struct pusher *p)
{
	if (p->proof == PROOF_WANTED)
		begin_proof(p);
}

/*
 * Does a 202 leave open whether the blob is there?  A small one is not worth a
 * question as long as nothing is known to be there.
 */
static int
is_doubtful(const struct xfer *x)
{
	const struct pusher	*p = x->p;

	if (p->mounts != MOUNTS_UNKNOWN)
		return p->mounts == MOUNTS_IGNORED;
	return x->blob->size > BLOB_SMALL || p->in_use || p->first != NULL;
}

/* Will something under way settle it for all? */
static int
will_be_settled(const struct xfer *x)
{
	const struct pusher	*p = x->p;

	if (p->mounts != MOUNTS_UNKNOWN)
		return 0;
	if (p->first != NULL || p->nmounting > 0 || p->proof == PROOF_WANTED ||
	    p->proof == PROOF_ASKED)
		return 1;
	if (p->proof == PROOF_HAD)
		return 0;
	/* A small one that arrives is one that is known to be there. */
	return p->known != NULL ||
	    (x->blob->size > BLOB_SMALL && p->nsmall > 0);
}

/*
 * An upload was opened by a mount: is the blob missing, or not looked for?  Who
 * waits comes here again; one without an upload waits for the first POST.
 */
static void
weigh(void *arg)
{
	struct xfer	*x = arg;
	struct pusher	*p = x->p;

	assert(!x->waiting);
	if (x->session == NULL) {
		begin_missing(x);
	} else if (!is_doubtful(x)) {
		source_open(x);
	} else if (will_be_settled(x)) {
		wait_for_others(x);
		if (p->known != NULL && p->proof == PROOF_NONE &&
		    p->first == NULL && p->nmounting == 0) {
			p->proof = PROOF_WANTED;
			if (p->nsending == 0)
				begin_proof(p);
		}
	} else {
		ask_head(x);
	}
}

/* The mount did not work: another way, for all where that is plain. */
static void
mount_failed(struct xfer *x, const struct reg_call *c, const struct err *err)
{
	struct pusher	*p = x->p;

	if (c->from != c->repo) {
		/* Whatever it was: it need not hold for an upload. */
		if (refuses_mount(c->http.status) && c->http.status != 404)
			x->blob->holders[x->holder]->no_mount = 1;
		x->self_only = 1;
		ask_without_sending(x);
	} else if (p->mounts == MOUNTS_ANSWERED && c->http.status == 404) {
		begin_missing(x);	/* so some say that */
	} else if (refuses_mount(c->http.status)) {
		if (p->mounts != MOUNTS_ANSWERED)
			learn(p, MOUNTS_REFUSED);
		ask_head(x);
	} else {
		xfer_fail(x, err, 0);
	}
}

static void
asked_mount(struct reg_call *c, const struct err *err)
{
	struct xfer	*x = c->arg;
	struct pusher	*p = x->p;
	struct err	 e = ERR_INIT;
	int		 own = c->from == c->repo;

	x->mounting = 0;
	p->nmounting--;
	if (err != NULL) {
		mount_failed(x, c, err);
	} else if (c->http.status == 201) {
		learn(p, MOUNTS_ANSWERED);
		p->in_use |= own;
		if (upload_check_stored(x, c, &e) == -1)
			xfer_fail(x, &e, 0);
		else
			xfer_done(x, own ? "present" : "mounted");
	} else if (upload_take_session(x, c, &e) == -1) {
		xfer_fail(x, &e, 0);
	} else {
		weigh(x);
	}
	if (p->nmounting == 0)
		ask_wake(p);
}

/* The name of the source's repository, if the blob can be mounted from it. */
static const char *
mount_source(struct xfer *x)
{
	struct reg_repo	*dest = x->p->dest.repo;
	struct place	*src = x->blob->nholders > 0 ?
			    x->blob->holders[x->holder] : NULL;
	const char	*name;

	if (x->self_only || src == NULL || src->repo == NULL || src->no_mount)
		return NULL;
	name = reg_mount_name(src->repo, dest);
	return name != NULL && strcmp(name, name_there(dest)) != 0 ? name :
	    NULL;
}

/*
 * One question for "is it there, or in the source's repository, else begin an
 * upload": a mount, from the destination itself unless the source is on the
 * same registry.
 */
static void
ask_mount(struct xfer *x)
{
	struct reg_call	*c = upload_call(x, "POST");
	const char	*name = mount_source(x);

	c->from = name != NULL ? x->blob->holders[x->holder]->repo :
	    x->p->dest.repo;
	c->path = mount_path(x->blob->digest, name != NULL ? name :
	    name_there(x->p->dest.repo));
	c->on_done = asked_mount;
	x->mounting = 1;
	x->p->nmounting++;
	reg_start(c);
}

/* A mount, where it may be of use; else HEAD. */
static void
ask_without_sending(struct xfer *x)
{
	switch (x->p->mounts) {
	case MOUNTS_REFUSED:
		if (mount_source(x) == NULL) {
			ask_head(x);
			break;
		}
		/* FALLTHROUGH */
	case MOUNTS_UNKNOWN:
	case MOUNTS_ANSWERED:
		ask_mount(x);
		break;
	case MOUNTS_IGNORED:
		ask_head(x);
		break;
	}
}

void
ask(struct xfer *x)
{
	struct pusher	*p = x->p;

	if (x->single && p->single_post == SINGLE_ASKING)
		p->single_post = SINGLE_UNKNOWN;
	x->single = 0;
	if (p->denied != NULL) {
		xfer_fail(x, p->denied, 0);
		return;
	}
	if (x->blob->unbelieved || x->blob->disputed) {
		begin_missing(x);	/* what is said to be there is no proof */
	} else if (p->in_use || mount_source(x) != NULL || !take_single(x)) {
		ask_without_sending(x);
	} else if (p->single_post == SINGLE_YES) {
		source_open(x);
	} else {
		/* One that is not there finds out for all. */
		p->first = x;
		ask_head(x);
	}
}
