/* How often, and for how long, what failed is tried again. */
#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/registry/patience.h"

void
patience_init(struct patience *p)
{
	p->given = 0;
	p->retries = HTTP_RETRIES;
	p->retry_ms = 0;
	p->stall_seconds = HTTP_STALL_SECONDS;
}

int
patience_allows(const struct patience *p, int n, int64_t began)
{
	return n <= p->retries &&
	    (p->retry_ms == 0 || clock_ms() - began < p->retry_ms);
}

int64_t
patience_outage(const struct patience *p, int reached)
{
	int64_t	ms = reached ? HTTP_OUTAGE_SECONDS * 1000 :
		    HTTP_FIRST_SECONDS * 1000;

	if (p->given && (!reached || p->retries < HTTP_RETRIES))
		return p->retry_ms > 0 ? p->retry_ms : -1;
	if (p->retry_ms > 0 && (reached || p->retry_ms < ms))
		return p->retry_ms;
	return ms;
}

int
patience_allows_outage(const struct patience *p, int reached, int n,
    int64_t ms)
{
	int64_t	most = patience_outage(p, reached);

	if (p->given && (!reached || p->retries < HTTP_RETRIES) &&
	    n > p->retries)
		return 0;
	return most == -1 || ms < most;
}

int64_t
patience_backoff(int n)
{
	int64_t	ms = HTTP_BACKOFF_MS;

	while (--n > 0 && ms < HTTP_BACKOFF_MAX_MS)
		ms *= 2;
	if (ms > HTTP_BACKOFF_MAX_MS)
		ms = HTTP_BACKOFF_MAX_MS;
	/* 50 to 100 %: many clients must not come back at the same time. */
	return ms / 2 + arc4random_uniform((uint32_t)ms / 2 + 1);
}
