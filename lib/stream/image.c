/*
 * Image records as structures: read with every check that a stage relies on,
 * and stored again as JSON.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/oci/digest.h"
#include "lib/stream/image.h"
#include "lib/stream/stream.h"
#include "lib/text/base64.h"
#include "lib/text/json.h"
#include "lib/text/json_out.h"

static int
check_bytes(const struct descriptor *want, const char *data, size_t len,
    struct err *err)
{
	char	have[DIGEST_STR_MAX];

	if (want->size != -1 && want->size != (int64_t)len)
		return err_set(err, ERR_DIGEST, "%s: %zu bytes, its "
		    "descriptor says %" PRId64, want->digest, len, want->size);
	digest_of(want->digest, data, len, have);
	if (strcmp(have, want->digest) != 0)
		return err_set(err, ERR_DIGEST,
		    "%s: the content has digest %s", want->digest, have);
	return 0;
}

/* The slot of a digest, or the free one where it would be. */
static size_t *
find_slot(const struct image *img, const char *digest)
{
	uint64_t	 hash = 14695981039346656037U;	/* FNV-1a */
	const char	*s;
	size_t		 i;

	for (s = digest; *s != '\0'; s++)
		hash = (hash ^ (unsigned char)*s) * 1099511628211U;
	for (i = hash & (img->nslots - 1); img->slots[i] != 0;
	    i = (i + 1) & (img->nslots - 1))
		if (strcmp(img->contents[img->slots[i] - 1].desc.digest,
		    digest) == 0)
			break;
	return &img->slots[i];
}

/* Make the newest content known to image_find(); half of the slots are free. */
static void
add_slot(struct image *img)
{
	size_t	i;

	if (2 * img->ncontents <= img->nslots) {
		*find_slot(img, img->contents[img->ncontents - 1].desc.digest)
		    = img->ncontents;
		return;
	}
	free(img->slots);
	img->nslots = img->nslots == 0 ? 16 : 2 * img->nslots;
	img->slots = xcalloc(img->nslots, sizeof(*img->slots));
	for (i = 0; i < img->ncontents; i++)
		*find_slot(img, img->contents[i].desc.digest) = i + 1;
}

struct content *
image_add(struct image *img, const struct descriptor *desc,
    const char *media_type, char *data, size_t len, struct err *err)
{
	struct manifest	 m;
	struct content	*c;

	if (img->ncontents >= IMAGE_MANIFESTS_MAX) {
		err_set(err, ERR_LIMIT, "more than %d manifests below one "
		    "source", IMAGE_MANIFESTS_MAX);
		goto bad;
	}
	if (check_bytes(desc, data, len, err) == -1)
		goto bad;
	if (manifest_parse(&m, media_type, data, len, NULL, err) == -1) {
		err_wrap(err, "manifest %s", desc->digest);
		goto bad;
	}
	img->contents = xreallocarray(img->contents, img->ncontents + 1,
	    sizeof(*img->contents));
	c = &img->contents[img->ncontents++];
	memset(c, 0, sizeof(*c));
	c->desc.media_type = xstrdup(m.media_type);
	c->desc.digest = xstrdup(desc->digest);
	c->desc.size = (int64_t)len;
	c->data = data;
	c->manifest = m;
	add_slot(img);
	return c;
bad:
	free(data);
	return NULL;
}

struct content *
image_find(const struct image *img, const char *digest)
{
	size_t	slot;

	if (img->nslots == 0)
		return NULL;
	slot = *find_slot(img, digest);
	return slot != 0 ? &img->contents[slot - 1] : NULL;
}

/* What is carried is what the descriptor says; has_type: of a manifest. */
static int
check_descriptor(const struct image *img, const struct descriptor *d,
    int has_type, struct err *err)
{
	const struct content	*c = image_find(img, d->digest);

	if (c == NULL)
		return 0;
	if (d->size != -1 && d->size != c->desc.size)
		return err_set(err, ERR_DIGEST, "%s: %" PRId64 " bytes, a "
		    "descriptor says %" PRId64, d->digest, c->desc.size,
		    d->size);
	if (has_type && *d->media_type != '\0' &&
	    strcmp(d->media_type, c->desc.media_type) != 0)
		return err_set(err, ERR_CONTENT, "%s: it is %s, a descriptor "
		    "says %s", d->digest, c->desc.media_type, d->media_type);
	return 0;
}

/* Mark the indexes from here down. */
static void
visit_indexes(struct image *img, const char *digest)
{
	struct content	*c = image_find(img, digest);
	size_t		 i;

	if (c == NULL || c->visited || !c->manifest.is_index)
		return;
	c->visited = 1;
	for (i = 0; i < c->manifest.nedges; i++)
		if (c->manifest.edges[i].kind != EDGE_SUBJECT)
			visit_indexes(img, c->manifest.edges[i].desc.digest);
}

/* Does the index list it so? */
static int
lists(const struct manifest *index, const struct descriptor *d)
{
	const struct edge	*e = index->edges;
	size_t			 i;

	for (i = 0; i < index->nedges; i++)
		if (e[i].kind != EDGE_SUBJECT &&
		    strcmp(e[i].desc.digest, d->digest) == 0 &&
		    strcmp(e[i].desc.media_type, d->media_type) == 0 &&
		    e[i].desc.size == d->size)
			return 1;
	return 0;
}

/* The indexes below the source are marked. */
static int
check_selection(struct image *img, const struct selection *s,
    struct err *err)
{
	const struct content	*c;

	if (s->index == NULL)
		return strcmp(s->desc.digest, img->root.digest) == 0 ? 0 :
		    err_set(err, ERR_STREAM, "selected %s: it is neither the "
		    "source itself nor out of an index", s->desc.digest);
	c = image_find(img, s->index);
	if (c == NULL)
		return err_set(err, ERR_STREAM, "selected %s: the record "
		    "lacks its index %s", s->desc.digest, s->index);
	if (!c->visited)
		return err_set(err, ERR_STREAM, "selected %s: %s is not an "
		    "index of the source", s->desc.digest, s->index);
	if (!lists(&c->manifest, &s->desc))
		return err_set(err, ERR_STREAM, "selected %s: the index %s "
		    "does not list it with this media type and size",
		    s->desc.digest, s->index);
	return 0;
}

static int
check_selected(struct image *img, struct err *err)
{
	size_t	i;
	int	rc = 0;

	visit_indexes(img, img->root.digest);
	for (i = 0; i < img->nselected && rc == 0; i++)
		if ((rc = check_descriptor(img, &img->selected[i].desc, 1,
		    err)) == 0)
			rc = check_selection(img, &img->selected[i], err);
	for (i = 0; i < img->ncontents; i++)
		img->contents[i].visited = 0;
	return rc;
}

int
image_check(struct image *img, struct err *err)
{
	const struct edge	*e;
	const struct manifest	*m;
	size_t			 i, k;

	if (check_descriptor(img, &img->root, 1, err) == -1 ||
	    check_selected(img, err) == -1)
		return -1;
	for (i = 0; i < img->nreferrers; i++)
		if (check_descriptor(img, &img->referrers[i], 1, err) == -1)
			return -1;
	for (i = 0; i < img->ncontents; i++) {
		m = &img->contents[i].manifest;
		for (k = 0; k < m->nedges; k++) {
			e = &m->edges[k];
			if (check_descriptor(img, &e->desc,
			    edge_is_manifest(e), err) == -1)
				return err_wrap(err, "manifest %s",
				    img->contents[i].desc.digest);
		}
	}
	return 0;
}

/* One element of "manifests", borrowed. */
static int
parse_content(struct image *img, jv obj, struct err *err)
{
	struct descriptor	 d;
	char			*text, *data = NULL;
	size_t			 len;
	int			 rc = -1;

	/* As partial: its data is a manifest, checked by image_add(). */
	if (descriptor_parse(&d, obj, 1, err) == -1)
		return -1;
	if ((text = json_str(obj, "data")) != NULL)
		data = base64_decode(text, strlen(text), &len);
	free(text);
	if (data == NULL)
		err_set(err, ERR_STREAM, "manifest %s has no data in base64",
		    d.digest);
	else if (image_find(img, d.digest) != NULL) {
		free(data);
		rc = 0;
	} else if (image_add(img, &d, d.media_type, data, len, err) != NULL)
		rc = 0;
	descriptor_clear(&d);
	return rc;
}

/* An entry that a filter selected, as the index has it. */
static int
parse_selection(struct image *img, jv obj, struct err *err)
{
	struct selection	*s;
	jv			 entry, text;

	img->selected = xreallocarray(img->selected, img->nselected + 1,
	    sizeof(*img->selected));
	s = &img->selected[img->nselected];
	memset(s, 0, sizeof(*s));
	entry = json_get(obj, "descriptor");
	if (descriptor_parse(&s->desc, entry, 0, err) == -1) {
		jv_free(entry);
		return -1;
	}
	img->nselected++;
	s->index = json_str(obj, "index");
	text = jv_dump_string(entry, 0);
	s->json = xmemdup0(jv_string_value(text),
	    (size_t)jv_string_length_bytes(jv_copy(text)));
	jv_free(text);
	return s->index != NULL ? digest_check(s->index, err) : 0;
}

static int
parse_referrer(struct image *img, jv obj, struct err *err)
{
	img->referrers = xreallocarray(img->referrers, img->nreferrers + 1,
	    sizeof(*img->referrers));
	if (descriptor_parse(&img->referrers[img->nreferrers], obj, 0,
	    err) == -1)
		return -1;
	img->nreferrers++;
	return 0;
}

static int
parse_present(struct image *img, jv text, struct err *err)
{
	char	*digest;

	if (jv_get_kind(text) != JV_KIND_STRING)
		return err_set(err, ERR_STREAM, "\"present\" has something "
		    "that is not a digest");
	digest = xmemdup0(jv_string_value(text),
	    (size_t)jv_string_length_bytes(jv_copy(text)));
	img->present = xreallocarray(img->present, img->npresent + 1,
	    sizeof(char *));
	img->present[img->npresent++] = digest;
	return digest_check(digest, err);
}

/* Each element of an array member through a function; absent is empty. */
static int
parse_each(struct image *img, jv rec, const char *name,
    int (*fn)(struct image *, jv, struct err *), struct err *err)
{
	jv	list = json_get(rec, name), obj;
	int	i, n, rc = 0;

	if (!jv_is_valid(list)) {
		jv_free(list);
		return 0;
	}
	if (jv_get_kind(list) != JV_KIND_ARRAY) {
		jv_free(list);
		return err_set(err, ERR_STREAM, "\"%s\" is not an array", name);
	}
	n = jv_array_length(jv_copy(list));
	for (i = 0; i < n && rc == 0; i++) {
		obj = jv_array_get(jv_copy(list), i);
		rc = fn(img, obj, err);
		jv_free(obj);
	}
	jv_free(list);
	return rc;
}

int
image_check_labels(jv rec, struct err *err)
{
	jv	labels = json_get(rec, "labels");
	int	rc = 0;

	if (jv_get_kind(labels) == JV_KIND_OBJECT) {
		jv_object_foreach(labels, key, value) {
			if (jv_get_kind(value) != JV_KIND_STRING)
				rc = err_set(err, ERR_STREAM, "the label "
				    "\"%s\" of the record is not a string",
				    jv_string_value(key));
			jv_free(key);
			jv_free(value);
		}
	} else if (jv_is_valid(labels) &&
	    jv_get_kind(labels) != JV_KIND_NULL) {
		rc = err_set(err, ERR_STREAM, "\"labels\" of the record is not "
		    "an object");
	}
	jv_free(labels);
	return rc;
}

/* All members that make an image; img may be half filled on an error. */
static int
parse_record(struct image *img, jv rec, struct err *err)
{
	jv	root, present;
	int	rc;

	img->file = json_str(rec, "file");
	if (!json_int(rec, "line", &img->line))
		img->line = 0;
	img->name = json_str(rec, "name");
	if ((img->source = json_str(rec, "source")) == NULL)
		return err_set(err, ERR_STREAM,
		    "an image record without \"source\"");
	if (ref_parse(&img->ref, img->source, err) == -1)
		return -1;
	if (image_check_labels(rec, err) == -1)
		return -1;
	if (!json_has(rec, "descriptor"))
		return err_set(err, ERR_STREAM, "the record has no descriptor "
		    "(acedt-resolve --again finds it)");
	root = json_get(rec, "descriptor");
	rc = descriptor_parse(&img->root, root, 1, err);
	jv_free(root);
	if (rc == -1)
		return err_wrap(err, "record of %s", img->source);
	if (img->ref.digest != NULL &&
	    strcmp(img->ref.digest, img->root.digest) != 0)
		return err_set(err, ERR_DIGEST, "record of %s: its descriptor "
		    "has another digest, %s", img->source, img->root.digest);
	img->filtered = json_has(rec, "selected");
	if (parse_each(img, rec, "manifests", parse_content, err) == -1 ||
	    parse_each(img, rec, "selected", parse_selection, err) == -1)
		return -1;
	present = json_get(rec, "present");
	img->present_in = json_str(present, "repository");
	rc = parse_each(img, present, "digests", parse_present, err);
	jv_free(present);
	if (rc == -1 || parse_each(img, rec, "referrers", parse_referrer,
	    err) == -1)
		return -1;
	return image_check(img, err);
}

int
image_parse(struct image *img, const struct record *rec, struct err *err)
{
	memset(img, 0, sizeof(*img));
	if (parse_record(img, rec->obj, err) == -1) {
		image_clear(img);
		return -1;
	}
	img->stored = img->ncontents;
	return 0;
}

void
image_clear(struct image *img)
{
	size_t	i;

	free(img->file);
	free(img->name);
	free(img->source);
	ref_clear(&img->ref);
	descriptor_clear(&img->root);
	for (i = 0; i < img->ncontents; i++) {
		descriptor_clear(&img->contents[i].desc);
		free(img->contents[i].data);
		manifest_clear(&img->contents[i].manifest);
	}
	free(img->contents);
	free(img->slots);
	for (i = 0; i < img->npresent; i++)
		free(img->present[i]);
	free(img->present);
	free(img->present_in);
	for (i = 0; i < img->nselected; i++) {
		descriptor_clear(&img->selected[i].desc);
		free(img->selected[i].json);
		free(img->selected[i].index);
	}
	free(img->selected);
	for (i = 0; i < img->nreferrers; i++)
		descriptor_clear(&img->referrers[i]);
	free(img->referrers);
	memset(img, 0, sizeof(*img));
}

size_t
image_nroots(const struct image *img)
{
	return (img->filtered ? img->nselected : 1) + img->nreferrers;
}

const struct descriptor *
image_root(const struct image *img, size_t i)
{
	size_t	n = img->filtered ? img->nselected : 1;

	if (i >= n)
		return &img->referrers[i - n];
	return img->filtered ? &img->selected[i].desc : &img->root;
}

static void
write_descriptor(struct json_out *j, const struct descriptor *d)
{
	descriptor_members(j, d->media_type, d->digest, d->size);
}

static void
write_content(struct content *c, struct json_out *j)
{
	char	*text;

	c->visited = 1;
	json_out_begin_object(j);
	write_descriptor(j, &c->desc);
	text = base64_encode(c->data, (size_t)c->desc.size);
	json_out_member(j, "data", text);
	free(text);
	json_out_end_object(j);
}

static void
write_below(struct image *img, const char *digest, struct json_out *j)
{
	struct content	*c = image_find(img, digest);
	size_t		 i;

	if (c == NULL || c->visited)
		return;
	write_content(c, j);
	for (i = 0; i < c->manifest.nedges; i++)
		if (edge_is_manifest(&c->manifest.edges[i]))
			write_below(img, c->manifest.edges[i].desc.digest, j);
}

/*
 * The manifests that are carried, in an order that depends on structure alone:
 * the source, the other roots, each with what is below it.
 */
static void
write_manifests(struct image *img, struct json_out *j)
{
	size_t	i;

	for (i = 0; i < img->ncontents; i++)
		img->contents[i].visited = 0;
	json_out_begin_array(j);
	write_below(img, img->root.digest, j);
	for (i = 0; i < image_nroots(img); i++)
		write_below(img, image_root(img, i)->digest, j);
	/* What nothing leads to came with the record: keep it. */
	for (i = 0; i < img->ncontents; i++)
		if (!img->contents[i].visited)
			write_content(&img->contents[i], j);
	json_out_end_array(j);
}

static void
write_referrers(const struct image *img, struct json_out *j)
{
	size_t	i;

	json_out_begin_array(j);
	for (i = 0; i < img->nreferrers; i++) {
		json_out_begin_object(j);
		write_descriptor(j, &img->referrers[i]);
		json_out_end_object(j);
	}
	json_out_end_array(j);
}

/* Set a member to the text in the buffer, which is empty afterwards. */
static void
store_text(struct record *rec, const char *name, struct buf *b)
{
	record_set(rec, name, b->data);
	buf_reset(b);
}

/* 1 if the manifest of the source tells more than the record did. */
static int
complete_root(struct image *img)
{
	const struct content	*c = image_find(img, img->root.digest);

	if (c == NULL || (*img->root.media_type != '\0' &&
	    img->root.size != -1))
		return 0;
	free(img->root.media_type);
	img->root.media_type = xstrdup(c->desc.media_type);
	img->root.size = c->desc.size;
	return 1;
}

void
image_store_descriptor(struct record *rec, const char *media_type,
    const char *digest, int64_t size)
{
	struct json_out	j;
	struct buf	b;

	buf_init(&b, STREAM_LINE_MAX);
	json_out_init(&j, &b);
	json_out_begin_object(&j);
	descriptor_members(&j, media_type, digest, size);
	json_out_end_object(&j);
	store_text(rec, "descriptor", &b);
	buf_clear(&b);
}

void
image_store(struct image *img, struct record *rec)
{
	struct json_out	j;
	struct buf	b;

	assert(img->ncontents >= img->stored);
	if (complete_root(img))
		image_store_descriptor(rec, img->root.media_type,
		    img->root.digest, img->root.size);
	buf_init(&b, STREAM_LINE_MAX);
	if (img->crawled) {
		json_out_init(&j, &b);
		write_referrers(img, &j);
		store_text(rec, "referrers", &b);
	}
	if (img->ncontents > img->stored) {
		json_out_init(&j, &b);
		write_manifests(img, &j);
		store_text(rec, "manifests", &b);
		img->stored = img->ncontents;
	}
	buf_clear(&b);
}
