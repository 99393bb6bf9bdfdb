#ifndef ACEDT_ENTRY_H
#define ACEDT_ENTRY_H

#include <jv.h>

struct json_out;

/* The artifact type of a gathered index, as the Go program has it. */
#define MT_GATHER	"application/vnd.act3-ace.data.gather+json"

/*
 * Write a descriptor as an entry of an index, members in the order in which Go
 * writes those of an OCI descriptor: mediaType, digest, size, urls,
 * annotations, data, platform, artifactType.  What else the descriptor has is
 * dropped, as are its own annotations: annotations, if not NULL, is the JSON
 * text of new ones.  The descriptor is borrowed, and has passed
 * descriptor_parse().
 */
void	entry_json(struct json_out *, jv desc, const char *annotations);

#endif
