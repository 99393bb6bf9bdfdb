/*
 * Answers of token services, and scopes out of challenges.  A token that was
 * taken can stand in a header field.
 */
#include "lib/registry/token.c"

#include "test/fuzz/fuzz.h"

static void
check_answer(const uint8_t *data, size_t size)
{
	struct token	*list = NULL, *t;
	struct err	 err = ERR_INIT;
	const char	*s;
	int64_t		 now = clock_ms();

	t = token_find(&list, "repository:a:pull", NULL);
	if (size > 0)
		buf_add(&t->call.reply, data, size < t->call.reply.max ?
		    size : t->call.reply.max);
	if (token_read(t, &err) == 0) {
		must(*t->value != '\0');
		for (s = t->value; *s != '\0'; s++)
			must(*s > 0x20 && *s < 0x7f);
		must(t->expires > now);
		must(t->expires <= clock_ms() + 365 * 86400000LL);
		must(token_is_valid(t));
	} else {
		must(t->value == NULL && *err.msg != '\0');
	}
	tokens_free(list);
}

/* Each word once, ours first. */
static void
check_scope(const uint8_t *data, size_t size)
{
	char		*extra = fuzz_text(data, size), *scope;
	const char	*s;
	size_t		 n;

	scope = token_scope("a/b", 1, "c", extra);
	must(strncmp(scope, "repository:a/b:pull,push repository:c:pull",
	    42) == 0);
	for (s = scope; *s != '\0'; s += n + (s[n] != '\0')) {
		n = strcspn(s, " ");
		must(n > 0);
		must(s[n] == '\0' || !has_scope(s + n + 1, s, n));
	}
	free(extra);
	free(scope);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_answer(data, size);
	check_scope(data, size);
	return 0;
}
