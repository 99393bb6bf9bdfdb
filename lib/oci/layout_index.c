/*
 * index.json of an OCI image layout: the entries that it lists, and the tags
 * that name them.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/oci/annotations.h"
#include "lib/oci/descriptor.h"
#include "lib/oci/layout.h"
#include "lib/oci/layout_index.h"
#include "lib/oci/layout_private.h"
#include "lib/oci/ref.h"
#include "lib/oci/referrers.h"
#include "lib/text/json.h"
#include "lib/text/json_out.h"
#include "lib/text/json_text.h"

#define INDEX_FILE	LAYOUT_INDEX_FILE
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

/*
 * index.json: its text, and the list of entries in it, which is an array or, as
 * Go writes an empty one, null.
 */
static int
read_index(struct layout *l, struct buf *text, struct json_span *list,
    struct err *err)
{
	struct json_span	all;

	if (layout_read_file(l, INDEX_FILE, LAYOUT_INDEX_MAX, text, err) == -1)
		return -1;
	if (json_check(text->data, text->len, &index_limits, err) == -1) {
		buf_clear(text);
		return err_wrap(err, "%s/" INDEX_FILE, l->dir);
	}
	all = (struct json_span){ text->data, text->len };
	if (json_text_member(all, "manifests", list) &&
	    (*list->s == '[' || *list->s == 'n'))
		return 0;
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

/* An entry out of its text; *e is filled only where it is good. */
static int
parse_entry(struct layout_entry *e, struct json_span text, struct err *err)
{
	struct descriptor	d;
	jv			obj;
	int			rc;

	if (json_parse(text.s, text.len, &entry_limits, &obj, err) == -1)
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
parse_entries(struct layout_index *x, struct json_span list, struct err *err)
{
	struct json_span	element = { NULL, 0 };
	size_t			room = 0;

	while (json_text_next(list, &element)) {
		if (x->n == room) {
			room = room * 2 + 16;
			x->entries = xreallocarray(x->entries, room,
			    sizeof(*x->entries));
		}
		if (parse_entry(&x->entries[x->n], element, err) == -1)
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
	assert(entry > t->entry && entry < x->n);
	if (t->other != t->entry)
		return;
	if (strcmp(x->entries[t->entry].digest, x->entries[entry].digest) == 0)
		t->entry = entry;
	t->other = entry;
}

/* The table of tags, sorted for layout_index_find(), each tag once. */
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
	struct json_span	 list;
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
	struct tag	 key = { tag != NULL ? tag : REF_TAG_USUAL, 0, 0 };
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
	struct json_out	j;
	struct buf	b;

	buf_init(&b, STREAM_LINE_MAX);
	json_out_init(&j, &b);
	json_out_begin_object(&j);
	descriptor_members(&j, media_type, digest, size);
	json_out_name(&j, "annotations");
	json_out_begin_object(&j);
	json_out_member(&j, NOTE_REF_NAME, tag);
	json_out_end_object(&j);
	if (artifact_type != NULL)
		json_out_member(&j, "artifactType", artifact_type);
	json_out_end_object(&j);
	return buf_detach(&b);
}

/* An entry as JSON, if it is one of the tag; else not valid. */
static jv
tagged_entry(struct json_span text, const char *tag)
{
	struct err	 none = ERR_INIT;
	char		*name;
	jv		 obj;
	int		 is_tag;

	if (json_parse(text.s, text.len, &entry_limits, &obj, &none) == -1)
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
element_tag(struct json_span text)
{
	struct err	 none = ERR_INIT;
	char		*name;
	jv		 obj;

	if (json_parse(text.s, text.len, &entry_limits, &obj, &none) == -1)
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

/*
 * The text of index.json with the tag's entries replaced by one.  All else
 * stays as it is to the byte, but for blanks between the entries.
 */
static int
replace_entries(const struct buf *text, struct json_span list,
    const char *tag, const char *entry, struct buf *out)
{
	struct json_span	 element = { NULL, 0 };
	struct json_out		 j;
	const char		*after = list.s + list.len;
	char			*name;
	int			 is_tag, placed = 0;

	buf_add(out, text->data, (size_t)(list.s - text->data));
	json_out_init(&j, out);
	json_out_begin_array(&j);
	while (json_text_next(list, &element)) {
		name = element_tag(element);
		is_tag = name != NULL && strcmp(name, tag) == 0;
		if (!placed && (is_tag ||
		    (name != NULL && stands_before(tag, name)))) {
			json_out_raw(&j, entry, strlen(entry));
			placed = 1;
		}
		if (!is_tag)
			json_out_raw(&j, element.s, element.len);
		free(name);
	}
	if (!placed)
		json_out_raw(&j, entry, strlen(entry));
	json_out_end_array(&j);
	buf_add(out, after, text->len - (size_t)(after - text->data));
	return buf_is_full(out) ? -1 : 0;
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
stands_already(struct json_span list, const char *tag, const char *entry)
{
	struct json_span	element = { NULL, 0 };
	jv			obj, want = jv_parse(entry);
	int			seen = 0, same = 0;

	while (json_text_next(list, &element)) {
		obj = tagged_entry(element, tag);
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

/* Point the tag at the entry, unless it is there; under the lock. */
static int
change_index(struct layout *l, const char *tag, const char *entry,
    int *changed, struct err *err)
{
	struct buf		text, next;
	struct json_span	list;
	int			rc = 0;

	if (read_index(l, &text, &list, err) == -1)
		return -1;
	*changed = !stands_already(list, tag, entry);
	buf_init(&next, LAYOUT_INDEX_MAX);
	if (*changed) {
		if (replace_entries(&text, list, tag, entry, &next) == -1)
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
