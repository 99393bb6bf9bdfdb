#ifndef ACEDT_JSON_H
#define ACEDT_JSON_H

#include <stddef.h>
#include <stdint.h>

#include <jv.h>

struct err;

/*
 * JSON from outside.  libjq is lenient (NaN, duplicate members, broken UTF-8)
 * and needs a hundred times the memory of what it parses, so every text first
 * passes a strict scan that allocates nothing: RFC 8259 to the letter,
 * well-formed UTF-8, one value, bounded depth and number of values.
 */

enum json_kind {
	JSON_PLAIN,
	/*
	 * A manifest or an index, or an index.json: members that the OCI
	 * specifications define must stand once, and in the right case, in the
	 * document itself, its descriptors and their platforms.  Readers differ
	 * on which of two counts (CVE-2021-41190), so neither does.  "size" and
	 * "schemaVersion", if they are numbers, have no fraction or exponent.
	 */
	JSON_MANIFEST,
	JSON_DESCRIPTORS	/* an array of descriptors, by the same rule */
};

struct json_limits {
	size_t		values;		/* values of any type, members' too */
	int		depth;		/* of arrays and objects */
	enum json_kind	kind;
};

/* Without memory libjq would abort: end the program as xmalloc() does. */
void	json_setup(void);

/* The scan alone.  0, or -1 with ERR_CONTENT or ERR_LIMIT and the offset. */
int	json_check(const char *, size_t, const struct json_limits *,
	    struct err *);

/* Scan and parse.  0 with *out owned by the caller. */
int	json_parse(const char *, size_t, const struct json_limits *, jv *out,
	    struct err *);

/*
 * Members of an object, which is borrowed.  The strings are the caller's.
 * json_str: NULL if the member is missing, or no string, or holds a NUL.
 */
char	*json_str(jv obj, const char *name);
/* 1 and *n if the member is an integer of 0 to 2^53-1, else 0. */
int	json_int(jv obj, const char *name, int64_t *n);
/* The member itself, invalid if missing; the caller frees it. */
jv	 json_get(jv obj, const char *name);
int	 json_has(jv obj, const char *name);

#endif
