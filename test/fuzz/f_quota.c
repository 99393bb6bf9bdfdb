/* What is left of a quota by header fields: never a pace that stands still. */
#include "lib/base/buf.h"
#include "lib/base/limits.h"
#include "lib/http/http.h"
#include "lib/registry/quota.h"
#include "test/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_call	c;
	struct quota		q;
	int64_t			us;

	http_call_init(&c);
	if (buf_add(&c.head, data, size) == 0 && quota_read(&c, &q)) {
		must(q.limit > 0 && q.left >= 0 && q.left <= q.limit);
		us = quota_pace(&q);
		must(us >= 0 && us <= QUOTA_PACE_MAX_MS * 1000LL);
	}
	http_call_clear(&c);
	return 0;
}
