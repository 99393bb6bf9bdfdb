#ifndef ACEDT_REF_H
#define ACEDT_REF_H

#include <stddef.h>

struct err;

/*
 * A source or destination: registry/repository[:tag][@digest], accepted and
 * refused as oras-go does, or an OCI image layout, oci:DIR[:TAG] or
 * oci:DIR@DIGEST.  ace-dt(1), REFERENCES.
 */
struct ref {
	char	*text;		/* owned: as the user wrote it */
	int	 is_layout;
	char	*host;		/* owned: registry as written, with :port; NULL
				 * for a layout */
	char	*repo;		/* owned: repository on the wire (docker.io/x is
				 * library/x); for a layout the directory */
	char	*tag;		/* owned: NULL if there is none, or a digest */
	char	*digest;	/* owned: checked; NULL if there is none */
};

/* 0, or -1 with a message that says what is wrong and what is meant. */
int	ref_parse(struct ref *, const char *text, struct err *);
void	ref_clear(struct ref *);

/* The tag of a reference without a digest, else "latest"; borrowed. */
#define REF_TAG_USUAL	"latest"
const char *ref_tag(const struct ref *);

/* Is it what a repository may be called, distribution-spec "Pull"? */
int	ref_repo_is_valid(const char *repo);

/* Docker Hub: in references, in references of old, and what answers. */
#define REF_HUB		"docker.io"
#define REF_HUB_OLD	"index.docker.io"
#define REF_HUB_API	"registry-1.docker.io"

/* Is the host of n bytes one of these names? */
int	ref_is_hub(const char *host, size_t n);

/*
 * The host that answers for the registry: REF_HUB_API for Docker Hub, every
 * other is itself.  Borrowed.
 */
const char *ref_api_host(const char *host);

#endif
