/*
 * OpenSSL's newer interface does not give the state of an unfinished digest
 * away, and an upload that goes on after a kill needs it.  The older one does,
 * and its functions are only discouraged, not gone.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/oci/digest.h"

/* How much of a text that is not a digest goes into a message. */
#define SHOWN_MAX	160

static const struct algorithm {
	const char	*prefix;	/* with its colon */
	size_t		 hexlen;
} algorithms[] = {
	{ "sha256:", 2 * SHA256_DIGEST_LENGTH },
	{ "sha384:", 2 * SHA384_DIGEST_LENGTH },
	{ "sha512:", 2 * SHA512_DIGEST_LENGTH },
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

/* The digits of an algorithm that we know: their number and their case. */
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

int
digest_contradicts(const char *said, const char *digest)
{
	return said != NULL && strcmp(said, digest) != 0 &&
	    strncmp(said, digest, strcspn(digest, ":") + 1) == 0;
}

/* Only digests that digest_check() passed get here. */
static const struct algorithm *
must_find(const char *digest)
{
	const struct algorithm	*a = find_algorithm(digest);

	assert(a != NULL);
	return a;
}

static int
is_sha256(const struct algorithm *a)
{
	return a->hexlen == 2 * SHA256_DIGEST_LENGTH;
}

static void
must(int good)
{
	if (!good)
		log_die(EXIT_STOPPED, "OpenSSL cannot compute digests");
}

void
digester_init(struct digester *d, const char *digest)
{
	const struct algorithm	*a = must_find(digest);

	memset(d, 0, sizeof(*d));
	d->algorithm = a;
	if (is_sha256(a))
		must(SHA256_Init(&d->state.sha256));
	else if (a->hexlen == 2 * SHA384_DIGEST_LENGTH)
		must(SHA384_Init(&d->state.sha512));
	else
		must(SHA512_Init(&d->state.sha512));
}

void
digester_add(struct digester *d, const void *p, size_t n)
{
	if (n == 0)
		return;
	if (is_sha256(d->algorithm))
		must(SHA256_Update(&d->state.sha256, p, n));
	else
		must(SHA512_Update(&d->state.sha512, p, n));
}

static void
put_hex(char *out, const void *p, size_t n)
{
	static const char	 hex[] = "0123456789abcdef";
	const unsigned char	*s = p;

	for (; n > 0; n--, s++) {
		*out++ = hex[*s >> 4];
		*out++ = hex[*s & 15];
	}
	*out = '\0';
}

void
digester_end(struct digester *d, char *out)
{
	const struct algorithm	*a = d->algorithm;
	unsigned char		 sum[SHA512_DIGEST_LENGTH];

	/* Both know how long their digest is: that of sha384 is cut. */
	if (is_sha256(a))
		must(SHA256_Final(sum, &d->state.sha256));
	else
		must(SHA512_Final(sum, &d->state.sha512));
	memcpy(out, a->prefix, strlen(a->prefix));
	put_hex(out + strlen(a->prefix), sum, a->hexlen / 2);
}

static size_t
size_of_state(const struct digester *d)
{
	return is_sha256(d->algorithm) ? sizeof(SHA256_CTX) :
	    sizeof(SHA512_CTX);
}

char *
digester_save(const struct digester *d)
{
	size_t	 n = size_of_state(d);
	char	*text = xmalloc(2 * n + 1);

	put_hex(text, &d->state, n);
	return text;
}

/* Read n bytes; 0 if the text has other digits, or more or fewer. */
static int
get_hex(void *p, size_t n, const char *text)
{
	static const char	 hex[] = "0123456789abcdef";
	unsigned char		*out = p;
	const char		*high, *low;

	if (strlen(text) != 2 * n)
		return 0;
	for (; n > 0; n--, text += 2) {
		if ((high = strchr(hex, text[0])) == NULL ||
		    (low = strchr(hex, text[1])) == NULL)
			return 0;
		*out++ = (unsigned char)((high - hex) << 4 | (low - hex));
	}
	return 1;
}

/* What it says of itself must be what we know of it. */
static int
is_state_of(const struct digester *d, const struct digester *fresh,
    int64_t bytes)
{
	const SHA256_CTX	*s = &d->state.sha256;
	const SHA512_CTX	*l = &d->state.sha512;

	if (is_sha256(d->algorithm))
		return s->md_len == fresh->state.sha256.md_len &&
		    s->num == (uint64_t)bytes % SHA256_CBLOCK &&
		    ((uint64_t)s->Nh << 32 | s->Nl) == (uint64_t)bytes * 8;
	return l->md_len == fresh->state.sha512.md_len &&
	    l->num == (uint64_t)bytes % SHA512_CBLOCK && l->Nh == 0 &&
	    l->Nl == (uint64_t)bytes * 8;
}

int
digester_load(struct digester *d, const char *digest, const char *text,
    int64_t bytes)
{
	struct digester	fresh;

	digester_init(&fresh, digest);
	*d = fresh;
	if (get_hex(&d->state, size_of_state(d), text) &&
	    is_state_of(d, &fresh, bytes))
		return 1;
	*d = fresh;
	return 0;
}

void
digest_of(const char *like, const void *p, size_t n, char *out)
{
	struct digester	d;

	digester_init(&d, like);
	digester_add(&d, p, n);
	digester_end(&d, out);
}
