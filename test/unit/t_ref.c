#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/oci/ref.h"
#include "test/unit/tap.h"

#define HEX	\
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA	"sha256:" HEX
#define SHA512	"sha512:" HEX HEX
#define SHA384	"sha384:" HEX "e3b0c44298fc1c149afbf4c8996fb924"

static void
check(const char *text, int layout, const char *host, const char *repo,
    const char *tag, const char *digest)
{
	struct ref	r;
	struct err	err = ERR_INIT;

	if (!ok(ref_parse(&r, text, &err) == 0, "taken: %s", text)) {
		printf("# %s\n", err.msg);
		return;
	}
	is_str(r.text, text);
	is_int(r.is_layout, layout);
	is_str(r.host, host);
	is_str(r.repo, repo);
	is_str(r.tag, tag);
	is_str(r.digest, digest);
	ref_clear(&r);
	ok(r.text == NULL && r.host == NULL && r.repo == NULL &&
	    r.tag == NULL && r.digest == NULL, "clear");
}

/* Refused, with this in the message. */
static void
bad(const char *text, const char *why)
{
	struct ref	r;
	struct err	err = ERR_INIT;

	if (!ok(ref_parse(&r, text, &err) == -1, "refused: %.60s", text)) {
		ref_clear(&r);
		return;
	}
	is_str(err_class_name(err.cls), "reference");
	if (!ok(strstr(err.msg, why) != NULL, "because: %s", why))
		printf("# %s\n", err.msg);
	ok(r.text == NULL && r.repo == NULL, "nothing left behind");
}

static void
test_registry(void)
{
	check("reg.example.com/app", 0, "reg.example.com", "app", NULL, NULL);
	check("reg.example.com/app:1", 0, "reg.example.com", "app", "1", NULL);
	check("localhost:5000/a/b/c:latest", 0, "localhost:5000", "a/b/c",
	    "latest", NULL);
	check("localhost/a", 0, "localhost", "a", NULL, NULL);
	check("127.0.0.1:65535/a", 0, "127.0.0.1:65535", "a", NULL, NULL);
	check("[::1]:5000/x", 0, "[::1]:5000", "x", NULL, NULL);
	check("[2001:db8::1]/x:y", 0, "[2001:db8::1]", "x", "y", NULL);
	check("library/ubuntu:1", 0, "library", "ubuntu", "1", NULL);
	check("Reg.Example.COM/app", 0, "Reg.Example.COM", "app", NULL, NULL);
	check("under_score.example.com/app", 0, "under_score.example.com",
	    "app", NULL, NULL);
	check("reg.example.com./app", 0, "reg.example.com.", "app", NULL,
	    NULL);
	check("xn--bcher-kva.example/app", 0, "xn--bcher-kva.example", "app",
	    NULL, NULL);

	bad("/app", "registry is missing");
	bad("user@reg.example.com/app", "user name");
	bad("user:pw@reg.example.com/app", "user name");
	bad("[::1]@reg/app", "user name");
	bad("reg.example.com?x/app", "not a host name");
	bad("reg.example.com#x/app", "not a host name");
	bad("reg\\evil/app", "not a host name");
	bad("b\xc3\xbc" "cher.example/app", "not a host name");
	bad("-oProxyCommand/app", "begin with");
	bad("../app", "begin with");
	bad("./dir/app", "begin with");
	bad("a..b/app", "two dots");
	bad("reg:/app", "not a port");
	bad("reg:65536/app", "not a port");
	bad("reg:-1/app", "not a port");
	bad("reg:5000:1/app", "not a port");
	bad("reg:99999999999999999999/app", "not a port");
	bad("[::1/app", "]");
	bad("[]/app", "IPv6");
	bad("[::g]/app", "IPv6");
	bad("[1.2.3.4]/app", "IPv6");
	bad("[::1]x/app", "port");
	bad("[::1]:/app", "not a port");
	bad("[fe80::1%25eth0]/app", "%");
	bad("https://reg.example.com/app", "scheme");
	bad("docker://reg.example.com/app:1", "scheme");
}

static void
test_repository(void)
{
	char	text[700], name[600];

	check("r.io/a_b/c__d/e-f/g---h/i.j/0", 0, "r.io",
	    "a_b/c__d/e-f/g---h/i.j/0", NULL, NULL);
	check("r.io/" HEX, 0, "r.io", HEX, NULL, NULL);
	bad("r.io/", "repository is missing");
	bad("r.io/:1", "repository is missing");
	bad("r.io/@" SHA, "repository is missing");
	bad("r.io//a", "components");
	bad("r.io/a/", "components");
	bad("r.io/a//b", "components");
	bad("r.io/-a", "components");
	bad("r.io/a-", "components");
	bad("r.io/a_", "components");
	bad("r.io/a___b", "components");
	bad("r.io/a..b", "components");
	bad("r.io/a._b", "components");
	bad("r.io/a-_b", "components");
	bad("r.io/../a", "components");
	bad("r.io/a/..", "components");
	bad("r.io/a/./b", "components");
	bad("r.io/a?b", "components");
	bad("r.io/a#b", "components");
	bad("r.io/a\\b", "components");
	bad("r.io/a~b", "components");
	bad("r.io/A", "lower case");
	bad("r.io/a/bC:1", "lower case");
	bad("r.io/\xc3\xa9", "components");

	memset(name, 'a', sizeof(name));
	name[250] = '\0';
	snprintf(text, sizeof(text), "r.io/%s", name);
	check(text, 0, "r.io", name, NULL, NULL);
	name[250] = 'a';
	name[251] = '\0';
	snprintf(text, sizeof(text), "r.io/%s", name);
	bad(text, "longer than 255");
}

static void
test_tag(void)
{
	char	text[300], tag[200];

	check("r.io/a:_x.Y-9", 0, "r.io", "a", "_x.Y-9", NULL);
	bad("r.io/a:", "the tag is empty; write it after the colon");
	bad("r.io/a:.x", "begin with");
	bad("r.io/a:-x", "begin with");
	bad("r.io/a:b:c", "tag");
	bad("r.io/a:b/c", "tag");
	bad("r.io/a:b+c", "tag");
	bad("r.io/a:\xc3\xa9", "tag");
	memset(tag, 't', sizeof(tag));
	tag[128] = '\0';
	snprintf(text, sizeof(text), "r.io/a:%s", tag);
	check(text, 0, "r.io", "a", tag, NULL);
	snprintf(text, sizeof(text), "r.io/a:%st", tag);
	bad(text, "longer than 128");
}

static void
test_digest(void)
{
	check("r.io/a@" SHA, 0, "r.io", "a", NULL, SHA);
	check("r.io/a:1@" SHA, 0, "r.io", "a", NULL, SHA);
	check("r.io/a@" SHA384, 0, "r.io", "a", NULL, SHA384);
	check("r.io/a@" SHA512, 0, "r.io", "a", NULL, SHA512);
	bad("r.io/a@", "nothing follows the @");
	bad("r.io/a:1@", "nothing follows the @");
	bad("r.io/a:@" SHA, "tag is empty");
	bad("r.io/a:b:c@" SHA, "tag");
	bad("r.io/a:.b@" SHA, "begin with");
	bad("r.io/a@sha256:abc", "exactly 64");
	bad("r.io/a@latest", "digest");
	bad("r.io/a@" SHA "0", "exactly 64");
	bad("r.io/a@" SHA ":1", "exactly 64");
	bad("r.io/a@" SHA "@" SHA, "exactly 64");
	bad("r.io/a@SHA256:" HEX, "digest");
	bad("r.io/a@sha256:../../x", "exactly 64");
	bad("r.io/a@md5:d41d8cd98f00b204e9800998ecf8427e", "algorithm");
	bad("r.io/A@" SHA, "lower case");
}

static void
test_hub(void)
{
	check("docker.io/x", 0, "docker.io", "library/x", NULL, NULL);
	check("docker.io/x:1", 0, "docker.io", "library/x", "1", NULL);
	check("docker.io/x@" SHA, 0, "docker.io", "library/x", NULL, SHA);
	check("docker.io/library/x", 0, "docker.io", "library/x", NULL, NULL);
	check("docker.io/a/b", 0, "docker.io", "a/b", NULL, NULL);
	check("index.docker.io/x", 0, "index.docker.io", "library/x", NULL,
	    NULL);
	check("docker.io:443/x", 0, "docker.io:443", "x", NULL, NULL);
	check("quay.io/x", 0, "quay.io", "x", NULL, NULL);
	is_str(ref_api_host("docker.io"), "registry-1.docker.io");
	is_str(ref_api_host("index.docker.io"), "registry-1.docker.io");
	is_str(ref_api_host("reg.example.com:5000"), "reg.example.com:5000");
	is_str(ref_api_host("xdocker.io"), "xdocker.io");

	bad("ubuntu", "did you mean docker.io/library/ubuntu:latest?");
	bad("ubuntu:22.04", "did you mean docker.io/library/ubuntu:22.04?");
	bad("ubuntu@" SHA, "did you mean docker.io/library/ubuntu@" SHA "?");
	bad("reg.example.com", "there is no /");
	bad("localhost:5000", "there is no /");
	bad("Ubuntu", "there is no /");
	bad(":1", "there is no /");
	bad("@", "there is no /");
}

static void
test_characters(void)
{
	bad("", "empty");
	bad(" ", "blank");
	bad("r.io/a b", "a blank, U+0020");
	bad("r.io/a ", "a blank");
	bad(" r.io/a", "a blank");
	bad("r.io/a\xc2\xa0", "a blank, U+00A0");
	bad("r.io/a\xef\xbb\xbf", "a blank, U+FEFF");
	bad("\xe3\x80\x80r.io/a", "a blank, U+3000");
	bad("r.io/a\n", "control character, U+000A");
	bad("r.io/a\r", "control character, U+000D");
	bad("r.io/a\tb", "control character, U+0009");
	bad("r.io/a\x1b[2J", "control character, U+001B");
	bad("r.io/a\x7f", "control character, U+007F");
	bad("r.io/a\xc2\x85", "control character, U+0085");
	bad("r.io/a%2fb", "%");
	bad("r.io%2f/a", "%");
	bad("r.io/a:%31", "%");
	bad("r.io/a\xff", "byte 0xff");
	bad("r.io/a\xed\xa0\x80", "byte 0xed");
}

static void
test_layout(void)
{
	check("oci:dir", 1, NULL, "dir", NULL, NULL);
	check("oci:/a/b:v1", 1, NULL, "/a/b", "v1", NULL);
	check("oci:.", 1, NULL, ".", NULL, NULL);
	check("oci:../x:1", 1, NULL, "../x", "1", NULL);
	check("oci:dir:reg.example.com:5000/a/b@x+y_z", 1, NULL, "dir",
	    "reg.example.com:5000/a/b@x+y_z", NULL);
	check("oci:dir@" SHA, 1, NULL, "dir", NULL, SHA);
	check("oci:dir@" SHA512, 1, NULL, "dir", NULL, SHA512);
	check("oci:dir:tag@" SHA, 1, NULL, "dir", NULL, SHA);
	check("oci:d@ir@" SHA, 1, NULL, "d@ir", NULL, SHA);
	check("oci:d@ir", 1, NULL, "d@ir", NULL, NULL);
	check("oci:my dir/100%:1", 1, NULL, "my dir/100%", "1", NULL);
	check("oci:b\xc3\xbc" "cher:1", 1, NULL, "b\xc3\xbc" "cher", "1",
	    NULL);
	check("oci:UPPER", 1, NULL, "UPPER", NULL, NULL);

	bad("oci:", "directory is missing");
	bad("oci::tag", "directory is missing");
	bad("oci:@" SHA, "directory is missing");
	bad("oci:dir:", "tag is empty");
	bad("oci:dir:@" SHA, "tag is empty");
	bad("oci:dir@", "nothing follows the @");
	bad("oci:dir@sha256:abc", "exactly 64");
	bad("oci:dir@" SHA "0", "exactly 64");
	bad("oci:dir:a b", "a blank");
	bad("oci:dir:a\nb", "control character");
	bad("oci:dir:a%20b", "%");
	bad("oci:dir:a#b", "tag");
	bad("oci:dir:\xc3\xa9", "tag");
	bad("oci:di\nr", "control character");
	bad("oci:di\x1br:1", "control character");
	bad("oci:\xff", "UTF-8");
}

static void
test_huge(void)
{
	const size_t	 n = 1000000;
	char		*text = malloc(n + 1);
	size_t		 i;

	for (i = 0; i < n; i++)
		text[i] = "r.io/a-:@["[i % 10];
	text[n] = '\0';
	bad(text, "bad reference");
	memset(text, 'a', n);
	bad(text, "registry");
	text[4] = '/';
	bad(text, "longer");
	text[1000] = ':';
	bad(text, "longer");
	memset(text + 5, '-', n - 6);
	text[5] = 'a';
	bad(text, "longer");
	free(text);
}

static void
test_usual_tag(void)
{
	struct ref	r;
	struct err	err = ERR_INIT;

	is_int(ref_parse(&r, "r.io/a", &err), 0);
	is_str(ref_tag(&r), "latest");
	ref_clear(&r);
	is_int(ref_parse(&r, "r.io/a:1", &err), 0);
	is_str(ref_tag(&r), "1");
	ref_clear(&r);
	is_int(ref_parse(&r, "oci:d", &err), 0);
	is_str(ref_tag(&r), "latest");
	ref_clear(&r);
}

int
main(void)
{
	test_usual_tag();
	test_registry();
	test_repository();
	test_tag();
	test_digest();
	test_hub();
	test_characters();
	test_layout();
	test_huge();
	return tap_end();
}
