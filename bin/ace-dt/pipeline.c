/*
 * A command made of stages: they are started, waited for, and stopped.
 */
#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bin/ace-dt/judge.h"
#include "bin/ace-dt/monitor.h"
#include "bin/ace-dt/pipeline.h"
#include "bin/ace-dt/spawn.h"
#include "lib/base/clock.h"
#include "lib/base/env.h"
#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/io.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/program/sandbox.h"

/* How long a cause may come after its effect before we stop the others. */
#define CAUSE_MS	500

/* Everything about one run. */
struct run {
	struct pipeline	*pl;
	struct monitor	*monitor;
	sigset_t	 mask;		/* signals that come through sigfd */
	sigset_t	 old;
	int		 sigfd;
	int		 stop_signal;	/* the one that stopped us, or 0 */
	int		 stopping;
	int64_t		 stop_at;	/* clock_ms(); a stage was cut off */
	int64_t		 kill_at;	/* when grace is over */
};

void
pipeline_init(struct pipeline *pl)
{
	memset(pl, 0, sizeof(*pl));
	pl->input_fd = pl->config_fd = pl->shared_fd = -1;
}

struct proc *
pipeline_add(struct pipeline *pl, const char *name)
{
	struct proc	*p;

	assert(pl->n < PIPELINE_STAGES_MAX);
	p = &pl->procs[pl->n++];
	memset(p, 0, sizeof(*p));
	p->name = name;
	pipeline_arg(p, "%s", name);
	return p;
}

void
pipeline_arg(struct proc *p, const char *fmt, ...)
{
	va_list	 ap;
	char	*word;

	va_start(ap, fmt);
	if (vasprintf(&word, fmt, ap) == -1)
		log_die(EXIT_STOPPED, "out of memory");
	va_end(ap);
	p->argv = xreallocarray(p->argv, p->argc + 2, sizeof(char *));
	p->argv[p->argc++] = word;
	p->argv[p->argc] = NULL;
}

static void
close_if_open(int *fd)
{
	if (*fd > STDERR_FILENO)
		close(*fd);
	*fd = -1;
}

void
pipeline_clear(struct pipeline *pl)
{
	size_t	i, k;

	for (i = 0; i < pl->n; i++) {
		for (k = 0; k < pl->procs[i].argc; k++)
			free(pl->procs[i].argv[k]);
		free(pl->procs[i].argv);
		free(pl->procs[i].path);
	}
	close_if_open(&pl->input_fd);
	close_if_open(&pl->config_fd);
	close_if_open(&pl->shared_fd);
	pl->n = 0;
}

/* The folder of our own executable. */
static char *
own_folder(void)
{
	char	 path[PATH_MAX], *slash;
	ssize_t	 n;

	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (n <= 0)
		return NULL;
	path[n] = '\0';
	if ((slash = strrchr(path, '/')) == NULL)
		return NULL;
	*slash = '\0';
	return xstrdup(path);
}

static int
is_program(const char *path, struct err *err)
{
	struct stat	st;

	if (stat(path, &st) == -1)
		return err_sys(err, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_IO, "%s: not a program", path);
	if (access(path, X_OK) == -1)
		return err_sys(err, "%s", path);
	return 0;
}

int
pipeline_find(struct pipeline *pl, struct err *err)
{
	const char	*env = getenv("ACEDT_EXEC_PATH");
	char		*dir;
	size_t		 i;
	int		 rc = 0;

	dir = env != NULL && *env != '\0' ? xstrdup(env) : own_folder();
	if (dir == NULL)
		return err_set(err, ERR_IO, "the folder of ace-dt cannot be "
		    "found: set ACEDT_EXEC_PATH to the one with the stages");
	for (i = 0; i < pl->n && rc == 0; i++) {
		pl->procs[i].path = xasprintf("%s/%s", dir,
		    pl->procs[i].name);
		rc = is_program(pl->procs[i].path, err);
	}
	free(dir);
	return rc;
}

/* Does sh(1) take the word as it stands? */
static int
is_plain_word(const char *s)
{
	return *s != '\0' && s[strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@,+%")] == '\0';
}

static void
print_word(const char *s)
{
	if (is_plain_word(s)) {
		fputs(s, stdout);
		return;
	}
	putchar('\'');
	for (; *s != '\0'; s++)
		if (*s == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*s);
	putchar('\'');
}

void
pipeline_print(const struct pipeline *pl)
{
	size_t	i, k;

	for (i = 0; i < pl->n; i++) {
		if (i > 0)
			fputs(" |\n    ", stdout);
		for (k = 0; k < pl->procs[i].argc; k++) {
			if (k > 0)
				putchar(' ');
			print_word(pl->procs[i].argv[k]);
		}
	}
	putchar('\n');
	if (fflush(stdout) == EOF)
		io_stdout_failed();
}

static size_t
count_running(const struct pipeline *pl)
{
	size_t	i, n = 0;

	for (i = 0; i < pl->n; i++)
		n += pl->procs[i].pid != 0;
	return n;
}

static void
signal_all(struct pipeline *pl, int signo)
{
	size_t	i;

	for (i = 0; i < pl->n; i++)
		if (pl->procs[i].pid != 0) {
			pl->procs[i].killed = 1;
			kill(pl->procs[i].pid, signo);
			/* A stage that was stopped must wake to end. */
			kill(pl->procs[i].pid, SIGCONT);
		}
}

static int64_t
grace_ms(void)
{
	const char	*s = getenv("ACEDT_GRACE_SECONDS");
	char		*end;
	long		 n;

	if (s == NULL || *s == '\0')
		return PIPELINE_GRACE * 1000;
	n = strtol(s, &end, 10);
	return *end != '\0' || n < 0 || n > 3600 ? PIPELINE_GRACE * 1000 :
	    n * 1000;
}

static void
stop_all(struct run *r)
{
	if (r->stopping)
		return;
	r->stopping = 1;
	r->kill_at = clock_ms() + grace_ms();
	signal_all(r->pl, SIGTERM);
}

static void
reap_stages(struct run *r)
{
	pid_t	pid;
	size_t	i;
	int	status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (i = 0; i < r->pl->n; i++)
			if (r->pl->procs[i].pid == pid) {
				r->pl->procs[i].pid = 0;
				r->pl->procs[i].status = status;
				monitor_stage_ended(r->monitor,
				    r->pl->procs[i].name, status);
			}
}

static void
read_signals(struct run *r)
{
	struct signalfd_siginfo	si;
	int			child = 0;

	assert(r->sigfd != -1);
	while (read(r->sigfd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGCHLD) {
			child = 1;
		} else if (si.ssi_signo == SIGWINCH) {
			monitor_resized(r->monitor);
		} else if (si.ssi_signo == SIGCONT) {
			monitor_resumed(r->monitor);
		} else {
			if (r->stop_signal == 0)
				r->stop_signal = (int)si.ssi_signo;
			stop_all(r);
		}
	}
	if (child)
		reap_stages(r);
	/* All that ended are known before any is judged. */
	switch (judge_now(r->pl->procs, r->pl->n)) {
	case JUDGE_WELL:
		break;
	case JUDGE_UNSURE:
		if (r->stop_at == 0)
			r->stop_at = clock_ms() + CAUSE_MS;
		break;
	case JUDGE_STOP:
		stop_all(r);
		break;
	}
}

/*
 * Signals come as something to read.  Those that our caller ignored stay so;
 * an ignored SIGCHLD would have the system reap for us.
 */
static int
catch_signals(struct run *r, struct err *err)
{
	static const int	stops[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction	sa;
	size_t			i;

	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&r->mask);
	sigaddset(&r->mask, SIGCHLD);
	sigaddset(&r->mask, SIGWINCH);
	sigaddset(&r->mask, SIGCONT);
	for (i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		if (sigaction(stops[i], NULL, &sa) == 0 &&
		    sa.sa_handler != SIG_IGN)
			sigaddset(&r->mask, stops[i]);
	if (sigprocmask(SIG_BLOCK, &r->mask, &r->old) == -1)
		return err_sys(err, "sigprocmask");
	r->sigfd = signalfd(-1, &r->mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return r->sigfd == -1 ? err_sys(err, "signalfd") : 0;
}

/*
 * The environment of a stage, an array to be freed: for one that is offline
 * only what is not about registries.
 */
static char **
environment_of(const struct proc *p)
{
	static const char *const kept[] = {
		"PATH=", "LANG=", "LC_", "TZ=", "TMPDIR=", "ACEDT_",
		"ACE_DT_VERBOSITY=", "ACE_DT_SANDBOX=", "ASAN_OPTIONS=",
		"UBSAN_OPTIONS=", "LSAN_OPTIONS=", "GCOV_PREFIX"
	};
	char	**env, **e;
	size_t	 n = 0, i;

	for (e = environ; *e != NULL; e++)
		n++;
	env = xcalloc(n + 1, sizeof(*env));
	n = 0;
	for (e = environ; *e != NULL; e++)
		for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
			if (!p->offline ||
			    strncmp(*e, kept[i], strlen(kept[i])) == 0) {
				env[n++] = *e;
				break;
			}
	return env;
}

/*
 * Start the ith stage; it reads in, and *next is what the one after it reads.
 */
static int
start_one(struct run *r, size_t i, int in, int *next, struct err *err)
{
	struct proc	*p = &r->pl->procs[i];
	int		 out[2] = { -1, -1 }, keep[4], n = 0;
	char		**env;

	assert(i < r->pl->n && !p->started && p->path != NULL);
	if ((keep[n] = monitor_events_fd(r->monitor)) != -1)
		n++;
	if (!p->offline && r->pl->shared_fd != -1)
		keep[n++] = r->pl->shared_fd;
	if (!p->offline && r->pl->config_fd != -1)
		keep[n++] = r->pl->config_fd;
	keep[n] = -1;
	*next = -1;
	if (i + 1 < r->pl->n) {
		if (pipe2(out, O_CLOEXEC) == -1)
			return err_sys(err, "pipe");
	} else if (r->pl->quiet) {
		out[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
		if (out[1] == -1)
			return err_sys(err, "/dev/null");
	} else {
		out[1] = monitor_stdout_fd(r->monitor);
	}
	env = environment_of(p);
	p->pid = spawn(p->path, p->argv, env, in, out[1],
	    monitor_stderr_fd(r->monitor), keep, err);
	free(env);
	if (out[1] != monitor_stdout_fd(r->monitor))
		close_if_open(&out[1]);
	*next = out[0];
	if (p->pid == -1) {
		p->pid = 0;
		return -1;
	}
	p->started = 1;
	monitor_stage_started(r->monitor, p->name, (int)p->pid);
	return 0;
}

static int
start_all(struct run *r, struct err *err)
{
	int	in, next;
	size_t	i;

	in = r->pl->input_fd;
	r->pl->input_fd = -1;
	if (in == -1 && (in = open("/dev/null", O_RDONLY | O_CLOEXEC)) == -1)
		return err_sys(err, "/dev/null");
	for (i = 0; i < r->pl->n; i++) {
		if (start_one(r, i, in, &next, err) == -1) {
			close_if_open(&in);
			close_if_open(&next);
			return -1;
		}
		close_if_open(&in);
		in = next;
	}
	return 0;
}

/* Milliseconds for poll(2): to the next picture, or the next step of ours. */
static int
timeout_ms(const struct run *r)
{
	int64_t	next = r->stopping ? r->kill_at : r->stop_at;
	int64_t	left;
	int	ms = monitor_timeout(r->monitor);

	if (next == 0)
		return ms;
	left = next - clock_ms();
	if (left < 0)
		left = 0;
	return ms == -1 || ms > left ? (int)left : ms;
}

/* One turn: wait for a signal, an event, a line of a stage, or a clock. */
static void
run_turn(struct run *r)
{
	struct pollfd	fds[3];

	fds[0].fd = r->sigfd;
	fds[1].fd = monitor_events_input(r->monitor);
	fds[2].fd = monitor_stderr_input(r->monitor);
	fds[0].events = fds[1].events = fds[2].events = POLLIN;
	if (poll(fds, 3, timeout_ms(r)) > 0) {
		if (fds[1].revents != 0)
			monitor_read_events(r->monitor);
		if (fds[2].revents != 0)
			monitor_read_stderr(r->monitor);
		if (fds[0].revents != 0)
			read_signals(r);
	}
	monitor_tick(r->monitor);
	if (r->stopping && clock_ms() >= r->kill_at) {
		signal_all(r->pl, SIGKILL);
		r->kill_at = clock_ms() + 1000;
	} else if (r->stop_at != 0 && clock_ms() >= r->stop_at) {
		stop_all(r);
	}
}

/* All is open and started: what is left is to look on, and to stop them. */
static void
enter_sandbox(const struct pipeline *pl)
{
	struct sandbox	sb;
	size_t		i;

	sandbox_init(&sb, SANDBOX_REPORTED, MEMORY_MAX);
	for (i = 0; i < pl->n; i++)
		if (pl->procs[i].started)
			sandbox_signal(&sb, (int)pl->procs[i].pid);
	sandbox_enter(&sb);
}

int
pipeline_run(struct pipeline *pl, struct monitor *monitor)
{
	struct run	r;
	struct err	err = ERR_INIT;
	char		*why = NULL;
	int		 status = EXIT_DONE, unstarted;

	memset(&r, 0, sizeof(r));
	setenv(ENV_SUPERVISED, "1", 1);
	r.pl = pl;
	r.monitor = monitor;
	if (catch_signals(&r, &err) == -1)
		log_die(EXIT_STOPPED, "%s", err.msg);
	unstarted = start_all(&r, &err) == -1;
	monitor_started(monitor);
	enter_sandbox(pl);
	if (unstarted)
		stop_all(&r);
	while (count_running(pl) > 0)
		run_turn(&r);
	monitor_end(monitor);
	if (unstarted) {
		log_error("%s", err.msg);
		status = EXIT_STOPPED;
	} else if (r.stop_signal == 0) {
		status = judge_end(pl->procs, pl->n, &why);
		if (why != NULL)
			log_error("%s", why);
		free(why);
	}
	close(r.sigfd);
	if (r.stop_signal != 0) {
		log_error("stopped by signal %d (%s); the destination's tag "
		    "is as it was, unless it was published before",
		    r.stop_signal, strsignal(r.stop_signal));
		signal(r.stop_signal, SIG_DFL);
		raise(r.stop_signal);
	}
	sigprocmask(SIG_SETMASK, &r.old, NULL);
	return status;
}
