/*
 * One YAML document, read by libyaml within limits; tables of the keys that a
 * mapping may have, and the values of a configuration.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/xalloc.h"
#include "lib/text/yaml_doc.h"

unsigned long
yaml_doc_line(const yaml_node_t *n)
{
	return (unsigned long)n->start_mark.line + 1;
}

/* What a value is, in words. */
static const char *
kind_of(const yaml_node_t *n)
{
	switch (n->type) {
	case YAML_SCALAR_NODE:
		return "a single value";
	case YAML_SEQUENCE_NODE:
		return "a list";
	case YAML_MAPPING_NODE:
		return "a mapping";
	case YAML_NO_NODE:
		break;
	}
	return "nothing";
}

int
yaml_doc_expected(struct yaml_doc *d, const yaml_node_t *n, const char *what)
{
	if (n->type == YAML_SCALAR_NODE)
		return err_set(d->err, ERR_USAGE,
		    "%s:%lu: %s is expected, not \"%.60s\"", d->file,
		    yaml_doc_line(n), what, (const char *)n->data.scalar.value);
	return err_set(d->err, ERR_USAGE, "%s:%lu: %s is expected, not %s",
	    d->file, yaml_doc_line(n), what, kind_of(n));
}

const char *
yaml_doc_text(struct yaml_doc *d, const yaml_node_t *n, const char *what)
{
	const char	*s;

	if (n->type == YAML_SCALAR_NODE) {
		s = (const char *)n->data.scalar.value;
		if (strlen(s) == n->data.scalar.length)
			return s;
	}
	yaml_doc_expected(d, n, what);
	return NULL;
}

/* Nothing, ~ or null: as if the key were not there. */
static int
is_null(const yaml_node_t *n)
{
	const char	*s;

	if (n->type != YAML_SCALAR_NODE ||
	    n->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return 0;
	s = (const char *)n->data.scalar.value;
	return *s == '\0' || strcmp(s, "~") == 0 || strcmp(s, "null") == 0;
}

/* Aliases can make a small file a very large document. */
static int
count_value(struct yaml_doc *d, const yaml_node_t *n)
{
	if (++d->values <= CONFIG_VALUES_MAX)
		return 0;
	return err_set(d->err, ERR_LIMIT, "%s:%lu: more than %d values, each "
	    "use of an alias counted", d->file, yaml_doc_line(n),
	    CONFIG_VALUES_MAX);
}

/* No pair of the mapping before p may have its key. */
static int
check_once(struct yaml_doc *d, const yaml_node_t *mapping,
    const yaml_node_pair_t *p, const yaml_node_t *key)
{
	const char		*name = (const char *)key->data.scalar.value;
	yaml_node_pair_t	*q;
	yaml_node_t		*other;

	for (q = mapping->data.mapping.pairs.start; q < p; q++) {
		other = yaml_document_get_node(&d->doc, q->key);
		if (strcmp((char *)other->data.scalar.value, name) == 0)
			return err_set(d->err, ERR_USAGE, "%s:%lu: \"%.60s\" "
			    "is given twice, first in line %lu", d->file,
			    yaml_doc_line(key), name, yaml_doc_line(other));
	}
	return 0;
}

int
yaml_doc_pairs(struct yaml_doc *d, yaml_node_t *n, const char *what,
    int (*fn)(struct yaml_doc *, const char *, yaml_node_t *, yaml_node_t *,
    void *), void *arg)
{
	yaml_node_pair_t	*p;
	yaml_node_t		*key;
	const char		*name;

	if (is_null(n))
		return 0;
	if (n->type != YAML_MAPPING_NODE)
		return yaml_doc_expected(d, n, what);
	for (p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top;
	    p++) {
		key = yaml_document_get_node(&d->doc, p->key);
		if (count_value(d, key) == -1 ||
		    (name = yaml_doc_text(d, key, "a key")) == NULL ||
		    check_once(d, n, p, key) == -1)
			return -1;
		if (fn(d, name, key, yaml_document_get_node(&d->doc,
		    p->value), arg) == -1)
			return -1;
	}
	return 0;
}

/* For yaml_doc_pairs(): a table of known keys. */
struct table {
	const struct yaml_key	*keys;
	void			*arg;
};

/* Hand the value of a key to what reads it. */
static int
read_known(struct yaml_doc *d, const char *name, yaml_node_t *key,
    yaml_node_t *value, void *arg)
{
	const struct table	*t = arg;
	const struct yaml_key	*k;
	char			 text[ERR_MSG_MAX];

	assert(d->on_unknown != NULL);

	for (k = t->keys; k->name != NULL; k++)
		if (strcmp(k->name, name) == 0)
			return k->read == NULL || is_null(value) ? 0 :
			    k->read(d, value, t->arg);
	snprintf(text, sizeof(text), "%s:%lu: unknown key \"%.60s\"", d->file,
	    yaml_doc_line(key), name);
	d->on_unknown(text);
	return 0;
}

int
yaml_doc_keys(struct yaml_doc *d, yaml_node_t *n, const struct yaml_key *keys,
    void *arg)
{
	struct table	t = { keys, arg };

	return yaml_doc_pairs(d, n, "a mapping", read_known, &t);
}

int
yaml_doc_items(struct yaml_doc *d, yaml_node_t *n, const char *what,
    int (*fn)(struct yaml_doc *, yaml_node_t *, void *), void *arg)
{
	yaml_node_item_t	*i;
	yaml_node_t		*item;

	if (n->type != YAML_SEQUENCE_NODE)
		return yaml_doc_expected(d, n, what);
	for (i = n->data.sequence.items.start;
	    i < n->data.sequence.items.top; i++) {
		item = yaml_document_get_node(&d->doc, *i);
		if (count_value(d, item) == -1 || fn(d, item, arg) == -1)
			return -1;
	}
	return 0;
}

int
yaml_doc_bool(struct yaml_doc *d, yaml_node_t *n, int *out)
{
	static const char *const yes[] = { "true", "True", "TRUE", "yes",
				    "on", NULL };
	static const char *const no[] = { "false", "False", "FALSE", "no",
				    "off", NULL };
	const char	*s = yaml_doc_text(d, n, "true or false");
	size_t		 i;

	if (s == NULL)
		return -1;
	for (i = 0; yes[i] != NULL; i++)
		if (strcmp(s, yes[i]) == 0) {
			*out = 1;
			return 0;
		}
	for (i = 0; no[i] != NULL; i++)
		if (strcmp(s, no[i]) == 0) {
			*out = 0;
			return 0;
		}
	return yaml_doc_expected(d, n, "true or false");
}

int
yaml_doc_set_text(struct yaml_doc *d, yaml_node_t *n, char **out)
{
	const char	*s = yaml_doc_text(d, n, "a text");

	if (s == NULL)
		return -1;
	free(*out);
	*out = *s != '\0' ? xstrdup(s) : NULL;
	return 0;
}

/* What libyaml says, with the place. */
static int
not_yaml(struct yaml_doc *d, const yaml_parser_t *p)
{
	const char	*problem = p->problem != NULL ? p->problem : "not YAML";

	if (p->error == YAML_READER_ERROR)
		return err_set(d->err, ERR_USAGE, "%s: byte %zu: %s", d->file,
		    p->problem_offset, problem);
	return err_set(d->err, ERR_USAGE, "%s:%zu:%zu: %s%s%s", d->file,
	    p->problem_mark.line + 1, p->problem_mark.column + 1, problem,
	    p->context != NULL ? " " : "",
	    p->context != NULL ? p->context : "");
}

/* A file that goes on after its document is not what was meant. */
static int
check_end(struct yaml_doc *d, yaml_parser_t *p)
{
	yaml_document_t	 more;
	yaml_node_t	*root;
	int		 rc = 0;

	if (!yaml_parser_load(p, &more))
		return not_yaml(d, p);
	if ((root = yaml_document_get_root_node(&more)) != NULL)
		rc = err_set(d->err, ERR_USAGE, "%s:%lu: a second YAML "
		    "document; only one is read", d->file,
		    yaml_doc_line(root));
	yaml_document_delete(&more);
	return rc;
}

/* Does a node begin or end here?  *depth follows the lists and mappings. */
static int
begins_node(const yaml_event_t *e, int *depth)
{
	switch (e->type) {
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		++*depth;
		return 1;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		--*depth;
		return 0;
	case YAML_SCALAR_EVENT:
	case YAML_ALIAS_EVENT:
		return 1;
	default:
		return 0;
	}
}

/*
 * libyaml's time and memory for a document grow with the square of its depth
 * and of its anchors: look at the events first.  What is not YAML is left to
 * the loading, which says why.
 */
static int
check_size(struct yaml_doc *d, const char *text, size_t len)
{
	yaml_parser_t	parser;
	yaml_event_t	event;
	size_t		line, n = 0;
	int		depth = 0, over = 0;

	if (!yaml_parser_initialize(&parser))
		return err_set(d->err, ERR_INTERNAL, "libyaml: no memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text,
	    len);
	while (!over && yaml_parser_parse(&parser, &event)) {
		line = event.start_mark.line + 1;
		n += begins_node(&event, &depth);
		over = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
		if (depth > CONFIG_DEPTH_MAX || n > CONFIG_VALUES_MAX) {
			yaml_parser_delete(&parser);
			return n > CONFIG_VALUES_MAX ? err_set(d->err,
			    ERR_LIMIT, "%s:%zu: more than %d values", d->file,
			    line, CONFIG_VALUES_MAX) : err_set(d->err,
			    ERR_LIMIT, "%s:%zu: lists and mappings nested "
			    "deeper than %d levels", d->file, line,
			    CONFIG_DEPTH_MAX);
		}
	}
	yaml_parser_delete(&parser);
	return 0;
}

/* libyaml's tree of it, then the values of the known keys. */
static int
load_document(struct yaml_doc *d, yaml_parser_t *parser,
    const struct yaml_key *top)
{
	yaml_node_t	*root;
	int		 rc = 0;

	if (!yaml_parser_load(parser, &d->doc))
		return not_yaml(d, parser);
	if ((root = yaml_document_get_root_node(&d->doc)) != NULL) {
		rc = yaml_doc_keys(d, root, top, NULL);
		if (rc == 0)
			rc = check_end(d, parser);
	}
	yaml_document_delete(&d->doc);
	return rc;
}

int
yaml_doc_read(struct yaml_doc *d, const char *text, size_t len,
    const struct yaml_key *top)
{
	yaml_parser_t	parser;
	int		rc;

	d->values = 0;
	if (check_size(d, text, len) == -1)
		return -1;
	if (!yaml_parser_initialize(&parser))
		return err_set(d->err, ERR_INTERNAL, "libyaml: no memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text,
	    len);
	rc = load_document(d, &parser, top);
	yaml_parser_delete(&parser);
	return rc;
}
