/*
 * Base64 of RFC 4648, strict: OpenSSL does the work, and what it would let pass
 * is refused before.
 */
#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "lib/base/xalloc.h"
#include "lib/text/base64.h"

char *
base64_encode(const void *p, size_t len)
{
	char	*out = xmalloc((len + 2) / 3 * 4 + 1);

	assert(len <= INT_MAX);
	EVP_EncodeBlock((unsigned char *)out, p, (int)len);
	return out;
}

/* How many characters of the alphabet s begins with. */
static size_t
span(const char *s, size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++)
		if ((s[i] < 'A' || s[i] > 'Z') && (s[i] < 'a' || s[i] > 'z') &&
		    (s[i] < '0' || s[i] > '9') && s[i] != '+' && s[i] != '/')
			break;
	return i;
}

char *
base64_decode(const char *s, size_t n, size_t *len)
{
	unsigned char	*out;
	size_t		 used;
	int		 got;

	if (n % 4 != 0 || n > INT_MAX)
		return NULL;
	/* EVP_DecodeBlock() skips blanks, and takes '=' anywhere for a 0. */
	used = span(s, n);
	if (n - used > 2 || (used < n && s[used] != '=') || (used + 1 < n &&
	    s[used + 1] != '='))
		return NULL;
	out = xmalloc(n / 4 * 3 + 1);
	got = n == 0 ? 0 : EVP_DecodeBlock(out, (const unsigned char *)s,
	    (int)n);
	if (got == -1) {
		free(out);
		return NULL;
	}
	got -= (int)(n - used);
	assert(got >= 0);
	out[got] = '\0';
	*len = (size_t)got;
	return (char *)out;
}
