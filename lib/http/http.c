/*
 * HTTP by libcurl's multi interface: calls, their bodies, and the connections
 * that they go through.  Outside of lib/http nothing knows libcurl.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "lib/base/clock.h"
#include "lib/base/env.h"
#include "lib/base/errmsg.h"
#include "lib/base/exits.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"
#include "lib/http/http.h"
#include "lib/http/loop.h"
#include "lib/http/tls.h"
#include "lib/stream/events.h"

/* Handles that are kept for the next call instead of being freed. */
#define SPARE_MAX	64
/*
 * Bytes that libcurl reads from a socket, or writes, at a time.  Small answers
 * fit the small one.  For blobs of 1.08 GB from one docker-registry to another
 * acedt-push took 1.24 to 1.27 s of CPU for each GB with any of 32 to 512 KiB,
 * of which SHA-256 is 0.56.
 */
#define BUFFER_SMALL	16384L
#define BUFFER_BULK	262144L
#define UPLOAD_BULK	262144L
#define LOW_SPEED_NEVER	1000000000L	/* seconds */
/* How long the loop waits at a time when it need not end. */
#define FOREVER_MS	3600000
/* Connections kept open while idle, over all hosts. */
#define IDLE_MAX	128L

/* What the environment names, for http and https; port 0: none. */
struct proxy {
	char	host[256];
	int	port;
	int	is_literal;	/* an address */
};

struct http {
	CURLM			*multi;
	struct proxy		 proxies[2];
	CURL			*spare[SPARE_MAX];
	size_t			 nspare;
	size_t			 active;
	SLIST_HEAD(, http_call)	 resumes;
	struct loop		*loop;		/* borrowed */
	struct loop_engine	 engine;
	struct curl_waitfd	*fds;		/* owned scratch */
	unsigned int		 fds_max;
	int			 proxy_loopback;
	int			 stall_seconds;
};

static void	http_run(void *);
static void	http_poll(void *, struct pollfd *, unsigned int, int);

/* The first of the variables that is set, as libcurl reads it. */
static void
read_proxy(struct proxy *p, const char *const *names)
{
	unsigned char	 a[16];
	const char	*v = NULL;
	char		*s = NULL;
	CURLU		*u;

	for (; *names != NULL && v == NULL; names++)
		v = env_get(*names);
	if (v == NULL || (u = curl_url()) == NULL)
		return;
	if (curl_url_set(u, CURLUPART_URL, v, CURLU_NON_SUPPORT_SCHEME |
	    CURLU_GUESS_SCHEME) == 0 &&
	    curl_url_get(u, CURLUPART_HOST, &s, 0) == 0) {
		/* Of an IPv6 address without its brackets. */
		snprintf(p->host, sizeof(p->host), "%.*s",
		    (int)strcspn(s + (*s == '['), "]"), s + (*s == '['));
		p->is_literal = inet_pton(AF_INET, p->host, a) == 1 ||
		    inet_pton(AF_INET6, p->host, a) == 1;
		curl_free(s);
		s = NULL;
		p->port = strncasecmp(v, "https:", 6) == 0 ? 443 : 1080;
		if (curl_url_get(u, CURLUPART_PORT, &s, 0) == 0)
			p->port = (int)strtol(s, NULL, 10);
	}
	curl_free(s);
	curl_url_cleanup(u);
}

struct loop *
http_loop(const struct http *h)
{
	return h->loop;
}

struct http *
http_new(struct loop *loop, size_t connections_max)
{
	static const char *const plain_proxies[] = { "http_proxy",
	    "all_proxy", "ALL_PROXY", NULL };
	static const char *const safe_proxies[] = { "https_proxy",
	    "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL };
	struct http	*h = xcalloc(1, sizeof(*h));
	const char	*v;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (h->multi = curl_multi_init()) == NULL)
		log_die(EXIT_STOPPED, "libcurl cannot be set up");
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, IDLE_MAX);
	curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
	    (long)connections_max);
	v = env_get("ACE_DT_PROXY_LOOPBACK");
	h->stall_seconds = HTTP_STALL_SECONDS;
	SLIST_INIT(&h->resumes);
	h->loop = loop;
	h->engine.run = http_run;
	h->engine.poll = http_poll;
	h->engine.arg = h;
	loop_set_engine(loop, &h->engine);
	read_proxy(&h->proxies[0], plain_proxies);
	read_proxy(&h->proxies[1], safe_proxies);
	h->proxy_loopback = v != NULL && strcmp(v, "1") == 0;
	return h;
}

void
http_free(struct http *h)
{
	if (h == NULL)
		return;
	while (h->nspare > 0)
		curl_easy_cleanup(h->spare[--h->nspare]);
	assert(h->active == 0 && SLIST_EMPTY(&h->resumes));
	loop_set_engine(h->loop, NULL);
	curl_multi_cleanup(h->multi);
	free(h->fds);
	free(h);
	curl_global_cleanup();
}

void
http_set_stall(struct http *h, int seconds)
{
	h->stall_seconds = seconds;
}

void
http_call_init(struct http_call *c)
{
	memset(c, 0, sizeof(*c));
	c->scope_max = ORIGIN_METADATA;
	buf_init(&c->head, HTTP_HEADER_MAX);
	buf_init(&c->reply, HTTP_ERROR_BODY_MAX);
	buf_init(&c->reply_header, HTTP_HEADER_MAX);
}

static size_t
header_cb(char *p, size_t size, size_t n, void *arg)
{
	struct http_call	*c = arg;

	(void)size;
	c->moved = clock_ms();
	/* A new status line begins a new answer, after a 1xx for one. */
	if (n > 5 && strncmp(p, "HTTP/", 5) == 0) {
		buf_reset(&c->head);
		c->head_whole = 0;
		if (n > 12 && strncmp(p + 8, " 417", 4) == 0) {
			c->expect_refused = 1;
			/*
			 * libcurl would wait for ever to send all of it again.
			 */
			if (c->on_read != NULL && c->sent > 0)
				return 0;
		}
	}
	if (*p == '\r' || *p == '\n')
		c->head_whole = 1;
	c->head_bytes += n;
	if (c->head_bytes > HTTP_HEADER_MAX ||
	    buf_add(&c->head, p, n) == -1) {
		c->head_over = 1;
		return 0;
	}
	return n;
}

static size_t
write_cb(char *p, size_t size, size_t n, void *arg)
{
	struct http_call	*c = arg;
	size_t			 took;

	(void)size;
	assert(c->active);
	c->moved = clock_ms();
	if (!c->head_seen) {
		c->head_seen = 1;
		c->body_began = clock_ms();
		curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &c->status);
		c->streaming = c->on_head != NULL && c->on_head(c);
	}
	if (!c->streaming) {
		if (buf_add(&c->reply, p, n) == 0)
			return n;
		c->reply_over = 1;
		return 0;
	}
	took = c->on_data(c, p, n);
	assert(took == n || took == HTTP_PAUSE || took == HTTP_ABORT);
	if (took == HTTP_PAUSE) {
		c->paused = 1;
		return CURL_WRITEFUNC_PAUSE;
	}
	return took == HTTP_ABORT ? 0 : took;
}

static size_t
read_cb(char *p, size_t size, size_t n, void *arg)
{
	struct http_call	*c = arg;
	size_t			 got;

	assert(c->active && c->sent >= 0);
	if (c->on_read == NULL) {
		assert((size_t)c->sent <= c->body_len);
		got = c->body_len - (size_t)c->sent;
		if (got > size * n)
			got = size * n;
		if (got > 0)
			memcpy(p, (const char *)c->body + c->sent, got);
	} else {
		got = c->on_read(c, p, size * n);
		if (got == HTTP_PAUSE) {
			c->paused = 1;
			return CURL_READFUNC_PAUSE;
		}
		if (got == HTTP_ABORT)
			return CURL_READFUNC_ABORT;
	}
	c->sent += (int64_t)got;
	c->moved = clock_ms();
	return got;
}

/* The body, if there is one, of an answer whose status says enough. */
static int
is_error_body(const struct http_call *c)
{
	return c->head_seen && !c->streaming && c->status >= 300;
}

/*
 * libcurl's own watch on slow transfers also counts the time in which an upload
 * has to wait for our source, and that in which a registry puts a large blob in
 * its place.
 */
static int
progress_cb(void *arg, curl_off_t dltotal, curl_off_t dlnow,
    curl_off_t ultotal, curl_off_t ulnow)
{
	struct http_call	*c = arg;
	int			 most = c->http->stall_seconds;
	int64_t			 now = clock_ms();

	(void)dltotal, (void)dlnow, (void)ultotal, (void)ulnow;
	if (c->paused)
		return 0;
	if (c->commit && c->sent == c->upload_size &&
	    most < HTTP_COMMIT_SECONDS)
		most = HTTP_COMMIT_SECONDS;
	if (now - c->moved >= most * 1000LL)
		c->stalled = most;
	/* Of an error only the beginning matters. */
	if (is_error_body(c) && now - c->body_began >= most * 1000LL)
		c->crawled = most;
	/* Only blobs may take as long as they like. */
	most *= HTTP_CRAWL_STALLS;
	if (!c->streaming && c->on_read == NULL &&
	    now - c->started >= most * 1000LL)
		c->crawled = most;
	return c->stalled || c->crawled;
}

/* A connection that was reused turned out dead: send the body again. */
static int
seek_cb(void *arg, curl_off_t offset, int origin)
{
	struct http_call	*c = arg;

	if (c->on_read != NULL || origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	c->sent = offset;
	return CURL_SEEKFUNC_OK;
}

/*
 * Where the other side of a connection is.  A proxy is told by its port, and
 * where that is the URL's own, by its address.
 */
static enum origin_scope
scope_of_address(const struct http_call *c, const char *address, int port)
{
	const struct proxy	*p;

	p = &c->http->proxies[strncasecmp(c->url, "https:", 6) == 0];
	if (!c->direct && p->port == port && (!p->is_literal ||
	    strcmp(p->host, address) == 0))
		return ORIGIN_PUBLIC;
	return origin_scope(c->url, address, port);
}

/* 1 if it may not be asked. */
static int
refuse_address(struct http_call *c, const char *address, enum origin_scope scope)
{
	if (scope <= c->scope_max)
		return 0;
	c->refused_scope = scope;
	snprintf(c->refused, sizeof(c->refused), "%s", address);
	return 1;
}

/* Before a connection is made: a name may resolve to what may not be asked. */
static curl_socket_t
socket_cb(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct http_call	*c = arg;
	char			 text[INET6_ADDRSTRLEN] = "";
	int			 port = 0;

	(void)purpose;
	if (a->family == AF_INET) {
		struct sockaddr_in	*in = (struct sockaddr_in *)&a->addr;

		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		port = ntohs(in->sin_port);
	} else if (a->family == AF_INET6) {
		struct sockaddr_in6	*in = (struct sockaddr_in6 *)&a->addr;

		inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof(text));
		port = ntohs(in->sin6_port);
	}
	if (refuse_address(c, text, scope_of_address(c, text, port)))
		return CURL_SOCKET_BAD;
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* Before a request is sent: the connection may be one that others made. */
static int
prereq_cb(void *arg, char *address, char *own, int port, int own_port)
{
	struct http_call	*c = arg;

	(void)own;
	(void)own_port;
	c->scope = scope_of_address(c, address, port);
	if (refuse_address(c, address, c->scope))
		return CURL_PREREQFUNC_ABORT;
	if (c->on_reached != NULL)
		c->on_reached(c);
	return CURL_PREREQFUNC_OK;
}

static void
set_method(struct http_call *c)
{
	CURL	*e = c->easy;

	if (strcmp(c->method, "HEAD") == 0) {
		curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
		return;
	}
	if (strcmp(c->method, "GET") == 0)
		return;
	if (strcmp(c->method, "DELETE") == 0) {
		curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, c->method);
		return;
	}
	if (strcmp(c->method, "POST") == 0) {
		curl_easy_setopt(e, CURLOPT_POST, 1L);
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)c->body_len);
	} else {
		curl_easy_setopt(e, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(e, CURLOPT_INFILESIZE_LARGE,
		    (curl_off_t)(c->on_read != NULL ? c->upload_size :
		    (int64_t)c->body_len));
		if (strcmp(c->method, "PUT") != 0)
			curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, c->method);
	}
	curl_easy_setopt(e, CURLOPT_READFUNCTION, read_cb);
	curl_easy_setopt(e, CURLOPT_READDATA, c);
	curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, seek_cb);
	curl_easy_setopt(e, CURLOPT_SEEKDATA, c);
}

static void
set_options(struct http_call *c)
{
	CURL	*e = c->easy;

	curl_easy_setopt(e, CURLOPT_PRIVATE, c);
	curl_easy_setopt(e, CURLOPT_URL, c->url);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "ace-dt/" VERSION);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, c->headers);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->errbuf);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT,
	    c->connect_seconds > 0 ? (long)c->connect_seconds :
	    (long)HTTP_CONNECT_SECONDS);
	curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, progress_cb);
	curl_easy_setopt(e, CURLOPT_XFERINFODATA, c);
	/* Never reached; it makes libcurl look once a second. */
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, LOW_SPEED_NEVER);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(e, CURLOPT_BUFFERSIZE,
	    c->bulk ? BUFFER_BULK : BUFFER_SMALL);
	if (c->bulk)
		curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BULK);
	if (c->tls != NULL)
		tls_apply(c->tls, e);
	/* libcurl asks the environment, and would for loopback too. */
	c->direct = !c->http->proxy_loopback && origin_is_loopback(c->url);
	if (c->direct)
		curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
	if (c->scope_max < ORIGIN_METADATA) {
		curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, socket_cb);
		curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, c);
	}
	curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, prereq_cb);
	curl_easy_setopt(e, CURLOPT_PREREQDATA, c);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, header_cb);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, write_cb);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
}

void
http_start(struct http *h, struct http_call *c)
{
	assert(!c->active && c->on_done != NULL && c->url != NULL);
	c->http = h;
	if (h->nspare > 0)
		c->easy = h->spare[--h->nspare];
	else if ((c->easy = curl_easy_init()) == NULL)
		log_die(EXIT_STOPPED, "out of memory");
	buf_reset(&c->head);
	buf_reset(&c->reply);
	c->reply.max = c->reply_max > 0 ? c->reply_max : HTTP_ERROR_BODY_MAX;
	c->status = 0;
	c->sent = 0;
	c->head_over = c->reply_over = c->expect_refused = 0;
	c->scope = ORIGIN_PUBLIC;
	c->head_bytes = 0;
	c->head_whole = 0;
	c->refused[0] = '\0';
	c->streaming = c->head_seen = c->resume = c->paused = 0;
	c->stalled = c->crawled = 0;
	c->errbuf[0] = '\0';
	c->started = c->moved = clock_ms();
	set_options(c);
	set_method(c);
	c->active = 1;
	h->active++;
	curl_multi_add_handle(h->multi, c->easy);
}

/* Take it off the multi and give its handle back. */
static void
detach(struct http_call *c)
{
	struct http	*h = c->http;

	assert(c->active && h->active > 0);
	if (c->resume)
		SLIST_REMOVE(&h->resumes, c, http_call, resumes);
	c->resume = 0;
	curl_multi_remove_handle(h->multi, c->easy);
	if (h->nspare < SPARE_MAX) {
		curl_easy_reset(c->easy);
		h->spare[h->nspare++] = c->easy;
	} else {
		curl_easy_cleanup(c->easy);
	}
	c->easy = NULL;
	c->active = 0;
	h->active--;
	curl_slist_free_all(c->headers);
	c->headers = NULL;
}

void
http_cancel(struct http_call *c)
{
	if (c->active)
		detach(c);
}

void
http_call_clear(struct http_call *c)
{
	http_cancel(c);
	curl_slist_free_all(c->headers);
	c->headers = NULL;
	buf_clear(&c->head);
	buf_clear(&c->reply);
	buf_clear(&c->reply_header);
}

void
http_resume(struct http_call *c)
{
	if (!c->active || c->resume)
		return;
	c->resume = 1;
	SLIST_INSERT_HEAD(&c->http->resumes, c, resumes);
}

char *
http_header(struct http_call *c, const char *name, size_t nth)
{
	size_t	 n = strlen(name);
	char	*line, *end, *value;

	if (c->head.data == NULL)
		return NULL;
	for (line = c->head.data; *line != '\0'; line = end) {
		end = strpbrk(line, "\r\n");
		if (end == NULL)
			break;
		end += strspn(end, "\r\n");
		if (strncasecmp(line, name, n) != 0 || line[n] != ':' ||
		    nth-- > 0)
			continue;
		value = line + n + 1;
		value += strspn(value, " \t");
		n = strcspn(value, "\r\n");
		while (n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t'))
			n--;
		/* One scratch place is enough: see the header. */
		buf_reset(&c->reply_header);
		buf_add(&c->reply_header, value, n);
		return c->reply_header.data;
	}
	return NULL;
}

/* The host and path of a URL, without what could be a secret. */
static void
event_request(const struct http_call *c)
{
	char	url[1024];

	snprintf(url, sizeof(url), "%.*s", (int)strcspn(c->url, "?"), c->url);
	EVENT("request", EV_STR("method", c->method), EV_STR("url", url),
	    EV_NUM("status", c->status),
	    EV_NUM("ms", clock_ms() - c->started));
	log_debug("%s %s%s%s: %ld in %lld ms", c->method, url,
	    c->about != NULL ? " " : "", c->about != NULL ? c->about : "",
	    c->status, (long long)(clock_ms() - c->started));
}

/* Whom the answer came from, for people. */
static void
note_address(struct http_call *c)
{
	char	*ip = NULL;
	long	 port = 0;

	curl_easy_getinfo(c->easy, CURLINFO_PRIMARY_IP, &ip);
	curl_easy_getinfo(c->easy, CURLINFO_PRIMARY_PORT, &port);
	curl_easy_getinfo(c->easy, CURLINFO_HTTP_CONNECTCODE,
	    &c->tunnel_status);
	c->address[0] = '\0';
	if (ip != NULL && *ip != '\0')
		snprintf(c->address, sizeof(c->address), "%s%s%s:%ld",
		    strchr(ip, ':') != NULL ? "[" : "", ip,
		    strchr(ip, ':') != NULL ? "]" : "", port);
}

static void
finish_call(struct http *h)
{
	struct http_call	*c;
	CURLMsg			*m;
	int			 left;

	while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c);
		assert(c->active && c->easy == m->easy_handle);
		/* Of several addresses one may have been good. */
		c->result = m->data.result;
		if (c->result == CURLE_OK)
			c->refused[0] = '\0';
		else if (c->refused[0] != '\0')
			c->result = CURLE_ABORTED_BY_CALLBACK;
		/* We ended it, and have the part of it that is quoted. */
		if (is_error_body(c) && (c->reply_over || c->stalled ||
		    c->crawled)) {
			c->result = CURLE_OK;
			c->reply_over = c->stalled = c->crawled = 0;
		}
		/*
		 * libcurl takes an end among the fields for the answer's end.
		 */
		if (c->result == CURLE_OK && !c->head_whole)
			c->result = CURLE_PARTIAL_FILE;
		curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &c->status);
		note_address(c);
		event_request(c);
		detach(c);
		c->on_done(c);
	}
}

/* A turn of the loop; every on_done is called from here. */
static void
http_run(void *arg)
{
	struct http		*h = arg;
	struct http_call	*c;
	int			 running;

	while ((c = SLIST_FIRST(&h->resumes)) != NULL) {
		assert(c->active && c->resume);
		SLIST_REMOVE_HEAD(&h->resumes, resumes);
		c->resume = c->paused = 0;
		c->moved = clock_ms();
		curl_easy_pause(c->easy, CURLPAUSE_CONT);
	}
	curl_multi_perform(h->multi, &running);
	finish_call(h);
}

/* The loop waits: for its descriptors, and for those that libcurl has. */
static void
http_poll(void *arg, struct pollfd *fds, unsigned int n, int timeout)
{
	struct http	*h = arg;
	unsigned int	 i;

	if (n > h->fds_max) {
		h->fds_max = n;
		h->fds = xreallocarray(h->fds, n, sizeof(*h->fds));
	}
	for (i = 0; i < n; i++) {
		h->fds[i].fd = fds[i].fd;
		h->fds[i].events = (short)(
		    (fds[i].events & POLLIN ? CURL_WAIT_POLLIN : 0) |
		    (fds[i].events & POLLOUT ? CURL_WAIT_POLLOUT : 0));
		h->fds[i].revents = 0;
	}
	if (!SLIST_EMPTY(&h->resumes))
		timeout = 0;
	/* libcurl takes no time for ever. */
	curl_multi_poll(h->multi, h->fds, n, timeout < 0 ? FOREVER_MS :
	    timeout, NULL);
	for (i = 0; i < n; i++)
		fds[i].revents = (short)(
		    (h->fds[i].revents & CURL_WAIT_POLLIN ? POLLIN : 0) |
		    (h->fds[i].revents & CURL_WAIT_POLLOUT ? POLLOUT : 0));
}

/* An answer of the other side's TLS library to what we showed it. */
static int
is_tls_alert(const struct http_call *c)
{
	return strstr(c->errbuf, " alert ") != NULL;
}

/*
 * It speaks, but not TLS: it is asked at the wrong port, or by the wrong
 * scheme.
 */
static int
is_plain_text(const struct http_call *c)
{
	return strstr(c->errbuf, "wrong version number") != NULL;
}

int
http_error_is_passing(const struct http_call *c)
{
	/* A proxy that wants credentials, or forbids: it will again. */
	if (c->tunnel_status >= 400 && c->tunnel_status < 500)
		return 0;
	if (is_tls_alert(c) || is_plain_text(c))
		return 0;
	if (c->stalled || c->crawled)
		return 1;
	switch (c->result) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_SEND_FAIL_REWIND:
	case CURLE_PARTIAL_FILE:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_WEIRD_SERVER_REPLY:
		return !c->head_over;
	default:
		return 0;
	}
}

static int
refused(const struct http_call *c, struct err *err)
{
	int	 secure;
	char	*host = origin_host(c->url, &secure);

	err_set(err, ERR_REGISTRY, "it points to %s, which is %s (%s) "
	    "and not followed", host != NULL ? host : c->url,
	    origin_scope_text(c->refused_scope), c->refused);
	free(host);
	return -1;
}

int
http_error(const struct http_call *c, struct err *err)
{
	enum err_class	cls = ERR_NETWORK;

	if (c->refused[0] != '\0')
		return refused(c, err);
	if (c->head_over)
		return err_set(err, ERR_LIMIT, "the answer has more than %d "
		    "bytes of header fields", HTTP_HEADER_MAX);
	/* What libcurl says of a line beyond its own limit, of 100 KiB. */
	if (c->result == CURLE_OUT_OF_MEMORY && !c->head_whole)
		return err_set(err, ERR_LIMIT, "the answer has a header field "
		    "that is too long");
	if (c->reply_over)
		return err_set(err, ERR_LIMIT,
		    "the answer is larger than %zu bytes", c->reply.max);
	if (c->stalled)
		return err_set(err, ERR_NETWORK, "no byte moved for %d s",
		    c->stalled);
	if (c->crawled)
		return err_set(err, ERR_NETWORK, "the answer was not whole "
		    "after %d s", c->crawled);
	/* tinyproxy answers 401 to a wrong password. */
	if (c->tunnel_status == 407 || c->tunnel_status == 401)
		return err_set(err, ERR_UNAUTHORIZED, "the proxy wants "
		    "credentials, or others: HTTP %ld (https_proxy="
		    "http://USER:PASSWORD@HOST:PORT)", c->tunnel_status);
	if (c->tunnel_status >= 300)
		return err_set(err, ERR_NETWORK, "the proxy answers HTTP %ld "
		    "when it is asked for this host", c->tunnel_status);
	switch (c->result) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_ISSUER_ERROR:
		cls = ERR_TLS;
		break;
	default:
		break;
	}
	if (is_tls_alert(c))
		cls = ERR_TLS;
	err_set(err, cls, "%s", c->errbuf[0] != '\0' ? c->errbuf :
	    curl_easy_strerror(c->result));
	if (cls == ERR_TLS && c->tls != NULL)
		tls_explain(c->tls, c->result, err);
	return -1;
}
