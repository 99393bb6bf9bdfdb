/*
 * Texts on their way out: to a terminal, into JSON as Go writes it, into base64
 * and back; and the annotations of -a.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/pairs.h"
#include "lib/base/utf8.h"
#include "lib/program/sources.h"
#include "lib/text/base64.h"
#include "lib/text/json_out.h"
#include "lib/text/json.h"
#include "lib/text/labels.h"
#include "test/fuzz/fuzz.h"

static const struct json_limits limits = { 10, 2, JSON_PLAIN };

static void
check_escape(const char *text)
{
	char	out[1024], again[1024], few[8];
	size_t	i, n;

	log_escape(out, sizeof(out), text);
	n = strlen(out);
	must(utf8_valid(out, n));
	for (i = 0; i < n; i++)
		must((unsigned char)out[i] >= 0x20 && out[i] != 0x7f);
	log_escape(again, sizeof(again), out);
	must(strcmp(out, again) == 0);
	log_escape(few, sizeof(few), text);
	must(strncmp(few, out, strlen(few)) == 0);
}

static void
check_json(const char *p, size_t len)
{
	struct err	err = ERR_INIT;
	struct json_out	j;
	struct buf	b;
	jv		v;

	buf_init(&b, SIZE_MAX / 4);
	json_out_init(&j, &b);
	json_out_string(&j, p, len);
	must(json_parse(b.data, b.len, &limits, &v, &err) == 0);
	must(jv_get_kind(v) == JV_KIND_STRING);
	if (utf8_valid(p, len)) {
		must((size_t)jv_string_length_bytes(jv_copy(v)) == len);
		must(len == 0 || memcmp(jv_string_value(v), p, len) == 0);
	}
	jv_free(v);
	buf_clear(&b);
}

static void
check_base64(const char *p, size_t len)
{
	char	*text = base64_encode(p, len), *back;
	size_t	 n;

	back = base64_decode(text, strlen(text), &n);
	must(back != NULL && n == len && memcmp(back, p, len) == 0);
	free(back);
	free(text);
	back = base64_decode(p, len, &n);
	must(back == NULL || n <= len / 4 * 3);
	free(back);
}

static void
check_annotations(const char *text)
{
	struct pairs	ps = PAIRS_INIT;
	struct err	err = ERR_INIT;
	struct json_out	j;
	struct buf	b;
	size_t		i;

	if (annotations_add(&ps, text, &err) == -1)
		must(*err.msg != '\0');
	for (i = 0; i < ps.n; i++) {
		must(strchr(ps.v[i].key, '=') == NULL);
		must(i == 0 || strcmp(ps.v[i - 1].key, ps.v[i].key) < 0);
	}
	buf_init(&b, SIZE_MAX / 4);
	json_out_init(&j, &b);
	json_out_pairs(&j, &ps);
	fuzz_json(b.data, b.len);
	buf_clear(&b);
	pairs_clear(&ps);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	*text = fuzz_text(data, size);

	check_escape(text);
	check_annotations(text);
	check_json((const char *)data, size);
	check_base64((const char *)data, size);
	free(text);
	return 0;
}
