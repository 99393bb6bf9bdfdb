#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/oci/digest.h"
#include "lib/stream/image.h"
#include "lib/stream/stream.h"
#include "lib/text/base64.h"
#include "test/unit/tap.h"

#define HEX	"e3b0c44298fc1c149afbf4c8996fb924" \
		"27ae41e4649b934ca495991b7852b855"
#define EMPTY	"sha256:" HEX

/* A manifest of the test: its text, digest and how a descriptor says it. */
struct doc {
	char	text[2000];
	char	digest[DIGEST_STR_MAX];
	char	desc[400];
};

static struct doc	leaf[3], inner, top;

static void
doc_make(struct doc *d, const char *mt, const char *text)
{
	snprintf(d->text, sizeof(d->text), "%s", text);
	digest_sha256(d->text, strlen(d->text), d->digest);
	snprintf(d->desc, sizeof(d->desc), "{\"mediaType\":\"%s\","
	    "\"digest\":\"%s\",\"size\":%zu}", mt, d->digest,
	    strlen(d->text));
}

/* top: leaf 0, inner; inner: leaf 1, leaf 0; leaf 2 refers to top. */
static void
docs_make(void)
{
	char	text[2000];

	doc_make(&leaf[0], MT_OCI_MANIFEST, "{\"layers\":[]}");
	doc_make(&leaf[1], MT_OCI_MANIFEST, "{\"layers\":[],\"x\":\"<\"}");
	snprintf(text, sizeof(text), "{\"manifests\":[%s,%s]}", leaf[1].desc,
	    leaf[0].desc);
	doc_make(&inner, MT_OCI_INDEX, text);
	snprintf(text, sizeof(text), "{\"manifests\":[%s,%s]}", leaf[0].desc,
	    inner.desc);
	doc_make(&top, MT_OCI_INDEX, text);
	snprintf(text, sizeof(text), "{\"layers\":[],\"subject\":%s}",
	    top.desc);
	doc_make(&leaf[2], MT_OCI_MANIFEST, text);
}

/* The descriptor with its bytes, as in "manifests". */
static void
with_data(struct buf *b, const struct doc *d)
{
	char	*s = base64_encode(d->text, strlen(d->text));

	buf_addf(b, "%.*s,\"data\":\"%s\"}", (int)strlen(d->desc) - 1,
	    d->desc, s);
	free(s);
}

static int
parse(struct image *img, const char *raw, struct err *err)
{
	struct record	rec;
	int		rc;

	memset(&rec, 0, sizeof(rec));
	rec.obj = jv_parse(raw);
	rc = image_parse(img, &rec, err);
	record_clear(&rec);
	return rc;
}

static void
bad(const char *raw, const char *class, const char *want)
{
	struct image	img;
	struct err	err = ERR_INIT;

	if (!ok(parse(&img, raw, &err) == -1, "refused: %s", raw)) {
		image_clear(&img);
		return;
	}
	is_str(err_class_name(err.cls), class);
	ok(strstr(err.msg, want) != NULL, "says %s: %s", want, err.msg);
}

#define START	"{\"type\":\"image\",\"file\":\"l.csv\",\"line\":3," \
		"\"source\":\"r.io/a:1\",\"descriptor\":"

/* What is stored into a record, as if all that is carried were new. */
static void
stores(struct image *img, const char *want)
{
	struct record	rec;

	memset(&rec, 0, sizeof(rec));
	rec.raw = strdup("{\"type\":\"image\"}");
	rec.len = strlen(rec.raw);
	rec.obj = jv_parse(rec.raw);
	img->stored = 0;
	img->crawled = 1;
	image_store(img, &rec);
	is_str(rec.raw, want);
	record_clear(&rec);
}

/* Only what was learnt is stored, and the descriptor once it is whole. */
static void
test_store(void)
{
	static const char	bytes[] = "{\"layers\":[]}";
	struct record		rec;
	struct image		img;
	struct err		err = ERR_INIT;
	char			digest[DIGEST_STR_MAX], *raw, *want;

	digest_sha256(bytes, sizeof(bytes) - 1, digest);
	raw = xasprintf("{ \"type\":\"image\",\"source\":\"r.io/a\","
	    "\"descriptor\":{\"digest\":\"%s\"},\"n\":1.0}", digest);
	memset(&rec, 0, sizeof(rec));
	rec.raw = xstrdup(raw);
	rec.len = strlen(raw);
	rec.obj = jv_parse(raw);
	is_int(image_parse(&img, &rec, &err), 0);
	image_store(&img, &rec);
	is_str(rec.raw, raw);
	ok(image_add(&img, &img.root, MT_OCI_MANIFEST, xstrdup(bytes),
	    sizeof(bytes) - 1, &err) != NULL, "%s", err.msg);
	image_store(&img, &rec);
	want = xasprintf("{ \"type\":\"image\",\"source\":\"r.io/a\","
	    "\"n\":1.0,\"descriptor\":{\"mediaType\":\"" MT_OCI_MANIFEST
	    "\",\"digest\":\"%s\",\"size\":13},\"manifests\":["
	    "{\"mediaType\":\"" MT_OCI_MANIFEST "\",\"digest\":\"%s\","
	    "\"size\":13,\"data\":\"eyJsYXllcnMiOltdfQ==\"}]}", digest,
	    digest);
	is_str(rec.raw, want);
	/* Stored once, it is not stored again. */
	image_store(&img, &rec);
	is_str(rec.raw, want);
	record_clear(&rec);
	image_clear(&img);
	free(raw);
	free(want);
}

static void
test_minimal(void)
{
	struct image	img;
	struct err	err = ERR_INIT;

	is_int(parse(&img, START "{\"digest\":\"" EMPTY "\"},\"new\":[1]}",
	    &err), 0);
	is_str(img.file, "l.csv");
	is_int(img.line, 3);
	is_str(img.source, "r.io/a:1");
	is_str(img.ref.tag, "1");
	is_str(img.root.digest, EMPTY);
	is_int(img.root.size, -1);
	is_int(img.filtered, 0);
	is_int((long long)image_nroots(&img), 1);
	ok(image_root(&img, 0) == &img.root, "the source is the root");
	ok(image_find(&img, EMPTY) == NULL, "not carried");
	stores(&img, "{\"type\":\"image\",\"referrers\":[]}");
	image_clear(&img);
	image_clear(&img);

	is_int(parse(&img, "{\"source\":\"oci:d:t\",\"line\":\"x\","
	    "\"descriptor\":{\"digest\":\"" EMPTY "\",\"size\":0}}", &err), 0);
	is_int(img.line, 0);
	image_clear(&img);
}

static void
test_refused(void)
{
	bad("{\"descriptor\":{\"digest\":\"" EMPTY "\"}}", "stream",
	    "without \"source\"");
	bad("{\"source\":\"ubuntu\",\"descriptor\":{\"digest\":\"" EMPTY
	    "\"}}", "reference", "ubuntu");
	bad("{\"source\":\"r.io/a:1\"}", "stream",
	    "no descriptor (acedt-resolve --again finds it)");
	bad("{\"source\":\"r.io/a:1\",\"labels\":{\"a\":\"1\",\"b\":2}}",
	    "stream", "the label \"b\" of the record is not a string");
	bad("{\"source\":\"r.io/a:1\",\"labels\":[]}", "stream",
	    "\"labels\" of the record is not an object");
	bad("{\"source\":\"r.io/a:1\",\"labels\":null}", "stream",
	    "no descriptor");
	bad(START "{}}", "content", "no digest");
	bad(START "{\"digest\":\"sha256:../x\"}}", "content", "digest");
	bad(START "{\"digest\":\"" EMPTY "\",\"size\":-1}}", "content",
	    "size");
	bad(START "{\"digest\":\"" EMPTY "\"},\"manifests\":{}}", "stream",
	    "\"manifests\" is not an array");
	bad(START "{\"digest\":\"" EMPTY "\"},\"manifests\":[1]}", "content",
	    "not an object");
	bad(START "{\"digest\":\"" EMPTY "\"},\"manifests\":[{\"digest\":\""
	    EMPTY "\"}]}", "stream", "no data in base64");
	bad(START "{\"digest\":\"" EMPTY "\"},\"manifests\":[{\"digest\":\""
	    EMPTY "\",\"data\":\"e30\"}]}", "stream", "no data in base64");
	/* "{}" under the digest of nothing. */
	bad(START "{\"digest\":\"" EMPTY "\"},\"manifests\":[{\"digest\":\""
	    EMPTY "\",\"data\":\"e30=\"}]}", "digest", "has digest");
	bad(START "{\"digest\":\"" EMPTY "\"},\"manifests\":[{\"digest\":\""
	    EMPTY "\",\"size\":3,\"data\":\"e30=\"}]}", "digest",
	    "2 bytes, its descriptor says 3");
	/* Nothing, under the right digest, is no manifest. */
	bad(START "{\"digest\":\"" EMPTY "\"},\"manifests\":[{\"digest\":\""
	    EMPTY "\",\"data\":\"\"}]}", "content", "manifest " EMPTY);
	bad(START "{\"digest\":\"" EMPTY "\"},\"selected\":[{}]}", "content",
	    "not an object");
	bad(START "{\"digest\":\"" EMPTY "\"},\"selected\":[{\"descriptor\":"
	    "{\"mediaType\":\"a/b\",\"digest\":\"" EMPTY "\",\"size\":1},"
	    "\"index\":\"../x\"}]}", "content", "digest");
	bad(START "{\"digest\":\"" EMPTY "\"},\"selected\":7}", "stream",
	    "\"selected\" is not an array");
	bad(START "{\"digest\":\"" EMPTY "\"},\"referrers\":[{\"digest\":\""
	    EMPTY "\"}]}", "content", "mediaType");
	bad(START "{\"digest\":\"" EMPTY "\"},\"referrers\":null}", "stream",
	    "not an array");
}

/* The record of top with these manifests (of all) in this order. */
static void
record_of(struct buf *b, const struct doc *const *v, const char *more)
{
	size_t	i;

	buf_init(b, STREAM_LINE_MAX);
	buf_addf(b, START "%s,\"manifests\":[", top.desc);
	for (i = 0; v[i] != NULL; i++) {
		if (i > 0)
			buf_addc(b, ',');
		with_data(b, v[i]);
	}
	buf_addf(b, "]%s}", more);
}

static void
test_order(void)
{
	const struct doc *const orders[][7] = {
		{ &top, &leaf[0], &inner, &leaf[1], &leaf[2], NULL, NULL },
		{ &leaf[2], &leaf[1], &leaf[0], &inner, &top, NULL, NULL },
		{ &leaf[1], &leaf[1], &inner, &leaf[2], &top, &leaf[0], NULL },
	};
	struct image	img;
	struct err	err = ERR_INIT;
	struct buf	raw, want;
	size_t		i;

	buf_init(&want, STREAM_LINE_MAX);
	buf_adds(&want, "{\"type\":\"image\",\"referrers\":[],"
	    "\"manifests\":[");
	for (i = 0; i < 5; i++) {
		if (i > 0)
			buf_addc(&want, ',');
		with_data(&want, orders[0][i]);
	}
	buf_adds(&want, "]}");
	for (i = 0; i < 3; i++) {
		record_of(&raw, orders[i], "");
		if (!ok(parse(&img, raw.data, &err) == 0, "order %zu: %s", i,
		    err.msg))
			continue;
		is_int((long long)img.ncontents, 5);
		ok(image_find(&img, inner.digest)->manifest.is_index,
		    "parsed");
		stores(&img, want.data);
		buf_clear(&raw);
		image_clear(&img);
	}
	buf_clear(&want);
}

static void
test_selected(void)
{
	const struct doc *const none[] = { NULL };
	const struct doc *const all[] = { &top, &leaf[0], &inner, &leaf[1],
	    &leaf[2], NULL };
	struct image	img;
	struct err	err = ERR_INIT;
	struct buf	raw, b;
	char		more[2000];

	snprintf(more, sizeof(more), ",\"selected\":[{\"descriptor\":"
	    "{\"x\":[1],\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":13},"
	    "\"index\":\"%s\"},{\"descriptor\":%s}],\"referrers\":[%s]",
	    MT_OCI_MANIFEST, leaf[0].digest, inner.digest, top.desc,
	    leaf[2].desc);
	record_of(&raw, all, more);
	if (!ok(parse(&img, raw.data, &err) == 0, "selected: %s", err.msg))
		return;
	is_int(img.filtered, 1);
	is_int((long long)image_nroots(&img), 3);
	is_str(image_root(&img, 0)->digest, leaf[0].digest);
	is_str(image_root(&img, 1)->digest, top.digest);
	is_str(image_root(&img, 2)->digest, leaf[2].digest);
	is_str(img.selected[0].index, inner.digest);
	ok(img.selected[1].index == NULL, "the source itself");
	ok(strstr(img.selected[0].json, "\"x\":[1]") != NULL,
	    "the whole entry: %s", img.selected[0].json);
	buf_init(&b, STREAM_LINE_MAX);
	img.ncontents = 0;		/* the referrers alone */
	buf_addf(&b, "{\"type\":\"image\",\"referrers\":[%s]}",
	    leaf[2].desc);
	stores(&img, b.data);
	img.ncontents = 5;
	buf_clear(&b);
	buf_clear(&raw);
	image_clear(&img);

	record_of(&raw, none, ",\"selected\":[]");
	is_int(parse(&img, raw.data, &err), 0);
	is_int((long long)image_nroots(&img), 0);
	buf_clear(&raw);
	image_clear(&img);
}

/* Refused: the record of top, with everything and these members. */
static void	bad_more(const char *class, const char *want,
		    const char *fmt, ...)
		    __attribute__((format(printf, 3, 4)));

static void
bad_more(const char *class, const char *want, const char *fmt, ...)
{
	const struct doc *const all[] = { &top, &leaf[0], &inner, &leaf[1],
	    &leaf[2], NULL };
	struct buf	raw;
	char		more[2000];
	va_list		ap;

	va_start(ap, fmt);
	vsnprintf(more, sizeof(more), fmt, ap);
	va_end(ap);
	record_of(&raw, all, more);
	bad(raw.data, class, want);
	buf_clear(&raw);
}

/* {"mediaType":…,"digest":…,"size":…} with a size or a type of the test's. */
#define OTHER	"{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d}"

static void
test_held_against(void)
{
	const int	n = (int)strlen(leaf[0].text);
	struct doc	wrong, index;
	struct buf	raw;
	char		text[2000];

	bad_more("digest", "13 bytes, a descriptor says 12", ",\"selected\":"
	    "[{\"descriptor\":" OTHER ",\"index\":\"%s\"}]", MT_OCI_MANIFEST,
	    leaf[0].digest, n - 1, top.digest);
	bad_more("content", "a descriptor says " MT_DOCKER_MANIFEST,
	    ",\"selected\":[{\"descriptor\":" OTHER ",\"index\":\"%s\"}]",
	    MT_DOCKER_MANIFEST, leaf[0].digest, n, top.digest);
	bad_more("stream", "does not list it", ",\"selected\":[{"
	    "\"descriptor\":" OTHER ",\"index\":\"%s\"}]", MT_OCI_MANIFEST,
	    EMPTY, 0, top.digest);
	bad_more("stream", "does not list it", ",\"selected\":[{"
	    "\"descriptor\":%s,\"index\":\"%s\"}]", leaf[1].desc, top.digest);
	bad_more("stream", "is not an index of the source", ",\"selected\":[{"
	    "\"descriptor\":%s,\"index\":\"%s\"}]", top.desc, leaf[2].digest);
	bad_more("stream", "the record lacks its index", ",\"selected\":[{"
	    "\"descriptor\":%s,\"index\":\"%s\"}]", leaf[0].desc, EMPTY);
	bad_more("stream", "neither the source itself", ",\"selected\":[{"
	    "\"descriptor\":%s}]", leaf[0].desc);
	bad_more("digest", "a descriptor says 7", ",\"referrers\":[" OTHER "]",
	    MT_OCI_MANIFEST, leaf[2].digest, 7);
	bad_more("content", "a descriptor says " MT_OCI_INDEX,
	    ",\"referrers\":[" OTHER "]", MT_OCI_INDEX, leaf[2].digest,
	    (int)strlen(leaf[2].text));
	bad("{\"source\":\"r.io/a@" EMPTY "\",\"descriptor\":{\"digest\":"
	    "\"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f6"
	    "1caaff8a\"}}", "digest", "another digest, sha256:44136");

	/* The root, and an entry of an index. */
	buf_init(&raw, STREAM_LINE_MAX);
	buf_addf(&raw, START OTHER ",\"manifests\":[", MT_OCI_MANIFEST,
	    leaf[0].digest, 14);
	with_data(&raw, &leaf[0]);
	buf_adds(&raw, "]}");
	bad(raw.data, "digest", "13 bytes, a descriptor says 14");
	buf_reset(&raw);
	snprintf(text, sizeof(text), "{\"manifests\":[" OTHER "]}",
	    MT_OCI_MANIFEST, leaf[0].digest, 14);
	doc_make(&index, MT_OCI_INDEX, text);
	buf_addf(&raw, START "%s,\"manifests\":[", index.desc);
	with_data(&raw, &index);
	buf_addc(&raw, ',');
	with_data(&raw, &leaf[0]);
	buf_adds(&raw, "]}");
	bad(raw.data, "digest", index.digest);
	bad(raw.data, "digest", "13 bytes, a descriptor says 14");
	buf_reset(&raw);
	/* A document with the type of neither its root nor itself. */
	doc_make(&wrong, MT_DOCKER_MANIFEST, leaf[0].text);
	buf_addf(&raw, START "%s,\"manifests\":[", wrong.desc);
	with_data(&raw, &leaf[0]);
	buf_adds(&raw, "]}");
	bad(raw.data, "content", "a descriptor says " MT_DOCKER_MANIFEST);
	buf_clear(&raw);
}

/* Many are found again. */
static void
test_many(void)
{
	struct image		img;
	struct descriptor	d;
	struct err		err = ERR_INIT;
	struct doc		one;
	char			text[100];
	int			i, missing = 0;

	memset(&img, 0, sizeof(img));
	memset(&d, 0, sizeof(d));
	d.digest = one.digest;
	d.size = -1;
	for (i = 0; i < 2 * 1000; i++) {
		snprintf(text, sizeof(text), "{\"layers\":[],\"n\":%d}",
		    i % 1000);
		doc_make(&one, "", text);
		if (i < 1000)
			missing += image_add(&img, &d, "", strdup(text),
			    strlen(text), &err) == NULL;
		else if (image_find(&img, one.digest) == NULL ||
		    strcmp(image_find(&img, one.digest)->data, text) != 0)
			missing++;
	}
	is_int(missing, 0);
	ok(image_find(&img, EMPTY) == NULL, "another one is not found");
	image_clear(&img);
}

static void
test_add(void)
{
	struct image		img;
	struct descriptor	d;
	struct err		err = ERR_INIT;
	struct content		*c;
	size_t			n = strlen(leaf[0].text);

	memset(&img, 0, sizeof(img));
	memset(&d, 0, sizeof(d));
	d.digest = leaf[0].digest;
	d.size = -1;
	c = image_add(&img, &d, "", strdup(leaf[0].text), n, &err);
	if (ok(c != NULL, "added: %s", err.msg)) {
		is_str(c->desc.media_type, MT_OCI_MANIFEST);
		is_int(c->desc.size, (long long)n);
		ok(image_find(&img, leaf[0].digest) == c, "found");
	}
	ok(image_add(&img, &d, MT_OCI_INDEX, strdup(leaf[0].text), n,
	    &err) == NULL, "another type");
	ok(strstr(err.msg, leaf[0].digest) != NULL, "named: %s", err.msg);
	ok(image_add(&img, &d, "", strdup(leaf[1].text),
	    strlen(leaf[1].text), &err) == NULL, "other bytes");
	is_str(err_class_name(err.cls), "digest");
	d.size = 12;
	ok(image_add(&img, &d, "", strdup(leaf[0].text), n, &err) == NULL,
	    "another size");
	is_int((long long)img.ncontents, 1);
	image_clear(&img);
}

int
main(void)
{
	docs_make();
	test_minimal();
	test_store();
	test_refused();
	test_order();
	test_selected();
	test_held_against();
	test_add();
	test_many();
	return tap_end();
}
