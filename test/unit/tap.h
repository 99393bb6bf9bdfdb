#ifndef ACEDT_TEST_TAP_H
#define ACEDT_TEST_TAP_H

/*
 * Unit programs: each is a main() full of checks that ends with
 * "return tap_end();".  They print TAP, one line a check.
 */

/* Count a check; pass it on. */
int	tap_ok(int good, const char *file, int line, const char *fmt, ...)
	    __attribute__((format(printf, 4, 5)));
int	tap_str(const char *got, const char *want, const char *file, int line);
int	tap_int(long long got, long long want, const char *file, int line);
/* The plan; the exit status: 0 if no check failed. */
int	tap_end(void);

#define ok(good, ...)	tap_ok(!!(good), __FILE__, __LINE__, __VA_ARGS__)
#define is_str(got, want) tap_str((got), (want), __FILE__, __LINE__)
#define is_int(got, want) tap_int((got), (want), __FILE__, __LINE__)

#endif
