/* Values of header fields: Content-Length, Content-Range, Range, Link. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/http/field.h"
#include "test/fuzz/fuzz.h"

/* What is written as the text says is read as the same. */
static void
check_numbers(const char *text)
{
	char	line[64];
	int64_t	n;

	n = field_bytes(text);
	must(n >= -1);
	snprintf(line, sizeof(line), "%lld", (long long)n);
	must(n == -1 || field_bytes(line) == n);

	n = field_range_from(text);
	must(n >= -1);
	snprintf(line, sizeof(line), "bytes %lld-", (long long)n);
	must(n == -1 || field_range_from(line) == n);

	n = field_upload_bytes(text);
	must(n == 0 || n > 1);
	snprintf(line, sizeof(line), "0-%lld", (long long)n - 1);
	must(n == 0 || field_upload_bytes(line) == n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	*text = fuzz_text(data, size);
	char	*next = field_link_next(text);

	check_numbers(text);
	if (next != NULL) {
		must(strchr(next, '>') == NULL);
		must(strstr(text, next) != NULL);
	}
	free(next);
	free(text);
	return 0;
}
