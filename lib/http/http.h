#ifndef ACEDT_HTTP_H
#define ACEDT_HTTP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include <curl/curl.h>

#include "lib/base/buf.h"
#include "lib/http/origin.h"

struct err;
struct loop;
struct tls;

/*
 * HTTP requests on one libcurl multi, which is the engine of a loop.  A call is
 * one request and its answer: no redirect is followed, no credential is added,
 * nothing is tried again here; reg.h does that.
 *
 * Every callback is called from the loop: none from http_start(),
 * http_resume() or http_cancel().
 */

struct http;

#define HTTP_PAUSE	((size_t)-1)	/* no room, or no bytes, just now */
#define HTTP_ABORT	((size_t)-2)	/* end the call with an error */

struct http_call {
	/* Set by the caller before http_start(); all strings borrowed. */
	const char	*method;	/* GET, HEAD, DELETE, POST, PUT, PATCH */
	const char	*url;
	const char	*about;		/* what the URL does not say; or NULL */
	struct curl_slist *headers;	/* owned by the call from then on */
	const void	*body;		/* in memory, or NULL */
	size_t		 body_len;
	int64_t		 upload_size;	/* with on_read */
	size_t		 reply_max;	/* ceiling of reply */
	struct tls	*tls;		/* for https: of the URL's host */
	int		 bulk;		/* large: big buffers */
	int		 connect_seconds; /* 0: the usual */
	int		 commit;	/* the end of an upload: may last */
	enum origin_scope scope_max;	/* to no address that is nearer */

	/* Fill at most room bytes; or HTTP_PAUSE, HTTP_ABORT. */
	size_t		(*on_read)(struct http_call *, char *, size_t room);
	/*
	 * There is a connection, on which the request is sent now; may be NULL.
	 */
	void		(*on_reached)(struct http_call *);
	/*
	 * Called once, with the status and headers there, before the body: 1 if
	 * the body goes to on_data, 0 if it is collected in reply.
	 */
	int		(*on_head)(struct http_call *);
	/* Take all n bytes (return n), or HTTP_PAUSE, HTTP_ABORT. */
	size_t		(*on_data)(struct http_call *, const char *, size_t n);
	/* The call has ended; it may be started again or freed here. */
	void		(*on_done)(struct http_call *);

	/* The result. */
	CURLcode	 result;
	long		 status;	/* 0: no answer */
	struct buf	 head;		/* header fields, "name: value\n" */
	struct buf	 reply;
	int		 stalled;	/* for so many seconds; then it was ended */
	int		 crawled;	/* it was not whole after so many */
	int		 head_over;	/* ceiling of head was reached */
	int		 reply_over;	/* ceiling of reply was reached */
	int		 expect_refused; /* 417; libcurl may have tried again */
	int64_t		 sent;		/* body bytes given to libcurl */
	char		 address[64];	/* of the other side; "" if none */
	enum origin_scope scope;	/* of the address; of a proxy ORIGIN_PUBLIC */
	char		 refused[64];	/* an address that scope_max forbade */
	enum origin_scope refused_scope;
	long		 tunnel_status;	/* of the proxy's CONNECT, 0 if none */
	char		 errbuf[CURL_ERROR_SIZE];

	/* Private. */
	struct http	*http;
	CURL		*easy;
	struct buf	 reply_header;	/* what http_header() gave out */
	int		 active;
	int		 direct;	/* never by a proxy */
	int		 streaming;
	int		 head_seen;
	int		 head_whole;	/* the empty line behind it came */
	size_t		 head_bytes;	/* of all answers, 1xx too */
	int		 resume;	/* in the list of those to go on */
	int		 paused;	/* by us, so it does not stall */
	int64_t		 moved;		/* clock_ms() of the last byte */
	int64_t		 started;	/* clock_ms() */
	int64_t		 body_began;	/* clock_ms(), if head_seen */
	SLIST_ENTRY(http_call) resumes;
};

/*
 * At most connections_max connections at a time; further calls wait.  The loop
 * is borrowed, and must outlive it.
 */
struct http *http_new(struct loop *, size_t connections_max);
/* The loop that it was made for. */
struct loop *http_loop(const struct http *);
/* End calls that no byte moves for so long. */
void	http_set_stall(struct http *, int seconds);
void	http_free(struct http *);

/* All zero, and it may go anywhere. */
void	http_call_init(struct http_call *);
/* Ends it without on_done if it is active. */
void	http_call_clear(struct http_call *);

void	http_start(struct http *, struct http_call *);
/* End it now; on_done is not called. */
void	http_cancel(struct http_call *);
/* It paused; the loop goes on with it on the next turn. */
void	http_resume(struct http_call *);

/*
 * The value of a response header, without blanks around it, or NULL; the nth
 * one (from 0) of several with that name.  Borrowed until the next call of
 * this function with the same http_call.
 */
char	*http_header(struct http_call *, const char *name, size_t nth);

/* The class and text of a call that got no answer; returns -1. */
int	http_error(const struct http_call *, struct err *);
/* May the same request succeed when it is sent again? */
int	http_error_is_passing(const struct http_call *);

#endif
