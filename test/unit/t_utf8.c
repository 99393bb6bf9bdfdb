#include <stdio.h>
#include <string.h>

#include "lib/base/utf8.h"
#include "test/unit/tap.h"

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

/* Go's unicode.IsSpace, character by character. */
static void
test_space(void)
{
	unsigned long	c;
	int		want, good = 1;

	for (c = 0; c <= 0x10ffff; c++) {
		want = (c >= 0x09 && c <= 0x0d) || c == ' ' || c == 0x85 ||
		    c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
		    c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
		    c == 0x3000;
		if (utf8_is_space(c) != want) {
			printf("# U+%04lX\n", c);
			good = 0;
		}
	}
	ok(good, "white space is what Go takes for it");
}

/* What must never reach a terminal as it is; and nothing else. */
static void
test_hidden(void)
{
	static const struct {
		unsigned long	first, last;
	} hidden[] = {
		{ 0x00, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad },
		{ 0x34f, 0x34f }, { 0x61c, 0x61c }, { 0x115f, 0x1160 },
		{ 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x200b, 0x200f },
		{ 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0x2800, 0x2800 },
		{ 0x3164, 0x3164 }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff },
		{ 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0x1bca0, 0x1bca3 },
		{ 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff }
	};
	unsigned long	c;
	size_t		i;
	int		want, good = 1;

	for (c = 0; c <= 0x10ffff; c++) {
		want = 0;
		for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
			want = want || (c >= hidden[i].first &&
			    c <= hidden[i].last);
		if (utf8_is_hidden(c) != want) {
			printf("# U+%04lX\n", c);
			good = 0;
		}
	}
	ok(good, "what is not seen, or steers a terminal");
}

static void
fits(const char *text, int columns, size_t bytes, int want)
{
	int	used = -1;

	is_int((long long)utf8_prefix(text, columns, &used),
	    (long long)bytes);
	is_int(used, want);
}

static void
test_prefix(void)
{
	fits("", 10, 0, 0);
	fits("abc", 0, 0, 0);
	fits("abc", 2, 2, 2);
	fits("abc", 10, 3, 3);
	/* One column in two bytes. */
	fits("\xc3\xa9\xc3\xa9", 1, 2, 1);
	/* Two columns each, and never the half of one. */
	fits("\xe6\xbc\xa2\xe5\xad\x97x", 5, 7, 5);
	fits("\xe6\xbc\xa2\xe5\xad\x97x", 3, 3, 2);
	fits("\xe6\xbc\xa2\xe5\xad\x97x", 1, 0, 0);
	/* A combining accent goes with its letter. */
	fits("e\xcc\x81x", 1, 3, 1);
	/* Broken text ends there. */
	fits("ab\xff" "cd", 10, 2, 2);
	fits("ab\xe6\xbc", 10, 2, 2);
}

static void
one_line(const char *text, size_t size, const char *want)
{
	char	out[100];

	memset(out, '#', sizeof(out));
	utf8_one_line(out, size, text, strlen(text));
	is_str(out, want);
	ok(out[size] == '#', "nothing after %zu bytes", size);
}

static void
test_one_line(void)
{
	one_line("", 50, "");
	one_line("abc", 50, "abc");
	one_line(" \t a\r\n\n b\f", 50, "a b");
	one_line(" \n", 50, "");
	one_line("a\x1b[1mb\xe2\x80\xae" "c\xff" "d", 50, "a[1mbcd");
	one_line("a \x07 b", 50, "a b");
	one_line("\xc2\xa0\xc3\xa9\xe2\x80\xa8x", 50, "\xc3\xa9 x");
	one_line("abc", 4, "abc");
	one_line("abc", 3, "ab");
	one_line("abc", 1, "");
	one_line("a\xc3\xa9", 3, "a");
	one_line("a b", 3, "a");
}

int
main(void)
{
	test_one_line();
	test_decode();
	test_round_trip();
	test_valid();
	test_space();
	test_hidden();
	test_prefix();
	return tap_end();
}
