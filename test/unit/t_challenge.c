#include <string.h>

#include "lib/registry/challenge.h"
#include "test/unit/tap.h"

static struct challenge	c;

static int
parse(const char *value)
{
	challenge_clear(&c);
	return challenge_parse(&c, value);
}

static void
test_one(void)
{
	is_int(parse("Bearer realm=\"https://a.example/token\","
	    "service=\"reg\",scope=\"repository:x:pull,push\""), 1);
	is_int(c.bearer, 1);
	is_str(c.realm, "https://a.example/token");
	is_str(c.service, "reg");
	is_str(c.scope, "repository:x:pull,push");
	is_str(c.error, NULL);

	is_int(parse("BEARER  Realm = \"x\" ,\tSERVICE=y , "
	    "error=\"insufficient_scope\", unknown=\"z\""), 1);
	is_int(c.bearer, 1);
	is_str(c.realm, "x");
	is_str(c.service, "y");
	is_str(c.error, "insufficient_scope");
	is_str(c.scope, NULL);

	is_int(parse("Basic realm=\"Registry \\\"of\\\" \\\\ us\""), 1);
	is_int(c.bearer, 0);
	is_str(c.realm, "Registry \"of\" \\ us");

	is_int(parse("Basic"), 1);
	is_int(c.bearer, 0);
	is_int(parse("Bearer realm=\"a\",realm=\"b\""), 1);
	is_str(c.realm, "a");
	is_int(parse("Bearer realm=\"\""), 1);
	is_str(c.realm, "");
}

static void
test_many(void)
{
	is_int(parse("Basic realm=\"b\", Bearer realm=\"a,b\",service=\"s\""),
	    1);
	is_int(c.bearer, 1);
	is_str(c.realm, "a,b");
	is_str(c.service, "s");

	is_int(parse("Bearer realm=\"a\", Basic realm=\"b\""), 1);
	is_int(c.bearer, 1);
	is_str(c.realm, "a");

	is_int(parse("Negotiate, Bearer realm=\"a\""), 1);
	is_str(c.realm, "a");
	is_int(parse("Negotiate YII/+ab==, NTLM TlRM/x=, Bearer realm=\"a\""),
	    1);
	is_int(c.bearer, 1);
	is_str(c.realm, "a");
	is_int(parse("Digest realm=\"d\",nonce=\"n\" , ,, Basic realm=\"b\""),
	    1);
	is_int(c.bearer, 0);
	is_str(c.realm, "b");

	/* Several fields: the best of all stays. */
	is_int(parse("Basic realm=\"b\""), 1);
	is_int(challenge_parse(&c, "Digest realm=\"d\""), 1);
	is_str(c.realm, "b");
	is_int(challenge_parse(&c, "Bearer realm=\"a\""), 1);
	is_int(c.bearer, 1);
	is_str(c.realm, "a");
	is_int(challenge_parse(&c, "Bearer realm=\"second\""), 1);
	is_str(c.realm, "a");
	is_int(challenge_parse(&c, "Basic realm=\"b\""), 1);
	is_str(c.realm, "a");
}

static void
test_broken(void)
{
	static const char *const	none[] = {
		"", " ", ",,,", "=", "\"", "Digest realm=\"x\"", "Negotiate",
		"Bearerx realm=\"x\"", ";;;", "/", "realm"
	};
	char	many[4096] = "";
	size_t	i;

	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (!ok(parse(none[i]) == 0, "nothing in it: %s", none[i]))
			break;
	is_int(parse("Bearer realm=\"without an end"), 1);
	is_str(c.realm, "without an end");
	is_int(parse("Bearer realm=\"ends in a backslash\\"), 1);
	is_str(c.realm, "ends in a backslash\\");
	is_int(parse("Bearer realm="), 1);
	is_str(c.realm, "");
	is_int(parse("Bearer realm=\"a\"rubbish, service=\"s\""), 1);
	is_str(c.realm, "a");
	is_int(parse("Basic realm=\"x\";charset=utf-8"), 1);
	is_str(c.realm, "x");
	for (i = 0; i < 50; i++)
		strncat(many, "Digest realm=\"d\", ",
		    sizeof(many) - strlen(many) - 1);
	strncat(many, "Bearer realm=\"last\"", sizeof(many) - strlen(many) - 1);
	is_int(parse(many), 1);
	is_str(c.realm, "last");
	challenge_clear(&c);
	ok(c.realm == NULL && c.bearer == 0, "clear");
	challenge_clear(&c);
	ok(c.realm == NULL, "clearing twice is fine");
}

int
main(void)
{
	test_one();
	test_many();
	test_broken();
	return tap_end();
}
