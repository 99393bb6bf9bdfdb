/*
 * A descriptor as an entry of an index, in the form that Go gives it: the index
 * must have the same bytes whoever makes it.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/oci/entry.h"
#include "lib/text/json.h"
#include "lib/text/json_out.h"

/* A string member, unless it is missing or empty. */
static void
add_string(struct json_out *j, jv obj, const char *name)
{
	char	*s = json_str(obj, name);

	if (s != NULL && *s != '\0')
		json_out_member(j, name, s);
	free(s);
}

/* A string member, which Go writes even if it is empty. */
static void
add_required(struct json_out *j, jv obj, const char *name)
{
	char	*s = json_str(obj, name);

	json_out_member(j, name, s != NULL ? s : "");
	free(s);
}

/* An array of strings, unless it is missing or empty. */
static void
add_strings(struct json_out *j, jv obj, const char *name)
{
	jv	list = json_get(obj, name), s;
	int	i, n;

	if (jv_get_kind(list) != JV_KIND_ARRAY ||
	    (n = jv_array_length(jv_copy(list))) == 0) {
		jv_free(list);
		return;
	}
	json_out_name(j, name);
	json_out_begin_array(j);
	for (i = 0; i < n; i++) {
		s = jv_array_get(jv_copy(list), i);
		if (jv_get_kind(s) == JV_KIND_STRING)
			json_out_string(j, jv_string_value(s),
			    (size_t)jv_string_length_bytes(jv_copy(s)));
		jv_free(s);
	}
	json_out_end_array(j);
	jv_free(list);
}

static void
add_platform(struct json_out *j, jv desc)
{
	jv	p = json_get(desc, "platform");

	if (jv_get_kind(p) == JV_KIND_OBJECT) {
		json_out_name(j, "platform");
		json_out_begin_object(j);
		add_required(j, p, "architecture");
		add_required(j, p, "os");
		add_string(j, p, "os.version");
		add_strings(j, p, "os.features");
		add_string(j, p, "variant");
		json_out_end_object(j);
	}
	jv_free(p);
}

void
entry_json(struct json_out *j, jv desc, const char *annotations)
{
	int64_t	size = 0;

	json_out_begin_object(j);
	add_string(j, desc, "mediaType");
	add_string(j, desc, "digest");
	json_int(desc, "size", &size);
	json_out_member_number(j, "size", size);
	add_strings(j, desc, "urls");
	if (annotations != NULL)
		json_out_member_raw(j, "annotations", annotations);
	add_string(j, desc, "data");
	add_platform(j, desc);
	add_string(j, desc, "artifactType");
	json_out_end_object(j);
}
