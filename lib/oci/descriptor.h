#ifndef ACEDT_DESCRIPTOR_H
#define ACEDT_DESCRIPTOR_H

#include <stdint.h>

#include <jv.h>

#include "lib/oci/platform.h"

struct err;
struct json_out;

/* A descriptor, descriptor.md, as far as we act on it.  Strings are owned. */
struct descriptor {
	char		*media_type;	/* "" where it is not known yet */
	char		*digest;	/* checked */
	int64_t		 size;		/* -1 where it is not known yet */
	char		*artifact_type;	/* NULL if absent */
	int		 has_platform;
	struct platform	 platform;
	/* Embedded content, size bytes; NULL if absent or empty. */
	char		*data;
};

void	descriptor_clear(struct descriptor *);
void	descriptor_copy(struct descriptor *to, const struct descriptor *from);
/*
 * From JSON, borrowed.  partial: mediaType and size may be missing, as in a
 * record of which only the digest is known.
 */
int	descriptor_parse(struct descriptor *, jv obj, int partial,
	    struct err *);

/*
 * Write the members mediaType, digest and size into an object; what is not
 * known, "" or -1, is left out.
 */
void	descriptor_members(struct json_out *, const char *media_type,
	    const char *digest, int64_t size);

/* Media types become header fields: no character may end or split one. */
int	media_type_is_sane(const char *);

#endif
