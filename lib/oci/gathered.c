/*
 * Gathered indexes as text: which documents are one.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/oci/entry.h"
#include "lib/oci/gathered.h"
#include "lib/text/json.h"

static const struct json_limits limits = {
	INDEX_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_MANIFEST
};

int
gathered_parse(const char *text, size_t len, jv *out, struct err *err)
{
	char	*type;
	int	 is_gathered;
	jv	 doc;

	if (len > INDEX_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d bytes",
		    INDEX_BYTES_MAX);
	if (json_parse(text, len, &limits, &doc, err) == -1)
		return -1;
	type = json_str(doc, "artifactType");
	is_gathered = type != NULL && strcmp(type, MT_GATHER) == 0;
	free(type);
	if (!is_gathered) {
		jv_free(doc);
		return err_set(err, ERR_CONTENT, "it is not a gathered index");
	}
	*out = doc;
	return 0;
}
