/*
 * Credentials of docker login.  An account that cannot be read leaves nothing
 * behind, and a host never gets the account of a name that it only ends with.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/registry/creds.h"
#include "test/fuzz/fuzz.h"

static const char *const places[][2] = {
	{ "r.io", "a/b" },
	{ "r.io:5000", "a" },
	{ "docker.io", "library/alpine" },
	{ "[::1]:5000", "a" }
};

static int
is_empty(const struct account *a)
{
	return a->user == NULL && a->password == NULL &&
	    a->identity_token == NULL && a->registry_token == NULL;
}

static void
find(struct creds *c, const char *host, const char *repo)
{
	struct account	a, again;
	struct err	err = ERR_INIT;

	if (creds_find(c, host, repo, &a, &err) == -1) {
		must(is_empty(&a) && *err.msg != '\0');
		return;
	}
	must(creds_find(c, host, repo, &again, &err) == 0);
	must(fuzz_same(a.user, again.user));
	must(fuzz_same(a.password, again.password));
	must(fuzz_same(a.identity_token, again.identity_token));
	must(fuzz_same(a.registry_token, again.registry_token));
	must(fuzz_same(a.helper, again.helper));
	must(fuzz_same(a.server, again.server));
	must(is_empty(&a) || a.helper == NULL);
	account_clear(&a);
	account_clear(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct creds	*c = NULL;
	struct account	 a;
	struct err	 err = ERR_INIT;
	size_t		 i;
	char		*text;

	if (creds_load(&c, fuzz_file(data, size), &err) == -1) {
		must(c == NULL && *err.msg != '\0');
		return 0;
	}
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		find(c, places[i][0], places[i][1]);
	/* Not a name that any file here may be about. */
	text = fuzz_text(data, size);
	if (strcasestr(text, "strange") == NULL && strlen(text) == size &&
	    strchr(text, '\\') == NULL) {
		/* The helper of all is asked for it at the most. */
		if (creds_find(c, "strange.example", "a", &a, &err) == 0)
			must(is_empty(&a) && (a.helper == NULL || a.store));
		account_clear(&a);
	}
	free(text);
	creds_free(c);
	return 0;
}
