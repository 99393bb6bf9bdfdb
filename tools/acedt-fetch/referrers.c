/*
 * Referrers, distribution-spec "Listing Referrers": by the API, where it is
 * missing by the tag scheme; in a layout by the tag scheme and by the entries
 * of index.json that have a subject.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/tree.h"
#include "lib/base/xalloc.h"
#include "lib/http/field.h"
#include "lib/oci/referrers.h"
#include "lib/registry/reg.h"
#include "tools/acedt-fetch/fetch.h"
#include "tools/acedt-fetch/subjects.h"

enum query_state {
	QUERY_DONE,
	QUERY_HELD_BACK,		/* until it is known how to ask */
	QUERY_ASKS_API,
	QUERY_ASKS_TAG
};

/*
 * One manifest that was asked for its referrers.  Where nobody knows yet
 * whether a registry has the API, one query of all records finds out, and the
 * others are held back until then, in the order in which they came.
 */
struct query {
	struct fetch	*fetch;		/* borrowed */
	enum query_state state;
	char		*digest;	/* owned */
	struct reg_repo	*repo;		/* borrowed: who is asked */
	struct reg_call	*call;		/* while it asks, else NULL */
	int		 pages;		/* that came */
	int		 is_finder;	/* it finds out for the registry */
	struct query	*next;		/* of its record */
	TAILQ_ENTRY(query) next_finder;
	TAILQ_ENTRY(query) next_held;
};

static void	query_start(struct query *);
static void	api_answered(void *, const struct reg_answer *,
		    const struct err *);

void
referrers_clear(struct fetch *f)
{
	struct query	*q;

	tree_forget(&f->asked);
	while ((q = f->queries) != NULL) {
		assert(q->state == QUERY_DONE && q->call == NULL);
		assert(!q->is_finder);
		f->queries = q->next;
		free(q->digest);
		free(q);
	}
}

/* Does a query find out for the same registry? */
static int
is_found_out(const struct fetcher *all, const struct reg_repo *repo)
{
	const char		*origin = reg_referrers_origin(repo);
	const struct query	*q;

	TAILQ_FOREACH(q, &all->finders, next_finder)
		if (strcmp(reg_referrers_origin(q->repo), origin) == 0)
			return 1;
	return 0;
}

/* Is it better not asked yet? */
static int
must_wait(const struct query *q)
{
	return reg_referrers_api(q->repo) == -1 &&
	    is_found_out(q->fetch->all, q->repo);
}

/* The oldest query that need not be held back any more, or NULL. */
static struct query *
first_to_start(struct fetcher *all)
{
	struct query	*q;

	TAILQ_FOREACH(q, &all->held, next_held)
		if (!q->fetch->failed && !must_wait(q))
			return q;
	return NULL;
}

/*
 * Whether there is the API is known now, or this query ended without knowing.
 */
static void
finder_over(struct query *q)
{
	struct fetcher	*all = q->fetch->all;
	struct query	*other;

	if (!q->is_finder)
		return;
	q->is_finder = 0;
	TAILQ_REMOVE(&all->finders, q, next_finder);
	while ((other = first_to_start(all)) != NULL) {
		assert(other->state == QUERY_HELD_BACK);
		TAILQ_REMOVE(&all->held, other, next_held);
		query_start(other);
	}
}

static void
query_end(struct query *q)
{
	q->state = QUERY_DONE;
	finder_over(q);
	pending_release(q->fetch);
}

void
referrers_cancel(struct fetch *f)
{
	struct query	*q;

	assert(f->failed);
	for (q = f->queries; q != NULL; q = q->next) {
		if (q->state == QUERY_DONE)
			continue;
		if (q->state == QUERY_HELD_BACK) {
			TAILQ_REMOVE(&f->all->held, q, next_held);
		} else {
			reg_abandon(q->call);
			q->call = NULL;
		}
		query_end(q);
	}
}

/* Want every manifest that an index of referrers lists. */
static void
read_list(struct query *q, const char *bytes, size_t len)
{
	struct fetch		*f = q->fetch;
	struct want_reason	 why = { EDGE_CHILD, q->digest, 0, 0 };
	struct manifest		 m;
	struct err		 err = ERR_INIT;
	size_t			 i;

	if (manifest_parse(&m, MT_OCI_INDEX, bytes, len, NULL, &err) == -1) {
		err_wrap(&err, "referrers of %s", q->digest);
		pending_fail(f, &err);
		return;
	}
	for (i = 0; i < m.nedges; i++)
		if (m.edges[i].kind == EDGE_CHILD &&
		    edge_is_manifest(&m.edges[i]))
			manifests_want(f, &m.edges[i].desc, &why);
	manifest_clear(&m);
}

/* Send a query: path is below the repository; url, if not NULL, counts. */
static void
query_send(struct query *q, const char *path, const char *url, reg_done *done)
{
	struct reg_request	req = {
		.method = "GET",
		.path = path,
		.url = url,
		.accept = MT_OCI_INDEX,
		.reply_max = MANIFEST_BYTES_MAX
	};

	assert(q->call == NULL);
	q->call = reg_send(q->repo, &req, done, q);
}

/* The answer for the tag of the tag scheme; without a tag there are none. */
static void
tag_answered(void *arg, const struct reg_answer *a, const struct err *err)
{
	struct query	*q = arg;

	assert(q->state == QUERY_ASKS_TAG && !q->is_finder);
	q->call = NULL;
	if (err == NULL)
		read_list(q, a->body, a->body_len);
	else if (err->cls != ERR_NOT_FOUND)
		pending_fail(q->fetch, err);
	query_end(q);
}

/* By the tag scheme. */
static void
ask_tag(struct query *q)
{
	char	tag[REFERRERS_TAG_MAX];
	char	*path;

	referrers_tag(q->digest, tag);
	path = xasprintf("manifests/%s", tag);
	q->state = QUERY_ASKS_TAG;
	query_send(q, path, NULL, tag_answered);
	free(path);
}

/* Is the answer what the API gives?  Some servers answer 200 to anything. */
static int
is_api_answer(const struct reg_answer *a)
{
	const char	*v = reg_answer_field(a, "Content-Type", 0);

	return v != NULL && strcmp(manifest_type_named(v), MT_OCI_INDEX) == 0;
}

/* Does the answer say that the registry has no such API? */
static int
shows_no_api(const struct reg_answer *a, const struct err *err)
{
	return err != NULL ? a->status == 404 || a->status == 400 ||
	    a->status == 405 : !is_api_answer(a);
}

/*
 * The URL of the next page from the Link fields.  1 with *url the caller's, 0
 * if this is the last page, -1 if there is one that may not be asked for.
 */
static int
next_page(const struct query *q, const struct reg_answer *a, char **url,
    struct err *err)
{
	const char	*v;
	char		*target = NULL;
	size_t		 i;

	*url = NULL;
	for (i = 0; target == NULL &&
	    (v = reg_answer_field(a, "Link", i)) != NULL; i++)
		target = field_link_next(v);
	if (target == NULL)
		return 0;
	if (q->pages >= REFERRERS_PAGES_MAX) {
		free(target);
		return err_set(err, ERR_LIMIT, "referrers of %s have more "
		    "than %d pages", q->digest, REFERRERS_PAGES_MAX);
	}
	*url = reg_answer_own_url(a, target, err);
	free(target);
	return *url != NULL ? 1 : -1;
}

/* Ask the API, for the first page or for the one at url. */
static void
ask_api(struct query *q, const char *url)
{
	char	*path = xasprintf("referrers/%s", q->digest);

	q->state = QUERY_ASKS_API;
	query_send(q, path, url, api_answered);
	free(path);
}

/* A page came: 1 if the next one was asked for, else 0. */
static int
read_page(struct query *q, const struct reg_answer *a)
{
	struct err	 err = ERR_INIT;
	char		*url;
	int		 more;

	q->pages++;
	read_list(q, a->body, a->body_len);
	if (q->fetch->failed)
		return 0;
	more = next_page(q, a, &url, &err);
	if (more == 1)
		ask_api(q, url);
	else if (more == -1)
		pending_fail(q->fetch, &err);
	free(url);
	return more == 1;
}

/* The API answered, or whatever it is that is there instead. */
static void
api_answered(void *arg, const struct reg_answer *a, const struct err *err)
{
	struct query	*q = arg;

	assert(q->state == QUERY_ASKS_API && q->call != NULL);
	q->call = NULL;
	if (q->pages == 0 && shows_no_api(a, err)) {
		reg_set_referrers_api(q->repo, 0);
		finder_over(q);
		if (q->fetch->failed)
			query_end(q);
		else
			ask_tag(q);
		return;
	}
	if (err != NULL) {
		pending_fail(q->fetch, err);
		query_end(q);
		return;
	}
	reg_set_referrers_api(q->repo, 1);
	finder_over(q);
	if (q->fetch->failed || !read_page(q, a))
		query_end(q);
}

/* By the API, unless the registry is known to lack it. */
static void
query_start(struct query *q)
{
	switch (reg_referrers_api(q->repo)) {
	case 0:
		ask_tag(q);
		return;
	case -1:
		q->is_finder = 1;
		TAILQ_INSERT_HEAD(&q->fetch->all->finders, q, next_finder);
		break;
	}
	ask_api(q, NULL);
}

/* Ask now, or hold the query back while another finds out how to ask. */
static void
ask_registry(struct query *q)
{
	q->repo = q->fetch->place->repo;
	pending_hold(q->fetch);
	if (must_wait(q)) {
		q->state = QUERY_HELD_BACK;
		TAILQ_INSERT_TAIL(&q->fetch->all->held, q, next_held);
	} else {
		query_start(q);
	}
}

/* An entry of index.json is the list of referrers by the tag scheme. */
static void
read_layout_list(struct query *q, const struct layout_entry *e)
{
	struct err	err = ERR_INIT;
	struct buf	b;

	buf_init(&b, MANIFEST_BYTES_MAX);
	if (layout_blob_read(q->fetch->place->layout, e->digest,
	    MANIFEST_BYTES_MAX, &b, &err) == -1)
		pending_fail(q->fetch, &err);
	else
		read_list(q, b.data, b.len);
	buf_clear(&b);
}

/* An entry of index.json has the manifest as its subject. */
static void
want_entry(struct query *q, const struct layout_entry *e)
{
	struct want_reason	why = { EDGE_CHILD, q->digest, 0, 0 };
	struct descriptor	d;

	memset(&d, 0, sizeof(d));
	d.media_type = e->media_type;
	d.digest = e->digest;
	d.size = e->size;
	manifests_want(q->fetch, &d, &why);
}

/* Whatever a layout knows is there at once. */
static void
ask_layout(struct query *q)
{
	const struct subject_entry *s;
	const struct layout_entry *e;
	const struct layout_index *index;
	struct fetch	*f = q->fetch;
	struct err	 err = ERR_INIT;
	size_t		 i, n, nentries;

	if ((index = net_layout_index(f->place, &err)) == NULL ||
	    subjects_find(&f->all->tables, f->place, q->digest, &s, &n,
	    &err) == -1) {
		pending_fail(f, &err);
		return;
	}
	e = layout_index_entries(index, &nentries);
	for (i = 0; i < n && !f->failed; i++) {
		assert(s[i].i < nentries);
		if (strcmp(e[s[i].i].digest, q->digest) == 0)
			continue;	/* the manifest itself */
		if (s[i].subject == NULL)
			read_layout_list(q, &e[s[i].i]);
		else if (strcmp(s[i].subject, q->digest) == 0)
			want_entry(q, &e[s[i].i]);
	}
}

static int
compare_queries(const void *a, const void *b)
{
	const struct query	*x = a, *y = b;

	return strcmp(x->digest, y->digest);
}

/* A manifest is asked for its referrers, which happens once. */
static void
query_begin(struct fetch *f, const char *digest)
{
	struct query	*q = xcalloc(1, sizeof(*q));

	q->fetch = f;
	q->digest = xstrdup(digest);
	q->next = f->queries;
	f->queries = q;
	tree_add(q, &f->asked, compare_queries);
	if (f->place->layout != NULL)
		ask_layout(q);
	else
		ask_registry(q);
}

static int
was_asked(struct fetch *f, char *digest)
{
	struct query	key;

	memset(&key, 0, sizeof(key));
	key.digest = digest;
	return tree_find(&key, &f->asked, compare_queries) != NULL;
}

/* Collect the digests below one that were not asked for yet. */
static void
collect(struct fetch *f, const char *digest, char ***list, size_t *n)
{
	struct content	*c = image_find(&f->img, digest);
	size_t		 i;

	if (c == NULL || c->visited)
		return;
	c->visited = 1;
	if (!was_asked(f, c->desc.digest)) {
		*list = xreallocarray(*list, *n + 1, sizeof(**list));
		(*list)[(*n)++] = xstrdup(digest);
	}
	for (i = 0; i < c->manifest.nedges; i++)
		if (edge_is_manifest(&c->manifest.edges[i]))
			collect(f, c->manifest.edges[i].desc.digest, list, n);
}

int
referrers_ask(struct fetch *f)
{
	char	**list = NULL;
	size_t	 i, n = 0;

	assert(f->state == FETCH_REFERRERS);
	for (i = 0; i < f->img.ncontents; i++)
		f->img.contents[i].visited = 0;
	for (i = 0; i < image_nroots(&f->img); i++)
		collect(f, image_root(&f->img, i)->digest, &list, &n);
	for (i = 0; i < n; i++) {
		if (!f->failed)
			query_begin(f, list[i]);
		free(list[i]);
	}
	free(list);
	return n > 0;
}
