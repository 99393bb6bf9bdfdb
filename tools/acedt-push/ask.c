/*
 * Is a blob at the destination?  One request asks that and opens an upload if
 * it is not: a mount.  A registry that ignores mounts opens one all the same,
 * so what such an answer is worth has to be found out; else HEAD asks.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/http/origin.h"
#include "lib/program/hostnote.h"
#include "tools/acedt-push/ask.h"

void
ask_wake(struct pusher *p)
{
	p->woken = 1;
}

static void
ask_learn(struct pusher *p, enum mounts mounts)
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
ask_left_head(struct transfer *x)
{
	if (x->p->first != x)
		return;
	x->p->first = NULL;
	ask_wake(x->p);
}

void
ask_left_single(struct transfer *x)
{
	if (x->single && x->p->single_post == SINGLE_ASKING)
		x->p->single_post = SINGLE_UNKNOWN;
	x->single = 0;
}

/* The name of a repository at its registry. */
static const char *
ask_name_there(const struct reg_repo *repo)
{
	return strchr(reg_repo_name(repo), '/') + 1;
}

static char *
ask_mount_path(const char *digest, const char *from)
{
	char	*path, *more;

	path = origin_add_query("blobs/uploads/", "mount", digest);
	more = origin_add_query(path, "from", from);
	free(path);
	return more;
}

/* Answers to a mount that mean "not in this way", whatever they are about. */
static int
ask_refuses_mount(long status)
{
	return status == 400 || status == 401 || status == 403 ||
	    status == 404 || status == 405 || status == 500 || status == 501;
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

/* May it go in one POST?  Only one at a time finds that out. */
static int
ask_take_single(struct transfer *x)
{
	struct pusher	*p = x->p;

	if (x->blob->size > SOURCE_SMALL || (p->single_post != SINGLE_YES &&
	    p->single_post != SINGLE_UNKNOWN))
		return 0;
	if (p->single_post == SINGLE_UNKNOWN)
		p->single_post = SINGLE_ASKING;
	x->single = 1;
	return 1;
}

/* It is not there: what begins an upload costs least? */
static enum ask_step
ask_missing(struct transfer *x)
{
	if (x->up.session != NULL || x->single || ask_take_single(x))
		return ASK_READ;
	if (x->blob->size <= SOURCE_SMALL &&
	    x->p->single_post == SINGLE_ASKING)
		return ASK_OTHERS;
	return ASK_OPEN;
}

enum ask_step
ask_told_head(struct transfer *x, const struct err *answer, struct err *err)
{
	struct pusher	*p = x->p;

	assert(x->state == TRANSFER_HEAD);
	ask_left_head(x);
	if (answer == NULL) {
		/* The mount said otherwise. */
		if (x->up.session != NULL && p->mounts == MOUNTS_UNKNOWN)
			ask_learn(p, MOUNTS_IGNORED);
		p->in_use = 1;
		return ASK_PRESENT;
	}
	if (answer->cls == ERR_NOT_FOUND || x->up.session != NULL)
		return ask_missing(x);
	if (x->single) {
		x->single = 0;
		p->single_post = SINGLE_NO;
		return ASK_MOUNT;
	}
	*err = *answer;
	return ASK_FAIL;
}

/* Opens no upload, and registries that refuse mounts answer it. */
void
ask_send_head(struct transfer *x, upload_fn done)
{
	struct reg_call	*c = upload_request(&x->up, "HEAD", done);

	c->path = xasprintf("blobs/%s", x->blob->digest);
	reg_start(c);
}

static void
proof_ends(struct pusher *p)
{
	assert(p->proof == PROOF_ASKED);
	p->proof = PROOF_HAD;
	ask_wake(p);
}

/* It answered 202 for a blob that it has, or had. */
static void
proof_looked(struct reg_call *c, const struct err *err)
{
	struct pusher	*p = c->arg;

	if (err == NULL && p->mounts == MOUNTS_UNKNOWN)
		ask_learn(p, MOUNTS_IGNORED);
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
		ask_learn(p, MOUNTS_ANSWERED);
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
proof_begin(struct pusher *p)
{
	struct reg_call	*c = &p->proof_call;

	assert(p->proof == PROOF_WANTED && p->nsending == 0);
	p->proof = PROOF_ASKED;
	c->repo = c->from = p->dest.repo;
	c->method = "POST";
	c->push = 1;
	c->path = ask_mount_path(p->known->digest,
	    ask_name_there(p->dest.repo));
	c->arg = p;
	c->on_done = proof_came;
	reg_start(c);
}

int
ask_work(struct pusher *p)
{
	if (p->proof != PROOF_WANTED || p->nsending > 0)
		return 0;
	proof_begin(p);
	return 1;
}

int
ask_holds_manifests(const struct pusher *p)
{
	return p->proof == PROOF_WANTED || p->proof == PROOF_ASKED;
}

/*
 * Does a 202 leave open whether the blob is there?  A small one is not worth a
 * question as long as nothing is known to be there.
 */
static int
ask_is_doubtful(const struct transfer *x)
{
	const struct pusher	*p = x->p;

	if (p->mounts != MOUNTS_UNKNOWN)
		return p->mounts == MOUNTS_IGNORED;
	return x->blob->size > SOURCE_SMALL || p->in_use || p->first != NULL;
}

/* Mounts under way; the one whose answer is looked at now does not count. */
static size_t
ask_other_mounts(const struct transfer *x)
{
	assert(x->state != TRANSFER_MOUNT || x->p->nmounting > 0);
	return x->p->nmounting - (x->state == TRANSFER_MOUNT);
}

/* Will something under way settle it for all? */
static int
ask_will_be_settled(const struct transfer *x)
{
	const struct pusher	*p = x->p;

	if (p->mounts != MOUNTS_UNKNOWN)
		return 0;
	if (p->first != NULL || ask_other_mounts(x) > 0 ||
	    ask_holds_manifests(p))
		return 1;
	if (p->proof == PROOF_HAD)
		return 0;
	/* A small one that arrives is one that is known to be there. */
	return p->known != NULL ||
	    (x->blob->size > SOURCE_SMALL && p->nsmall > 0);
}

/*
 * An upload was opened by a mount: is the blob missing, or not looked for?  Who
 * waits comes here again; one without an upload waits for the first POST.
 */
enum ask_step
ask_weigh(struct transfer *x)
{
	struct pusher	*p = x->p;

	if (x->up.session == NULL)
		return ask_missing(x);
	if (!ask_is_doubtful(x))
		return ASK_READ;
	if (!ask_will_be_settled(x))
		return ASK_HEAD;
	if (p->known != NULL && p->proof == PROOF_NONE && p->first == NULL &&
	    ask_other_mounts(x) == 0)
		p->proof = PROOF_WANTED;
	return ASK_OTHERS;
}

/* The name of the source's repository, if the blob can be mounted from it. */
static const char *
ask_mount_source(const struct transfer *x)
{
	const struct reg_repo	*dest = x->p->dest.repo;
	const struct holder	*h = source_holder(&x->source);
	const struct place	*src;
	const char		*name;

	if (x->self_only || h == NULL || h->repo == NULL)
		return NULL;
	src = h->owner;
	if (src->no_mount)
		return NULL;
	name = reg_mount_name(h->repo, dest);
	return name != NULL && strcmp(name, ask_name_there(dest)) != 0 ? name :
	    NULL;
}

/* A mount, where it may be of use; else HEAD. */
static enum ask_step
ask_without_sending(const struct transfer *x)
{
	switch (x->p->mounts) {
	case MOUNTS_REFUSED:
		return ask_mount_source(x) != NULL ? ASK_MOUNT : ASK_HEAD;
	case MOUNTS_UNKNOWN:
	case MOUNTS_ANSWERED:
		return ASK_MOUNT;
	case MOUNTS_IGNORED:
		break;
	}
	return ASK_HEAD;
}

/* The mount did not work: another way, for all where that is plain. */
static enum ask_step
ask_mount_failed(struct transfer *x, const struct err *answer, struct err *err)
{
	const struct reg_call	*c = &x->up.call;
	struct pusher		*p = x->p;
	struct place		*src;

	if (c->from != c->repo) {
		/* Whatever it was: it need not hold for an upload. */
		src = source_holder(&x->source)->owner;
		if (ask_refuses_mount(c->http.status) && c->http.status != 404)
			src->no_mount = 1;
		x->self_only = 1;
		return ask_without_sending(x);
	}
	if (p->mounts == MOUNTS_ANSWERED && c->http.status == 404)
		return ask_missing(x);	/* so some say that */
	if (ask_refuses_mount(c->http.status)) {
		if (p->mounts != MOUNTS_ANSWERED)
			ask_learn(p, MOUNTS_REFUSED);
		return ASK_HEAD;
	}
	*err = *answer;
	return ASK_FAIL;
}

enum ask_step
ask_told_mount(struct transfer *x, const struct err *answer, struct err *err)
{
	const struct reg_call	*c = &x->up.call;
	struct pusher		*p = x->p;
	int			 own = c->from == c->repo;

	assert(x->state == TRANSFER_MOUNT);
	if (answer != NULL)
		return ask_mount_failed(x, answer, err);
	if (c->http.status == 201) {
		ask_learn(p, MOUNTS_ANSWERED);
		p->in_use |= own;
		if (upload_stored(&x->up, err) == -1)
			return ASK_FAIL;
		return own ? ASK_PRESENT : ASK_MOUNTED;
	}
	if (upload_opened(&x->up, &x->source.snapshots, err) == -1)
		return ASK_FAIL;
	return ask_weigh(x);
}

/*
 * One question for "is it there, or in the source's repository, else begin an
 * upload": a mount, from the destination itself unless the source is on the
 * same registry.
 */
void
ask_send_mount(struct transfer *x, upload_fn done)
{
	struct reg_call	*c = upload_request(&x->up, "POST", done);
	const char	*name = ask_mount_source(x);

	c->from = name != NULL ? source_holder(&x->source)->repo :
	    x->p->dest.repo;
	c->path = ask_mount_path(x->blob->digest, name != NULL ? name :
	    ask_name_there(x->p->dest.repo));
	reg_start(c);
}

enum ask_step
ask_begin(struct transfer *x, struct err *err)
{
	struct pusher	*p = x->p;

	ask_left_single(x);
	if (p->denied != NULL) {
		*err = *p->denied;
		return ASK_FAIL;
	}
	if (x->blob->unbelieved || x->blob->disputed)
		return ask_missing(x);	/* what is said to be there is not a
					 * proof */
	if (p->in_use || ask_mount_source(x) != NULL || !ask_take_single(x))
		return ask_without_sending(x);
	if (p->single_post == SINGLE_YES)
		return ASK_READ;
	/* One that is not there finds out for all. */
	p->first = x;
	return ASK_HEAD;
}
