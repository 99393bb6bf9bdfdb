#ifndef ACEDT_YAML_DOC_H
#define ACEDT_YAML_DOC_H

#include <stddef.h>

#include <yaml.h>

struct err;

/*
 * A file that is one YAML document, read by functions that say what its keys
 * mean: a table for each mapping.  Every error names file and line.
 *
 *	static const struct yaml_key keys[] = {
 *		{ "names", read_names },
 *		{ "comment", NULL },
 *		{ NULL, NULL }
 *	};
 *	struct yaml_doc d = { .file = path, .on_unknown = complain, .owner = c,
 *	    .err = err };
 *	if (yaml_doc_read(&d, text, len, keys) == -1)
 *
 * A document is bounded by CONFIG_VALUES_MAX values, each use of an alias
 * counted, and by CONFIG_DEPTH_MAX levels.  All functions return 0, or -1 with
 * the error set.
 */
struct yaml_doc {
	const char	*file;		/* borrowed: its name in messages */
	void		(*on_unknown)(const char *); /* a warning of a key */
	void		*owner;		/* for the functions that read keys */
	struct err	*err;		/* borrowed */
	/* Private. */
	yaml_document_t	 doc;
	unsigned long	 values;	/* so far */
};

/* A key, and what reads its value; NULL: known, and without a meaning here. */
struct yaml_key {
	const char	*name;
	int		(*read)(struct yaml_doc *, yaml_node_t *, void *arg);
};

/*
 * Read a text, a mapping of the keys of a table that ends with a name of NULL.
 * Unknown keys are warned of, keys without a value are passed over, a key
 * that is given twice is an error.
 */
int	yaml_doc_read(struct yaml_doc *, const char *text, size_t len,
	    const struct yaml_key *);

/* A mapping of known keys; arg is for the functions of the table. */
int	yaml_doc_keys(struct yaml_doc *, yaml_node_t *, const struct yaml_key *,
	    void *arg);
/*
 * A mapping of names, or a list: each through a function, until one returns -1.
 * what says what is expected, "a list of URLs".
 */
int	yaml_doc_pairs(struct yaml_doc *, yaml_node_t *, const char *what,
	    int (*)(struct yaml_doc *, const char *name, yaml_node_t *key,
	    yaml_node_t *value, void *arg), void *arg);
int	yaml_doc_items(struct yaml_doc *, yaml_node_t *, const char *what,
	    int (*)(struct yaml_doc *, yaml_node_t *, void *arg), void *arg);

/* The text of a single value, borrowed; NULL with the error set. */
const char *yaml_doc_text(struct yaml_doc *, const yaml_node_t *,
	    const char *what);
/* The same as our own copy, in place of *out; NULL for an empty text. */
int	yaml_doc_set_text(struct yaml_doc *, yaml_node_t *, char **out);
/* 1 for true, yes, on; 0 for false, no, off. */
int	yaml_doc_bool(struct yaml_doc *, yaml_node_t *, int *out);

/* Where a value is in its file, from 1. */
unsigned long yaml_doc_line(const yaml_node_t *);
/* Returns -1: "FILE:LINE: WHAT is expected, not …". */
int	yaml_doc_expected(struct yaml_doc *, const yaml_node_t *,
	    const char *what);

#endif
