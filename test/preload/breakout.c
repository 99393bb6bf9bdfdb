/*
 * For test/sandbox.bats: preloaded into a program, it waits until that is in its
 * sandbox and waits for input, and then does what it should not be able to do:
 * code of an attacker's.  $BREAKOUT_IN names the program; a line for each
 * attempt, "name: OK" or "name: ERROR", goes to the file $BREAKOUT_OUT, and
 * "end" if nothing replaced the program.  $BREAKOUT_DIR has the victims, with
 * $BREAKOUT_NOW it does not wait for the sandbox.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

ssize_t	__read_chk(int, void *, size_t, size_t);
int	__poll_chk(struct pollfd *, nfds_t, int, size_t);

static int	out = -1;
static char	path[4096];

__attribute__((constructor)) static void
begin(void)
{
	const char	*in = getenv("BREAKOUT_IN"), *to;

	to = getenv("BREAKOUT_OUT");
	if (in == NULL || to == NULL || getenv("BREAKOUT_DIR") == NULL ||
	    strcmp(in, program_invocation_short_name) != 0)
		return;
	/* A number that the front-end's own pipes do not get. */
	out = open(to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	snprintf(path, sizeof(path), "%s", getenv("BREAKOUT_DIR"));
}

static const char *
below(const char *name)
{
	static char	text[sizeof(path) + 64];

	snprintf(text, sizeof(text), "%s/%s", path, name);
	return text;
}

static void
tell(const char *what, long rc)
{
	char	line[100];
	int	e = errno, n;

	n = snprintf(line, sizeof(line), "%s: %s\n", what,
	    rc == -1 ? strerrorname_np(e) : "OK");
	(void)!write(out, line, (size_t)n);
}

static void
try_files(void)
{
	char	from[sizeof(path) + 64];

	snprintf(from, sizeof(from), "%s", below("victim"));
	tell("read", open(from, O_RDONLY));
	tell("read-passwd", open("/etc/passwd", O_RDONLY));
	tell("write", open(from, O_WRONLY));
	tell("truncate", open(from, O_WRONLY | O_TRUNC));
	tell("truncate-call", truncate(from, 1));
	tell("create", open(below("new"), O_WRONLY | O_CREAT, 0600));
	tell("create-unnamed", open(path, O_TMPFILE | O_WRONLY, 0600));
	tell("mkdir", mkdir(below("dir"), 0700));
	tell("link", link(from, below("linked")));
	tell("symlink", symlink(from, below("symlink")));
	tell("mknod", mknod(below("fifo"), S_IFIFO | 0600, 0));
	tell("chmod", chmod(from, 0666));
	tell("fchmod", fchmod(out, 0666));
	tell("chown", chown(from, 1, 1));
	tell("rename", rename(from, below("renamed")));
	tell("unlink", unlink(from));
}

/* What a descriptor that is open for reading only lets be changed. */
static void
try_read_only(void)
{
	int	fd = open("/proc/self/exe", O_RDONLY), flags = 0;

	tell("setflags", ioctl(fd, FS_IOC_SETFLAGS, &flags) == -1 &&
	    errno == EPERM ? -1 : 0);
	tell("fssetxattr", ioctl(fd, FS_IOC_FSSETXATTR, NULL) == -1 &&
	    errno == EPERM ? -1 : 0);
	tell("setown", fcntl(out, F_SETOWN, getppid()));
	tell("setsig", fcntl(out, F_SETSIG, SIGKILL));
	tell("fiosetown", ioctl(out, 0x8901 /* FIOSETOWN */, NULL) == -1 &&
	    errno == EPERM ? -1 : 0);
	close(fd);
}

/* Calls newer than libseccomp: any answer but this one is the kernel's. */
static void
try_newer(void)
{
	static const long	calls[] = { 451, 452, 463, 466, 467, 469, 470,
				    500, 511, 600, 100000 };
	char			name[40];
	size_t			i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		snprintf(name, sizeof(name), "call-%ld", calls[i]);
		tell(name, syscall(calls[i], -1, -1, -1, -1, -1, -1) == -1 &&
		    (errno == ENOSYS || errno == EPERM) ? -1 : 0);
	}
	tell("openat2", syscall(437, -1, -1, -1, 0L) == -1 &&
	    (errno == ENOSYS || errno == EPERM) ? -1 : 0);
}

/* Root's own: what CAP_SYS_PTRACE shows, and what the process itself has. */
static void
try_capabilities(void)
{
	struct __user_cap_header_struct	head = { _LINUX_CAPABILITY_VERSION_3,
					    0 };
	struct __user_cap_data_struct	data[2];
	char				name[40];

	snprintf(name, sizeof(name), "/proc/%d/environ", (int)getppid());
	tell("environ", open(name, O_RDONLY));
	memset(data, 0, sizeof(data));
	if (syscall(SYS_capget, &head, data) == -1)
		tell("capabilities", -1);
	else
		tell("capabilities", (data[0].permitted & ~2U) == 0 &&
		    data[1].permitted == 0 ? (errno = EPERM, -1) : 0);
	tell("override", (data[0].effective & 2U) == 0 ? (errno = EPERM, -1) :
	    0);
}

static void
try_sockets(void)
{
	struct sockaddr_in	sin;
	int			fd, pair[2];

	tell("socket-unix", socket(AF_UNIX, SOCK_STREAM, 0));
	tell("socket-packet", socket(AF_PACKET, SOCK_RAW, 0));
	tell("socket-netlink", socket(AF_NETLINK, SOCK_RAW, 12));
	tell("socket-raw", socket(AF_INET, SOCK_RAW, 1));
	tell("inet-packet", socket(AF_INET, SOCK_PACKET, 768));
	tell("inet-packet-flags", socket(AF_INET, SOCK_PACKET | SOCK_CLOEXEC,
	    768));
	tell("pair-dgram", socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	tell("socket-tcp", fd);
	tell("bind", bind(fd, (struct sockaddr *)&sin, sizeof(sin)));
	tell("listen", listen(fd, 1));
	tell("socket-udp", socket(AF_INET6, SOCK_DGRAM, 0));
}

static void
try_processes(void)
{
	pid_t	pid;
	char	byte;
	struct {
		void	*base;
		size_t	 len;
	} iov = { &byte, 1 };

	tell("fork", pid = fork());
	if (pid == 0)
		_exit(0);
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	tell("clone", pid);
	if (pid == 0)
		_exit(0);
	tell("clone3", syscall(SYS_clone3, NULL, (size_t)0) == -1 &&
	    errno == EINVAL ? 0 : -1);
	tell("kill", kill(getppid(), 0));
	tell("kill-group", kill(-getpgrp(), 0));
	tell("nice", setpriority(PRIO_PROCESS, (id_t)getppid(), 0));
	tell("ptrace", ptrace(PTRACE_SEIZE, getppid(), 0, 0));
	tell("peek", syscall(SYS_process_vm_readv, getppid(), &iov, 1L, &iov,
	    1L, 0L) == -1 && errno != EFAULT ? -1 : 0);
}

static void
try_system(void)
{
	struct rlimit	rl = { 4096, 4096 };

	tell("setuid", setuid(getuid()));
	tell("unshare", unshare(CLONE_NEWNS));
	tell("chroot", chroot("/"));
	tell("bpf", syscall(SYS_bpf, 0, NULL, 0) == -1 && errno == EPERM ?
	    -1 : 0);
	tell("io_uring", syscall(SYS_io_uring_setup, 1, NULL) == -1 &&
	    (errno == EPERM || errno == ENOSYS) ? -1 : 0);
	tell("keyctl", syscall(SYS_keyctl, 0, -3, 0) == -1 &&
	    errno == EPERM ? -1 : 0);
	tell("memfd", syscall(SYS_memfd_create, "x", 0U));
	tell("tiocsti", ioctl(STDIN_FILENO, TIOCSTI, "x") == -1 &&
	    errno == EPERM ? -1 : 0);
	tell("tiocsti-high", syscall(SYS_ioctl, 0L, TIOCSTI | 1L << 40, "x") ==
	    -1 && errno == EPERM ? -1 : 0);
	tell("core", getrlimit(RLIMIT_CORE, &rl) == -1 || rl.rlim_max <= 1 ?
	    (errno = EPERM, -1) : 0);
	tell("memory", getrlimit(RLIMIT_DATA, &rl) == -1 ||
	    rl.rlim_max != RLIM_INFINITY ? (errno = EPERM, -1) : 0);
}

/* Not by execv(): that is the kernel's word, whatever libc would say. */
static void
try_exec(void)
{
	char	*argv[] = { (char *)"true", NULL };
	char	*envp[] = { NULL };

	tell("exec", syscall(SYS_execve, "/bin/true", argv, envp));
	tell("execat", syscall(SYS_execveat, AT_FDCWD, "/bin/true", argv, envp,
	    0));
}

static void
attack(void)
{
	int	rc, fd = out;

	if (fd == -1)
		return;
	rc = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	if (rc != 0 && (rc != -1 || errno != EPERM) &&
	    getenv("BREAKOUT_NOW") == NULL)
		return;
	try_files();
	try_read_only();
	try_newer();
	try_capabilities();
	try_sockets();
	try_processes();
	try_system();
	try_exec();
	(void)!write(fd, "end\n", 4);
	out = -1;
}

ssize_t
read(int fd, void *p, size_t n)
{
	ssize_t	(*real)(int, void *, size_t);

	*(void **)&real = dlsym(RTLD_NEXT, "read");
	attack();
	return real(fd, p, n);
}

ssize_t
__read_chk(int fd, void *p, size_t n, size_t size)
{
	(void)size;
	return read(fd, p, n);
}

int
poll(struct pollfd *fds, nfds_t n, int timeout)
{
	int	(*real)(struct pollfd *, nfds_t, int);

	*(void **)&real = dlsym(RTLD_NEXT, "poll");
	attack();
	return real(fds, n, timeout);
}

int
__poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t size)
{
	(void)size;
	return poll(fds, n, timeout);
}
