#ifndef ACEDT_PATTERN_H
#define ACEDT_PATTERN_H

struct err;

/*
 * Is it an extended regular expression, regex(7), that can be compiled and
 * matched with little time and memory?  0, or -1 with *err filled, class
 * ERR_USAGE.
 */
int	pattern_check(const char *, struct err *);

#endif
