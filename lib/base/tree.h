#ifndef ACEDT_TREE_H
#define ACEDT_TREE_H

/*
 * Search trees of tsearch(3) that hold pointers.  A root is a void * that is
 * NULL at first; what the pointers lead to belongs to the caller, and must not
 * change its place in the order while it is in the tree.
 */

typedef int tree_compare(const void *, const void *);

/*
 * Add an item, unless there is one that compares equal: returns the one that is
 * in the tree after that.  Out of memory ends the program.
 */
void	*tree_add(void *item, void **root, tree_compare *);
/* The item that compares equal, or NULL. */
void	*tree_find(const void *key, void **root, tree_compare *);
/* Take out the one that compares equal, if there is one. */
void	 tree_remove(const void *key, void **root, tree_compare *);
/* Free the tree; the items stay. */
void	 tree_forget(void **root);

#endif
