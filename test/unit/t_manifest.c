#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/oci/manifest.h"
#include "test/unit/tap.h"

#define HEX	"e3b0c44298fc1c149afbf4c8996fb924" \
		"27ae41e4649b934ca495991b7852b855"
#define EMPTY	"sha256:" HEX		/* of no bytes */
#define ABC	"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410" \
		"ff61f20015ad"		/* of "abc" */
#define DESC(mt, size)	"{\"mediaType\":\"" mt "\",\"digest\":\"" EMPTY \
			"\",\"size\":" size "}"
#define LAYER	"application/vnd.oci.image.layer.v1.tar"
#define TYPE(mt) "\"schemaVersion\":2,\"mediaType\":\"" mt "\""
#define SHADOWS	"vnd.act3-ace.data.extra-manifests"
#define SCHEMA1	"application/vnd.docker.distribution.manifest.v1+prettyjws"

/*
 * What is read, as text: "index TYPE ARTIFACT" or "image …" and for each edge
 * a letter (h child, s shadow, c config, l layer, S subject) and the size.
 */
static void
reads(const char *media_type, const char *doc, const char *want)
{
	struct manifest	m;
	struct err	err = ERR_INIT;
	struct buf	b;
	size_t		i;

	if (manifest_parse(&m, media_type, doc, strlen(doc), NULL,
	    &err) == -1) {
		ok(0, "%s: %s", doc, err.msg);
		return;
	}
	buf_init(&b, 10000);
	buf_addf(&b, "%s %s %s", m.is_index ? "index" : "image",
	    m.media_type, m.artifact_type != NULL ? m.artifact_type : "-");
	for (i = 0; i < m.nedges; i++)
		buf_addf(&b, " %c%lld", "hsclS"[m.edges[i].kind],
		    (long long)m.edges[i].desc.size);
	is_str(b.data, want);
	buf_clear(&b);
	manifest_clear(&m);
}

static void
bad(const char *media_type, const char *doc, const char *class,
    const char *want)
{
	struct manifest	m;
	struct err	err = ERR_INIT;

	if (!ok(manifest_parse(&m, media_type, doc, strlen(doc), NULL,
	    &err) == -1, "refused: %s", doc)) {
		manifest_clear(&m);
		return;
	}
	is_str(err_class_name(err.cls), class);
	ok(strstr(err.msg, want) != NULL, "says %s: %s", want, err.msg);
}

static void
test_images(void)
{
	reads(MT_OCI_MANIFEST, "{" TYPE(MT_OCI_MANIFEST) ",\"config\":"
	    DESC(MT_OCI_CONFIG, "1") ",\"layers\":[" DESC(LAYER, "2") ","
	    DESC(LAYER, "3") "]}",
	    "image " MT_OCI_MANIFEST " " MT_OCI_CONFIG " c1 l2 l3");
	reads("", "{" TYPE(MT_DOCKER_MANIFEST) ",\"config\":"
	    DESC(MT_DOCKER_CONFIG, "1") ",\"layers\":[]}",
	    "image " MT_DOCKER_MANIFEST " " MT_DOCKER_CONFIG " c1");
	reads("", "{\"config\":" DESC("x/y", "1") ",\"layers\":null}",
	    "image " MT_OCI_MANIFEST " x/y c1");
	reads(MT_DOCKER_MANIFEST, "{\"layers\":[" DESC("a/b", "0") "]}",
	    "image " MT_DOCKER_MANIFEST " - l0");
	reads("", "{" TYPE(MT_OCI_ARTIFACT) ",\"artifactType\":\"a/t\","
	    "\"blobs\":[" DESC("a/b", "4") "],\"subject\":"
	    DESC(MT_OCI_MANIFEST, "5") "}",
	    "image " MT_OCI_ARTIFACT " a/t l4 S5");
	reads(MT_OCI_ARTIFACT, "{}", "image " MT_OCI_ARTIFACT " -");
	reads("", "{" TYPE(MT_OCI_MANIFEST) ",\"artifactType\":\"a/t\","
	    "\"config\":" DESC(MT_OCI_EMPTY, "2") ",\"layers\":[],"
	    "\"subject\":" DESC(MT_OCI_INDEX, "9") ",\"annotations\":{}}",
	    "image " MT_OCI_MANIFEST " a/t c2 S9");
	/* The config's type counts where the member is empty, too. */
	reads("", "{\"artifactType\":\"\",\"config\":" DESC("c/t", "2") "}",
	    "image " MT_OCI_MANIFEST " c/t c2");
	reads("", "{\"subject\":null,\"config\":null,\"layers\":[]}",
	    "image " MT_OCI_MANIFEST " -");
	reads("", "{\"new\":{\"manifests\":[1]},\"config\":"
	    "{\"mediaType\":\"c/t\",\"digest\":\"" EMPTY "\",\"size\":7,"
	    "\"new\":[{}],\"platform\":7,\"urls\":0}}",
	    "image " MT_OCI_MANIFEST " c/t c7");
}

static void
test_indexes(void)
{
	reads("", "{" TYPE(MT_OCI_INDEX) ",\"manifests\":["
	    DESC(MT_OCI_MANIFEST, "1") "," DESC(MT_OCI_INDEX, "2") ","
	    DESC("x/unknown", "3") "]}",
	    "index " MT_OCI_INDEX " - h1 h2 h3");
	reads(MT_DOCKER_LIST, "{\"schemaVersion\":2,\"manifests\":["
	    DESC(MT_DOCKER_MANIFEST, "1") "]}",
	    "index " MT_DOCKER_LIST " - h1");
	reads("", "{\"manifests\":[]}", "index " MT_OCI_INDEX " -");
	reads("", "{\"manifests\":null}", "index " MT_OCI_INDEX " -");
	reads("", "{\"manifests\":[],\"artifactType\":\"\"}",
	    "index " MT_OCI_INDEX " -");
	reads("", "{" TYPE(MT_OCI_INDEX) ",\"manifests\":[],\"artifactType\":"
	    "\"a/t\",\"subject\":" DESC(MT_OCI_MANIFEST, "8") "}",
	    "index " MT_OCI_INDEX " a/t S8");
}

static void
test_shadows(void)
{
	reads("", "{\"manifests\":[" DESC(MT_OCI_MANIFEST, "1") "],"
	    "\"annotations\":{\"" SHADOWS "\":\"[{\\\"mediaType\\\":\\\""
	    MT_OCI_INDEX "\\\",\\\"digest\\\":\\\"" EMPTY "\\\",\\\"size\\\":"
	    "6}]\"}}", "index " MT_OCI_INDEX " - h1 s6");
	reads("", "{\"manifests\":[],\"annotations\":{\"" SHADOWS
	    "\":\"[]\"}}", "index " MT_OCI_INDEX " -");
	reads("", "{\"manifests\":[],\"annotations\":{\"" SHADOWS
	    "\":\"null\"}}", "index " MT_OCI_INDEX " -");
	/* Not on images. */
	reads("", "{\"layers\":[],\"annotations\":{\"" SHADOWS "\":\"x\"}}",
	    "image " MT_OCI_MANIFEST " -");
	bad("", "{\"manifests\":[],\"annotations\":{\"" SHADOWS "\":\"\"}}",
	    "content", "annotation: ");
	bad("", "{\"manifests\":[],\"annotations\":{\"" SHADOWS "\":\"{}\"}}",
	    "content", "is not an array");
	bad("", "{\"manifests\":[],\"annotations\":{\"" SHADOWS
	    "\":\"[{\\\"digest\\\":\\\"../x\\\"}]\"}}", "content",
	    SHADOWS "[0]");
	/* The annotation's JSON is held to the same rule as the index. */
	bad("", "{\"manifests\":[],\"annotations\":{\"" SHADOWS
	    "\":\"[{\\\"Digest\\\":1}]\"}}", "content", "only in case");
	bad("", "{\"manifests\":[],\"annotations\":{\"" SHADOWS
	    "\":\"[{\\\"size\\\":1,\\\"size\\\":2}]\"}}", "content",
	    "stands twice");
	bad("", "{\"manifests\":[],\"annotations\":{\"" SHADOWS
	    "\":\"[{\\\"platform\\\":{\\\"OS\\\":\\\"a\\\"}}]\"}}",
	    "content", "only in case");
}

static void
test_ambiguous(void)
{
	bad("", "{\"manifests\":[],\"layers\":[]}", "content",
	    "as an index and as an image");
	bad("", "{\"manifests\":[],\"config\":{}}", "content", "as an index");
	bad("", "{\"manifests\":[],\"blobs\":[]}", "content", "as an index");
	bad(MT_OCI_INDEX, "{\"manifests\":null,\"layers\":null}", "content",
	    "as an index");
	bad(MT_OCI_INDEX, "{" TYPE(MT_OCI_MANIFEST) ",\"layers\":[]}",
	    "content", "announced as " MT_OCI_INDEX);
	bad(MT_DOCKER_MANIFEST, "{" TYPE(MT_OCI_MANIFEST) ",\"layers\":[]}",
	    "content", "says of itself " MT_OCI_MANIFEST);
	bad(MT_OCI_INDEX, "{\"layers\":[]}", "content", "without");
	bad(MT_OCI_MANIFEST, "{\"manifests\":[]}", "content",
	    "with \"manifests\"");
	bad("", "{" TYPE(MT_OCI_MANIFEST) "}", "content",
	    "without config and layers");
	bad("", "{}", "content", "without config and layers");
	bad("", "{\"mediaType\":1,\"layers\":[]}", "content", "not a string");
	bad("", "{\"mediaType\":\"\",\"layers\":[]}", "content",
	    "not a media type");
	bad("", "{\"mediaType\":null,\"layers\":[]}", "content", "not a string");
	bad("", "{\"mediaType\":\"a\\r\\nb\",\"layers\":[]}", "content",
	    "not a media type");
	bad("", "{\"mediaType\":\"a,b\",\"layers\":[]}", "content",
	    "not a media type");
	bad("", "{\"layers\":[],\"Layers\":[]}", "content", "only in case");
	bad("", "{\"config\":" DESC("a/b", "1") ",\"fsLayers\":[]}",
	    "content", "schema 1 image too: it has fsLayers");
	bad("", "{\"manifests\":[],\"fsLayers\":[]}", "content",
	    "schema 1 image too");
	bad("", "{\"layers\":[],\"FSLayers\":[]}", "content",
	    "only in case");
	bad("", "[]", "content", "not a JSON object");
	bad("", "null", "content", "not a JSON object");
	bad("", "", "content", "not valid JSON");
	bad("", "\xef\xbb\xbf{\"layers\":[]}", "content", "not valid JSON");
	bad("", "{\"layers\":{}}", "content", "is not an array");
	bad("", "{\"layers\":[1]}", "content", "layers[0]: a descriptor");
	bad("", "{\"config\":[]}", "content", "config: a descriptor");
	bad("", "{\"layers\":[],\"subject\":{}}", "content", "subject: ");
}

static void
test_unsupported(void)
{
	bad("", "{\"schemaVersion\":1,\"fsLayers\":[]}", "unsupported",
	    "schema 1");
	bad(SCHEMA1, "{\"schemaVersion\":1}", "unsupported", "schema 1");
	bad(SCHEMA1, "{\"name\":\"x\"}", "unsupported", "schema 1");
	bad("", "{\"mediaType\":\"application/vnd.docker.distribution."
	    "manifest.v1+json\"}", "unsupported", "schema 1");
	bad("", "{\"mediaType\":\"x/y\",\"layers\":[]}", "unsupported",
	    "x/y is not a type");
	bad("text/html", "{\"layers\":[]}", "unsupported", "text/html");
}

static void
size_is(const char *text, const char *want)
{
	char	doc[500];

	snprintf(doc, sizeof(doc), "{\"layers\":[{\"mediaType\":\"a/b\","
	    "\"digest\":\"" EMPTY "\"%s%s}]}", *text != '\0' ? ",\"size\":" :
	    "", text);
	if (want != NULL)
		reads("", doc, want);
	else
		bad("", doc, "content", "size is missing, or not a whole number");
}

#define L1	"image " MT_OCI_MANIFEST " - "

static void
test_sizes(void)
{
	size_is("0", L1 "l0");
	size_is("9007199254740991", L1 "l9007199254740991");
	size_is("", NULL);
	size_is("-1", NULL);
	size_is("9007199254740992", NULL);
	size_is("18446744073709551617", NULL);
	size_is("\"12\"", NULL);
	size_is("null", NULL);
	size_is("true", NULL);
	size_is("[1]", NULL);
}

/* Where other readers want an integer. */
static void
test_fractions(void)
{
	static const char *const sizes[] = {
		"1e3", "5E1", "50.0", "1.5", "1e18", "1e400", "0e0", "-1.0"
	};
	char	doc[500];
	size_t	i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		snprintf(doc, sizeof(doc), "{\"config\":{\"mediaType\":"
		    "\"a/b\",\"digest\":\"" EMPTY "\",\"size\":%s}}", sizes[i]);
		bad("", doc, "content", "with a fraction or an exponent");
	}
	bad("", "{\"layers\":[" DESC("a/b", "1.0") "]}", "content",
	    "with a fraction or an exponent");
	bad("", "{\"schemaVersion\":2.0,\"layers\":[]}", "content",
	    "a size or version with a fraction or an exponent at byte 18");
}

static void
digest_is_bad(const char *digest, const char *class)
{
	char	doc[500];

	snprintf(doc, sizeof(doc), "{\"layers\":[" DESC("a/b", "1")
	    ",{\"mediaType\":\"a/b\",\"digest\":%s,\"size\":1}]}", digest);
	bad("", doc, class, "layers[1]: ");
}

static void
test_digests(void)
{
	digest_is_bad("\"\"", "content");
	digest_is_bad("null", "content");
	digest_is_bad("1", "content");
	digest_is_bad("\"sha256:abc\"", "content");
	digest_is_bad("\"sha256:../../../../etc/passwd\"", "content");
	digest_is_bad("\"sha256:" HEX "0\"", "content");
	digest_is_bad("\"sha256:" HEX "\\u0000\"", "content");
	digest_is_bad("\"sha256:" HEX "\\n\"", "content");
	digest_is_bad("\"SHA256:" HEX "\"", "content");
	digest_is_bad("\"sha256:E3B0C44298fc1c149afbf4c8996fb92427ae41e4649b93"
	    "4ca495991b7852b855\"", "content");
	digest_is_bad("\"md5:d41d8cd98f00b204e9800998ecf8427e\"",
	    "unsupported");
	bad("", "{\"layers\":[{\"mediaType\":\"a/b\",\"size\":1}]}",
	    "content", "no digest");
	bad("", "{\"layers\":[{\"digest\":\"" EMPTY "\",\"size\":1}]}",
	    "content", "no mediaType");
	bad("", "{\"layers\":[" DESC("", "1") "]}", "content", "no mediaType");
	bad("", "{\"manifests\":[" DESC("", "1") "]}", "content",
	    "no mediaType");
	bad("", "{\"layers\":[" DESC("a b", "1") "]}", "content",
	    "not a media type");
	bad("", "{\"layers\":[" DESC("a/b\\u00e9", "1") "]}", "content",
	    "not a media type");
}

#define DATA(digest, size, data) "{\"config\":{\"mediaType\":\"a/b\"," \
	"\"digest\":\"" digest "\",\"size\":" size ",\"data\":\"" data "\"}}"

static void
test_data(void)
{
	struct manifest	m;
	struct err	err = ERR_INIT;
	struct descriptor d;
	static const char doc[] = DATA(ABC, "3", "YWJj");
	static const char none[] = DATA(ABC, "3", "");

	if (ok(manifest_parse(&m, "", doc, sizeof(doc) - 1, NULL, &err) == 0,
	    "embedded: %s", err.msg)) {
		is_str(m.edges[0].desc.data, "abc");
		descriptor_copy(&d, &m.edges[0].desc);
		is_str(d.data, "abc");
		ok(d.data != m.edges[0].desc.data, "a copy");
		descriptor_clear(&d);
		manifest_clear(&m);
	}
	if (ok(manifest_parse(&m, "", none, sizeof(none) - 1, NULL, &err) == 0,
	    "an empty string: %s", err.msg)) {
		ok(m.edges[0].desc.data == NULL, "nothing is embedded");
		manifest_clear(&m);
	}
	reads("", DATA(EMPTY, "0", ""), "image " MT_OCI_MANIFEST " a/b c0");
	bad("", DATA(ABC, "3", "YWJk"), "digest", "data has digest sha256:");
	bad("", DATA(ABC, "4", "YWJj"), "digest", "data has 3 bytes");
	bad("", DATA(ABC, "3", "YWJ"), "content", "not base64");
	bad("", DATA(ABC, "3", "YWJj\\n"), "content", "not base64");
	bad("", DATA(ABC, "3", "Y-Jj"), "content", "not base64");
}

static void
test_descriptor(void)
{
	struct descriptor	d, copy;
	struct err		err = ERR_INIT;
	jv			obj;

	obj = jv_parse("{\"digest\":\"" EMPTY "\",\"artifactType\":\"a/t\","
	    "\"data\":\"not checked\",\"platform\":{\"os\":\"linux\","
	    "\"architecture\":\"arm\",\"variant\":\"v7\",\"os.version\":"
	    "\"1.2\",\"os.features\":[1]}}");
	is_int(descriptor_parse(&d, obj, 0, &err), -1);
	is_int(descriptor_parse(&d, obj, 1, &err), 0);
	is_str(d.media_type, "");
	is_int(d.size, -1);
	descriptor_copy(&copy, &d);
	descriptor_clear(&d);
	descriptor_clear(&d);
	is_str(copy.digest, EMPTY);
	is_str(copy.artifact_type, "a/t");
	is_int(copy.has_platform, 1);
	is_str(copy.platform.os, "linux");
	is_str(copy.platform.arch, "arm");
	is_str(copy.platform.variant, "v7");
	is_str(copy.platform.os_version, "1.2");
	descriptor_clear(&copy);
	jv_free(obj);

	obj = jv_parse("{\"digest\":\"" EMPTY "\",\"size\":-1}");
	is_int(descriptor_parse(&d, obj, 1, &err), -1);
	jv_free(obj);
	obj = jv_parse("{\"digest\":\"" EMPTY "\",\"platform\":"
	    "{\"os\":\"\",\"architecture\":\"x\",\"variant\":\"v\"}}");
	is_int(descriptor_parse(&d, obj, 1, &err), 0);
	is_int(d.has_platform, 0);
	ok(d.platform.variant == NULL, "half a platform is none");
	descriptor_clear(&d);
	jv_free(obj);
}

static void
test_types(void)
{
	struct edge	e;

	is_int(manifest_is_type(MT_OCI_INDEX), 1);
	is_int(manifest_is_type(MT_OCI_ARTIFACT), 1);
	is_int(manifest_is_type(MT_DOCKER_MANIFEST), 1);
	is_int(manifest_is_type(MT_OCI_CONFIG), 0);
	is_int(manifest_is_type(SCHEMA1), 0);
	is_int(manifest_is_type(""), 0);
	is_int(manifest_is_index_type(MT_DOCKER_LIST), 1);
	is_int(manifest_is_index_type(MT_OCI_MANIFEST), 0);
	is_int(manifest_is_foreign_type(LAYER), 0);
	is_int(manifest_is_foreign_type("application/vnd.oci.image.layer."
	    "nondistributable.v1.tar+gzip"), 1);
	is_int(manifest_is_foreign_type("application/vnd.docker.image.rootfs."
	    "foreign.diff.tar.gzip"), 1);
	memset(&e, 0, sizeof(e));
	e.desc.media_type = strdup(MT_OCI_MANIFEST);
	e.kind = EDGE_CHILD;
	is_int(edge_is_manifest(&e), 1);
	e.kind = EDGE_SUBJECT;
	is_int(edge_is_manifest(&e), 1);
	e.kind = EDGE_LAYER;		/* a blob, whatever it is called */
	is_int(edge_is_manifest(&e), 0);
	e.kind = EDGE_CONFIG;
	is_int(edge_is_manifest(&e), 0);
	free(e.desc.media_type);
	e.desc.media_type = strdup("x/y");
	e.kind = EDGE_CHILD;
	is_int(edge_is_manifest(&e), 0);
	free(e.desc.media_type);
}

static void
test_config_platform(void)
{
	struct platform	p;
	struct err	err = ERR_INIT;
	static const char full[] = "{\"os\":\"windows\",\"os.version\":\"10\","
	    "\"architecture\":\"amd64\",\"OS\":1,\"config\":{}}";

	is_int(manifest_config_platform(full, sizeof(full) - 1, &p, &err), 1);
	is_str(p.os, "windows");
	is_str(p.os_version, "10");
	ok(p.variant == NULL, "no variant");
	platform_clear(&p);
	is_int(manifest_config_platform("{}", 2, &p, &err), 0);
	is_int(manifest_config_platform("[]", 2, &p, &err), -1);
	is_int(manifest_config_platform("", 0, &p, &err), -1);
	is_int(manifest_config_platform("{\"os\":1,\"architecture\":\"x\"}",
	    27, &p, &err), 0);
}

static void
test_limits(void)
{
	struct buf	b;
	int		i;

	buf_init(&b, 64 * 1024 * 1024);
	buf_adds(&b, "{\"layers\":[" DESC("a/b", "1"));
	for (i = 0; i < MANIFEST_VALUES_MAX / 4; i++)
		buf_adds(&b, "," DESC("a/b", "1"));
	buf_adds(&b, "]}");
	bad("", b.data, "limit", "more than 200000 values");
	buf_reset(&b);
	buf_adds(&b, "{\"layers\":[],\"x\":");
	for (i = 0; i < MANIFEST_DEPTH_MAX; i++)
		buf_addc(&b, '[');
	bad("", b.data, "limit", "nested deeper");
	buf_clear(&b);
}

int
main(void)
{
	test_images();
	test_indexes();
	test_shadows();
	test_ambiguous();
	test_unsupported();
	test_sizes();
	test_fractions();
	test_digests();
	test_data();
	test_descriptor();
	test_types();
	test_config_platform();
	test_limits();
	return tap_end();
}
