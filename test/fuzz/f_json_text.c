/*
 * Splices into JSON.  What comes out is JSON, says what was asked for, and has
 * every other member to the byte.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/text/json.h"
#include "lib/text/json_text.h"
#include "test/fuzz/fuzz.h"

static const struct json_limits plain = {
	MANIFEST_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_PLAIN
};
static const char *const names[] = { "a", "manifests", "error", "" };
#define NNAMES	(sizeof(names) / sizeof(names[0]))

static jv
parse(const char *s, size_t len)
{
	struct err	err = ERR_INIT;
	jv		v;

	must(json_parse(s, len, &plain, &v, &err) == 0);
	return v;
}

static int
same(struct json_span a, struct json_span b)
{
	return a.len == b.len && memcmp(a.s, b.s, a.len) == 0;
}

/* All members but one are the same to the byte in both. */
static void
check_others(struct json_span before, struct json_span after,
    const char *changed)
{
	struct json_span	v, w;
	size_t			i;
	jv			a = parse(before.s, before.len);
	jv			b = parse(after.s, after.len);

	for (i = 0; i < NNAMES; i++) {
		if (strcmp(names[i], changed) == 0)
			continue;
		if (json_text_member(before, names[i], &v))
			must(json_text_member(after, names[i], &w) &&
			    same(v, w));
		else
			must(!json_text_member(after, names[i], &w));
	}
	a = jv_object_delete(a, jv_string(changed));
	b = jv_object_delete(b, jv_string(changed));
	must(jv_equal(a, b));
}

/* What is found is what libjq finds. */
static void
check_member(struct json_span text, jv doc, const char *name)
{
	struct json_span	v;
	jv			want = json_get(doc, name);

	must(json_text_member(text, name, &v) == jv_is_valid(want));
	if (jv_is_valid(want))
		must(jv_equal(parse(v.s, v.len), want));
	else
		jv_free(want);
}

static void
check_object(struct json_span text, const char *name)
{
	struct json_span	out, v;
	struct buf		b;

	buf_init(&b, SIZE_MAX / 4);
	json_text_drop(text, name, &b);
	out = (struct json_span){ b.data, b.len };
	must(!json_text_member(out, name, &v));
	check_others(text, out, name);
	buf_reset(&b);
	json_text_set(text, name, "[1.0]", &b);
	out = (struct json_span){ b.data, b.len };
	must(json_text_member(out, name, &v));
	must(same(v, (struct json_span){ "[1.0]", 5 }));
	check_others(text, out, name);
	buf_clear(&b);
}

/* The elements are those of libjq; one more stands after them. */
static void
check_array(struct json_span text, struct json_span list, const char *name)
{
	struct json_span	e = { NULL, 0 }, grown;
	struct buf		b;
	jv			array = parse(list.s, list.len), more;
	int			n = 0;

	while (json_text_next(list, &e))
		must(jv_equal(parse(e.s, e.len),
		    jv_array_get(jv_copy(array), n++)));
	must(n == jv_array_length(jv_copy(array)));
	buf_init(&b, SIZE_MAX / 4);
	json_text_append(text, list, (struct json_span){ "{\"x\":1}", 7 }, &b);
	must(json_text_member((struct json_span){ b.data, b.len }, name,
	    &grown));
	more = jv_object_set(jv_object(), jv_string("x"), jv_number(1));
	must(jv_equal(parse(grown.s, grown.len), jv_array_append(array,
	    more)));
	buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_span	text = { (const char *)data, size }, v;
	struct err		err = ERR_INIT;
	size_t			i;
	jv			doc;

	if (json_parse(text.s, size, &plain, &doc, &err) == -1)
		return 0;
	for (i = 0; i < NNAMES; i++) {
		check_member(text, doc, names[i]);
		if (jv_get_kind(doc) != JV_KIND_OBJECT)
			continue;
		check_object(text, names[i]);
		if (json_text_member(text, names[i], &v) && *v.s == '[')
			check_array(text, v, names[i]);
	}
	jv_free(doc);
	return 0;
}
