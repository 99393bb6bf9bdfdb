/*
 * Layouts: the input as oci-layout, then as index.json.  Tagging leaves what
 * others put into index.json as it is, the tag stands once, and a second time
 * nothing changes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/io.h"
#include "lib/base/limits.h"
#include "lib/oci/layout.h"
#include "lib/oci/layout_index.h"
#include "lib/oci/manifest.h"
#include "lib/text/json.h"
#include "test/fuzz/fuzz.h"

#define TAG		"v1"
#define DIGEST		"sha256:11111111111111111111111111111111" \
			"11111111111111111111111111111111"

static const char	good[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
static char		dir[] = "/dev/shm/acedt-fuzz-XXXXXX";
static char		blobs[sizeof(dir) + 8];
static char		layout_file[sizeof(dir) + 16];
static char		index_file[sizeof(dir) + 16];

static const struct json_limits limits = {
	STREAM_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_MANIFEST
};

/* In place of libc's: what takes time here, and protects nothing. */
int
syncfs(int fd)
{
	(void)fd;
	return 0;
}

int
fsync(int fd)
{
	(void)fd;
	return 0;
}

static void
remove_dir(void)
{
	unlink(layout_file);
	unlink(index_file);
	rmdir(blobs);
	rmdir(dir);
}

static void
make_dir(void)
{
	must(mkdtemp(dir) != NULL);
	snprintf(blobs, sizeof(blobs), "%s/blobs", dir);
	snprintf(layout_file, sizeof(layout_file), "%s/oci-layout", dir);
	snprintf(index_file, sizeof(index_file), "%s/index.json", dir);
	must(mkdir(blobs, 0755) == 0);
	atexit(remove_dir);
}

static void
put(const char *path, const void *p, size_t n)
{
	int	fd;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	must(fd != -1);
	must(io_write_full(fd, p, n) == 0);
	close(fd);
}

/* The list of the index as it is now. */
static jv
get_list(jv *doc, struct buf *text)
{
	struct err	err = ERR_INIT;
	jv		list;

	buf_init(text, LAYOUT_INDEX_MAX);
	must(io_slurp(index_file, text, &err) == 0);
	must(json_parse(text->data, text->len, &limits, doc, &err) == 0);
	list = json_get(*doc, "manifests");
	if (jv_get_kind(list) == JV_KIND_ARRAY)
		return list;
	jv_free(list);
	return jv_array();
}

static int
has_tag(jv obj)
{
	jv	 notes = json_get(obj, "annotations");
	char	*s = json_str(notes, "org.opencontainers.image.ref.name");
	int	 has = s != NULL && strcmp(s, TAG) == 0;

	jv_free(notes);
	free(s);
	return has;
}

/* The elements that are not of the tag; *n is how many are.  list is freed. */
static jv
others(jv list, int *n)
{
	jv	out = jv_array(), obj;
	int	i, len = jv_array_length(jv_copy(list));

	*n = 0;
	for (i = 0; i < len; i++) {
		obj = jv_array_get(jv_copy(list), i);
		if (has_tag(obj)) {
			(*n)++;
			jv_free(obj);
		} else {
			out = jv_array_append(out, obj);
		}
	}
	jv_free(list);
	return out;
}

static void
check_tag(struct layout *l)
{
	struct err	err = ERR_INIT;
	struct buf	text, again;
	jv		doc, before, after;
	int		changed, n;

	before = others(get_list(&doc, &text), &n);
	doc = jv_object_delete(doc, jv_string("manifests"));
	buf_clear(&text);
	must(layout_tag(l, TAG, MT_OCI_MANIFEST, DIGEST, 7, NULL, &changed,
	    &err) == 0);
	must(changed || n == 1);
	must(jv_equal(jv_copy(before), others(get_list(&after, &text), &n)));
	must(n == 1);
	after = jv_object_delete(after, jv_string("manifests"));
	must(jv_equal(doc, after));
	must(layout_tag(l, TAG, MT_OCI_MANIFEST, DIGEST, 7, NULL, &changed,
	    &err) == 0);
	must(!changed);
	jv_free(get_list(&doc, &again));
	must(strcmp(text.data, again.data) == 0);
	buf_clear(&text);
	buf_clear(&again);
	jv_free(doc);
	jv_free(before);
}

static void
check_index(struct layout *l)
{
	const struct layout_entry *v;
	struct layout_entry	 e;
	struct layout_index	*x;
	struct err		 err = ERR_INIT;
	size_t			 i, n;
	int			 known, changed;

	x = layout_index_read(l, &err);
	if ((known = x != NULL)) {
		v = layout_index_entries(x, &n);
		for (i = 0; i < n; i++)
			must(v[i].digest != NULL && v[i].media_type != NULL);
		layout_index_free(x);
		if (layout_find(l, NULL, &e, &err) == 0)
			layout_entry_clear(&e);
	}
	if (layout_tag(l, "other", MT_OCI_MANIFEST, DIGEST, 7, "a/b",
	    &changed, &err) == -1) {
		must(!known);
		return;
	}
	check_tag(l);
	if (known) {
		must(layout_find(l, TAG, &e, &err) == 0);
		must(strcmp(e.digest, DIGEST) == 0 && e.size == 7);
		layout_entry_clear(&e);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct layout	l;
	struct err	err = ERR_INIT;

	if (*blobs == '\0')
		make_dir();
	put(layout_file, data, size);
	if (layout_open(&l, dir, &err) == 0)
		layout_close(&l);
	put(layout_file, good, sizeof(good) - 1);
	put(index_file, data, size);
	must(layout_open(&l, dir, &err) == 0);
	check_index(&l);
	layout_close(&l);
	return 0;
}
