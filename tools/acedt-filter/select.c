/*
 * What -p selects of an image: the manifests for the wanted platforms.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/oci/entry.h"
#include "lib/stream/image.h"
#include "lib/text/json.h"
#include "lib/text/json_out.h"
#include "tools/acedt-filter/filter.h"

static const struct json_limits limits = {
	MANIFEST_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_MANIFEST
};

/* What is selected, and what there was to select from. */
struct choice {
	struct image		*img;		/* borrowed */
	const struct platforms	*want;
	struct buf		 text;		/* "selected", as JSON */
	struct json_out		 out;		/* into text */
	size_t			 chosen;	/* entries in it */
	struct buf		 offers;	/* platforms, for people */
	struct err		*err;
};

static void
offer(struct choice *ch, const struct platform *p)
{
	char	*text = platform_text(p);

	if (ch->offers.len > 0)
		buf_adds(&ch->offers, ", ");
	buf_adds(&ch->offers, text);
	free(text);
}

static void
choose(struct choice *ch, jv desc, const char *index)
{
	json_out_begin_object(&ch->out);
	json_out_name(&ch->out, "descriptor");
	entry_json(&ch->out, desc, NULL);
	if (index != NULL)
		json_out_member(&ch->out, "index", index);
	json_out_end_object(&ch->out);
	ch->chosen++;
}

/* The entries of an index, in its order; of inner ones without platform too. */
static int
choose_from_index(struct choice *ch, struct content *c, int depth)
{
	struct content		*inner;
	const struct edge	*e;
	size_t			 i, nth = 0;
	int			 rc = 0;
	jv			 doc, list;

	if (depth > INDEX_DEPTH_MAX)
		return err_set(ch->err, ERR_LIMIT, "indexes nested deeper "
		    "than %d levels", INDEX_DEPTH_MAX);
	if (c->visited)
		return 0;
	c->visited = 1;
	if (json_parse(c->data, (size_t)c->desc.size, &limits, &doc,
	    ch->err) == -1)
		return -1;
	list = json_get(doc, "manifests");
	jv_free(doc);
	for (i = 0; i < c->manifest.nedges && rc == 0; i++) {
		e = &c->manifest.edges[i];
		if (e->kind != EDGE_CHILD)
			continue;
		nth++;
		if (e->desc.has_platform) {
			offer(ch, &e->desc.platform);
			if (platforms_match(ch->want, &e->desc.platform)) {
				jv d = jv_array_get(jv_copy(list),
				    (int)nth - 1);
				choose(ch, d, c->desc.digest);
				jv_free(d);
			}
		} else if (manifest_is_index_type(e->desc.media_type)) {
			inner = image_find(ch->img, e->desc.digest);
			rc = inner != NULL ?
			    choose_from_index(ch, inner, depth + 1) :
			    err_set(ch->err, ERR_STREAM, "the record lacks the "
			    "index %s: run acedt-fetch --roots before",
			    e->desc.digest);
		}
	}
	jv_free(list);
	return rc;
}

/* One image is judged by its config, and an artifact not at all. */
static int
choose_single(struct choice *ch, const struct record *rec,
    const struct content *c)
{
	struct platform	p;
	jv		desc, member;
	int		good = 1;

	if (manifest_image_config(&c->manifest) != NULL) {
		member = json_get(rec->obj, "platform");
		if (!jv_is_valid(member)) {
			jv_free(member);
			return err_set(ch->err, ERR_STREAM, "the record does "
			    "not say the image's platform: run acedt-fetch "
			    "--roots before");
		}
		good = platform_from_json(member, &p);
		jv_free(member);
		if (good) {
			offer(ch, &p);
			good = platforms_match(ch->want, &p);
			platform_clear(&p);
		}
	}
	if (good) {
		desc = json_get(rec->obj, "descriptor");
		choose(ch, desc, NULL);
		jv_free(desc);
	}
	return 0;
}

/* What a filter before this one selected is narrowed, not chosen again. */
static int
choose_again(struct choice *ch, const struct record *rec,
    const struct content *root)
{
	const struct selection	*s;
	size_t			 i;
	int			 rc = 0;
	jv			 desc;

	for (i = 0; i < ch->img->nselected && rc == 0; i++) {
		s = &ch->img->selected[i];
		if (!s->desc.has_platform) {
			rc = choose_single(ch, rec, root);
			continue;
		}
		offer(ch, &s->desc.platform);
		if (platforms_match(ch->want, &s->desc.platform)) {
			desc = jv_parse(s->json);
			choose(ch, desc, s->index);
			jv_free(desc);
		}
	}
	return rc;
}

static int
choose_all(struct choice *ch, const struct record *rec)
{
	struct content	*root;

	root = image_find(ch->img, ch->img->root.digest);
	if (root == NULL)
		return err_set(ch->err, ERR_STREAM, "the record lacks the "
		    "manifest %s: run acedt-fetch --roots before",
		    ch->img->root.digest);
	if (ch->img->filtered)
		return choose_again(ch, rec, root);
	return root->manifest.is_index ? choose_from_index(ch, root, 0) :
	    choose_single(ch, rec, root);
}

static void
warn_nothing(const struct choice *ch, const struct record *rec)
{
	char	name[1024];

	record_name(rec, name, sizeof(name));
	log_warn("%s: no image for the wanted platforms; it offers %s", name,
	    ch->offers.len > 0 ? ch->offers.data : "none");
}

int
select_platforms(struct record *rec, const struct platforms *want,
    struct err *err)
{
	struct choice	ch;
	struct image	img;
	int		rc;

	if (image_parse(&img, rec, err) == -1)
		return -1;
	ch.img = &img;
	ch.want = want;
	ch.err = err;
	/* Bounded by the manifests; too much for a line is found later. */
	buf_init(&ch.text, SIZE_MAX / 4);
	json_out_init(&ch.out, &ch.text);
	ch.chosen = 0;
	buf_init(&ch.offers, 1024);
	json_out_begin_array(&ch.out);
	rc = choose_all(&ch, rec);
	if (rc == 0) {
		if (ch.chosen == 0)
			warn_nothing(&ch, rec);
		json_out_end_array(&ch.out);
		if (buf_is_full(&ch.text))
			rc = err_set(err, ERR_LIMIT, "the selected manifests "
			    "do not fit in a record of %d bytes",
			    STREAM_LINE_MAX);
		else
			record_set(rec, "selected", ch.text.data);
	}
	buf_clear(&ch.text);
	buf_clear(&ch.offers);
	image_clear(&img);
	return rc;
}
