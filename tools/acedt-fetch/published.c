/*
 * What the destination has, by the index that is published there.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/oci/annotations.h"
#include "lib/oci/digest.h"
#include "lib/oci/gathered.h"
#include "lib/registry/tag.h"
#include "tools/acedt-fetch/published.h"

void
published_option(struct published *p, const char *image)
{
	struct err	err = ERR_INIT;

	if (dest_parse(&p->dest, image, &err) == -1)
		log_die(EXIT_USAGE_ERR, "--have: %s", err.msg);
}

static int
compare_digests(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Take the entries of an index as there, if this version wrote it. */
static void
read_entries(struct published *p, const struct buf *b)
{
	struct gathered	 g;
	struct err	 err = ERR_INIT;
	char		*version;

	if (gathered_read(&g, b->data, b->len, &err) == -1)
		return;
	version = gathered_annotation(&g, NOTE_VERSION);
	if (version != NULL && strcmp(version, VERSION) == 0) {
		p->digests = gathered_digests(&g, &p->n);
		if (p->n > 1)
			qsort(p->digests, p->n, sizeof(char *),
			    compare_digests);
	} else {
		log_info("%s was not written by this version: nothing of it "
		    "is taken as there", p->image);
	}
	free(version);
}

int
published_read(struct published *p, struct net *net, int verify, int overwrite,
    struct err *why)
{
	struct err	err = ERR_INIT;
	struct buf	b;
	enum tag_state	state;

	/* A layout that is not there yet has nothing, and is not made here. */
	if ((p->place = net_dest_place(net, &p->dest, &err)) == NULL) {
		log_info("--have: %s", err.msg);
		return 0;
	}
	p->image = xasprintf("%s:%s", p->dest.name, p->dest.tag);
	buf_init(&b, INDEX_BYTES_MAX);
	assert(p->n == 0 && *p->index == '\0');
	state = tag_read(&p->dest, p->place->layout, 0, &b, &err);
	if (state == TAG_GATHERED || state == TAG_OTHER)
		digest_sha256(b.data, b.len, p->index);
	if (state == TAG_GATHERED && !verify)
		read_entries(p, &b);
	buf_clear(&b);
	if (state == TAG_OTHER && !overwrite) {
		*why = err;
		return -1;
	}
	if (state == TAG_UNKNOWN) {
		/* Then acedt-index has to ask: nothing is said of it. */
		log_info("--have: %s", err.msg);
		free(p->image);
		p->image = NULL;
	}
	return 0;
}

int
published_lists(const struct published *p, const char *digest)
{
	return p->n > 0 && bsearch(&digest, p->digests, p->n, sizeof(char *),
	    compare_digests) != NULL;
}

void
published_clear(struct published *p)
{
	while (p->n > 0)
		free(p->digests[--p->n]);
	free(p->digests);
	free(p->image);
	ref_clear(&p->dest.ref);
	free(p->dest.name);
}
