#ifndef ACEDT_TOML_H
#define ACEDT_TOML_H

#include <stddef.h>

struct err;

/*
 * As much of TOML (v1.0.0) as containerd's hosts.toml is written in: tables,
 * dotted and quoted keys, strings on one line, booleans, arrays in arrays.
 * Other values are passed over.  No library in C for it is in Debian.
 */

/*
 * One string or boolean.  table and key are as written, without quotes; of
 * an array every element comes by itself, with depth the arrays around it and
 * item its number in the outermost one.
 */
struct toml_value {
	const char	*const *table;	/* path of the table, ntable words */
	size_t		 ntable;
	const char	*key;
	const char	*text;		/* "true" or "false" for a boolean */
	int		 depth;
	size_t		 item;
	unsigned long	 line;
};

/*
 * Call fn for every value; it returns -1 with err filled to stop.  name is the
 * file's, for messages.
 */
int	toml_read(const char *text, size_t len, const char *name,
	    int (*fn)(const struct toml_value *, void *, struct err *),
	    void *arg, struct err *);

#endif
