/*
 * Sources files.  Labels hold what Kubernetes allows, and the list written
 * down again, every field quoted, is read as the same.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/pairs.h"
#include "lib/program/sources.h"
#include "test/fuzz/fuzz.h"

#define LABEL_CHARS	"abcdefghijklmnopqrstuvwxyz0123456789-_./" \
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static void
complain(const struct err *err, void *arg)
{
	int	*n = arg;

	must(*err->msg != '\0');
	(*n)++;
}

static void
add_field(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '"')
			buf_addc(b, '"');
		buf_addc(b, *s);
	}
}

static void
check_labels(const struct pairs *ps)
{
	size_t	i;

	for (i = 0; i < ps->n; i++) {
		must(*ps->v[i].key != '\0');
		must(ps->v[i].key[strspn(ps->v[i].key, LABEL_CHARS)] == '\0');
		must(ps->v[i].value[strspn(ps->v[i].value, LABEL_CHARS)] ==
		    '\0');
		must(i == 0 || strcmp(ps->v[i - 1].key, ps->v[i].key) < 0);
	}
}

static void
write_source(struct buf *b, const struct source *s)
{
	size_t	i;

	buf_addc(b, '"');
	add_field(b, s->ref.text);
	for (i = 0; i < s->labels.n; i++) {
		buf_adds(b, "\",\"");
		add_field(b, s->labels.v[i].key);
		buf_addc(b, '=');
		add_field(b, s->labels.v[i].value);
	}
	buf_adds(b, "\"\n");
}

static void
check_again(const struct sources *ss, const char *text, size_t len)
{
	struct sources	again;
	struct err	err = ERR_INIT;
	size_t		i, k;
	int		n = 0;

	must(sources_read(&again, fuzz_file(text, len), NULL, complain, &n,
	    &err) == 0);
	must(again.n == ss->n && n == 0);
	for (i = 0; i < ss->n; i++) {
		must(again.v[i].line == i + 1);
		must(strcmp(again.v[i].ref.text, ss->v[i].ref.text) == 0);
		must(again.v[i].labels.n == ss->v[i].labels.n);
		for (k = 0; k < ss->v[i].labels.n; k++)
			must(fuzz_same(pairs_get(&again.v[i].labels,
			    ss->v[i].labels.v[k].key),
			    ss->v[i].labels.v[k].value));
	}
	sources_clear(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sources	ss;
	struct err	err = ERR_INIT;
	struct buf	b;
	unsigned long	line = 0;
	size_t		i;
	int		n = 0, bad;

	bad = sources_read(&ss, fuzz_file(data, size), NULL, complain, &n, &err);
	must(bad == -1 ? ss.n == 0 : bad == n);
	buf_init(&b, LIST_BYTES_MAX);
	for (i = 0; i < ss.n; i++) {
		must(ss.v[i].line > line);
		line = ss.v[i].line;
		check_labels(&ss.v[i].labels);
		write_source(&b, &ss.v[i]);
	}
	/* With every quote doubled a record could pass its limit. */
	if (ss.n > 0 && size <= LIST_RECORD_MAX / 4)
		check_again(&ss, b.data, b.len);
	buf_clear(&b);
	sources_clear(&ss);
	return 0;
}
