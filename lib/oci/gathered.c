/*
 * Gathered indexes as text: which documents are one, and what they list.  They
 * may have 64 MiB, so they are not parsed into a tree of values.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/oci/annotations.h"
#include "lib/oci/entry.h"
#include "lib/oci/gathered.h"
#include "lib/text/json.h"

static const struct json_limits document_limits = {
	INDEX_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_MANIFEST
};
static const struct json_limits entries_limits = {
	INDEX_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_DESCRIPTORS
};

/* A list of digests that grows. */
struct digest_list {
	char	**v;
	size_t	  n;
};

int
gathered_parts(struct gathered *g, const char *text, size_t len,
    struct err *err)
{
	struct json_span	doc = { text, len };

	if (len > INDEX_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d bytes",
		    INDEX_BYTES_MAX);
	if (json_check(text, len, &document_limits, err) == -1)
		return -1;
	memset(g, 0, sizeof(*g));
	json_text_member(doc, "manifests", &g->manifests);
	json_text_member(doc, "annotations", &g->annotations);
	return 0;
}

int
gathered_read(struct gathered *g, const char *text, size_t len,
    struct err *err)
{
	struct json_span	 doc = { text, len };
	char			*type;
	int			 is_gathered;

	if (gathered_parts(g, text, len, err) == -1)
		return -1;
	type = json_text_string(doc, "artifactType");
	is_gathered = type != NULL && strcmp(type, MT_GATHER) == 0;
	free(type);
	if (!is_gathered)
		return err_set(err, ERR_CONTENT, "it is not a gathered index");
	return 0;
}

size_t
gathered_count(const struct gathered *g)
{
	return g->manifests.s != NULL ? json_text_count(g->manifests) : 0;
}

char *
gathered_annotation(const struct gathered *g, const char *name)
{
	return g->annotations.s != NULL ?
	    json_text_string(g->annotations, name) : NULL;
}

int
gathered_extra(const struct gathered *g, char **text, struct err *err)
{
	*text = gathered_annotation(g, NOTE_EXTRA);
	if (*text == NULL ||
	    json_check(*text, strlen(*text), &entries_limits, err) == 0)
		return 0;
	return err_wrap(err, "annotation " NOTE_EXTRA);
}

static void
list_add(struct digest_list *list, struct json_span array)
{
	struct json_span	 element = { NULL, 0 };
	char			*digest;

	while (json_text_next(array, &element)) {
		if ((digest = json_text_string(element, "digest")) == NULL)
			continue;
		/* The room doubles: it is full at each power of 2. */
		if ((list->n & (list->n - 1)) == 0)
			list->v = xreallocarray(list->v,
			    list->n > 0 ? 2 * list->n : 1, sizeof(*list->v));
		list->v[list->n++] = digest;
	}
}

char **
gathered_digests(const struct gathered *g, size_t *n)
{
	struct digest_list	 list = { NULL, 0 };
	struct json_span	 extra;
	struct err		 err = ERR_INIT;
	char			*text;

	if (g->manifests.s != NULL)
		list_add(&list, g->manifests);
	if (gathered_extra(g, &text, &err) == 0 && text != NULL) {
		extra.s = text;
		extra.len = strlen(text);
		list_add(&list, extra);
	}
	free(text);
	*n = list.n;
	return list.v;
}
