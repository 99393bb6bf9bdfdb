#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/xalloc.h"
#include "test/unit/tap.h"
#include "tools/acedt-push/journal.h"

#define HEAD	"acedt\nregistry.example/a\nsha256:0\n"

static struct snapshots	 made, found;
static struct buf	 text;

/* Two snapshots, after 4 and after 8 bytes. */
static void
make(void)
{
	struct digester	d;

	digester_init(&d, "sha256:");
	digester_add(&d, "abcd", 4);
	snapshots_add(&made, 4, &d);
	digester_add(&d, "efgh", 4);
	snapshots_add(&made, 8, &d);
	buf_init(&text, 4096);
	is_int(journal_print(&text, HEAD, "http://r/1", &made), 0);
}

/* What is read of so many bytes of it. */
static char *
read_part(size_t n, const char *head)
{
	char	*part = xmemdup0(text.data, n), *session;

	journal_parse(part, head, "sha256:", &session, &found);
	free(part);
	return session;
}

static void
test_whole(void)
{
	char	*session = read_part(text.len, HEAD);
	char	 digest[DIGEST_STR_MAX], want[DIGEST_STR_MAX];

	is_str(session, "http://r/1");
	is_int((long long)found.n, 2);
	is_int(found.v[1].at, 8);
	digester_end(&found.v[1].digester, digest);
	digest_sha256("abcdefgh", 8, want);
	is_str(digest, want);
	ok(snapshots_find(&found, 7) == &found.v[0], "the one before");
	ok(snapshots_find(&found, 3) == NULL, "none before");
	free(session);
}

/* A write that was cut short, at every byte; one about something else. */
static void
test_parts(void)
{
	char	*session;
	size_t	 n, believed = 0;

	for (n = 0; n < text.len; n++) {
		session = read_part(n, HEAD);
		believed += session != NULL;
		free(session);
	}
	is_int((long long)believed, 0);
	session = read_part(text.len, "acedt\nregistry.example/b\nsha256:0\n");
	ok(session == NULL, "another destination");
	free(session);
}

/* A snapshot that is none: the session is kept, and all is read again. */
static void
test_broken(void)
{
	char	*session;

	*strstr(text.data, "\n8 ") = ' ';
	session = read_part(text.len, HEAD);
	is_str(session, "http://r/1");
	is_int((long long)found.n, 0);
	free(session);
}

int
main(void)
{
	make();
	test_whole();
	test_parts();
	test_broken();
	buf_clear(&text);
	return tap_end();
}
