#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/csv.h"
#include "lib/errmsg.h"
#include "lib/io.h"
#include "lib/limits.h"
#include "lib/sources.h"
#include "lib/xalloc.h"

#define LOWER_ALNUM	"abcdefghijklmnopqrstuvwxyz0123456789"
#define ALNUM		LOWER_ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Kubernetes' limits of a label. */
#define LABEL_PREFIX_MAX	253
#define LABEL_NAME_MAX		63

#define SHOWN_MAX	200

#define BAD_LABEL(err, text, fmt, ...)					\
	err_set((err), ERR_USAGE, "bad label \"%.*s\": " fmt,		\
	    SHOWN_MAX, (text), __VA_ARGS__)

void
pairs_set(struct pairs *ps, const char *key, const char *value)
{
	size_t	lo = 0, hi = ps->n, mid;
	int	cmp;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		cmp = strcmp(ps->v[mid].key, key);
		if (cmp == 0) {
			free(ps->v[mid].value);
			ps->v[mid].value = xstrdup(value);
			return;
		}
		if (cmp < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	ps->v = xreallocarray(ps->v, ps->n + 1, sizeof(*ps->v));
	memmove(ps->v + lo + 1, ps->v + lo, (ps->n - lo) * sizeof(*ps->v));
	ps->v[lo].key = xstrdup(key);
	ps->v[lo].value = xstrdup(value);
	ps->n++;
}

void
pairs_clear(struct pairs *ps)
{
	size_t	i;

	for (i = 0; i < ps->n; i++) {
		free(ps->v[i].key);
		free(ps->v[i].value);
	}
	free(ps->v);
	ps->v = NULL;
	ps->n = 0;
}

const char *
pairs_get(const struct pairs *ps, const char *key)
{
	size_t	i;

	for (i = 0; i < ps->n; i++)
		if (strcmp(ps->v[i].key, key) == 0)
			return ps->v[i].value;
	return NULL;
}

static size_t
count(const char *s, char c)
{
	size_t	n = 0;

	for (; *s != '\0'; s++)
		n += *s == c;
	return n;
}

/* Cut a field, our own copy, at its first '='. */
static int
set_annotation(struct pairs *ps, char *field, struct err *err)
{
	char	*eq;

	if ((eq = strchr(field, '=')) == NULL)
		return err_set(err, ERR_USAGE, "annotation \"%.*s\" has no =; "
		    "write key=value", SHOWN_MAX, field);
	*eq = '\0';
	pairs_set(ps, field, eq + 1);
	return 0;
}

/* The only pair of an argument: no CSV, but quotes around it go. */
static int
set_single(struct pairs *ps, const char *arg, struct err *err)
{
	size_t	 len;
	char	*field;
	int	 rc;

	arg += strspn(arg, "\"");
	len = strlen(arg);
	while (len > 0 && arg[len - 1] == '"')
		len--;
	field = xmemdup0(arg, len);
	rc = set_annotation(ps, field, err);
	free(field);
	return rc;
}

static int
set_fields(struct pairs *ps, const char *arg, const struct csv *c,
    struct err *err)
{
	size_t	i;

	if (c->record_line != 1)
		return err_set(err, ERR_USAGE, "annotations \"%.*s\": a line "
		    "break outside of quotes; enclose the whole key=value in "
		    "quotes", SHOWN_MAX, arg);
	for (i = 0; i < c->nfields; i++)
		if (set_annotation(ps, c->fields[i], err) == -1)
			return -1;
	return 0;
}

int
pairs_add_annotations(struct pairs *ps, const char *arg, struct err *err)
{
	struct csv	c;
	int		rc;

	if (count(arg, '=') <= 1)
		return set_single(ps, arg, err);
	csv_init(&c, arg, strlen(arg), 0);
	while ((rc = csv_next(&c, err)) == 1)
		if (set_fields(ps, arg, &c, err) == -1) {
			csv_clear(&c);
			return -1;
		}
	csv_clear(&c);
	if (rc == -1)
		return err_wrap(err, "annotations \"%.*s\", character %lu",
		    SHOWN_MAX, arg, c.err_column);
	return 0;
}

/* Name and value of a label, len > 0 bytes. */
static int
check_label_word(const char *text, const char *what, const char *s,
    struct err *err)
{
	size_t	len = strlen(s);

	if (s[strspn(s, ALNUM "-_.")] != '\0')
		return BAD_LABEL(err, text, "the %s must be of letters, "
		    "digits, '-', '_' and '.'", what);
	if (len > LABEL_NAME_MAX)
		return BAD_LABEL(err, text, "the %s is longer than %d "
		    "characters", what, LABEL_NAME_MAX);
	if (strchr("-_.", s[0]) != NULL || strchr("-_.", s[len - 1]) != NULL)
		return BAD_LABEL(err, text, "the %s must begin and end with a "
		    "letter or digit", what);
	return 0;
}

/* A lower-case DNS name. */
static int
check_label_prefix(const char *text, const char *s, struct err *err)
{
	size_t	n;

	if (*s == '\0')
		return BAD_LABEL(err, text, "%s", "nothing stands before the "
		    "/ of the key");
	if (strlen(s) > LABEL_PREFIX_MAX)
		return BAD_LABEL(err, text, "the key's prefix is longer than "
		    "%d characters", LABEL_PREFIX_MAX);
	for (;;) {
		n = strspn(s, LOWER_ALNUM "-");
		if (n == 0 || *s == '-' || s[n - 1] == '-' ||
		    (s[n] != '.' && s[n] != '\0'))
			return BAD_LABEL(err, text, "%s", "the key's prefix "
			    "must be a DNS name in lower case");
		if (s[n] == '\0')
			return 0;
		s += n + 1;
	}
}

static int
check_label_key(const char *text, char *key, struct err *err)
{
	char	*slash, *name = key;
	int	 rc;

	if ((slash = strchr(key, '/')) != NULL) {
		name = slash + 1;
		if (strchr(name, '/') != NULL)
			return BAD_LABEL(err, text, "%s", "the key has more "
			    "than one /");
		*slash = '\0';
		rc = check_label_prefix(text, key, err);
		*slash = '/';
		if (rc == -1)
			return -1;
	}
	if (*name == '\0')
		return BAD_LABEL(err, text, "%s", "the key is empty");
	return check_label_word(text, "key", name, err);
}

/* A copy of len bytes, without the blanks at both ends. */
static char *
trimmed(const char *s, size_t len)
{
	size_t	i, n, end = 0;

	while ((n = csv_blank(s, len)) > 0) {
		s += n;
		len -= n;
	}
	/* Blanks cannot be read backwards: remember the last other byte. */
	for (i = 0; i < len; i += n) {
		if ((n = csv_blank(s + i, len - i)) > 0)
			continue;
		n = 1;
		end = i + 1;
	}
	return xmemdup0(s, end);
}

int
pairs_add_label(struct pairs *ps, const char *text, struct err *err)
{
	const char	*eq = strchr(text, '=');
	char		*key, *value;
	int		 rc;

	if (text[strspn(text, " \t")] == '\0')
		return err_set(err, ERR_USAGE, "empty label; write key=value, "
		    "or leave out the comma before it");
	if (eq == NULL)
		return BAD_LABEL(err, text, "%s", "it has no =; write "
		    "key=value");
	if (strchr(eq + 1, '=') != NULL)
		return BAD_LABEL(err, text, "%s", "it has more than one =");
	key = trimmed(text, (size_t)(eq - text));
	value = trimmed(eq + 1, strlen(eq + 1));
	rc = check_label_key(text, key, err);
	if (rc == 0 && *value != '\0')
		rc = check_label_word(text, "value", value, err);
	if (rc == 0)
		pairs_set(ps, key, value);
	free(key);
	free(value);
	return rc;
}

static void
source_clear(struct source *s)
{
	ref_clear(&s->ref);
	pairs_clear(&s->labels);
}

/* One record. */
static int
parse_source(struct source *s, const struct csv *c, struct err *err)
{
	char	*text;
	size_t	 i;
	int	 rc;

	memset(s, 0, sizeof(*s));
	s->line = c->record_line;
	text = trimmed(c->fields[0], strlen(c->fields[0]));
	if (*text == '\0')
		rc = err_set(err, ERR_REFERENCE, "the reference is missing; a "
		    "line is REFERENCE[,KEY=VALUE]...");
	else
		rc = ref_parse(&s->ref, text, err);
	free(text);
	for (i = 1; rc == 0 && i < c->nfields; i++)
		rc = pairs_add_label(&s->labels, c->fields[i], err);
	if (rc == -1)
		source_clear(s);
	return rc;
}

/* Put "FILE:LINE[:COLUMN]" before the message. */
static void
locate(struct err *err, const char *file, unsigned long line,
    unsigned long column)
{
	if (column > 0)
		err_wrap(err, "%s:%lu:%lu", file, line, column);
	else
		err_wrap(err, "%s:%lu", file, line);
}

static int
parse_all(struct sources *ss, const char *data, size_t len,
    void (*complain)(const struct err *, void *), void *arg)
{
	struct err	err = ERR_INIT;
	struct csv	c;
	size_t		room = 0;
	int		rc, bad = 0;

	csv_init(&c, data, len, 1);
	while ((rc = csv_next(&c, &err)) != 0) {
		if (ss->n == room) {
			room = room ? room * 2 : 64;
			ss->v = xreallocarray(ss->v, room, sizeof(*ss->v));
		}
		if (rc == -1) {
			locate(&err, ss->file, c.err_line, c.err_column);
		} else if (parse_source(&ss->v[ss->n], &c, &err) == -1) {
			locate(&err, ss->file, c.record_line, 0);
		} else {
			ss->n++;
			continue;
		}
		complain(&err, arg);
		bad++;
	}
	csv_clear(&c);
	return bad;
}

/* Read path, or standard input for "-". */
static int
read_list(const char *path, const char *name, struct buf *b, struct err *err)
{
	struct stat	 st;
	int		 fd = STDIN_FILENO, rc;

	if (strcmp(path, "-") == 0 && name == NULL)
		name = "standard input";
	else if (name == NULL)
		name = path;
	if (strcmp(path, "-") != 0 &&
	    (fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) == -1)
		return err_sys(err, "%s", name);
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		rc = err_set(err, ERR_IO, "%s: it is a directory; name a file "
		    "with one image reference a line", name);
	else
		rc = io_read_file(fd, name, b, err);
	if (fd != STDIN_FILENO)
		close(fd);
	return rc;
}

int
sources_read(struct sources *ss, const char *path, const char *name,
    void (*complain)(const struct err *, void *), void *arg, struct err *err)
{
	static const char	bom[] = "\xef\xbb\xbf";
	struct buf		b;
	size_t			skip = 0;
	int			rc = -1;

	memset(ss, 0, sizeof(*ss));
	buf_init(&b, LIST_BYTES_MAX);
	if (read_list(path, name, &b, err) == -1)
		goto done;
	if (b.len >= 2 && (memcmp(b.data, "\xff\xfe", 2) == 0 ||
	    memcmp(b.data, "\xfe\xff", 2) == 0)) {
		err_set(err, ERR_USAGE, "%s: it is UTF-16; save it as UTF-8",
		    name != NULL ? name : path);
		goto done;
	}
	if (b.len >= 3 && memcmp(b.data, bom, 3) == 0)
		skip = 3;
	ss->file = xstrdup(name != NULL ? name : path);
	rc = parse_all(ss, b.data + skip, b.len - skip, complain, arg);
done:
	buf_clear(&b);
	return rc;
}

void
sources_clear(struct sources *ss)
{
	size_t	i;

	for (i = 0; i < ss->n; i++)
		source_clear(&ss->v[i]);
	free(ss->v);
	free(ss->file);
	memset(ss, 0, sizeof(*ss));
}
