/*
 * tsearch(3) with items instead of pointers to their nodes, and an end where
 * there is no memory.
 */
#include <search.h>
#include <stddef.h>

#include "lib/base/exits.h"
#include "lib/base/log.h"
#include "lib/base/tree.h"

void *
tree_add(void *item, void **root, tree_compare *compare)
{
	void	**node = tsearch(item, root, compare);

	if (node != NULL)
		return *node;
	log_die(EXIT_STOPPED, "out of memory");
}

void *
tree_find(const void *key, void **root, tree_compare *compare)
{
	void	**node = tfind(key, root, compare);

	return node != NULL ? *node : NULL;
}

void
tree_remove(const void *key, void **root, tree_compare *compare)
{
	tdelete(key, root, compare);
}

static void
tree_keep_item(void *item)
{
	(void)item;
}

void
tree_forget(void **root)
{
	tdestroy(*root, tree_keep_item);
	*root = NULL;
}
