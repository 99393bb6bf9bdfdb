#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/text/json_text.h"
#include "test/unit/tap.h"

static struct json_span
span(const char *s)
{
	return (struct json_span){ s, strlen(s) };
}

/* want is NULL where there is no such member. */
static void
member(const char *text, const char *name, const char *want)
{
	struct json_span	v = { NULL, 0 };
	int			found = json_text_member(span(text), name, &v);

	is_int(found, want != NULL);
	if (found && want != NULL)
		ok(v.len == strlen(want) && memcmp(v.s, want, v.len) == 0,
		    "%s of %s: %.*s", name, text, (int)v.len, v.s);
}

static void
test_member(void)
{
	member("{}", "a", NULL);
	member(" { } ", "a", NULL);
	member("[{\"a\":1}]", "a", NULL);
	member("\"a\"", "a", NULL);
	member("17", "a", NULL);
	member("{\"a\":1}", "a", "1");
	member("{\"a\":1}", "", NULL);
	member("{\"\":1}", "", "1");
	member("{\"a\":-1.50e+0}", "a", "-1.50e+0");
	member("{ \"a\" : null , \"b\":true }", "a", "null");
	member("{ \"a\" : null , \"b\":true }", "b", "true");
	member("\t{\r\n\"a\"\n:\t[ 1 , {\"b\":\"]}\"} ]\r}", "a",
	    "[ 1 , {\"b\":\"]}\"} ]");
	member("{\"x\":{\"a\":1},\"y\":\"a\",\"a\":2}", "a", "2");
	member("{\"x\":\"\\\\\",\"a\":\"\\\"}\"}", "a", "\"\\\"}\"");
	member("{\"ab\":1,\"a\":2}", "a", "2");
	/* Names by what they say, and the last one counts. */
	member("{\"\\u0061\":1}", "a", "1");
	member("{\"a\":1,\"\\u0061\":2}", "a", "2");
	member("{\"a\\u0000\":1}", "a", NULL);
	member("{\"a\\\"\":1}", "a\"", "1");
}

/* The elements of an array, with a bar after each. */
static void
elements(const char *text, const char *want)
{
	struct json_span	e = { NULL, 0 };
	struct buf		b;

	buf_init(&b, 1000);
	buf_adds(&b, "");
	while (json_text_next(span(text), &e)) {
		buf_add(&b, e.s, e.len);
		buf_addc(&b, '|');
	}
	is_str(b.data != NULL ? b.data : "", want);
	buf_clear(&b);
}

static void
test_next(void)
{
	elements("[]", "");
	elements(" [ ] ", "");
	elements("null", "");
	elements("{\"a\":[1]}", "");
	elements("[1]", "1|");
	elements("[ 1 ,\n\"]\" , [2,3],{\"a\":4}\t]", "1|\"]\"|[2,3]|"
	    "{\"a\":4}|");
	elements("[[],{},\"\",null]", "[]|{}|\"\"|null|");
}

static void
drops(const char *text, const char *want)
{
	struct buf	b;

	buf_init(&b, 1000);
	json_text_drop(span(text), "a", &b);
	is_str(b.data, want);
	buf_clear(&b);
}

static void
test_drop(void)
{
	drops("{}", "{}");
	drops("{\"a\":1}", "{}");
	drops(" { \"a\" : 1 } ", " { } ");
	drops("{\"a\":1,\"b\":2}", "{\"b\":2}");
	drops("{ \"a\":1 , \"b\":2 }", "{ \"b\":2 }");
	drops("{\"b\":2,\"a\":1}", "{\"b\":2}");
	drops("{ \"b\":2 , \"a\":1 }", "{ \"b\":2 }");
	drops("{\"b\":2,\"a\":1,\"c\":3}", "{\"b\":2,\"c\":3}");
	drops("{\"a\":1,\"a\":2,\"b\":3,\"a\":4,\"a\":5,\"c\":6,\"a\":7}",
	    "{\"b\":3,\"c\":6}");
	drops("{\"a\":1,\"a\":2}", "{}");
	drops("{\"b\":{\"a\":1},\"\\u0061\":{\"b\":[\"a\"]}}",
	    "{\"b\":{\"a\":1}}");
	drops("{\"n\":12345678901234567890,\"a\":1,\"f\":1.0}",
	    "{\"n\":12345678901234567890,\"f\":1.0}");
}

static void
sets(const char *text, const char *name, const char *json, const char *want)
{
	struct buf	b;

	buf_init(&b, 1000);
	json_text_set(span(text), name, json, &b);
	is_str(b.data, want);
	buf_clear(&b);
}

static void
test_set(void)
{
	sets("{}", "a", "1", "{\"a\":1}");
	sets(" { } \r", "a", "1", " { \"a\":1}");
	sets("{\"a\":0}", "a", "1", "{\"a\":1}");
	sets("{\"a\":0,\"b\":0}", "a", "{}", "{\"b\":0,\"a\":{}}");
	sets("{\"b\":0 }", "<", "[]", "{\"b\":0 ,\"\\u003c\":[]}");
}

static void
appends(const char *text, const char *element, const char *want)
{
	struct json_span	list;
	struct buf		b;

	is_int(json_text_member(span(text), "l", &list), 1);
	buf_init(&b, 1000);
	json_text_append(span(text), list, span(element), &b);
	is_str(b.data, want);
	buf_clear(&b);
}

static void
test_append(void)
{
	appends("{\"l\":[]}", "1", "{\"l\":[1]}");
	appends("{\"l\":[ ] ,\"x\":[]}", "{}", "{\"l\":[ {}] ,\"x\":[]}");
	appends("{\"l\":[0,[]]}\n", "1", "{\"l\":[0,[],1]}\n");
	appends("{\"x\":\"l\",\"y\":[],\"l\":[\"]\" ]}", "\"\"",
	    "{\"x\":\"l\",\"y\":[],\"l\":[\"]\" ,\"\"]}");
}

static void
string_is(const char *text, const char *name, const char *want)
{
	char	*s = json_text_string(span(text), name);

	if (want == NULL)
		ok(s == NULL, "%s of %s is not a string", name, text);
	else
		is_str(s, want);
	free(s);
}

static void
test_string(void)
{
	string_is("{\"a\":\"b\"}", "a", "b");
	string_is("{\"a\":\"\"}", "a", "");
	string_is("{\"a\":\"\\u00e9\\n\"}", "a", "\303\251\n");
	string_is("{\"a\":\"x\\u0000y\"}", "a", NULL);
	string_is("{\"a\":1}", "a", NULL);
	string_is("{\"a\":null}", "a", NULL);
	string_is("{}", "a", NULL);
	string_is("[\"a\"]", "a", NULL);
}

static void
test_count(void)
{
	is_int((int)json_text_count(span("[]")), 0);
	is_int((int)json_text_count(span(" [1,[2,3],{}] ")), 3);
	is_int((int)json_text_count(span("{\"a\":[1]}")), 0);
}

int
main(void)
{
	test_member();
	test_next();
	test_drop();
	test_set();
	test_append();
	test_string();
	test_count();
	return tap_end();
}
