/*
 * Bodies of answers that are not a success.  Whatever they say, the message is
 * there and the error fits into a record.
 */
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/http/http.h"
#include "lib/registry/regerr.h"
#include "lib/text/json_out.h"
#include "test/fuzz/fuzz.h"

static const long	statuses[] = { 400, 401, 404, 429, 503 };

static void
answer(const uint8_t *data, size_t size, long status)
{
	struct http_call	c;
	struct err		err = ERR_INIT;
	struct json_out		j;
	struct buf		b;

	http_call_init(&c);
	c.status = status;
	must(buf_adds(&c.head, "HTTP/1.1 400 Bad\r\nDate: x\r\n\r\n") == 0);
	/* More than there is room for is cut before. */
	buf_add(&c.reply, data, size < c.reply.max ? size : c.reply.max);
	regerr_answer(&c, &err);
	must(err.status == status);
	must(strncmp(err.msg, "HTTP ", 5) == 0);
	must(strlen(err.msg) < ERR_MSG_MAX && strlen(err.code) < ERR_CODE_MAX);
	must(err_class_of(err_class_name(err.cls)) == err.cls);
	buf_init(&b, 65536);
	json_out_init(&j, &b);
	json_out_begin_object(&j);
	json_out_member(&j, "message", err.msg);
	json_out_member(&j, "code", err.code);
	json_out_end_object(&j);
	fuzz_json(b.data, b.len);
	buf_clear(&b);
	http_call_clear(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t	i;

	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		answer(data, size, statuses[i]);
	return 0;
}
