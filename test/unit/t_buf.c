#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/utf8.h"
#include "test/unit/tap.h"

static void
test_add(void)
{
	struct buf	b;
	char		*s;

	buf_init(&b, 1000);
	ok(b.data == NULL && b.len == 0, "empty");
	is_int(buf_adds(&b, "ab"), 0);
	is_int(buf_addc(&b, 'c'), 0);
	is_int(buf_addf(&b, "%d-%s", 42, "x"), 0);
	is_int(buf_add(&b, "", 0), 0);
	is_int(buf_add(&b, NULL, 0), 0);
	is_str(b.data, "abc42-x");
	is_int((long long)b.len, 7);
	is_int(buf_add(&b, "\0z", 2), 0);
	is_int((long long)b.len, 9);
	ok(memcmp(b.data, "abc42-x\0z", 10) == 0, "NUL inside");
	buf_drop(&b, 0);
	buf_drop(&b, 3);
	is_int((long long)b.len, 6);
	is_str(b.data, "42-x");
	buf_drop(&b, 6);
	is_int((long long)b.len, 0);
	is_str(b.data, "");
	buf_adds(&b, "new");
	buf_reset(&b);
	is_int((long long)b.len, 0);
	is_str(b.data, "");
	buf_adds(&b, "again");
	s = buf_detach(&b);
	is_str(s, "again");
	free(s);
	ok(b.data == NULL && b.len == 0 && b.max == 1000, "handed over");
	s = buf_detach(&b);
	is_str(s, "");
	free(s);
	buf_drop(&b, 0);
	buf_reset(&b);
	buf_clear(&b);
	buf_clear(&b);
	ok(b.data == NULL, "clear twice");
	is_int(buf_add(&b, "", 0), 0);
	is_str(b.data, "");
	buf_clear(&b);
}

static void
test_ceiling(void)
{
	struct buf	b;

	buf_init(&b, 5);
	is_int(buf_adds(&b, "123456"), -1);
	ok(b.len == 0 && buf_is_full(&b), "nothing was added");
	/* A smaller piece does not take the place of the one that was refused. */
	is_int(buf_adds(&b, "1"), -1);
	is_int(buf_add(&b, NULL, 0), -1);
	buf_clear(&b);
	ok(!buf_is_full(&b), "cleared");
	is_int(buf_adds(&b, "123"), 0);
	is_int(buf_addf(&b, "%s", "456"), -1);
	is_int(buf_addc(&b, '4'), -1);
	is_str(b.data, "123");
	buf_truncate(&b, 2);
	is_str(b.data, "12");
	is_int(buf_addf(&b, "%s", "345"), 0);
	is_str(b.data, "12345");
	is_int(buf_add(&b, NULL, 0), 0);
	ok(!buf_is_full(&b), "exactly the ceiling");
	is_int(buf_addc(&b, '6'), -1);
	buf_drop(&b, 1);
	is_int(buf_addc(&b, '6'), 0);
	is_str(b.data, "23456");
	is_int(buf_add(&b, "x", SIZE_MAX), -1);
	buf_reset(&b);
	is_int(buf_add(&b, "x", SIZE_MAX - 4), -1);
	buf_reset(&b);
	is_int(buf_addc(&b, 'x'), 0);
	buf_clear(&b);

	buf_init(&b, 0);
	is_int(buf_adds(&b, ""), 0);
	is_str(b.data, "");
	is_int(buf_addc(&b, 'x'), -1);
	buf_clear(&b);
}

/* Sizes around those at which the memory grows. */
static void
test_growth(void)
{
	struct buf	b;
	size_t		n, i;
	int		good = 1;

	for (n = 0; n < 600; n++) {
		buf_init(&b, n);
		for (i = 0; i < n; i++)
			if (buf_addc(&b, (char)('a' + i % 26)) == -1)
				good = 0;
		if (buf_addc(&b, 'x') != -1 || b.len != n)
			good = 0;
		for (i = 0; i < n; i++)
			if (b.data[i] != (char)('a' + i % 26))
				good = 0;
		if (n > 0 && b.data[n] != '\0')
			good = 0;
		buf_clear(&b);
	}
	ok(good, "every ceiling up to 600");
}

static void
decodes(const char *s, size_t len, size_t want, unsigned long code)
{
	unsigned long	c = 0;

	is_int((long long)utf8_decode((const unsigned char *)s, len, &c),
	    (long long)want);
	if (want > 0)
		is_int((long long)c, (long long)code);
}

static void
test_decode(void)
{
	decodes("a", 1, 1, 'a');
	decodes("\0", 1, 1, 0);
	decodes("\x7f", 1, 1, 0x7f);
	decodes("\xc2\x80", 2, 2, 0x80);
	decodes("\xdf\xbf", 2, 2, 0x7ff);
	decodes("\xe0\xa0\x80", 3, 3, 0x800);
	decodes("\xed\x9f\xbf", 3, 3, 0xd7ff);
	decodes("\xee\x80\x80", 3, 3, 0xe000);
	decodes("\xef\xbf\xbf", 3, 3, 0xffff);
	decodes("\xf0\x90\x80\x80", 4, 4, 0x10000);
	decodes("\xf4\x8f\xbf\xbf", 4, 4, 0x10ffff);
	decodes("\xc3\xa9xyz", 5, 2, 0xe9);

	decodes("\x80", 1, 0, 0);
	decodes("\xbf", 1, 0, 0);
	decodes("\xc0\x80", 2, 0, 0);
	decodes("\xc1\xbf", 2, 0, 0);
	decodes("\xe0\x9f\xbf", 3, 0, 0);
	decodes("\xf0\x8f\xbf\xbf", 4, 0, 0);
	decodes("\xed\xa0\x80", 3, 0, 0);
	decodes("\xed\xbf\xbf", 3, 0, 0);
	decodes("\xf4\x90\x80\x80", 4, 0, 0);
	decodes("\xf5\x80\x80\x80", 4, 0, 0);
	decodes("\xf8\x88\x80\x80\x80", 5, 0, 0);
	decodes("\xfe", 1, 0, 0);
	decodes("\xff", 1, 0, 0);
	decodes("\xc3", 1, 0, 0);
	decodes("\xc3\x28", 2, 0, 0);
	decodes("\xe2\x82", 2, 0, 0);
	decodes("\xe2\x28\xa1", 3, 0, 0);
	decodes("\xe2\x82\x28", 3, 0, 0);
	decodes("\xf0\x9f\x92", 3, 0, 0);
	decodes("\xf0\x9f\x92\x28", 4, 0, 0);
}

/* Each code point, written by the definition and read back. */
static void
test_round_trip(void)
{
	unsigned char	s[4];
	unsigned long	c, got;
	size_t		n;
	int		good = 1;

	for (c = 0; c <= 0x110010; c++) {
		if (c < 0x80) {
			n = 1;
			s[0] = (unsigned char)c;
		} else if (c < 0x800) {
			n = 2;
			s[0] = (unsigned char)(0xc0 | c >> 6);
		} else if (c < 0x10000) {
			n = 3;
			s[0] = (unsigned char)(0xe0 | c >> 12);
			s[1] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
		} else {
			n = 4;
			s[0] = (unsigned char)(0xf0 | c >> 18);
			s[1] = (unsigned char)(0x80 | (c >> 12 & 0x3f));
			s[2] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
		}
		if (n > 1)
			s[n - 1] = (unsigned char)(0x80 | (c & 0x3f));
		got = c + 1;
		if ((c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
			good = good && utf8_decode(s, n, &got) == 0;
		else
			good = good && utf8_decode(s, n, &got) == n &&
			    got == c;
		if (n > 1)
			good = good && utf8_decode(s, n - 1, &got) == 0;
	}
	ok(good, "every code point");
}

static void
test_valid(void)
{
	is_int(utf8_valid("", 0), 1);
	is_int(utf8_valid(NULL, 0), 1);
	is_int(utf8_valid("abc", 3), 1);
	is_int(utf8_valid("a\0b", 3), 1);
	is_int(utf8_valid("\xc3\xa9\xe2\x82\xac\xf0\x9f\x92\xa9", 9), 1);
	is_int(utf8_valid("\xc3\xa9\xe2\x82\xac\xf0\x9f\x92\xa9", 8), 0);
	is_int(utf8_valid("abc\xff", 4), 0);
	is_int(utf8_valid("\xff" "abc", 4), 0);
	is_int(utf8_valid("a\xed\xa0\x80z", 5), 0);
	is_int(utf8_valid("\xef\xbb\xbfz", 4), 1);
}

int
main(void)
{
	test_add();
	test_ceiling();
	test_growth();
	test_decode();
	test_round_trip();
	test_valid();
	return tap_end();
}
