/*
 * The requests of an upload of one blob, and what a registry's answers to them
 * mean.  What the registry has already is not sent again; where the upload
 * goes on is noted for a run after this one.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/http/field.h"
#include "lib/http/origin.h"
#include "lib/oci/digest.h"
#include "lib/transfer/source.h"
#include "tools/acedt-push/upload.h"

void
upload_init(struct upload *u)
{
	memset(u, 0, sizeof(*u));
	reg_call_init(&u->call);
	u->call.arg = u;
}

void
upload_forget(struct upload *u)
{
	free(u->session);
	u->session = NULL;
	u->earlier = 0;
	u->have = u->sent = 0;
}

void
upload_end(struct upload *u, int keep)
{
	journal_end(&u->entry, keep && u->session != NULL);
	upload_forget(u);
}

void
upload_clear(struct upload *u)
{
	assert(u->session == NULL && !u->entry.noted);
	reg_call_clear(&u->call);
}

void
upload_recall(struct upload *u, struct snapshots *found)
{
	assert(u->session == NULL && u->have == 0);
	if (u->size < UPLOAD_NOTED_MIN)
		return;
	journal_begin(u->journal, &u->entry, u->dest,
	    u->digest, &u->session, found);
	if (u->session == NULL)
		return;
	u->earlier = 1;
	/* Whoever wrote it: nobody but the registry gets the blob. */
	if (!reg_is_own(u->repo, u->session)) {
		log_info("blob %s: the upload that was noted is at another "
		    "host; not gone on with", u->digest);
		upload_forget(u);
		found->n = 0;
	}
}

void
upload_note(struct upload *u, const struct snapshots *taken)
{
	if (u->session != NULL)
		journal_write(u->journal, &u->entry, u->session, taken);
}

struct reg_call *
upload_request(struct upload *u, const char *method, upload_fn done)
{
	struct reg_call	*c = &u->call;

	reg_cancel(c);
	free(c->path);
	free(c->location);
	c->path = c->location = NULL;
	c->repo = u->repo;
	c->method = method;
	c->about = u->digest;
	c->push = 1;
	c->from = NULL;
	c->accept = c->content_type = NULL;
	c->body = NULL;
	c->body_len = 0;
	c->upload_size = 0;
	c->part_from = c->part_end = 0;
	c->on_read = NULL;
	c->on_done = done;
	c->transfer = u->size > SOURCE_SMALL;
	c->large = c->once = c->commit = 0;
	return c;
}

/* Where it goes on by the last answer; 0, or -1 when that does not say. */
int
upload_moved(struct upload *u, const struct snapshots *taken, struct err *err)
{
	struct reg_call	*c = &u->call;
	char		*v = reg_header(c, "Location");

	free(u->session);
	u->session = NULL;
	if (v == NULL)
		return err_set(err, ERR_REGISTRY, "%s accepts an upload but "
		    "names no Location for it", reg_repo_name(c->repo));
	if ((u->session = reg_resolve(c, v, err)) == NULL)
		return err_wrap(err, "%s: upload", reg_repo_name(c->repo));
	upload_note(u, taken);
	return 0;
}

/*
 * The most that goes in one request: as configured, but no less than it wants.
 */
static void
upload_set_chunk(struct upload *u)
{
	char	*v = reg_header(&u->call, "OCI-Chunk-Min-Length");
	int64_t	 least = v != NULL ? field_bytes(v) : -1;

	u->chunk = u->chunk_size;
	if (u->chunk > 0 && u->chunk < SOURCE_SMALL)
		u->chunk = SOURCE_SMALL;
	if (u->chunk > 0 && least > u->chunk && least <= UPLOAD_CHUNK_MAX)
		u->chunk = least;
}

int
upload_opened(struct upload *u, const struct snapshots *taken, struct err *err)
{
	if (upload_moved(u, taken, err) == -1)
		return -1;
	upload_set_chunk(u);
	return 0;
}

int
upload_stored(struct upload *u, struct err *err)
{
	struct reg_call	*c = &u->call;
	char		*v = reg_header(c, "Docker-Content-Digest");

	if (c->http.status == 202)
		return err_set(err, ERR_REGISTRY, "%s answers HTTP 202 to the "
		    "whole blob, as if more were to come",
		    reg_repo_name(c->repo));
	if (digest_contradicts(v, u->digest))
		return err_set(err, ERR_DIGEST, "%s stored it as %s",
		    reg_repo_name(c->repo), v);
	return 0;
}

int
upload_told_status(struct upload *u, const struct err *answer,
    const struct snapshots *taken, struct err *err)
{
	struct reg_call	*c = &u->call;
	char		*v = answer == NULL ? reg_header(c, "Range") : NULL;
	int64_t		 n = v != NULL ? field_upload_bytes(v) : 0;

	/* More than was sent is not an upload of ours. */
	if (n == 0 || n > (u->earlier ? u->size : u->sent)) {
		log_info("blob %s: %s kept nothing of it", u->digest,
		    reg_repo_name(c->repo));
		return 0;
	}
	u->earlier = 0;			/* now it is ours */
	u->have = u->sent = n;
	if (reg_header(c, "Location") != NULL &&
	    upload_moved(u, taken, err) == -1)
		return -1;
	upload_set_chunk(u);
	log_info("blob %s: going on at byte %lld of %lld", u->digest,
	    (long long)n, (long long)u->size);
	return 1;
}

int
upload_close(struct upload *u, upload_fn done)
{
	struct reg_call	*c;

	/* What Location names elsewhere is not asked to delete anything. */
	if (u->session == NULL || !origin_same(reg_endpoint(&u->call),
	    u->session)) {
		upload_forget(u);
		return 0;
	}
	c = upload_request(u, "DELETE", done);
	c->location = u->session;	/* moved */
	u->session = NULL;
	c->once = 1;
	reg_start(c);
	return 1;
}

void
upload_open(struct upload *u, upload_fn done)
{
	struct reg_call	*c = upload_request(u, "POST", done);

	c->path = xstrdup("blobs/uploads/");
	reg_start(c);
}

void
upload_ask_status(struct upload *u, upload_fn done)
{
	struct reg_call	*c = upload_request(u, "GET", done);

	assert(u->session != NULL);
	c->location = xstrdup(u->session);
	reg_start(c);
}

static void
upload_body(struct upload *u, const void *bytes)
{
	struct reg_call	*c = &u->call;

	assert(u->size <= SOURCE_SMALL && u->have == 0);
	c->content_type = "application/octet-stream";
	c->body = bytes;
	c->body_len = (size_t)u->size;
}

void
upload_post(struct upload *u, const void *bytes, upload_fn done)
{
	struct reg_call	*c = upload_request(u, "POST", done);

	c->path = origin_add_query("blobs/uploads/", "digest", u->digest);
	upload_body(u, bytes);
	reg_start(c);
}

/* The request that ends a session. */
static struct reg_call *
upload_last(struct upload *u, upload_fn done)
{
	struct reg_call	*c = upload_request(u, "PUT", done);

	assert(u->session != NULL);
	/* Its query is the registry's: added to, never taken apart. */
	c->location = origin_add_query(u->session, "digest", u->digest);
	return c;
}

void
upload_put(struct upload *u, const void *bytes, upload_fn done)
{
	struct reg_call	*c = upload_last(u, done);

	upload_body(u, bytes);
	reg_start(c);
}

static size_t
upload_read(struct reg_call *c, char *p, size_t room)
{
	struct upload	*u = c->arg;
	size_t		 n;

	assert(u->sent <= u->part_end);
	if ((int64_t)room > u->part_end - u->sent)
		room = (size_t)(u->part_end - u->sent);
	if (room == 0)
		return 0;
	n = u->read(u->arg, p, room);
	if (n != HTTP_PAUSE && n != HTTP_ABORT)
		u->sent += (int64_t)n;
	return n;
}

/* Bytes of a large blob, from u->sent up to end, as they come. */
static void
upload_stream_body(struct upload *u, struct reg_call *c, int64_t end)
{
	assert(u->sent < end && end <= u->size);
	c->content_type = "application/octet-stream";
	c->upload_size = end - u->sent;
	c->on_read = upload_read;
	c->large = c->once = c->commit = 1;
	u->part_end = end;
}

void
upload_stream(struct upload *u, upload_fn done)
{
	struct reg_call	*c = upload_last(u, done);

	upload_stream_body(u, c, u->size);
	reg_start(c);
}

int
upload_is_chunked(const struct upload *u)
{
	return u->have > 0 || (u->chunk > 0 && u->chunk < u->size);
}

void
upload_send_chunk(struct upload *u, upload_fn done)
{
	struct reg_call	*c = upload_request(u, "PATCH", done);
	int64_t		 end = u->size;

	assert(u->session != NULL);
	if (u->chunk > 0 && end - u->sent > u->chunk)
		end = u->sent + u->chunk;
	c->location = xstrdup(u->session);
	c->part_from = u->sent;
	c->part_end = end;
	upload_stream_body(u, c, end);
	reg_start(c);
}

/* All of it was sent, and is right. */
void
upload_commit(struct upload *u, upload_fn done)
{
	struct reg_call	*c = upload_last(u, done);

	assert(u->sent == u->size);
	c->body = "";
	c->commit = 1;
	reg_start(c);
}
