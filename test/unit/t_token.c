#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/registry/creds.h"
#include "lib/registry/token.h"
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

/* What one account was given is not for another, nor for nobody. */
static void
test_accounts(void)
{
	struct account	 ann, bob;
	struct token	*list = NULL, *a, *b, *none;

	memset(&ann, 0, sizeof(ann));
	memset(&bob, 0, sizeof(bob));
	ann.user = bob.user = strdup("ann");
	ann.password = strdup("one");
	bob.password = strdup("two");
	a = token_find(&list, "r:x:pull r:y:pull", &ann);
	b = token_find(&list, "r:x:pull r:y:pull", &bob);
	none = token_find(&list, "r:x:pull r:y:pull", NULL);
	ok(a != b && a != none && b != none, "one for each account");
	ok(token_find(&list, "r:x:pull r:y:pull", &ann) == a, "found again");
	ok(token_covering(list, "r:y:pull", &ann) == a, "covers ann's");
	ok(token_covering(list, "r:y:pull", &bob) == b, "covers bob's");
	ok(token_covering(list, "r:y:pull", NULL) == none, "and nobody's");
	ok(token_covering(list, "r:z:pull", &ann) == NULL, "no more than it has");
	tokens_free(list);
	free(ann.user);
	free(ann.password);
	free(bob.password);
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

int
main(void)
{
	test_scope();
	test_accounts();
	test_list();
	return tap_end();
}
