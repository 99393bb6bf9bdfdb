/*
 * Who is to blame: pipelines of stages that have ended in all kinds of ways.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bin/ace-dt/judge.h"
#include "bin/ace-dt/pipeline.h"
#include "test/unit/tap.h"

/* What waitpid(2) says. */
#define EXITED(n)	((n) << 8)
#define SIGNALED(n)	(n)
#define RUNNING		-1
#define UNSTARTED	-2
#define KILLED		0x10000		/* we sent the signal */

static struct proc	procs[PIPELINE_STAGES_MAX];

/* Stages a, b, c, ...: each a status, RUNNING or UNSTARTED. */
static size_t
stages(const int *ends, size_t n)
{
	static const char *const	names[] = { "a", "b", "c", "d", "e" };
	size_t				i;

	memset(procs, 0, sizeof(procs));
	for (i = 0; i < n; i++) {
		procs[i].name = names[i];
		procs[i].started = ends[i] != UNSTARTED;
		procs[i].pid = ends[i] == RUNNING ? 100 + (int)i : 0;
		if (ends[i] >= 0) {
			procs[i].status = ends[i] & 0xffff;
			procs[i].killed = (ends[i] & KILLED) != 0;
		}
	}
	return n;
}

static void
end(const int *ends, size_t n, int want, const char *message)
{
	char	*why;

	is_int(judge_end(procs, stages(ends, n), &why), want);
	is_str(why, message);
	free(why);
}

#define COUNT(v)	(sizeof(v) / sizeof((v)[0]))
#define END(want, why, ...) do {					\
	const int ends_[] = { __VA_ARGS__ };				\
	end(ends_, COUNT(ends_), (want), (why));			\
} while (0)
#define NOW(want, ...) do {						\
	const int ends_[] = { __VA_ARGS__ };				\
	is_int(judge_now(procs, stages(ends_, COUNT(ends_))), (want));	\
} while (0)

static void
test_statuses(void)
{
	END(0, NULL, EXITED(0));
	END(0, NULL, EXITED(0), EXITED(0), EXITED(0));
	/* Images failed: stages have said which. */
	END(1, NULL, EXITED(1));
	END(1, NULL, EXITED(0), EXITED(1), EXITED(0));
	END(1, NULL, EXITED(1), EXITED(1), EXITED(1));
	END(2, "b stopped with status 2", EXITED(0), EXITED(2), EXITED(0));
	END(4, "a stopped with status 4", EXITED(4), EXITED(0));
	END(127, "a stopped with status 127", EXITED(127));
	/* 128 and more would be read as a signal of ours. */
	END(128, "a stopped with status 200", EXITED(200), EXITED(3));
	/* The most upstream of two causes. */
	END(4, "a stopped with status 4", EXITED(4), EXITED(2));
}

static void
test_input(void)
{
	/* A bad stream without an excuse is what its writer wrote. */
	END(3, "b stopped with status 3: what a wrote is malformed, or ends "
	    "too early", EXITED(0), EXITED(3), EXITED(0));
	END(3, "c stopped with status 3: what b wrote is malformed, or ends "
	    "too early", EXITED(0), EXITED(1), EXITED(3));
	END(3, "a stopped with status 3", EXITED(3), EXITED(0));
	/* The writer failed itself, next to it or further up. */
	END(4, "a stopped with status 4", EXITED(4), EXITED(3), EXITED(3));
	END(4, "a stopped with status 4", EXITED(4), EXITED(0), EXITED(3));
	END(128 + SIGSEGV, "a was killed by signal 11 (Segmentation fault); "
	    "nothing was published after that", SIGNALED(SIGSEGV), EXITED(3));
	/* A writer that was cut off by this reader excuses only those after. */
	END(3, "b stopped with status 3: what a wrote is malformed, or ends "
	    "too early", SIGNALED(SIGPIPE), EXITED(3), EXITED(3));
	/* What we killed had its input cut by us. */
	END(4, NULL, EXITED(0), EXITED(3) | KILLED);
	END(4, NULL, EXITED(3) | KILLED, EXITED(3));
	/* We killed its writer, but not before there was something wrong. */
	END(3, "b stopped with status 3: what a wrote is malformed, or ends "
	    "too early", SIGNALED(SIGTERM) | KILLED, EXITED(3));
	END(4, "b stopped with status 4", SIGNALED(SIGTERM) | KILLED,
	    EXITED(4), EXITED(3) | KILLED);
}

static void
test_signals(void)
{
	END(128 + SIGKILL, "b was killed by signal 9 (Killed); nothing was "
	    "published after that", SIGNALED(SIGPIPE), SIGNALED(SIGKILL),
	    EXITED(3));
	/* SIGTERM from somebody else is a cause, from us it is not. */
	END(128 + SIGTERM, "a was killed by signal 15 (Terminated); nothing "
	    "was published after that", SIGNALED(SIGTERM), EXITED(0));
	END(4, "b stopped with status 4", SIGNALED(SIGTERM) | KILLED,
	    EXITED(4));
	END(4, NULL, SIGNALED(SIGKILL) | KILLED);
	/* The last one lost its reader: head(1). */
	END(128 + SIGPIPE, NULL, EXITED(0), SIGNALED(SIGPIPE));
	END(128 + SIGPIPE, NULL, EXITED(0), EXITED(128 + SIGPIPE));
	/* A reader that left with success, before the end. */
	END(4, "b left before the end of its input", SIGNALED(SIGPIPE),
	    EXITED(0), EXITED(0));
	END(4, "c left before the end of its input", EXITED(0),
	    EXITED(128 + SIGPIPE), EXITED(1));
	END(4, "b left before the end of its input", SIGNALED(SIGPIPE),
	    SIGNALED(SIGTERM) | KILLED);
}

static void
test_while_running(void)
{
	NOW(JUDGE_WELL, RUNNING, RUNNING);
	NOW(JUDGE_WELL, EXITED(0), EXITED(1), RUNNING);
	NOW(JUDGE_WELL, RUNNING, UNSTARTED);
	NOW(JUDGE_STOP, RUNNING, EXITED(4), RUNNING);
	NOW(JUDGE_STOP, SIGNALED(SIGSEGV), RUNNING);
	/* Its reader will say why it left. */
	NOW(JUDGE_UNSURE, SIGNALED(SIGPIPE), RUNNING);
	/* Bad input may be that of a writer that is about to fail. */
	NOW(JUDGE_UNSURE, EXITED(0), EXITED(3), RUNNING);
	NOW(JUDGE_UNSURE, RUNNING, EXITED(3), RUNNING);
	NOW(JUDGE_STOP, EXITED(4), EXITED(3), RUNNING);
	NOW(JUDGE_UNSURE, SIGNALED(SIGTERM) | KILLED, RUNNING);
}

int
main(void)
{
	test_statuses();
	test_input();
	test_signals();
	test_while_running();
	return tap_end();
}
