/* Amounts as people read them. */
#include <stdio.h>

#include "lib/text/human.h"

const char *
human_bytes(int64_t bytes, char out[HUMAN_MAX])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	double	v = (double)bytes;
	size_t	u = 0;

	while (v >= 1000 && u + 1 < sizeof(units) / sizeof(units[0])) {
		v /= 1000;
		u++;
	}
	snprintf(out, HUMAN_MAX, u > 0 && v < 10 ? "%.1f %s" : "%.0f %s",
	    v, units[u]);
	return out;
}
