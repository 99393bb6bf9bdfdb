#include "lib/cli.h"
#include "lib/clock.h"
#include "lib/limits.h"
#include "lib/patience.h"

void
patience_init(struct patience *p)
{
	p->given = 0;
	p->retries = HTTP_RETRIES;
	p->retry_ms = 0;
	p->stall_seconds = HTTP_STALL_SECONDS;
}

int
patience_option(struct patience *p, const struct cli *cli, int id,
    const char *value)
{
	switch (id) {
	case CLI_ID_RETRIES:
		p->given = 1;
		p->retries = (int)cli_number(cli, "--retries", value, 0,
		    HTTP_RETRIES_MAX);
		return 1;
	case CLI_ID_RETRY_TIME:
		p->retry_ms = 1000 * cli_number(cli, "--retry-max-time", value,
		    0, HTTP_SECONDS_MAX);
		return 1;
	case CLI_ID_STALL_TIME:
		p->stall_seconds = (int)cli_number(cli, "--stall-time", value,
		    1, HTTP_SECONDS_MAX);
		return 1;
	}
	return 0;
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
