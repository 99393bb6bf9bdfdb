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

/* The string that a text is; NULL if it is not one, or holds a NUL. */
static char *
span_string(struct json_span text)
{
	jv	 v;
	char	*s = NULL;
	size_t	 n;

	if (text.len == 0 || *text.s != '"')
		return NULL;
	v = jv_parse_sized(text.s, (int)text.len);
	if (jv_get_kind(v) == JV_KIND_STRING) {
		n = (size_t)jv_string_length_bytes(jv_copy(v));
		if (memchr(jv_string_value(v), '\0', n) == NULL)
			s = xmemdup0(jv_string_value(v), n);
	}
	jv_free(v);
	return s;
}

/* The same of a member; NULL also if the text has no such member. */
static char *
member_string(struct json_span text, const char *name)
{
	struct json_span	value;

	return json_text_member(text, name, &value) ? span_string(value) :
	    NULL;
}

int
gathered_read(struct gathered *g, const char *text, size_t len,
    struct err *err)
{
	struct json_span	 doc = { text, len };
	char			*type;
	int			 is_gathered;

	if (len > INDEX_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d bytes",
		    INDEX_BYTES_MAX);
	if (json_check(text, len, &document_limits, err) == -1)
		return -1;
	type = member_string(doc, "artifactType");
	is_gathered = type != NULL && strcmp(type, MT_GATHER) == 0;
	free(type);
	if (!is_gathered)
		return err_set(err, ERR_CONTENT, "it is not a gathered index");
	memset(g, 0, sizeof(*g));
	json_text_member(doc, "manifests", &g->manifests);
	json_text_member(doc, "annotations", &g->annotations);
	return 0;
}

size_t
gathered_count(const struct gathered *g)
{
	struct json_span	element = { NULL, 0 };
	size_t			n = 0;

	if (g->manifests.s != NULL)
		while (json_text_next(g->manifests, &element))
			n++;
	return n;
}

char *
gathered_annotation(const struct gathered *g, const char *name)
{
	return g->annotations.s != NULL ?
	    member_string(g->annotations, name) : NULL;
}

static void
list_add(struct digest_list *list, struct json_span array)
{
	struct json_span	 element = { NULL, 0 };
	char			*digest;

	while (json_text_next(array, &element)) {
		if ((digest = member_string(element, "digest")) == NULL)
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
	text = gathered_annotation(g, NOTE_EXTRA);
	if (text != NULL) {
		extra.s = text;
		extra.len = strlen(text);
		if (json_check(extra.s, extra.len, &entries_limits,
		    &err) == 0)
			list_add(&list, extra);
	}
	free(text);
	*n = list.n;
	return list.v;
}
