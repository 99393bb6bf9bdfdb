/*
 * What the tag of a destination names now: a gathered index may be replaced by
 * another, and nothing else may.
 */
#include <assert.h>
#include <stdlib.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/oci/dest.h"
#include "lib/oci/gathered.h"
#include "lib/oci/layout_index.h"
#include "lib/oci/manifest.h"
#include "lib/registry/reg.h"
#include "lib/registry/tag.h"

/* A document is there: is it a gathered index? */
static enum tag_state
tag_judge(const struct dest *d, const struct buf *b, struct err *err)
{
	struct gathered	g;
	struct err	why = ERR_INIT;

	if (gathered_read(&g, b->data, b->len, &why) == 0)
		return TAG_GATHERED;
	err_set(err, ERR_USAGE, "%s:%s names something else than a gathered "
	    "index, which is not replaced (give another tag, or --overwrite)",
	    d->name, d->tag);
	return TAG_OTHER;
}

/* The tag that a registry is asked for. */
struct tag_question {
	const struct dest *dest;	/* borrowed, as are the next two */
	struct buf	*doc;
	struct err	*err;
	enum tag_state	 state;
};

static void
registry_answered(void *arg, const struct reg_answer *a,
    const struct err *err)
{
	struct tag_question	*q = arg;

	if (err != NULL) {
		*q->err = *err;
		q->state = err->cls == ERR_NOT_FOUND ? TAG_FREE : TAG_UNKNOWN;
		return;
	}
	buf_add(q->doc, a->body, a->body_len);
	q->state = tag_judge(q->dest, q->doc, q->err);
}

static enum tag_state
tag_of_registry(const struct dest *d, int push, struct buf *b, struct err *err)
{
	struct tag_question	 q = { d, b, err, TAG_UNKNOWN };
	char			*path = xasprintf("manifests/%s", d->tag);
	struct reg_request	 req = {
		.method = "GET",
		.path = path,
		.accept = MANIFEST_ACCEPT,
		.reply_max = INDEX_BYTES_MAX,
		.push = push
	};

	reg_ask(d->repo, &req, registry_answered, &q);
	free(path);
	return q.state;
}

static enum tag_state
tag_of_layout(const struct dest *d, struct layout *layout, struct buf *b,
    struct err *err)
{
	struct layout_entry	e;
	struct err		ignored = ERR_INIT;
	enum tag_state		state = TAG_FREE;

	if (layout_find(layout, d->tag, &e, &ignored) == -1)
		return TAG_FREE;
	if (layout_blob_read(layout, e.digest, INDEX_BYTES_MAX, b,
	    &ignored) == 0)
		state = tag_judge(d, b, err);
	layout_entry_clear(&e);
	return state;
}

enum tag_state
tag_read(const struct dest *d, struct layout *layout, int push, struct buf *b,
    struct err *err)
{
	assert(d->repo != NULL || layout != NULL);
	buf_reset(b);
	return d->repo != NULL ? tag_of_registry(d, push, b, err) :
	    tag_of_layout(d, layout, b, err);
}
