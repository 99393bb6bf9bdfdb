/*
 * Manifests and indexes: what kind a document is, and the edges that lead from
 * it to others.  A document that two readers could take for two things is
 * refused.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/oci/annotations.h"
#include "lib/oci/manifest.h"
#include "lib/text/json.h"

static const struct json_limits manifest_limits = {
	MANIFEST_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_MANIFEST
};
static const struct json_limits shadow_limits = {
	MANIFEST_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_DESCRIPTORS
};
static const struct json_limits plain_limits = {
	MANIFEST_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_PLAIN
};

static const char *const foreign_types[] = {
	"application/vnd.oci.image.layer.nondistributable.v1.tar",
	"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
	"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
	"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
	"application/vnd.docker.image.rootfs.foreign.diff.tar",
};

int
manifest_is_index_type(const char *mt)
{
	return strcmp(mt, MT_OCI_INDEX) == 0 || strcmp(mt, MT_DOCKER_LIST) == 0;
}

/* The manifest type that the n bytes spell; NULL if they spell none. */
static const char *
find_type(const char *s, size_t n)
{
	static const char *const types[] = {
		MT_OCI_INDEX, MT_OCI_MANIFEST, MT_DOCKER_LIST,
		MT_DOCKER_MANIFEST, MT_OCI_ARTIFACT
	};
	size_t	i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i]) == n && memcmp(s, types[i], n) == 0)
			return types[i];
	return NULL;
}

int
manifest_is_type(const char *mt)
{
	return find_type(mt, strlen(mt)) != NULL;
}

const char *
manifest_type_named(const char *field)
{
	const char	*type = find_type(field, strcspn(field, "; \t"));

	return type != NULL ? type : "";
}

int
manifest_is_foreign_type(const char *mt)
{
	size_t	i;

	for (i = 0; i < sizeof(foreign_types) / sizeof(foreign_types[0]); i++)
		if (strcmp(mt, foreign_types[i]) == 0)
			return 1;
	return 0;
}

int
edge_is_manifest(const struct edge *e)
{
	switch (e->kind) {
	case EDGE_CONFIG:
	case EDGE_LAYER:
		return 0;
	case EDGE_CHILD:
	case EDGE_SHADOW:
	case EDGE_SUBJECT:
		break;
	}
	return manifest_is_type(e->desc.media_type);
}

const struct descriptor *
manifest_image_config(const struct manifest *m)
{
	const struct edge	*e = m->edges;
	size_t			 i;

	for (i = 0; i < m->nedges; i++)
		if (e[i].kind == EDGE_CONFIG &&
		    (strcmp(e[i].desc.media_type, MT_OCI_CONFIG) == 0 ||
		    strcmp(e[i].desc.media_type, MT_DOCKER_CONFIG) == 0))
			return &e[i].desc;
	return NULL;
}

static int
manifest_add_edge(struct manifest *m, enum edge_kind kind, jv obj,
    struct err *err)
{
	m->edges = xreallocarray(m->edges, m->nedges + 1, sizeof(*m->edges));
	m->edges[m->nedges].kind = kind;
	if (descriptor_parse(&m->edges[m->nedges].desc, obj, 0, err) == -1)
		return -1;
	m->nedges++;
	return 0;
}

/* The descriptors of an array; list is consumed. */
static int
add_edges(struct manifest *m, enum edge_kind kind, jv list, const char *what,
    struct err *err)
{
	int	i, n, rc = 0;
	jv	obj;

	if (jv_get_kind(list) == JV_KIND_NULL) {
		jv_free(list);		/* as Go writes an empty list */
		return 0;
	}
	if (jv_get_kind(list) != JV_KIND_ARRAY) {
		jv_free(list);
		return err_set(err, ERR_CONTENT, "\"%s\" is not an array",
		    what);
	}
	n = jv_array_length(jv_copy(list));
	for (i = 0; i < n && rc == 0; i++) {
		obj = jv_array_get(jv_copy(list), i);
		rc = manifest_add_edge(m, kind, obj, err);
		jv_free(obj);
	}
	jv_free(list);
	return rc == -1 ? err_wrap(err, "%s[%d]", what, i - 1) : 0;
}

static int
add_member(struct manifest *m, enum edge_kind kind, jv doc, const char *name,
    struct err *err)
{
	jv	v = json_get(doc, name);
	int	rc = 0;

	if (jv_is_valid(v) && jv_get_kind(v) != JV_KIND_NULL)
		rc = manifest_add_edge(m, kind, v, err);
	jv_free(v);
	return rc == -1 ? err_wrap(err, "%s", name) : 0;
}

/* Indexes that an earlier gather with --index-fallback put into annotations. */
static int
add_shadows(struct manifest *m, jv doc, struct err *err)
{
	jv	 annotations = json_get(doc, "annotations"), list;
	char	*text = json_str(annotations, NOTE_EXTRA);
	int	 rc;

	jv_free(annotations);
	if (text == NULL)
		return 0;
	rc = json_parse(text, strlen(text), &shadow_limits, &list, err);
	free(text);
	if (rc == 0)
		rc = add_edges(m, EDGE_SHADOW, list, NOTE_EXTRA, err);
	return rc == -1 ? err_wrap(err, "annotation") : 0;
}

/* Which members a document has, by which its kind is told. */
struct shape {
	int	index;
	int	image;
	int	artifact;
};

static struct shape
shape_of(jv doc)
{
	struct shape	s;

	s.index = json_has(doc, "manifests");
	s.image = json_has(doc, "config") || json_has(doc, "layers");
	s.artifact = json_has(doc, "blobs");
	return s;
}

static const char *
type_by_shape(const struct shape *s)
{
	if (s->index)
		return MT_OCI_INDEX;
	return s->artifact && !s->image ? MT_OCI_ARTIFACT : MT_OCI_MANIFEST;
}

static int
refuse_schema1(struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, "it is a Docker schema 1 image, "
	    "which no current registry takes: push it again with a current "
	    "docker or podman");
}

/*
 * The media type of a document: what it says of itself and what was announced
 * must agree.  Where neither says anything, the shape decides.
 */
static int
read_type(struct manifest *m, const char *announced, jv doc,
    const struct shape *s, struct err *err)
{
	if (json_has(doc, "mediaType")) {
		m->media_type = json_str(doc, "mediaType");
		if (m->media_type == NULL)
			return err_set(err, ERR_CONTENT,
			    "mediaType is not a string");
		if (*m->media_type == '\0' ||
		    !media_type_is_sane(m->media_type))
			return err_set(err, ERR_CONTENT,
			    "mediaType is not a media type");
		if (*announced != '\0' &&
		    strcmp(m->media_type, announced) != 0)
			return err_set(err, ERR_CONTENT, "it is announced as "
			    "%s but says of itself %s", announced,
			    m->media_type);
	} else {
		m->media_type = xstrdup(*announced != '\0' ? announced :
		    type_by_shape(s));
	}
	return 0;
}

/* Decide between index and image; a document that could be both is refused. */
static int
decide_kind(struct manifest *m, const struct shape *s, struct err *err)
{
	if (s->index && (s->image || s->artifact))
		return err_set(err, ERR_CONTENT, "it could be read as an index "
		    "and as an image: it has manifests and config or layers");
	if (strncmp(m->media_type,
	    "application/vnd.docker.distribution.manifest.v1+", 48) == 0)
		return refuse_schema1(err);
	if (!manifest_is_type(m->media_type))
		return err_set(err, ERR_UNSUPPORTED, "%s is not a type of "
		    "manifest that we know", m->media_type);
	m->is_index = manifest_is_index_type(m->media_type);
	if (m->is_index && !s->index)
		return err_set(err, ERR_CONTENT,
		    "an index without \"manifests\"");
	if (!m->is_index && s->index)
		return err_set(err, ERR_CONTENT,
		    "an image manifest with \"manifests\"");
	if (!m->is_index && !s->image && !s->artifact &&
	    strcmp(m->media_type, MT_OCI_ARTIFACT) != 0)
		return err_set(err, ERR_CONTENT,
		    "an image manifest without config and layers");
	return 0;
}

/* What referrers lists of it; empty is as good as missing there. */
static char *
artifact_type_of(jv doc, int is_index)
{
	char	*type = json_str(doc, "artifactType");
	jv	 config;

	if (type != NULL && *type != '\0')
		return type;
	free(type);
	if (is_index)
		return NULL;
	config = json_get(doc, "config");
	type = json_str(config, "mediaType");
	jv_free(config);
	return type;
}

/* What the document names, in the order in which it stands there. */
static int
read_edges(struct manifest *m, jv doc, struct err *err)
{
	int	rc;

	if (m->is_index) {
		rc = add_edges(m, EDGE_CHILD, json_get(doc, "manifests"),
		    "manifests", err);
		if (rc == 0)
			rc = add_shadows(m, doc, err);
	} else {
		rc = add_member(m, EDGE_CONFIG, doc, "config", err);
		if (rc == 0 && json_has(doc, "layers"))
			rc = add_edges(m, EDGE_LAYER, json_get(doc, "layers"),
			    "layers", err);
		if (rc == 0 && json_has(doc, "blobs"))
			rc = add_edges(m, EDGE_LAYER, json_get(doc, "blobs"),
			    "blobs", err);
	}
	return rc == 0 ? add_member(m, EDGE_SUBJECT, doc, "subject", err) : -1;
}

/* The whole document: what it is first, and then what it names. */
static int
read_document(struct manifest *m, const char *announced, jv doc,
    struct err *err)
{
	struct shape	s;
	int64_t		version;

	if (jv_get_kind(doc) != JV_KIND_OBJECT)
		return err_set(err, ERR_CONTENT, "it is not a JSON object");
	if (json_int(doc, "schemaVersion", &version) && version == 1)
		return refuse_schema1(err);
	s = shape_of(doc);
	if (read_type(m, announced, doc, &s, err) == -1 ||
	    decide_kind(m, &s, err) == -1)
		return -1;
	if (json_has(doc, "fsLayers"))
		return err_set(err, ERR_CONTENT, "it could be read as a Docker "
		    "schema 1 image too: it has fsLayers");
	m->artifact_type = artifact_type_of(doc, m->is_index);
	return read_edges(m, doc, err);
}

int
manifest_parse(struct manifest *m, const char *media_type, const char *bytes,
    size_t len, jv *doc, struct err *err)
{
	jv	obj;

	memset(m, 0, sizeof(*m));
	if (json_parse(bytes, len, &manifest_limits, &obj, err) == -1)
		return -1;
	if (read_document(m, media_type, obj, err) == -1) {
		jv_free(obj);
		manifest_clear(m);
		return -1;
	}
	assert(m->media_type != NULL && manifest_is_type(m->media_type));
	if (doc != NULL)
		*doc = obj;
	else
		jv_free(obj);
	return 0;
}

void
manifest_clear(struct manifest *m)
{
	size_t	i;

	for (i = 0; i < m->nedges; i++)
		descriptor_clear(&m->edges[i].desc);
	free(m->edges);
	free(m->media_type);
	free(m->artifact_type);
	memset(m, 0, sizeof(*m));
}

int
manifest_config_platform(const char *bytes, size_t len, struct platform *p,
    struct err *err)
{
	jv	obj;
	int	has;

	if (json_parse(bytes, len, &plain_limits, &obj, err) == -1)
		return -1;
	if (jv_get_kind(obj) != JV_KIND_OBJECT) {
		jv_free(obj);
		return err_set(err, ERR_CONTENT,
		    "the config is not a JSON object");
	}
	has = platform_from_json(obj, p);
	jv_free(obj);
	return has;
}
