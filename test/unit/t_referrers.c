#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/oci/digest.h"
#include "lib/oci/manifest.h"
#include "lib/oci/referrers.h"
#include "test/unit/tap.h"
#include "tools/acedt-push/referrers_index.h"

#define HEX	"e3b0c44298fc1c149afbf4c8996fb924" \
		"27ae41e4649b934ca495991b7852b855"
#define EMPTY	"sha256:" HEX
#define ENTRY	"{\"mediaType\":\"a/b\",\"digest\":\"" EMPTY "\",\"size\":1}"
#define SIGNED	"\"config\":{\"mediaType\":\"c/t\",\"digest\":\"" EMPTY \
		"\",\"size\":0},\"layers\":[]"
#define NEW	"{\"schemaVersion\":2,\"mediaType\":\"" MT_OCI_INDEX \
		"\",\"manifests\":["

static void
test_tag(void)
{
	char	tag[REFERRERS_TAG_MAX], digest[300];

	referrers_tag(EMPTY, tag);
	is_str(tag, "sha256-" HEX);
	/* No more than 64 characters of the digest. */
	referrers_tag("sha512:" HEX HEX, tag);
	is_str(tag, "sha512-" HEX);
	/* distribution-spec: what a tag cannot hold becomes '-'. */
	referrers_tag("test+algorithm+using+algorithm+separators+and+lots+of+"
	    "characters+to+excercise+overall+truncation:alsoSome=InTheEncoded"
	    "SectionToShowHyphenReplacementAndLotsAndLotsOfCharactersToExcerc"
	    "iseEncodedTruncation", tag);
	is_str(tag, "test-algorithm-using-algorithm-s-alsoSome-InTheEncoded"
	    "SectionToShowHyphenReplacementAndLotsAndLot");
	ok(referrers_is_tag("sha256-" HEX) && referrers_is_tag("sha512-" HEX),
	    "as it is made");
	ok(!referrers_is_tag("sha256-" HEX ".sig") &&
	    !referrers_is_tag("sha256-" HEX "0") &&
	    !referrers_is_tag("sha256-abc") && !referrers_is_tag("md5-" HEX) &&
	    !referrers_is_tag("sha256-g" HEX) && !referrers_is_tag("latest"),
	    "other tags");
	snprintf(digest, sizeof(digest), "x:%s", "y");
	referrers_tag(digest, tag);
	is_str(tag, "x-y");
}

/* Add the manifest doc to the index old: rc and the text; %D is its entry. */
static void
adds(const char *old, const char *doc, size_t max, int rc, const char *before,
    const char *members, const char *after)
{
	struct manifest		m;
	struct descriptor	d;
	struct err		err = ERR_INIT;
	struct buf		out, want;
	char			mt[] = MT_OCI_MANIFEST, digest[DIGEST_STR_MAX];

	memset(&d, 0, sizeof(d));
	digest_sha256(doc, strlen(doc), digest);
	d.media_type = mt;
	d.digest = digest;
	d.size = (int64_t)strlen(doc);
	if (manifest_parse(&m, "", doc, strlen(doc), NULL, &err) == -1) {
		ok(0, "%s: %s", doc, err.msg);
		return;
	}
	buf_init(&out, max);
	buf_init(&want, 100000);
	is_int(referrers_add(old, old != NULL ? strlen(old) : 0, &d, &m, doc,
	    strlen(doc), &out, &err), rc);
	if (rc == 1) {
		buf_addf(&want, "%s{\"mediaType\":\"%s\",\"digest\":\"%s\","
		    "\"size\":%zu%s}%s", before, mt, digest, strlen(doc),
		    members, after);
		is_str(out.data, want.data);
	} else if (rc == -1) {
		ok(strstr(err.msg, before) != NULL, "says %s: %s", before,
		    err.msg);
	}
	buf_clear(&out);
	buf_clear(&want);
	manifest_clear(&m);
}

#define MAX	100000

static void
test_new(void)
{
	adds(NULL, "{" SIGNED "}", MAX, 1, NEW, ",\"artifactType\":\"c/t\"",
	    "]}");
	adds(NULL, "{" SIGNED ",\"artifactType\":\"a/t\",\"annotations\":"
	    "{\"b\":\"<&>\xe2\x82\xac\",\"a\":\"\\n\"}}", MAX, 1, NEW,
	    ",\"annotations\":{\"a\":\"\\n\",\"b\":\"<&>\xe2\x82\xac\"},"
	    "\"artifactType\":\"a/t\"", "]}");
	adds(NULL, "{\"layers\":[],\"annotations\":null}", MAX, 1, NEW, "",
	    "]}");
	adds(NULL, "{" SIGNED ",\"artifactType\":\"\"}", MAX, 1, NEW,
	    ",\"artifactType\":\"c/t\"", "]}");
}

#define DOC	"{\"layers\":[]}"

static void
test_append(void)
{
	adds("{\"manifests\":[]}", DOC, MAX, 1, "{\"manifests\":[", "", "]}");
	adds("{\"manifests\":[ \n ] }\n", DOC, MAX, 1, "{\"manifests\":[ \n ",
	    "", "] }\n");
	adds("{\"manifests\":[" ENTRY "]}", DOC, MAX, 1,
	    "{\"manifests\":[" ENTRY ",", "", "]}");
	/* What others wrote stays to the byte, blanks and numbers too. */
	adds("{ \"x\" : [1.50, {\"manifests\":[]}],\"y\":\"manifests\","
	    "\"z\":\"]}\\\"\", \"manifests\" : [\n" ENTRY "\n],\"annotations\":"
	    "{\"manifests\":\"[]\"},\"n\":[12345678901234567890] }", DOC, MAX,
	    1, "{ \"x\" : [1.50, {\"manifests\":[]}],\"y\":\"manifests\","
	    "\"z\":\"]}\\\"\", \"manifests\" : [\n" ENTRY "\n,", "",
	    "],\"annotations\":{\"manifests\":\"[]\"},"
	    "\"n\":[12345678901234567890] }");
	adds("{\"manifests\":[{\"mediaType\":\"a/b\",\"digest\":\"" EMPTY
	    "\",\"size\":1,\"urls\":[\"]\"],\"new\":{\"manifests\":[[]]}}],"
	    "\"y\":\"manifests\"}", DOC, MAX, 1,
	    "{\"manifests\":[{\"mediaType\":\"a/b\",\"digest\":\"" EMPTY
	    "\",\"size\":1,\"urls\":[\"]\"],\"new\":{\"manifests\":[[]]}},",
	    "", "],\"y\":\"manifests\"}");
	/* The subject of the index is no entry. */
	adds("{\"manifests\":[],\"subject\":" ENTRY "}", DOC, MAX, 1,
	    "{\"manifests\":[", "", "],\"subject\":" ENTRY "}");
}

static void
test_there(void)
{
	char	old[500], digest[DIGEST_STR_MAX];

	digest_sha256(DOC, strlen(DOC), digest);
	snprintf(old, sizeof(old), "{\"manifests\":[" ENTRY ",{\"mediaType\":"
	    "\"a/b\",\"digest\":\"%s\",\"size\":13}]}", digest);
	adds(old, DOC, MAX, 0, NULL, NULL, NULL);
	/* Named elsewhere than in the list: not there. */
	snprintf(old, sizeof(old), "{\"manifests\":[],\"annotations\":"
	    "{\"a\":\"%s\"}}", digest);
	adds(old, DOC, MAX, 1, "{\"manifests\":[", "", strchr(old, ']'));
	snprintf(old, sizeof(old), "{\"manifests\":[],\"subject\":"
	    "{\"mediaType\":\"a/b\",\"digest\":\"%s\",\"size\":13}}", digest);
	adds(old, DOC, MAX, 1, "{\"manifests\":[", "", strchr(old, ']'));
}

static void
test_no_index(void)
{
	adds("", DOC, MAX, -1, "the referrers index that is there", NULL,
	    NULL);
	adds("<html>", DOC, MAX, -1, "the referrers index that is there: not "
	    "valid JSON", NULL, NULL);
	adds("[]", DOC, MAX, -1, "not a JSON object", NULL, NULL);
	adds("{\"layers\":[]}", DOC, MAX, -1, "without \"manifests\"", NULL,
	    NULL);
	adds("{\"mediaType\":\"" MT_DOCKER_LIST "\",\"manifests\":[]}", DOC,
	    MAX, -1, "announced as " MT_OCI_INDEX, NULL, NULL);
	adds("{\"manifests\":[{}]}", DOC, MAX, -1, "has no digest", NULL,
	    NULL);
	adds("{\"manifests\":null}", DOC, MAX, -1, "no array", NULL, NULL);
}

/* Whatever the ceiling: all of it or an error, never a part. */
static void
test_ceiling(void)
{
	static const char	doc[] = "{" SIGNED ",\"annotations\":{\"a\":"
	    "\"long enough to be dropped alone\"}}";
	struct manifest		m;
	struct descriptor	d;
	struct err		err = ERR_INIT;
	struct buf		out;
	char			mt[] = MT_OCI_MANIFEST, digest[] = EMPTY;
	size_t			max, full = 0, wrong = 0;

	memset(&d, 0, sizeof(d));
	d.media_type = mt;
	d.digest = digest;
	d.size = sizeof(doc) - 1;
	if (manifest_parse(&m, "", doc, sizeof(doc) - 1, NULL, &err) == -1)
		return;
	for (max = 1000; ; max--) {
		buf_init(&out, max);
		if (referrers_add(NULL, 0, &d, &m, doc, sizeof(doc) - 1, &out,
		    &err) == 1) {
			if (full == 0)
				full = out.len;
			wrong += out.len != full;
		} else if (max >= full) {
			wrong++;
		}
		buf_clear(&out);
		if (max == 0)
			break;
	}
	ok(full > 0 && wrong == 0, "%zu of 1001 ceilings wrong", wrong);
	is_str(err_class_name(err.cls), "limit");
	manifest_clear(&m);
}

int
main(void)
{
	test_tag();
	test_new();
	test_append();
	test_there();
	test_no_index();
	test_ceiling();
	return tap_end();
}
