#ifndef ACEDT_TAG_H
#define ACEDT_TAG_H

struct buf;
struct dest;
struct err;
struct layout;

/* What the tag of a destination names. */
enum tag_state {
	TAG_FREE,	/* nothing, or content that its layout has lost */
	TAG_GATHERED,	/* a gathered index */
	TAG_OTHER,	/* something else, which is not to be replaced */
	TAG_UNKNOWN	/* the registry does not tell */
};

/*
 * Read what the tag of a destination names: one request, which is waited for,
 * or a look into layout.  push: the request is made with the right to push.
 * The document of TAG_GATHERED and TAG_OTHER is put into the buffer.  *err is
 * filled for TAG_OTHER, ERR_USAGE, with the refusal to replace it; for
 * TAG_UNKNOWN with the reason.
 */
enum tag_state tag_read(const struct dest *, struct layout *, int push,
	    struct buf *, struct err *);

#endif
