#include <stdint.h>

#include "lib/base/limits.h"
#include "lib/registry/patience.h"
#include "test/unit/tap.h"

/* n tries failed in ms: may there be one more at a host? */
static void
outage(const struct patience *p, int reached, int n, int64_t ms, int want)
{
	int	may = patience_allows_outage(p, reached, n, ms);

	ok(may == want, "%s, %d tries, %lld ms: %d", reached ? "reached" :
	    "never reached", n, (long long)ms, may);
}

static void
test_default(void)
{
	struct patience	p;

	patience_init(&p);
	outage(&p, 1, 1000, 119 * 1000, 1);
	outage(&p, 1, 1, 120 * 1000, 0);
	outage(&p, 0, 1000, 4900, 1);
	outage(&p, 0, 1, 5000, 0);
	p.retry_ms = 3600 * 1000;
	outage(&p, 1, 1000, 3599 * 1000, 1);
	outage(&p, 1, 1, 3600 * 1000, 0);
	outage(&p, 0, 1, 5000, 0);
	p.retry_ms = 1000;
	outage(&p, 1, 1, 1000, 0);
	outage(&p, 0, 1, 1000, 0);
}

/* --retries N */
static void
test_counted(void)
{
	struct patience	p;

	patience_init(&p);
	p.given = 1;
	p.retries = 0;
	outage(&p, 1, 1, 0, 0);
	outage(&p, 0, 1, 0, 0);
	p.retries = 2;
	outage(&p, 1, 2, 3600 * 1000, 1);
	outage(&p, 1, 3, 0, 0);
	outage(&p, 0, 2, 3600 * 1000, 1);
	outage(&p, 0, 3, 0, 0);
	is_int(patience_outage(&p, 1), -1);
	/* More than without it never means less patience. */
	p.retries = HTTP_RETRIES;
	outage(&p, 1, 100, 119 * 1000, 1);
	outage(&p, 1, 1, 120 * 1000, 0);
	outage(&p, 0, HTTP_RETRIES, 3600 * 1000, 1);
	outage(&p, 0, HTTP_RETRIES + 1, 0, 0);
	p.retry_ms = 1000;
	outage(&p, 0, 1, 1000, 0);
	is_int(patience_outage(&p, 0), 1000);
}

int
main(void)
{
	test_default();
	test_counted();
	return tap_end();
}
