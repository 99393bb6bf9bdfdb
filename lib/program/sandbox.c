/*
 * Landlock by its system calls (Debian 12 has no wrappers, and older
 * definitions than kernels have), seccomp in sandbox_calls.c.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
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

/* linux/landlock.h, which ends at version 2 in Debian 12. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset	444
#define SYS_landlock_add_rule		445
#define SYS_landlock_restrict_self	446
#endif
#define CREATE_VERSION		1U
#define RULE_PATH_BENEATH	1
#define FS_EXECUTE		(1ULL << 0)
#define FS_WRITE_FILE		(1ULL << 1)
#define FS_READ_FILE		(1ULL << 2)
#define FS_READ_DIR		(1ULL << 3)
#define FS_REMOVE_DIR		(1ULL << 4)
#define FS_REMOVE_FILE		(1ULL << 5)
#define FS_MAKE_DIR		(1ULL << 7)
#define FS_MAKE_REG		(1ULL << 8)
#define FS_FIRST		((1ULL << 13) - 1)	/* all of version 1 */
#define FS_REFER		(1ULL << 13)		/* version 2 */
#define FS_TRUNCATE		(1ULL << 14)		/* version 3 */
#define FS_IOCTL_DEV		(1ULL << 15)		/* version 5 */
#define NET_BIND_TCP		(1ULL << 0)		/* version 4 */
#define NET_CONNECT_TCP		(1ULL << 1)
#define SCOPE_ABSTRACT_UNIX	(1ULL << 0)		/* version 6 */
#define SCOPE_SIGNAL		(1ULL << 1)

#define FS_READ		(FS_READ_FILE | FS_READ_DIR)
#define FS_CHANGE	(FS_WRITE_FILE | FS_REMOVE_FILE | FS_MAKE_DIR | \
			FS_MAKE_REG | FS_REFER | FS_TRUNCATE)
/* What makes sense for a path that is no directory. */
#define FS_OF_FILE	(FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | \
			FS_TRUNCATE | FS_IOCTL_DEV)

struct ruleset_attr {
	uint64_t	fs;
	uint64_t	net;
	uint64_t	scoped;
};

struct path_attr {
	uint64_t	access;
	int32_t		fd;
} __attribute__((packed));

struct sandbox_path {
	char		*path;		/* owned */
	uint64_t	 access;
};

static int
is_off(void)
{
	const char	*s = env_get(OFF_VARIABLE);

	return s != NULL && strcmp(s, "off") == 0;
}

/* The kernel's version of Landlock; 0 if it has none, or it is not switched on. */
static int
landlock_version(void)
{
#ifdef ACEDT_NO_SANDBOX
	return 0;
#else
	long	n = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0,
		    CREATE_VERSION);

	return n > 0 ? (int)n : 0;
#endif
}

static uint64_t
known_rights(int version)
{
	return FS_FIRST | (version >= 2 ? FS_REFER : 0) |
	    (version >= 3 ? FS_TRUNCATE : 0) |
	    (version >= 5 ? FS_IOCTL_DEV : 0);
}

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

/* What is not there needs no rule. */
static void
add_path(int ruleset, const char *path, uint64_t rights)
{
	struct path_attr	attr;
	struct stat		st;
	int			fd;

	if ((fd = open(path, O_PATH | O_CLOEXEC)) == -1)
		return;
	if (fstat(fd, &st) == 0) {
		if (!S_ISDIR(st.st_mode))
			rights &= FS_OF_FILE;
		attr.access = rights;
		attr.fd = fd;
		if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH,
		    &attr, 0U) == -1)
			log_debug("sandbox: %s: %s", path, strerror(errno));
	}
	close(fd);
}

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

	/* Version 1 lets nobody link a file into another folder, as layouts do. */
	if (version == 0 || (version == 1 && sb->makes_files))
		return 0;
	attr.fs = known;
	/* Nobody listens. */
	attr.net = NET_BIND_TCP |
	    (sb->flags & SANDBOX_NETWORK ? 0 : NET_CONNECT_TCP);
	attr.scoped = SCOPE_ABSTRACT_UNIX |
	    (sb->nchildren > 0 ? 0 : SCOPE_SIGNAL);
	if ((ruleset = create_ruleset(&attr, version)) == -1) {
		log_info("sandbox: Landlock: %s", strerror(errno));
		return 0;
	}
	for (i = 0; i < sb->npaths; i++)
		add_path(ruleset, sb->paths[i].path,
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

static void
add(struct sandbox *sb, const char *path, uint64_t rights)
{
	sb->paths = xreallocarray(sb->paths, sb->npaths + 1,
	    sizeof(*sb->paths));
	sb->paths[sb->npaths].path = xstrdup(path);
	sb->paths[sb->npaths++].access = rights;
}

void
sandbox_read(struct sandbox *sb, const char *path)
{
	add(sb, path, FS_READ);
}

void
sandbox_write(struct sandbox *sb, const char *path)
{
	add(sb, path, FS_READ | FS_CHANGE);
	sb->makes_files = 1;
}

void
sandbox_rmdir(struct sandbox *sb, const char *path)
{
	add(sb, path, FS_REMOVE_DIR);
}

void
sandbox_signal(struct sandbox *sb, int pid)
{
	assert(sb->nchildren < SANDBOX_CHILDREN_MAX);
	sb->children[sb->nchildren++] = pid;
}

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

/* How many of the places that it has to write it can. */
static size_t
count_writable(const struct sandbox *sb)
{
	size_t	i, n = 0;

	for (i = 0; i < sb->npaths; i++)
		if ((sb->paths[i].access & FS_WRITE_FILE) != 0)
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

static void
clear(struct sandbox *sb)
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

	if (!env_is_supervised() && !(sb->flags & SANDBOX_REPORTED))
		sandbox_report();
	if (is_off()) {
		clear(sb);
		return;
	}
	process_limit(sb->memory);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	drop_capabilities(sb);
	landlock = enter_landlock(sb);
	calls = sandbox_calls_enter(sb->flags, sb->children, sb->nchildren);
	log_debug("sandbox: entered; Landlock version %d, seccomp %s",
	    landlock, calls == 0 ? "on" : "off");
	clear(sb);
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
