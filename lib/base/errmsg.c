/*
 * Errors as values: how a message is put together, and the words for the
 * classes.
 */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/errmsg.h"

static const char *const class_names[] = {
	[ERR_INTERNAL] = "internal",
	[ERR_REFERENCE] = "reference",
	[ERR_NOT_FOUND] = "not-found",
	[ERR_UNAUTHORIZED] = "unauthorized",
	[ERR_DENIED] = "denied",
	[ERR_THROTTLED] = "throttled",
	[ERR_REGISTRY] = "registry",
	[ERR_NETWORK] = "network",
	[ERR_TLS] = "tls",
	[ERR_DIGEST] = "digest",
	[ERR_CONTENT] = "content",
	[ERR_UNSUPPORTED] = "unsupported",
	[ERR_LIMIT] = "limit",
	[ERR_IO] = "io",
	[ERR_USAGE] = "usage",
	[ERR_STREAM] = "stream",
};

/* What err_sys() adds to EACCES. */
static const char	*why_no_access = "";

#define NCLASSES (sizeof(class_names) / sizeof(class_names[0]))

int
err_set(struct err *err, enum err_class cls, const char *fmt, ...)
{
	va_list	ap;

	err->cls = cls;
	err->status = 0;
	err->code[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return -1;
}

int
err_sys(struct err *err, const char *fmt, ...)
{
	va_list	ap;
	size_t	len;
	int	e = errno;

	err->cls = ERR_IO;
	err->status = 0;
	err->code[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s%s", strerror(e),
	    e == EACCES ? why_no_access : "");
	return -1;
}

void
err_explain_access(const char *why)
{
	why_no_access = why;
}

int
err_add(struct err *err, const char *fmt, ...)
{
	size_t	n = strlen(err->msg);
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(err->msg + n, sizeof(err->msg) - n, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_wrap(struct err *err, const char *fmt, ...)
{
	char	old[ERR_MSG_MAX];
	va_list	ap;
	size_t	len;

	memcpy(old, err->msg, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", old);
	return -1;
}

const char *
err_class_name(enum err_class cls)
{
	assert((size_t)cls < NCLASSES);
	return class_names[cls];
}

enum err_class
err_class_of(const char *name)
{
	size_t	i;

	for (i = 0; i < NCLASSES; i++)
		if (strcmp(class_names[i], name) == 0)
			return (enum err_class)i;
	return ERR_INTERNAL;
}
