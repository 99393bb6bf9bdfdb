/*
 * Which system calls a program keeps.  acedt-filter computes, and has a list of
 * what it needs.  Those with a network run what we did not write (resolver, NSS
 * modules, libcurl, OpenSSL), whose needs change with every release: they have
 * a list of what they never need.  Calls are named by strings, as headers may
 * be older than libseccomp; names unknown to it are passed over, and the calls
 * that are newer than it are refused by their numbers in sandbox_filter.c.
 */
#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/process.h"
#include "lib/program/sandbox_calls.h"
#include "lib/program/sandbox_filter.h"
#include "lib/program/sandbox_flags.h"

#if defined(ACEDT_SANITIZED) || defined(ACEDT_NO_SANDBOX)

int
sandbox_calls_enter(unsigned int flags, const int *children, size_t n)
{
	(void)flags;
	(void)children;
	(void)n;
	return -1;
}

int
sandbox_calls_work(void)
{
	return 0;
}

#else

#include <seccomp.h>

#define REFUSE	SCMP_ACT_ERRNO(EPERM)
/* Of a socket's type, all but its flags; the kernel has no name for it. */
#define SOCK_TYPE_MASK	0xf

static const char *const pure[] = {
	"brk", "clock_getres", "clock_gettime", "clock_gettime64",
	"clock_nanosleep", "close", "exit", "exit_group", "fcntl", "fcntl64",
	"fstat", "fstat64", "futex", "futex_time64", "getegid", "geteuid",
	"getgid", "getpid", "getppid", "getrandom", "getrusage", "gettid",
	"gettimeofday", "getuid", "lseek", "_llseek", "madvise", "membarrier",
	"mmap", "mmap2", "mprotect", "mremap", "munmap", "nanosleep", "poll",
	"ppoll", "ppoll_time64", "read", "readv", "restart_syscall", "rseq",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_yield",
	"set_robust_list", "sigaltstack", "sigreturn", "sysinfo", "time",
	"uname", "write", "writev", NULL
};

static const char *const never[] = {
	/* Other programs and processes. */
	"execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv",
	"process_vm_writev", "process_madvise", "process_mrelease", "kcmp",
	"pidfd_open", "pidfd_getfd", "pidfd_send_signal", "setpriority",
	"ioprio_set", "migrate_pages", "move_pages", "sched_setaffinity",
	"sched_setattr", "sched_setparam", "sched_setscheduler",
	/* Another user, another view of the system. */
	"setuid", "setuid32", "setgid", "setgid32", "setreuid", "setreuid32",
	"setregid", "setregid32", "setresuid", "setresuid32", "setresgid",
	"setresgid32", "setfsuid", "setfsuid32", "setfsgid", "setfsgid32",
	"setgroups", "setgroups32", "capset", "chroot", "pivot_root",
	"unshare", "setns", "mount", "umount", "umount2", "move_mount",
	"open_tree", "fsopen", "fsconfig", "fsmount",
	"fspick", "mount_setattr", "personality",
	/* The machine. */
	"acct", "adjtimex", "clock_adjtime", "clock_adjtime64",
	"clock_settime", "clock_settime64", "delete_module", "finit_module",
	"init_module", "ioperm", "iopl", "kexec_file_load", "kexec_load",
	"modify_ldt", "nfsservctl", "quotactl", "quotactl_fd", "reboot",
	"setdomainname", "sethostname", "settimeofday", "stime", "swapoff",
	"swapon", "syslog", "vhangup",
	/* Parts of the kernel that are large, and others use. */
	"add_key", "bpf", "fanotify_init", "io_setup", "io_submit",
	"io_uring_enter", "io_uring_register", "io_uring_setup", "keyctl",
	"lookup_dcookie", "memfd_create", "memfd_secret", "mq_open",
	"mq_unlink", "name_to_handle_at", "open_by_handle_at",
	"perf_event_open", "request_key", "userfaultfd",
	/* What others left in System V's tables, by number. */
	"ipc", "msgctl", "msgget", "msgrcv", "msgsnd", "semctl", "semget",
	"semop", "semtimedop", "semtimedop_time64", "shmat", "shmctl", "shmget",
	/* What Landlock does not know, or not in its first versions. */
	"chmod", "chown", "chown32", "fchmodat", "fchown",
	"fchown32", "fchownat", "fremovexattr", "fsetxattr", "futimesat",
	"lchown", "lchown32", "lremovexattr", "lsetxattr", "mknod", "mknodat",
	"removexattr", "setxattr", "symlink", "symlinkat", "truncate",
	"truncate64", "utime", "utimensat", "utimensat_time64", "utimes",
	/* Nobody waits for connections. */
	"accept", "accept4", "listen", NULL
};

/* What happens to a call, where all of n arguments compare as they say. */
static int
set_call(scmp_filter_ctx ctx, uint32_t action, const char *name, unsigned int n,
    const struct scmp_arg_cmp *args)
{
	int	nr = seccomp_syscall_resolve_name(name), rc;

	if (nr == __NR_SCMP_ERROR)
		return 0;
	rc = seccomp_rule_add_array(ctx, action, nr, n, args);
	return rc == -EDOM ? 0 : rc;	/* not on this machine */
}

/* The same for a list that ends with NULL. */
static int
set_calls(scmp_filter_ctx ctx, uint32_t action, const char *const *names)
{
	int	rc = 0;

	for (; *names != NULL && rc == 0; names++)
		rc = set_call(ctx, action, *names, 0, NULL);
	return rc;
}

/* What happens to a call where one argument compares as it says. */
static int
set_call_if(scmp_filter_ctx ctx, uint32_t action, const char *name,
    struct scmp_arg_cmp arg)
{
	return set_call(ctx, action, name, 1, &arg);
}

/* A list of what is allowed; signals to itself are how it ends on SIGPIPE. */
static int
list_pure(scmp_filter_ctx ctx)
{
	struct scmp_arg_cmp	self = SCMP_A0(SCMP_CMP_EQ,
				    (scmp_datum_t)getpid(), 0);

	if (set_calls(ctx, SCMP_ACT_ALLOW, pure) != 0 ||
	    set_call_if(ctx, SCMP_ACT_ALLOW, "tgkill", self) != 0)
		return -1;
	return set_call_if(ctx, SCMP_ACT_ALLOW, "kill", self);
}

/*
 * Threads are made by clone(2), whose flags can be seen; those of clone3(2)
 * cannot, so that it is as if the kernel had none.
 */
static int
list_threads(scmp_filter_ctx ctx, unsigned int flags)
{
	int	rc;

	rc = flags & SANDBOX_THREADS ? set_call_if(ctx, REFUSE, "clone",
	    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)) :
	    set_call(ctx, REFUSE, "clone", 0, NULL);
	return rc != 0 ? rc : set_call(ctx, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0,
	    NULL);
}

/*
 * Streams and datagrams.  SOCK_PACKET of any family is a packet socket; of a
 * pair, datagrams could go to sockets of the local system.
 */
static int
list_socket_types(scmp_filter_ctx ctx)
{
	struct scmp_arg_cmp	args[2];
	scmp_datum_t		type;
	int			rc = 0;

	for (type = SOCK_STREAM + 1; type <= SOCK_TYPE_MASK && rc == 0;
	    type++) {
		args[1] = SCMP_A1(SCMP_CMP_MASKED_EQ, SOCK_TYPE_MASK, type);
		rc = set_call_if(ctx, REFUSE, "socketpair", args[1]);
		if (rc != 0 || type == SOCK_DGRAM)
			continue;
		args[0] = SCMP_A0(SCMP_CMP_EQ, AF_INET, 0);
		rc = set_call(ctx, REFUSE, "socket", 2, args);
		args[0] = SCMP_A0(SCMP_CMP_EQ, AF_INET6, 0);
		if (rc == 0)
			rc = set_call(ctx, REFUSE, "socket", 2, args);
	}
	return rc;
}

/*
 * IPv4, IPv6, and netlink for getaddrinfo(3).  Not AF_UNIX: docker's socket,
 * that of systemd and others would do for us what we have given up.
 */
static int
list_sockets(scmp_filter_ctx ctx, unsigned int flags)
{
	static const int	refused[] = { 0, 1, 3, 4, 5, 6, 7, 8, 9, 11, 12,
				    13, 14, 15 };
	/* Interfaces and routes, no other of its families. */
	struct scmp_arg_cmp	netlink[2] = { SCMP_A0(SCMP_CMP_EQ, AF_NETLINK,
				    0), SCMP_A2(SCMP_CMP_NE, 0, 0) };
	size_t			i;
	int			rc = 0;

	if ((flags & SANDBOX_NETWORK) == 0) {
		rc = set_call(ctx, REFUSE, "socket", 0, NULL);
		return rc != 0 ? rc : set_call(ctx, REFUSE, "socketpair", 0,
		    NULL);
	}
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]) && rc == 0; i++)
		rc = set_call_if(ctx, REFUSE, "socket", SCMP_A0(SCMP_CMP_EQ,
		    (scmp_datum_t)refused[i], 0));
	if (rc == 0)
		rc = set_call_if(ctx, REFUSE, "socket",
		    SCMP_A0(SCMP_CMP_GT, AF_NETLINK, 0));
	if (rc == 0)
		rc = list_socket_types(ctx);
	return rc != 0 ? rc : set_call(ctx, REFUSE, "socket", 2, netlink);
}

/* Signals and limits of other processes; kill is in sandbox_filter.c. */
static int
list_others(scmp_filter_ctx ctx)
{
	static const char *const signals[] = {
		"tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"
	};
	struct scmp_arg_cmp	other = SCMP_A0(SCMP_CMP_NE,
				    (scmp_datum_t)getpid(), 0);
	size_t			i, n = sizeof(signals) / sizeof(signals[0]);
	int			rc;

	rc = set_call(ctx, REFUSE, "tkill", 0, NULL);
	for (i = 0; i < n && rc == 0; i++)
		rc = set_call_if(ctx, REFUSE, signals[i], other);
	return rc != 0 ? rc : set_call_if(ctx, REFUSE, "prlimit64",
	    SCMP_A0(SCMP_CMP_NE, 0, 0));
}

/* The kernel looks at 32 bits of the number only. */
static int
refuse_ioctl(scmp_filter_ctx ctx, unsigned int request)
{
	return set_call_if(ctx, REFUSE, "ioctl",
	    SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffU, request));
}

/* The list of what is refused to a program with a network, or with files. */
static int
list_never(scmp_filter_ctx ctx, unsigned int flags)
{
	int	rc;

	if ((rc = set_calls(ctx, REFUSE, never)) != 0 ||
	    (rc = list_threads(ctx, flags)) != 0 ||
	    (rc = list_sockets(ctx, flags)) != 0 ||
	    (rc = list_others(ctx)) != 0 ||
	    (rc = refuse_ioctl(ctx, TIOCSTI)) != 0 ||
	    (rc = refuse_ioctl(ctx, 0x541c /* TIOCLINUX */)) != 0)
		return rc;
	return flags & SANDBOX_MODES ? set_call_if(ctx, REFUSE, "fchmod",
	    SCMP_A1(SCMP_CMP_NE, 0644, 0)) :
	    set_call(ctx, REFUSE, "fchmod", 0, NULL);
}

int
sandbox_calls_enter(unsigned int flags, const int *children, size_t n)
{
	scmp_filter_ctx	ctx;
	int		rc;

	assert(n <= SANDBOX_CHILDREN_MAX);
	ctx = seccomp_init(flags & SANDBOX_PURE ? REFUSE : SCMP_ACT_ALLOW);
	if (ctx == NULL)
		return -1;
	/* Only an attack makes calls by another machine's numbers. */
	seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (sandbox_filter_enter(seccomp_arch_native(), children, n) == -1)
		log_info("sandbox: seccomp: %s", strerror(errno));
	rc = flags & SANDBOX_PURE ? list_pure(ctx) :
	    list_never(ctx, flags);
	if (rc == 0)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	if (rc == 0)
		return 0;
	log_info("sandbox: seccomp: %s", strerror(-rc));
	return -1;
}

int
sandbox_calls_work(void)
{
	/*
	 * A kernel without filters refuses the mode, one with them the address.
	 */
	return prctl(PR_SET_SECCOMP, 2UL /* FILTER */, NULL, 0, 0) == -1 &&
	    errno == EFAULT;
}

#endif
