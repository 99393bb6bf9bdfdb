/*
 * Header fields of an answer: under Link, Location, Content-Range and all the
 * others.  No value has a line break in it, or blanks around it.
 */
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/limits.h"
#include "lib/http/http.h"
#include "test/fuzz/fuzz.h"

static const char *const names[] = {
	"Link", "Location", "Content-Range", "WWW-Authenticate", "a"
};

static int
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void
check_value(const char *v, size_t size)
{
	size_t	n = strlen(v);

	must(n < size);
	must(v[strcspn(v, "\r\n")] == '\0');
	must(n == 0 || (!is_blank(v[0]) && !is_blank(v[n - 1])));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_call	 c;
	char			*v;
	size_t			 i, nth;

	http_call_init(&c);
	if (buf_add(&c.head, data, size) == 0)
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			for (nth = 0; (v = http_header(&c, names[i],
			    nth)) != NULL; nth++)
				check_value(v, size);
	http_call_clear(&c);
	return 0;
}
