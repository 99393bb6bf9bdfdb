/*
 * The notes of an upload, which somebody may have written into the cache:
 * snapshots in order, and what is written again is read as the same.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "test/fuzz/fuzz.h"
#include "tools/acedt-push/journal.h"

#define HEAD	"head\n"

static void
check_snapshots(const struct snapshots *s)
{
	size_t	i;

	must(s->n <= SNAPSHOTS_MAX);
	for (i = 0; i < s->n; i++) {
		must(s->v[i].at > (i > 0 ? s->v[i - 1].at : 0));
		must(snapshots_find(s, s->v[i].at) == &s->v[i]);
	}
}

static void
read_again(const char *session, const struct snapshots *s)
{
	struct snapshots	 t;
	struct buf		 b;
	char			*again;
	size_t			 i;

	buf_init(&b, 1024 * 1024);
	must(journal_print(&b, HEAD, session, s) == 0);
	journal_parse(b.data, HEAD, "sha256:", &again, &t);
	must(fuzz_same(again, session) && t.n == s->n);
	for (i = 0; i < t.n; i++)
		must(t.v[i].at == s->v[i].at);
	free(again);
	buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snapshots	 s;
	char			*text = fuzz_text(data, size), *session;

	journal_parse(text, HEAD, "sha256:", &session, &s);
	check_snapshots(&s);
	if (session != NULL)
		read_again(session, &s);
	free(session);
	free(text);
	return 0;
}
