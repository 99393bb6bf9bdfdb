#ifndef ACEDT_TEST_FUZZ_H
#define ACEDT_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/*
 * What the fuzz targets share.  A target is one LLVMFuzzerTestOneInput() that
 * frees all it allocates and keeps nothing that a later input could see.
 */

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* A property of the code under test; fuzzers see an abort as a finding. */
#define must(cond)	((cond) ? (void)0 : \
			    fuzz_broken(#cond, __FILE__, __LINE__))

_Noreturn void	fuzz_broken(const char *, const char *file, int line);

/* The input as a string, up to its first NUL; the caller frees it. */
char	*fuzz_text(const uint8_t *, size_t);

/*
 * The path of a file with these bytes, for parsers that open one.  It is the
 * same file at each call, in memory.
 */
const char *fuzz_file(const void *, size_t);

/* Are both NULL, or both the same text? */
int	fuzz_same(const char *, const char *);

/* Must be JSON to the letter. */
void	fuzz_json(const char *, size_t);

#endif
