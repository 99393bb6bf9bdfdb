/*
 * Requests for manifests, each of which is made once for all records that want
 * the same manifest at the time.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/tree.h"
#include "lib/base/xalloc.h"
#include "lib/oci/manifest.h"
#include "lib/registry/reg.h"
#include "tools/acedt-fetch/fetch.h"
#include "tools/acedt-fetch/request.h"

void
request_init(struct request *r, struct fetcher *all)
{
	memset(r, 0, sizeof(*r));
	r->all = all;
	LIST_INIT(&r->waiting);
}

void
request_clear(struct request *r)
{
	assert(r->state == REQUEST_IDLE);
	assert(LIST_EMPTY(&r->waiting) && r->call == NULL);
}

/*
 * The bytes of a digest are the same everywhere.  Whether a subject exists is
 * for the image's own repository to say.
 */
static int
compare_requests(const void *a, const void *b)
{
	const struct request	*x = a, *y = b;
	int			 rc = strcmp(x->digest, y->digest);
	uintptr_t		 of_x, of_y;

	if (rc != 0)
		return rc;
	of_x = x->only_here ? (uintptr_t)x->repo : 0;
	of_y = y->only_here ? (uintptr_t)y->repo : 0;
	return (of_x > of_y) - (of_x < of_y);
}

static void	request_answered(void *, const struct reg_answer *,
		    const struct err *);

static void
request_send(struct request *r, struct reg_repo *repo)
{
	char			*path = xasprintf("manifests/%s", r->digest);
	struct reg_request	 req = {
		.method = "GET",
		.path = path,
		.accept = MANIFEST_ACCEPT,
		.reply_max = MANIFEST_BYTES_MAX,
		.digest = r->digest
	};

	assert(r->state == REQUEST_ASKS && r->call == NULL);
	r->asked = repo;
	r->call = reg_send(repo, &req, request_answered, r);
	free(path);
}

/* Ask, unless another request asks for the same already. */
static void
ask_or_wait(struct request *r)
{
	struct request	*asker;

	asker = tree_add(r, &r->all->requests, compare_requests);
	if (asker == r) {
		r->state = REQUEST_ASKS;
		request_send(r, r->repo);
		return;
	}
	assert(asker->state == REQUEST_ASKS);
	r->state = REQUEST_WAITS;
	r->asker = asker;
	LIST_INSERT_HEAD(&r->asker->waiting, r, next);
}

/* Nobody else waits for the answer from now on. */
static void
leave_tree(struct request *r)
{
	tree_remove(r, &r->all->requests, compare_requests);
}

/* Those that waited for an answer which will not come ask for themselves. */
static void
ask_for_themselves(struct request *r)
{
	struct request	*other;

	while ((other = LIST_FIRST(&r->waiting)) != NULL) {
		assert(other->state == REQUEST_WAITS && other->asker == r);
		LIST_REMOVE(other, next);
		ask_or_wait(other);
	}
}

/* The end of a request, with the bytes or with the reason. */
static void
request_end(struct request *r, const char *bytes, size_t len,
    const struct err *err)
{
	assert((bytes == NULL) == (err != NULL));
	r->on_done(r, bytes, len, err);
	r->state = REQUEST_IDLE;
	r->asker = NULL;
}

/*
 * The destination's index says that the manifest is there, and the destination
 * does not give it: then the source is asked after all.
 */
static int
ask_source(struct request *r, const struct err *err)
{
	if (r->source == NULL || r->source == r->asked)
		return 0;
	log_info("%s; asking the source", err->msg);
	request_send(r, r->source);
	return 1;
}

/*
 * The answer is there.  What type the server says the bytes have does not
 * count: another server, and the cache, would say something else of them.
 */
static void
request_answered(void *arg, const struct reg_answer *a, const struct err *err)
{
	struct request	*r = arg, *other;

	assert(r->state == REQUEST_ASKS && r->call != NULL);
	r->call = NULL;
	if (err != NULL && ask_source(r, err))
		return;
	leave_tree(r);
	if (err != NULL) {
		ask_for_themselves(r);	/* their own source may have it */
		request_end(r, NULL, 0, err);
		return;
	}
	request_end(r, a->body, a->body_len, NULL);
	while ((other = LIST_FIRST(&r->waiting)) != NULL) {
		assert(other->state == REQUEST_WAITS);
		LIST_REMOVE(other, next);
		request_end(other, a->body, a->body_len, NULL);
	}
}

void
request_start(struct request *r)
{
	assert(r->state == REQUEST_IDLE);
	ask_or_wait(r);
}

void
request_cancel(struct request *r)
{
	switch (r->state) {
	case REQUEST_IDLE:
		return;
	case REQUEST_ASKS:
		reg_abandon(r->call);
		r->call = NULL;
		leave_tree(r);
		ask_for_themselves(r);
		break;
	case REQUEST_WAITS:
		LIST_REMOVE(r, next);
		break;
	}
	r->state = REQUEST_IDLE;
	r->asker = NULL;
}
