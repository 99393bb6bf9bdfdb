/*
 * When the end of a request comes, where nobody answers.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/log.h"
#include "lib/http/http.h"
#include "lib/http/loop.h"
#include "lib/registry/creds.h"
#include "lib/registry/endpoint.h"
#include "lib/registry/helper.h"
#include "lib/registry/patience.h"
#include "lib/registry/reg.h"
#include "lib/registry/shared.h"
#include "test/unit/tap.h"

/* Nobody listens at this port, which only root could. */
#define HOST	"127.0.0.1:1"

static const struct reg_request head = {
	.method = "HEAD",
	.path = "manifests/latest",
	.once = 1,
	.hurry = 1
};

struct story {
	struct reg_call		*call;
	int			 ends;
	enum err_class		 cls;
	long			 status;
	char			 endpoint[64];
	struct reg_repo		*again;		/* ask this one too, once */
};

static void
ended(void *arg, const struct reg_answer *a, const struct err *err)
{
	struct story	*s = arg;

	s->ends++;
	s->cls = err != NULL ? err->cls : ERR_INTERNAL;
	s->status = a->status;
	snprintf(s->endpoint, sizeof(s->endpoint), "%s", a->endpoint);
	is_str(a->body, "");
	reg_abandon(s->call);		/* does nothing, from here */
	s->call = NULL;
	if (s->again != NULL) {
		s->call = reg_send(s->again, &head, ended, s);
		s->again = NULL;
	}
}

static void
run_until(struct loop *loop, const struct story *s, int ends)
{
	while (s->ends < ends) {
		loop_wait(loop, NULL, 0, 1000);
		loop_run(loop);
	}
}

static void
look(struct loop *loop, struct reg_repo *repo)
{
	struct story	s, other;

	memset(&s, 0, sizeof(s));
	memset(&other, 0, sizeof(other));
	s.call = reg_send(repo, &head, ended, &s);
	ok(s.call != NULL && s.ends == 0, "no end before it is sent");
	run_until(loop, &s, 1);
	is_int(s.cls, ERR_NETWORK);
	is_int(s.status, 0);
	is_str(s.endpoint, "https://" HOST);

	s.again = repo;
	s.ends = 0;
	s.call = reg_send(repo, &head, ended, &s);
	other.call = reg_send(repo, &head, ended, &other);
	reg_abandon(other.call);
	run_until(loop, &s, 2);
	is_int(s.ends, 2);
	is_int(other.ends, 0);

	other.call = reg_send(repo, &head, ended, &other);
	loop_run(loop);			/* it is under way, or failing */
	reg_abandon(other.call);
	reg_abandon(NULL);
	memset(&s, 0, sizeof(s));
	reg_ask(repo, &head, ended, &s);
	is_int(s.ends, 1);
	is_int(other.ends, 0);
}

int
main(void)
{
	static const char *const no_names[] = { NULL };
	struct registries	 registries;
	struct patience		 patience;
	struct err		 err = ERR_INIT;
	struct loop		*loop = loop_new();
	struct http		*http = http_new(loop, 4);
	struct shared		*shared = shared_open(-1, &err);
	struct helpers		*helpers = helpers_new(loop, no_names);
	struct creds		*creds;
	struct reg_repo		*repo;
	struct reg		*reg;

	log_init("t_request");
	setenv("HOME", "/nonexistent", 1);
	unsetenv("DOCKER_CONFIG");
	unsetenv("XDG_RUNTIME_DIR");
	memset(&registries, 0, sizeof(registries));
	patience_init(&patience);
	if (shared == NULL || creds_load(&creds, NULL, &err) == -1) {
		ok(0, "%s", err.msg);
		return tap_end();
	}
	reg = reg_new(http, &registries, 2, creds, helpers, shared,
	    &patience);
	repo = reg_repo(reg, HOST, "a", &err);
	ok(repo != NULL, "a repository");
	if (repo != NULL)
		look(loop, repo);
	reg_free(reg);
	helpers_free(helpers);
	shared_close(shared);
	http_free(http);
	creds_free(creds);
	registries_clear(&registries);
	loop_free(loop);
	return tap_end();
}
