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

int
patience_allows_connect(const struct patience *p, int n, int64_t began)
{
	return (p->given || n <= HTTP_CONNECT_RETRIES) &&
	    patience_allows(p, n, began);
}
