#ifndef ACEDT_PLATFORM_H
#define ACEDT_PLATFORM_H

#include <stddef.h>

#include <jv.h>

struct err;

/*
 * Platforms as -p takes them: os/arch[/variant][:os.version], or "all".
 * doc/compat.md, "-p".
 */
struct platform {
	char	*os;		/* owned, as are the others */
	char	*arch;
	char	*variant;	/* NULL if not given */
	char	*os_version;	/* NULL if not given */
};

struct platforms {
	struct platform	*v;	/* owned */
	size_t		 n;
	int		 all;	/* "all" was among them: filter nothing */
};

#define PLATFORMS_INIT	{ NULL, 0, 0 }

/* Add what one -p names: comma-separated, read as CSV; empty adds nothing. */
int	platforms_add(struct platforms *, const char *arg, struct err *);
void	platforms_clear(struct platforms *);

/*
 * Does a platform (os and arch not NULL; variant, os_version NULL if absent)
 * match one of the wanted ones?  With none wanted, all match.  Usual variants
 * count as written: arm64 is v8, arm v7, amd64 v1.
 */
int	platforms_match(const struct platforms *, const struct platform *);

void	platform_clear(struct platform *);
void	platform_copy(struct platform *to, const struct platform *from);
/* From a JSON object, borrowed: 1 if it has os and architecture, else 0. */
int	platform_from_json(jv obj, struct platform *);

/* "os/arch[/variant][:os.version]", for people; the caller frees it. */
char	*platform_text(const struct platform *);

#endif
