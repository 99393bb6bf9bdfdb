/*
 * Read an index and tell its entries as records: the inverse of acedt-index.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/oci/annotations.h"
#include "lib/oci/descriptor.h"
#include "lib/oci/gathered.h"
#include "lib/oci/manifest.h"
#include "lib/program/net.h"
#include "lib/program/stage.h"
#include "lib/registry/reg.h"
#include "lib/stream/image.h"
#include "lib/text/base64.h"
#include "lib/text/json.h"
#include "lib/text/json_out.h"
#include "tools/acedt-list/list.h"

/* What a record has room for as base64, with everything else that is in it. */
#define RECORD_INDEX_MAX	(STREAM_LINE_MAX / 4 * 3 - 64 * 1024)

static const struct json_limits index_limits = {
	INDEX_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_MANIFEST
};
/* An entry of the document, which has been checked as a whole. */
static const struct json_limits part_limits = {
	INDEX_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_PLAIN
};
static const struct json_limits label_limits = {
	MANIFEST_VALUES_MAX, 2, JSON_PLAIN
};

/* The question for the document. */
struct list_question {
	struct listing	*l;		/* borrowed */
	struct err	*err;		/* borrowed */
	int		 rc;
};

static void
list_answered(void *arg, const struct reg_answer *a, const struct err *err)
{
	struct list_question	*q = arg;
	const char		*type;

	assert(q->l->bytes == NULL);
	if (err != NULL) {
		*q->err = *err;
		return;
	}
	q->l->len = a->body_len;
	q->l->bytes = xmemdup0(a->body, a->body_len);
	type = reg_answer_field(a, "Content-Type", 0);
	q->l->media_type = xstrdup(type != NULL ?
	    manifest_type_named(type) : "");
	q->rc = 0;
}

/* What a tag or a digest names, from a registry. */
static int
read_registry(struct listing *l, struct place *place, struct err *err)
{
	const char		*tag = l->ref->tag != NULL ? l->ref->tag :
				    "latest";
	char			*path = xasprintf("manifests/%s",
				    l->ref->digest != NULL ? l->ref->digest :
				    tag);
	struct list_question	 q = { l, err, -1 };
	struct reg_request	 req = {
		.method = "GET",
		.path = path,
		.accept = MANIFEST_ACCEPT,
		.reply_max = INDEX_BYTES_MAX,
		.digest = l->ref->digest
	};

	reg_ask(place->repo, &req, list_answered, &q);
	free(path);
	return q.rc;
}

/* The same, from a layout. */
static int
read_layout(struct listing *l, struct place *place, struct err *err)
{
	const struct layout_index *index;
	const struct layout_entry *e = NULL;
	const char		*digest = l->ref->digest;
	struct buf		 b;

	if (digest == NULL) {
		if ((index = net_layout_index(place, err)) == NULL ||
		    (e = layout_index_find(index, l->ref->tag, err)) == NULL)
			return -1;
		digest = e->digest;
	}
	buf_init(&b, INDEX_BYTES_MAX);
	if (layout_blob_read(place->layout, digest, INDEX_BYTES_MAX, &b,
	    err) == -1) {
		buf_clear(&b);
		return -1;
	}
	l->len = b.len;
	l->bytes = xmemdup0(b.len > 0 ? b.data : "", b.len);
	buf_clear(&b);
	l->media_type = xstrdup(e != NULL ? e->media_type : "");
	return 0;
}

static struct json_span
extra_span(const struct listing *l)
{
	struct json_span	span = { l->extra, 0 };

	if (l->extra != NULL)
		span.len = strlen(l->extra);
	return span;
}

/* The document is an index: find its entries. */
static int
read_index(struct listing *l, struct err *err)
{
	struct gathered	g;

	if (gathered_parts(&g, l->bytes, l->len, err) == -1)
		return -1;
	if (g.manifests.s == NULL || g.manifests.s[0] != '[')
		return err_set(err, ERR_CONTENT, "an index without an array of "
		    "manifests");
	if (l->len > RECORD_INDEX_MAX)
		return err_set(err, ERR_LIMIT, "the index has %zu bytes, and a "
		    "record has room for %d", l->len, RECORD_INDEX_MAX);
	if (gathered_extra(&g, &l->extra, err) == -1)
		return -1;
	l->entries = g.manifests;
	l->state = LISTING_INDEX;
	l->images = gathered_count(&g);
	if (l->extra != NULL)
		l->images += json_text_count(extra_span(l));
	return 0;
}

/* What is the document, and what does it list? */
static int
read_document(struct listing *l, struct err *err)
{
	struct json_span	 doc = { l->bytes, l->len };
	char			*own;

	digest_of(l->ref->digest != NULL ? l->ref->digest : "sha256:", l->bytes,
	    l->len, l->digest);
	if (l->ref->digest != NULL && strcmp(l->digest, l->ref->digest) != 0)
		return err_set(err, ERR_DIGEST, "the content has digest %s",
		    l->digest);
	if (json_check(l->bytes, l->len, &index_limits, err) == -1)
		return -1;
	if ((own = json_text_string(doc, "mediaType")) != NULL) {
		free(l->media_type);
		l->media_type = own;
	}
	if (manifest_is_index_type(l->media_type))
		return read_index(l, err);
	if (!manifest_is_type(l->media_type))
		return err_set(err, ERR_CONTENT, "neither an index nor an image "
		    "(its media type is \"%.100s\")", l->media_type);
	l->state = LISTING_IMAGE;
	l->images = 1;
	return 0;
}

int
listing_read(struct listing *l, struct net *net, const struct ref *ref,
    struct err *err)
{
	struct place	*place;
	int		 rc;

	memset(l, 0, sizeof(*l));
	l->ref = ref;
	l->state = LISTING_OVER;
	l->place = ref->is_layout ? xasprintf("oci:%s", ref->repo) :
	    xasprintf("%s/%s", ref->host, ref->repo);
	if ((place = net_place(net, ref, err)) == NULL)
		return -1;
	rc = place->repo != NULL ? read_registry(l, place, err) :
	    read_layout(l, place, err);
	if (rc == 0 && read_document(l, err) == -1)
		rc = err_wrap(err, "%s", ref->text);
	return rc;
}

void
listing_clear(struct listing *l)
{
	free(l->place);
	free(l->bytes);
	free(l->media_type);
	free(l->extra);
}

static void
put_descriptor(struct json_out *j, const char *media_type, const char *digest,
    int64_t size)
{
	json_out_name(j, "descriptor");
	json_out_begin_object(j);
	descriptor_members(j, media_type, digest, size);
	json_out_end_object(j);
}

/* The document as it is, before all its entries. */
static void
put_index(const struct listing *l, struct json_out *j)
{
	char	*data = base64_encode(l->bytes, l->len);

	json_out_member(j, "type", "index");
	json_out_member(j, "image", l->ref->text);
	put_descriptor(j, l->media_type, l->digest, (int64_t)l->len);
	json_out_member(j, "data", data);
	free(data);
}

/* The labels, which acedt-index wrote as a text, where that is an object. */
static void
put_labels(struct json_out *j, jv annotations)
{
	char		*text = json_str(annotations, NOTE_LABELS);
	struct err	 err;

	if (text != NULL && *text == '{' &&
	    json_check(text, strlen(text), &label_limits, &err) == 0)
		json_out_member_raw(j, "labels", text);
	free(text);
}

/* One entry.  One that is wrong gets an error, and the others go on. */
static int
put_entry(const struct listing *l, struct json_out *j, struct err *err)
{
	struct descriptor	 d;
	jv			 entry, annotations;
	char			*name, *source;
	int			 rc;

	json_out_member(j, "type", "image");
	if (json_parse(l->entry.s, l->entry.len, &part_limits, &entry,
	    err) == -1)
		return -1;
	annotations = json_get(entry, "annotations");
	if ((name = json_str(annotations, NOTE_SOURCE)) == NULL)
		name = json_str(annotations, NOTE_REF_NAME);
	if (name != NULL)
		json_out_member(j, "name", name);
	if ((rc = descriptor_parse(&d, entry, 0, err)) == 0) {
		source = xasprintf("%s@%s", l->place, d.digest);
		json_out_member(j, "source", source);
		put_labels(j, annotations);
		put_descriptor(j, d.media_type, d.digest, d.size);
		json_out_name(j, "entry");
		json_out_raw(j, l->entry.s, l->entry.len);
		free(source);
		descriptor_clear(&d);
	} else {
		json_out_member(j, "source", l->ref->text);
		err_wrap(err, "an entry of the index");
	}
	free(name);
	jv_free(annotations);
	jv_free(entry);
	return rc;
}

static void
put_image(const struct listing *l, struct json_out *j)
{
	json_out_member(j, "type", "image");
	json_out_member(j, "source", l->ref->text);
	put_descriptor(j, l->media_type, l->digest, (int64_t)l->len);
}

/* Go on to the next entry, or beyond the last one. */
static void
advance(struct listing *l)
{
	switch (l->state) {
	case LISTING_INDEX:
		l->state = LISTING_ENTRIES;
		break;
	case LISTING_IMAGE:
		l->state = LISTING_OVER;
		return;
	case LISTING_ENTRIES:
	case LISTING_EXTRA:
	case LISTING_OVER:
		break;
	}
	if (l->state == LISTING_ENTRIES &&
	    !json_text_next(l->entries, &l->entry)) {
		l->state = LISTING_EXTRA;
		l->entries = extra_span(l);
		l->entry.s = NULL;
	}
	if (l->state == LISTING_EXTRA && (l->entries.s == NULL ||
	    !json_text_next(l->entries, &l->entry)))
		l->state = LISTING_OVER;
}

int
listing_next(struct stage *st, struct record *rec, void **about)
{
	struct lister	*x = st->arg;
	struct listing	*l = &x->listing;
	struct err	 err = ERR_INIT;
	struct json_out	 j;
	struct buf	 b;
	int		 rc = 0, is_image = l->state != LISTING_INDEX;

	*about = NULL;
	if (l->state == LISTING_OVER)
		return 0;
	buf_init(&b, STREAM_LINE_MAX);
	json_out_init(&j, &b);
	json_out_begin_object(&j);
	switch (l->state) {
	case LISTING_INDEX:
		put_index(l, &j);
		break;
	case LISTING_ENTRIES:
	case LISTING_EXTRA:
		rc = put_entry(l, &j, &err);
		break;
	case LISTING_IMAGE:
		put_image(l, &j);
		break;
	case LISTING_OVER:
		break;
	}
	json_out_end_object(&j);
	record_take(rec, &b, is_image);
	if (rc == -1)
		record_set_error(rec, st->name, &err);
	advance(l);
	return 1;
}
