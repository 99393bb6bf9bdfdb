/* Retry-After: seconds or a date, never a time that cannot be waited for. */
#include <stdlib.h>
#include <time.h>

#include "lib/registry/regerr.h"
#include "test/fuzz/fuzz.h"

#define WAIT_MAX	1000000000000LL

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	*text = fuzz_text(data, size);
	int64_t	 ms;

	ms = regerr_retry_after(text, NULL);
	must(ms >= 0 && ms <= WAIT_MAX);
	free(text);
	return 0;
}
