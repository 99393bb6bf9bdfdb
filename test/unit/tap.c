#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "test/unit/tap.h"

static int	checks, failures;

int
tap_ok(int good, const char *file, int line, const char *fmt, ...)
{
	va_list	ap;

	printf("%sok %d - ", good ? "" : "not ", ++checks);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	if (!good) {
		failures++;
		printf("# failed at %s:%d\n", file, line);
	}
	return good;
}

int
tap_str(const char *got, const char *want, const char *file, int line)
{
	int	good;

	if (got == NULL || want == NULL)
		good = got == want;
	else
		good = strcmp(got, want) == 0;
	tap_ok(good, file, line, "\"%s\"", want ? want : "(null)");
	if (!good)
		printf("# got \"%s\"\n", got ? got : "(null)");
	return good;
}

int
tap_int(long long got, long long want, const char *file, int line)
{
	tap_ok(got == want, file, line, "%lld", want);
	if (got != want)
		printf("# got %lld\n", got);
	return got == want;
}

int
tap_end(void)
{
	printf("1..%d\n", checks);
	return failures != 0;
}
