/*
 * Regular expressions of the configuration: what is accepted is compiled and
 * matched in little time and memory, which the fuzzer's own limits see.
 */
#include <regex.h>
#include <stdlib.h>

#include "lib/errmsg.h"
#include "lib/pattern.h"
#include "test/fuzz/fuzz.h"

static const char *const names[] = {
	"", "library/alpine", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char		*text = fuzz_text(data, size);
	struct err	 err = ERR_INIT;
	regmatch_t	 m[10];
	regex_t		 re;
	size_t		 i;

	if (pattern_check(text, &err) == 0) {
		must(regcomp(&re, text, REG_EXTENDED) == 0);
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			regexec(&re, names[i], 10, m, 0);
		regfree(&re);
	} else {
		must(*err.msg != '\0');
	}
	free(text);
	return 0;
}
