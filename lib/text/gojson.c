#include <inttypes.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/pairs.h"
#include "lib/base/utf8.h"
#include "lib/text/gojson.h"

static int
escaped(struct buf *b, unsigned char c)
{
	switch (c) {
	case '"':
		return buf_adds(b, "\\\"");
	case '\\':
		return buf_adds(b, "\\\\");
	case '\b':
		return buf_adds(b, "\\b");
	case '\f':
		return buf_adds(b, "\\f");
	case '\n':
		return buf_adds(b, "\\n");
	case '\r':
		return buf_adds(b, "\\r");
	case '\t':
		return buf_adds(b, "\\t");
	}
	return buf_addf(b, "\\u%04x", c);
}

static int
is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '<' &&
	    c != '>' && c != '&';
}

int
gojson_string(struct buf *b, const char *p, size_t len)
{
	const unsigned char	*s = (const unsigned char *)p;
	unsigned long		 c;
	size_t			 n;
	int			 rc;

	if (buf_addc(b, '"') == -1)
		return -1;
	while (len > 0) {
		for (n = 0; n < len && is_plain(s[n]); n++)
			;
		if (n > 0) {
			rc = buf_add(b, s, n);
		} else if (*s < 0x80) {
			n = 1;
			rc = escaped(b, *s);
		} else if ((n = utf8_decode(s, len, &c)) == 0) {
			n = 1;
			rc = buf_adds(b, "\\ufffd");
		} else if (c == 0x2028 || c == 0x2029) {
			rc = buf_addf(b, "\\u%04lx", c);
		} else {
			rc = buf_add(b, s, n);
		}
		if (rc == -1)
			return -1;
		s += n;
		len -= n;
	}
	return buf_addc(b, '"');
}

int
gojson_str(struct buf *b, const char *s)
{
	return gojson_string(b, s, strlen(s));
}

int
gojson_name(struct buf *b, const char *name)
{
	if (b->len > 0 && b->data[b->len - 1] != '{' &&
	    b->data[b->len - 1] != '[' && buf_addc(b, ',') == -1)
		return -1;
	if (gojson_str(b, name) == -1)
		return -1;
	return buf_addc(b, ':');
}

int
gojson_member(struct buf *b, const char *name, const char *value)
{
	if (gojson_name(b, name) == -1)
		return -1;
	return gojson_str(b, value);
}

int
gojson_number(struct buf *b, const char *name, int64_t value)
{
	if (gojson_name(b, name) == -1)
		return -1;
	return buf_addf(b, "%" PRId64, value);
}

int
gojson_pairs(struct buf *b, const struct pairs *p)
{
	size_t	i;

	if (buf_addc(b, '{') == -1)
		return -1;
	for (i = 0; i < p->n; i++)
		if (gojson_member(b, p->v[i].key, p->v[i].value) == -1)
			return -1;
	return buf_addc(b, '}');
}
