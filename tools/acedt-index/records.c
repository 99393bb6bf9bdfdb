/*
 * The records of the stream: what failed is said, what was pushed to the
 * destination is gathered.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/env.h"
#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/oci/dest.h"
#include "lib/program/net.h"
#include "lib/stream/events.h"
#include "lib/stream/stream.h"
#include "lib/text/json.h"
#include "tools/acedt-index/gather.h"
#include "tools/acedt-index/index.h"

/*
 * Was the same said of another image?  That an account may not do something
 * holds for all images of a repository, and is said once.
 */
static int
was_said(struct indexer *x, const char *class, const char *text,
    const char *name)
{
	if (class == NULL || text == NULL || (strcmp(class, "denied") != 0 &&
	    strcmp(class, "unauthorized") != 0))
		return 0;
	if (x->said != NULL && strcmp(x->said, text) == 0) {
		x->said_again++;
		return 1;
	}
	if (x->said == NULL) {
		x->said = xstrdup(text);
		x->said_of = xstrdup(name);
	}
	return 0;
}

/* An image failed in a stage before this one: say what it says. */
static void
report_record_error(struct indexer *x, const struct record *rec)
{
	jv	 e = json_get(rec->obj, "error");
	char	*stage = json_str(e, "stage"), *text = json_str(e, "message");
	char	*class = json_str(e, "class");
	char	 name[1024];

	record_name(rec, name, sizeof(name));
	if (!was_said(x, class, text, name))
		log_error("%s: %s%s%s", name, stage != NULL ? stage :
		    "", stage != NULL ? ": " : "", text != NULL ? text :
		    "failed");
	free(class);
	free(stage);
	free(text);
	jv_free(e);
	x->failed++;
}

/* The destination, once there is something to do with it. */
void
records_open_dest(struct indexer *x)
{
	struct err	err = ERR_INIT;

	if (x->print || x->dest.name != NULL)
		return;
	if (net_dest(&x->net, &x->dest, &err) == -1)
		log_die(EXIT_STOPPED, "%s", err.msg);
	if (x->dest.ref.is_layout)
		x->gather.sums.layout = &x->dest.layout;
}

/* Was the record's content pushed to where the index goes? */
static int
check_pushed(const struct indexer *x, const struct record *rec,
    struct err *err)
{
	char	*where = json_str(rec->obj, "pushed");
	int	 rc = 0;

	if (x->print)
		;
	else if (where == NULL)
		rc = err_set(err, ERR_STREAM, "its content was not pushed to "
		    "%s: run acedt-push before", x->dest.name);
	else if (strcmp(where, x->dest.name) != 0)
		rc = err_set(err, ERR_STREAM, "its content was pushed to %s, "
		    "not to %s", where, x->dest.name);
	free(where);
	return rc;
}

/*
 * What a record says of the index that is published now.  Only within one run
 * of the front-end: a stream that was saved may tell of days long gone.
 */
static void
note_known(struct indexer *x, const struct record *rec)
{
	jv	 present = json_get(rec->obj, "present");
	char	*image = json_str(present, "image");
	char	*index = json_str(present, "index"), *own;

	jv_free(present);
	own = x->print ? xstrdup("") : xasprintf("%s:%s", x->dest.name,
	    x->dest.tag);
	if (!env_is_supervised() || image == NULL ||
	    index == NULL || strcmp(image, own) != 0 ||
	    (x->known != NULL && strcmp(x->known, index) != 0))
		x->unsure = 1;
	if (x->known == NULL && index != NULL)
		x->known = xstrdup(index);
	free(own);
	free(image);
	free(index);
}

/* The filter left nothing of this image. */
static void
note_left_out(struct indexer *x, const struct record *rec)
{
	char	name[1024];

	if (x->nleft_out++ >= LEFT_OUT_NAMED)
		return;
	record_name(rec, name, sizeof(name));
	buf_addf(&x->left_out, "%s%s", x->nleft_out > 1 ? ", " : "", name);
}

/* Gather an image, or say why that cannot be done. */
static void
add_record(struct indexer *x, const struct record *rec)
{
	struct err	err = ERR_INIT;
	size_t		entries = x->gather.nentries;
	char		name[1024];

	if (!rec->is_image) {
		if (original_is(rec) &&
		    original_take(&x->original, rec, &err) == -1)
			log_die(EXIT_INPUT, "%s; nothing was published",
			    err.msg);
		return;
	}
	x->gather.images++;
	if (record_has_error(rec)) {
		report_record_error(x, rec);
		return;
	}
	records_open_dest(x);
	assert(x->print || x->dest.name != NULL);
	note_known(x, rec);
	if (x->gather.full)
		return;			/* that was said */
	if (check_pushed(x, rec, &err) == 0 &&
	    gather_add(&x->gather, rec, &err) == 0) {
		original_note(&x->original, rec);
		if (x->gather.nentries == entries)
			note_left_out(x, rec);
		return;
	}
	record_name(rec, name, sizeof(name));
	log_error("%s: %s", name, err.msg);
	x->failed++;
}

/* All images came, and none of them failed; else nothing is published. */
static void
check_complete(const struct indexer *x)
{
	if (x->said_again > 0)
		log_error("%lu more image%s failed for the reason that is "
		    "given for %s", x->said_again, x->said_again == 1 ? "" :
		    "s", x->said_of);
	if (x->images != -1 && (uint64_t)x->images != x->gather.images)
		log_die(EXIT_INPUT, "%lu image%s came, and --images says %"
		    PRId64 "; nothing was published (is a part of the stream "
		    "missing?)", x->gather.images, x->gather.images == 1 ?
		    "" : "s", x->images);
	if (x->failed > 0 && x->print)
		log_die(EXIT_IMAGES, "%lu of %lu images failed; no index",
		    x->failed, x->gather.images);
	if (x->failed > 0)
		log_die(EXIT_IMAGES, "%lu of %lu images failed; nothing was "
		    "published, %s is as it was", x->failed, x->gather.images,
		    x->dest.ref.text);
}

void
records_read(struct indexer *x)
{
	struct stream_in	in;
	struct record		rec;
	struct err		err = ERR_INIT;
	int			rc;

	stream_in_init(&in, STDIN_FILENO);
	stream_in_greet(&in);
	while ((rc = stream_in_next(&in, &rec, &err)) == 1) {
		add_record(x, &rec);
		record_clear(&rec);
	}
	if (rc == -1) {
		stream_in_complain(&in, &err, "; nothing was published");
		exit(EXIT_INPUT);
	}
	stream_in_clear(&in);
	check_complete(x);
}
