/*
 * Referrers, distribution-spec "Listing Referrers": by the API, where it is
 * missing by the tag scheme; in a layout by the tag scheme and by the entries
 * of index.json that have a subject.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/http/field.h"
#include "lib/oci/referrers.h"
#include "tools/acedt-fetch/fetch.h"

enum question_state {
	QUESTION_DONE,
	QUESTION_HELD_BACK,		/* until it is known how to ask */
	QUESTION_ASKED
};

/* One manifest that was asked for its referrers. */
struct question {
	struct fetch	*fetch;		/* borrowed */
	enum question_state state;
	char		*digest;	/* owned */
	struct reg_call	 call;
	int		 pages;
	struct question	*next;		/* of its record */
	struct question	*next_first;
	struct question	*next_held;
};

/*
 * Where nobody knows yet whether a registry has the API, one question of all
 * records finds out, and the others are held back until then.
 */
static struct question	*firsts;
static struct question	*held;		/* in the order in which they came */

static void	start_question(struct question *);

void
referrers_clear(struct fetch *f)
{
	struct question	*q;

	while ((q = f->questions) != NULL) {
		f->questions = q->next;
		reg_call_clear(&q->call);
		free(q->digest);
		free(q);
	}
}

/* Does a question find out for the same registry? */
static int
is_found_out(const struct reg_repo *repo)
{
	const char		*origin = reg_referrers_origin(repo);
	const struct question	*q;

	for (q = firsts; q != NULL; q = q->next_first)
		if (strcmp(reg_referrers_origin(q->call.repo), origin) == 0)
			return 1;
	return 0;
}

/* Is it better not asked yet? */
static int
must_wait(const struct question *q)
{
	return reg_referrers_api(q->call.repo) == -1 &&
	    is_found_out(q->call.repo);
}

/* It is known now, or this question ended without finding out. */
static void
first_is_over(struct question *q)
{
	struct question	**at = &firsts, *other;

	while (*at != NULL && *at != q)
		at = &(*at)->next_first;
	if (*at == NULL)
		return;
	*at = q->next_first;
	for (at = &held; (other = *at) != NULL; ) {
		if (must_wait(other)) {
			at = &other->next_held;
			continue;
		}
		*at = other->next_held;
		start_question(other);
		at = &held;		/* the list may be another one now */
	}
}

static void
hold_back(struct question *q)
{
	struct question	**at = &held;

	while (*at != NULL)
		at = &(*at)->next_held;
	q->next_held = NULL;
	*at = q;
	q->state = QUESTION_HELD_BACK;
}

void
referrers_cancel(struct fetch *f)
{
	struct question	*q, **at;

	for (q = f->questions; q != NULL; q = q->next) {
		switch (q->state) {
		case QUESTION_DONE:
			continue;
		case QUESTION_HELD_BACK:
			for (at = &held; *at != q; at = &(*at)->next_held)
				;
			*at = q->next_held;
			break;
		case QUESTION_ASKED:
			reg_cancel(&q->call);
			break;
		}
		q->state = QUESTION_DONE;
		first_is_over(q);
		fetch_drop(f);
	}
}

/* Ask for every manifest that an index of referrers lists. */
static void
read_list(struct question *q, const char *bytes, size_t len)
{
	struct fetch	*f = q->fetch;
	struct manifest	 m;
	struct err	 err = ERR_INIT;
	size_t		 i;

	if (manifest_parse(&m, MT_OCI_INDEX, bytes, len, NULL, &err) == -1) {
		err_wrap(&err, "referrers of %s", q->digest);
		fetch_failed(f, &err);
		return;
	}
	for (i = 0; i < m.nedges; i++)
		if (m.edges[i].kind == EDGE_CHILD &&
		    edge_is_manifest(&m.edges[i]))
			fetch_want(f, &m.edges[i].desc, EDGE_CHILD, q->digest,
			    0, 0);
	manifest_clear(&m);
}

static void
got_tag(struct reg_call *c, const struct err *err)
{
	struct question	*q = c->arg;

	q->state = QUESTION_DONE;
	if (err == NULL)
		read_list(q, c->http.reply.data, c->http.reply.len);
	else if (err->cls != ERR_NOT_FOUND)
		fetch_failed(q->fetch, err);
	fetch_release(q->fetch);
}

static void
ask_tag(struct question *q)
{
	char	tag[REFERRERS_TAG_MAX];

	referrers_tag(q->digest, tag);
	free(q->call.path);
	q->call.path = xasprintf("manifests/%s", tag);
	q->call.accept = MT_OCI_INDEX;
	q->call.on_done = got_tag;
	q->state = QUESTION_ASKED;
	reg_start(&q->call);
}

/* The URL of the next page from the Link fields; NULL if there is none. */
static char *
next_page(struct reg_call *c, struct err *err)
{
	char	*v, *target = NULL, *url;
	size_t	 i;

	for (i = 0; target == NULL &&
	    (v = http_header(&c->http, "Link", i)) != NULL; i++)
		target = field_link_next(v);
	if (target == NULL)
		return NULL;
	url = reg_resolve_same(c, target, err);
	free(target);
	return url;
}

/* Is the answer what the API gives?  Some servers answer 200 to anything. */
static int
is_api_answer(struct reg_call *c)
{
	char	*v = reg_header(c, "Content-Type");

	return v != NULL && strncmp(v, MT_OCI_INDEX,
	    sizeof(MT_OCI_INDEX) - 1) == 0;
}

static void
got_page(struct reg_call *c, const struct err *err)
{
	struct question	*q = c->arg;
	struct err	 e = ERR_INIT;
	char		*url;
	long		 s = c->http.status;

	q->state = QUESTION_DONE;
	if ((err == NULL && !is_api_answer(c)) ||
	    (err != NULL && (s == 404 || s == 400 || s == 405))) {
		if (q->pages == 0) {
			reg_set_referrers_api(c->repo, 0);
			first_is_over(q);
			if (!q->fetch->failed) {
				ask_tag(q);
				return;
			}
		}
	}
	if (err != NULL || q->fetch->failed) {
		if (err != NULL)
			fetch_failed(q->fetch, err);
		first_is_over(q);
		fetch_release(q->fetch);
		return;
	}
	reg_set_referrers_api(c->repo, 1);
	first_is_over(q);
	read_list(q, c->http.reply.data, c->http.reply.len);
	url = q->fetch->failed ? NULL : next_page(c, &e);
	if (url != NULL && ++q->pages < REFERRERS_PAGES_MAX) {
		free(c->location);
		c->location = url;
		q->state = QUESTION_ASKED;
		reg_start(c);
		return;
	}
	if (url != NULL)
		err_set(&e, ERR_LIMIT, "referrers of %s have more than %d "
		    "pages", q->digest, REFERRERS_PAGES_MAX);
	free(url);
	if (e.msg[0] != '\0')
		fetch_failed(q->fetch, &e);
	fetch_release(q->fetch);
}

static void
start_question(struct question *q)
{
	int	has = reg_referrers_api(q->call.repo);

	if (has == 0) {
		ask_tag(q);
		return;
	}
	if (has == -1) {
		q->next_first = firsts;
		firsts = q;
	}
	q->state = QUESTION_ASKED;
	q->call.path = xasprintf("referrers/%s", q->digest);
	q->call.accept = MT_OCI_INDEX;
	q->call.on_done = got_page;
	reg_start(&q->call);
}

static void
ask_registry(struct question *q)
{
	q->call.repo = q->fetch->place->repo;
	q->call.method = "GET";
	q->call.reply_max = MANIFEST_BYTES_MAX;
	q->call.arg = q;
	fetch_hold(q->fetch);
	if (must_wait(q))
		hold_back(q);
	else
		start_question(q);
}

/* Has the manifest of the layout's ith entry that subject? */
static int
layout_has_subject(struct place *p, size_t i, const char *digest)
{
	const struct layout_index *index;
	const struct layout_entry *e;
	struct manifest	 m;
	struct err	 err = ERR_INIT;
	struct buf	 b;
	size_t		 k, n;

	if ((index = net_layout_index(p, &err)) == NULL)
		return 0;
	e = layout_index_entries(index, &n);
	if (i >= n)
		return 0;
	if (p->subjects == NULL)
		p->subjects = xcalloc(n, sizeof(*p->subjects));
	if (p->subjects[i] == NULL) {
		p->subjects[i] = xstrdup("");
		buf_init(&b, MANIFEST_BYTES_MAX);
		if (layout_blob_read(p->layout, e[i].digest,
		    MANIFEST_BYTES_MAX, &b, &err) == 0 &&
		    manifest_parse(&m, e[i].media_type, b.data, b.len, NULL,
		    &err) == 0) {
			for (k = 0; k < m.nedges; k++)
				if (m.edges[k].kind == EDGE_SUBJECT) {
					free(p->subjects[i]);
					p->subjects[i] = xstrdup(
					    m.edges[k].desc.digest);
				}
			manifest_clear(&m);
		}
		buf_clear(&b);
	}
	return strcmp(p->subjects[i], digest) == 0;
}

/*
 * In a layout an entry of index.json is a candidate if it is a manifest: whether
 * it has the subject is checked when its bytes are there.
 */
static void
ask_layout(struct question *q)
{
	const struct layout_index *index;
	const struct layout_entry *e;
	struct fetch	*f = q->fetch;
	struct descriptor d;
	struct err	 err = ERR_INIT;
	struct buf	 b;
	char		 tag[REFERRERS_TAG_MAX];
	size_t		 i, n;

	referrers_tag(q->digest, tag);
	if ((index = net_layout_index(f->place, &err)) == NULL) {
		fetch_failed(f, &err);
		return;
	}
	e = layout_index_entries(index, &n);
	for (i = 0; i < n && !f->failed; i++) {
		if (!manifest_is_type(e[i].media_type) ||
		    strcmp(e[i].digest, q->digest) == 0)
			continue;
		if (e[i].ref_name != NULL && strcmp(e[i].ref_name, tag) == 0) {
			buf_init(&b, MANIFEST_BYTES_MAX);
			if (layout_blob_read(f->place->layout, e[i].digest,
			    MANIFEST_BYTES_MAX, &b, &err) == -1)
				fetch_failed(f, &err);
			else
				read_list(q, b.data, b.len);
			buf_clear(&b);
			continue;
		}
		if (!layout_has_subject(f->place, i, q->digest))
			continue;
		memset(&d, 0, sizeof(d));
		d.media_type = e[i].media_type;
		d.digest = e[i].digest;
		d.size = e[i].size;
		fetch_want(f, &d, EDGE_CHILD, q->digest, 0, 0);
	}
}

static void
ask(struct fetch *f, const char *digest)
{
	struct question	*q = xcalloc(1, sizeof(*q));

	q->fetch = f;
	q->digest = xstrdup(digest);
	reg_call_init(&q->call);
	q->next = f->questions;
	f->questions = q;
	if (f->place->layout != NULL)
		ask_layout(q);
	else
		ask_registry(q);
}

static int
was_asked(const struct fetch *f, const char *digest)
{
	const struct question	*q;

	for (q = f->questions; q != NULL; q = q->next)
		if (strcmp(q->digest, digest) == 0)
			return 1;
	return 0;
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
	if (!was_asked(f, digest)) {
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

	for (i = 0; i < f->img.ncontents; i++)
		f->img.contents[i].visited = 0;
	for (i = 0; i < image_nroots(&f->img); i++)
		collect(f, image_root(&f->img, i)->digest, &list, &n);
	for (i = 0; i < n; i++) {
		if (!f->failed)
			ask(f, list[i]);
		free(list[i]);
	}
	free(list);
	return n > 0;
}
