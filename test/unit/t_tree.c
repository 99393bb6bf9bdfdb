#include <string.h>

#include "lib/base/tree.h"
#include "test/unit/tap.h"

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

int
main(void)
{
	char	one[] = "one", two[] = "two", again[] = "one";
	void	*root = NULL;

	ok(tree_find(one, &root, compare) == NULL, "nothing in an empty tree");
	ok(tree_add(one, &root, compare) == one, "an item is added");
	ok(tree_add(two, &root, compare) == two, "and another");
	ok(tree_add(again, &root, compare) == one, "an equal one is not");
	ok(tree_find(again, &root, compare) == one, "what is there is found");
	tree_remove(again, &root, compare);
	ok(tree_find(one, &root, compare) == NULL, "what is removed is not");
	tree_remove(one, &root, compare);
	ok(tree_find(two, &root, compare) == two, "the other one stays");
	tree_remove(two, &root, compare);
	ok(root == NULL, "a tree without items is NULL");
	tree_add(two, &root, compare);
	tree_forget(&root);
	ok(root == NULL && strcmp(two, "two") == 0, "items outlive the tree");
	return tap_end();
}
