#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/errmsg.h"
#include "lib/base/io.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/text/json.h"
#include "test/fuzz/fuzz.h"

void
fuzz_broken(const char *cond, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, cond);
	abort();
}

char *
fuzz_text(const uint8_t *data, size_t size)
{
	return xmemdup0(data, strnlen((const char *)data, size));
}

const char *
fuzz_file(const void *data, size_t size)
{
	static char	path[64];
	static int	fd = -1;

	if (fd == -1) {
		fd = memfd_create("fuzz", MFD_CLOEXEC);
		must(fd != -1);
		/* Opening it by this name starts at its first byte. */
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	must(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	must(io_write_full(fd, data, size) == 0);
	return path;
}

int
fuzz_same(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

void
fuzz_json(const char *s, size_t len)
{
	static const struct json_limits	lim = {
		STREAM_VALUES_MAX, MANIFEST_DEPTH_MAX, JSON_PLAIN
	};
	struct err			err = ERR_INIT;

	if (json_check(s, len, &lim, &err) == 0)
		return;
	fprintf(stderr, "%s: %.*s\n", err.msg, (int)len, s);
	fuzz_broken("it is JSON", __FILE__, __LINE__);
}
