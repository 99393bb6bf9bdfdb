#ifndef ACEDT_CLOCK_H
#define ACEDT_CLOCK_H

#include <stdint.h>

/* Milliseconds of a clock that never jumps; its zero means nothing. */
int64_t	clock_ms(void);

#endif
