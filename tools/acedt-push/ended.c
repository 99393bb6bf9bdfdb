/*
 * The list of items that have ended: who finds out notes it here, from a
 * callback or anywhere else, and the plan settles them from the loop.
 */
#include <assert.h>
#include <stdlib.h>

#include "lib/base/xalloc.h"
#include "tools/acedt-push/push.h"

static void
ended_add(struct pusher *p, struct item *item, enum item_state state,
    const struct err *err)
{
	assert(item->state == ITEM_WAITING || item->state == ITEM_ACTIVE ||
	    item->state == ITEM_REFUSED);
	if (err != NULL && item->err == NULL) {
		item->err = xmalloc(sizeof(*item->err));
		*item->err = *err;
	}
	item->state = state;
	item->next = NULL;
	if (p->ended_end != NULL)
		p->ended_end->next = item;
	else
		p->ended = item;
	p->ended_end = item;
}

void
item_ended(struct pusher *p, struct item *item, const struct err *err)
{
	ended_add(p, item, ITEM_ENDED, err);
}

void
item_refused(struct pusher *p, struct item *item, const struct err *err)
{
	assert(item->kind == ITEM_MANIFEST && err != NULL);
	ended_add(p, item, ITEM_REFUSED, err);
}

struct item *
item_take_ended(struct pusher *p)
{
	struct item	*item = p->ended;

	if (item == NULL)
		return NULL;
	if ((p->ended = item->next) == NULL)
		p->ended_end = NULL;
	item->next = NULL;
	return item;
}
