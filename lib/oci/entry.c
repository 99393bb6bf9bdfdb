#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/oci/entry.h"
#include "lib/text/gojson.h"
#include "lib/text/json.h"

/* A string member, unless it is missing or empty. */
static void
add_string(struct buf *b, jv obj, const char *name)
{
	char	*s = json_str(obj, name);

	if (s != NULL && *s != '\0')
		gojson_member(b, name, s);
	free(s);
}

/* An array of strings, unless it is missing or empty. */
static void
add_strings(struct buf *b, jv obj, const char *name)
{
	jv	list = json_get(obj, name), s;
	int	i, n;

	if (jv_get_kind(list) != JV_KIND_ARRAY ||
	    (n = jv_array_length(jv_copy(list))) == 0) {
		jv_free(list);
		return;
	}
	gojson_name(b, name);
	buf_addc(b, '[');
	for (i = 0; i < n; i++) {
		s = jv_array_get(jv_copy(list), i);
		if (jv_get_kind(s) == JV_KIND_STRING) {
			if (b->data[b->len - 1] != '[')
				buf_addc(b, ',');
			gojson_string(b, jv_string_value(s),
			    (size_t)jv_string_length_bytes(jv_copy(s)));
		}
		jv_free(s);
	}
	buf_addc(b, ']');
	jv_free(list);
}

static void
add_platform(struct buf *b, jv desc)
{
	jv	 p = json_get(desc, "platform");
	char	*s;

	if (jv_get_kind(p) == JV_KIND_OBJECT) {
		gojson_name(b, "platform");
		buf_addc(b, '{');
		/* Go writes these two even if they are empty. */
		s = json_str(p, "architecture");
		gojson_member(b, "architecture", s != NULL ? s : "");
		free(s);
		s = json_str(p, "os");
		gojson_member(b, "os", s != NULL ? s : "");
		free(s);
		add_string(b, p, "os.version");
		add_strings(b, p, "os.features");
		add_string(b, p, "variant");
		buf_addc(b, '}');
	}
	jv_free(p);
}

void
entry_json(struct buf *b, jv desc, const char *annotations)
{
	int64_t	size = 0;

	buf_addc(b, '{');
	add_string(b, desc, "mediaType");
	add_string(b, desc, "digest");
	json_int(desc, "size", &size);
	gojson_number(b, "size", size);
	add_strings(b, desc, "urls");
	if (annotations != NULL) {
		gojson_name(b, "annotations");
		buf_adds(b, annotations);
	}
	add_string(b, desc, "data");
	add_platform(b, desc);
	add_string(b, desc, "artifactType");
	buf_addc(b, '}');
}
