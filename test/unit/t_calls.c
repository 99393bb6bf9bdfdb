#include <string.h>

#include "lib/registry/reg_private.h"
#include "test/unit/tap.h"

/* Lists of calls that wait for something. */
int
main(void)
{
	struct reg_call	*list = NULL, c[3];

	memset(c, 0, sizeof(c));
	calls_append(&list, &c[0]);
	calls_append(&list, &c[1]);
	ok(list == &c[0] && c[0].next == &c[1] && c[1].next == NULL,
	    "in the order in which they came");
	is_int(calls_remove(&list, &c[2]), 0);
	is_int(calls_remove(&list, &c[0]), 1);
	ok(list == &c[1] && c[1].next == NULL, "the first is gone");
	is_int(calls_remove(&list, &c[0]), 0);
	calls_append(&list, &c[2]);
	is_int(calls_remove(&list, &c[2]), 1);
	is_int(calls_remove(&list, &c[1]), 1);
	ok(list == NULL, "nobody waits");
	return tap_end();
}
