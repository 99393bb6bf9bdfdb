/*
 * What a program gives up once it is set up.  Landlock is here, by its system
 * calls, as Debian 12 has no wrappers; seccomp is in sandbox_calls.c.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/env.h"
#include "lib/base/errmsg.h"
#include "lib/base/log.h"
#include "lib/base/process.h"
#include "lib/base/xalloc.h"
#include "lib/program/sandbox.h"
#include "lib/program/sandbox_calls.h"

#define OFF_VARIABLE	"ACE_DT_SANDBOX"

/* What linux/landlock.h of Debian 12, of version 2, does not name. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE	(1ULL << 14)	/* version 3 */
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#define LANDLOCK_ACCESS_NET_BIND_TCP	(1ULL << 0)	/* version 4 */
#define LANDLOCK_ACCESS_NET_CONNECT_TCP	(1ULL << 1)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV	(1ULL << 15)	/* version 5 */
#endif
#ifndef LANDLOCK_SCOPE_SIGNAL
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET	(1ULL << 0) /* version 6 */
#define LANDLOCK_SCOPE_SIGNAL		(1ULL << 1)
#endif

/* All rights of version 1. */
#define RIGHTS_FIRST	(2 * LANDLOCK_ACCESS_FS_MAKE_SYM - 1)
#define RIGHTS_READ	(LANDLOCK_ACCESS_FS_READ_FILE | \
			LANDLOCK_ACCESS_FS_READ_DIR)
#define RIGHTS_CHANGE	(LANDLOCK_ACCESS_FS_WRITE_FILE | \
			LANDLOCK_ACCESS_FS_REMOVE_FILE | \
			LANDLOCK_ACCESS_FS_MAKE_DIR | \
			LANDLOCK_ACCESS_FS_MAKE_REG | \
			LANDLOCK_ACCESS_FS_REFER | \
			LANDLOCK_ACCESS_FS_TRUNCATE)
/* What makes sense for a path that is not a directory. */
#define RIGHTS_OF_FILE	(LANDLOCK_ACCESS_FS_EXECUTE | \
			LANDLOCK_ACCESS_FS_WRITE_FILE | \
			LANDLOCK_ACCESS_FS_READ_FILE | \
			LANDLOCK_ACCESS_FS_TRUNCATE | \
			LANDLOCK_ACCESS_FS_IOCTL_DEV)

/* struct landlock_ruleset_attr as version 6 has it. */
struct ruleset_attr {
	uint64_t	fs;
	uint64_t	net;
	uint64_t	scoped;
};

struct sandbox_path {
	char		*path;		/* owned */
	uint64_t	 access;
};

/* Has the user switched the sandbox off? */
static int
is_off(void)
{
	const char	*s = env_get(OFF_VARIABLE);

	return s != NULL && strcmp(s, "off") == 0;
}

/*
 * The kernel's version of Landlock; 0 if it has none, or it is not switched on.
 */
static int
landlock_version(void)
{
#ifdef ACEDT_NO_SANDBOX
	return 0;
#else
	long	n = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0,
		    LANDLOCK_CREATE_RULESET_VERSION);

	return n > 0 ? (int)n : 0;
#endif
}

/* The rights that a version of Landlock knows: it refuses others. */
static uint64_t
known_rights(int version)
{
	return RIGHTS_FIRST | (version >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0) |
	    (version >= 3 ? LANDLOCK_ACCESS_FS_TRUNCATE : 0) |
	    (version >= 5 ? LANDLOCK_ACCESS_FS_IOCTL_DEV : 0);
}

/* A ruleset's descriptor, or -1: of attr the version's part is given. */
static int
create_ruleset(struct ruleset_attr *attr, int version)
{
	size_t	size = version >= 6 ? 24 : version >= 4 ? 16 : 8;

	if (version < 4)
		attr->net = 0;
	if (version < 6)
		attr->scoped = 0;
	return (int)syscall(SYS_landlock_create_ruleset, attr, size, 0U);
}

/* A path that does not exist needs no rule. */
static void
add_rule(int ruleset, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr	attr;
	struct stat				st;
	int					fd;

	if ((fd = open(path, O_PATH | O_CLOEXEC)) == -1)
		return;
	if (fstat(fd, &st) == 0) {
		if (!S_ISDIR(st.st_mode))
			rights &= RIGHTS_OF_FILE;
		attr.allowed_access = rights;
		attr.parent_fd = fd;
		if (syscall(SYS_landlock_add_rule, ruleset,
		    LANDLOCK_RULE_PATH_BENEATH, &attr, 0U) == -1)
			log_debug("sandbox: %s: %s", path, strerror(errno));
	}
	close(fd);
}

/* From here on the ruleset holds, which is closed. */
static int
restrict_self(int ruleset)
{
	int	rc = (int)syscall(SYS_landlock_restrict_self, ruleset, 0U);

	if (rc == -1)
		log_info("sandbox: Landlock cannot be entered: %s",
		    strerror(errno));
	close(ruleset);
	return rc;
}

/* Returns the version that is in force now, 0 if none is. */
static int
enter_landlock(const struct sandbox *sb)
{
	struct ruleset_attr	attr = { 0, 0, 0 };
	int			version = landlock_version(), ruleset;
	uint64_t		known = known_rights(version);
	size_t			i;

	/*
	 * Version 1 lets nobody link a file into another folder, as layouts do.
	 */
	if (version == 0 || (version == 1 && sb->makes_files))
		return 0;
	attr.fs = known;
	/* Nobody listens. */
	attr.net = LANDLOCK_ACCESS_NET_BIND_TCP |
	    (sb->flags & SANDBOX_NETWORK ? 0 : LANDLOCK_ACCESS_NET_CONNECT_TCP);
	attr.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET |
	    (sb->nchildren > 0 ? 0 : LANDLOCK_SCOPE_SIGNAL);
	if ((ruleset = create_ruleset(&attr, version)) == -1) {
		log_info("sandbox: Landlock: %s", strerror(errno));
		return 0;
	}
	for (i = 0; i < sb->npaths; i++)
		add_rule(ruleset, sb->paths[i].path,
		    sb->paths[i].access & known);
	return restrict_self(ruleset) == -1 ? 0 : version;
}

void
sandbox_init(struct sandbox *sb, unsigned int flags, uint64_t memory)
{
	memset(sb, 0, sizeof(*sb));
	sb->flags = flags;
	sb->memory = memory;
#ifdef ACEDT_SANITIZED
	/* Their runtime reads /proc and its own symbols. */
	sandbox_read(sb, "/");
#endif
}

/* Rights below a path, all that Landlock will leave there. */
static void
allow_path(struct sandbox *sb, const char *path, uint64_t rights)
{
	sb->paths = xreallocarray(sb->paths, sb->npaths + 1,
	    sizeof(*sb->paths));
	sb->paths[sb->npaths].path = xstrdup(path);
	sb->paths[sb->npaths++].access = rights;
}

void
sandbox_read(struct sandbox *sb, const char *path)
{
	allow_path(sb, path, RIGHTS_READ);
}

void
sandbox_write(struct sandbox *sb, const char *path)
{
	allow_path(sb, path, RIGHTS_READ | RIGHTS_CHANGE);
	sb->makes_files = 1;
}

void
sandbox_rmdir(struct sandbox *sb, const char *path)
{
	allow_path(sb, path, LANDLOCK_ACCESS_FS_REMOVE_DIR);
}

void
sandbox_signal(struct sandbox *sb, int pid)
{
	assert(sb->nchildren < SANDBOX_CHILDREN_MAX);
	sb->children[sb->nchildren++] = pid;
}

/* Of the first 32; all others are given up. */
static int
set_capabilities(uint32_t permitted, uint32_t effective)
{
	struct __user_cap_header_struct	head = { _LINUX_CAPABILITY_VERSION_3,
					    0 };
	struct __user_cap_data_struct	data[2];

	memset(data, 0, sizeof(data));
	data[0].permitted = permitted;
	data[0].effective = effective;
	return (int)syscall(SYS_capset, &head, data);
}

/* How many of the places that the program has to write it can write. */
static size_t
count_writable(const struct sandbox *sb)
{
	size_t	i, n = 0;

	for (i = 0; i < sb->npaths; i++)
		if ((sb->paths[i].access & LANDLOCK_ACCESS_FS_WRITE_FILE) != 0)
			n += faccessat(AT_FDCWD, sb->paths[i].path, W_OK,
			    AT_EACCESS) == 0;
	return n;
}

/*
 * Root needs none to talk to registries, nor for what is its own.  Where a
 * layout or cache is another user's, writing there stays; the environment and
 * the memory of other processes do not.
 */
static void
drop_capabilities(const struct sandbox *sb)
{
	const uint32_t	override = 1U << CAP_DAC_OVERRIDE;
	size_t		before = count_writable(sb);

	prctl(PR_CAP_AMBIENT, (unsigned long)PR_CAP_AMBIENT_CLEAR_ALL, 0UL,
	    0UL, 0UL);
	/* Held back, to see whether it is missed; who has none is refused. */
	if (set_capabilities(override, 0) == 0 && count_writable(sb) < before)
		set_capabilities(override, override);
	else
		set_capabilities(0, 0);
	if (geteuid() == 0)
		err_explain_access(" (root too has only its own files here: "
		    "SANDBOX in acedt(7))");
}

/* Free what the struct holds. */
static void
sandbox_clear(struct sandbox *sb)
{
	size_t	i;

	for (i = 0; i < sb->npaths; i++)
		free(sb->paths[i].path);
	free(sb->paths);
	sb->paths = NULL;
	sb->npaths = 0;
}

void
sandbox_enter(struct sandbox *sb)
{
	int	landlock, calls;

	/* SANDBOX_PURE leaves nothing that another flag could keep. */
	assert(!(sb->flags & SANDBOX_PURE) || sb->flags == SANDBOX_PURE);
	if (!env_is_supervised() && !(sb->flags & SANDBOX_REPORTED))
		sandbox_report();
	if (is_off()) {
		sandbox_clear(sb);
		return;
	}
	process_limit(sb->memory);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	drop_capabilities(sb);
	landlock = enter_landlock(sb);
	calls = sandbox_calls_enter(sb->flags, sb->children, sb->nchildren);
	log_debug("sandbox: entered; Landlock version %d, seccomp %s",
	    landlock, calls == 0 ? "on" : "off");
	sandbox_clear(sb);
}

void
sandbox_report(void)
{
	if (is_off())
		log_warn("the sandbox is switched off by $" OFF_VARIABLE);
	else if (landlock_version() < 2 || !sandbox_calls_work())
		log_info("the sandbox is not whole: %s", sandbox_describe());
}

const char *
sandbox_describe(void)
{
	static char	text[160];
	int		version = landlock_version();

	if (is_off())
		return "off, by $" OFF_VARIABLE;
	snprintf(text, sizeof(text), "%s%.0d%s%s%s, %s, no new privileges",
	    version > 0 ? "Landlock " : "no Landlock", version,
	    version > 0 ? " (files" : "",
	    version >= 6 ? ", TCP, signals" : version >= 4 ? ", TCP" : "",
	    version > 0 ? ")" : "",
	    sandbox_calls_work() ? "seccomp" : "no seccomp");
	return text;
}
