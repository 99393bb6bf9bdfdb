#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/reg.h"
#include "lib/token.h"
#include "test/unit/tap.h"

static void
scope(const char *repo, int push, const char *from, const char *extra,
    const char *want)
{
	char	*s = token_scope(repo, push, from, extra);

	is_str(s, want);
	free(s);
}

static void
test_scope(void)
{
	scope("a/b", 0, NULL, NULL, "repository:a/b:pull");
	scope("a/b", 1, NULL, NULL, "repository:a/b:pull,push");
	scope("a", 1, "c", NULL, "repository:a:pull,push repository:c:pull");
	scope("a", 0, NULL, "", "repository:a:pull");
	scope("a", 0, NULL, " ", "repository:a:pull");
	scope("a", 0, NULL, "repository:a:pull", "repository:a:pull");
	scope("a", 0, NULL, "repository:a:pull,push",
	    "repository:a:pull repository:a:pull,push");
	scope("a", 1, "c", "repository:c:pull x:y:z repository:a:pull,push",
	    "repository:a:pull,push repository:c:pull x:y:z");
	scope("a", 0, NULL, "  x:y:z  x:y:z x:y ",
	    "repository:a:pull x:y:z x:y");
	/* A part of a scope is another scope. */
	scope("ab", 0, NULL, "repository:a:pull b:pull repository:ab:pul",
	    "repository:ab:pull repository:a:pull b:pull repository:ab:pul");
}

static void
test_list(void)
{
	struct token	*list = NULL, *a, *b;

	a = token_find(&list, "a", NULL);
	b = token_find(&list, "b", NULL);
	ok(a != b && token_find(&list, "a", NULL) == a &&
	    token_find(&list, "b", NULL) == b, "one for each set of scopes");
	is_str(a->scope, "a");
	is_int(token_is_valid(a), 0);
	a->value = strdup("secret");
	a->expires = clock_ms() + 60000;
	b->value = strdup("other");
	b->expires = clock_ms() + 60000;
	is_int(token_is_valid(a), 1);
	a->expires = clock_ms() - 1;
	is_int(token_is_valid(a), 0);
	a->expires = clock_ms() + 60000;
	tokens_drop(list, "Authorization: Bearer nobody's");
	tokens_drop(list, "Authorization: Bearer secre");
	ok(token_is_valid(a) && token_is_valid(b), "another's is kept");
	tokens_drop(list, "Authorization: Bearer secret");
	ok(!token_is_valid(a) && a->value == NULL, "forgotten");
	is_int(token_is_valid(b), 1);
	tokens_free(list);
}

static void
test_waiting(void)
{
	struct token	*list = NULL, *a, *b;
	struct reg_call	*c = calloc(3, sizeof(*c));

	a = token_find(&list, "a", NULL);
	b = token_find(&list, "b", NULL);
	token_wait(a, &c[0]);
	token_wait(a, &c[1]);
	token_wait(b, &c[2]);
	ok(a->waiting == &c[0] && c[0].next == &c[1] && c[1].next == NULL &&
	    b->waiting == &c[2], "in the order in which they came");
	token_forget(list, &c[0]);
	ok(a->waiting == &c[1] && c[1].next == NULL, "the first is gone");
	token_forget(list, &c[0]);
	token_forget(list, &c[2]);
	ok(a->waiting == &c[1] && b->waiting == NULL, "so is the other's");
	token_forget(list, &c[1]);
	ok(a->waiting == NULL, "nobody waits");
	tokens_free(list);
	free(c);
}

int
main(void)
{
	test_scope();
	test_list();
	test_waiting();
	return tap_end();
}
