/*
 * What the destination has, by the index that is published there.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/oci/digest.h"
#include "lib/oci/entry.h"
#include "lib/oci/gathered.h"
#include "lib/oci/manifest.h"
#include "lib/registry/reg.h"
#include "lib/text/json.h"
#include "tools/acedt-fetch/have.h"

static const struct json_limits extra_limits = {
	INDEX_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_DESCRIPTORS
};

void
have_option(struct have *h, const char *image)
{
	struct err	err = ERR_INIT;

	if (dest_parse(&h->dest, image, &err) == -1)
		log_die(EXIT_USAGE_ERR, "--have: %s", err.msg);
}

/* The digests of an array of descriptors. */
static void
add_entries(struct have *h, jv list)
{
	char	*digest;
	int	 i, n;
	jv	 entry;

	if (jv_get_kind(list) != JV_KIND_ARRAY) {
		jv_free(list);
		return;
	}
	n = jv_array_length(jv_copy(list));
	for (i = 0; i < n; i++) {
		entry = jv_array_get(jv_copy(list), i);
		if ((digest = json_str(entry, "digest")) != NULL) {
			h->digests = xreallocarray(h->digests, h->n + 1,
			    sizeof(char *));
			h->digests[h->n++] = digest;
		}
		jv_free(entry);
	}
	jv_free(list);
}

/* Those that --index-fallback moved into an annotation. */
static void
add_extra(struct have *h, jv annotations)
{
	char		*text = json_str(annotations, NOTE_EXTRA);
	struct err	 err = ERR_INIT;
	jv		 list;

	if (text != NULL && json_parse(text, strlen(text), &extra_limits,
	    &list, &err) == 0)
		add_entries(h, list);
	free(text);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What the tag names. */
enum named {
	NAMED_GATHERED,		/* a gathered index, or nothing */
	NAMED_OTHER,
	NAMED_UNKNOWN		/* the registry does not tell */
};

static enum named
read_index(struct have *h, const char *bytes, size_t len)
{
	struct err	 err = ERR_INIT;
	char		*version;
	jv		 doc, annotations;

	digest_sha256(bytes, len, h->index);
	if (gathered_parse(bytes, len, &doc, &err) == -1)
		return NAMED_OTHER;
	annotations = json_get(doc, "annotations");
	version = json_str(annotations, NOTE_VERSION);
	if (version != NULL && strcmp(version, VERSION) == 0) {
		add_entries(h, json_get(doc, "manifests"));
		add_extra(h, annotations);
		if (h->n > 1)
			qsort(h->digests, h->n, sizeof(char *), compare);
	} else {
		log_info("%s was not written by this version: nothing of it "
		    "is taken as there", h->image);
	}
	free(version);
	jv_free(annotations);
	jv_free(doc);
	return NAMED_GATHERED;
}

static enum named
read_registry(struct have *h)
{
	struct reg_call	c;
	struct err	err = ERR_INIT;
	enum named	named = NAMED_GATHERED;

	reg_call_init(&c);
	c.repo = h->dest.repo;
	c.method = "GET";
	c.path = xasprintf("manifests/%s", h->dest.tag);
	c.accept = MANIFEST_ACCEPT;
	c.reply_max = INDEX_BYTES_MAX;
	if (reg_ask(&c, &err) == 0) {
		named = read_index(h, c.http.reply.len > 0 ?
		    c.http.reply.data : "", c.http.reply.len);
	} else if (err.cls != ERR_NOT_FOUND) {
		log_info("--have: %s", err.msg);
		named = NAMED_UNKNOWN;
	}
	reg_call_clear(&c);
	return named;
}

static enum named
read_layout(struct have *h)
{
	struct layout_entry	e;
	struct err		err = ERR_INIT;
	struct buf		b;
	enum named		named = NAMED_GATHERED;

	if (layout_find(h->place->layout, h->dest.tag, &e, &err) == -1)
		return named;
	buf_init(&b, INDEX_BYTES_MAX);
	if (layout_blob_read(h->place->layout, e.digest, INDEX_BYTES_MAX, &b,
	    &err) == 0)
		named = read_index(h, b.data, b.len);
	buf_clear(&b);
	layout_entry_clear(&e);
	return named;
}

static void
forget_digests(struct have *h)
{
	while (h->n > 0)
		free(h->digests[--h->n]);
}

int
have_read(struct have *h, struct net *net, int verify, int overwrite,
    struct err *why)
{
	struct err	err = ERR_INIT;
	enum named	named;

	/* A layout that is not there yet has nothing, and is not made here. */
	if ((h->place = net_dest_place(net, &h->dest, &err)) == NULL) {
		log_info("--have: %s", err.msg);
		return 0;
	}
	h->image = xasprintf("%s:%s", h->dest.name, h->dest.tag);
	named = h->dest.repo != NULL ? read_registry(h) : read_layout(h);
	if (named == NAMED_OTHER && !overwrite)
		return err_set(why, ERR_USAGE, "%s names something else than a "
		    "gathered index, which is not replaced (give another "
		    "tag, or --overwrite)", h->image);
	if (named == NAMED_UNKNOWN) {
		/* Then acedt-index has to ask: nothing is said of it. */
		free(h->image);
		h->image = NULL;
	}
	if (verify)
		forget_digests(h);
	return 0;
}

int
have_lists(const struct have *h, const char *digest)
{
	return h->n > 0 && bsearch(&digest, h->digests, h->n, sizeof(char *),
	    compare) != NULL;
}

void
have_clear(struct have *h)
{
	forget_digests(h);
	free(h->digests);
	free(h->image);
	ref_clear(&h->dest.ref);
	free(h->dest.name);
}
