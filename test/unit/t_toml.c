#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/text/toml.h"
#include "test/unit/tap.h"

static struct buf	got;
static struct err	err;

/* "table.table.key=text@depth/item:line " for each value. */
static int
note(const struct toml_value *v, void *arg, struct err *e)
{
	size_t	i;

	(void)arg;
	for (i = 0; i < v->ntable; i++)
		buf_addf(&got, "%s.", v->table[i]);
	buf_addf(&got, "%s=%s@%d/%zu:%lu ", v->key, v->text, v->depth,
	    v->item, v->line);
	return strcmp(v->text, "stop") == 0 ?
	    err_set(e, ERR_USAGE, "stopped") : 0;
}

static void
good(const char *text, const char *want)
{
	buf_reset(&got);
	buf_adds(&got, "");
	is_int(toml_read(text, strlen(text), "f", note, NULL, &err), 0);
	is_str(got.data, want);
}

static void
bad(const char *text, const char *want)
{
	buf_reset(&got);
	is_int(toml_read(text, strlen(text), "f", note, NULL, &err), -1);
	ok(strstr(err.msg, want) != NULL, "%s", err.msg);
}

int
main(void)
{
	buf_init(&got, 100000);
	good("", "");
	good("# only\n\n \t# this", "");
	good("a = \"b\"\n", "a=b@0/0:1 ");
	good("a='b\\n' # c\r\n\r\nb = true", "a=b\\n@0/0:1 b=true@0/0:3 ");
	good("a = \"\\\"\\\\\\t\\u0041\"", "a=\"\\\tA@0/0:1 ");
	good("[t]\na=\"b\"\n[t.u]\na=\"c\"\n[ \"x.y\" . 'z' ]\n1-_k=false",
	    "t.a=b@0/0:2 t.u.a=c@0/0:4 x.y.z.1-_k=false@0/0:6 ");
	good("[[t]]\na=\"b\"\n", "t.a=b@0/0:2 ");
	good("[t]\na.b = \"c\"\nd = \"e\"", "t.a.b=c@0/0:2 t.d=e@0/0:3 ");
	good("a = [\"b\", 'c', ]", "a=b@1/0:1 a=c@1/1:1 ");
	good("a = [\n [\"b\", \"c\"], # x\n\n [\"d\"]\n]\ne = \"f\"",
	    "a=b@2/0:2 a=c@2/0:2 a=d@2/1:4 e=f@0/0:6 ");
	good("a = []\nb = [[]]", "");
	good("n = 12\nd = 1979-05-27T07:32:00Z\nf = -1.5e3\nt = {a = \"}\", "
	    "b = [1]}\nz = \"y\"", "z=y@0/0:5 ");
	bad("a", "f:1: = is expected");
	bad("\na = ", "f:2: a value is expected");
	bad("a = \"b", "f:1: a string without its end");
	bad("a = \"b\nc\"", "f:1: a string without its end");
	bad("a = \"\"\"b\"\"\"", "several lines");
	bad("a = \"\\x\"", "unknown escape");
	bad("a = \"\\u00e9\"", "not an ASCII");
	bad("a = \"\\u00\"", "");
	bad("a = \"b\" c", "f:1: the end of the line");
	bad("a = [\"b\"", "f:1: an array without its end");
	bad("a = [\"b\" \"c\"]", "an array without");
	bad("a = {b = 1\n}", "a table without its end");
	bad("[a\nb", "] is expected");
	bad("[[a]\n", "]] is expected");
	bad("= 1", "a key is expected");
	bad("a..b = 1", "a key is expected");
	bad("a = [[[[[[[[[[1]]]]]]]]]]", "too deep");
	bad("a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = 1", "too many parts");
	bad("a = \"\xff\"", "not UTF-8");
	bad("a = \"stop\"", "stopped");
	is_int(toml_read("a\0b", 3, "f", note, NULL, &err), -1);
	buf_clear(&got);
	return tap_end();
}
