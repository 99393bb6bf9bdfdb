#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/oci/digest.h"
#include "test/unit/tap.h"

#define EMPTY256							\
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC256								\
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC384								\
	"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163"		\
	"1a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
#define ABC512								\
	"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" \
	"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"

static void
good(const char *digest)
{
	struct err	err = ERR_INIT;

	if (!ok(digest_check(digest, &err) == 0, "taken: %.40s", digest))
		printf("# %s\n", err.msg);
}

static void
bad(const char *digest, enum err_class cls)
{
	struct err	err = ERR_INIT;

	ok(digest_check(digest, &err) == -1, "refused: %.40s", digest);
	is_str(err_class_name(err.cls), err_class_name(cls));
	ok(err.msg[0] != '\0' && strlen(err.msg) < 400, "short message");
}

static void
test_check(void)
{
	char	long_one[10241];

	good("sha256:" EMPTY256);
	good("sha384:" ABC384);
	good("sha512:" ABC512);
	bad("", ERR_CONTENT);
	bad(":", ERR_CONTENT);
	bad("sha256", ERR_CONTENT);
	bad("sha256:", ERR_CONTENT);
	bad(EMPTY256, ERR_CONTENT);
	bad("sha256:../../x", ERR_CONTENT);
	bad("sha256:" EMPTY256 "0", ERR_CONTENT);
	bad("sha256:" EMPTY256 "\n", ERR_CONTENT);
	bad("sha256:" EMPTY256 "/..", ERR_CONTENT);
	bad(" sha256:" EMPTY256, ERR_CONTENT);
	bad("sha256:3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852"
	    "b855", ERR_CONTENT);
	bad("sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7"
	    "852B855", ERR_CONTENT);
	bad("SHA256:" EMPTY256, ERR_CONTENT);
	bad("sha256:g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b785"
	    "2b855", ERR_CONTENT);
	bad("sha512:" ABC256, ERR_CONTENT);
	bad("sha256:" ABC512, ERR_CONTENT);
	bad("sha384:" ABC512, ERR_CONTENT);
	bad("md5:d41d8cd98f00b204e9800998ecf8427e", ERR_UNSUPPORTED);
	bad("sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709", ERR_UNSUPPORTED);
	bad("multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8",
	    ERR_UNSUPPORTED);
	bad("sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564",
	    ERR_UNSUPPORTED);
	bad("sha3:", ERR_CONTENT);
	bad("a..b:00", ERR_CONTENT);
	bad("a/b:00", ERR_CONTENT);
	bad("+a:00", ERR_CONTENT);
	bad("a:0 0", ERR_CONTENT);
	bad("a:0/0", ERR_CONTENT);
	memset(long_one, 'a', sizeof(long_one) - 1);
	long_one[sizeof(long_one) - 1] = '\0';
	bad(long_one, ERR_CONTENT);
	memcpy(long_one, "sha256:", 7);
	bad(long_one, ERR_CONTENT);
	memcpy(long_one, "other9:", 7);
	bad(long_one, ERR_UNSUPPORTED);
}

static void
test_messages(void)
{
	struct err	err = ERR_INIT;

	digest_check("sha256:ABC", &err);
	ok(strstr(err.msg, "lower case") != NULL, "upper case has its hint");
	digest_check("sha256:abc", &err);
	ok(strstr(err.msg, "exactly 64") != NULL, "length is said");
	digest_check("sha512:abc", &err);
	ok(strstr(err.msg, "exactly 128") != NULL, "length is said");
	digest_check("md5:abc", &err);
	ok(strstr(err.msg, "sha512") != NULL, "known ones are named");
}

static void
test_compute(void)
{
	struct digester	d;
	char		out[DIGEST_STR_MAX], big[100000];
	size_t		i;

	digest_sha256("", 0, out);
	is_str(out, "sha256:" EMPTY256);
	digest_sha256(NULL, 0, out);
	is_str(out, "sha256:" EMPTY256);
	digest_sha256("abc", 3, out);
	is_str(out, "sha256:" ABC256);
	digest_of("sha384:" ABC384, "abc", 3, out);
	is_str(out, "sha384:" ABC384);
	digest_of("sha512:", "abc", 3, out);
	is_str(out, "sha512:" ABC512);
	is_int((long long)strlen(out) + 1, DIGEST_STR_MAX);

	digester_init(&d, "sha512:" ABC512);
	digester_add(&d, "a", 1);
	digester_add(&d, "", 0);
	digester_add(&d, NULL, 0);
	digester_add(&d, "bc", 2);
	digester_end(&d, out);
	is_str(out, "sha512:" ABC512);

	digester_init(&d, "sha256:");
	for (i = 0; i < 10; i++) {
		memset(big, 'a', sizeof(big));
		digester_add(&d, big, sizeof(big));
	}
	digester_end(&d, out);
	is_str(out, "sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e"
	    "046d39ccc7112cd0");
}

/* Saved at a byte, loaded again, it comes to the same end. */
static void
test_saved(const char *like, size_t at)
{
	struct digester	d, e;
	char		want[DIGEST_STR_MAX], got[DIGEST_STR_MAX], data[1000];
	char		*text;
	size_t		i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7);
	digest_of(like, data, sizeof(data), want);
	digester_init(&d, like);
	digester_add(&d, data, at);
	text = digester_save(&d);
	is_int(digester_load(&e, like, text, (int64_t)at), 1);
	digester_add(&e, data + at, sizeof(data) - at);
	digester_end(&e, got);
	is_str(got, want);
	/* Not what it says: then a fresh one. */
	is_int(digester_load(&e, like, text, (int64_t)at + 1), 0);
	digester_add(&e, data, sizeof(data));
	digester_end(&e, got);
	is_str(got, want);
	text[0] = 'g';
	is_int(digester_load(&e, like, text, (int64_t)at), 0);
	text[4] = '\0';
	is_int(digester_load(&e, like, text, (int64_t)at), 0);
	is_int(digester_load(&e, like, "", 0), 0);
	free(text);
}

/* A field of a saved state that says something else: then a fresh one. */
static void
state_is_refused(const char *what, const struct digester *d,
    const char *like, const char *data, size_t n)
{
	struct digester	e;
	char		*text = digester_save(d);
	char		 want[DIGEST_STR_MAX], got[DIGEST_STR_MAX];

	ok(digester_load(&e, like, text, (int64_t)n) == 0, "%s%s", like, what);
	digester_add(&e, data, n);
	digester_end(&e, got);
	digest_of(like, data, n, want);
	is_str(got, want);
	free(text);
}

#define STATE_WITH(member, change) do {					\
	e = d;								\
	e.state.member change;						\
	state_is_refused(#member " " #change, &e, like, data, sizeof(data)); \
} while (0)

/* A state from a file must not make the digester write beyond its block. */
static void
test_state(const char *like)
{
	struct digester	d, e;
	char		data[200];

	memset(data, 'x', sizeof(data));
	digester_init(&d, like);
	digester_add(&d, data, sizeof(data));
	if (strcmp(like, "sha256:") == 0) {
		STATE_WITH(sha256.num, += 1);
		STATE_WITH(sha256.num, = 64);
		STATE_WITH(sha256.num, = 1000000);
		STATE_WITH(sha256.md_len, = 28);
		STATE_WITH(sha256.md_len, = 1000000);
		STATE_WITH(sha256.Nl, += 8);
		STATE_WITH(sha256.Nh, = 1);
	} else {
		STATE_WITH(sha512.num, += 1);
		STATE_WITH(sha512.num, = 128);
		STATE_WITH(sha512.num, = 1000000);
		STATE_WITH(sha512.md_len, = 28);
		STATE_WITH(sha512.md_len, = 1000000);
		STATE_WITH(sha512.Nl, += 8);
		STATE_WITH(sha512.Nh, = 1);
	}
}

int
main(void)
{
	test_check();
	test_messages();
	test_compute();
	test_saved("sha256:", 0);
	test_saved("sha256:", 63);
	test_saved("sha256:", 64);
	test_saved("sha384:", 500);
	test_saved("sha512:", 999);
	test_state("sha256:");
	test_state("sha384:");
	test_state("sha512:");
	return tap_end();
}
