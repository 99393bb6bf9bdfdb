#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "lib/base64.h"
#include "lib/xalloc.h"

char *
base64_encode(const void *p, size_t len)
{
	char	*out = xmalloc((len + 2) / 3 * 4 + 1);

	EVP_EncodeBlock((unsigned char *)out, p, (int)len);
	return out;
}

char *
base64_decode(const char *s, size_t n, size_t *len)
{
	unsigned char	*out;
	int		 got;

	/* EVP_DecodeBlock() would skip blanks at both ends. */
	if (n % 4 != 0 || n > INT_MAX || (n > 0 && (strchr(" \t\r\n", s[0]) ||
	    strchr(" \t\r\n-", s[n - 1]))))
		return NULL;
	out = xmalloc(n / 4 * 3 + 1);
	got = n == 0 ? 0 : EVP_DecodeBlock(out, (const unsigned char *)s,
	    (int)n);
	if (got == -1) {
		free(out);
		return NULL;
	}
	if (n > 0 && s[n - 1] == '=')
		got--;
	if (n > 1 && s[n - 2] == '=')
		got--;
	out[got] = '\0';
	*len = (size_t)got;
	return (char *)out;
}
