/*
 * The saved state of a digest, as notes of uploads have it: what is not one is
 * refused, what is taken can be gone on with.  The first byte says after how
 * many bytes it is.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/oci/digest.h"
#include "test/fuzz/fuzz.h"

static void
try_as(const char *digest, const char *text, int64_t bytes)
{
	struct digester	d;
	char		out[DIGEST_STR_MAX], *again;

	if (digester_load(&d, digest, text, bytes)) {
		again = digester_save(&d);
		must(strcmp(again, text) == 0);
		free(again);
	}
	digester_add(&d, "more", 4);
	digester_end(&d, out);
	must(strncmp(out, digest, strlen(digest)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	*text;

	if (size == 0)
		return 0;
	text = fuzz_text(data + 1, size - 1);
	try_as("sha256:", text, data[0]);
	try_as("sha384:", text, data[0]);
	try_as("sha512:", text, data[0]);
	free(text);
	return 0;
}
