/*
 * References.  What was read, written down again, is read as the same; and no
 * part of a remote one can change the URL that it is put into.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/oci/dest.h"
#include "lib/oci/digest.h"
#include "lib/oci/ref.h"
#include "test/fuzz/fuzz.h"

#define LOWER_NUM	"abcdefghijklmnopqrstuvwxyz0123456789"
#define ALNUM		LOWER_NUM "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static char *
print(const struct ref *r)
{
	return xasprintf("%s%s%s%s%s%s%s", r->is_layout ? "oci:" : r->host,
	    r->is_layout ? "" : "/", r->repo, r->tag != NULL ? ":" : "",
	    r->tag != NULL ? r->tag : "", r->digest != NULL ? "@" : "",
	    r->digest != NULL ? r->digest : "");
}

static void
check_remote(const struct ref *r)
{
	const char	*s;

	must(*r->host != '\0');
	must(r->host[strspn(r->host, ALNUM "._-:[]")] == '\0');
	must(*ref_api_host(r->host) != '\0');
	must(r->repo[strspn(r->repo, LOWER_NUM "._-/")] == '\0');
	for (s = r->repo; s != NULL; s = strchr(s, '/')) {
		s += *s == '/';
		must(*s != '\0' && *s != '/' && *s != '.');
	}
	must(strlen(r->host) + 1 + strlen(r->repo) <= REF_NAME_MAX);
	if (r->tag != NULL) {
		must(*r->tag != '\0' && strlen(r->tag) <= REF_TAG_MAX);
		must(r->tag[strspn(r->tag, ALNUM "._-")] == '\0');
	}
}

static void
check(const struct ref *r, const char *text)
{
	struct err	 err = ERR_INIT;
	struct ref	 again;
	char		*s;

	must(strcmp(r->text, text) == 0);
	must(r->repo != NULL && *r->repo != '\0');
	must(r->tag == NULL || r->digest == NULL);
	must(r->is_layout == (r->host == NULL));
	if (r->digest != NULL)
		must(digest_check(r->digest, &err) == 0);
	if (!r->is_layout)
		check_remote(r);
	s = print(r);
	must(ref_parse(&again, s, &err) == 0);
	must(again.is_layout == r->is_layout);
	must(fuzz_same(again.host, r->host));
	must(fuzz_same(again.repo, r->repo));
	must(fuzz_same(again.tag, r->tag));
	must(fuzz_same(again.digest, r->digest));
	ref_clear(&again);
	free(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err	 err = ERR_INIT;
	struct ref	 r;
	struct dest	 d;
	char		*text = fuzz_text(data, size);
	int		 good;

	good = ref_parse(&r, text, &err) == 0;
	if (good)
		check(&r, text);
	else
		must(r.text == NULL && r.repo == NULL && *err.msg != '\0');
	if (dest_parse(&d, text, &err) == 0) {
		must(good && r.digest == NULL && *d.tag != '\0');
		dest_close(&d);
	} else {
		must(!good || r.digest != NULL);
	}
	ref_clear(&r);
	free(text);
	return 0;
}
