/*
 * Descriptors, the pointers of OCI: read from JSON, with all that is wrong with
 * one as an error.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/xalloc.h"
#include "lib/oci/descriptor.h"
#include "lib/oci/digest.h"
#include "lib/text/base64.h"
#include "lib/text/json.h"
#include "lib/text/json_out.h"

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

void
descriptor_copy(struct descriptor *to, const struct descriptor *from)
{
	memset(to, 0, sizeof(*to));
	to->media_type = xstrdup(from->media_type);
	to->digest = xstrdup(from->digest);
	to->size = from->size;
	to->artifact_type = from->artifact_type != NULL ?
	    xstrdup(from->artifact_type) : NULL;
	to->has_platform = from->has_platform;
	platform_copy(&to->platform, &from->platform);
	if (from->data != NULL)
		to->data = xmemdup0(from->data, (size_t)from->size);
}

/* Media types become header fields: no character may end or split one. */
int
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

/* The media type, which only a partial descriptor may lack. */
static int
read_media_type(struct descriptor *d, jv obj, int partial, struct err *err)
{
	if (json_has(obj, "mediaType")) {
		d->media_type = json_str(obj, "mediaType");
		if (d->media_type == NULL ||
		    !media_type_is_sane(d->media_type))
			return err_set(err, ERR_CONTENT,
			    "descriptor %s: mediaType is not a media type",
			    d->digest);
	} else {
		d->media_type = xstrdup("");
	}
	if (!partial && *d->media_type == '\0')
		return err_set(err, ERR_CONTENT,
		    "descriptor %s has no mediaType", d->digest);
	return 0;
}

/* Every member that we act on; d may be half filled when one is wrong. */
static int
read_members(struct descriptor *d, jv obj, int partial, struct err *err)
{
	jv	platform;

	if (jv_get_kind(obj) != JV_KIND_OBJECT)
		return err_set(err, ERR_CONTENT,
		    "a descriptor is not an object");
	if ((d->digest = json_str(obj, "digest")) == NULL)
		return err_set(err, ERR_CONTENT, "a descriptor has no digest");
	if (digest_check(d->digest, err) == -1 ||
	    read_media_type(d, obj, partial, err) == -1)
		return -1;
	if (!json_int(obj, "size", &d->size) &&
	    (!partial || json_has(obj, "size")))
		return err_set(err, ERR_CONTENT, "descriptor %s: size is "
		    "missing, or not a whole number from 0 to 2^53-1",
		    d->digest);
	d->artifact_type = json_str(obj, "artifactType");
	platform = json_get(obj, "platform");
	d->has_platform = platform_from_json(platform, &d->platform);
	jv_free(platform);
	return partial ? 0 : read_data(d, obj, err);
}

int
descriptor_parse(struct descriptor *d, jv obj, int partial, struct err *err)
{
	memset(d, 0, sizeof(*d));
	d->size = -1;
	if (read_members(d, obj, partial, err) == 0)
		return 0;
	descriptor_clear(d);
	return -1;
}

void
descriptor_members(struct json_out *j, const char *media_type,
    const char *digest, int64_t size)
{
	if (*media_type != '\0')
		json_out_member(j, "mediaType", media_type);
	json_out_member(j, "digest", digest);
	if (size != -1)
		json_out_member_number(j, "size", size);
}
