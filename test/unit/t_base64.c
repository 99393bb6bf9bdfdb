#include <stdlib.h>
#include <string.h>

#include "lib/text/base64.h"
#include "test/unit/tap.h"

static void
both(const char *bytes, const char *text)
{
	char	*s;
	size_t	 n = 99;

	s = base64_encode(bytes, strlen(bytes));
	is_str(s, text);
	free(s);
	s = base64_decode(text, strlen(text), &n);
	is_str(s, bytes);
	is_int((long long)n, (long long)strlen(bytes));
	free(s);
}

static void
bad_n(const char *text, size_t len)
{
	char	*copy = malloc(len > 0 ? len : 1), *s;
	size_t	 n = 99;

	memcpy(copy, text, len);
	s = base64_decode(copy, len, &n);
	ok(s == NULL, "refused: %s", text);
	free(s);
	free(copy);
}

#define bad(text)	bad_n((text), sizeof(text) - 1)

/* Every length and every byte there and back. */
static void
test_all(void)
{
	char	bytes[300], *s, *t;
	size_t	i, n = 0, good = 0;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7);
	for (i = 0; i <= sizeof(bytes); i++) {
		s = base64_encode(bytes, i);
		t = base64_decode(s, strlen(s), &n);
		good += t != NULL && n == i && memcmp(t, bytes, n) == 0 &&
		    t[n] == '\0' && strlen(s) == (i + 2) / 3 * 4;
		free(s);
		free(t);
	}
	is_int((long long)good, sizeof(bytes) + 1);
}

int
main(void)
{
	/* RFC 4648 §10. */
	both("", "");
	both("f", "Zg==");
	both("fo", "Zm8=");
	both("foo", "Zm9v");
	both("foob", "Zm9vYg==");
	both("fooba", "Zm9vYmE=");
	both("foobar", "Zm9vYmFy");
	both("\xfb\xff\xfe", "+//+");
	test_all();
	bad("Zg");
	bad("Zg=");
	bad("Z");
	bad("Z===");
	bad("====");
	bad("=");
	bad("Zm9v=");
	bad("Zg==Zg==");
	bad("Zm=v");
	bad("Z=9v");
	bad("=m9v");
	bad("Zm9vY=Fy");
	bad(" Zm9");
	bad("Zm9 ");
	bad("Zm9v\n");
	bad("Zm9\n");
	bad("\nZm9");
	bad("Zm\n9vYm");
	bad("Zm9vYm\n\n");
	bad("Zm9v\r\n\r\n");
	bad("Zm9-");
	bad("-m9v");
	bad("Zm9-Zm9v");
	bad("_-_-");
	bad("Zm9vYm9-");
	bad("Zm9!");
	bad("Zm9\xff");
	bad("Zm\0v");
	bad("\0\0\0\0");
	bad("Zm9\0");
	bad("\0m9v");
	return tap_end();
}
