/*
 * The images of a stream as a table for people, as CSV, or as JSON lines.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/utf8.h"
#include "lib/base/xalloc.h"
#include "lib/text/human.h"
#include "lib/text/json_out.h"
#include "tools/acedt-show/show.h"

#define COLUMNS		5
#define GAP		2		/* between two columns */
#define CELL_MAX	4096		/* bytes of a cell, escaped */
#define DIGEST_SHOWN	12		/* hex digits of a digest */

int
show_parse_format(const char *text, enum show_format *format)
{
	static const char *const names[] = { "table", "csv", "json" };
	size_t			 i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i]) == 0) {
			*format = (enum show_format)i;
			return 0;
		}
	return -1;
}

/* "a=1 b=2"; the caller frees it. */
static char *
labels_text(const struct shown *s)
{
	struct buf	b;
	size_t		i;

	buf_init(&b, SIZE_MAX / 4);
	buf_adds(&b, "");
	for (i = 0; i < s->labels.n; i++)
		buf_addf(&b, "%s%s=%s", i > 0 ? " " : "", s->labels.v[i].key,
		    s->labels.v[i].value);
	return buf_detach(&b);
}

/* The columns that a text takes on a terminal. */
static int
text_width(const char *text)
{
	int	used;

	utf8_prefix(text, INT32_MAX, &used);
	return used;
}

/* Cells of a row: owned, safe to print. */
struct row {
	char	*cells[COLUMNS];
};

static char *
safe_cell(const char *text)
{
	char	out[CELL_MAX];

	log_escape(out, sizeof(out), text);
	return xstrdup(out);
}

static void
make_row(struct row *row, const struct shown *s)
{
	char	 amount[HUMAN_MAX], *labels, *problem;
	size_t	 alg = strcspn(s->digest, ":");

	row->cells[0] = safe_cell(s->name);
	row->cells[1] = xstrdup(s->bytes != -1 ?
	    human_bytes(s->bytes, amount) : "-");
	row->cells[2] = xasprintf("%.*s", (int)(s->digest[alg] == ':' ?
	    alg + 1 + DIGEST_SHOWN : 0), s->digest);
	if (s->error != NULL) {
		problem = xasprintf("failed: %s", s->error);
		row->cells[3] = safe_cell(problem);
		free(problem);
		row->cells[4] = xstrdup("");
		return;
	}
	row->cells[3] = safe_cell(s->platforms);
	labels = labels_text(s);
	row->cells[4] = safe_cell(labels);
	free(labels);
}

static void
put_row(const char *const cells[COLUMNS], const int width[COLUMNS], struct buf *b)
{
	int	i, last = COLUMNS - 1;

	while (last > 0 && *cells[last] == '\0')
		last--;
	for (i = 0; i <= last; i++) {
		buf_adds(b, cells[i]);
		if (i < last)
			buf_addf(b, "%*s", width[i] - text_width(cells[i]) +
			    GAP, "");
	}
	buf_addc(b, '\n');
}

static void
show_table(const struct shown *v, size_t n, const struct total *total,
    struct buf *b)
{
	static const char *const head[COLUMNS] = {
		"NAME", "SIZE", "DIGEST", "PLATFORMS", "LABELS"
	};
	struct row	*rows = xcalloc(n + 1, sizeof(*rows));
	char		 amount[HUMAN_MAX];
	size_t		 i;
	int		 c, w, width[COLUMNS];

	for (c = 0; c < COLUMNS; c++)
		width[c] = text_width(head[c]);
	for (i = 0; i < n; i++) {
		make_row(&rows[i], &v[i]);
		/* What failed says more than a column has room for. */
		for (c = 0; c < (v[i].error != NULL ? 3 : COLUMNS); c++)
			if ((w = text_width(rows[i].cells[c])) > width[c])
				width[c] = w;
	}
	put_row(head, width, b);
	for (i = 0; i < n; i++) {
		put_row((const char *const *)rows[i].cells, width, b);
		for (c = 0; c < COLUMNS; c++)
			free(rows[i].cells[c]);
	}
	free(rows);
	buf_addf(b, "%zu image%s", n, n == 1 ? "" : "s");
	if (total->bytes != -1)
		buf_addf(b, ", %s, what they share counted once",
		    human_bytes(total->bytes, amount));
	buf_addc(b, '\n');
}

/* A field of RFC 4180, in quotes where it needs them. */
static void
put_field(struct buf *b, const char *text, int is_last)
{
	if (text[strcspn(text, ",\"\r\n")] == '\0') {
		buf_adds(b, text);
	} else {
		buf_addc(b, '"');
		for (; *text != '\0'; text++) {
			if (*text == '"')
				buf_addc(b, '"');
			buf_addc(b, *text);
		}
		buf_addc(b, '"');
	}
	buf_adds(b, is_last ? "\r\n" : ",");
}

static void
show_csv(const struct shown *v, size_t n, struct buf *b)
{
	char	 number[32], *labels;
	size_t	 i;

	buf_adds(b, "name,bytes,digest,platforms,labels,error\r\n");
	for (i = 0; i < n; i++) {
		number[0] = '\0';
		if (v[i].bytes != -1)
			snprintf(number, sizeof(number), "%" PRId64,
			    v[i].bytes);
		labels = labels_text(&v[i]);
		put_field(b, v[i].name, 0);
		put_field(b, number, 0);
		put_field(b, v[i].digest, 0);
		put_field(b, v[i].platforms, 0);
		put_field(b, labels, 0);
		put_field(b, v[i].error != NULL ? v[i].error : "", 1);
		free(labels);
	}
}

static void
put_platforms(struct json_out *j, const char *platforms)
{
	size_t	n;

	json_out_name(j, "platforms");
	json_out_begin_array(j);
	for (; *platforms != '\0'; platforms += n) {
		platforms += *platforms == ' ';
		n = strcspn(platforms, " ");
		json_out_string(j, platforms, n);
	}
	json_out_end_array(j);
}

static void
show_json(const struct shown *v, size_t n, struct buf *b)
{
	struct json_out	j;
	size_t		i;

	for (i = 0; i < n; i++) {
		json_out_init(&j, b);
		json_out_begin_object(&j);
		json_out_member(&j, "name", v[i].name);
		if (v[i].bytes != -1)
			json_out_member_number(&j, "bytes", v[i].bytes);
		if (*v[i].digest != '\0')
			json_out_member(&j, "digest", v[i].digest);
		put_platforms(&j, v[i].platforms);
		json_out_name(&j, "labels");
		json_out_pairs(&j, &v[i].labels);
		if (v[i].error != NULL)
			json_out_member(&j, "error", v[i].error);
		json_out_end_object(&j);
		buf_addc(b, '\n');
	}
}

void
show_all(enum show_format format, const struct shown *v, size_t n,
    const struct total *total, struct buf *b)
{
	switch (format) {
	case SHOW_TABLE:
		show_table(v, n, total, b);
		break;
	case SHOW_CSV:
		show_csv(v, n, b);
		break;
	case SHOW_JSON:
		show_json(v, n, b);
		break;
	}
}
