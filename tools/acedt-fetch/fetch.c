/*
 * The steps of a record: get what it names; read its platform, or ask for its
 * referrers again and again until there are none that are new; write what was
 * learnt into the record.  Each step begins here, when nothing is under way for
 * the record any more.
 */
#include <assert.h>
#include <stdlib.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/text/json_out.h"
#include "tools/acedt-fetch/fetch.h"
#include "tools/acedt-fetch/subjects.h"

void
fetch_init(struct fetcher *all)
{
	TAILQ_INIT(&all->ready);
	TAILQ_INIT(&all->parked);
	TAILQ_INIT(&all->finders);
	TAILQ_INIT(&all->held);
}

void
fetch_clear(struct fetcher *all)
{
	assert(TAILQ_EMPTY(&all->ready) && TAILQ_EMPTY(&all->parked));
	assert(all->requests == NULL);
	assert(TAILQ_EMPTY(&all->finders) && TAILQ_EMPTY(&all->held));
	subjects_free(all->tables);
}

static void
fetch_free(struct fetch *f)
{
	assert(f->state == FETCH_ENDED && f->pending == 0 && !f->is_ready);
	manifests_clear(f);
	referrers_clear(f);
	descriptor_clear(&f->config_desc);
	free(f->platform);
	image_clear(&f->img);
	free(f);
}

/*
 * {"image":"NAME:TAG","index":DIGEST,"repository":NAME,"digests":[…]}: what the
 * destination has of the record's roots, and by which index.
 */
static void
note_present(struct fetch *f, struct buf *b)
{
	const struct published	*p = f->all->published;
	const char		*digest;
	struct json_out		 j;
	size_t			 i;

	json_out_init(&j, b);
	json_out_begin_object(&j);
	json_out_member(&j, "image", p->image);
	json_out_member(&j, "index", p->index);
	json_out_member(&j, "repository", p->dest.name);
	json_out_name(&j, "digests");
	json_out_begin_array(&j);
	for (i = 0; i < image_nroots(&f->img); i++) {
		digest = image_root(&f->img, i)->digest;
		if (published_lists(p, digest))
			json_out_str(&j, digest);
	}
	json_out_end_array(&j);
	json_out_end_object(&j);
}

/* Put into the record what was learnt. */
static void
write_record(struct fetch *f)
{
	const struct published	*p = f->all->published;
	struct record		*rec = &f->job->rec;
	struct buf		 b;

	if (f->platform != NULL)
		record_set(rec, "platform", f->platform);
	if (p != NULL && p->image != NULL) {
		buf_init(&b, STREAM_LINE_MAX);
		note_present(f, &b);
		record_set(rec, "present", b.data);
		buf_clear(&b);
	}
	f->img.crawled = f->all->recursive;
	image_store(&f->img, rec);
}

/* Hand the record on, with what was learnt or with its error. */
static void
fetch_end(struct fetch *f)
{
	struct err	err = ERR_INIT;

	assert(f->pending == 0 && f->state != FETCH_ENDED);
	f->state = FETCH_ENDED;
	if (!f->failed && image_check(&f->img, &err) == -1) {
		f->failed = 1;
		f->err = err;
	}
	if (f->failed) {
		job_fail(f->job, &f->err);
	} else {
		write_record(f);
		job_done(f->job);
	}
	fetch_free(f);
}

/*
 * Nothing is under way: ask what can be asked only now.  0 if there is nothing
 * left to ask.
 */
static int
ask_more(struct fetch *f)
{
	switch (f->state) {
	case FETCH_MANIFESTS:
		if (f->all->roots) {
			f->state = FETCH_PLATFORM;
			platform_ask(f);
			return 1;
		}
		if (!f->all->recursive)
			return 0;
		f->state = FETCH_REFERRERS;
		return referrers_ask(f);
	case FETCH_REFERRERS:
		return referrers_ask(f);
	case FETCH_PLATFORM:
	case FETCH_ENDED:
		break;
	}
	return 0;
}

/* The next step of a record that is ready. */
static void
fetch_step(struct fetch *f)
{
	if (f->failed) {
		manifests_cancel(f);
		referrers_cancel(f);
		fetch_end(f);
		return;
	}
	assert(f->pending == 0);
	if (ask_more(f))
		pending_check(f);
	else
		fetch_end(f);
}

int
fetch_work(struct stage *st)
{
	struct fetcher	*all = st->arg;
	struct fetch	*f;
	int		 some;

	some = manifests_begin_parked(all);
	while ((f = TAILQ_FIRST(&all->ready)) != NULL) {
		TAILQ_REMOVE(&all->ready, f, ready);
		f->is_ready = 0;
		fetch_step(f);
		some = 1;
	}
	return some;
}

/* Want the manifests that the record names and does not carry. */
static void
want_roots(struct fetch *f)
{
	const struct descriptor	*root;
	size_t			 i, n = image_nroots(&f->img);

	for (i = 0; i < n && !f->failed; i++) {
		root = image_root(&f->img, i);
		if (*root->media_type == '\0' ||
		    manifest_is_type(root->media_type))
			manifests_want_root(f, root);
		/* Else it is a blob in an index. */
	}
}

void
fetch_begin(struct job *job)
{
	struct fetch	*f = xcalloc(1, sizeof(*f));
	struct err	 err = ERR_INIT;
	size_t		 i;

	f->all = job->stage->arg;
	f->job = job;
	f->state = FETCH_MANIFESTS;
	TAILQ_INIT(&f->parked);
	if (image_parse(&f->img, &job->rec, &err) == -1 ||
	    (f->place = net_place(&f->all->net, &f->img.ref, &err)) == NULL) {
		pending_fail(f, &err);
	} else {
		f->had = f->img.ncontents;
		for (i = 0; i < f->had; i++)
			f->bytes += (size_t)f->img.contents[i].desc.size;
		want_roots(f);
	}
	pending_check(f);
}
