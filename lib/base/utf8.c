/*
 * UTF-8 from outside: decoding, and what Unicode says of a character.  The
 * tables are those of libunistring.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include <unictype.h>
#include <unistr.h>
#include <uniwidth.h>

#include "lib/base/utf8.h"

size_t
utf8_decode(const unsigned char *s, size_t len, unsigned long *c)
{
	ucs4_t	uc;
	int	n;

	assert(len > 0);
	if ((n = u8_mbtoucr(&uc, s, len)) <= 0)
		return 0;
	*c = uc;
	return (size_t)n;
}

int
utf8_valid(const void *p, size_t len)
{
	return u8_check(p, len) == NULL;
}

int
utf8_is_space(unsigned long c)
{
	return uc_is_property_white_space((ucs4_t)c);
}

int
utf8_is_hidden(unsigned long c)
{
	ucs4_t	uc = (ucs4_t)c;

	return uc_is_general_category_withtable(uc, UC_CATEGORY_MASK_Cc |
	    UC_CATEGORY_MASK_Zl | UC_CATEGORY_MASK_Zp) ||
	    uc_is_property_bidi_control(uc) ||
	    uc_is_property_default_ignorable_code_point(uc) ||
	    (c >= 0xfff9 && c <= 0xfffb) ||	/* interlinear annotations */
	    c == 0x2800;		/* a Braille cell without dots */
}

void
utf8_one_line(char *out, size_t size, const char *text, size_t len)
{
	const unsigned char	*s = (const unsigned char *)text;
	unsigned long		 c;
	size_t			 n, o = 0;
	int			 blank = 0;

	assert(size > 0);
	for (; len > 0; s += n, len -= n) {
		if ((n = utf8_decode(s, len, &c)) == 0) {
			n = 1;
			continue;
		}
		if (utf8_is_space(c))
			blank = o > 0;
		if (utf8_is_space(c) || utf8_is_hidden(c))
			continue;
		if (o + (size_t)blank + n >= size)
			break;
		if (blank)
			out[o++] = ' ';
		blank = 0;
		memcpy(out + o, s, n);
		o += n;
	}
	out[o] = '\0';
}

size_t
utf8_prefix(const char *text, int columns, int *used)
{
	const uint8_t	*s = (const uint8_t *)text, *start = s;
	ucs4_t		 c;
	int		 n, w;

	*used = 0;
	while ((n = u8_strmbtouc(&c, s)) > 0) {
		/* A control character has no width; none should come here. */
		if ((w = uc_width(c, "UTF-8")) < 0)
			w = 0;
		if (*used + w > columns)
			break;
		*used += w;
		s += n;
	}
	return (size_t)(s - start);
}
