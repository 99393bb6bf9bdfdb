/*
 * index.json of an OCI image layout: the entries that it lists, and the tags
 * that name them.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/oci/layout.h"
#include "lib/oci/layout_index.h"
#include "lib/oci/layout_private.h"
#include "lib/oci/manifest.h"
#include "lib/oci/referrers.h"
#include "lib/text/gojson.h"
#include "lib/text/json.h"

#define INDEX_FILE	LAYOUT_INDEX_FILE
#define NOTE_REF_NAME	"org.opencontainers.image.ref.name"
#define TAGS_SHOWN	10

/* The scan of the text allocates nothing; an entry is parsed, one at a time. */
static const struct json_limits index_limits = {
	STREAM_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_MANIFEST
};
static const struct json_limits entry_limits = {
	LAYOUT_ENTRY_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_PLAIN
};

/* A tag, and where it stands. */
struct tag {
	const char	*name;		/* borrowed from the entry */
	size_t		 entry;
	size_t		 other;		/* of another digest; else entry */
};

struct layout_index {
	char			*dir;		/* owned: of the layout */
	struct layout_entry	*entries;	/* owned */
	size_t			 n;
	struct tag		*tags;		/* owned; sorted, each once */
	size_t			 ntags;
	char			*some;		/* owned: tags, for messages */
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

/* Where the value of the member "manifests" begins, in a checked object. */
static const char *
find_manifests(const char *s)
{
	static const char	 name[] = "\"manifests\"";
	size_t			 n;
	int			 found;

	s = strchr(s, '{') + 1;
	for (;;) {
		s += strspn(s, ", \t\r\n");
		if (*s == '}')
			return NULL;
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
 * The next element of an array, and how long it is: s is at the array's opening
 * bracket, or at the end of an element.  NULL after the last one.
 */
static const char *
next_element(const char *s, size_t *len)
{
	s += strspn(s, "[, \t\r\n");
	if (*s == ']')
		return NULL;
	*len = value_length(s);
	return s;
}

/* index.json: its text, and the list of entries in it. */
static int
read_index(struct layout *l, struct buf *text, const char **list,
    struct err *err)
{
	if (layout_read_file(l, INDEX_FILE, LAYOUT_INDEX_MAX, text, err) == -1)
		return -1;
	if (json_check(text->data, text->len, &index_limits, err) == -1) {
		buf_clear(text);
		return err_wrap(err, "%s/" INDEX_FILE, l->dir);
	}
	*list = NULL;
	if (text->data[strspn(text->data, " \t\r\n")] == '{')
		*list = find_manifests(text->data);
	/* Go writes an empty list as null. */
	if (*list != NULL && (**list == '[' || **list == 'n'))
		return 0;
	buf_clear(text);
	return err_set(err, ERR_CONTENT, "%s/" INDEX_FILE ": it has no array "
	    "\"manifests\"", l->dir);
}

/* The first element of read_index()'s list; the others by next_element(). */
static const char *
first_element(const char *list, size_t *len)
{
	return *list == '[' ? next_element(list, len) : NULL;
}

static char *
entry_ref_name(jv obj)
{
	jv	 notes = json_get(obj, "annotations");
	char	*name = json_str(notes, NOTE_REF_NAME);

	jv_free(notes);
	return name;
}

static int
parse_entry(struct layout_entry *e, const char *s, size_t len,
    struct err *err)
{
	struct descriptor	d;
	jv			obj;
	int			rc;

	if (json_parse(s, len, &entry_limits, &obj, err) == -1)
		return -1;
	if ((rc = descriptor_parse(&d, obj, 0, err)) == 0) {
		e->media_type = xstrdup(d.media_type);
		e->digest = xstrdup(d.digest);
		e->size = d.size;
		e->artifact_type = d.artifact_type != NULL ?
		    xstrdup(d.artifact_type) : NULL;
		e->ref_name = entry_ref_name(obj);
		descriptor_clear(&d);
	}
	jv_free(obj);
	return rc;
}

static int
parse_entries(struct layout_index *x, const char *list, struct err *err)
{
	const char	*s;
	size_t		 len, room = 0;

	for (s = first_element(list, &len); s != NULL;
	    s = next_element(s + len, &len)) {
		if (x->n == room) {
			room = room * 2 + 16;
			x->entries = xreallocarray(x->entries, room,
			    sizeof(*x->entries));
		}
		if (parse_entry(&x->entries[x->n], s, len, err) == -1)
			return err_wrap(err, "%s/" INDEX_FILE
			    ": manifests[%zu]", x->dir, x->n);
		x->n++;
	}
	return 0;
}

static int
tag_cmp(const void *a, const void *b)
{
	const struct tag	*x = a, *y = b;
	int			 cmp = strcmp(x->name, y->name);

	return cmp != 0 ? cmp : (x->entry > y->entry) - (x->entry < y->entry);
}

/* A tag that stands once more: the later entry counts if they agree. */
static void
join_tag(const struct layout_index *x, struct tag *t, size_t entry)
{
	if (t->other != t->entry)
		return;
	if (strcmp(x->entries[t->entry].digest, x->entries[entry].digest) == 0)
		t->entry = entry;
	t->other = entry;
}

static void
sort_tags(struct layout_index *x)
{
	size_t	i, n = 0;

	x->tags = xreallocarray(NULL, x->n + 1, sizeof(*x->tags));
	for (i = 0; i < x->n; i++) {
		if (x->entries[i].ref_name == NULL)
			continue;
		x->tags[n].name = x->entries[i].ref_name;
		x->tags[n].entry = x->tags[n].other = i;
		n++;
	}
	qsort(x->tags, n, sizeof(*x->tags), tag_cmp);
	for (i = 0; i < n; i++)
		if (x->ntags > 0 && strcmp(x->tags[x->ntags - 1].name,
		    x->tags[i].name) == 0)
			join_tag(x, &x->tags[x->ntags - 1],
			    x->tags[i].entry);
		else
			x->tags[x->ntags++] = x->tags[i];
}

/* The first tags, as a message names them. */
static void
name_some(struct layout_index *x)
{
	struct buf	b;
	size_t		i, shown = 0;

	buf_init(&b, 2000);
	for (i = 0; i < x->n && shown < TAGS_SHOWN; i++)
		if (x->entries[i].ref_name != NULL && buf_addf(&b,
		    "%s%.100s", shown > 0 ? ", " : "",
		    x->entries[i].ref_name) == 0)
			shown++;
	if (shown == 0)
		buf_adds(&b, "no tags");
	else if (i < x->n)
		buf_adds(&b, ", …");
	x->some = buf_detach(&b);
}

struct layout_index *
layout_index_read(struct layout *l, struct err *err)
{
	struct layout_index	*x;
	struct buf		 text;
	const char		*list;
	int			 rc;

	if (read_index(l, &text, &list, err) == -1)
		return NULL;
	x = xcalloc(1, sizeof(*x));
	x->dir = xstrdup(l->dir);
	rc = parse_entries(x, list, err);
	buf_clear(&text);
	if (rc == -1) {
		layout_index_free(x);
		return NULL;
	}
	sort_tags(x);
	name_some(x);
	return x;
}

void
layout_index_free(struct layout_index *x)
{
	size_t	i;

	if (x == NULL)
		return;
	for (i = 0; i < x->n; i++)
		layout_entry_clear(&x->entries[i]);
	free(x->entries);
	free(x->tags);
	free(x->some);
	free(x->dir);
	free(x);
}

const struct layout_entry *
layout_index_entries(const struct layout_index *x, size_t *n)
{
	*n = x->n;
	return x->entries;
}

const struct layout_entry *
layout_index_find(const struct layout_index *x, const char *tag,
    struct err *err)
{
	struct tag	 key = { tag != NULL ? tag : "latest", 0, 0 };
	const struct tag *t;
	size_t		 lo = 0, hi = x->ntags, mid;

	if (tag == NULL && x->n == 1)
		return &x->entries[0];
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (strcmp(x->tags[mid].name, key.name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	t = &x->tags[lo];
	if (lo == x->ntags || strcmp(t->name, key.name) != 0) {
		err_set(err, ERR_NOT_FOUND, "oci:%s: no tag %s; it has %s",
		    x->dir, key.name, x->some);
		return NULL;
	}
	if (strcmp(x->entries[t->entry].digest, x->entries[t->other].digest) !=
	    0) {
		err_set(err, ERR_CONTENT, "oci:%s: the tag %s stands at %s "
		    "and at %s", x->dir, key.name, x->entries[t->entry].digest,
		    x->entries[t->other].digest);
		return NULL;
	}
	return &x->entries[t->entry];
}

int
layout_find(struct layout *l, const char *tag, struct layout_entry *out,
    struct err *err)
{
	const struct layout_entry	*e;
	struct layout_index		*x;

	if ((x = layout_index_read(l, err)) == NULL)
		return -1;
	if ((e = layout_index_find(x, tag, err)) != NULL) {
		*out = *e;
		/* Moved. */
		memset(&x->entries[e - x->entries], 0, sizeof(*e));
	}
	layout_index_free(x);
	return e != NULL ? 0 : -1;
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

/* An entry as JSON, if it is one of the tag; else not valid. */
static jv
tagged_entry(const char *s, size_t len, const char *tag)
{
	struct err	 none = ERR_INIT;
	char		*name;
	jv		 obj;
	int		 is_tag;

	if (json_parse(s, len, &entry_limits, &obj, &none) == -1)
		return jv_invalid();
	name = entry_ref_name(obj);
	is_tag = name != NULL && strcmp(name, tag) == 0;
	free(name);
	if (is_tag)
		return obj;
	jv_free(obj);
	return jv_invalid();
}

/* The tag of an element, or NULL; the caller frees it. */
static char *
element_tag(const char *s, size_t len)
{
	struct err	 none = ERR_INIT;
	char		*name;
	jv		 obj;

	if (json_parse(s, len, &entry_limits, &obj, &none) == -1)
		return NULL;
	name = entry_ref_name(obj);
	jv_free(obj);
	return name;
}

/*
 * Many readers take the first entry for the image: the indexes of referrers
 * stand after all other tags.
 */
static int
stands_before(const char *tag, const char *other)
{
	return !referrers_is_tag(tag) && referrers_is_tag(other);
}

static int
add_element(struct buf *out, const char **comma, const char *s, size_t len)
{
	int	rc = buf_adds(out, *comma) | buf_add(out, s, len);

	*comma = ",";
	return rc;
}

/*
 * The text of index.json with the tag's entries replaced by one.  All else
 * stays as it is to the byte, but for blanks between the entries.
 */
static int
replace_entries(const char *text, const char *list, const char *tag,
    const char *entry, struct buf *out)
{
	const char	*comma = "", *s;
	char		*name;
	size_t		 len;
	int		 is_tag, placed = 0, rc;

	rc = buf_add(out, text, (size_t)(list - text)) | buf_addc(out, '[');
	for (s = first_element(list, &len); s != NULL;
	    s = next_element(s + len, &len)) {
		name = element_tag(s, len);
		is_tag = name != NULL && strcmp(name, tag) == 0;
		if (!placed && (is_tag ||
		    (name != NULL && stands_before(tag, name)))) {
			rc |= add_element(out, &comma, entry, strlen(entry));
			placed = 1;
		}
		if (!is_tag)
			rc |= add_element(out, &comma, s, len);
		free(name);
	}
	if (!placed)
		rc |= add_element(out, &comma, entry, strlen(entry));
	rc |= buf_addc(out, ']') | buf_adds(out, list + value_length(list));
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
stands_already(const char *list, const char *tag, const char *entry)
{
	const char	*s;
	jv		 obj, want = jv_parse(entry);
	size_t		 len;
	int		 seen = 0, same = 0;

	for (s = first_element(list, &len); s != NULL;
	    s = next_element(s + len, &len)) {
		obj = tagged_entry(s, len, tag);
		if (jv_is_valid(obj)) {
			seen++;
			same = same_member(obj, want, "mediaType") &&
			    same_member(obj, want, "digest") &&
			    same_member(obj, want, "size") &&
			    same_member(obj, want, "artifactType");
		}
		jv_free(obj);
	}
	jv_free(want);
	return seen == 1 && same;
}

static int
change_index(struct layout *l, const char *tag, const char *entry,
    int *changed, struct err *err)
{
	struct buf	 text, next;
	const char	*list;
	int		 rc = 0;

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
			rc = layout_replace_file(l, INDEX_FILE, next.data,
			    next.len, 1, err);
	}
	buf_clear(&next);
	buf_clear(&text);
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
