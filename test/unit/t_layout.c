#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/oci/digest.h"
#include "lib/oci/layout.h"
#include "lib/oci/layout_index.h"
#include "lib/oci/manifest.h"
#include "test/unit/tap.h"

#define D1	"sha256:1111111111111111111111111111111111111111111111111111" \
		"111111111111"
#define D2	"sha256:2222222222222222222222222222222222222222222222222222" \
		"222222222222"
#define DOTS	"sha256:../../x"
#define ABC	"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410f" \
		"f61f20015ad"
#define ABC512	"sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9ee" \
		"ee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80" \
		"e2a9ac94fa54ca49f"
#define ABC_FILE "blobs/sha256/ba7816bf8f01cfea414140de5dae2223b00361a396177a" \
		"9cb410ff61f20015ad"
#define NOTE(tag) "\"annotations\":{\"org.opencontainers.image.ref.name\":" \
		"\"" tag "\"}"
#define ENTRY(digest, tag) "{\"mediaType\":\"" MT_OCI_MANIFEST "\"," \
		"\"digest\":\"" digest "\",\"size\":7," NOTE(tag) "}"

static char		base[] = "/tmp/acedt-t_layout-XXXXXX";
static char		dir[64];
static struct layout	l;
static struct err	err;
static unsigned int	dirs;

/* A path in the layout; good until the next call but one. */
static const char *
in(const char *name)
{
	static char	path[2][256];
	static int	turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static void
put(const char *name, const char *text)
{
	FILE	*f = fopen(in(name), "w");

	if (f == NULL || fputs(text, f) == EOF || fclose(f) == EOF)
		ok(0, "writing %s", in(name));
}

static const char *
get(const char *name)
{
	static char	text[65536];
	ssize_t		n;
	int		fd;

	/* A FIFO that should not be one any more must not hold us up. */
	fd = open(in(name), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return NULL;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* The name of a directory that is not there yet. */
static void
new_name(void)
{
	snprintf(dir, sizeof(dir), "%s/%u", base, ++dirs);
}

static void
new_layout(void)
{
	if (l.fd != -1)
		layout_close(&l);
	new_name();
	if (!ok(layout_create(&l, dir, 60, &err) == 0, "made"))
		printf("# %s\n", err.msg);
}

static void
says(int rc, const char *what)
{
	ok(rc == -1 && strstr(err.msg, what) != NULL, "%s",
	    rc == -1 ? err.msg : what);
}

static int
tag(const char *name, const char *digest)
{
	int	changed = -1;

	if (layout_tag(&l, name, MT_OCI_MANIFEST, digest, 7, NULL, &changed,
	    &err) == -1)
		return -1;
	return changed;
}

/* How many entries there are, or -1. */
static int
entries(void)
{
	struct layout_index	*x = layout_index_read(&l, &err);
	size_t			 n;

	if (x == NULL)
		return -1;
	layout_index_entries(x, &n);
	layout_index_free(x);
	return (int)n;
}

/* How many files of ours there are that should be gone. */
static int	hidden;

static int
count_hidden(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
	(void)st;
	(void)type;
	if (strncmp(path + ftw->base, ".acedt-", 7) == 0)
		hidden++;
	return 0;
}

static int
leftovers(void)
{
	hidden = 0;
	nftw(dir, count_hidden, 8, FTW_PHYS);
	return hidden;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
test_create(void)
{
	struct layout	again;
	struct stat	st;

	new_layout();
	is_str(l.dir, dir);
	is_str(get("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
	is_str(get("index.json"), "{\"schemaVersion\":2,\"mediaType\":\""
	    MT_OCI_INDEX "\",\"manifests\":[]}");
	ok(stat(in("blobs/sha256"), &st) == 0 && S_ISDIR(st.st_mode),
	    "blobs/sha256");
	ok(stat(dir, &st) == 0 && (st.st_mode & 0777) == 0755, "mode");
	is_int(leftovers(), 0);

	/* What is missing is made, what is there stays. */
	put("index.json", "{\"schemaVersion\":2,\"manifests\":[] }");
	put("other", "x");
	rmdir(in("blobs/sha256"));
	is_int(layout_create(&again, dir, 60, &err), 0);
	layout_close(&again);
	is_str(get("index.json"), "{\"schemaVersion\":2,\"manifests\":[] }");
	is_str(get("other"), "x");
	ok(access(in("blobs/sha256"), F_OK) == 0, "made again");
	unlink(in("index.json"));
	is_int(layout_create(&again, dir, 60, &err), 0);
	layout_close(&again);
	ok(get("index.json") != NULL, "made again");
	layout_close(&again);
	ok(again.dir == NULL && again.fd == -1, "closing twice is fine");

	new_name();
	mkdir(dir, 0755);
	is_int(layout_create(&again, dir, 60, &err), 0);
	ok(get("oci-layout") != NULL, "in an empty directory");
	layout_close(&again);

	new_name();
	mkdir(dir, 0755);
	put("notes.txt", "x");
	says(layout_create(&again, dir, 60, &err), "not empty");
	ok(access(in("index.json"), F_OK) == -1, "nothing was written");
	snprintf(dir, sizeof(dir), "%s/no/parent", base);
	says(layout_create(&again, dir, 60, &err), dir);
	snprintf(dir, sizeof(dir), "%s/file", base);
	new_name();
	mkdir(dir, 0755);
	put("x", "");
	says(layout_create(&again, in("x"), 60, &err), "/x");
}

static void
test_open(void)
{
	static const struct {
		const char	*text;
		const char	*says;
	} bad[] = {
		{ "", "oci-layout" }, { "{", "oci-layout" },
		{ "[]", "imageLayoutVersion" }, { "{}", "imageLayoutVersion" },
		{ "{\"imageLayoutVersion\":1}", "imageLayoutVersion" },
		{ "{\"imageLayoutVersion\":\"2.0.0\"}", "\"2.0.0\"" },
		{ "{\"imageLayoutVersion\":\"1.0.1\"}", "\"1.0.1\"" }
	};
	struct layout	o;
	size_t		i;

	new_layout();
	is_int(layout_open(&o, dir, &err), 0);
	layout_close(&o);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put("oci-layout", bad[i].text);
		says(layout_open(&o, dir, &err), bad[i].says);
		ok(strstr(err.msg, dir) != NULL, "with its directory");
		says(layout_create(&o, dir, 60, &err), bad[i].says);
	}
	put("oci-layout", "{\"x\":1, \"imageLayoutVersion\" : \"1.0.0\"}\n");
	is_int(layout_open(&o, dir, &err), 0);
	layout_close(&o);
	unlink(in("oci-layout"));
	says(layout_open(&o, dir, &err), "not an OCI image layout");
	is_int(err.cls, ERR_NOT_FOUND);
	new_name();
	says(layout_open(&o, dir, &err), dir);
	is_int(err.cls, ERR_NOT_FOUND);
	ok(o.fd == -1 && o.dir == NULL, "clear after a failure");
}

static void
test_blobs(void)
{
	struct buf	b;
	int64_t		size = 0;
	int		fd = -1;

	new_layout();
	is_int(layout_blob_has(&l, ABC, -1), 0);
	says(layout_blob_open(&l, ABC, &fd, &size, &err), ABC);
	is_int(err.cls, ERR_NOT_FOUND);
	is_int(fd, -1);
	is_int(layout_put(&l, ABC, "abc", 3, &err), 0);
	is_str(get(ABC_FILE), "abc");
	is_int(layout_put(&l, ABC, "abc", 3, &err), 0);
	is_int(layout_put(&l, ABC512, "abc", 3, &err), 0);
	is_int(layout_blob_has(&l, ABC512, 3), 1);
	is_int(layout_blob_has(&l, ABC, 3), 1);
	is_int(layout_blob_has(&l, ABC, -1), 1);
	is_int(layout_blob_has(&l, ABC, 4), 0);
	is_int(layout_blob_open(&l, ABC, &fd, &size, &err), 0);
	is_int(size, 3);
	close(fd);

	buf_init(&b, 0);
	is_int(layout_blob_read(&l, ABC, 3, &b, &err), 0);
	is_str(b.data, "abc");
	buf_clear(&b);
	is_int(layout_blob_read(&l, ABC512, 100, &b, &err), 0);
	buf_clear(&b);
	says(layout_blob_read(&l, ABC, 2, &b, &err), "larger than 2");
	is_int(err.cls, ERR_LIMIT);
	buf_clear(&b);
	put(ABC_FILE, "abd");
	says(layout_blob_read(&l, ABC, 3, &b, &err), "digest");
	is_int(err.cls, ERR_DIGEST);
	buf_clear(&b);
	is_int(leftovers(), 0);
}

/* Blobs that are there, but are not what we would have written. */
static void
test_odd_blobs(void)
{
	struct buf	b;
	int64_t		size;
	int		fd;

	new_layout();
	buf_init(&b, 0);
	put("elsewhere", "abc");
	is_int(symlink("../../elsewhere", in(ABC_FILE)), 0);
	says(layout_blob_read(&l, ABC, 3, &b, &err), "symbolic links");
	is_int(err.cls, ERR_CONTENT);
	is_int(layout_blob_has(&l, ABC, 3), 0);
	put("elsewhere", "abd");
	is_int(layout_put(&l, ABC, "abc", 3, &err), 0);
	is_str(get(ABC_FILE), "abc");
	is_str(get("elsewhere"), "abd");
	unlink(in("elsewhere"));
	unlink(in(ABC_FILE));
	is_int(symlink("../../elsewhere", in(ABC_FILE)), 0);
	is_int(layout_put(&l, ABC, "abc", 3, &err), 0);
	is_str(get(ABC_FILE), "abc");
	ok(access(in("elsewhere"), F_OK) == -1, "not through the link");

	put(ABC_FILE, "ab");		/* cut short by a power cut */
	is_int(layout_put(&l, ABC, "abc", 3, &err), 0);
	is_str(get(ABC_FILE), "abc");
	unlink(in(ABC_FILE));
	is_int(mkfifo(in(ABC_FILE), 0600), 0);
	says(layout_blob_open(&l, ABC, &fd, &size, &err), "not a regular");
	is_int(layout_blob_has(&l, ABC, -1), 0);
	is_int(layout_put(&l, ABC, "abc", 3, &err), 0);
	is_str(get(ABC_FILE), "abc");
	unlink(in(ABC_FILE));
	mkdir(in(ABC_FILE), 0755);
	says(layout_blob_open(&l, ABC, &fd, &size, &err), "not a regular");
	says(layout_put(&l, ABC, "abc", 3, &err), "blobs/sha256/ba78");
	is_int(leftovers(), 0);
}

/* Directories and files of the layout that are links. */
static void
test_links(void)
{
	struct layout	o;
	char		outside[64];

	new_name();
	snprintf(outside, sizeof(outside), "%s", dir);
	is_int(mkdir(outside, 0755), 0);
	new_layout();
	rmdir(in("blobs/sha256"));
	is_int(symlink(outside, in("blobs/sha256")), 0);
	says(layout_put(&l, ABC, "abc", 3, &err),
	    "blobs/sha256: symbolic links");
	says(layout_create(&o, dir, 60, &err), "blobs/sha256: symbolic links");
	ok(rmdir(outside) == 0, "nothing was written there");
	unlink(in("blobs/sha256"));
	rmdir(in("blobs"));
	is_int(mkdir(outside, 0755), 0);
	is_int(symlink(outside, in("blobs")), 0);
	says(layout_put(&l, ABC512, "abc", 3, &err), "blobs: symbolic links");
	says(layout_create(&o, dir, 60, &err), "blobs: symbolic links");
	ok(rmdir(outside) == 0, "nothing was written there");
	is_int(leftovers(), 0);

	new_layout();
	put("elsewhere", get("index.json"));
	unlink(in("index.json"));
	is_int(symlink("elsewhere", in("index.json")), 0);
	says(tag("t", D1), "index.json: symbolic links");
	put("elsewhere", get("oci-layout"));
	unlink(in("oci-layout"));
	is_int(symlink("elsewhere", in("oci-layout")), 0);
	says(layout_open(&o, dir, &err), "oci-layout: symbolic links");
	unlink(in("oci-layout"));
	is_int(mkfifo(in("oci-layout"), 0600), 0);
	says(layout_open(&o, dir, &err), "oci-layout: not a regular file");

	/* The directory itself is where the user says. */
	new_layout();
	is_int(symlink(dir, outside), 0);
	is_int(layout_open(&o, outside, &err), 0);
	is_int(layout_put(&o, ABC, "abc", 3, &err), 0);
	layout_close(&o);
	is_str(get(ABC_FILE), "abc");
	unlink(outside);
}

static void
test_writer(void)
{
	struct layout_writer	w, other;

	new_layout();
	is_int(layout_write_begin(&w, &l, &err), 0);
	is_int(layout_write(&w, "a", 1, &err), 0);
	is_int(layout_write(&w, "", 0, &err), 0);
	is_int(layout_blob_has(&l, ABC, -1), 0);
	is_int(layout_write_begin(&other, &l, &err), 0);
	is_int(layout_write(&other, "abc", 3, &err), 0);
	is_int(layout_write(&w, "bc", 2, &err), 0);
	is_int(layout_write_commit(&w, ABC, &err), 0);
	is_str(get(ABC_FILE), "abc");
	ok(w.fd == -1 && w.tmp == NULL, "clear");
	/* Another was quicker. */
	is_int(layout_write_commit(&other, ABC, &err), 0);
	is_str(get(ABC_FILE), "abc");

	is_int(layout_write_begin(&w, &l, &err), 0);
	is_int(layout_write(&w, "xyz", 3, &err), 0);
	layout_write_abort(&w);
	layout_write_abort(&w);
	is_int(leftovers(), 0);

	/* As where files cannot be unnamed. */
	unlink(in(ABC_FILE));
	layout_write_abort(&w);
	w.tmp = strdup(".acedt-test");
	w.fd = openat(l.fd, w.tmp, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	is_int(layout_write(&w, "abc", 3, &err), 0);
	is_int(layout_write_commit(&w, ABC, &err), 0);
	is_str(get(ABC_FILE), "abc");
	is_int(leftovers(), 0);
}

static void
test_tag(void)
{
	int	changed;

	new_layout();
	is_int(tag("one", D1), 1);
	is_str(get("index.json"), "{\"schemaVersion\":2,\"mediaType\":\""
	    MT_OCI_INDEX "\",\"manifests\":[" ENTRY(D1, "one") "]}");
	is_int(tag("one", D1), 0);
	is_int(tag("two", D2), 1);
	is_int(tag("one", D2), 1);
	is_str(get("index.json"), "{\"schemaVersion\":2,\"mediaType\":\""
	    MT_OCI_INDEX "\",\"manifests\":[" ENTRY(D2, "one") ","
	    ENTRY(D2, "two") "]}");
	is_int(layout_tag(&l, "two", MT_OCI_INDEX, D1, 8, "a/b", &changed,
	    &err), 0);
	is_int(changed, 1);
	ok(strstr(get("index.json"), "{\"mediaType\":\"" MT_OCI_INDEX
	    "\",\"digest\":\"" D1 "\",\"size\":8," NOTE("two")
	    ",\"artifactType\":\"a/b\"}]}") != NULL, "with artifactType");
	is_int(layout_tag(&l, "two", MT_OCI_INDEX, D1, 8, "a/b", &changed,
	    &err), 0);
	is_int(changed, 0);
	is_int(layout_tag(&l, "two", MT_OCI_INDEX, D1, 8, NULL, &changed,
	    &err), 0);
	is_int(changed, 1);
	is_int(leftovers(), 0);
}

#define KEPT1	"{ \"mediaType\":\"a/b\",\"size\" : 9, \"digest\":\"" D1 "\"," \
		"\"x\":[18446744073709551615,1.0e2,\"]},\\\"\\\\\"],\n" \
		"\t\"platform\":{\"os\":\"linux\",\"architecture\":\"arm\"}}"
#define KEPT2	ENTRY(D2, "z\\u00e9\\/")
#define HEAD(a)	"\n{ \"annotations\" : {\"manifests\":\"[{\", " \
		"\"n\":9007199254740993}, \"schemaVersion\": 2,\"" a \
		"\":null, \"manifests\" :  "
#define TAIL	" ,\"later\":{\"manifests\":[[]]} }\n"

#define HEX64	"00000000000000000000000000000000" \
		"0000000000000000000000000000000a"
#define REFS1	"sha256-" HEX64
#define REFS2	"sha512-" HEX64

/* An image's tag never stands after an index of referrers. */
static void
test_tag_order(void)
{
	new_layout();
	put("index.json", "{\"manifests\":[" KEPT2 "]}");
	tag(REFS1, D1);
	tag("one", D1);
	tag(REFS2, D1);
	tag("two", D1);
	is_str(get("index.json"), "{\"manifests\":[" KEPT2 ","
	    ENTRY(D1, "one") "," ENTRY(D1, "two") "," ENTRY(D1, REFS1) ","
	    ENTRY(D1, REFS2) "]}");
	/* Each in its place, where it may stand there. */
	tag("two", D2);
	tag(REFS1, D2);
	is_str(get("index.json"), "{\"manifests\":[" KEPT2 ","
	    ENTRY(D1, "one") "," ENTRY(D2, "two") "," ENTRY(D2, REFS1) ","
	    ENTRY(D1, REFS2) "]}");
	put("index.json", "{\"manifests\":[" ENTRY(D1, REFS1) ","
	    ENTRY(D1, "one") "," KEPT2 "," ENTRY(D1, "one") "]}");
	tag("one", D2);
	is_str(get("index.json"), "{\"manifests\":[" ENTRY(D2, "one") ","
	    ENTRY(D1, REFS1) "," KEPT2 "]}");
}

static void
test_kept(void)
{
	new_layout();
	put("index.json", HEAD("\\u0061") "[ " KEPT1 " ,\n"
	    ENTRY(D1, "t") " , " KEPT2 ", " ENTRY(D2, "t") "\n]" TAIL);
	/* Members with escapes are refused, not guessed at. */
	says(tag("t", D1), "index.json");
	put("index.json", "{\"manifests\":[{\"digest\":1,\"digest\":2}]}");
	says(tag("t", D1), "twice");
}

static void
test_kept_bytes(void)
{
	new_layout();
	put("index.json", HEAD("a") "[ " KEPT1 " ,\n" ENTRY(D1, "t") " , " KEPT2
	    ", " ENTRY(D2, "t") "\n]" TAIL);
	is_int(tag("t", D2), 1);
	is_str(get("index.json"), HEAD("a") "[" KEPT1 "," ENTRY(D2, "t")
	    "," KEPT2 "]" TAIL);
	is_int(tag("t", D2), 0);
	is_int(tag("new", D1), 1);
	is_str(get("index.json"), HEAD("a") "[" KEPT1 "," ENTRY(D2, "t")
	    "," KEPT2 "," ENTRY(D1, "new") "]" TAIL);
	put("index.json", HEAD("a") "null" TAIL);
	is_int(tag("t", D2), 1);
	is_str(get("index.json"), HEAD("a") "[" ENTRY(D2, "t") "]" TAIL);
	put("index.json", HEAD("a") "[\n]" TAIL);
	is_int(tag("t", D2), 1);
	is_str(get("index.json"), HEAD("a") "[" ENTRY(D2, "t") "]" TAIL);
	/* More annotations than ours: nobody asked to drop them. */
	put("index.json", "{\"manifests\":[{\"mediaType\":\"" MT_OCI_MANIFEST
	    "\",\"digest\":\"" D1 "\",\"size\":7,\"annotations\":{\"a\":\"b\","
	    "\"org.opencontainers.image.ref.name\":\"t\"}}]}");
	is_int(tag("t", D1), 0);
	is_int(tag("t", D2), 1);
	is_str(get("index.json"), "{\"manifests\":[" ENTRY(D2, "t") "]}");
}

static void
test_find(void)
{
	struct layout_entry	e;

	new_layout();
	is_int(entries(), 0);
	says(layout_find(&l, NULL, &e, &err), "no tags");
	is_int(err.cls, ERR_NOT_FOUND);
	tag("only", D1);
	is_int(layout_find(&l, NULL, &e, &err), 0);
	is_str(e.media_type, MT_OCI_MANIFEST);
	is_str(e.digest, D1);
	is_int(e.size, 7);
	is_str(e.ref_name, "only");
	is_str(e.artifact_type, NULL);
	layout_entry_clear(&e);
	ok(e.digest == NULL, "clear");
	tag("more", D2);
	says(layout_find(&l, NULL, &e, &err), "only, more");
	is_int(err.cls, ERR_NOT_FOUND);
	says(layout_find(&l, "absent", &e, &err), "no tag absent");
	tag("latest", D2);
	is_int(layout_find(&l, NULL, &e, &err), 0);
	is_str(e.ref_name, "latest");
	layout_entry_clear(&e);
	is_int(layout_find(&l, "only", &e, &err), 0);
	is_str(e.digest, D1);
	layout_entry_clear(&e);

	put("index.json", "{\"manifests\":[" ENTRY(D1, "t") "," ENTRY(D1, "t")
	    "," ENTRY(D1, "u") "," ENTRY(D2, "u") "]}");
	is_int(layout_find(&l, "t", &e, &err), 0);
	is_str(e.digest, D1);
	layout_entry_clear(&e);
	says(layout_find(&l, "u", &e, &err), D2);
	is_int(err.cls, ERR_CONTENT);
	put("index.json", "{\"manifests\":[{\"mediaType\":\"a/b\",\"digest\":"
	    "\"" D1 "\",\"size\":0,\"artifactType\":\"c/d\"}]}");
	is_int(entries(), 1);
	is_int(layout_find(&l, NULL, &e, &err), 0);
	is_str(e.ref_name, NULL);
	is_str(e.artifact_type, "c/d");
	layout_entry_clear(&e);
}

/* A table of many tags, in an order that is none, each twice. */
static void
test_table(void)
{
	const struct layout_entry *v;
	struct layout_index	*x;
	struct buf		 b;
	char			 name[16];
	size_t			 n;
	int			 i, wrong = 0;

	new_layout();
	buf_init(&b, 1 << 20);
	buf_adds(&b, "{\"manifests\":[");
	for (i = 0; i < 2000; i++)
		buf_addf(&b, "%s{\"mediaType\":\"a/b\",\"digest\":\"sha256:"
		    "%064d\",\"size\":%d,\"annotations\":{"
		    "\"org.opencontainers.image.ref.name\":\"t%d\"}}",
		    i > 0 ? "," : "", i * 7 % 1000, i, i * 7 % 1000);
	buf_addf(&b, ",%s,%s]}", ENTRY(D1, "t5"), ENTRY(D2, "t5"));
	put("index.json", b.data);
	buf_clear(&b);
	if (!ok((x = layout_index_read(&l, &err)) != NULL, "%s", err.msg))
		return;
	v = layout_index_entries(x, &n);
	is_int((long long)n, 2002);
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "t%d", i * 7 % 1000);
		if (i * 7 % 1000 != 5)
			wrong += layout_index_find(x, name, &err) !=
			    &v[1000 + i];
	}
	is_int(wrong, 0);
	says(layout_index_find(x, "t5", &err) != NULL ? 0 : -1,
	    "000005 and at " D1);
	says(layout_index_find(x, "t", &err) != NULL ? 0 : -1,
	    "no tag t; it has t0, t7, t14, t21, t28, t35, t42, t49, t56, t63, "
	    "…");
	is_int(err.cls, ERR_NOT_FOUND);
	ok(layout_index_find(x, "t9999", &err) == NULL, "after the last");
	ok(layout_index_find(x, "a", &err) == NULL, "before the first");
	ok(layout_index_find(x, NULL, &err) == NULL, "no latest");
	layout_index_free(x);
}

/* Much that is no entry may stand there, but no entry of many values. */
static void
test_values(void)
{
	struct buf	b;
	int		i;

	new_layout();
	buf_init(&b, 1 << 20);
	buf_adds(&b, "{\"x\":[1");
	for (i = 0; i < 200000; i++)
		buf_adds(&b, ",1");
	buf_addf(&b, "],\"manifests\":[%s]}", ENTRY(D1, "t"));
	put("index.json", b.data);
	is_int(entries(), 1);
	is_int(tag("t", D1), 0);
	b.len = 0;
	buf_adds(&b, "{\"manifests\":[{\"x\":[1");
	for (i = 0; i < LAYOUT_ENTRY_VALUES_MAX; i++)
		buf_adds(&b, ",1");
	buf_adds(&b, "]}]}");
	put("index.json", b.data);
	says(entries(), "manifests[0]: JSON with more than 10000 values");
	is_int(err.cls, ERR_LIMIT);
	buf_clear(&b);
}

static void
test_broken_index(void)
{
	static const char *const	bad[] = {
		"", "{", "[]", "7", "{}", "{\"manifests\":{}}",
		"{\"manifests\":[1]}", "{\"manifests\":[{}]}", "{} {}",
		"{\"manifests\":[{\"mediaType\":\"a/b\",\"digest\":\"" D1
		    "\"}]}",
		"{\"manifests\":[{\"mediaType\":\"a/b\",\"digest\":\"" D1
		    "\",\"size\":-1}]}",
		"{\"manifests\":[{\"mediaType\":\"a/b\",\"digest\":\"" DOTS
		    "\",\"size\":1}]}",
		"{\"manifests\":[],\"manifests\":[]}", "{\"Manifests\":[]}",
		"{\"manifests\":[],\"x\":\"\xff\"}",
		"\xef\xbb\xbf{\"manifests\":[]}"
	};
	size_t	i;

	new_layout();
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put("index.json", bad[i]);
		says(entries(), in("index.json"));
	}
	put("index.json", "{\"manifests\":7}");
	says(tag("t", D1), in("index.json"));
	is_str(get("index.json"), "{\"manifests\":7}");
	unlink(in("index.json"));
	says(tag("t", D1), in("index.json"));
	put("index.json", "");
	is_int(truncate(in("index.json"), LAYOUT_INDEX_MAX + 1), 0);
	says(tag("t", D1), "larger than");
	is_int(leftovers(), 0);
}

/* Many processes at once: no entry may be lost. */
static void
test_race(void)
{
	struct layout		 mine;
	char			 name[32];
	pid_t			 pid[8];
	int			 changed, i, k, status, failed = 0;

	layout_close(&l);
	new_name();
	for (i = 0; i < 8; i++) {
		if ((pid[i] = fork()) != 0)
			continue;
		if (layout_create(&mine, dir, 60, &err) == -1)
			_exit(1);
		for (k = 0; k < 5; k++) {
			snprintf(name, sizeof(name), "t%d-%d", i, k);
			if (layout_put(&mine, ABC, "abc", 3, &err) == -1 ||
			    layout_tag(&mine, name, MT_OCI_MANIFEST, ABC, 3,
			    NULL, &changed, &err) == -1)
				_exit(2);
		}
		_exit(0);
	}
	for (i = 0; i < 8; i++)
		if (waitpid(pid[i], &status, 0) != pid[i] || status != 0)
			failed++;
	is_int(failed, 0);
	if (!ok(layout_open(&l, dir, &err) == 0, "open"))
		return;
	is_int(entries(), 40);
	is_str(get(ABC_FILE), "abc");
	is_int(leftovers(), 0);
}

/* Without the right to write; root has it everywhere. */
static void
test_read_only(void)
{
	struct layout_writer	w;
	struct layout		o;

	new_layout();
	if (geteuid() == 0)
		return;		/* root writes anywhere */
	chmod(dir, 0555);
	chmod(in("blobs"), 0555);
	is_int(layout_create(&o, dir, 60, &err), 0);
	says(layout_write_begin(&w, &o, &err), dir);
	says(tag("t", D1), dir);
	layout_close(&o);
	chmod(in("blobs"), 0755);
	chmod(dir, 0755);
}

int
main(void)
{
	l.fd = -1;
	umask(022);
	if (!ok(mkdtemp(base) != NULL, "directory"))
		return tap_end();
	test_create();
	test_open();
	test_blobs();
	test_odd_blobs();
	test_links();
	test_writer();
	test_tag();
	test_tag_order();
	test_kept();
	test_kept_bytes();
	test_find();
	test_table();
	test_values();
	test_broken_index();
	test_race();
	test_read_only();
	layout_close(&l);
	nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	ok(access(base, F_OK) == -1, "nothing is left behind");
	return tap_end();
}
