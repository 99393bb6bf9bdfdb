/*
 * What every stage with a network sets up: configuration, credentials, the HTTP
 * engine, the sandbox, and the places that references name.
 */
/*
 * What a stage with a network opens and closes, what its sandbox allows, and
 * the places that references name.
 */
#include <assert.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/http/http.h"
#include "lib/http/loop.h"
#include "lib/oci/dest.h"
#include "lib/program/cli.h"
#include "lib/program/net.h"
#include "lib/program/sandbox.h"
#include "lib/registry/creds.h"
#include "lib/registry/helper.h"
#include "lib/registry/reg.h"
#include "lib/registry/shared.h"

/* Descriptors for connections, and one for each layout of a list. */
#define DESCRIPTORS_WANTED	8192
/* How many are left to what is neither a connection nor a blob's file. */
#define DESCRIPTORS_KEPT	14

/*
 * As many descriptors as are allowed, within reason.  Returns how many of them
 * connections and blobs may have: two at least, a blob's source and its copy.
 */
static size_t
raise_limit(void)
{
	struct rlimit	rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		return 2;
	if (rl.rlim_cur < DESCRIPTORS_WANTED) {
		rl.rlim_cur = rl.rlim_max < DESCRIPTORS_WANTED ?
		    rl.rlim_max : DESCRIPTORS_WANTED;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
	if (rl.rlim_cur >= DESCRIPTORS_WANTED)
		return DESCRIPTORS_WANTED - DESCRIPTORS_KEPT;
	return rl.rlim_cur < DESCRIPTORS_KEPT + 2 ? 2 :
	    (size_t)rl.rlim_cur - DESCRIPTORS_KEPT;
}

void
net_init(struct net *net)
{
	memset(net, 0, sizeof(*net));
	patience_init(&net->patience);
}

static void
add_config(struct net *net, const char *path)
{
	net->config_paths = xreallocarray(net->config_paths,
	    net->nconfig_paths + 1, sizeof(*net->config_paths));
	net->config_paths[net->nconfig_paths++] = path;
}

static void
use_shared(struct net *net, const struct cli *cli, const char *value)
{
	struct err	err = ERR_INIT;
	int		fd = (int)cli_number(cli, "--shared-fd", value, 0,
			    INT_MAX);

	shared_close(net->shared);
	if ((net->shared = shared_open(fd, &err)) == NULL)
		cli_usage(cli, "--shared-fd: %s", err.msg);
	close(fd);
}

int
net_option(struct net *net, const struct cli *cli, int id, const char *value)
{
	switch (id) {
	case CLI_ID_CONFIG:
		add_config(net, value);
		return 1;
	case CLI_ID_SHARED:
		use_shared(net, cli, value);
		return 1;
	}
	return cli_patience(cli, id, value, &net->patience);
}

void
net_open(struct net *net)
{
	struct err	err = ERR_INIT;

	net->ends_max = raise_limit();
	if (config_load(&net->config, net->config_paths, net->nconfig_paths,
	    &err) == -1 ||
	    creds_load(&net->creds, net->config.auth_file, &err) == -1)
		log_die(EXIT_USAGE_ERR, "%s", err.msg);
	if (net->shared == NULL &&
	    (net->shared = shared_open(-1, &err)) == NULL)
		log_die(EXIT_STOPPED, "%s", err.msg);
	net->loop = loop_new();
	net->http = http_new(net->loop, net->ends_max);
	http_set_stall(net->http, net->patience.stall_seconds);
	net->helpers = helpers_new(net->loop, creds_helpers(net->creds));
	net->reg = reg_new(net->http, &net->config.registries,
	    config_calls_per_host(&net->config), net->creds, net->helpers,
	    net->shared, &net->patience);
}

static void
remove_made(int status, void *dir)
{
	/* One that is not empty stays anyway. */
	if (status != EXIT_DONE)
		rmdir(dir);
	free(dir);
}

/* Rights are given to directories that are there, so it is made now. */
static void
add_layout(struct sandbox *sb, const char *dir)
{
	char	*copy;

	if (mkdir(dir, 0777) == 0) {
		on_exit(remove_made, xstrdup(dir));
		copy = xstrdup(dir);
		sandbox_rmdir(sb, dirname(copy));
		free(copy);
	}
	sandbox_write(sb, dir);
}

void
net_enter(const struct dest *d, const char *also)
{
	struct sandbox	sb;
	int		layout = d != NULL && d->ref.is_layout;

	sandbox_init(&sb, SANDBOX_NETWORK | SANDBOX_THREADS |
	    (layout ? SANDBOX_MODES : 0), MEMORY_MAX);
	if (layout)
		add_layout(&sb, d->ref.repo);
	if (also != NULL)
		sandbox_write(&sb, also);
	sandbox_read(&sb, "/");
	sandbox_enter(&sb);
}

void
net_enter_offline(const struct dest *d)
{
	struct sandbox	sb;

	sandbox_init(&sb, d != NULL ? SANDBOX_MODES : 0, MEMORY_MAX);
	if (d != NULL)
		add_layout(&sb, d->ref.repo);
	sandbox_enter(&sb);
}

void
net_close(struct net *net)
{
	struct place	*p;

	while ((p = net->places) != NULL) {
		net->places = p->next;
		if (p->layout != NULL)
			layout_close(p->layout);
		layout_index_free(p->index);
		free(p->index_err);
		free(p->layout);
		free(p->dir);
		free(p);
	}
	reg_free(net->reg);
	helpers_free(net->helpers);
	shared_close(net->shared);
	http_free(net->http);
	loop_free(net->loop);
	creds_free(net->creds);
	config_clear(&net->config);
	free(net->config_paths);
}

static struct place *
layout_place(const char *dir, struct err *err)
{
	struct layout	*layout = xcalloc(1, sizeof(*layout));
	struct place	*p;

	if (layout_open(layout, dir, err) == -1) {
		free(layout);
		return NULL;
	}
	p = xcalloc(1, sizeof(*p));
	p->layout = layout;
	p->dir = xstrdup(dir);
	return p;
}

struct place *
net_place(struct net *net, const struct ref *ref, struct err *err)
{
	struct reg_repo	*repo = NULL;
	struct place	*p;

	if (!ref->is_layout && (repo = reg_repo(net->reg, ref->host,
	    ref->repo, err)) == NULL)
		return NULL;
	for (p = net->places; p != NULL; p = p->next)
		if (repo != NULL ? p->repo == repo :
		    p->dir != NULL && strcmp(p->dir, ref->repo) == 0)
			return p;
	if (repo != NULL) {
		p = xcalloc(1, sizeof(*p));
		p->repo = repo;
	} else if ((p = layout_place(ref->repo, err)) == NULL) {
		return NULL;
	}
	p->next = net->places;
	net->places = p;
	return p;
}

const struct layout_index *
net_layout_index(struct place *p, struct err *err)
{
	assert(p->layout != NULL);
	if (p->index == NULL && p->index_err == NULL &&
	    (p->index = layout_index_read(p->layout, err)) == NULL) {
		p->index_err = xcalloc(1, sizeof(*p->index_err));
		*p->index_err = *err;
	}
	if (p->index == NULL)
		*err = *p->index_err;
	return p->index;
}

/* "host/repository", or "oci:" and the real folder. */
static int
name_dest(struct dest *d, struct err *err)
{
	char	*real;

	if (d->repo != NULL) {
		d->name = xstrdup(reg_repo_name(d->repo));
		return 0;
	}
	if ((real = realpath(d->ref.repo, NULL)) == NULL)
		return err_sys(err, "%s", d->ref.repo);
	d->name = xasprintf("oci:%s", real);
	free(real);
	return 0;
}

struct place *
net_dest_place(struct net *net, struct dest *d, struct err *err)
{
	struct place	*p;

	if (d->ref.is_layout) {
		if ((p = net_place(net, &d->ref, err)) == NULL)
			return NULL;
	} else {
		d->repo = reg_dest(net->reg, d->ref.host, d->ref.repo, err);
		if (d->repo == NULL)
			return NULL;
		p = xcalloc(1, sizeof(*p));
		p->repo = d->repo;
		p->next = net->places;
		net->places = p;
	}
	assert((p->repo != NULL) != (p->layout != NULL));
	return name_dest(d, err) == -1 ? NULL : p;
}

int
net_dest(struct net *net, struct dest *d, struct err *err)
{
	if (!d->ref.is_layout) {
		d->repo = reg_dest(net->reg, d->ref.host, d->ref.repo, err);
		if (d->repo == NULL)
			return -1;
	} else if (layout_create(&d->layout, d->ref.repo,
	    net->patience.stall_seconds, err) == -1) {
		return -1;
	}
	return name_dest(d, err);
}
