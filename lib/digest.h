#ifndef ACEDT_DIGEST_H
#define ACEDT_DIGEST_H

#include <stddef.h>

struct err;

/*
 * Digests of image-spec descriptor.md: "sha256:" and 64, "sha512:" and 128
 * (sha384: 96) lower-case hexadecimal digits.  Every digest from outside
 * passes digest_check() before it becomes part of a URL, a path or a key.
 */

#define DIGEST_STR_MAX	(7 + 128 + 1)	/* with NUL */

/*
 * 0 if the text is a digest that we can verify.  Else -1: class ERR_CONTENT
 * for text that is no digest, ERR_UNSUPPORTED for an algorithm we lack.
 */
int	digest_check(const char *, struct err *);

/* A digest being computed. */
struct digester {
	void	*ctx;			/* owned: EVP_MD_CTX */
};

/* Start with the algorithm of a checked digest, e.g. "sha256:…". */
void	digester_init(struct digester *, const char *digest);
void	digester_add(struct digester *, const void *, size_t);
/* Write "alg:hex" into out (DIGEST_STR_MAX); the digester is then clear. */
void	digester_end(struct digester *, const char *digest, char *out);
void	digester_clear(struct digester *);

/* The digest of bytes by the algorithm that like starts with. */
void	digest_of(const char *like, const void *, size_t, char *out);

/* "sha256:…" of the bytes. */
#define digest_sha256(p, n, out)	digest_of("sha256:", (p), (n), (out))

#endif
