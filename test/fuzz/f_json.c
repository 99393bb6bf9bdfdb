/*
 * JSON.  What the strict scan lets through libjq takes too, and what libjq
 * writes of it passes the scan.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/text/json.h"
#include "test/fuzz/fuzz.h"

static const struct json_limits strict = {
	MANIFEST_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_MANIFEST
};
static const struct json_limits plain = {
	MANIFEST_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_PLAIN
};
static const struct json_limits tight = { 4, 2, JSON_PLAIN };

static void
check_members(jv doc)
{
	static const char *const names[] = { "type", "size", "digest" };
	char	*s;
	size_t	 i;
	int64_t	 n;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		s = json_str(doc, names[i]);
		must(s == NULL || json_has(doc, names[i]));
		free(s);
		if (json_int(doc, names[i], &n))
			must(n >= 0 && n < 1LL << 53);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err	 err = ERR_INIT;
	const char	*s = (const char *)data;
	jv		 doc, text;
	int		 good;

	good = json_check(s, size, &plain, &err) == 0;
	/* What is forbidden more is all that the others add. */
	must(good || json_check(s, size, &strict, &err) == -1);
	must(good || json_check(s, size, &tight, &err) == -1);
	if (!good) {
		must(json_parse(s, size, &plain, &doc, &err) == -1);
		return 0;
	}
	must(json_parse(s, size, &plain, &doc, &err) == 0);
	check_members(doc);
	text = jv_dump_string(doc, 0);
	fuzz_json(jv_string_value(text),
	    (size_t)jv_string_length_bytes(jv_copy(text)));
	jv_free(text);
	return 0;
}
