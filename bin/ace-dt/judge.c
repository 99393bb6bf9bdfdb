/*
 * Who is to blame when stages of a pipeline fail, and what that means for the
 * exit status.
 */
#include <assert.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "bin/ace-dt/judge.h"
#include "bin/ace-dt/pipeline.h"
#include "lib/base/exits.h"
#include "lib/base/xalloc.h"

/* How a shell says that a signal ended a program. */
#define SIGNAL_STATUS(signo)	(128 + (signo))

static int
has_ended(const struct proc *p)
{
	return p->started && p->pid == 0;
}

/* Did it stop with something to explain? */
static int
has_failed(const struct proc *p)
{
	return !WIFEXITED(p->status) || WEXITSTATUS(p->status) > EXIT_IMAGES;
}

static int
met_bad_input(const struct proc *p)
{
	return WIFEXITED(p->status) && WEXITSTATUS(p->status) == EXIT_INPUT;
}

static int
killed_by_us(const struct proc *p)
{
	return p->killed && WIFSIGNALED(p->status) &&
	    (WTERMSIG(p->status) == SIGTERM || WTERMSIG(p->status) == SIGKILL);
}

/*
 * Did it end because its reader was gone?  A stage that is a script says so by
 * its status.
 */
static int
cut_off(const struct proc *p)
{
	return (WIFSIGNALED(p->status) && WTERMSIG(p->status) == SIGPIPE) ||
	    (WIFEXITED(p->status) &&
	    WEXITSTATUS(p->status) == SIGNAL_STATUS(SIGPIPE));
}

/*
 * Is a stage that met the end of its input too early, or rubbish in it, to
 * blame?  Not if one before it failed, nor if one before it ended while its
 * own input still came.  A stage that was cut off was still writing when its
 * reader left: that does not excuse this reader, but those after it.
 */
static int
is_input_cause(const struct proc *p, size_t i)
{
	size_t	k;

	if (p[i].killed)
		return 0;	/* what we did cut its input */
	for (k = i; k-- > 0;) {
		if (p[k].pid != 0 || killed_by_us(&p[k]))
			return k + 1 == i;
		if (cut_off(&p[k]))
			return k + 1 == i;
		if (has_failed(&p[k]))
			return 0;
	}
	return 1;
}

/* A stage that failed only because of another one is not the cause. */
static int
is_cause(const struct proc *p, size_t i)
{
	if (!has_ended(&p[i]) || !has_failed(&p[i]))
		return 0;
	if (cut_off(&p[i]) || killed_by_us(&p[i]))
		return 0;
	if (WIFSIGNALED(p[i].status))
		return 1;
	return !met_bad_input(&p[i]) || is_input_cause(p, i);
}

/* The most upstream cause among those that ended; n if there is none. */
static size_t
find_cause(const struct proc *p, size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++)
		if (is_cause(p, i))
			break;
	return i;
}

enum judgement
judge_now(const struct proc *p, size_t n)
{
	size_t	i = find_cause(p, n);

	/* The input of a stage may be bad due to one that has not ended. */
	if (i < n && !met_bad_input(&p[i]))
		return JUDGE_STOP;
	for (i = 0; i < n; i++)
		if (has_ended(&p[i]) && has_failed(&p[i]))
			return JUDGE_UNSURE;
	return JUDGE_WELL;
}

/* The ith stage is the cause: its end in words, and the status for ours. */
static int
explain(const struct proc *p, size_t i, char **why)
{
	int	signo, status;

	if (WIFSIGNALED(p[i].status)) {
		signo = WTERMSIG(p[i].status);
		*why = xasprintf("%s was killed by signal %d (%s); nothing was "
		    "published after that", p[i].name, signo,
		    strsignal(signo));
		return SIGNAL_STATUS(signo);
	}
	status = WEXITSTATUS(p[i].status);
	if (status == EXIT_INPUT && i > 0)
		*why = xasprintf("%s stopped with status %d: what %s wrote is "
		    "malformed, or ends too early", p[i].name, status,
		    p[i - 1].name);
	else
		*why = xasprintf("%s stopped with status %d", p[i].name,
		    status);
	return status >= 128 ? 128 : status;
}

/* Did stage i fail because the next one ended early, with success? */
static int
was_left(const struct proc *p, size_t i)
{
	return has_failed(&p[i]) && (!has_failed(&p[i + 1]) ||
	    (!killed_by_us(&p[i]) && killed_by_us(&p[i + 1])));
}

int
judge_end(const struct proc *p, size_t n, char **why)
{
	size_t	i, cause = find_cause(p, n);
	int	worst = EXIT_DONE;

	assert(n > 0);
	*why = NULL;
	for (i = 0; i < n; i++)
		assert(has_ended(&p[i]));
	if (cause < n)
		return explain(p, cause, why);
	for (i = 0; i + 1 < n; i++)
		if (was_left(p, i)) {
			*why = xasprintf("%s left before the end of its input",
			    p[i + 1].name);
			return EXIT_STOPPED;
		}
	/* That the last stage lost its reader, head(1) say, is not an error. */
	if (cut_off(&p[n - 1]))
		return SIGNAL_STATUS(SIGPIPE);
	for (i = 0; i < n; i++)
		if (has_failed(&p[i]))
			return EXIT_STOPPED;
		else if (WEXITSTATUS(p[i].status) > worst)
			worst = WEXITSTATUS(p[i].status);
	return worst;
}
