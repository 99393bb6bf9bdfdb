#include <stdint.h>
#include <stdlib.h>

#include "lib/http/field.h"
#include "test/unit/tap.h"

static void
test_bytes(void)
{
	is_int(field_bytes("0"), 0);
	is_int(field_bytes("1234"), 1234);
	is_int(field_bytes("9223372036854775807"), INT64_MAX);
	is_int(field_bytes("9223372036854775808"), -1);
	is_int(field_bytes(""), -1);
	is_int(field_bytes("-1"), -1);
	is_int(field_bytes("+1"), -1);
	is_int(field_bytes("10, 10"), -1);
	is_int(field_bytes("0x10"), -1);
}

static void
test_ranges(void)
{
	is_int(field_range_from("bytes 100-999/1000"), 100);
	is_int(field_range_from("Bytes  5-9/*"), 5);
	is_int(field_range_from("bytes */1000"), -1);
	is_int(field_range_from("bytes 100"), -1);
	is_int(field_range_from("bytes -100-999/1000"), -1);
	is_int(field_range_from("items 100-999/1000"), -1);

	is_int(field_upload_bytes("0-999"), 1000);
	is_int(field_upload_bytes("bytes=0-999"), 1000);
	is_int(field_upload_bytes("0-0"), 0);
	is_int(field_upload_bytes("1-999"), 0);
	is_int(field_upload_bytes("0--1"), 0);
	is_int(field_upload_bytes("0-999/1000"), 0);
	is_int(field_upload_bytes("0-9223372036854775807"), 0);
	is_int(field_upload_bytes("0-9223372036854775806"), INT64_MAX);
}

static void
is_next(const char *field, const char *want)
{
	char	*target = field_link_next(field);

	is_str(target, want);
	free(target);
}

static void
test_links(void)
{
	is_next("</a?last=b&n=2>; rel=\"next\"", "/a?last=b&n=2");
	is_next("</a>;rel=next", "/a");
	is_next("</a>; REL = \"last Next\" ; x", "/a");
	is_next("</a>; rel=prev, </b>; title=\"one, <two>; x\"; rel=next", "/b");
	is_next("</a>; title=\"next\"", NULL);
	is_next("</a>; title=\"\\\"; rel=next\"", NULL);
	is_next("</next>; rel=prev", NULL);
	is_next("</a>; rel=nextone", NULL);
	is_next("</a>; rel=\"next", "/a");
	is_next("</a", NULL);
	is_next("</a>", NULL);
	is_next("</a>;;;", NULL);
	is_next("</a>;rel=", NULL);
	is_next("", NULL);
}

int
main(void)
{
	test_bytes();
	test_ranges();
	test_links();
	return tap_end();
}
