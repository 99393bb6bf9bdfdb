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
#include "lib/oci/annotations.h"
#include "lib/oci/entry.h"
#include "lib/oci/gathered.h"
#include "lib/oci/manifest.h"
#include "lib/registry/reg.h"
#include "lib/text/json.h"
#include "tools/acedt-fetch/published.h"

static const struct json_limits extra_limits = {
	INDEX_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_DESCRIPTORS
};

void
published_option(struct published *p, const char *image)
{
	struct err	err = ERR_INIT;

	if (dest_parse(&p->dest, image, &err) == -1)
		log_die(EXIT_USAGE_ERR, "--have: %s", err.msg);
}

/* The digests of an array of descriptors. */
static void
add_entries(struct published *p, jv list)
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
			p->digests = xreallocarray(p->digests, p->n + 1,
			    sizeof(char *));
			p->digests[p->n++] = digest;
		}
		jv_free(entry);
	}
	jv_free(list);
}

/* Those that --index-fallback moved into an annotation. */
static void
add_extra(struct published *p, jv annotations)
{
	char		*text = json_str(annotations, NOTE_EXTRA);
	struct err	 err = ERR_INIT;
	jv		 list;

	if (text != NULL && json_parse(text, strlen(text), &extra_limits,
	    &list, &err) == 0)
		add_entries(p, list);
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
read_index(struct published *p, const char *bytes, size_t len)
{
	struct err	 err = ERR_INIT;
	char		*version;
	jv		 doc, annotations;

	digest_sha256(bytes, len, p->index);
	if (gathered_parse(bytes, len, &doc, &err) == -1)
		return NAMED_OTHER;
	annotations = json_get(doc, "annotations");
	version = json_str(annotations, NOTE_VERSION);
	if (version != NULL && strcmp(version, VERSION) == 0) {
		add_entries(p, json_get(doc, "manifests"));
		add_extra(p, annotations);
		if (p->n > 1)
			qsort(p->digests, p->n, sizeof(char *), compare);
	} else {
		log_info("%s was not written by this version: nothing of it "
		    "is taken as there", p->image);
	}
	free(version);
	jv_free(annotations);
	jv_free(doc);
	return NAMED_GATHERED;
}

static enum named
read_registry(struct published *p)
{
	struct reg_call	c;
	struct err	err = ERR_INIT;
	enum named	named = NAMED_GATHERED;

	reg_call_init(&c);
	c.repo = p->dest.repo;
	c.method = "GET";
	c.path = xasprintf("manifests/%s", p->dest.tag);
	c.accept = MANIFEST_ACCEPT;
	c.reply_max = INDEX_BYTES_MAX;
	if (reg_ask(&c, &err) == 0) {
		named = read_index(p, c.http.reply.len > 0 ?
		    c.http.reply.data : "", c.http.reply.len);
	} else if (err.cls != ERR_NOT_FOUND) {
		log_info("--have: %s", err.msg);
		named = NAMED_UNKNOWN;
	}
	reg_call_clear(&c);
	return named;
}

static enum named
read_layout(struct published *p)
{
	struct layout_entry	e;
	struct err		err = ERR_INIT;
	struct buf		b;
	enum named		named = NAMED_GATHERED;

	if (layout_find(p->place->layout, p->dest.tag, &e, &err) == -1)
		return named;
	buf_init(&b, INDEX_BYTES_MAX);
	if (layout_blob_read(p->place->layout, e.digest, INDEX_BYTES_MAX, &b,
	    &err) == 0)
		named = read_index(p, b.data, b.len);
	buf_clear(&b);
	layout_entry_clear(&e);
	return named;
}

static void
forget_digests(struct published *p)
{
	while (p->n > 0)
		free(p->digests[--p->n]);
}

int
published_read(struct published *p, struct net *net, int verify, int overwrite,
    struct err *why)
{
	struct err	err = ERR_INIT;
	enum named	named;

	/* A layout that is not there yet has nothing, and is not made here. */
	if ((p->place = net_dest_place(net, &p->dest, &err)) == NULL) {
		log_info("--have: %s", err.msg);
		return 0;
	}
	p->image = xasprintf("%s:%s", p->dest.name, p->dest.tag);
	named = p->dest.repo != NULL ? read_registry(p) : read_layout(p);
	if (named == NAMED_OTHER && !overwrite)
		return err_set(why, ERR_USAGE, "%s names something else than a "
		    "gathered index, which is not replaced (give another "
		    "tag, or --overwrite)", p->image);
	if (named == NAMED_UNKNOWN) {
		/* Then acedt-index has to ask: nothing is said of it. */
		free(p->image);
		p->image = NULL;
	}
	if (verify)
		forget_digests(p);
	return 0;
}

int
published_lists(const struct published *p, const char *digest)
{
	return p->n > 0 && bsearch(&digest, p->digests, p->n, sizeof(char *),
	    compare) != NULL;
}

void
published_clear(struct published *p)
{
	forget_digests(p);
	free(p->digests);
	free(p->image);
	ref_clear(&p->dest.ref);
	free(p->dest.name);
}
