/*
 * References to images, read as oras-go reads them.  What is wrong with one is
 * said in the words of the mistake, with what to write instead.
 */
#include <assert.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/utf8.h"
#include "lib/base/xalloc.h"
#include "lib/oci/digest.h"
#include "lib/oci/ref.h"

#define LAYOUT_PREFIX	"oci:"

/* ASCII only: the locale must not have a say in what a reference is. */
#define DIGITS		"0123456789"
#define LOWER		"abcdefghijklmnopqrstuvwxyz"
#define UPPER		"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define ALNUM		DIGITS LOWER UPPER

/* How much of a text is shown in a message. */
#define SHOWN_MAX	300

#define BAD(err, text, fmt, ...)					\
	err_set((err), ERR_REFERENCE, "bad reference \"%.*s\": " fmt,	\
	    SHOWN_MAX, (text), __VA_ARGS__)

static int
one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static int
is_control(unsigned long c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/* Two characters without a width count as blanks too. */
static int
is_blank(unsigned long c)
{
	return utf8_is_space(c) || c == 0x200b || c == 0xfeff;
}

/*
 * Characters that are in no reference at all get a message of their own: they
 * are hard to see in one that quotes the text.
 */
static int
check_chars(const char *text, const char *part, int layout_dir,
    struct err *err)
{
	const unsigned char	*s = (const unsigned char *)part;
	size_t			 left = strlen(part), n;
	unsigned long		 c;

	for (; left > 0; s += n, left -= n) {
		if ((n = utf8_decode(s, left, &c)) == 0)
			return BAD(err, text, "byte 0x%02x is not UTF-8", *s);
		if (is_control(c))
			return BAD(err, text, "it has a control character, "
			    "U+%04lX", c);
		if (layout_dir)
			continue;
		if (is_blank(c))
			return BAD(err, text, "it has a blank, U+%04lX", c);
		if (c == '%')
			return BAD(err, text, "it has a %c: nothing is "
			    "percent-encoded in a reference", '%');
	}
	return 0;
}

static int
check_digest(const char *text, const char *digest, struct err *err)
{
	struct err	why = ERR_INIT;

	if (*digest == '\0')
		return BAD(err, text, "%s", "nothing follows the @; write the "
		    "digest there, or leave out the @");
	if (digest_check(digest, &why) == -1)
		return BAD(err, text, "%s", why.msg);
	return 0;
}

/* [\w][\w.-]{0,127} */
static int
check_tag(const char *text, const char *tag, struct err *err)
{
	size_t	n;

	n = strspn(tag, ALNUM "_.-");
	if (n == 0 && *tag == '\0')
		return BAD(err, text, "%s", "the tag is empty; write it after "
		    "the colon, or leave out the colon");
	if (tag[n] != '\0')
		return BAD(err, text, "the tag \"%.*s\" must be of letters, "
		    "digits, '_', '.' and '-'", SHOWN_MAX, tag);
	if (*tag == '.' || *tag == '-')
		return BAD(err, text, "the tag must not begin with '%c'",
		    *tag);
	if (n > REF_TAG_MAX)
		return BAD(err, text, "the tag is longer than %d characters",
		    REF_TAG_MAX);
	return 0;
}

/* One component of a repository, len bytes long. */
static int
is_component(const char *s, size_t len)
{
	size_t	i = 0, n;

	for (;;) {
		n = strspn(s + i, LOWER DIGITS);
		if (n == 0 || i >= len)
			return 0;
		i += n;
		if (i == len)
			return 1;
		if (s[i] == '-')
			i += strspn(s + i, "-");
		else if (s[i] == '_' && s[i + 1] == '_')
			i += 2;
		else if (s[i] == '_' || s[i] == '.')
			i++;
		else
			return 0;
	}
}

const char *
ref_tag(const struct ref *r)
{
	assert(r->digest == NULL);
	return r->tag != NULL ? r->tag : REF_TAG_USUAL;
}

int
ref_repo_is_valid(const char *repo)
{
	size_t	n;

	for (;;) {
		n = strcspn(repo, "/");
		if (!is_component(repo, n))
			return 0;
		if (repo[n] == '\0')
			return 1;
		repo += n + 1;
	}
}

static int
check_repository(const char *text, const char *repo, struct err *err)
{
	if (*repo == '\0')
		return BAD(err, text, "%s", "the repository is missing; write "
		    "registry/repository[:tag][@digest]");
	if (ref_repo_is_valid(repo))
		return 0;
	if (strpbrk(repo, UPPER) != NULL)
		return BAD(err, text, "the repository \"%.*s\" must be lower "
		    "case", SHOWN_MAX, repo);
	return BAD(err, text, "the repository \"%.*s\" must be of components "
	    "separated by '/', each of lower-case letters and digits with "
	    "single '.', '_', '__' or '-' between them", SHOWN_MAX, repo);
}

static int
check_port(const char *text, const char *port, struct err *err)
{
	size_t	n = strspn(port, DIGITS);

	if (n == 0 || n > 5 || port[n] != '\0' ||
	    strtol(port, NULL, 10) > 65535)
		return BAD(err, text, "\"%.*s\" is not a port", SHOWN_MAX,
		    port);
	return 0;
}

/* [address]:port */
static int
check_ipv6(const char *text, const char *host, struct err *err)
{
	struct in6_addr	 addr;
	const char	*end;
	char		*ip;
	int		 good;

	if ((end = strchr(host, ']')) == NULL)
		return BAD(err, text, "%s", "the ] after the address is "
		    "missing");
	ip = xmemdup0(host + 1, (size_t)(end - host - 1));
	good = inet_pton(AF_INET6, ip, &addr) == 1;
	free(ip);
	if (!good)
		return BAD(err, text, "%s", "there is no IPv6 address between "
		    "[ and ]");
	if (end[1] == '\0')
		return 0;
	if (end[1] != ':')
		return BAD(err, text, "%s", "only :port can follow the ]");
	return check_port(text, end + 2, err);
}

/* A registry: a name or an address, with a port or without. */
static int
check_host(const char *text, const char *host, struct err *err)
{
	size_t	n;

	if (*host == '\0')
		return BAD(err, text, "%s", "the registry is missing; write "
		    "registry/repository[:tag][@digest]");
	if (strchr(host, '@') != NULL)
		return BAD(err, text, "%s", "a registry cannot have a user "
		    "name; credentials are those of docker login");
	if (*host == '[')
		return check_ipv6(text, host, err);
	n = strspn(host, ALNUM "._-");
	if (host[n] != '\0' && host[n] != ':')
		return BAD(err, text, "the registry \"%.*s\" is not a host "
		    "name", SHOWN_MAX, host);
	if (!one_of(*host, ALNUM))
		return BAD(err, text, "%s", "the registry must begin with a "
		    "letter or digit");
	if (strstr(host, "..") != NULL)
		return BAD(err, text, "%s", "the registry has an empty part "
		    "between two dots");
	if (host[n] == ':')
		return check_port(text, host + n + 1, err);
	return 0;
}

/* No slash: say what was probably meant. */
static int
short_name(const char *text, struct err *err)
{
	char	*name;
	int	 good;

	name = xmemdup0(text, strcspn(text, ":@"));
	good = is_component(name, strlen(name)) && strchr(name, '.') == NULL &&
	    strcmp(name, "localhost") != 0;
	free(name);
	if (!good)
		return BAD(err, text, "%s", "there is no / in it; write "
		    "registry/repository[:tag][@digest]");
	return BAD(err, text, "it names no registry; did you mean "
	    "docker.io/library/%.*s%s?", SHOWN_MAX, text,
	    strpbrk(text, ":@") == NULL ? ":latest" : "");
}

int
ref_is_hub(const char *host, size_t n)
{
	static const char *const names[] = {
		REF_HUB, REF_HUB_OLD, REF_HUB_API
	};
	size_t	i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == n &&
		    strncasecmp(names[i], host, n) == 0)
			return 1;
	return 0;
}

/* Does a reference with this host mean Docker Hub, whatever answers for it? */
static int
names_hub(const char *host)
{
	return strcmp(host, REF_HUB) == 0 || strcmp(host, REF_HUB_OLD) == 0;
}

const char *
ref_api_host(const char *host)
{
	return names_hub(host) ? REF_HUB_API : host;
}

/* Cut repo, our own copy, into its parts and check them. */
static int
split_rest(const char *text, char *rest, char **tag, char **digest,
    struct err *err)
{
	if ((*digest = strchr(rest, '@')) != NULL)
		*(*digest)++ = '\0';
	if ((*tag = strchr(rest, ':')) != NULL)
		*(*tag)++ = '\0';
	if (check_repository(text, rest, err) == -1)
		return -1;
	if (*tag != NULL && check_tag(text, *tag, err) == -1)
		return -1;
	if (*digest != NULL && check_digest(text, *digest, err) == -1)
		return -1;
	return 0;
}

/* registry/repository[:tag][@digest]; the parts are cut from the end. */
static int
parse_remote(struct ref *ref, const char *text, struct err *err)
{
	const char	*slash, *scheme;
	char		*host, *rest = NULL, *tag, *digest;
	int		 rc = -1;

	if (check_chars(text, text, 0, err) == -1)
		return -1;
	scheme = strstr(text, "://");
	if (scheme != NULL && strcspn(text, "/@") > (size_t)(scheme - text))
		return BAD(err, text, "%s", "a reference has no scheme; write "
		    "registry/repository[:tag][@digest]");
	if ((slash = strchr(text, '/')) == NULL)
		return short_name(text, err);
	host = xmemdup0(text, (size_t)(slash - text));
	if (check_host(text, host, err) == -1)
		goto done;
	rest = xstrdup(slash + 1);
	if (split_rest(text, rest, &tag, &digest, err) == -1)
		goto done;
	if (names_hub(host) && strchr(rest, '/') == NULL)
		ref->repo = xasprintf("library/%s", rest);
	else
		ref->repo = xstrdup(rest);
	if (strlen(host) + 1 + strlen(ref->repo) > REF_NAME_MAX) {
		BAD(err, text, "registry and repository are longer than %d "
		    "characters", REF_NAME_MAX);
		goto done;
	}
	if (digest != NULL)
		ref->digest = xstrdup(digest);
	else if (tag != NULL)
		ref->tag = xstrdup(tag);
	ref->host = host;
	host = NULL;
	rc = 0;
done:
	free(host);
	free(rest);
	return rc;
}

/*
 * Does it begin as a digest does?  Then a user means it as one, and one that
 * is cut short must not become a part of the directory's name.
 */
static int
looks_like_digest(const char *s)
{
	return *s == '\0' || strncmp(s, "sha256:", 7) == 0 ||
	    strncmp(s, "sha384:", 7) == 0 || strncmp(s, "sha512:", 7) == 0;
}

static int
check_layout_tag(const char *text, const char *tag, struct err *err)
{
	if (*tag == '\0')
		return BAD(err, text, "%s", "the tag is empty");
	if (check_chars(text, tag, 0, err) == -1)
		return -1;
	if (tag[strspn(tag, ALNUM "-._:@/+")] != '\0')
		return BAD(err, text, "the tag \"%.*s\" must be of letters, "
		    "digits and any of - . _ : @ / +", SHOWN_MAX, tag);
	return 0;
}

/* The part after "oci:", our own copy. */
static int
split_layout(const char *text, char *dir, char **tag, char **digest,
    struct err *err)
{
	*digest = strrchr(dir, '@');
	if (*digest != NULL && looks_like_digest(*digest + 1))
		*(*digest)++ = '\0';
	else
		*digest = NULL;
	if ((*tag = strchr(dir, ':')) != NULL)
		*(*tag)++ = '\0';
	if (*dir == '\0')
		return BAD(err, text, "%s", "the directory is missing; write "
		    "oci:DIR[:TAG] or oci:DIR@DIGEST");
	if (check_chars(text, dir, 1, err) == -1)
		return -1;
	if (*tag != NULL && check_layout_tag(text, *tag, err) == -1)
		return -1;
	if (*digest != NULL && check_digest(text, *digest, err) == -1)
		return -1;
	return 0;
}

static int
parse_layout(struct ref *ref, const char *text, struct err *err)
{
	char	*dir, *tag, *digest;

	dir = xstrdup(text + strlen(LAYOUT_PREFIX));
	ref->is_layout = 1;
	ref->repo = dir;
	if (split_layout(text, dir, &tag, &digest, err) == -1)
		return -1;
	if (digest != NULL)
		ref->digest = xstrdup(digest);
	else if (tag != NULL)
		ref->tag = xstrdup(tag);
	return 0;
}

int
ref_parse(struct ref *ref, const char *text, struct err *err)
{
	int	rc;

	memset(ref, 0, sizeof(*ref));
	if (*text == '\0')
		return err_set(err, ERR_REFERENCE, "empty reference");
	if (strncmp(text, LAYOUT_PREFIX, strlen(LAYOUT_PREFIX)) == 0)
		rc = parse_layout(ref, text, err);
	else
		rc = parse_remote(ref, text, err);
	if (rc == -1) {
		ref_clear(ref);
		return -1;
	}
	ref->text = xstrdup(text);
	return 0;
}

void
ref_clear(struct ref *ref)
{
	free(ref->text);
	free(ref->host);
	free(ref->repo);
	free(ref->tag);
	free(ref->digest);
	memset(ref, 0, sizeof(*ref));
}
