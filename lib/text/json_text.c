/*
 * Finding the parts of a JSON text and splicing others in.  The scan trusts the
 * text to be JSON: json_check() has seen it.
 */
#include <assert.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/xalloc.h"
#include "lib/text/json.h"
#include "lib/text/json_out.h"
#include "lib/text/json_text.h"

/* Where the members of an object are read. */
struct members {
	const char		*at;	/* after the one that was read last */
	const char		*end;	/* of the text */
	struct json_span	 name;	/* with its quotes */
	struct json_span	 value;
};

static int
is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* Skip blanks, and what else is in set; never past the end. */
static const char *
skip(const char *s, const char *end, const char *set)
{
	while (s < end && is_one_of(*s, set))
		s++;
	return s;
}

static const char *
string_end(const char *s, const char *end)
{
	assert(s < end && *s == '"');
	for (s++; ; s++) {
		assert(s < end);
		if (*s == '"')
			return s + 1;
		if (*s == '\\')
			s++;
	}
}

/* The end of the value that begins here. */
static const char *
value_end(const char *s, const char *end)
{
	int	depth = 0;

	assert(s < end);
	if (!is_one_of(*s, "{[\"")) {
		while (s < end && !is_one_of(*s, ",]} \t\r\n"))
			s++;
		return s;
	}
	do {
		assert(s < end);
		if (*s == '"') {
			s = string_end(s, end);
			continue;
		}
		if (*s == '{' || *s == '[')
			depth++;
		else if (*s == '}' || *s == ']')
			depth--;
		s++;
	} while (depth > 0);
	return s;
}

/* 1 at the first member of an object, 0 if the text is not an object. */
static int
members_begin(struct members *m, struct json_span text)
{
	m->end = text.s + text.len;
	m->at = skip(text.s, m->end, " \t\r\n");
	if (m->at == m->end || *m->at != '{')
		return 0;
	m->at++;
	return 1;
}

/* Read a member; 0 at the end of the object, where at is the brace. */
static int
members_next(struct members *m)
{
	const char	*s = skip(m->at, m->end, ", \t\r\n");

	assert(s < m->end);
	if (*s == '}') {
		m->at = s;
		return 0;
	}
	m->name.s = s;
	s = string_end(s, m->end);
	m->name.len = (size_t)(s - m->name.s);
	s = skip(s, m->end, ": \t\r\n");
	m->value.s = s;
	m->at = value_end(s, m->end);
	m->value.len = (size_t)(m->at - s);
	return 1;
}

/* Does the member have that name, escapes in it read as what they mean? */
static int
is_named(const struct members *m, const char *name)
{
	static const struct json_limits limits = { 1, 1, JSON_PLAIN };
	struct err	 err = ERR_INIT;
	size_t		 len = strlen(name);
	jv		 text;
	int		 same;

	if (memchr(m->name.s, '\\', m->name.len) == NULL)
		return m->name.len == len + 2 &&
		    memcmp(m->name.s + 1, name, len) == 0;
	if (json_parse(m->name.s, m->name.len, &limits, &text, &err) == -1)
		return 0;
	assert(jv_get_kind(text) == JV_KIND_STRING);
	same = (size_t)jv_string_length_bytes(jv_copy(text)) == len &&
	    memcmp(jv_string_value(text), name, len) == 0;
	jv_free(text);
	return same;
}

int
json_text_member(struct json_span text, const char *name,
    struct json_span *value)
{
	struct members	m;
	int		found = 0;

	if (!members_begin(&m, text))
		return 0;
	while (members_next(&m))
		if (is_named(&m, name)) {
			*value = m.value;
			found = 1;
		}
	return found;
}

int
json_text_next(struct json_span text, struct json_span *element)
{
	const char	*end = text.s + text.len, *s;

	if (element->s != NULL) {
		s = element->s + element->len;
	} else {
		s = skip(text.s, end, " \t\r\n");
		if (s == end || *s++ != '[')
			return 0;
	}
	s = skip(s, end, ", \t\r\n");
	assert(s < end);
	if (*s == ']')
		return 0;
	element->s = s;
	element->len = (size_t)(value_end(s, end) - s);
	return 1;
}

/*
 * Copy an object up to its closing brace, which is returned, without the
 * members of a name.  *kept counts the others.
 */
static const char *
copy_members(struct json_span text, const char *name, struct buf *out,
    size_t *kept)
{
	struct members	 m;
	const char	*from = text.s;	/* not copied yet */
	const char	*last;		/* end of the last one kept */
	int		 is_object = members_begin(&m, text);

	assert(is_object);
	(void)is_object;
	*kept = 0;
	for (last = m.at; members_next(&m); ) {
		if (!is_named(&m, name)) {
			last = m.at;
			(*kept)++;
			continue;
		}
		if (last > from)
			buf_add(out, from, (size_t)(last - from));
		from = m.at;
		/* The first one takes the comma after it along. */
		if (*kept == 0) {
			from = skip(from, m.end, " \t\r\n");
			if (*from == ',')
				from++;
			else
				from = m.at;
		}
	}
	buf_add(out, from, (size_t)(m.at - from));
	return m.at;
}

void
json_text_drop(struct json_span text, const char *name, struct buf *out)
{
	const char	*brace;
	size_t		 kept;

	brace = copy_members(text, name, out, &kept);
	buf_add(out, brace, (size_t)(text.s + text.len - brace));
}

void
json_text_set(struct json_span text, const char *name, const char *json,
    struct buf *out)
{
	struct json_out	j;
	size_t		kept;

	copy_members(text, name, out, &kept);
	if (kept > 0)
		buf_addc(out, ',');
	json_out_init(&j, out);
	json_out_str(&j, name);
	buf_addc(out, ':');
	buf_adds(out, json);
	buf_addc(out, '}');
}

void
json_text_append(struct json_span text, struct json_span array,
    struct json_span element, struct buf *out)
{
	struct json_span	 first = { NULL, 0 };
	const char		*bracket = array.s + array.len - 1;

	assert(array.s >= text.s && bracket < text.s + text.len);
	assert(*array.s == '[' && *bracket == ']');
	buf_add(out, text.s, (size_t)(bracket - text.s));
	if (json_text_next(array, &first))
		buf_addc(out, ',');
	buf_add(out, element.s, element.len);
	buf_add(out, bracket, (size_t)(text.s + text.len - bracket));
}

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

char *
json_text_string(struct json_span text, const char *name)
{
	struct json_span	value;

	return json_text_member(text, name, &value) ? span_string(value) :
	    NULL;
}

size_t
json_text_count(struct json_span array)
{
	struct json_span	element = { NULL, 0 };
	size_t			n = 0;

	while (json_text_next(array, &element))
		n++;
	return n;
}
