#ifndef ACEDT_ENTRY_H
#define ACEDT_ENTRY_H

#include <jv.h>

struct buf;

/* A gather index, design of the Go program: its type, and annotations. */
#define MT_GATHER	"application/vnd.act3-ace.data.gather+json"
#define NOTE_VERSION	"vnd.act3-ace.data.version"
#define NOTE_EXTRA	"vnd.act3-ace.data.extra-manifests"

/*
 * A descriptor as an entry of an index, members in the order in which Go writes
 * those of an OCI descriptor: mediaType, digest, size, urls, annotations, data,
 * platform, artifactType.  What else the descriptor has is dropped, as are its
 * own annotations: annotations, if not NULL, is the JSON text of new ones.
 * The descriptor is borrowed, and has passed descriptor_parse().
 */
void	entry_json(struct buf *, jv desc, const char *annotations);

#endif
