/*
 * A list of sources: each record of the CSV file is a reference and labels.  A
 * wrong record is told of, and the reading goes on.
 */
#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/io.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/program/sources.h"
#include "lib/text/csv.h"
#include "lib/text/labels.h"

static void
source_clear(struct source *s)
{
	ref_clear(&s->ref);
	pairs_clear(&s->labels);
}

/* One record; what is wrong with it is in err. */
static int
source_parse(struct source *s, const struct csv *c, struct err *err)
{
	char	*text;
	size_t	 i;
	int	 rc;

	memset(s, 0, sizeof(*s));
	s->line = c->record_line;
	text = csv_trimmed(c->fields[0], strlen(c->fields[0]));
	if (*text == '\0')
		rc = err_set(err, ERR_REFERENCE, "the reference is missing; a "
		    "line is REFERENCE[,KEY=VALUE]...");
	else
		rc = ref_parse(&s->ref, text, err);
	free(text);
	for (i = 1; rc == 0 && i < c->nfields; i++)
		rc = label_add(&s->labels, c->fields[i], err);
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

/* All records; returns how many are wrong. */
static int
parse_records(struct sources *ss, const char *data, size_t len,
    void (*complain)(const struct err *, void *), void *arg)
{
	struct err	err = ERR_INIT;
	struct csv	c;
	size_t		room = 0;
	int		rc, bad = 0;

	assert(complain != NULL);
	csv_init(&c, data, len, 1);
	while ((rc = csv_next(&c, &err)) != 0) {
		if (ss->n == room) {
			room = room ? room * 2 : 64;
			ss->v = xreallocarray(ss->v, room, sizeof(*ss->v));
		}
		if (rc == -1) {
			locate(&err, ss->file, c.err_line, c.err_column);
		} else if (source_parse(&ss->v[ss->n], &c, &err) == -1) {
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
sources_slurp(const char *path, const char *name, struct buf *b,
    struct err *err)
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
		rc = err_set(err, ERR_IO, "%s: is a directory (name a file "
		    "with one image reference a line)", name);
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
	if (sources_slurp(path, name, &b, err) == -1)
		goto done;
	if (b.len >= 2 && (memcmp(b.data, "\xff\xfe", 2) == 0 ||
	    memcmp(b.data, "\xfe\xff", 2) == 0)) {
		err_set(err, ERR_USAGE, "%s: the text is UTF-16 (save it as "
		    "UTF-8)", name != NULL ? name : path);
		goto done;
	}
	if (b.len >= 3 && memcmp(b.data, bom, 3) == 0)
		skip = 3;
	ss->file = xstrdup(name != NULL ? name : path);
	rc = parse_records(ss, b.data + skip, b.len - skip, complain, arg);
done:
	buf_clear(&b);
	return rc;
}

static void
log_wrong(const struct err *err, void *arg)
{
	(void)arg;
	log_error("%s", err->msg);
}

int
sources_read_all(struct sources *ss, const char *path, const char *name,
    struct err *err)
{
	int	wrong;

	wrong = sources_read(ss, path, name, log_wrong, NULL, err);
	if (wrong > 0)
		err_set(err, ERR_USAGE, "%s: %d source%s cannot be read, "
		    "nothing was done", ss->file, wrong,
		    wrong == 1 ? "" : "s");
	return wrong == 0 ? 0 : -1;
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
