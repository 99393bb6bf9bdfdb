/*
 * A writer of JSON text that knows what is open, so that it can put the commas
 * and can tell a caller that nests wrongly.
 */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/pairs.h"
#include "lib/base/utf8.h"
#include "lib/text/json_out.h"

#define DEPTH_MAX	64		/* bits of json_out.arrays */

void
json_out_init(struct json_out *j, struct buf *b)
{
	memset(j, 0, sizeof(*j));
	j->buf = b;
}

static int
in_array(const struct json_out *j)
{
	return j->depth > 0 && (j->arrays >> (j->depth - 1) & 1) != 0;
}

/* Before each value: may one stand here, and does a comma go before it? */
static void
begin_value(struct json_out *j)
{
	assert(j->named || in_array(j) || (j->depth == 0 && !j->comma));
	if (j->comma)
		buf_addc(j->buf, ',');
	j->named = 0;
	j->comma = 1;
}

static void
begin_nested(struct json_out *j, int array)
{
	begin_value(j);
	assert(j->depth < DEPTH_MAX);
	buf_addc(j->buf, array ? '[' : '{');
	j->arrays &= ~(UINT64_C(1) << j->depth);
	j->arrays |= (uint64_t)array << j->depth;
	j->depth++;
	j->comma = 0;
}

static void
end_nested(struct json_out *j, int array)
{
	assert(j->depth > 0 && in_array(j) == array && !j->named);
	buf_addc(j->buf, array ? ']' : '}');
	j->depth--;
	j->comma = 1;
}

void
json_out_begin_object(struct json_out *j)
{
	begin_nested(j, 0);
}

void
json_out_end_object(struct json_out *j)
{
	end_nested(j, 0);
}

void
json_out_begin_array(struct json_out *j)
{
	begin_nested(j, 1);
}

void
json_out_end_array(struct json_out *j)
{
	end_nested(j, 1);
}

static void
add_escaped(struct buf *b, unsigned char c)
{
	static const char	 plain[] = "\"\\\b\f\n\r\t";
	static const char	*escapes[] = {
		"\\\"", "\\\\", "\\b", "\\f", "\\n", "\\r", "\\t"
	};
	const char		*s;

	if (c != '\0' && (s = strchr(plain, c)) != NULL)
		buf_adds(b, escapes[s - plain]);
	else
		buf_addf(b, "\\u%04x", c);
}

static int
is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '<' &&
	    c != '>' && c != '&';
}

/* A string with its quotes. */
static void
add_quoted(struct buf *b, const char *p, size_t len)
{
	const unsigned char	*s = (const unsigned char *)p;
	unsigned long		 c;
	size_t			 n;

	buf_addc(b, '"');
	while (len > 0) {
		for (n = 0; n < len && is_plain(s[n]); n++)
			;
		if (n > 0) {
			buf_add(b, s, n);
		} else if (*s < 0x80) {
			n = 1;
			add_escaped(b, *s);
		} else if ((n = utf8_decode(s, len, &c)) == 0) {
			n = 1;
			buf_adds(b, "\\ufffd");
		} else if (c == 0x2028 || c == 0x2029) {
			buf_addf(b, "\\u%04lx", c);
		} else {
			buf_add(b, s, n);
		}
		s += n;
		len -= n;
	}
	buf_addc(b, '"');
}

void
json_out_name(struct json_out *j, const char *name)
{
	assert(j->depth > 0 && !in_array(j) && !j->named);
	if (j->comma)
		buf_addc(j->buf, ',');
	add_quoted(j->buf, name, strlen(name));
	buf_addc(j->buf, ':');
	j->comma = 0;
	j->named = 1;
}

void
json_out_string(struct json_out *j, const char *p, size_t len)
{
	begin_value(j);
	add_quoted(j->buf, p, len);
}

void
json_out_str(struct json_out *j, const char *s)
{
	json_out_string(j, s, strlen(s));
}

void
json_out_number(struct json_out *j, int64_t n)
{
	begin_value(j);
	buf_addf(j->buf, "%" PRId64, n);
}

void
json_out_raw(struct json_out *j, const char *json, size_t len)
{
	assert(len > 0);
	begin_value(j);
	buf_add(j->buf, json, len);
}

void
json_out_pairs(struct json_out *j, const struct pairs *p)
{
	size_t	i;

	json_out_begin_object(j);
	for (i = 0; i < p->n; i++)
		json_out_member(j, p->v[i].key, p->v[i].value);
	json_out_end_object(j);
}

void
json_out_member(struct json_out *j, const char *name, const char *value)
{
	json_out_name(j, name);
	json_out_str(j, value);
}

void
json_out_member_number(struct json_out *j, const char *name, int64_t n)
{
	json_out_name(j, name);
	json_out_number(j, n);
}

void
json_out_member_raw(struct json_out *j, const char *name, const char *json)
{
	json_out_name(j, name);
	json_out_raw(j, json, strlen(json));
}
