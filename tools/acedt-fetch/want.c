/*
 * Manifests that records want: from a layout, the cache, the destination, or by
 * a request, which all records share that want the same at the time.  What a
 * record wants when there is no room for it waits until there is.
 */
#include <assert.h>
#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/oci/digest.h"
#include "tools/acedt-fetch/fetch.h"

enum want_state {
	WANT_NEW,
	WANT_PARKED,			/* there is no room for it */
	WANT_ASKED,			/* by its own call */
	WANT_WAITING,			/* for the call of another */
	WANT_DONE
};

/* Reserved for a manifest whose size nobody has said. */
#define SIZE_GUESSED	(64 * 1024)

struct want {
	struct fetch	*fetch;		/* borrowed */
	enum want_state	 state;
	struct descriptor desc;
	enum edge_kind	 kind;		/* why: a missing subject is no error */
	char		*subject;	/* owned: it must be this one's referrer */
	int		 depth;		/* below a root */
	int		 present;	/* below one that the destination has */
	size_t		 reserved;	/* of the stage's room */
	struct reg_call	 call;
	struct want	*next;		/* of its record */
	struct want	*next_parked;
	struct want	*asker;		/* for whose call it waits */
	struct want	*waiting;	/* those that wait for this one's call */
	struct want	*next_waiting;
};

/* Records with parked wants, oldest first. */
static struct fetch	*parked, **parked_end = &parked;
/* Wants that ask: a tree of tsearch(3), see compare_askers(). */
static void		*askers;

static void	begin_want(struct want *);

static void
nothing(void *p)
{
	(void)p;
}

void
wants_free(struct fetch *f)
{
	struct want	*w;

	tdestroy(f->wanted, nothing);
	while ((w = f->wants) != NULL) {
		assert(w->state == WANT_DONE);
		f->wants = w->next;
		descriptor_clear(&w->desc);
		free(w->subject);
		reg_call_clear(&w->call);
		free(w);
	}
}

/* How many bytes a manifest adds to a line: base64. */
static size_t
grown(size_t len)
{
	return len / 3 * 4;
}

static void
reserve(struct want *w, size_t n)
{
	job_grows(w->fetch->job, (ptrdiff_t)n - (ptrdiff_t)w->reserved);
	w->reserved = n;
}

static void
end_want(struct want *w)
{
	reserve(w, 0);
	w->state = WANT_DONE;
}

/* Is it a manifest with that subject?  What is not is no referrer. */
static int
has_subject(const char *bytes, size_t len, const char *subject)
{
	struct manifest	 m;
	struct err	 err = ERR_INIT;
	size_t		 i;
	int		 has = 0;

	if (manifest_parse(&m, "", bytes, len, NULL, &err) == -1)
		return 0;
	for (i = 0; i < m.nedges; i++)
		if (m.edges[i].kind == EDGE_SUBJECT &&
		    strcmp(m.edges[i].desc.digest, subject) == 0)
			has = 1;
	manifest_clear(&m);
	return has;
}

/*
 * Some registries list referrers with a size that is not theirs.  Nothing but
 * the digest is needed to know that the bytes are right.
 */
static void
correct_size(struct want *w, const char *data, size_t len)
{
	char	have[DIGEST_STR_MAX];

	if (w->desc.size == -1 || w->desc.size == (int64_t)len)
		return;
	digest_of(w->desc.digest, data, len, have);
	if (strcmp(have, w->desc.digest) != 0)
		return;
	log_warn("%s: the list of referrers of %s gives %lld bytes to %s, "
	    "which has %zu and the right digest", w->fetch->img.source,
	    w->subject, (long long)w->desc.size, w->desc.digest, len);
	w->desc.size = (int64_t)len;
}

/* The bytes of a manifest are there; data is consumed. */
static void
got_bytes(struct want *w, char *data, size_t len)
{
	struct fetch	*f = w->fetch;
	struct err	 err = ERR_INIT;

	/* The record may have wanted it for two reasons. */
	if (f->failed || image_find(&f->img, w->desc.digest) != NULL) {
		free(data);
		return;
	}
	f->bytes += len;
	if (f->bytes > IMAGE_MANIFESTS_BYTES_MAX) {
		free(data);
		err_set(&err, ERR_LIMIT, "its manifests have more than %d "
		    "bytes", IMAGE_MANIFESTS_BYTES_MAX);
		fetch_failed(f, &err);
		return;
	}
	if (w->subject != NULL && !has_subject(data, len, w->subject)) {
		log_info("%s: %s is listed as a referrer of %s but is not one",
		    f->img.source, w->desc.digest, w->subject);
		free(data);
		return;
	}
	if (w->subject != NULL)
		correct_size(w, data, len);
	if (image_add(&f->img, &w->desc, w->desc.media_type, data, len,
	    &err) == NULL) {
		fetch_failed(f, &err);
		return;
	}
	job_grows(f->job, (ptrdiff_t)grown(len));
	fetch_got(f, w->desc.digest, w->subject != NULL, w->depth, w->present);
}

/* A subject may be missing: image-spec calls the link weak. */
static int
may_be_missing(const struct want *w, const struct err *err)
{
	return w->kind == EDGE_SUBJECT && err->cls == ERR_NOT_FOUND;
}

static void
want_failed(struct want *w, const struct err *err)
{
	if (may_be_missing(w, err))
		log_info("%s: the subject %s does not exist there",
		    w->fetch->img.source, w->desc.digest);
	else
		fetch_failed(w->fetch, err);
}

/* For the next run: what came is in the image, if it is what it should be. */
static void
keep(struct want *w)
{
	struct content	*c = image_find(&w->fetch->img, w->desc.digest);

	if (c != NULL)
		cache_put(w->fetch->opt->cache, w->desc.digest, c->data,
		    (size_t)c->desc.size);
}

/* An earlier run kept it. */
static int
read_cache(struct want *w)
{
	char	*data;
	size_t	 len;

	if (!cache_get(w->fetch->opt->cache, w->desc.digest, &data, &len))
		return 0;
	got_bytes(w, data, len);
	return 1;
}

/* The destination is a layout that has it. */
static int
read_dest(struct want *w)
{
	struct layout	*layout = w->fetch->opt->have->place->layout;
	struct err	 err = ERR_INIT;
	struct buf	 b;
	size_t		 len;
	int		 found;

	if (layout == NULL)
		return 0;
	buf_init(&b, MANIFEST_BYTES_MAX);
	found = layout_blob_read(layout, w->desc.digest, MANIFEST_BYTES_MAX,
	    &b, &err) == 0;
	len = b.len;
	if (found)
		got_bytes(w, buf_detach(&b), len);
	buf_clear(&b);
	return found;
}

static void
read_layout(struct want *w)
{
	struct err	 err = ERR_INIT;
	struct buf	 b;
	size_t		 len;

	buf_init(&b, MANIFEST_BYTES_MAX);
	if (layout_blob_read(w->fetch->place->layout, w->desc.digest,
	    MANIFEST_BYTES_MAX, &b, &err) == -1) {
		want_failed(w, &err);
		buf_clear(&b);
		return;
	}
	len = b.len;
	got_bytes(w, buf_detach(&b), len);
}

/*
 * The bytes of a digest are the same everywhere.  Whether a subject exists is
 * for the image's own repository to say.
 */
static int
compare_askers(const void *a, const void *b)
{
	const struct want	*x = a, *y = b;
	int			 rc = strcmp(x->desc.digest, y->desc.digest);
	uintptr_t		 of_x, of_y;

	if (rc != 0)
		return rc;
	of_x = x->kind == EDGE_SUBJECT ? (uintptr_t)x->call.repo : 0;
	of_y = y->kind == EDGE_SUBJECT ? (uintptr_t)y->call.repo : 0;
	return (of_x > of_y) - (of_x < of_y);
}

/* Ask, unless somebody asks already. */
static void
ask(struct want *w)
{
	struct want	**slot;

	slot = tsearch(w, &askers, compare_askers);
	if (slot == NULL)
		abort();		/* out of memory */
	if (*slot == w) {
		w->state = WANT_ASKED;
		reg_start(&w->call);
		return;
	}
	w->state = WANT_WAITING;
	w->asker = *slot;
	w->next_waiting = w->asker->waiting;
	w->asker->waiting = w;
}

/* Those that waited for an answer which will not come ask for themselves. */
static void
ask_others(struct want *w)
{
	struct want	*other;

	while ((other = w->waiting) != NULL) {
		w->waiting = other->next_waiting;
		ask(other);
	}
}

/* The destination said that it has it: then the source is asked after all. */
static int
ask_source(struct want *w, const struct err *err)
{
	struct fetch	*f = w->fetch;

	if (w->call.repo == f->place->repo || f->place->repo == NULL)
		return 0;
	log_info("%s; asking the source", err->msg);
	w->call.repo = f->place->repo;
	reg_start(&w->call);
	return 1;
}

/* An answer for one that asked, or waited for it. */
static void
take_answer(struct want *w, const struct reg_call *c)
{
	size_t	n = c->http.reply.len;

	end_want(w);
	/*
	 * What type the server says it is does not count: another server, and
	 * the cache, would say something else of the same bytes.
	 */
	got_bytes(w, xmemdup0(c->http.reply.data, n), n);
}

static void
got_manifest(struct reg_call *c, const struct err *err)
{
	struct want	*w = c->arg, *other;

	assert(w->state == WANT_ASKED);
	if (err != NULL && ask_source(w, err))
		return;
	tdelete(w, &askers, compare_askers);
	if (err != NULL) {
		end_want(w);
		ask_others(w);		/* their own source may have it */
		want_failed(w, err);
	} else {
		take_answer(w, c);
		keep(w);
		while ((other = w->waiting) != NULL) {
			w->waiting = other->next_waiting;
			take_answer(other, c);
			fetch_release(other->fetch);
		}
	}
	/* The bytes live in the images now, or nowhere. */
	buf_clear(&c->http.reply);
	fetch_release(w->fetch);
}

static void
unlink_waiting(struct want *w)
{
	struct want	**at = &w->asker->waiting;

	while (*at != w)
		at = &(*at)->next_waiting;
	*at = w->next_waiting;
}

static void
unpark(struct fetch *f)
{
	struct fetch	**at = &parked;

	while (*at != NULL && *at != f)
		at = &(*at)->next_parked;
	if (*at == NULL)
		return;
	if ((*at = f->next_parked) == NULL)
		parked_end = at;
	f->parked = NULL;
}

void
wants_cancel(struct fetch *f)
{
	struct want	*w;

	unpark(f);
	for (w = f->wants; w != NULL; w = w->next) {
		switch (w->state) {
		case WANT_NEW:
		case WANT_DONE:
			continue;
		case WANT_PARKED:
			break;
		case WANT_ASKED:
			reg_cancel(&w->call);
			tdelete(w, &askers, compare_askers);
			ask_others(w);
			break;
		case WANT_WAITING:
			unlink_waiting(w);
			break;
		}
		end_want(w);
		fetch_drop(f);
	}
}

static void
park(struct want *w)
{
	struct fetch	*f = w->fetch;

	w->state = WANT_PARKED;
	if (f->parked == NULL) {
		f->next_parked = NULL;
		*parked_end = f;
		parked_end = &f->next_parked;
		f->parked_end = &f->parked;
	}
	w->next_parked = NULL;
	*f->parked_end = w;
	f->parked_end = &w->next_parked;
	fetch_hold(f);
}

/* Begin what was parked, as far as there is room. */
static void
begin_parked(struct fetch *f)
{
	struct want	*w;

	fetch_hold(f);
	while ((w = f->parked) != NULL && job_has_room(f->job)) {
		if ((f->parked = w->next_parked) == NULL)
			unpark(f);
		begin_want(w);
		fetch_drop(f);
	}
	fetch_release(f);
}

int
wants_work(struct stage *st)
{
	struct fetch	*f = parked;
	int		 some = 0;

	(void)st;
	while (f != NULL) {
		if (!job_has_room(f->job)) {
			f = f->next_parked;
			continue;
		}
		begin_parked(f);
		some = 1;
		f = parked;		/* the list may be another one now */
	}
	return some;
}

/* From where it is; a request is made last. */
static void
begin_want(struct want *w)
{
	struct fetch	*f = w->fetch;
	struct place	*have = w->present ? f->opt->have->place : NULL;

	w->state = WANT_DONE;
	if (f->place->layout != NULL) {
		read_layout(w);
		return;
	}
	if (w->kind != EDGE_SUBJECT && (read_cache(w) ||
	    (have != NULL && read_dest(w))))
		return;
	w->call.repo = have != NULL && have->repo != NULL ? have->repo :
	    f->place->repo;
	w->call.method = "GET";
	w->call.path = xasprintf("manifests/%s", w->desc.digest);
	w->call.accept = MANIFEST_ACCEPT;
	w->call.reply_max = MANIFEST_BYTES_MAX;
	w->call.digest = w->desc.digest;
	w->call.arg = w;
	w->call.on_done = got_manifest;
	reserve(w, w->desc.size == -1 ? SIZE_GUESSED :
	    w->desc.size > MANIFEST_BYTES_MAX ? MANIFEST_BYTES_MAX :
	    grown((size_t)w->desc.size));
	fetch_hold(f);
	ask(w);
}

/*
 * By digest and reason: a child that is missing is an error where a subject is
 * not, and who is not the referrer of one manifest may be that of another.
 */
static int
compare_wanted(const void *a, const void *b)
{
	const struct want	*x = a, *y = b;
	int			 rc = strcmp(x->desc.digest, y->desc.digest);

	if (rc == 0)
		rc = (x->kind == EDGE_SUBJECT) - (y->kind == EDGE_SUBJECT);
	return rc != 0 ? rc : strcmp(x->subject != NULL ? x->subject : "",
	    y->subject != NULL ? y->subject : "");
}

static int
is_wanted(struct fetch *f, const struct descriptor *desc,
    enum edge_kind kind, const char *subject)
{
	struct want	key;

	memset(&key, 0, sizeof(key));
	key.desc.digest = desc->digest;
	key.kind = kind;
	key.subject = (char *)subject;
	return tfind(&key, &f->wanted, compare_wanted) != NULL;
}

/* May the record want one more? */
static int
check_limits(const struct fetch *f, const struct descriptor *desc,
    const char *subject, int depth, struct err *err)
{
	if (depth > INDEX_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "manifests nested deeper than "
		    "%d levels", INDEX_DEPTH_MAX);
	if (desc->size > MANIFEST_BYTES_MAX && subject == NULL)
		return err_set(err, ERR_LIMIT, "manifest %s has %lld bytes, "
		    "the limit is %d", desc->digest, (long long)desc->size,
		    MANIFEST_BYTES_MAX);
	if (f->had + f->nwants >= IMAGE_MANIFESTS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d manifests below "
		    "one source", IMAGE_MANIFESTS_MAX);
	return 0;
}

void
fetch_want(struct fetch *f, const struct descriptor *desc,
    enum edge_kind kind, const char *subject, int depth, int present)
{
	struct want	*w;
	struct err	 err = ERR_INIT;

	if (f->failed || image_find(&f->img, desc->digest) != NULL ||
	    is_wanted(f, desc, kind, subject))
		return;
	if (check_limits(f, desc, subject, depth, &err) == -1) {
		fetch_failed(f, &err);
		return;
	}
	w = xcalloc(1, sizeof(*w));
	w->fetch = f;
	descriptor_copy(&w->desc, desc);
	w->kind = kind;
	w->subject = subject != NULL ? xstrdup(subject) : NULL;
	w->depth = depth;
	/* The destination may have a subject from another image. */
	w->present = present && kind != EDGE_SUBJECT;
	reg_call_init(&w->call);
	w->next = f->wants;
	f->wants = w;
	f->nwants++;
	if (tsearch(w, &f->wanted, compare_wanted) == NULL)
		abort();		/* out of memory */
	if (job_has_room(f->job))
		begin_want(w);
	else
		park(w);
}
