#ifndef ACEDT_CACHE_H
#define ACEDT_CACHE_H

#include <stddef.h>

/*
 * Manifests of earlier runs, by digest: DIR/manifests/ALGORITHM/XX/HEX holds
 * the bytes, and nothing that a server said of them.  A convenience and nothing
 * more: the cache may be deleted at any time, be used by several programs at
 * once, be full, wrong or unwritable, and all that happens is that a manifest
 * is asked for.
 */
struct cache;

/*
 * The folder sub of the configuration's cachePath; of $XDG_CACHE_HOME/ace/dt,
 * or ~/.cache/ace/dt, for NULL.  The caller frees it.
 */
char	*cache_dir(const char *dir, const char *sub);

/* dir as above.  Never fails; nothing is made before something is kept. */
struct cache *cache_open(const char *dir);
void	cache_close(struct cache *);
/*
 * Make its directory, while that is still allowed; returns what is written
 * below, borrowed.
 */
const char *cache_make(struct cache *);

/*
 * The bytes of a digest that digest_check() has passed, checked against it.  1
 * with *data the caller's; 0 if they are not there.  What is there and has
 * another digest is removed.
 */
int	cache_get(struct cache *, const char *digest, char **data,
	    size_t *len);
void	cache_put(struct cache *, const char *digest, const void *data,
	    size_t len);

#endif
