#ifndef ACEDT_MANIFEST_H
#define ACEDT_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include <jv.h>

#include "lib/oci/descriptor.h"

struct err;

/*
 * Manifests and indexes, OCI image-spec manifest.md and image-index.md and
 * their Docker ancestors: read only to find what they name.  Their bytes are
 * never made again.
 */

#define MT_OCI_INDEX	"application/vnd.oci.image.index.v1+json"
#define MT_OCI_MANIFEST	"application/vnd.oci.image.manifest.v1+json"
#define MT_OCI_ARTIFACT	"application/vnd.oci.artifact.manifest.v1+json"
#define MT_OCI_CONFIG	"application/vnd.oci.image.config.v1+json"
#define MT_OCI_EMPTY	"application/vnd.oci.empty.v1+json"
#define MT_DOCKER_LIST	"application/vnd.docker.distribution.manifest.list.v2+json"
#define MT_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MT_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"

/* What every GET and HEAD of a manifest accepts. */
#define MANIFEST_ACCEPT	MT_DOCKER_MANIFEST ", " MT_DOCKER_LIST ", " \
			MT_OCI_MANIFEST ", " MT_OCI_INDEX ", " MT_OCI_ARTIFACT

enum edge_kind {
	EDGE_CHILD,		/* manifests[] of an index */
	EDGE_SHADOW,		/* named by …extra-manifests of an index */
	EDGE_CONFIG,
	EDGE_LAYER,		/* layers[], or blobs[] of an artifact */
	EDGE_SUBJECT
};

struct edge {
	enum edge_kind		 kind;
	struct descriptor	 desc;
};

struct manifest {
	int		 is_index;
	char		*media_type;	/* owned */
	char		*artifact_type;	/* owned: what referrers lists of it */
	struct edge	*edges;		/* owned, in the document's order */
	size_t		 nedges;
};

/* Is it a type that the manifests endpoint holds? */
int	manifest_is_type(const char *media_type);
/* The one that a Content-Type field names, parameters or not; "" if none. */
const char *manifest_type_named(const char *field);
int	manifest_is_index_type(const char *media_type);
/* Layers that must not be distributed: counted, never copied. */
int	manifest_is_foreign_type(const char *media_type);

/* Does an edge lead to a manifest (else to a blob)? */
int	edge_is_manifest(const struct edge *);

/*
 * The config of an image; NULL if there is none.  Artifacts have configs of
 * other types, which say nothing of a platform.
 */
const struct descriptor *manifest_image_config(const struct manifest *);

/*
 * Read the bytes of a manifest.  media_type is what the descriptor or the
 * Content-Type says, "" if nothing did.  doc, if not NULL, receives the parsed
 * document.
 */
int	manifest_parse(struct manifest *, const char *media_type,
	    const char *bytes, size_t len, jv *doc, struct err *);
void	manifest_clear(struct manifest *);

/*
 * The platform that an image's config names: os, architecture, variant,
 * os.version.  1 if it names one, 0 if not, -1 if the config is broken.
 */
int	manifest_config_platform(const char *bytes, size_t len,
	    struct platform *, struct err *);

#endif
