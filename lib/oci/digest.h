#ifndef ACEDT_DIGEST_H
#define ACEDT_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/sha.h>

struct algorithm;
struct err;

/*
 * Digests of image-spec descriptor.md: "sha256:" and 64, "sha512:" and 128
 * (sha384: 96) lower-case hexadecimal digits.  Every digest from outside
 * passes digest_check() before it becomes part of a URL, a path or a key.
 */

#define DIGEST_STR_MAX	(7 + 128 + 1)	/* with NUL */

/*
 * 0 if the text is a digest that we can verify.  Else -1: class ERR_CONTENT
 * for text that is not a digest, ERR_UNSUPPORTED for an algorithm we lack.
 */
int	digest_check(const char *, struct err *);

/*
 * Does what was said (NULL: nothing) contradict a digest?  One of another
 * algorithm cannot be compared.
 */
int	digest_contradicts(const char *said, const char *digest);

/* A digest being computed; it may be copied, and owns nothing. */
struct digester {
	const struct algorithm *algorithm; /* private */
	union {
		SHA256_CTX	sha256;
		SHA512_CTX	sha512;	/* sha384 too */
	} state;
};

/* Start with the algorithm of a checked digest, e.g. "sha256:…". */
void	digester_init(struct digester *, const char *digest);
void	digester_add(struct digester *, const void *, size_t);
/* Write "alg:hex" into out (DIGEST_STR_MAX). */
void	digester_end(struct digester *, char *out);

/* The state as text, so that another process goes on; the caller frees it. */
char	*digester_save(const struct digester *);
/* The same back, after so many bytes: 1, or 0 if the text is not of that. */
int	digester_load(struct digester *, const char *digest,
	    const char *text, int64_t bytes);

/* The digest of bytes by the algorithm that like starts with. */
void	digest_of(const char *like, const void *, size_t, char *out);

/* "sha256:…" of the bytes. */
#define digest_sha256(p, n, out)	digest_of("sha256:", (p), (n), (out))

#endif
