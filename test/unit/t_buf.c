#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
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

int
main(void)
{
	test_add();
	test_ceiling();
	test_growth();
	return tap_end();
}
