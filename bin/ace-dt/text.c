/*
 * What people read about a run: amounts, times, and the sentences with them.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bin/ace-dt/progress.h"
#include "bin/ace-dt/text.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/text/human.h"

#define NAME_SIZE	512		/* of a name in a row, escaped */

const char *
text_span(int64_t ms, char out[TEXT_NUMBER_MAX])
{
	int64_t	s = ms / 1000;

	assert(ms >= 0);
	if (s < 10)
		snprintf(out, TEXT_NUMBER_MAX, "%" PRId64 ".%" PRId64 " s", s,
		    ms % 1000 / 100);
	else if (s < 120)
		snprintf(out, TEXT_NUMBER_MAX, "%" PRId64 " s", s);
	else if (s < 7200)
		snprintf(out, TEXT_NUMBER_MAX, "%" PRId64 " min",
		    (s + 30) / 60);
	else
		snprintf(out, TEXT_NUMBER_MAX, "%" PRId64 " h %" PRId64 " min",
		    s / 3600, s % 3600 / 60);
	return out;
}

char *
text_image(const struct progress_item *i, int64_t now)
{
	char	span[TEXT_NUMBER_MAX], safe[NAME_SIZE];

	log_escape(safe, sizeof(safe), i->name);
	return xasprintf("  %7s  %s", text_span(now - i->since, span), safe);
}

char *
text_image_done(const char *source, int64_t bytes)
{
	char	amount[TEXT_NUMBER_MAX];

	return xasprintf("%s: %s", source, human_bytes(bytes, amount));
}

/* ", 12 s left", or nothing while nobody can know. */
static char *
text_left(const struct progress *p)
{
	int64_t	ms = progress_left(p);
	char	span[TEXT_NUMBER_MAX];

	if (ms == -1)
		return xstrdup("");
	if (ms < 10000)
		return xasprintf(", %.0f s left", (double)ms / 1000 + 0.5);
	return xasprintf(", %s left", text_span(ms, span));
}

char *
text_total(const struct progress *p, int width)
{
	char	*text, *left;
	char	 have[TEXT_NUMBER_MAX], want[TEXT_NUMBER_MAX];
	char	 rate[TEXT_NUMBER_MAX];

	if (p->total_images == 0)
		return xstrdup("reading the list");
	if (p->plan_bytes == 0 && p->done_images == 0)
		return xasprintf("%" PRId64 " of %" PRId64 " images looked up",
		    p->resolved, p->total_images);
	human_bytes(progress_bytes(p), have);
	human_bytes(p->plan_bytes, want);
	human_bytes((int64_t)p->rate, rate);
	left = text_left(p);
	text = xasprintf("%" PRId64 " of %" PRId64 " images, %s of %s, %s/s%s",
	    p->done_images, p->total_images, have, want, rate, left);
	if ((int)strlen(text) >= width) {
		free(text);
		text = xasprintf("%" PRId64 "/%" PRId64 ", %s/%s, %s/s%s",
		    p->done_images, p->total_images, have, want, rate, left);
	}
	free(left);
	return text;
}

static const char *
text_plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

/* " (of 3 more nothing was selected)", or nothing. */
static char *
text_left_out(const struct progress *p)
{
	return p->left_out == 0 ? xstrdup("") : xasprintf(" (of %" PRId64
	    " more nothing was selected)", p->left_out);
}

char *
text_summary(const struct progress *p, const char *image, int64_t ms)
{
	int64_t	 images = p->done_images - p->left_out;
	char	*text, *others = text_left_out(p);
	char	 copied[TEXT_NUMBER_MAX], span[TEXT_NUMBER_MAX];

	human_bytes(p->copied_bytes, copied);
	text_span(ms, span);
	if (p->changed)
		text = xasprintf("%s: gathered %" PRId64 " image%s%s, %" PRId64
		    " blob%s (%s) copied, %" PRId64 " there already, in %s",
		    image, images, text_plural(images), others, p->copied_blobs,
		    text_plural(p->copied_blobs), copied, p->present_blobs,
		    span);
	else if (p->copied_blobs > 0 || p->sent_manifests > 0)
		text = xasprintf("%s: the index is as it was, but %" PRId64
		    " blob%s (%s) and %" PRId64 " manifest%s below it were "
		    "copied, in %s", image, p->copied_blobs,
		    text_plural(p->copied_blobs), copied, p->sent_manifests,
		    text_plural(p->sent_manifests), span);
	else
		text = xasprintf("%s: nothing has changed, %" PRId64
		    " image%s%s in %s", image, images, text_plural(images),
		    others, span);
	free(others);
	return text;
}
