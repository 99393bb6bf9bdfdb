/*
 * WWW-Authenticate, each line of the input a field.  What was found stays, and
 * bearer is never given up for basic.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/registry/challenge.h"
#include "test/fuzz/fuzz.h"

static void
check_length(const char *s, size_t max)
{
	must(s == NULL || strlen(s) <= max);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct challenge	 c;
	char			*text = fuzz_text(data, size), *line, *next;
	int			 found = 0, bearer = 0, rc;

	memset(&c, 0, sizeof(c));
	for (line = text; line != NULL; line = next) {
		if ((next = strchr(line, '\n')) != NULL)
			*next++ = '\0';
		rc = challenge_parse(&c, line);
		must(rc == 0 || rc == 1);
		must(rc >= found && c.bearer >= bearer);
		/* Without a realm it would be taken for none. */
		must(rc == (c.realm != NULL));
		found = rc;
		bearer = c.bearer;
	}
	check_length(c.realm, size);
	check_length(c.service, size);
	check_length(c.scope, size);
	check_length(c.error, size);
	challenge_clear(&c);
	free(text);
	return 0;
}
