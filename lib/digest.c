#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "lib/digest.h"
#include "lib/errmsg.h"
#include "lib/exits.h"
#include "lib/log.h"

/* So much of a text that is no digest goes into a message. */
#define SHOWN_MAX	160

static const struct algorithm {
	const char	*prefix;	/* with its colon */
	size_t		 hexlen;
	const EVP_MD	*(*md)(void);
} algorithms[] = {
	{ "sha256:", 64, EVP_sha256 },
	{ "sha384:", 96, EVP_sha384 },
	{ "sha512:", 128, EVP_sha512 },
};

static const struct algorithm *
find_algorithm(const char *digest)
{
	const struct algorithm	*a;
	size_t			 i;

	for (i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		a = &algorithms[i];
		if (strncmp(digest, a->prefix, strlen(a->prefix)) == 0)
			return a;
	}
	return NULL;
}

static int
is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static int
is_encoded(char c)
{
	return is_lower_alnum(c) || (c >= 'A' && c <= 'Z') ||
	    c == '=' || c == '_' || c == '-';
}

/* Has it the shape that descriptor.md gives to any algorithm's digest? */
static int
has_shape(const char *s)
{
	for (;;) {
		if (!is_lower_alnum(*s))
			return 0;
		while (is_lower_alnum(*s))
			s++;
		if (*s == ':')
			break;
		if (*s == '\0' || strchr("+._-", *s) == NULL)
			return 0;
		s++;
	}
	s++;
	if (*s == '\0')
		return 0;
	while (is_encoded(*s))
		s++;
	return *s == '\0';
}

static int
check_hex(const struct algorithm *a, const char *digest, struct err *err)
{
	const char	*hex = digest + strlen(a->prefix);
	size_t		 n;

	n = strspn(hex, "0123456789abcdef");
	if (n == a->hexlen && hex[n] == '\0')
		return 0;
	if (hex[n] != '\0' && strchr("ABCDEF", hex[n]) != NULL)
		return err_set(err, ERR_CONTENT,
		    "bad digest \"%.*s\": its hexadecimal digits must be lower "
		    "case", SHOWN_MAX, digest);
	return err_set(err, ERR_CONTENT,
	    "bad digest \"%.*s\": %s must be followed by exactly %zu "
	    "lower-case hexadecimal digits", SHOWN_MAX, digest, a->prefix,
	    a->hexlen);
}

int
digest_check(const char *digest, struct err *err)
{
	const struct algorithm	*a;

	if (*digest == '\0')
		return err_set(err, ERR_CONTENT, "empty digest");
	if ((a = find_algorithm(digest)) != NULL)
		return check_hex(a, digest, err);
	if (has_shape(digest))
		return err_set(err, ERR_UNSUPPORTED,
		    "digest \"%.*s\" is of an algorithm that cannot be "
		    "verified; known are sha256, sha384 and sha512", SHOWN_MAX,
		    digest);
	return err_set(err, ERR_CONTENT,
	    "bad digest \"%.*s\": it must be sha256: and 64 lower-case "
	    "hexadecimal digits", SHOWN_MAX, digest);
}

/* The library fails here only without memory or without the algorithm. */
static void
must(int good)
{
	if (!good)
		log_die(EXIT_STOPPED, "cannot compute digests: no memory, or "
		    "the algorithm is disabled in OpenSSL");
}

/* Only digests that digest_check() passed get here. */
static const struct algorithm *
must_find(const char *digest)
{
	const struct algorithm	*a;

	if ((a = find_algorithm(digest)) == NULL)
		abort();
	return a;
}

void
digester_init(struct digester *d, const char *digest)
{
	const struct algorithm	*a = must_find(digest);

	d->ctx = EVP_MD_CTX_new();
	must(d->ctx != NULL);
	must(EVP_DigestInit_ex(d->ctx, a->md(), NULL));
}

void
digester_add(struct digester *d, const void *p, size_t n)
{
	if (n > 0)
		must(EVP_DigestUpdate(d->ctx, p, n));
}

void
digester_end(struct digester *d, const char *digest, char *out)
{
	static const char	 hex[] = "0123456789abcdef";
	const struct algorithm	*a = must_find(digest);
	unsigned char		 sum[EVP_MAX_MD_SIZE];
	unsigned int		 i, n;

	must(EVP_DigestFinal_ex(d->ctx, sum, &n));
	digester_clear(d);
	if (n * 2 != a->hexlen)
		abort();
	memcpy(out, a->prefix, strlen(a->prefix));
	out += strlen(a->prefix);
	for (i = 0; i < n; i++) {
		*out++ = hex[sum[i] >> 4];
		*out++ = hex[sum[i] & 15];
	}
	*out = '\0';
}

void
digester_clear(struct digester *d)
{
	EVP_MD_CTX_free(d->ctx);
	d->ctx = NULL;
}

void
digest_of(const char *like, const void *p, size_t n, char *out)
{
	struct digester	d;

	digester_init(&d, like);
	digester_add(&d, p, n);
	digester_end(&d, like, out);
}
