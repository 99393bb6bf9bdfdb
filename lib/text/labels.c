/*
 * Labels and annotations as people write them: in lists, and after -a and -l.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/pairs.h"
#include "lib/base/xalloc.h"
#include "lib/text/csv.h"
#include "lib/text/labels.h"

#define LOWER_ALNUM	"abcdefghijklmnopqrstuvwxyz0123456789"
#define ALNUM		LOWER_ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Kubernetes' limits of a label. */
#define LABEL_PREFIX_MAX	253
#define LABEL_NAME_MAX		63

#define SHOWN_MAX	200

#define BAD_LABEL(err, text, fmt, ...)					\
	err_set((err), ERR_USAGE, "bad label \"%.*s\": " fmt,		\
	    SHOWN_MAX, (text), __VA_ARGS__)

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
annotations_add(struct pairs *ps, const char *arg, struct err *err)
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

int
label_add(struct pairs *ps, const char *text, struct err *err)
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
	key = csv_trimmed(text, (size_t)(eq - text));
	value = csv_trimmed(eq + 1, strlen(eq + 1));
	rc = check_label_key(text, key, err);
	if (rc == 0 && *value != '\0')
		rc = check_label_word(text, "value", value, err);
	if (rc == 0)
		pairs_set(ps, key, value);
	free(key);
	free(value);
	return rc;
}
