/*
 * What a record says of its image, for people: name, platforms, bytes, labels.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/tree.h"
#include "lib/base/xalloc.h"
#include "lib/oci/platform.h"
#include "lib/stream/image.h"
#include "lib/stream/stream.h"
#include "lib/text/json.h"
#include "tools/acedt-show/show.h"

#define PLATFORMS_BYTES_MAX	(64 * 1024)

static int
show_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Is the digest new to the tree?  Then it is there afterwards. */
static int
is_first(void **digests, const char *digest)
{
	if (tree_find(digest, digests, show_compare) != NULL)
		return 0;
	tree_add(xstrdup(digest), digests, show_compare);
	return 1;
}

/* Sums of an image: its own, and what it adds to the total. */
struct show_sums {
	void		*own;		/* digests of this image */
	struct total	*total;
	int64_t		 bytes;
	int		 is_whole;	/* all manifests below it are known */
};

static void
add_digest(struct show_sums *s, const char *digest, int64_t size)
{
	if (size < 0)
		s->is_whole = 0;
	else if (is_first(&s->own, digest)) {
		s->bytes += size;
		if (is_first(&s->total->digests, digest) &&
		    s->total->bytes != -1)
			s->total->bytes += size;
	}
}

/* A manifest and everything below it. */
static void
add_manifest(struct image *img, const struct descriptor *d, struct show_sums *s)
{
	struct content		*c = image_find(img, d->digest);
	const struct edge	*e;
	size_t			 i;

	if (c == NULL) {
		s->is_whole = 0;
		return;
	}
	if (c->visited)
		return;
	c->visited = 1;
	add_digest(s, c->desc.digest, c->desc.size);
	for (i = 0; i < c->manifest.nedges; i++) {
		e = &c->manifest.edges[i];
		if (e->kind == EDGE_SUBJECT || e->kind == EDGE_SHADOW)
			continue;
		if (edge_is_manifest(e))
			add_manifest(img, &e->desc, s);
		else if (!manifest_is_foreign_type(e->desc.media_type))
			add_digest(s, e->desc.digest, e->desc.size);
	}
}

static int64_t
count_bytes(struct image *img, struct total *total)
{
	struct show_sums	s = { NULL, total, 0, 1 };
	size_t		i;

	for (i = 0; i < img->ncontents; i++)
		img->contents[i].visited = 0;
	for (i = 0; i < image_nroots(img); i++)
		add_manifest(img, image_root(img, i), &s);
	tdestroy(s.own, free);
	if (!s.is_whole)
		total->bytes = -1;
	return s.is_whole ? s.bytes : -1;
}

static void
show_platform(struct buf *b, const struct platform *p)
{
	char	*text;

	/* Attestations beside the images say that of themselves. */
	if (strcmp(p->os, "unknown") == 0)
		return;
	text = platform_text(p);
	buf_addf(b, "%s%s", b->len > 0 ? " " : "", text);
	free(text);
}

/* The member "platform" of an object, which is borrowed. */
static void
add_member_platform(struct buf *b, jv obj)
{
	struct platform	p;
	jv		value = json_get(obj, "platform");

	if (jv_get_kind(value) == JV_KIND_OBJECT) {
		if (platform_from_json(value, &p))
			show_platform(b, &p);
		platform_clear(&p);
	}
	jv_free(value);
}

static char *
platforms_of(struct image *img, const struct record *rec)
{
	const struct content	*c;
	const struct edge	*e;
	struct buf		 b;
	size_t			 i;
	jv			 entry;

	buf_init(&b, PLATFORMS_BYTES_MAX);
	buf_adds(&b, "");
	c = image_find(img, img->root.digest);
	for (i = 0; c != NULL && c->manifest.is_index &&
	    i < c->manifest.nedges; i++) {
		e = &c->manifest.edges[i];
		if (e->kind == EDGE_CHILD && e->desc.has_platform)
			show_platform(&b, &e->desc.platform);
	}
	if (b.len == 0)
		add_member_platform(&b, rec->obj);
	if (b.len == 0) {
		entry = json_get(rec->obj, "entry");
		if (jv_get_kind(entry) == JV_KIND_OBJECT)
			add_member_platform(&b, entry);
		jv_free(entry);
	}
	return buf_detach(&b);
}

/* An image that failed: what is known of it may be little. */
static void
read_failed(struct shown *s, const struct record *rec)
{
	jv	error = json_get(rec->obj, "error");
	jv	descriptor = json_get(rec->obj, "descriptor");

	s->error = json_str(error, "message");
	if (s->error == NULL)
		s->error = xstrdup("it failed, and nothing says why");
	if (jv_get_kind(descriptor) == JV_KIND_OBJECT)
		s->digest = json_str(descriptor, "digest");
	jv_free(descriptor);
	jv_free(error);
}

int
shown_read(struct shown *s, const struct record *rec, struct total *total,
    struct err *err)
{
	struct image	img;

	memset(s, 0, sizeof(*s));
	s->bytes = -1;
	if ((s->name = json_str(rec->obj, "name")) == NULL &&
	    (s->name = json_str(rec->obj, "source")) == NULL)
		s->name = xstrdup("");
	record_labels(rec, &s->labels);
	if (record_has_error(rec)) {
		read_failed(s, rec);
		total->bytes = -1;
	} else {
		if (image_parse(&img, rec, err) == -1) {
			shown_clear(s);
			return -1;
		}
		s->digest = xstrdup(img.root.digest);
		s->platforms = platforms_of(&img, rec);
		s->bytes = count_bytes(&img, total);
		image_clear(&img);
	}
	if (s->digest == NULL)
		s->digest = xstrdup("");
	if (s->platforms == NULL)
		s->platforms = xstrdup("");
	return 0;
}

void
shown_clear(struct shown *s)
{
	free(s->name);
	free(s->digest);
	free(s->platforms);
	free(s->error);
	pairs_clear(&s->labels);
	memset(s, 0, sizeof(*s));
}

void
total_clear(struct total *total)
{
	tdestroy(total->digests, free);
	total->digests = NULL;
}
