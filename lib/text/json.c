/*
 * The strict scan that every JSON text from outside passes before libjq sees
 * it, and the few ways in which the parsed values are read.
 */
#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/log.h"
#include "lib/base/utf8.h"
#include "lib/base/xalloc.h"
#include "lib/text/json.h"

#define SCAN_DEPTH_MAX	256		/* libjq's own limit */

/* What a value is, as far as it matters to us. */
enum role {
	ROLE_OTHER,
	ROLE_INTEGER,		/* a number is whole, and written so */
	ROLE_DOCUMENT,
	ROLE_DESCRIPTOR,
	ROLE_DESCRIPTORS,	/* an array of them */
	ROLE_PLATFORM
};

struct frame {
	char		closer;		/* '}' or ']' */
	enum role	role;
	enum role	child;		/* role of the next value */
	uint32_t	seen;		/* known members that stood already */
};

struct scan {
	const unsigned char	*s;
	size_t			 len;
	size_t			 pos;
	size_t			 values;
	const struct json_limits *lim;
	struct err		*err;
	int			 depth;
	struct frame		 stack[SCAN_DEPTH_MAX];
};

struct member {
	const char	*name;
	enum role	 child;
};

static const struct member known_document[] = {
	{ "schemaVersion", ROLE_INTEGER },
	{ "mediaType", ROLE_OTHER },
	{ "artifactType", ROLE_OTHER },
	{ "config", ROLE_DESCRIPTOR },
	{ "layers", ROLE_DESCRIPTORS },
	{ "blobs", ROLE_DESCRIPTORS },
	{ "manifests", ROLE_DESCRIPTORS },
	{ "subject", ROLE_DESCRIPTOR },
	{ "annotations", ROLE_OTHER },
	{ "fsLayers", ROLE_OTHER },	/* of Docker schema 1 */
	{ NULL, ROLE_OTHER }
};

static const struct member known_descriptor[] = {
	{ "mediaType", ROLE_OTHER },
	{ "digest", ROLE_OTHER },
	{ "size", ROLE_INTEGER },
	{ "urls", ROLE_OTHER },
	{ "annotations", ROLE_OTHER },
	{ "data", ROLE_OTHER },
	{ "platform", ROLE_PLATFORM },
	{ "artifactType", ROLE_OTHER },
	{ NULL, ROLE_OTHER }
};

static const struct member known_platform[] = {
	{ "architecture", ROLE_OTHER },
	{ "os", ROLE_OTHER },
	{ "os.version", ROLE_OTHER },
	{ "os.features", ROLE_OTHER },
	{ "variant", ROLE_OTHER },
	{ NULL, ROLE_OTHER }
};

static void
no_memory(void *arg)
{
	(void)arg;
	log_die(EXIT_STOPPED, "out of memory");
}

void
json_setup(void)
{
	jv_nomem_handler(no_memory, NULL);
}

static int
bad(struct scan *sc, const char *what)
{
	return err_set(sc->err, ERR_CONTENT, "not valid JSON: %s at byte %zu",
	    what, sc->pos);
}

static void
skip_space(struct scan *sc)
{
	while (sc->pos < sc->len && (sc->s[sc->pos] == ' ' ||
	    sc->s[sc->pos] == '\t' || sc->s[sc->pos] == '\n' ||
	    sc->s[sc->pos] == '\r'))
		sc->pos++;
}

/* The value of four hexadecimal digits; -1 if these are others. */
static long
hex4(const struct scan *sc, size_t at)
{
	char	digits[5] = "";
	int	i;

	for (i = 0; i < 4; i++) {
		if (at + i >= sc->len || !isxdigit(sc->s[at + i]))
			return -1;
		digits[i] = (char)sc->s[at + i];
	}
	return strtol(digits, NULL, 16);
}

/* At the backslash of an escape, to the byte after the escape. */
static int
scan_escape(struct scan *sc)
{
	long	c;

	if (++sc->pos >= sc->len)
		return bad(sc, "string without an end");
	if (sc->s[sc->pos] != 'u') {
		if (memchr("\"\\/bfnrt", sc->s[sc->pos], 8) == NULL)
			return bad(sc, "unknown escape");
		sc->pos++;
		return 0;
	}
	if ((c = hex4(sc, sc->pos + 1)) == -1)
		return bad(sc, "broken \\u escape");
	sc->pos += 5;
	if (c < 0xd800 || c > 0xdbff)
		return 0;
	/* libjq takes the first half of a pair only with the second. */
	if (sc->len - sc->pos < 2 || memcmp(sc->s + sc->pos, "\\u", 2) != 0 ||
	    (c = hex4(sc, sc->pos + 2)) < 0xdc00 || c > 0xdfff)
		return bad(sc, "half of a surrogate pair");
	sc->pos += 6;
	return 0;
}

/* From the opening quote to the byte after the closing one. */
static int
scan_string(struct scan *sc)
{
	unsigned long	c;
	size_t		n;

	sc->pos++;
	while (sc->pos < sc->len) {
		c = sc->s[sc->pos];
		if (c == '"') {
			sc->pos++;
			return 0;
		}
		if (c == '\\') {
			if (scan_escape(sc) == -1)
				return -1;
		} else if (c < 0x20) {
			return bad(sc, "control character in a string");
		} else if (c < 0x80) {
			sc->pos++;
		} else {
			n = utf8_decode(sc->s + sc->pos, sc->len - sc->pos, &c);
			if (n == 0)
				return bad(sc, "broken UTF-8");
			sc->pos += n;
		}
	}
	return bad(sc, "string without an end");
}

static size_t
scan_digits(struct scan *sc)
{
	size_t	from = sc->pos;

	while (sc->pos < sc->len && isdigit(sc->s[sc->pos]))
		sc->pos++;
	return sc->pos - from;
}

/*
 * Readers in other languages refuse 5e1 and 50.0 where an integer is due; one
 * that does not could read another size.
 */
static int
check_whole(struct scan *sc, enum role role)
{
	return role == ROLE_INTEGER ? err_set(sc->err, ERR_CONTENT,
	    "a size or version with a fraction or an exponent at byte %zu",
	    sc->pos) : 0;
}

/* A number as RFC 8259 writes it, and whole where its role wants that. */
static int
scan_number(struct scan *sc, enum role role)
{
	size_t	from;

	if (sc->s[sc->pos] == '-')
		sc->pos++;
	from = sc->pos;
	if (scan_digits(sc) == 0)
		return bad(sc, "unexpected character");
	if (sc->s[from] == '0' && sc->pos - from > 1)
		return bad(sc, "number with a leading zero");
	if (sc->pos < sc->len && sc->s[sc->pos] == '.') {
		if (check_whole(sc, role) == -1)
			return -1;
		sc->pos++;
		if (scan_digits(sc) == 0)
			return bad(sc, "broken number");
	}
	if (sc->pos < sc->len && (sc->s[sc->pos] | 0x20) == 'e') {
		if (check_whole(sc, role) == -1)
			return -1;
		sc->pos++;
		if (sc->pos < sc->len && (sc->s[sc->pos] == '+' ||
		    sc->s[sc->pos] == '-'))
			sc->pos++;
		if (scan_digits(sc) == 0)
			return bad(sc, "broken number");
	}
	return 0;
}

static int
scan_word(struct scan *sc, const char *word)
{
	size_t	n = strlen(word);

	if (sc->len - sc->pos < n || memcmp(sc->s + sc->pos, word, n) != 0)
		return bad(sc, "unexpected character");
	sc->pos += n;
	return 0;
}

static const struct member *
members_of(enum role role)
{
	switch (role) {
	case ROLE_DOCUMENT:
		return known_document;
	case ROLE_DESCRIPTOR:
		return known_descriptor;
	case ROLE_PLATFORM:
		return known_platform;
	case ROLE_OTHER:
	case ROLE_INTEGER:
	case ROLE_DESCRIPTORS:
		break;
	}
	return NULL;
}

/* A member name between from and to, quotes excluded. */
static int
check_name(struct scan *sc, struct frame *f, size_t from, size_t to)
{
	const struct member	*m = members_of(f->role);
	const char		*name = (const char *)sc->s + from;
	size_t			 n = to - from;
	uint32_t		 bit = 1;

	f->child = ROLE_OTHER;
	if (m == NULL)
		return 0;
	/*
	 * An escape, or one of the two characters that Unicode folds to k and
	 * s, could hide a known name from us but not from another reader.
	 */
	if (memchr(name, '\\', n) != NULL ||
	    memmem(name, n, "\xe2\x84\xaa", 3) != NULL ||
	    memmem(name, n, "\xc5\xbf", 2) != NULL)
		return err_set(sc->err, ERR_CONTENT,
		    "ambiguous member name \"%.*s\"", (int)(n > 64 ? 64 : n),
		    name);
	for (; m->name != NULL; m++, bit <<= 1) {
		if (strlen(m->name) != n || strncasecmp(m->name, name, n) != 0)
			continue;
		if (strncmp(m->name, name, n) != 0)
			return err_set(sc->err, ERR_CONTENT,
			    "member \"%.*s\" differs from \"%s\" only in case",
			    (int)n, name, m->name);
		if (f->seen & bit)
			return err_set(sc->err, ERR_CONTENT,
			    "member \"%s\" stands twice", m->name);
		f->seen |= bit;
		f->child = m->child;
		return 0;
	}
	return 0;
}

static int
push(struct scan *sc, char closer, enum role role)
{
	struct frame	*f;

	if (sc->depth >= sc->lim->depth || sc->depth >= SCAN_DEPTH_MAX)
		return err_set(sc->err, ERR_LIMIT,
		    "JSON nested deeper than %d levels", sc->lim->depth);
	f = &sc->stack[sc->depth++];
	f->closer = closer;
	f->role = role;
	f->child = role == ROLE_DESCRIPTORS ? ROLE_DESCRIPTOR : ROLE_OTHER;
	f->seen = 0;
	sc->pos++;
	return 0;
}

/* "name" : of the next member. */
static int
scan_name(struct scan *sc, struct frame *f)
{
	size_t	from;

	skip_space(sc);
	if (sc->pos >= sc->len || sc->s[sc->pos] != '"')
		return bad(sc, "no member name");
	from = sc->pos + 1;
	if (scan_string(sc) == -1 ||
	    check_name(sc, f, from, sc->pos - 1) == -1)
		return -1;
	skip_space(sc);
	if (sc->pos >= sc->len || sc->s[sc->pos] != ':')
		return bad(sc, "no colon");
	sc->pos++;
	return 0;
}

/*
 * The beginning of a value.  1: it is an array or object that has at least
 * one element, now on the stack.  0: the value is complete.
 */
static int
scan_value(struct scan *sc, enum role role)
{
	unsigned char	c;

	skip_space(sc);
	if (++sc->values > sc->lim->values)
		return err_set(sc->err, ERR_LIMIT,
		    "JSON with more than %zu values", sc->lim->values);
	if (sc->pos >= sc->len)
		return bad(sc, "end of text");
	c = sc->s[sc->pos];
	if (c == '{' || c == '[') {
		if (push(sc, c == '{' ? '}' : ']', role) == -1)
			return -1;
		skip_space(sc);
		if (sc->pos < sc->len &&
		    sc->s[sc->pos] == sc->stack[sc->depth - 1].closer) {
			sc->pos++;
			sc->depth--;
			return 0;
		}
		return 1;
	}
	if (c == '"')
		return scan_string(sc);
	if (c == 't')
		return scan_word(sc, "true");
	if (c == 'f')
		return scan_word(sc, "false");
	if (c == 'n')
		return scan_word(sc, "null");
	return scan_number(sc, role);
}

/* A value is complete: close what ends here.  1 if another element follows. */
static int
scan_after(struct scan *sc)
{
	while (sc->depth > 0) {
		skip_space(sc);
		if (sc->pos >= sc->len)
			return bad(sc, "end of text");
		if (sc->s[sc->pos] == ',') {
			sc->pos++;
			return 1;
		}
		if (sc->s[sc->pos] != sc->stack[sc->depth - 1].closer)
			return bad(sc, "no comma");
		sc->pos++;
		sc->depth--;
	}
	return 0;
}

int
json_check(const char *s, size_t len, const struct json_limits *lim,
    struct err *err)
{
	struct scan	 sc;
	struct frame	*f;
	enum role	 role;
	int		 rc;

	sc.s = (const unsigned char *)s;
	sc.len = len;
	sc.pos = sc.values = 0;
	sc.lim = lim;
	sc.err = err;
	sc.depth = 0;
	role = lim->kind == JSON_MANIFEST ? ROLE_DOCUMENT :
	    lim->kind == JSON_DESCRIPTORS ? ROLE_DESCRIPTORS : ROLE_OTHER;
	do {
		if (sc.depth > 0) {
			f = &sc.stack[sc.depth - 1];
			if (f->closer == '}' && scan_name(&sc, f) == -1)
				return -1;
			role = f->child;
		}
		if ((rc = scan_value(&sc, role)) == -1)
			return -1;
		if (rc == 0)
			rc = scan_after(&sc);
	} while (rc == 1);
	if (rc == -1)
		return -1;
	skip_space(&sc);
	return sc.pos == sc.len ? 0 : bad(&sc, "more than one value");
}

int
json_parse(const char *s, size_t len, const struct json_limits *lim, jv *out,
    struct err *err)
{
	jv	v;

	if (len > INT32_MAX)
		return err_set(err, ERR_LIMIT, "JSON of %zu bytes", len);
	if (json_check(s, len, lim, err) == -1)
		return -1;
	v = jv_parse_sized(s, (int)len);
	if (jv_is_valid(v)) {
		*out = v;
		return 0;
	}
	jv_free(v);
	/* Its own message quotes the text, which may hold credentials. */
	return err_set(err, ERR_CONTENT,
	    "not valid JSON: rejected by the parser");
}

jv
json_get(jv obj, const char *name)
{
	if (jv_get_kind(obj) != JV_KIND_OBJECT)
		return jv_invalid();
	return jv_object_get(jv_copy(obj), jv_string(name));
}

int
json_has(jv obj, const char *name)
{
	jv	v = json_get(obj, name);
	int	has = jv_is_valid(v);

	jv_free(v);
	return has;
}

char *
json_str(jv obj, const char *name)
{
	jv	 v = json_get(obj, name);
	char	*s = NULL;
	size_t	 n;

	if (jv_get_kind(v) == JV_KIND_STRING) {
		n = (size_t)jv_string_length_bytes(jv_copy(v));
		if (memchr(jv_string_value(v), '\0', n) == NULL)
			s = xmemdup0(jv_string_value(v), n);
	}
	jv_free(v);
	return s;
}

int
json_int(jv obj, const char *name, int64_t *n)
{
	jv	v = json_get(obj, name);
	double	d;
	int	good = 0;

	if (jv_get_kind(v) == JV_KIND_NUMBER) {
		d = jv_number_value(v);
		if (d >= 0 && d <= 9007199254740991.0 &&
		    (double)(int64_t)d == d) {
			*n = (int64_t)d;
			good = 1;
		}
	}
	jv_free(v);
	return good;
}
