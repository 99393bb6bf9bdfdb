/*
 * The options that every stage of a command gets, and the run of all of them.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bin/ace-dt/monitor.h"
#include "bin/ace-dt/stages.h"
#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/program/cli.h"
#include "lib/program/sandbox.h"
#include "lib/registry/shared.h"

void
stage_options_init(struct stage_options *o)
{
	memset(o, 0, sizeof(*o));
	patience_init(&o->patience);
}

void
stage_options_clear(struct stage_options *o)
{
	free(o->configs);
}

void
stage_options_take(struct stage_options *o, const struct cli *cli, int id,
    const char *value)
{
	if (id != CLI_ID_CONFIG) {
		cli_patience(cli, id, value, &o->patience);
		return;
	}
	o->configs = xreallocarray(o->configs, o->nconfigs + 1,
	    sizeof(*o->configs));
	o->configs[o->nconfigs++] = value;
}

/* Options of stages that ask registries. */
static void
add_network_options(const struct pipeline *pl, const struct stage_options *o,
    struct proc *p)
{
	size_t	i;

	for (i = 0; i < o->nconfigs; i++)
		pipeline_arg(p, "--config=%s", o->configs[i]);
	if (o->patience.given)
		pipeline_arg(p, "--retries=%d", o->patience.retries);
	if (o->patience.retry_ms > 0)
		pipeline_arg(p, "--retry-max-time=%lld",
		    (long long)o->patience.retry_ms / 1000);
	if (o->patience.stall_seconds != HTTP_STALL_SECONDS)
		pipeline_arg(p, "--stall-time=%d", o->patience.stall_seconds);
	if (pl->shared_fd != -1)
		pipeline_arg(p, "--shared-fd=%d", pl->shared_fd);
}

struct proc *
stages_add(struct pipeline *pl, const struct stage_options *o,
    const char *name, int offline, int events_fd)
{
	struct proc	*p = pipeline_add(pl, name);

	p->offline = offline;
	if (!offline)
		add_network_options(pl, o, p);
	if (log_level() != LOG_LEVEL_WARN)
		pipeline_arg(p, "--verbosity=%d", log_level());
	if (events_fd != -1)
		pipeline_arg(p, "--events-fd=%d", events_fd);
	return p;
}

void
stages_argument(struct proc *p, const char *word)
{
	if (*word == '-' && word[1] != '\0')
		pipeline_arg(p, "--");
	pipeline_arg(p, "%s", word);
}

int
stages_run(struct pipeline *pl, const struct monitor_options *shown,
    void (*compose)(struct pipeline *, const void *, int), const void *arg)
{
	struct monitor	*monitor;
	struct err	 err = ERR_INIT;
	int		 status;

	/* Without it each stage keeps to the limits by itself. */
	if ((pl->shared_fd = shared_create()) == -1)
		log_info("shared memory: %s", strerror(errno));
	monitor = monitor_new(shown);
	compose(pl, arg, monitor_events_fd(monitor));
	assert(pl->n > 0);
	if (pipeline_find(pl, &err) == -1)
		log_die(EXIT_STOPPED, "%s", err.msg);
	sandbox_report();
	status = pipeline_run(pl, monitor);
	monitor_free(monitor);
	return status;
}
