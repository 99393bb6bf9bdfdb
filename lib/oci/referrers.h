#ifndef ACEDT_REFERRERS_H
#define ACEDT_REFERRERS_H

/*
 * The referrers tag scheme, distribution-spec "Referrers Tag Schema": where a
 * registry has no referrers API, and in layouts, an index under the tag
 * <algorithm>-<hex> lists what refers to that digest.
 */

#define REFERRERS_TAG_MAX	(32 + 1 + 64 + 1)

/* The tag for a digest, into out. */
void	referrers_tag(const char *digest, char out[REFERRERS_TAG_MAX]);
/* May that be one? */
int	referrers_is_tag(const char *);

#endif
