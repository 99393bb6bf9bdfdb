/*
 * Regular expressions of the configuration: what is accepted is matched and
 * replaced in little time and memory, which the fuzzer's own limits see.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/text/pattern.h"
#include "test/fuzz/fuzz.h"

static const char *const names[] = {
	"", "library/alpine", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
};

static void
try_replace(const char *pattern, const char *replacement, const char *name)
{
	struct err	 err = ERR_INIT;
	char		*s;
	int		 rc;

	rc = pattern_replace(pattern, replacement, name, 255, &s, &err);
	must(rc == 1 ? s != NULL && strlen(s) <= 255 : s == NULL);
	must(rc != -1 || *err.msg != '\0');
	free(s);
}

/* The replacement follows the first line. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char		*text = fuzz_text(data, size), *rest;
	struct err	 err = ERR_INIT;
	size_t		 i;

	if ((rest = strchr(text, '\n')) != NULL)
		*rest++ = '\0';
	if (pattern_check(text, &err) == 0)
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			try_replace(text, rest != NULL ? rest : "$1",
			    names[i]);
	else
		must(*err.msg != '\0');
	free(text);
	return 0;
}
