/*
 * The part of TOML in which registries.conf is written: tables, strings,
 * numbers, arrays.  There is no library for it in C that Debian has.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/utf8.h"
#include "lib/base/xalloc.h"
#include "lib/text/toml.h"

#define WORDS_MAX	16		/* of a dotted key */
#define DEPTH_MAX	8		/* arrays in arrays */

struct toml_reader {
	const char	*s, *end;
	const char	*name;
	unsigned long	 line;
	char		*table[WORDS_MAX];	/* owned */
	size_t		 ntable;
	char		*key;			/* owned */
	size_t		 item;
	int		(*fn)(const struct toml_value *, void *, struct err *);
	void		*arg;
	struct err	*err;
};

static int
wrong(struct toml_reader *r, const char *what)
{
	return err_set(r->err, ERR_USAGE, "%s:%lu: %s", r->name, r->line,
	    what);
}

static int
peek(const struct toml_reader *r)
{
	return r->s < r->end ? (unsigned char)*r->s : -1;
}

static void
skip_blanks(struct toml_reader *r)
{
	while (peek(r) == ' ' || peek(r) == '\t')
		r->s++;
}

/* Blanks, comments and line ends: what may stand inside an array. */
static void
skip_space(struct toml_reader *r)
{
	for (;;) {
		skip_blanks(r);
		if (peek(r) == '#') {
			while (r->s < r->end && *r->s != '\n')
				r->s++;
		} else if (peek(r) == '\n') {
			r->line++;
			r->s++;
		} else if (peek(r) == '\r') {
			r->s++;
		} else {
			return;
		}
	}
}

static int
end_of_line(struct toml_reader *r)
{
	skip_blanks(r);
	if (peek(r) == '#')
		while (r->s < r->end && *r->s != '\n')
			r->s++;
	if (peek(r) == '\r')
		r->s++;
	return peek(r) == '\n' || peek(r) == -1 ? 0 :
	    wrong(r, "the end of the line is expected");
}

/* After the backslash: only ASCII characters, as files of that kind have. */
static int
read_escape(struct toml_reader *r, struct buf *b)
{
	static const char	from[] = "btnfr\"\\", to[] = "\b\t\n\f\r\"\\";
	const char		*p;
	unsigned long		 c;
	size_t			 n;
	char			 hex[9] = "", *stop;

	if (peek(r) == 'u' || peek(r) == 'U') {
		n = *r->s++ == 'u' ? 4 : 8;
		if ((size_t)(r->end - r->s) < n)
			return wrong(r, "a string without its end");
		memcpy(hex, r->s, n);
		c = strtoul(hex, &stop, 16);
		if (stop != hex + n || !isxdigit((unsigned char)*hex) ||
		    c == 0 || c >= 0x80)
			return wrong(r,
			    "an escape that is not an ASCII character");
		r->s += n;
		buf_addc(b, (char)c);
		return 0;
	}
	if (peek(r) <= 0 || (p = strchr(from, peek(r))) == NULL)
		return wrong(r, "an unknown escape in a string");
	r->s++;
	buf_addc(b, to[p - from]);
	return 0;
}

/* A string in either kind of quotes, which the caller frees; or NULL. */
static char *
read_string(struct toml_reader *r)
{
	char		quote = *r->s++;
	struct buf	b;

	if (r->end - r->s >= 2 && r->s[0] == quote && r->s[1] == quote) {
		wrong(r, "strings over several lines are not read here");
		return NULL;
	}
	buf_init(&b, CONFIG_FILE_MAX);
	buf_adds(&b, "");
	for (;;) {
		if (peek(r) == -1 || (peek(r) < 0x20 && peek(r) != '\t')) {
			wrong(r, "a string without its end");
			break;
		}
		if (*r->s == quote) {
			r->s++;
			return buf_detach(&b);
		}
		if (*r->s == '\\' && quote == '"') {
			r->s++;
			if (read_escape(r, &b) == -1)
				break;
			continue;
		}
		buf_addc(&b, *r->s++);
	}
	buf_clear(&b);
	return NULL;
}

/* One word of a key. */
static char *
read_word(struct toml_reader *r)
{
	const char	*from = r->s;

	if (peek(r) == '"' || peek(r) == '\'')
		return read_string(r);
	while (peek(r) != -1 && (isalnum(peek(r)) || peek(r) == '_' ||
	    peek(r) == '-'))
		r->s++;
	if (r->s == from) {
		wrong(r, "a key is expected");
		return NULL;
	}
	return xmemdup0(from, (size_t)(r->s - from));
}

static void
words_free(char **words, size_t n)
{
	while (n > 0)
		free(words[--n]);
}

/* Words with dots between them, up to and with the character stop. */
static int
read_words(struct toml_reader *r, char stop, char **words, size_t *n)
{
	*n = 0;
	for (;;) {
		skip_blanks(r);
		if (*n == WORDS_MAX) {
			wrong(r, "a key of too many parts");
			break;
		}
		if ((words[*n] = read_word(r)) == NULL)
			break;
		++*n;
		skip_blanks(r);
		if (peek(r) == stop) {
			r->s++;
			return 0;
		}
		if (peek(r) != '.') {
			wrong(r, stop == ']' ? "] is expected" :
			    "= is expected");
			break;
		}
		r->s++;
	}
	words_free(words, *n);
	*n = 0;
	return -1;
}

static int
tell(struct toml_reader *r, const char *text, int depth)
{
	struct toml_value	v;

	v.table = (const char *const *)r->table;
	v.ntable = r->ntable;
	v.key = r->key;
	v.text = text;
	v.depth = depth;
	v.item = r->item;
	v.line = r->line;
	return r->fn(&v, r->arg, r->err);
}

static int	read_value(struct toml_reader *, int depth);

/* An array, each of its elements through read_value(). */
static int
read_array(struct toml_reader *r, int depth)
{
	if (depth == DEPTH_MAX)
		return wrong(r, "arrays too deep in arrays");
	r->s++;
	if (depth == 0)
		r->item = 0;
	for (;;) {
		skip_space(r);
		if (peek(r) == ']')
			break;
		if (read_value(r, depth + 1) == -1)
			return -1;
		if (depth == 0)
			r->item++;
		skip_space(r);
		if (peek(r) == ',')
			r->s++;
		else if (peek(r) != ']')
			return wrong(r, "an array without its end");
	}
	r->s++;
	return 0;
}

/* {a = 1, b = "x"}: passed over, strings in it with care. */
static int
skip_inline_table(struct toml_reader *r)
{
	int	 depth = 0;
	char	*s;

	do {
		if (peek(r) == '"' || peek(r) == '\'') {
			if ((s = read_string(r)) == NULL)
				return -1;
			free(s);
			continue;
		}
		if (peek(r) == -1 || peek(r) == '\n')
			return wrong(r, "a table without its end");
		depth += *r->s == '{' ? 1 : *r->s == '}' ? -1 : 0;
		r->s++;
	} while (depth > 0);
	return 0;
}

/* A value: strings and booleans go to the callback, others are passed over. */
static int
read_value(struct toml_reader *r, int depth)
{
	const char	*from = r->s;
	char		*s;
	int		 rc;

	switch (peek(r)) {
	case '"':
	case '\'':
		if ((s = read_string(r)) == NULL)
			return -1;
		rc = tell(r, s, depth);
		free(s);
		return rc;
	case '[':
		return read_array(r, depth);
	case '{':
		return skip_inline_table(r);
	}
	while (peek(r) > ' ' && strchr(",]#", peek(r)) == NULL)
		r->s++;
	if (r->s == from)
		return wrong(r, "a value is expected");
	if (r->s - from == 4 && memcmp(from, "true", 4) == 0)
		return tell(r, "true", depth);
	if (r->s - from == 5 && memcmp(from, "false", 5) == 0)
		return tell(r, "false", depth);
	return 0;			/* a number or a date */
}

/* [a.b] and [[a.b]] */
static int
read_header(struct toml_reader *r)
{
	int	twice;

	r->s++;
	if ((twice = peek(r) == '['))
		r->s++;
	words_free(r->table, r->ntable);
	r->ntable = 0;
	if (read_words(r, ']', r->table, &r->ntable) == -1)
		return -1;
	if (twice && peek(r) != ']')
		return wrong(r, "]] is expected");
	if (twice)
		r->s++;
	return end_of_line(r);
}

/* key = value; the words of a dotted key but the last name a table. */
static int
read_pair(struct toml_reader *r)
{
	char	*words[WORDS_MAX];
	size_t	 n, i, before = r->ntable;
	int	 rc;

	if (read_words(r, '=', words, &n) == -1)
		return -1;
	if (before + n - 1 > WORDS_MAX) {
		words_free(words, n);
		return wrong(r, "a key of too many parts");
	}
	for (i = 0; i + 1 < n; i++)
		r->table[r->ntable++] = words[i];
	r->key = words[n - 1];
	r->item = 0;
	skip_blanks(r);
	rc = read_value(r, 0);
	free(r->key);
	r->key = NULL;
	while (r->ntable > before)
		free(r->table[--r->ntable]);
	return rc == -1 ? -1 : end_of_line(r);
}

int
toml_read(const char *text, size_t len, const char *name,
    int (*fn)(const struct toml_value *, void *, struct err *), void *arg,
    struct err *err)
{
	struct toml_reader	r;
	int		rc = 0;

	memset(&r, 0, sizeof(r));
	r.s = text;
	r.end = text + len;
	r.name = name;
	r.line = 1;
	r.fn = fn;
	r.arg = arg;
	r.err = err;
	if (memchr(text, '\0', len) != NULL || !utf8_valid(text, len))
		return wrong(&r, "the text is not UTF-8");
	for (skip_space(&r); rc == 0 && r.s < r.end; skip_space(&r))
		rc = peek(&r) == '[' ? read_header(&r) : read_pair(&r);
	words_free(r.table, r.ntable);
	return rc;
}
