#ifndef ACEDT_STREAM_H
#define ACEDT_STREAM_H

#include <stddef.h>

#include <jv.h>

#include "lib/base/buf.h"
#include "lib/text/ndjson.h"

struct err;
struct pairs;

/*
 * The stream of acedt-stream(5): header, one record a source image, end with a
 * count; segments may follow each other.
 */

#define STREAM_VERSION	1

struct stream_in {
	struct ndjson	 lines;
	int		 in_segment;	/* between header and end */
	unsigned long	 segments;	/* complete ones */
	unsigned long	 images;	/* of this segment */
	int		 any_count;	/* accept an end with another count */
	int		 cut;		/* it ended where it must not */
};

/* One line that was read. */
struct record {
	char	*raw;		/* owned: the line's text, without newline */
	size_t	 len;
	jv	 obj;		/* owned: the same, parsed */
	int	 is_image;	/* else of a type that we do not know */
	char	*over;		/* owned: why record_set() failed, or NULL */
};

void	stream_in_init(struct stream_in *, int fd);
void	stream_in_clear(struct stream_in *);

/* Say that it waits, where nobody might know: a person has to type. */
void	stream_in_greet(const struct stream_in *);

/* ndjson_fill() for the loop that polls the descriptor. */
int	stream_in_fill(struct stream_in *, struct err *);

/*
 * 1: *rec is the next record.  0: none is buffered; when lines.eof is set too
 * the stream has ended as it should.  -1: ERR_STREAM, the input is malformed
 * or was cut short.
 */
int	stream_in_take(struct stream_in *, struct record *, struct err *);

/* Both in one, blocking; 0 is the end. */
int	stream_in_next(struct stream_in *, struct record *, struct err *);

/*
 * Say on standard error why the input could not be read on, with what it means
 * after it ("" if that is all).  Under a front-end that names the stage which
 * cut the stream short, that it was cut short is only worth an info message.
 */
void	stream_in_complain(const struct stream_in *, const struct err *,
	    const char *meaning);

/*
 * Make a record of the JSON object in a buffer, which is empty afterwards; the
 * buffer must have held all of it.
 */
void	record_take(struct record *, struct buf *, int is_image);
void	record_clear(struct record *);

/* "FILE:LINE: SOURCE" as far as the record says, for messages; into out. */
void	record_name(const struct record *, char *out, size_t size);

/*
 * Set a member of the record to a JSON text, raw and obj both.  A member that
 * is new is spliced into the text, which leaves the rest as it was to the byte;
 * one that is there is replaced.  What would make the record one that no stage
 * reads, too long a line for instance, is not set, nor is anything after it:
 * record_fits() tells, and must be asked before the record is put out.
 */
void	record_set(struct record *, const char *name, const char *json);
/* 0; or -1 with ERR_LIMIT for record_set_error(). */
int	record_fits(const struct record *, struct err *);

/*
 * The member "error" of the record from an error, replacing one there.  If the
 * rest leaves no room, only what says which image it is stays beside it.
 */
void	record_set_error(struct record *, const char *stage,
	    const struct err *);
/* Does the record have an error?  A null is not one. */
int	record_has_error(const struct record *);
/* Take the error off, if there is one. */
void	record_drop_error(struct record *);

/* Add the labels of the record, as far as they are strings. */
void	record_labels(const struct record *, struct pairs *);

struct stream_out {
	int		 fd;		/* borrowed */
	int		 to_pipe;	/* another stage reads it */
	struct buf	 buf;
	size_t		 sent;		/* of buf, written already */
	unsigned long	 images;
	unsigned long	 errors;	/* images with an error among them */
};

/* Puts the header into the buffer. */
void	stream_out_init(struct stream_out *, int fd);
void	stream_out_clear(struct stream_out *);
/* Put a record, borrowed, into the buffer. */
void	stream_out_put(struct stream_out *, const struct record *);
/* Put the end record: nothing may fail any more but the writing. */
void	stream_out_end(struct stream_out *);

/*
 * Say on standard error how many images failed, own of them in this stage; not
 * under a front-end, nor what the next stage of a pipe will say.
 */
void	stream_out_report(const struct stream_out *, unsigned long own);

/* How many bytes are not written yet. */
size_t	stream_out_waiting(const struct stream_out *);

/*
 * Write what is buffered: all of it, or with some at most what a pipe takes
 * without blocking once poll(2) said it is writable.  A reader that is gone
 * ends the process by SIGPIPE, as in any pipeline.
 */
int	stream_out_flush(struct stream_out *, int some, struct err *);

#endif
