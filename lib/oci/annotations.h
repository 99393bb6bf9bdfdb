#ifndef ACEDT_ANNOTATIONS_H
#define ACEDT_ANNOTATIONS_H

/* The tag of an entry, in a layout's index.json and in a gathered index. */
#define NOTE_REF_NAME	"org.opencontainers.image.ref.name"

/* Of a gathered index: its version, and the entries that are indexes. */
#define NOTE_VERSION	"vnd.act3-ace.data.version"
#define NOTE_EXTRA	"vnd.act3-ace.data.extra-manifests"

/* Of its entries: the source of each, and its labels as the text of an object. */
#define NOTE_SOURCE	"vnd.act3-ace.manifest.source"
#define NOTE_LABELS	"data.act3-ace.io/labels"

#endif
