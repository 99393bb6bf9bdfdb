#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/http/http.h"
#include "lib/registry/quota.h"
#include "test/unit/tap.h"

static struct quota	q;

static int
read_it(const char *fields)
{
	struct http_call	c;
	int			found;

	http_call_init(&c);
	buf_adds(&c.head, "HTTP/1.1 200 OK\r\n");
	buf_adds(&c.head, fields);
	found = quota_read(&c, &q);
	http_call_clear(&c);
	return found;
}

static void
test_read(void)
{
	char	line[128];

	is_int(read_it("Content-Length: 0\r\n"), 0);
	is_int(read_it("RateLimit-Limit: 100;w=21600\r\n"
	    "RateLimit-Remaining: 76;w=21600\r\n"), 1);
	is_int(q.limit, 100);
	is_int(q.left, 76);
	is_int(q.seconds, 21600);
	is_int(q.window, 21600);
	is_int(read_it("RateLimit-Remaining: 7\r\n"), 0);
	is_int(q.left, 7);
	is_int(q.limit, -1);
	is_int(read_it("ratelimit-limit: 10\r\nratelimit-remaining: 0\r\n"
	    "ratelimit-reset: 30\r\n"), 1);
	is_int(q.left, 0);
	is_int(q.seconds, 30);
	snprintf(line, sizeof(line), "X-RateLimit-Limit: 60\r\n"
	    "X-RateLimit-Remaining: 1\r\nX-RateLimit-Reset: %lld\r\n",
	    (long long)time(NULL) + 100);
	is_int(read_it(line), 1);
	ok(q.seconds > 90 && q.seconds <= 100, "a time of day");
	is_int(read_it("RateLimit-Limit: 10\r\nRateLimit-Remaining: 11\r\n"),
	    0);
	is_int(read_it("RateLimit-Limit: 0\r\nRateLimit-Remaining: 0\r\n"), 0);
	is_int(read_it("RateLimit-Limit: x\r\nRateLimit-Remaining: -1\r\n"),
	    0);
	is_int(read_it("RateLimit-Limit: 99999999999999999999;w="
	    "99999999999999999999\r\nRateLimit-Remaining: 1\r\n"), 1);
	ok(q.seconds <= 1000000000 && quota_pace(&q) <= 2000000, "bounded");
}

static long long
pace(int64_t limit, int64_t left, int64_t seconds)
{
	struct quota	x = { limit, left, seconds, 0 };

	return (long long)quota_pace(&x);
}

static void
test_pace(void)
{
	is_int(pace(100, 100, 60), 0);
	is_int(pace(100, 10, 60), 0);
	is_int(pace(1000, 59, 60), 1000000);
	is_int(pace(100, 9, 21600), 2000000);
	is_int(pace(100, 0, 1), 1000000);
	is_int(pace(100, 0, 0), 0);
	/* Of nine a tenth is none. */
	is_int(pace(9, 0, 10), 0);
}

int
main(void)
{
	test_read();
	test_pace();
	return tap_end();
}
