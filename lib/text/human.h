#ifndef ACEDT_HUMAN_H
#define ACEDT_HUMAN_H

#include <stdint.h>

#define HUMAN_MAX	32		/* bytes of a text */

/* "1.2 GB", into out, which is returned. */
const char *human_bytes(int64_t bytes, char out[HUMAN_MAX]);

#endif
