/*
 * -p.  A platform matches itself, and written down as a quoted field it is
 * read as the same.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/oci/platform.h"
#include "test/fuzz/fuzz.h"

static void
check_again(const struct platform *p)
{
	struct platforms	 again = PLATFORMS_INIT;
	struct err		 err = ERR_INIT;
	struct buf		 b;
	char			*text = platform_text(p), *s;

	/* CSV folds CR LF, and bounds a record: as it should. */
	if (strchr(text, '\r') != NULL || strlen(text) > LIST_RECORD_MAX / 4) {
		free(text);
		return;
	}
	buf_init(&b, LIST_RECORD_MAX);
	buf_addc(&b, '"');
	for (s = text; *s != '\0'; s++) {
		if (*s == '"')
			buf_addc(&b, '"');
		buf_addc(&b, *s);
	}
	buf_addc(&b, '"');
	must(platforms_add(&again, b.data, &err) == 0);
	must(again.n == 1 && !again.all);
	must(fuzz_same(again.v[0].os, p->os));
	must(fuzz_same(again.v[0].arch, p->arch));
	must(fuzz_same(again.v[0].variant, p->variant));
	must(fuzz_same(again.v[0].os_version, p->os_version));
	buf_clear(&b);
	platforms_clear(&again);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct platforms	 ps = PLATFORMS_INIT;
	struct err		 err = ERR_INIT;
	char			*text = fuzz_text(data, size);
	size_t			 i;

	if (platforms_add(&ps, text, &err) == -1)
		must(*err.msg != '\0');
	for (i = 0; i < ps.n; i++) {
		must(*ps.v[i].os != '\0' && *ps.v[i].arch != '\0');
		must(ps.v[i].variant == NULL || *ps.v[i].variant != '\0');
		must(platforms_match(&ps, &ps.v[i]));
		check_again(&ps.v[i]);
	}
	platforms_clear(&ps);
	free(text);
	return 0;
}
