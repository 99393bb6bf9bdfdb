/*
 * hosts.toml.  Every value has a key, and text without line ends.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/text/toml.h"
#include "test/fuzz/fuzz.h"

static int
take(const struct toml_value *v, void *arg, struct err *err)
{
	size_t	i;

	(void)arg;
	(void)err;
	must(v->key != NULL && v->text != NULL && v->line > 0);
	must(v->depth >= 0);
	for (i = 0; i < v->ntable; i++)
		must(v->table[i] != NULL);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err	err = ERR_INIT;
	char		*text = fuzz_text(data, size);

	if (toml_read(text, size, "f", take, NULL, &err) == -1)
		must(strncmp(err.msg, "f:", 2) == 0);
	free(text);
	return 0;
}
