/*
 * Streams.  It makes no difference in how many pieces one arrives; what a
 * stage adds to a record leaves it valid JSON, text and object alike; and what
 * was read can be written and read again.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/stream/image.h"
#include "lib/stream/stream.h"
#include "lib/text/json.h"
#include "test/fuzz/fuzz.h"

/* Less than a pipe holds: nothing here must wait. */
#define INPUT_MAX	32768
#define PIECES		5

static const struct json_limits limits = {
	STREAM_VALUES_MAX, STREAM_DEPTH_MAX, JSON_PLAIN
};

/* What came of a stream: its records' texts, a line each, and the end. */
struct outcome {
	struct buf	text;
	int		rc;
	struct err	err;
};

/* Is the text that of the object?  Numbers out of range are not compared. */
static void
check_text(const struct record *rec, int same)
{
	struct err	err = ERR_INIT;
	jv		obj;

	must(strlen(rec->raw) == rec->len);
	must(memchr(rec->raw, '\n', rec->len) == NULL);
	must(json_parse(rec->raw, rec->len, &limits, &obj, &err) == 0);
	if (same)
		must(jv_equal(jv_copy(obj), jv_copy(rec->obj)));
	jv_free(obj);
}

/* As stages do: a member that is new, one that is there, an error. */
static void
check_set(struct record *rec)
{
	struct err	 err = ERR_INIT;
	char		*before = xmemdup0(rec->raw, rec->len), *end;
	int		 is_new = !json_has(rec->obj, "pushed");
	jv		 v;

	record_set(rec, "pushed", "[{\"digest\":\"x\"},1]");
	end = strrchr(before, '}');
	if (is_new)
		must(strncmp(rec->raw, before, (size_t)(end - before)) == 0);
	check_text(rec, is_new);
	v = json_get(rec->obj, "pushed");
	must(jv_get_kind(v) == JV_KIND_ARRAY);
	jv_free(v);
	err_set(&err, ERR_CONTENT, "%.300s", before);
	record_set_error(rec, "push", &err);
	record_set_error(rec, "index", &err);
	must(record_has_error(rec));
	check_text(rec, 0);
	free(before);
}

static void
check_image(struct record *rec)
{
	struct image	img;
	struct err	err = ERR_INIT;
	char		name[300];
	size_t		i;

	if (image_parse(&img, rec, &err) == -1) {
		must(*err.msg != '\0');
		return;
	}
	record_name(rec, name, sizeof(name));
	for (i = 0; i < image_nroots(&img); i++)
		must(image_root(&img, i)->digest != NULL);
	/* Stored as if all of it were new, it is a record again. */
	img.stored = 0;
	img.crawled = 1;
	image_store(&img, rec);
	fuzz_json(rec->raw, rec->len);
	image_clear(&img);
}

/* Write size bytes from data, pieces at a time, and read what they are. */
static void
read_stream(struct outcome *o, const void *data, size_t size, size_t piece,
    struct stream_out *copy)
{
	struct stream_in	in;
	struct record		rec;
	const char		*p = data;
	size_t			n;
	int			fd[2];

	must(pipe(fd) == 0);
	stream_in_init(&in, fd[0]);
	buf_init(&o->text, SIZE_MAX / 4);
	memset(&o->err, 0, sizeof(o->err));
	do {
		n = size < piece ? size : piece;
		must(write(fd[1], p, n) == (ssize_t)n);
		p += n;
		size -= n;
		if (size == 0)
			close(fd[1]);
		do {
			must(stream_in_fill(&in, &o->err) == 0);
			while ((o->rc = stream_in_take(&in, &rec,
			    &o->err)) == 1) {
				buf_add(&o->text, rec.raw, rec.len);
				buf_addc(&o->text, '\n');
				if (copy != NULL) {
					stream_out_put(copy, &rec);
					check_text(&rec, 1);
					if (rec.is_image)
						check_image(&rec);
					check_set(&rec);
				}
				record_clear(&rec);
			}
		} while (o->rc == 0 && size == 0 && !in.lines.eof);
	} while (o->rc == 0 && size > 0);
	if (size > 0)
		close(fd[1]);
	close(fd[0]);
	stream_in_clear(&in);
}

static void
must_be_same(struct outcome *a, struct outcome *b)
{
	must(a->text.len == b->text.len);
	must(a->text.len == 0 || memcmp(a->text.data, b->text.data,
	    a->text.len) == 0);
	must(a->rc == b->rc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome		whole, pieces, again;
	struct stream_out	out;

	if (size == 0 || size > INPUT_MAX)
		return 0;
	stream_out_init(&out, -1);
	read_stream(&whole, data, size, size, &out);
	must(whole.rc == 0 || (whole.rc == -1 &&
	    whole.err.cls == ERR_STREAM));
	read_stream(&pieces, data, size, size / PIECES + 1, NULL);
	must_be_same(&whole, &pieces);
	must(strcmp(whole.err.msg, pieces.err.msg) == 0);
	stream_out_end(&out);
	read_stream(&again, out.buf.data, out.buf.len, out.buf.len, NULL);
	must(again.rc == 0);
	again.rc = whole.rc;
	must_be_same(&whole, &again);
	stream_out_clear(&out);
	buf_clear(&whole.text);
	buf_clear(&pieces.text);
	buf_clear(&again.text);
	return 0;
}
