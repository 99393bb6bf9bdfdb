#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/oci/digest.h"
#include "lib/oci/manifest.h"
#include "lib/text/base64.h"
#include "lib/text/json.h"

#define ANNOTATION_SHADOWS	"vnd.act3-ace.data.extra-manifests"

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

void
platform_clear(struct platform *p)
{
	free(p->os);
	free(p->arch);
	free(p->variant);
	free(p->os_version);
	memset(p, 0, sizeof(*p));
}

int
platform_from_json(jv obj, struct platform *p)
{
	p->os = json_str(obj, "os");
	p->arch = json_str(obj, "architecture");
	p->variant = json_str(obj, "variant");
	p->os_version = json_str(obj, "os.version");
	if (p->os != NULL && p->arch != NULL && *p->os != '\0' &&
	    *p->arch != '\0')
		return 1;
	platform_clear(p);
	return 0;
}

void
descriptor_clear(struct descriptor *d)
{
	free(d->media_type);
	free(d->digest);
	free(d->artifact_type);
	free(d->data);
	platform_clear(&d->platform);
	memset(d, 0, sizeof(*d));
}

static char *
copy_or_null(const char *s)
{
	return s != NULL ? xstrdup(s) : NULL;
}

void
descriptor_copy(struct descriptor *to, const struct descriptor *from)
{
	memset(to, 0, sizeof(*to));
	to->media_type = xstrdup(from->media_type);
	to->digest = xstrdup(from->digest);
	to->size = from->size;
	to->artifact_type = copy_or_null(from->artifact_type);
	to->has_platform = from->has_platform;
	to->platform.os = copy_or_null(from->platform.os);
	to->platform.arch = copy_or_null(from->platform.arch);
	to->platform.variant = copy_or_null(from->platform.variant);
	to->platform.os_version = copy_or_null(from->platform.os_version);
	if (from->data != NULL)
		to->data = xmemdup0(from->data, (size_t)from->size);
}

/* Media types become header fields: no character may end or split one. */
static int
media_type_is_sane(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s <= 0x20 || *s > 0x7e || *s == ',')
			return 0;
	return 1;
}

/*
 * Content that the descriptor embeds; what is wrong with it is an error.  An
 * empty string is how some writers say that there is none.
 */
static int
read_data(struct descriptor *d, jv obj, struct err *err)
{
	char	*text, have[DIGEST_STR_MAX];
	size_t	 len;

	if ((text = json_str(obj, "data")) == NULL || *text == '\0') {
		free(text);
		return 0;
	}
	d->data = base64_decode(text, strlen(text), &len);
	free(text);
	if (d->data == NULL)
		return err_set(err, ERR_CONTENT,
		    "descriptor %s: data is not base64", d->digest);
	if ((int64_t)len != d->size)
		return err_set(err, ERR_DIGEST, "descriptor %s: data has %zu "
		    "bytes, size says %lld", d->digest, len,
		    (long long)d->size);
	digest_of(d->digest, d->data, len, have);
	if (strcmp(have, d->digest) != 0)
		return err_set(err, ERR_DIGEST,
		    "descriptor %s: data has digest %s", d->digest, have);
	return 0;
}

int
descriptor_parse(struct descriptor *d, jv obj, int partial, struct err *err)
{
	jv	platform;

	memset(d, 0, sizeof(*d));
	d->size = -1;
	if (jv_get_kind(obj) != JV_KIND_OBJECT) {
		err_set(err, ERR_CONTENT, "a descriptor is not an object");
		goto bad;
	}
	if ((d->digest = json_str(obj, "digest")) == NULL) {
		err_set(err, ERR_CONTENT, "a descriptor has no digest");
		goto bad;
	}
	if (digest_check(d->digest, err) == -1)
		goto bad;
	if (json_has(obj, "mediaType")) {
		d->media_type = json_str(obj, "mediaType");
		if (d->media_type == NULL ||
		    !media_type_is_sane(d->media_type)) {
			err_set(err, ERR_CONTENT,
			    "descriptor %s: mediaType is no media type",
			    d->digest);
			goto bad;
		}
	} else {
		d->media_type = xstrdup("");
	}
	if (!partial && *d->media_type == '\0') {
		err_set(err, ERR_CONTENT, "descriptor %s has no mediaType",
		    d->digest);
		goto bad;
	}
	if (!json_int(obj, "size", &d->size) &&
	    (!partial || json_has(obj, "size"))) {
		err_set(err, ERR_CONTENT, "descriptor %s: size is missing, or "
		    "no whole number from 0 to 2^53-1", d->digest);
		goto bad;
	}
	d->artifact_type = json_str(obj, "artifactType");
	platform = json_get(obj, "platform");
	d->has_platform = platform_from_json(platform, &d->platform);
	jv_free(platform);
	if (!partial && read_data(d, obj, err) == -1)
		goto bad;
	return 0;
bad:
	descriptor_clear(d);
	return -1;
}

int
manifest_is_index_type(const char *mt)
{
	return strcmp(mt, MT_OCI_INDEX) == 0 || strcmp(mt, MT_DOCKER_LIST) == 0;
}

/* The manifest type in the first n bytes; NULL if they are none. */
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

static int
add_edge(struct manifest *m, enum edge_kind kind, jv obj, struct err *err)
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
		rc = add_edge(m, kind, obj, err);
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
		rc = add_edge(m, kind, v, err);
	jv_free(v);
	return rc == -1 ? err_wrap(err, "%s", name) : 0;
}

/* Indexes that an earlier gather with --index-fallback put into annotations. */
static int
add_shadows(struct manifest *m, jv doc, struct err *err)
{
	jv	 annotations = json_get(doc, "annotations"), list;
	char	*text = json_str(annotations, ANNOTATION_SHADOWS);
	int	 rc;

	jv_free(annotations);
	if (text == NULL)
		return 0;
	rc = json_parse(text, strlen(text), &shadow_limits, &list, err);
	free(text);
	if (rc == 0)
		rc = add_edges(m, EDGE_SHADOW, list, ANNOTATION_SHADOWS, err);
	return rc == -1 ? err_wrap(err, "annotation") : 0;
}

/* What a document is of which nobody says the type. */
static const char *
type_by_shape(int index, int image, int artifact)
{
	if (index)
		return MT_OCI_INDEX;
	return artifact && !image ? MT_OCI_ARTIFACT : MT_OCI_MANIFEST;
}

/* Decide between index and image; a document that could be both is refused. */
static int
decide_kind(struct manifest *m, const char *media_type, jv doc,
    struct err *err)
{
	int	 index = json_has(doc, "manifests");
	int	 image = json_has(doc, "config") || json_has(doc, "layers");
	int	 artifact = json_has(doc, "blobs");
	char	*own = json_str(doc, "mediaType");

	if (own == NULL && json_has(doc, "mediaType"))
		return err_set(err, ERR_CONTENT, "mediaType is no string");
	if (own != NULL && (*own == '\0' || !media_type_is_sane(own))) {
		free(own);
		return err_set(err, ERR_CONTENT, "mediaType is no media type");
	}
	if (own != NULL && *media_type != '\0' &&
	    strcmp(own, media_type) != 0) {
		err_set(err, ERR_CONTENT, "it is announced as %s but says of "
		    "itself %s", media_type, own);
		free(own);
		return -1;
	}
	m->media_type = own != NULL ? own : xstrdup(media_type);
	if (index && (image || artifact))
		return err_set(err, ERR_CONTENT, "it could be read as an index "
		    "and as an image: it has manifests and config or layers");
	if (*m->media_type == '\0') {
		free(m->media_type);
		m->media_type = xstrdup(type_by_shape(index, image, artifact));
	}
	if (strncmp(m->media_type,
	    "application/vnd.docker.distribution.manifest.v1+", 48) == 0)
		return err_set(err, ERR_UNSUPPORTED, "it is a Docker schema 1 "
		    "image, which no current registry takes: push it again "
		    "with a current docker or podman");
	if (!manifest_is_type(m->media_type))
		return err_set(err, ERR_UNSUPPORTED,
		    "%s is no type of manifest that we know", m->media_type);
	m->is_index = manifest_is_index_type(m->media_type);
	if (m->is_index && !index)
		return err_set(err, ERR_CONTENT,
		    "an index without \"manifests\"");
	if (!m->is_index && index)
		return err_set(err, ERR_CONTENT,
		    "an image manifest with \"manifests\"");
	if (!m->is_index && !image && !artifact &&
	    strcmp(m->media_type, MT_OCI_ARTIFACT) != 0)
		return err_set(err, ERR_CONTENT,
		    "an image manifest without config and layers");
	return 0;
}

static int
read_document(struct manifest *m, const char *media_type, jv doc,
    struct err *err)
{
	jv	 config;
	int64_t	 version;
	int	 rc;

	if (jv_get_kind(doc) != JV_KIND_OBJECT)
		return err_set(err, ERR_CONTENT, "it is no JSON object");
	if (json_int(doc, "schemaVersion", &version) && version == 1)
		return err_set(err, ERR_UNSUPPORTED, "it is a Docker schema 1 "
		    "image, which no current registry takes: push it again "
		    "with a current docker or podman");
	if (decide_kind(m, media_type, doc, err) == -1)
		return -1;
	if (json_has(doc, "fsLayers"))
		return err_set(err, ERR_CONTENT, "it could be read as a Docker "
		    "schema 1 image too: it has fsLayers");
	m->artifact_type = json_str(doc, "artifactType");
	if (m->artifact_type != NULL && *m->artifact_type == '\0') {
		/* Empty is as good as missing: distribution-spec, referrers. */
		free(m->artifact_type);
		m->artifact_type = NULL;
	}
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
		if (m->artifact_type == NULL) {
			config = json_get(doc, "config");
			m->artifact_type = json_str(config, "mediaType");
			jv_free(config);
		}
	}
	if (rc == 0)
		rc = add_member(m, EDGE_SUBJECT, doc, "subject", err);
	return rc;
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
		    "the config is no JSON object");
	}
	has = platform_from_json(obj, p);
	jv_free(obj);
	return has;
}
