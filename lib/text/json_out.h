#ifndef ACEDT_JSON_OUT_H
#define ACEDT_JSON_OUT_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct pairs;

/*
 * JSON text as Go's encoding/json writes it, compact: the gathered index must
 * be that to the byte (doc/compat.md, "Encoding"), and the stream uses it too.
 *
 *	struct json_out j;
 *
 *	json_out_init(&j, &b);
 *	json_out_begin_object(&j);
 *	json_out_member(&j, "digest", digest);
 *	json_out_name(&j, "layers");
 *	json_out_begin_array(&j);
 *	json_out_number(&j, 1);
 *	json_out_end_array(&j);
 *	json_out_end_object(&j);
 *
 * The writer puts commas where they belong.  Calls that do not nest are a
 * mistake of the caller, and are asserted.  Nothing returns an error: whoever
 * takes the text asks buf_is_full() once, at the end.
 */
struct json_out {
	struct buf	*buf;		/* borrowed; what it has stays */
	uint64_t	 arrays;	/* bit n: an array is open at depth n */
	int		 depth;		/* of what is open, 0 to 64 */
	int		 comma;		/* the next name or element needs one */
	int		 named;		/* a name waits for its value */
};

void	json_out_init(struct json_out *, struct buf *);

void	json_out_begin_object(struct json_out *);
void	json_out_end_object(struct json_out *);
void	json_out_begin_array(struct json_out *);
void	json_out_end_array(struct json_out *);

/* The name of a member, whose value is written next. */
void	json_out_name(struct json_out *, const char *name);

/*
 * Values.  Of a string < > & U+2028 U+2029 are escaped, and each byte that is
 * not UTF-8 becomes U+FFFD.  A raw value is JSON text, which is copied.  Pairs
 * become an object of strings; they are sorted by the bytes of their keys.
 */
void	json_out_string(struct json_out *, const char *, size_t);
void	json_out_str(struct json_out *, const char *);
void	json_out_number(struct json_out *, int64_t);
void	json_out_raw(struct json_out *, const char *, size_t);
void	json_out_pairs(struct json_out *, const struct pairs *);

/* A member with its value. */
void	json_out_member(struct json_out *, const char *name,
	    const char *value);
void	json_out_member_number(struct json_out *, const char *name, int64_t);
void	json_out_member_raw(struct json_out *, const char *name,
	    const char *json);

#endif
