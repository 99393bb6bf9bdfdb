/*
 * Progress of a run: the events of the stages, as numbers.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "bin/ace-dt/progress.h"
#include "lib/base/xalloc.h"
#include "lib/text/json.h"

/* The rate is that of about the last RATE_SECONDS. */
#define RATE_SECONDS	5.0
/* How long at least between two looks at the rate, in seconds. */
#define RATE_STEP	0.5
/* Below this many bytes a second nobody can tell when the end comes. */
#define RATE_USEFUL	1000

void
progress_init(struct progress *p, int64_t now)
{
	memset(p, 0, sizeof(*p));
	p->rate_at = now;
}

static void
progress_free_items(struct progress_item *i)
{
	struct progress_item	*next;

	for (; i != NULL; i = next) {
		next = i->next;
		free(i->name);
		free(i);
	}
}

void
progress_clear(struct progress *p)
{
	progress_free_items(p->images);
	progress_free_items(p->blobs);
	memset(p, 0, sizeof(*p));
}

/* Where in the list an item is, or its end, which holds NULL. */
static struct progress_item **
progress_find(struct progress_item **list, const char *name, int64_t line)
{
	for (; *list != NULL; list = &(*list)->next)
		if ((*list)->line == line && strcmp((*list)->name, name) == 0)
			break;
	return list;
}

static struct progress_item *
progress_add(struct progress_item **end, const char *name, int64_t line,
    int64_t now)
{
	struct progress_item	*i = xcalloc(1, sizeof(*i));

	assert(*end == NULL);
	i->name = xstrdup(name);
	i->line = line;
	i->since = now;
	*end = i;
	return i;
}

static void
progress_drop(struct progress_item **at)
{
	struct progress_item	*i = *at;

	assert(i != NULL);
	*at = i->next;
	free(i->name);
	free(i);
}

static void
image_event(struct progress *p, jv ev, const char *state, int64_t now)
{
	struct progress_item	**at;
	char			 *source = json_str(ev, "source");
	int64_t			  line = 0, bytes = 0;

	if (source == NULL)
		return;
	json_int(ev, "line", &line);
	json_int(ev, "bytes", &bytes);
	at = progress_find(&p->images, source, line);
	if (strcmp(state, "start") == 0) {
		if (*at == NULL)
			progress_add(at, source, line, now);
	} else {
		p->done_images += strcmp(state, "done") == 0;
		p->failed_images += strcmp(state, "failed") == 0;
		if (*at != NULL)
			progress_drop(at);
		if (p->on_image != NULL && strcmp(state, "done") == 0)
			p->on_image(p->arg, source, bytes);
	}
	free(source);
}

/* A blob is at its end; how it came there is NULL if nobody says. */
static void
blob_done(struct progress *p, int64_t size, const char *how)
{
	p->settled_bytes += size;
	if (how != NULL && strcmp(how, "copied") == 0) {
		p->copied_blobs++;
		p->copied_bytes += size;
	} else {
		p->present_blobs++;
	}
}

static void
blob_event(struct progress *p, jv ev, const char *state, int64_t now)
{
	struct progress_item	**at, *i;
	char			 *digest = json_str(ev, "digest");
	char			 *how = json_str(ev, "how");
	int64_t			  bytes = 0, size = 0;
	int			  done = strcmp(state, "done") == 0;

	if (digest != NULL) {
		json_int(ev, "bytes", &bytes);
		json_int(ev, "size", &size);
		at = progress_find(&p->blobs, digest, 0);
		i = *at != NULL ? *at : progress_add(at, digest, 0, now);
		i->bytes = bytes;
		i->size = size;
		if (done || strcmp(state, "failed") == 0) {
			p->sent_bytes += bytes;
			progress_drop(at);
		}
		if (done)
			blob_done(p, size, how);
	}
	free(digest);
	free(how);
}

static void
published_event(struct progress *p, jv ev)
{
	int64_t	n = 0;

	p->published = 1;
	json_int(ev, "left_out", &p->left_out);
	p->changed = json_int(ev, "changed", &n) && n != 0;
}

/* Is the line worth parsing?  Most say only that a request was answered. */
static int
is_shown(const char *line, size_t len)
{
	static const char	request[] = "\"event\":\"request\"";

	return memmem(line, len, request, sizeof(request) - 1) == NULL;
}

void
progress_event(struct progress *p, const char *line, size_t len, int64_t now)
{
	jv	 ev;
	char	*name = NULL, *state = NULL;

	if (!is_shown(line, len))
		return;
	ev = jv_parse_sized(line, (int)len);
	if (jv_get_kind(ev) == JV_KIND_OBJECT) {
		name = json_str(ev, "event");
		state = json_str(ev, "state");
	}
	if (name == NULL)
		;
	else if (strcmp(name, "list") == 0)
		json_int(ev, "images", &p->total_images);
	else if (strcmp(name, "resolved") == 0)
		p->resolved++;
	else if (strcmp(name, "plan") == 0)
		json_int(ev, "bytes", &p->plan_bytes);
	else if (strcmp(name, "image") == 0 && state != NULL)
		image_event(p, ev, state, now);
	else if (strcmp(name, "blob") == 0 && state != NULL)
		blob_event(p, ev, state, now);
	else if (strcmp(name, "manifest") == 0)
		p->sent_manifests++;
	else if (strcmp(name, "published") == 0)
		published_event(p, ev);
	free(name);
	free(state);
	jv_free(ev);
}

/* The bytes of blobs that are under way. */
static int64_t
bytes_under_way(const struct progress *p)
{
	const struct progress_item	*i;
	int64_t				 n = 0;

	for (i = p->blobs; i != NULL; i = i->next)
		n += i->bytes;
	return n;
}

void
progress_tick(struct progress *p, int64_t now)
{
	int64_t	bytes = p->sent_bytes + bytes_under_way(p);
	double	s = (double)(now - p->rate_at) / 1000, window, weight;

	assert(now >= p->rate_at);
	if (p->rate_since == 0 && bytes > 0)
		p->rate_since = p->rate_at;
	if (p->rate_since == 0) {
		p->rate_at = now;
		return;
	}
	if (s < RATE_STEP)
		return;
	/* At first it is the rate since the first byte. */
	window = (double)(now - p->rate_since) / 1000;
	weight = s / (window < RATE_SECONDS ? window : RATE_SECONDS);
	if (weight > 1)
		weight = 1;
	p->rate += weight * ((double)(bytes - p->rate_bytes) / s - p->rate);
	p->rate_bytes = bytes;
	p->rate_at = now;
}

int64_t
progress_bytes(const struct progress *p)
{
	return p->settled_bytes + bytes_under_way(p);
}

int64_t
progress_left(const struct progress *p)
{
	int64_t	todo = p->plan_bytes - progress_bytes(p);

	if (todo <= 0 || p->rate <= RATE_USEFUL)
		return -1;
	return (int64_t)((double)todo / p->rate * 1000);
}
