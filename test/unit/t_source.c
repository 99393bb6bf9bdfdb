/*
 * A source reads blobs of layouts, in each of the three ways, without a registry:
 * what comes out, from which byte, and what is said when a file is not the blob.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/xalloc.h"
#include "lib/http/loop.h"
#include "lib/oci/digest.h"
#include "lib/oci/layout.h"
#include "lib/registry/patience.h"
#include "lib/transfer/source.h"
#include "test/unit/tap.h"

#define SIZE	(1536 * 1024 + 7)	/* three rings, and more */
#define LAYOUTS	2

static char		base[] = "/tmp/acedt-t_source-XXXXXX";
static struct layout	layouts[LAYOUTS];
static struct holder	v[LAYOUTS];
static struct holders	holders = { v, LAYOUTS };
static struct pace	pace;
static struct patience	patience;
static struct source_setup setup = {
	.pace = &pace,
	.patience = &patience,
	.snapshot_every = 512 * 1024
};
static char		*bytes, *got;
static size_t		 ngot;
static char		 digest[DIGEST_STR_MAX];
static struct source	 s;

/* What was called. */
static int		 nready, nsnapshots, nfailed;
static enum source_end	 end;
static struct err	 why;

static void
on_ready(void *arg)
{
	nready += arg == &s;
}

static void
on_snapshot(void *arg)
{
	nsnapshots += arg == &s;
}

static void
on_failed(void *arg, enum source_end e, const struct err *err)
{
	nfailed += arg == &s;
	end = e;
	why = *err;
}

static int
on_write(void *arg, const char *p, size_t n, struct err *err)
{
	(void)arg;
	if (ngot + n > SIZE)
		return err_set(err, ERR_IO, "no room");
	memcpy(got + ngot, p, n);
	ngot += n;
	return 0;
}

static const struct source_events reading = {
	.ready = on_ready,
	.failed = on_failed,
	.snapshot = on_snapshot
};
static const struct source_events writing = {
	.ready = on_ready,
	.failed = on_failed,
	.write = on_write
};

static void
open_source(enum source_way way, int64_t size, const char *data, int64_t from)
{
	struct source_blob	blob = { digest, size, data, &holders };

	ngot = 0;
	nready = nsnapshots = nfailed = 0;
	memset(got, 0, SIZE);
	source_init(&s, &setup, &blob, way, way == SOURCE_WRITE ? &writing :
	    &reading, &s);
	source_open(&s, from);
	ok(nready + nfailed == 0, "nothing is called from source_open()");
}

/* Until it says that all came, or fails. */
static void
work(void)
{
	int	turns = 0;

	while (!source_is_whole(&s) && nfailed == 0 && turns++ < 1000)
		source_work(&s);
	source_work(&s);
}

/* Read to the end: the last answer. */
static size_t
read_all(void)
{
	size_t	n;
	int	turns = 0;

	while (turns++ < 100000) {
		source_work(&s);
		n = source_read(&s, got + ngot, 1000);
		if (n == 0 || n == SOURCE_BROKEN)
			break;
		if (n != SOURCE_WAIT)
			ngot += n;
	}
	source_work(&s);
	return n;
}

static void
put_blob(int i, const char *p, size_t n)
{
	char	path[256];
	FILE	*f;

	snprintf(path, sizeof(path), "%s/%d/blobs/sha256/%s", base, i,
	    digest + strlen("sha256:"));
	unlink(path);
	if (p == NULL)
		return;
	f = fopen(path, "w");
	ok(f != NULL && fwrite(p, 1, n, f) == n && fclose(f) == 0,
	    "a file in layout %d", i);
}

static void
test_read(void)
{
	open_source(SOURCE_READ, SIZE, NULL, 0);
	ok(source_is_ready(&s), "a file can be read at once");
	is_int((long long)read_all(), 0);
	is_int((long long)ngot, SIZE);
	ok(memcmp(got, bytes, SIZE) == 0, "the bytes");
	ok(source_is_whole(&s) && nfailed == 0 && nready > 0, "whole");
	is_int((long long)s.snapshots.n, 2);
	ok(nsnapshots > 0, "snapshots are told");
}

/* Bytes before the first that is wanted are hashed, and not given. */
static void
test_from(void)
{
	const int64_t	from = 700001;

	open_source(SOURCE_READ, SIZE, NULL, from);
	ok(!source_is_ready(&s), "what comes before is hashed first");
	is_int((long long)read_all(), 0);
	is_int((long long)ngot, SIZE - from);
	ok(memcmp(got, bytes + from, ngot) == 0, "the bytes from there on");
	/* The same once more, from a snapshot that the first one left. */
	source_stop(&s);
	ngot = 0;
	source_open(&s, from);
	ok(s.got > 0 && s.got <= from, "goes on at a snapshot: %lld",
	    (long long)s.got);
	is_int((long long)read_all(), 0);
	ok(ngot == (size_t)(SIZE - from) &&
	    memcmp(got, bytes + from, ngot) == 0, "the same bytes");
	source_clear(&s);
}

static void
test_memory(void)
{
	open_source(SOURCE_MEMORY, SIZE, NULL, 0);
	work();
	ok(source_is_whole(&s) && nready == 1, "whole, and told once");
	ok(memcmp(source_bytes(&s), bytes, SIZE) == 0, "in one piece");
	source_clear(&s);
}

static void
test_write(void)
{
	open_source(SOURCE_WRITE, SIZE, NULL, 0);
	work();
	ok(source_is_whole(&s) && nready == 1 && ngot == SIZE &&
	    memcmp(got, bytes, SIZE) == 0, "written as it comes");
	source_clear(&s);
	/* Who cannot write ends it. */
	open_source(SOURCE_WRITE, SIZE, NULL, 0);
	ngot = SIZE;
	work();
	ok(nfailed == 1 && end == SOURCE_OVER, "cannot be written");
	is_str(why.msg, "no room");
	source_clear(&s);
}

static void
test_embedded(void)
{
	put_blob(0, NULL, 0);
	open_source(SOURCE_READ, SIZE, bytes, 5);
	is_int((long long)read_all(), 0);
	ok(ngot == SIZE - 5 && memcmp(got, bytes + 5, ngot) == 0,
	    "embedded, from byte 5");
	source_clear(&s);
	put_blob(0, bytes, SIZE);
}

/* A byte is wrong: the end is not given out, and the next holder is next. */
static void
test_wrong(void)
{
	char	*wrong = xmemdup0(bytes, SIZE);
	int	 rounds = 0;

	wrong[100] ^= 1;
	put_blob(0, wrong, SIZE);
	open_source(SOURCE_READ, SIZE, NULL, 0);
	ok(read_all() == SOURCE_BROKEN, "broken");
	ok(ngot < SIZE, "not all is given");
	ok(nfailed == 1 && end == SOURCE_AGAIN && why.cls == ERR_DIGEST,
	    "again, from elsewhere");
	ok(strstr(why.msg, base) != NULL && strstr(why.msg,
	    "the content has digest sha256:") != NULL, "%s", why.msg);
	source_forget(&s);
	source_open(&s, 0);
	ngot = 0;
	is_int((long long)read_all(), 0);
	ok(ngot == SIZE && memcmp(got, bytes, SIZE) == 0,
	    "the bytes of the second layout");
	source_clear(&s);

	/* Both are wrong: each is asked twice, then it is over. */
	put_blob(1, wrong, SIZE);
	open_source(SOURCE_MEMORY, SIZE, NULL, 0);
	for (;;) {
		work();
		if (nfailed != 1 || end != SOURCE_AGAIN || ++rounds > 10)
			break;
		nfailed = 0;
		source_forget(&s);
		source_open(&s, 0);
	}
	ok(nfailed == 1 && end == SOURCE_OVER && rounds == 3,
	    "over after %d more tries", rounds);
	source_clear(&s);
	free(wrong);
}

/* Missing or of another size: the next holder at once; then it is over. */
static void
test_missing(void)
{
	put_blob(0, NULL, 0);
	put_blob(1, bytes, SIZE);
	open_source(SOURCE_MEMORY, SIZE, NULL, 0);
	work();
	ok(source_is_whole(&s), "from the second layout");
	source_clear(&s);
	put_blob(1, bytes, SIZE - 1);
	open_source(SOURCE_MEMORY, SIZE, NULL, 0);
	work();
	ok(nfailed == 1 && end == SOURCE_OVER, "over");
	ok(strstr(why.msg, "bytes, the manifest says") != NULL, "%s",
	    why.msg);
	source_clear(&s);
}

static void
test_empty(void)
{
	digest_sha256("", 0, digest);
	put_blob(0, "", 0);
	open_source(SOURCE_READ, 0, NULL, 0);
	is_int((long long)read_all(), 0);
	ok(source_is_whole(&s) && ngot == 0, "an empty blob");
	source_clear(&s);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st, (void)type, (void)f;
	return remove(path);
}

int
main(void)
{
	struct err	err = ERR_INIT;
	char		dir[64];
	size_t		i;

	bytes = xmalloc(SIZE + 1);
	got = xmalloc(SIZE + 1000);
	for (i = 0; i < SIZE; i++)
		bytes[i] = (char)(i * 2654435761U >> 13);
	digest_sha256(bytes, SIZE, digest);
	pace.loop = setup.loop = loop_new();
	patience_init(&patience);
	if (mkdtemp(base) == NULL)
		return 1;
	for (i = 0; i < LAYOUTS; i++) {
		snprintf(dir, sizeof(dir), "%s/%zu", base, i);
		ok(layout_create(&layouts[i], dir, 60, &err) == 0, "%s", dir);
		snprintf(dir, sizeof(dir), "%s/%zu/blobs/sha256", base, i);
		mkdir(dir, 0777);
		v[i].layout = &layouts[i];
	}
	put_blob(0, bytes, SIZE);
	put_blob(1, bytes, SIZE);
	test_read();
	source_clear(&s);
	test_from();
	test_memory();
	test_write();
	test_embedded();
	test_wrong();
	test_missing();
	test_empty();
	for (i = 0; i < LAYOUTS; i++)
		layout_close(&layouts[i]);
	loop_free(setup.loop);
	free(bytes);
	free(got);
	nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	ok(access(base, F_OK) == -1, "nothing is left behind");
	return tap_end();
}
