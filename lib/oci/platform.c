/*
 * Platforms: those of images, those that -p asks for, and whether one is the
 * other.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/xalloc.h"
#include "lib/oci/platform.h"
#include "lib/text/csv.h"
#include "lib/text/json.h"

#define SHOWN_MAX	200

void
platform_clear(struct platform *p)
{
	free(p->os);
	free(p->arch);
	free(p->variant);
	free(p->os_version);
	memset(p, 0, sizeof(*p));
}

static char *
copy_or_null(const char *s)
{
	return s != NULL ? xstrdup(s) : NULL;
}

void
platform_copy(struct platform *to, const struct platform *from)
{
	to->os = copy_or_null(from->os);
	to->arch = copy_or_null(from->arch);
	to->variant = copy_or_null(from->variant);
	to->os_version = copy_or_null(from->os_version);
}

int
platform_from_json(jv obj, struct platform *p)
{
	p->os = json_str(obj, "os");
	p->arch = json_str(obj, "architecture");
	p->variant = json_str(obj, "variant");
	p->os_version = json_str(obj, "os.version");
	if (p->os != NULL && p->arch != NULL && *p->os != '\0' &&
	    *p->arch != '\0')
		return 1;
	platform_clear(p);
	return 0;
}

static void
add_platform(struct platforms *ps, const struct platform *p)
{
	ps->v = xreallocarray(ps->v, ps->n + 1, sizeof(*ps->v));
	ps->v[ps->n++] = *p;
}

static char *
dup_nonempty(const char *s, size_t len)
{
	return len > 0 ? xmemdup0(s, len) : NULL;
}

/* os/arch[/variant][:os.version] */
static int
add_named(struct platforms *ps, const char *text, struct err *err)
{
	struct platform	 p;
	const char	*colon, *arch, *variant, *end;

	if (strcmp(text, "all") == 0) {
		ps->all = 1;
		return 0;
	}
	/* No platform has them: it would never match. */
	if (text[strcspn(text, " \t\r\n\v\f")] != '\0')
		goto bad;
	end = text + strcspn(text, ":");
	colon = *end == ':' ? end + 1 : end;
	if ((arch = memchr(text, '/', (size_t)(end - text))) == NULL)
		goto bad;
	arch++;
	variant = memchr(arch, '/', (size_t)(end - arch));
	if (variant == NULL)
		variant = end;
	if (arch == text + 1 || variant == arch)
		goto bad;
	if (variant < end &&
	    memchr(variant + 1, '/', (size_t)(end - variant - 1)) != NULL)
		goto bad;
	p.os = xmemdup0(text, (size_t)(arch - 1 - text));
	p.arch = xmemdup0(arch, (size_t)(variant - arch));
	if (variant < end)
		variant++;
	p.variant = dup_nonempty(variant, (size_t)(end - variant));
	p.os_version = dup_nonempty(colon, strlen(colon));
	add_platform(ps, &p);
	return 0;
bad:
	return err_set(err, ERR_USAGE, "bad platform \"%.*s\": write "
	    "os/architecture[/variant][:os.version], such as linux/amd64, or "
	    "all", SHOWN_MAX, text);
}

int
platforms_add(struct platforms *ps, const char *arg, struct err *err)
{
	struct csv	c;
	size_t		i;
	int		rc;

	csv_init(&c, arg, strlen(arg), 0);
	while ((rc = csv_next(&c, err)) == 1)
		for (i = 0; i < c.nfields; i++)
			if (add_named(ps, c.fields[i], err) == -1) {
				csv_clear(&c);
				return -1;
			}
	csv_clear(&c);
	if (rc == -1)
		return err_wrap(err, "platforms \"%.*s\", character %lu",
		    SHOWN_MAX, arg, c.err_column);
	return 0;
}

void
platforms_clear(struct platforms *ps)
{
	size_t	i;

	for (i = 0; i < ps->n; i++)
		platform_clear(&ps->v[i]);
	free(ps->v);
	ps->v = NULL;
	ps->n = 0;
	ps->all = 0;
}

/* The variant that an image without one is of. */
static const char *
usual_variant(const char *arch)
{
	if (strcmp(arch, "arm64") == 0)
		return "v8";
	if (strcmp(arch, "arm") == 0)
		return "v7";
	if (strcmp(arch, "amd64") == 0)
		return "v1";
	return "";
}

static int
match(const struct platform *want, const struct platform *have)
{
	const char	*variant = have->variant;

	if (strcmp(want->os, have->os) != 0 ||
	    strcmp(want->arch, have->arch) != 0)
		return 0;
	if (variant == NULL || *variant == '\0')
		variant = usual_variant(have->arch);
	if (want->variant != NULL && strcmp(want->variant, variant) != 0)
		return 0;
	return want->os_version == NULL || (have->os_version != NULL &&
	    strcmp(want->os_version, have->os_version) == 0);
}

int
platforms_match(const struct platforms *ps, const struct platform *p)
{
	size_t	i;

	if (ps->all || ps->n == 0)
		return 1;
	for (i = 0; i < ps->n; i++)
		if (match(&ps->v[i], p))
			return 1;
	return 0;
}

char *
platform_text(const struct platform *p)
{
	int	variant = p->variant != NULL && *p->variant != '\0';
	int	version = p->os_version != NULL && *p->os_version != '\0';

	return xasprintf("%s/%s%s%s%s%s", p->os, p->arch,
	    variant ? "/" : "", variant ? p->variant : "",
	    version ? ":" : "", version ? p->os_version : "");
}
