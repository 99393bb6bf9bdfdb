/*
 * A main() for targets where libFuzzer gives none: replays the files that are
 * named, or one input from standard input, as AFL++ gives it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/io.h"
#include "lib/base/xalloc.h"
#include "test/fuzz/fuzz.h"

#define INPUT_MAX	(16 * 1024 * 1024)

/* From a copy of its very size, so that reading beyond it is seen. */
static void
run(const struct buf *b)
{
	uint8_t	*copy = xmalloc(b->len);
	size_t	 i;

	for (i = 0; i < b->len; i++)
		copy[i] = (uint8_t)b->data[i];
	LLVMFuzzerTestOneInput(copy, b->len);
	free(copy);
}

int
main(int argc, char **argv)
{
	struct err	err = ERR_INIT;
	struct buf	b;
	int		i, rc, bad = 0;

	buf_init(&b, INPUT_MAX);
	for (i = 1; i < argc || argc == 1; i++) {
		rc = argc == 1 ?
		    io_read_file(STDIN_FILENO, "standard input", &b, &err) :
		    io_slurp(argv[i], &b, &err);
		if (rc == 0) {
			run(&b);
		} else {
			fprintf(stderr, "%s\n", err.msg);
			bad = 1;
		}
		buf_clear(&b);
		if (argc == 1)
			break;
	}
	return bad;
}
