/*
 * The stream between the stages: framing, records as text and as values at
 * once, and the output that never blocks its reader.
 */
#include <assert.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/env.h"
#include "lib/base/errmsg.h"
#include "lib/base/io.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/pairs.h"
#include "lib/base/xalloc.h"
#include "lib/stream/stream.h"
#include "lib/text/json.h"
#include "lib/text/json_out.h"
#include "lib/text/json_text.h"

/* What record_set() leaves free of a line, so that an error fits always. */
#define RECORD_ERROR_ROOM	(6 * (ERR_MSG_MAX + ERR_CODE_MAX) + 1024)

static const struct json_limits record_limits = {
	STREAM_VALUES_MAX, STREAM_DEPTH_MAX, JSON_PLAIN
};

void
stream_in_init(struct stream_in *in, int fd)
{
	memset(in, 0, sizeof(*in));
	ndjson_init(&in->lines, fd);
}

void
stream_in_greet(const struct stream_in *in)
{
	if (isatty(in->lines.fd))
		log_warn("waiting for a stream on the terminal: "
		    "acedt-stream(5); control-D ends it");
}

void
stream_in_clear(struct stream_in *in)
{
	ndjson_clear(&in->lines);
}

int
stream_in_fill(struct stream_in *in, struct err *err)
{
	return ndjson_fill(&in->lines, err);
}

static int
read_header(struct stream_in *in, jv obj, struct err *err)
{
	int64_t	version;

	if (in->in_segment)
		return err_set(err, ERR_STREAM, "line %lu: a stream begins "
		    "before the end record of the one before it, which was "
		    "cut short after %lu images", in->lines.lineno, in->images);
	if (!json_int(obj, "version", &version) || version != STREAM_VERSION)
		return err_set(err, ERR_STREAM, "line %lu: the stream is not "
		    "of version %d", in->lines.lineno, STREAM_VERSION);
	in->in_segment = 1;
	in->images = 0;
	return 0;
}

/* The end record: it counts the images of its segment. */
static int
read_end(struct stream_in *in, jv obj, struct err *err)
{
	int64_t	images;

	if (!json_int(obj, "images", &images))
		return err_set(err, ERR_STREAM,
		    "line %lu: the end record has no count of images",
		    in->lines.lineno);
	if ((unsigned long)images != in->images && !in->any_count)
		return err_set(err, ERR_STREAM, "line %lu: %lu images came, "
		    "the end record counts %lld; a stream that was cut on "
		    "purpose is counted again by acedt-filter --recount",
		    in->lines.lineno, in->images, (long long)images);
	in->in_segment = 0;
	in->segments++;
	return 0;
}

/* 1: a record for the caller.  0: header or end. */
static int
classify(struct stream_in *in, struct record *rec, struct err *err)
{
	char	*type;
	int	 rc;

	if (jv_get_kind(rec->obj) != JV_KIND_OBJECT ||
	    (type = json_str(rec->obj, "type")) == NULL)
		return err_set(err, ERR_STREAM,
		    "line %lu: not an acedt-stream(5) record",
		    in->lines.lineno);
	if (strcmp(type, "acedt-stream") == 0)
		rc = read_header(in, rec->obj, err);
	else if (!in->in_segment)
		rc = err_set(err, ERR_STREAM, "line %lu: no header "
		    "{\"type\":\"acedt-stream\",\"version\":1} before it",
		    in->lines.lineno);
	else if (strcmp(type, "end") == 0)
		rc = read_end(in, rec->obj, err);
	else {
		rec->is_image = strcmp(type, "image") == 0;
		in->images += (unsigned long)rec->is_image;
		rc = 1;
	}
	free(type);
	return rc;
}

/* The stream ends where it must not. */
static int
cut_short(struct stream_in *in, struct err *err)
{
	in->cut = 1;
	if (in->in_segment)
		return err_set(err, ERR_STREAM, "the stream was cut short: it "
		    "stops after %lu images, without its end record",
		    in->images);
	return err_set(err, ERR_STREAM, "no stream: the input is empty");
}

void
stream_in_complain(const struct stream_in *in, const struct err *err,
    const char *meaning)
{
	if (in->cut && env_is_supervised())
		log_info("standard input: %s%s", err->msg, meaning);
	else
		log_error("standard input: %s%s", err->msg, meaning);
}

/* The usual reasons for a line that is not JSON, with what to do. */
static const char *
guess_why(const char *line, size_t len)
{
	static const char	bom[] = "\xef\xbb\xbf";
	static const char	header[] = "{\"type\":\"acedt-stream\"";

	if (len >= strlen(bom) && memcmp(line, bom, strlen(bom)) == 0)
		return " (it begins with a byte order mark, which JSON has "
		    "not)";
	if (len > 0 && memmem(line + 1, len - 1, header,
	    strlen(header)) != NULL)
		return " (the stream before was cut short within a record)";
	if ((*line == '{' || *line == '[') && line[len - 1] != '}' &&
	    line[len - 1] != ']')
		return " (a record is one line: jq -c writes it so)";
	return "";
}

int
stream_in_take(struct stream_in *in, struct record *rec, struct err *err)
{
	char	*line;
	size_t	 len;
	int	 rc;

	while ((rc = ndjson_take(&in->lines, &line, &len, err)) == 1) {
		if (json_parse(line, len, &record_limits, &rec->obj,
		    err) == -1) {
			err->cls = ERR_STREAM;
			err_add(err, "%s", guess_why(line, len));
			return err_wrap(err, "line %lu", in->lines.lineno);
		}
		rec->is_image = 0;
		rec->over = NULL;
		if ((rc = classify(in, rec, err)) == 1) {
			rec->raw = xmemdup0(line, len);
			rec->len = len;
			return 1;
		}
		jv_free(rec->obj);
		if (rc == -1)
			return -1;
	}
	if (rc == -1)
		return -1;
	if (in->lines.eof && (in->in_segment || in->segments == 0))
		return cut_short(in, err);
	return 0;
}

int
stream_in_next(struct stream_in *in, struct record *rec, struct err *err)
{
	int	rc;

	while ((rc = stream_in_take(in, rec, err)) == 0 && !in->lines.eof)
		if (stream_in_fill(in, err) == -1)
			return -1;
	return rc;
}

void
record_take(struct record *rec, struct buf *b, int is_image)
{
	assert(!buf_is_full(b));
	rec->len = b->len;
	rec->raw = buf_detach(b);
	rec->obj = jv_parse_sized(rec->raw, (int)rec->len);
	assert(jv_get_kind(rec->obj) == JV_KIND_OBJECT);
	rec->is_image = is_image;
	rec->over = NULL;
}

void
record_clear(struct record *rec)
{
	free(rec->raw);
	rec->raw = NULL;
	free(rec->over);
	rec->over = NULL;
	jv_free(rec->obj);
	rec->obj = jv_invalid();
}

void
record_name(const struct record *rec, char *out, size_t size)
{
	char	*file = json_str(rec->obj, "file");
	char	*source = json_str(rec->obj, "name");
	int64_t	 line = 0;

	if (source == NULL)
		source = json_str(rec->obj, "source");
	json_int(rec->obj, "line", &line);
	if (file != NULL)
		snprintf(out, size, "%s:%lld: %s", file, (long long)line,
		    source != NULL ? source : "?");
	else
		snprintf(out, size, "%s", source != NULL ? source : "?");
	free(file);
	free(source);
}

static struct json_span
text_of(const struct record *rec)
{
	return (struct json_span){ rec->raw, rec->len };
}

/* The record gets another text, and what it means; both are taken over. */
static void
replace(struct record *rec, struct buf *text, jv obj)
{
	assert(text->len > 0 && !buf_is_full(text));
	free(rec->raw);
	rec->len = text->len;
	rec->raw = buf_detach(text);
	jv_free(rec->obj);
	rec->obj = obj;
}

/* Set the member, if a line of at most max bytes can hold it; else -1. */
static int
try_set(struct record *rec, const char *name, const char *json, size_t max,
    struct err *err)
{
	struct buf	b;
	int		rc;

	buf_init(&b, max - 1);
	json_text_set(text_of(rec), name, json, &b);
	rc = buf_is_full(&b) ? err_set(err, ERR_LIMIT, "it would be longer "
	    "than %d bytes", STREAM_LINE_MAX) :
	    json_check(b.data, b.len, &record_limits, err);
	if (rc == 0)
		replace(rec, &b, jv_object_set(jv_copy(rec->obj),
		    jv_string(name),
		    jv_parse_sized(json, (int)strlen(json))));
	buf_clear(&b);
	return rc;
}

void
record_set(struct record *rec, const char *name, const char *json)
{
	struct err	err = ERR_INIT;

	if (rec->over == NULL && try_set(rec, name, json, STREAM_LINE_MAX -
	    RECORD_ERROR_ROOM, &err) == -1)
		rec->over = xasprintf("the record does not fit a line of the "
		    "stream with \"%s\": %s", name, err.msg);
}

int
record_fits(const struct record *rec, struct err *err)
{
	return rec->over == NULL ? 0 :
	    err_set(err, ERR_LIMIT, "%s", rec->over);
}

/* Nothing but what says which image it is. */
static void
reduce(struct record *rec, const char *const *names)
{
	struct json_span	v;
	struct json_out		j;
	struct buf		b;

	buf_init(&b, STREAM_LINE_MAX);
	json_out_init(&j, &b);
	json_out_begin_object(&j);
	for (; *names != NULL; names++)
		if (json_text_member(text_of(rec), *names, &v)) {
			json_out_name(&j, *names);
			json_out_raw(&j, v.s, v.len);
		}
	json_out_end_object(&j);
	replace(rec, &b, jv_parse_sized(b.data, (int)b.len));
}

void
record_set_error(struct record *rec, const char *stage, const struct err *err)
{
	static const char *const image[] = {
		"type", "file", "line", "source", NULL
	};
	static const char *const least[] = { "type", "line", NULL };
	struct err	e = ERR_INIT;
	struct json_out	j;
	struct buf	b;

	buf_init(&b, STREAM_LINE_MAX);
	json_out_init(&j, &b);
	json_out_begin_object(&j);
	json_out_member(&j, "stage", stage);
	json_out_member(&j, "class", err_class_name(err->cls));
	json_out_member(&j, "message", err->msg);
	if (err->status != 0)
		json_out_member_number(&j, "status", err->status);
	if (err->code[0] != '\0')
		json_out_member(&j, "code", err->code);
	json_out_end_object(&j);
	free(rec->over);
	rec->over = NULL;
	if (try_set(rec, "error", b.data, STREAM_LINE_MAX, &e) == -1) {
		reduce(rec, image);
		if (try_set(rec, "error", b.data, STREAM_LINE_MAX, &e) == -1) {
			reduce(rec, least);
			try_set(rec, "error", b.data, STREAM_LINE_MAX, &e);
		}
	}
	buf_clear(&b);
}

int
record_has_error(const struct record *rec)
{
	jv	e = json_get(rec->obj, "error");
	int	has = jv_is_valid(e) && jv_get_kind(e) != JV_KIND_NULL;

	jv_free(e);
	return has;
}

void
record_labels(const struct record *rec, struct pairs *labels)
{
	jv	 obj = json_get(rec->obj, "labels");
	char	*value;

	if (jv_get_kind(obj) == JV_KIND_OBJECT) {
		jv_object_foreach(obj, key, val) {
			value = json_str(obj, jv_string_value(key));
			if (value != NULL)
				pairs_set(labels, jv_string_value(key), value);
			free(value);
			jv_free(key);
			jv_free(val);
		}
	}
	jv_free(obj);
}

void
record_drop_error(struct record *rec)
{
	struct buf	b;

	if (!json_has(rec->obj, "error"))
		return;
	buf_init(&b, STREAM_LINE_MAX);
	json_text_drop(text_of(rec), "error", &b);
	replace(rec, &b, jv_object_delete(jv_copy(rec->obj),
	    jv_string("error")));
}

void
stream_out_init(struct stream_out *out, int fd)
{
	struct stat	st;

	memset(out, 0, sizeof(*out));
	out->fd = fd;
	out->to_pipe = fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
	/* Bounded by its users, who stop putting when much is waiting. */
	buf_init(&out->buf, SIZE_MAX / 4);
	buf_addf(&out->buf, "{\"type\":\"acedt-stream\",\"version\":%d}\n",
	    STREAM_VERSION);
}

void
stream_out_clear(struct stream_out *out)
{
	buf_clear(&out->buf);
}

void
stream_out_put(struct stream_out *out, const struct record *rec)
{
	assert(rec->over == NULL);
	if (rec->is_image) {
		out->images++;
		out->errors += (unsigned long)record_has_error(rec);
	}
	buf_add(&out->buf, rec->raw, rec->len);
	buf_addc(&out->buf, '\n');
}

void
stream_out_end(struct stream_out *out)
{
	buf_addf(&out->buf, "{\"type\":\"end\",\"images\":%lu}\n", out->images);
}

void
stream_out_report(const struct stream_out *out, unsigned long own)
{
	unsigned long	before = out->errors - own;

	assert(own <= out->errors);
	if (env_is_supervised())
		return;
	if (own > 0)
		log_error("%lu of %lu images failed%s: see \"error\" in the "
		    "stream", own, out->images, before > 0 ?
		    ", others had failed before" : "");
	else if (before > 0 && !out->to_pipe)
		log_error("%lu of %lu images had failed before: see "
		    "\"error\" in the stream", before, out->images);
}

/* Can it take PIPE_BUF bytes now, without blocking? */
static int
writable(int fd)
{
	struct pollfd	pfd = { fd, POLLOUT, 0 };

	return poll(&pfd, 1, 0) == 1;
}

size_t
stream_out_waiting(const struct stream_out *out)
{
	return out->buf.len - out->sent;
}

int
stream_out_flush(struct stream_out *out, int some, struct err *err)
{
	size_t	n;

	while ((n = stream_out_waiting(out)) > 0) {
		if (some && !writable(out->fd))
			break;
		if (some && n > PIPE_BUF)
			n = PIPE_BUF;
		if (io_write_full(out->fd, out->buf.data + out->sent,
		    n) == -1) {
			io_end_unread();
			return err_sys(err, "standard output");
		}
		out->sent += n;
	}
	/* Moving what is left only when it is the smaller part is cheap. */
	if (out->sent > out->buf.len / 2) {
		buf_drop(&out->buf, out->sent);
		out->sent = 0;
	}
	return 0;
}
