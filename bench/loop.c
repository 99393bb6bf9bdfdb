/*
 * loop [-n TRANSFERS] LIST ...
 *
 * The requests of a copy and nothing besides: what libcurl and the registries
 * take at least.  No digest is made, no JSON read, nothing tried again.
 *
 * A list has one request a line, METHOD URL [BODY [TYPE]], and an empty line
 * after each group.  TRANSFERS groups are under way at a time, their requests
 * one after the other:
 *
 *	HEAD URL - TYPE		TYPE is the Accept field
 *	GET URL SIZE TYPE	the answer is the body for the group's PUT
 *	POST URL		its Location is where the group's PUT goes
 *	PUT DIGEST SIZE		send SIZE bytes of the GET, with digest=DIGEST
 *	PUT DIGEST FILE		send a file
 *	PUT URL SIZE TYPE	send to a URL of its own
 *
 * A body that is larger than RING_MAX passes through a ring of that size, PUT
 * beside GET.  Lists are done one after the other: what is in the second may
 * need what the first did.  Writes to standard output what it took.
 */
#include <sys/resource.h>
#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "lib/base/clock.h"
#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/http/origin.h"

/* The numbers that lib/http/http.c and lib/transfer/source.[ch] have had. */
#define RING_MAX	(1024 * 1024)
#define BUFFER_SMALL	16384L
#define BUFFER_BULK	524288L
#define SMALL_MAX	(256 * 1024)
#define IDLE_MAX	128L

#define STEPS_MAX	3
#define SLOTS_MAX	1000

struct step {
	char	*method;		/* owned, as are the others */
	char	*url;
	char	*body;			/* a size, a file, "-", or NULL */
	char	*type;			/* may be NULL */
};

struct group {
	struct step	 steps[STEPS_MAX];
	int		 nsteps;
};

struct slot;

struct transfer {
	struct slot		*slot;
	struct step		*step;
	CURL			*easy;
	struct curl_slist	*headers;
	int			 active, paused;
};

/* A group under way. */
struct slot {
	struct group	*group;		/* NULL: idle */
	int		 next;		/* the step to be started next */
	struct transfer	 get, other;
	char		*location;	/* of the POST, owned */
	int		 fd;		/* body of the PUT, or -1 */
	char		*ring;
	size_t		 cap, head, len;
	int64_t		 left;		/* bytes that the GET still owes */
};

static CURLM		*multi;
static struct slot	*slots;
static int		 nslots = HTTP_CALLS_PER_HOST;
static struct group	*groups;	/* of the list under way */
static size_t		 ngroups, taken;
static int64_t		 requests, bytes;

static int
is_method(const struct step *s, const char *method)
{
	return strcmp(s->method, method) == 0;
}

/* -1 if the body is not a number. */
static int64_t
body_size(const struct step *s)
{
	if (s->body == NULL || !isdigit((unsigned char)*s->body))
		return -1;
	return strtoll(s->body, NULL, 10);
}

static size_t
write_cb(char *p, size_t size, size_t n, void *arg)
{
	struct transfer	*t = arg;
	struct slot	*s = t->slot;
	size_t		 at, part;

	(void)size;
	if (t != &s->get || s->cap == 0)
		return n;
	if (n > (uint64_t)s->left)
		return 0;
	if (n > s->cap - s->len) {
		t->paused = 1;
		return CURL_WRITEFUNC_PAUSE;
	}
	at = (s->head + s->len) % s->cap;
	part = n < s->cap - at ? n : s->cap - at;
	memcpy(s->ring + at, p, part);
	memcpy(s->ring, p + part, n - part);
	s->len += n;
	s->left -= (int64_t)n;
	return n;
}

static size_t
read_cb(char *p, size_t size, size_t n, void *arg)
{
	struct transfer	*t = arg;
	struct slot	*s = t->slot;
	ssize_t		 got;

	n *= size;
	if (s->fd != -1) {
		if ((got = read(s->fd, p, n)) == -1)
			return CURL_READFUNC_ABORT;
		bytes += got;
		return (size_t)got;
	}
	if (s->len == 0 && s->left > 0) {
		t->paused = 1;
		return CURL_READFUNC_PAUSE;
	}
	if (n > s->len)
		n = s->len;
	if (n > s->cap - s->head)
		n = s->cap - s->head;
	if (n > 0) {
		memcpy(p, s->ring + s->head, n);
		s->head = (s->head + n) % s->cap;
		s->len -= n;
	}
	bytes += (int64_t)n;
	return n;
}

static void
add_header(struct transfer *t, const char *name, const char *value)
{
	char	*line = xasprintf("%s: %s", name, value);

	t->headers = curl_slist_append(t->headers, line);
	free(line);
}

/* The size of a PUT's body; a file is opened. */
static int64_t
open_body(struct slot *s, const struct step *step)
{
	struct stat	st;
	int64_t		size = body_size(step);

	if (size != -1)
		return size;
	s->fd = open(step->body, O_RDONLY | O_CLOEXEC);
	if (s->fd == -1 || fstat(s->fd, &st) == -1)
		log_die(EXIT_STOPPED, "%s: %s", step->body, strerror(errno));
	return st.st_size;
}

static void
set_put(struct transfer *t, const struct step *step)
{
	struct slot	*s = t->slot;
	int64_t		 size = open_body(s, step);
	char		*url;

	curl_easy_setopt(t->easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(t->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)size);
	curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, read_cb);
	curl_easy_setopt(t->easy, CURLOPT_READDATA, t);
	if (size > SMALL_MAX)
		curl_easy_setopt(t->easy, CURLOPT_UPLOAD_BUFFERSIZE,
		    BUFFER_BULK);
	add_header(t, "Content-Type", step->type != NULL ? step->type :
	    "application/octet-stream");
	/* curl would wait for leave before it sends. */
	t->headers = curl_slist_append(t->headers, "Expect:");
	if (strncmp(step->url, "http", 4) == 0)
		return;
	if (s->location == NULL)
		log_die(EXIT_INPUT, "a PUT of a digest without a POST");
	url = origin_add_query(s->location, "digest", step->url);
	curl_easy_setopt(t->easy, CURLOPT_URL, url);
	free(url);
}

/* Room for what the group's PUT is going to send. */
static void
make_ring(struct slot *s, int64_t size)
{
	size_t	cap;

	if (size < 0)
		size = 0;		/* nobody wants it */
	cap = size < RING_MAX ? (size_t)size : RING_MAX;
	free(s->ring);
	s->ring = cap > 0 ? xmalloc(cap) : NULL;
	s->cap = cap;
	s->head = s->len = 0;
	s->left = size;
}

static void
start(struct slot *s, struct step *step)
{
	struct transfer	*t = is_method(step, "GET") ? &s->get : &s->other;
	int64_t		 size = body_size(step);

	curl_easy_reset(t->easy);
	t->step = step;
	t->active = 1;
	t->paused = 0;
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(t->easy, CURLOPT_URL, step->url);
	curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_TIME,
	    (long)HTTP_STALL_SECONDS);
	curl_easy_setopt(t->easy, CURLOPT_BUFFERSIZE,
	    size > SMALL_MAX ? BUFFER_BULK : BUFFER_SMALL);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, write_cb);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	if (is_method(step, "PUT")) {
		set_put(t, step);
	} else if (is_method(step, "POST")) {
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, "");
	} else {
		if (step->type != NULL)
			add_header(t, "Accept", step->type);
		if (is_method(step, "HEAD"))
			curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
		else
			make_ring(s, size);
	}
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	curl_multi_add_handle(multi, t->easy);
}

static void
take_location(struct transfer *t)
{
	struct curl_header	*h;
	struct err		 err = ERR_INIT;

	if (curl_easy_header(t->easy, "Location", 0, CURLH_HEADER, -1, &h) !=
	    CURLHE_OK || (t->slot->location = origin_resolve(t->step->url,
	    ORIGIN_LOOPBACK,
	    h->value, &err)) == NULL)
		log_die(EXIT_STOPPED, "%s: no Location", t->step->url);
}

static void
finish(void)
{
	struct transfer	*t;
	CURLMsg		*m;
	long		 status;
	int		 left;

	while ((m = curl_multi_info_read(multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
		curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
		if (status >= 300 || m->data.result != CURLE_OK)
			log_die(EXIT_STOPPED, "%s %s: %ld, %s",
			    t->step->method, t->step->url, status,
			    curl_easy_strerror(m->data.result));
		if (t == &t->slot->get && t->slot->cap > 0 &&
		    t->slot->left > 0)
			log_die(EXIT_STOPPED, "GET %s: too short",
			    t->step->url);
		requests++;
		if (is_method(t->step, "POST"))
			take_location(t);
		curl_multi_remove_handle(multi, t->easy);
		curl_slist_free_all(t->headers);
		t->headers = NULL;
		t->active = t->paused = 0;
	}
}

static void
resume(struct transfer *t)
{
	t->paused = 0;
	curl_easy_pause(t->easy, CURLPAUSE_CONT);
}

/* Whatever can go on in a slot; 0 when there is nothing left for it. */
static int
slot_work(struct slot *s)
{
	if (s->group == NULL || (s->next == s->group->nsteps &&
	    !s->get.active && !s->other.active)) {
		free(s->location);
		s->location = NULL;
		if (s->fd != -1)
			close(s->fd);
		s->fd = -1;
		s->next = 0;
		s->group = taken < ngroups ? &groups[taken++] : NULL;
		if (s->group == NULL)
			return 0;
	}
	if (s->get.paused && s->cap - s->len >= BUFFER_BULK)
		resume(&s->get);
	if (s->other.paused && (s->len > 0 || s->left == 0))
		resume(&s->other);
	/* A GET that waits for room needs the next step to make it. */
	if (s->next < s->group->nsteps && !s->other.active &&
	    (!s->get.active || s->get.paused))
		start(s, &s->group->steps[s->next++]);
	return 1;
}

static void
run_list(void)
{
	int	i, running, some;

	for (;;) {
		curl_multi_perform(multi, &running);
		finish();
		some = 0;
		for (i = 0; i < nslots; i++)
			some |= slot_work(&slots[i]);
		if (!some)
			return;
		curl_multi_poll(multi, NULL, 0, 1000, NULL);
	}
}

/* The next word of a line, for the caller to free; NULL at its end. */
static char *
take_word(char **line)
{
	char	*word;

	while ((word = strsep(line, " \n")) != NULL && *word == '\0')
		;
	return word != NULL ? xstrdup(word) : NULL;
}

/* A body of so many bytes can only be that of a GET before. */
static int
body_is_known(const struct group *g, const struct step *put)
{
	int	i;

	if (put->body != NULL && body_size(put) == -1)
		return 1;
	for (i = 0; i < g->nsteps; i++)
		if (is_method(&g->steps[i], "GET") &&
		    body_size(&g->steps[i]) == body_size(put))
			return put->body != NULL;
	return 0;
}

/* Add a line to the groups; 0 if it is empty and ends one. */
static int
add_line(const char *name, char *line, int open)
{
	struct step	 step;
	struct group	*g;

	step.method = take_word(&line);
	if (step.method == NULL)
		return 0;
	step.url = take_word(&line);
	step.body = take_word(&line);
	step.type = take_word(&line);
	if (!open) {
		groups = xreallocarray(groups, ngroups + 1, sizeof(*groups));
		memset(&groups[ngroups++], 0, sizeof(*groups));
	}
	g = &groups[ngroups - 1];
	if (step.url == NULL || g->nsteps == STEPS_MAX ||
	    (!is_method(&step, "HEAD") && !is_method(&step, "GET") &&
	    !is_method(&step, "POST") && !is_method(&step, "PUT")) ||
	    (is_method(&step, "PUT") && !body_is_known(g, &step)))
		log_die(EXIT_INPUT, "%s: group %zu: %s cannot be used", name,
		    ngroups, step.method);
	g->steps[g->nsteps++] = step;
	return 1;
}

static void
free_groups(void)
{
	size_t	i;
	int	k;

	for (i = 0; i < ngroups; i++)
		for (k = 0; k < groups[i].nsteps; k++) {
			free(groups[i].steps[k].method);
			free(groups[i].steps[k].url);
			free(groups[i].steps[k].body);
			free(groups[i].steps[k].type);
		}
	free(groups);
	groups = NULL;
	ngroups = taken = 0;
}

static void
read_list(const char *name)
{
	FILE	*f = fopen(name, "re");
	char	*line = NULL;
	size_t	 cap = 0;
	int	 open = 0;

	if (f == NULL)
		log_die(EXIT_STOPPED, "%s: %s", name, strerror(errno));
	while (getline(&line, &cap, f) != -1)
		open = add_line(name, line, open);
	free(line);
	fclose(f);
}

static void
make_slots(void)
{
	int	i;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	if ((multi = curl_multi_init()) == NULL)
		log_die(EXIT_STOPPED, "libcurl cannot be set up");
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, IDLE_MAX);
	slots = xcalloc((size_t)nslots, sizeof(*slots));
	for (i = 0; i < nslots; i++) {
		slots[i].fd = -1;
		slots[i].get.slot = slots[i].other.slot = &slots[i];
		slots[i].get.easy = curl_easy_init();
		slots[i].other.easy = curl_easy_init();
		if (slots[i].get.easy == NULL || slots[i].other.easy == NULL)
			log_die(EXIT_STOPPED, "out of memory");
	}
}

static void
free_slots(void)
{
	int	i;

	for (i = 0; i < nslots; i++) {
		curl_easy_cleanup(slots[i].get.easy);
		curl_easy_cleanup(slots[i].other.easy);
		free(slots[i].ring);
	}
	free(slots);
	curl_multi_cleanup(multi);
	curl_global_cleanup();
}

static double
seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

int
main(int argc, char *argv[])
{
	struct rusage	 ru;
	int64_t		 began = clock_ms();
	int		 i = 1;

	log_init("loop");
	if (argc > 2 && strcmp(argv[1], "-n") == 0) {
		nslots = (int)strtol(argv[2], NULL, 10);
		i = 3;
	}
	if (i >= argc || nslots < 1 || nslots > SLOTS_MAX)
		log_die(EXIT_USAGE_ERR, "usage: loop [-n TRANSFERS] LIST ...");
	make_slots();
	for (; i < argc; i++) {
		read_list(argv[i]);
		run_list();
		free_groups();
	}
	free_slots();
	getrusage(RUSAGE_SELF, &ru);
	printf("%lld requests, %lld bytes sent, wall %.3f s, user %.3f s, "
	    "sys %.3f s\n", (long long)requests, (long long)bytes,
	    (double)(clock_ms() - began) / 1000, seconds(ru.ru_utime),
	    seconds(ru.ru_stime));
	return EXIT_DONE;
}
