/*
 * Requests for manifests, each of which is made once for all records that want
 * the same manifest at the time.
 */
#include <assert.h>
#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "tools/acedt-fetch/fetch.h"
#include "tools/acedt-fetch/request.h"

void
request_init(struct request *r, struct fetcher *all)
{
	memset(r, 0, sizeof(*r));
	r->all = all;
	LIST_INIT(&r->waiting);
	reg_call_init(&r->call);
}

void
request_clear(struct request *r)
{
	assert(r->state == REQUEST_IDLE);
	assert(LIST_EMPTY(&r->waiting));
	reg_call_clear(&r->call);
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

/* Ask, unless another request asks for the same already. */
static void
ask_or_wait(struct request *r)
{
	struct request	**slot;

	slot = tsearch(r, &r->all->requests, compare_requests);
	if (slot == NULL)
		abort();		/* out of memory */
	if (*slot == r) {
		r->state = REQUEST_ASKS;
		reg_start(&r->call);
		return;
	}
	assert((*slot)->state == REQUEST_ASKS);
	r->state = REQUEST_WAITS;
	r->asker = *slot;
	LIST_INSERT_HEAD(&r->asker->waiting, r, next);
}

/* Nobody else waits for the answer from now on. */
static void
leave_tree(struct request *r)
{
	tdelete(r, &r->all->requests, compare_requests);
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
answer(struct request *r, const char *bytes, size_t len, const struct err *err)
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
	if (r->source == NULL || r->source == r->call.repo)
		return 0;
	log_info("%s; asking the source", err->msg);
	r->call.repo = r->source;
	reg_start(&r->call);
	return 1;
}

/*
 * The answer is there.  What type the server says the bytes have does not count:
 * another server, and the cache, would say something else of the same bytes.
 */
static void
request_done(struct reg_call *c, const struct err *err)
{
	struct request	*r = c->arg, *other;
	const char	*bytes = c->http.reply.len > 0 ?
			    c->http.reply.data : "";
	size_t		 len = c->http.reply.len;

	assert(r->state == REQUEST_ASKS);
	if (err != NULL && ask_source(r, err))
		return;
	leave_tree(r);
	if (err != NULL) {
		ask_for_themselves(r);	/* their own source may have it */
		answer(r, NULL, 0, err);
	} else {
		answer(r, bytes, len, NULL);
		while ((other = LIST_FIRST(&r->waiting)) != NULL) {
			assert(other->state == REQUEST_WAITS);
			LIST_REMOVE(other, next);
			answer(other, bytes, len, NULL);
		}
	}
	/* The bytes live in the images now, or nowhere. */
	reg_call_clear(c);
	reg_call_init(c);
}

void
request_start(struct request *r)
{
	assert(r->state == REQUEST_IDLE);
	r->call.repo = r->repo;
	r->call.method = "GET";
	r->call.path = xasprintf("manifests/%s", r->digest);
	r->call.accept = MANIFEST_ACCEPT;
	r->call.reply_max = MANIFEST_BYTES_MAX;
	r->call.digest = r->digest;
	r->call.arg = r;
	r->call.on_done = request_done;
	ask_or_wait(r);
}

void
request_cancel(struct request *r)
{
	switch (r->state) {
	case REQUEST_IDLE:
		return;
	case REQUEST_ASKS:
		reg_cancel(&r->call);
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
