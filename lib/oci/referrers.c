/* The names of the referrers tag scheme. */
#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "lib/oci/referrers.h"

void
referrers_tag(const char *digest, char out[REFERRERS_TAG_MAX])
{
	size_t	alg = strcspn(digest, ":"), hex, i, n;

	assert(digest[alg] == ':');
	n = alg > 32 ? 32 : alg;
	memcpy(out, digest, n);
	out[n++] = '-';
	hex = strlen(digest + alg + 1);
	if (hex > 64)
		hex = 64;
	memcpy(out + n, digest + alg + 1, hex);
	out[n + hex] = '\0';
	for (i = 0; out[i] != '\0'; i++)
		if (!isalnum((unsigned char)out[i]) &&
		    strchr("._-", out[i]) == NULL)
			out[i] = '-';
}

int
referrers_is_tag(const char *tag)
{
	static const char *const algs[] = { "sha256-", "sha384-", "sha512-" };
	size_t			 i, n;

	for (i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
		n = strlen(algs[i]);
		if (strncmp(tag, algs[i], n) == 0)
			return strspn(tag + n, "0123456789abcdef") == 64 &&
			    tag[n + 64] == '\0';
	}
	return 0;
}
