/*
 * index.json of an OCI image layout: the entries that it lists, and the tags
 * that name them.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/errmsg.h"
#include "lib/gojson.h"
#include "lib/json.h"
#include "lib/layout.h"
#include "lib/layout_index.h"
#include "lib/layout_private.h"
#include "lib/limits.h"
#include "lib/manifest.h"
#include "lib/xalloc.h"

#define INDEX_FILE	LAYOUT_INDEX_FILE
#define NOTE_REF_NAME	"org.opencontainers.image.ref.name"
#define TAGS_SHOWN	10

static const struct json_limits index_limits = {
	STREAM_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_MANIFEST
};

void
layout_entry_clear(struct layout_entry *e)
{
	free(e->media_type);
	free(e->digest);
	free(e->ref_name);
	free(e->artifact_type);
	memset(e, 0, sizeof(*e));
}

void
layout_entries_free(struct layout_entry *e, size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++)
		layout_entry_clear(&e[i]);
	free(e);
}

/* index.json: its text, and its array "manifests". */
static int
read_index(struct layout *l, struct buf *text, jv *list, struct err *err)
{
	jv	doc;

	if (layout_read_file(l, INDEX_FILE, LAYOUT_INDEX_MAX, text, err) == -1)
		return -1;
	if (json_parse(text->data, text->len, &index_limits, &doc, err) ==
	    -1) {
		buf_clear(text);
		return err_wrap(err, "%s/" INDEX_FILE, l->dir);
	}
	*list = json_get(doc, "manifests");
	jv_free(doc);
	if (jv_get_kind(*list) == JV_KIND_NULL) {
		jv_free(*list);		/* as Go writes an empty list */
		*list = jv_array();
	}
	if (jv_get_kind(*list) == JV_KIND_ARRAY)
		return 0;
	jv_free(*list);
	buf_clear(text);
	return err_set(err, ERR_CONTENT, "%s/" INDEX_FILE ": it has no array "
	    "\"manifests\"", l->dir);
}

static char *
entry_ref_name(jv obj)
{
	jv	 notes = json_get(obj, "annotations");
	char	*name = json_str(notes, NOTE_REF_NAME);

	jv_free(notes);
	return name;
}

int
layout_entries(struct layout *l, struct layout_entry **entries, size_t *n,
    struct err *err)
{
	struct layout_entry	*v = NULL;
	struct descriptor	 d;
	struct buf		 text;
	jv			 list, obj;
	int			 i, count, rc = 0;
	size_t			 have = 0;

	if (read_index(l, &text, &list, err) == -1)
		return -1;
	buf_clear(&text);
	count = jv_array_length(jv_copy(list));
	for (i = 0; i < count && rc == 0; i++) {
		obj = jv_array_get(jv_copy(list), i);
		if ((rc = descriptor_parse(&d, obj, 0, err)) == 0) {
			v = xreallocarray(v, have + 1, sizeof(*v));
			v[have].media_type = xstrdup(d.media_type);
			v[have].digest = xstrdup(d.digest);
			v[have].size = d.size;
			v[have].artifact_type = d.artifact_type != NULL ?
			    xstrdup(d.artifact_type) : NULL;
			v[have++].ref_name = entry_ref_name(obj);
			descriptor_clear(&d);
		}
		jv_free(obj);
	}
	jv_free(list);
	if (rc == -1) {
		layout_entries_free(v, have);
		return err_wrap(err, "%s/" INDEX_FILE ": manifests[%d]",
		    l->dir, i - 1);
	}
	*entries = v;
	*n = have;
	return 0;
}

/* "not found", with what there is instead. */
static int
no_such_tag(struct layout *l, const char *tag, const struct layout_entry *v,
    size_t n, struct err *err)
{
	struct buf	b;
	size_t		i, shown = 0;

	buf_init(&b, 600);
	for (i = 0; i < n && shown < TAGS_SHOWN; i++)
		if (v[i].ref_name != NULL && buf_addf(&b, "%s%.100s",
		    shown ? ", " : "", v[i].ref_name) == 0)
			shown++;
	err_set(err, ERR_NOT_FOUND, "oci:%s: no tag %s; it has %s%s", l->dir,
	    tag, shown == 0 ? "no tags" : b.data, i < n ? ", …" : "");
	buf_clear(&b);
	return -1;
}

static int
choose(struct layout *l, const char *tag, const struct layout_entry *v,
    size_t n, size_t *chosen, struct err *err)
{
	size_t	i, found = n;

	if (tag == NULL && n == 1) {
		*chosen = 0;
		return 0;
	}
	if (tag == NULL)
		tag = "latest";
	for (i = 0; i < n; i++) {
		if (v[i].ref_name == NULL || strcmp(v[i].ref_name, tag) != 0)
			continue;
		if (found < n && strcmp(v[found].digest, v[i].digest) != 0)
			return err_set(err, ERR_CONTENT, "oci:%s: the tag %s "
			    "stands at %s and at %s", l->dir, tag,
			    v[found].digest, v[i].digest);
		found = i;
	}
	if (found == n)
		return no_such_tag(l, tag, v, n, err);
	*chosen = found;
	return 0;
}

int
layout_find(struct layout *l, const char *tag, struct layout_entry *out,
    struct err *err)
{
	struct layout_entry	*v;
	size_t			 n, i = 0;

	if (layout_entries(l, &v, &n, err) == -1)
		return -1;
	if (choose(l, tag, v, n, &i, err) == -1) {
		layout_entries_free(v, n);
		return -1;
	}
	*out = v[i];
	memset(&v[i], 0, sizeof(v[i]));	/* moved */
	layout_entries_free(v, n);
	return 0;
}

/* The entry for a tag, as JSON. */
static char *
tag_text(const char *tag, const char *media_type, const char *digest,
    int64_t size, const char *artifact_type)
{
	struct buf	b;

	buf_init(&b, STREAM_LINE_MAX);
	buf_addc(&b, '{');
	gojson_member(&b, "mediaType", media_type);
	gojson_member(&b, "digest", digest);
	gojson_number(&b, "size", size);
	gojson_name(&b, "annotations");
	buf_addc(&b, '{');
	gojson_member(&b, NOTE_REF_NAME, tag);
	buf_addc(&b, '}');
	if (artifact_type != NULL)
		gojson_member(&b, "artifactType", artifact_type);
	buf_addc(&b, '}');
	return buf_detach(&b);
}

/* How long the JSON string is that begins here, quotes included. */
static size_t
string_length(const char *s)
{
	size_t	n = 1;

	while (s[n] != '"')
		n += s[n] == '\\' ? 2 : 1;
	return n + 1;
}

/* How long the JSON value is that begins here, in a text that is checked. */
static size_t
value_length(const char *s)
{
	size_t	n = 0;
	int	depth = 0;

	if (*s != '{' && *s != '[' && *s != '"')
		return strcspn(s, ",]} \t\r\n");
	do {
		if (s[n] == '"') {
			n += string_length(s + n);
			continue;
		}
		if (s[n] == '{' || s[n] == '[')
			depth++;
		else if (s[n] == '}' || s[n] == ']')
			depth--;
		n++;
	} while (depth > 0);
	return n;
}

/* Where the value of the member "manifests" begins. */
static const char *
find_manifests(const char *s)
{
	static const char	 name[] = "\"manifests\"";
	size_t			 n;
	int			 found;

	s = strchr(s, '{') + 1;
	for (;;) {
		s += strspn(s, ", \t\r\n");
		n = string_length(s);
		found = n == sizeof(name) - 1 && memcmp(s, name, n) == 0;
		s += n;
		s += strspn(s, ": \t\r\n");
		if (found)
			return s;
		s += value_length(s);
	}
}

/*
 * The text of index.json with the tag's entries replaced by one.  All else
 * stays as it is to the byte, but for blanks between the entries.
 */
static int
replace_entries(const char *text, jv list, const char *tag, const char *entry,
    struct buf *out)
{
	const char	*from = find_manifests(text), *s = from + 1;
	const char	*comma = "";
	char		*name;
	jv		 obj;
	size_t		 len;
	int		 i, is_tag, n, placed = 0, rc;

	n = jv_array_length(jv_copy(list));
	rc = buf_add(out, text, (size_t)(from - text)) | buf_addc(out, '[');
	for (i = 0; i < n; i++, s += len) {
		s += strspn(s, ", \t\r\n");
		len = value_length(s);
		obj = jv_array_get(jv_copy(list), i);
		name = entry_ref_name(obj);
		jv_free(obj);
		is_tag = name != NULL && strcmp(name, tag) == 0;
		free(name);
		if (is_tag && placed)
			continue;
		rc |= buf_adds(out, comma);
		rc |= is_tag ? buf_adds(out, entry) : buf_add(out, s, len);
		placed |= is_tag;
		comma = ",";
	}
	if (!placed)
		rc |= buf_adds(out, comma) | buf_adds(out, entry);
	rc |= buf_addc(out, ']') | buf_adds(out, from + value_length(from));
	return rc == 0 ? 0 : -1;
}

/* Do two objects have the same there? */
static int
same_member(jv a, jv b, const char *name)
{
	if (!json_has(a, name) || !json_has(b, name))
		return json_has(a, name) == json_has(b, name);
	return jv_equal(json_get(a, name), json_get(b, name));
}

/* Does the tag stand once, at that descriptor?  Its annotations may be more. */
static int
stands_already(jv list, const char *tag, const char *entry)
{
	jv	 obj, want = jv_parse(entry);
	char	*name;
	int	 i, n, seen = 0, same = 0;

	n = jv_array_length(jv_copy(list));
	for (i = 0; i < n; i++) {
		obj = jv_array_get(jv_copy(list), i);
		name = entry_ref_name(obj);
		if (name != NULL && strcmp(name, tag) == 0) {
			seen++;
			same = same_member(obj, want, "mediaType") &&
			    same_member(obj, want, "digest") &&
			    same_member(obj, want, "size") &&
			    same_member(obj, want, "artifactType");
		}
		free(name);
		jv_free(obj);
	}
	jv_free(want);
	return seen == 1 && same;
}

static int
change_index(struct layout *l, const char *tag, const char *entry,
    int *changed, struct err *err)
{
	struct buf	text, next;
	jv		list;
	int		rc = 0;

	if (read_index(l, &text, &list, err) == -1)
		return -1;
	*changed = !stands_already(list, tag, entry);
	buf_init(&next, LAYOUT_INDEX_MAX);
	if (*changed) {
		if (replace_entries(text.data, list, tag, entry, &next) == -1)
			rc = err_set(err, ERR_LIMIT, "%s/" INDEX_FILE ": it "
			    "would be larger than %d bytes", l->dir,
			    LAYOUT_INDEX_MAX);
		else
			rc = layout_replace_file(l, INDEX_FILE, next.data, next.len,
			    1, err);
	}
	buf_clear(&next);
	buf_clear(&text);
	jv_free(list);
	return rc;
}

int
layout_tag(struct layout *l, const char *tag, const char *media_type,
    const char *digest, int64_t size, const char *artifact_type,
    int *changed, struct err *err)
{
	char	*entry;
	int	 fd, rc;

	if ((fd = layout_lock(l, err)) == -1)
		return -1;
	entry = tag_text(tag, media_type, digest, size, artifact_type);
	rc = change_index(l, tag, entry, changed, err);
	free(entry);
	close(fd);
	return rc;
}
