/*
 * A reader of CSV that agrees with Go's encoding/csv to the byte, errors
 * included.  After an error it goes on with the next line, so that a list is
 * judged as a whole.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/utf8.h"
#include "lib/base/xalloc.h"
#include "lib/text/csv.h"

/* One line. */
struct line {
	const char	*start;
	const char	*p;		/* next byte to look at */
	const char	*end;		/* without LF and the CR before it */
	unsigned long	 number;
	int		 newline;	/* did it have a LF? */
};

/* A record being read. */
struct parse {
	struct csv	*csv;
	struct err	*err;
	struct line	 line;		/* the one we are in */
	const char	*start;		/* of the record */
	size_t		 second;	/* position after its first line */
	struct buf	 field;
};

void
csv_init(struct csv *c, const char *data, size_t len, int comments)
{
	memset(c, 0, sizeof(*c));
	c->data = data;
	c->len = len;
	c->line = 1;
	c->comments = comments;
}

static void
clear_fields(struct csv *c)
{
	size_t	i;

	for (i = 0; i < c->nfields; i++)
		free(c->fields[i]);
	free(c->fields);
	c->fields = NULL;
	c->nfields = 0;
}

void
csv_clear(struct csv *c)
{
	clear_fields(c);
}

size_t
csv_blank(const char *s, size_t len)
{
	unsigned long	c;
	size_t		n;

	if (len == 0 || (n = utf8_decode((const unsigned char *)s, len,
	    &c)) == 0)
		return 0;
	return utf8_is_space(c) ? n : 0;
}

/* The next line; the caller knows that there is one. */
static void
read_line(struct csv *c, struct line *l)
{
	const char	*lf;

	assert(c->pos < c->len);
	l->start = l->p = c->data + c->pos;
	l->number = c->line++;
	lf = memchr(l->p, '\n', c->len - c->pos);
	l->newline = lf != NULL;
	l->end = lf != NULL ? lf : c->data + c->len;
	c->pos = (size_t)(l->end - c->data) + (lf != NULL);
	/* A CR at the end of the last line goes too. */
	if (l->end > l->p && l->end[-1] == '\r')
		l->end--;
}

static void
skip_blanks(struct line *l)
{
	size_t	n;

	while ((n = csv_blank(l->p, (size_t)(l->end - l->p))) > 0)
		l->p += n;
}

/* Is there no record in this line?  The line is at its start again then. */
static int
is_nothing(const struct csv *c, struct line l)
{
	if (c->comments)
		skip_blanks(&l);
	return l.p == l.end || (c->comments && *l.p == '#');
}

static int
fail(struct parse *ps, unsigned long line, unsigned long column,
    const char *msg)
{
	ps->csv->err_line = line;
	ps->csv->err_column = column;
	return err_set(ps->err, ERR_USAGE, "%s", msg);
}

/* Something is wrong at this byte of the current line. */
static int
fail_at(struct parse *ps, const char *where, const char *msg)
{
	return fail(ps, ps->line.number,
	    (unsigned long)(where - ps->line.start) + 1, msg);
}

/* Give the lines after the record's first one a chance of their own. */
static void
rewind_record(struct parse *ps)
{
	ps->csv->pos = ps->second;
	ps->csv->line = ps->csv->record_line + 1;
}

/* No line may hold a NUL, not even a comment: the list is not text then. */
static int
check_nul(struct parse *ps)
{
	const struct line	*l = &ps->line;
	const char		*nul;

	nul = memchr(l->start, '\0', (size_t)(l->end - l->start));
	if (nul == NULL)
		return 0;
	return fail_at(ps, nul, "NUL byte; the list must be text in UTF-8");
}

static int
check_length(struct parse *ps)
{
	if (ps->line.end - ps->start > LIST_RECORD_MAX) {
		rewind_record(ps);
		err_set(ps->err, ERR_LIMIT, "the record is longer than %d "
		    "bytes", LIST_RECORD_MAX);
		ps->csv->err_line = ps->csv->record_line;
		ps->csv->err_column = 0;
		return -1;
	}
	return 0;
}

/* The field is complete. */
static void
end_field(struct parse *ps)
{
	struct csv	*c = ps->csv;

	c->fields = xreallocarray(c->fields, c->nfields + 1,
	    sizeof(*c->fields));
	c->fields[c->nfields++] = xmemdup0(ps->field.data, ps->field.len);
	buf_reset(&ps->field);
}

/*
 * Each of these reads one field: 1 if another one follows, 0 at the end of the
 * record, -1 if it is wrong.
 */

/* A field without quotes: 1 if another one follows, 0 at the end, -1. */
static int
plain_field(struct parse *ps)
{
	struct line	*l = &ps->line;
	const char	*comma, *end, *quote;

	comma = memchr(l->p, ',', (size_t)(l->end - l->p));
	end = comma != NULL ? comma : l->end;
	if ((quote = memchr(l->p, '"', (size_t)(end - l->p))) != NULL)
		return fail_at(ps, quote, "quote in a field that does not "
		    "begin with one; enclose the whole field in quotes and "
		    "double those inside");
	buf_add(&ps->field, l->p, (size_t)(end - l->p));
	end_field(ps);
	l->p = comma != NULL ? comma + 1 : end;
	return comma != NULL;
}

/* A field in quotes, which may go on over the ends of lines. */
static int
quoted_field(struct parse *ps)
{
	struct line	*l = &ps->line;
	const char	*open = l->p++, *q;
	unsigned long	 number = l->number;
	unsigned long	 column = (unsigned long)(open - l->start) + 1;

	for (;;) {
		q = memchr(l->p, '"', (size_t)(l->end - l->p));
		if (q == NULL) {
			buf_add(&ps->field, l->p, (size_t)(l->end - l->p));
			if (l->newline)
				buf_addc(&ps->field, '\n');
			if (ps->csv->pos >= ps->csv->len) {
				rewind_record(ps);
				return fail(ps, number, column,
				    "this quote is not closed");
			}
			read_line(ps->csv, l);
			if (check_nul(ps) == -1 || check_length(ps) == -1)
				return -1;
			continue;
		}
		buf_add(&ps->field, l->p, (size_t)(q - l->p));
		l->p = q + 1;
		if (l->p == l->end || *l->p == ',')
			break;
		if (*l->p != '"')
			return fail_at(ps, q, "text after the closing quote; "
			    "double a quote that is part of the field");
		buf_addc(&ps->field, '"');
		l->p++;
	}
	end_field(ps);
	if (l->p == l->end)
		return 0;
	l->p++;
	return 1;
}

int
csv_next(struct csv *c, struct err *err)
{
	struct parse	ps;
	int		rc;

	clear_fields(c);
	ps.csv = c;
	ps.err = err;
	do {
		if (c->pos >= c->len)
			return 0;
		read_line(c, &ps.line);
		if (check_nul(&ps) == -1)
			return -1;
	} while (is_nothing(c, ps.line));
	ps.start = ps.line.start;
	ps.second = c->pos;
	c->record_line = ps.line.number;
	if (check_length(&ps) == -1)
		return -1;
	buf_init(&ps.field, LIST_RECORD_MAX + 1);
	do {
		skip_blanks(&ps.line);
		if (ps.line.p < ps.line.end && *ps.line.p == '"')
			rc = quoted_field(&ps);
		else
			rc = plain_field(&ps);
	} while (rc == 1);
	buf_clear(&ps.field);
	if (rc == -1)
		clear_fields(c);
	return rc == -1 ? -1 : 1;
}

char *
csv_trimmed(const char *s, size_t len)
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
