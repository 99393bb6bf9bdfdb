/*
 * relay [--delay MS] LISTEN_PORT:TARGET_PORT ...
 *
 * Passes TCP connections to 127.0.0.1 on to another port there, as if a line
 * with a round trip of MS milliseconds and no limit on bandwidth lay between.
 * Writes the addresses it listens on to standard output, one a line; port 0 is
 * any free one.  Runs until it is killed, or its parent ends.
 *
 * What a real line does and this one does not: slow start, loss, reordering.
 */
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/exits.h"
#include "lib/base/log.h"
#include "lib/base/xalloc.h"

#define PAIRS_MAX	16
#define DELAY_MAX	10000			/* ms */
#define READ_MAX	65536			/* bytes at a time */
#define EVENTS_MAX	256
/*
 * Bytes on their way: in one direction of one connection, and in all.  The
 * first is 640 MB/s at a round trip of 50 ms.  A direction that is empty may
 * always take one read more, so that none waits for another.
 */
#define FLOW_MAX	(16 * 1024 * 1024)
#define TOTAL_MAX	(256 * 1024 * 1024)

struct chunk {
	struct chunk	*next;
	int64_t		 due;		/* when it arrives, ns */
	size_t		 len, done;
	char		 data[];
};

struct conn;

/* A socket, and what was read from it and goes to the other side. */
struct side {
	struct conn	*conn;		/* NULL: it listens */
	struct side	*peer;
	int		 fd;
	int		 target;	/* of one that listens: the port */
	int		 readable, writable;	/* until EAGAIN */

	struct chunk	*head, **tail;
	size_t		 held;		/* bytes in the chunks */
	int64_t		 earliest;	/* no byte sets out before: ns */
	int		 eof;
	int64_t		 eof_due;
	int		 shut;		/* the end was passed on */
};

struct conn {
	struct side	 client, server;
	struct conn	*next, **prev;
};

static int		 epfd;
static int64_t		 one_way;	/* ns */
static size_t		 total;		/* bytes held */
static struct conn	*conns;

static int64_t
now_ns(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static struct sockaddr_in
loopback(int port)
{
	struct sockaddr_in	sin;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_port = htons((uint16_t)port);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sin;
}

static void
watch(struct side *s, uint32_t events)
{
	struct epoll_event	ev;

	memset(&ev, 0, sizeof(ev));
	ev.events = events;
	ev.data.ptr = s;
	if (epoll_ctl(epfd, EPOLL_CTL_ADD, s->fd, &ev) == -1)
		log_die(EXIT_STOPPED, "epoll_ctl: %s", strerror(errno));
}

static void
side_init(struct side *s, struct conn *c, struct side *peer, int fd)
{
	int	one = 1;

	s->conn = c;
	s->peer = peer;
	s->fd = fd;
	s->tail = &s->head;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	watch(s, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

static void
side_clear(struct side *s)
{
	struct chunk	*c;

	close(s->fd);
	total -= s->held;
	while ((c = s->head) != NULL) {
		s->head = c->next;
		free(c);
	}
}

static void
conn_free(struct conn *c)
{
	if ((*c->prev = c->next) != NULL)
		c->next->prev = c->prev;
	side_clear(&c->client);
	side_clear(&c->server);
	free(c);
}

/*
 * On loopback a connection is there at once.  Over the line the client could
 * send its first byte only one round trip later, when its SYN was answered,
 * and the server half of one later, when the SYN came.
 */
static void
conn_new(int fd, int port)
{
	struct sockaddr_in	 sin = loopback(port);
	struct conn		*c;
	int64_t			 now = now_ns();
	int			 to;

	to = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (to == -1)
		log_die(EXIT_STOPPED, "socket: %s", strerror(errno));
	if (connect(to, (struct sockaddr *)&sin, sizeof(sin)) == -1 &&
	    errno != EINPROGRESS) {
		close(to);
		close(fd);
		return;
	}
	c = xcalloc(1, sizeof(*c));
	side_init(&c->client, c, &c->server, fd);
	side_init(&c->server, c, &c->client, to);
	c->client.earliest = now + 2 * one_way;
	c->server.earliest = now + one_way;
	if ((c->next = conns) != NULL)
		c->next->prev = &c->next;
	c->prev = &conns;
	conns = c;
}

static void
take_connections(struct side *listener)
{
	int	fd;

	while ((fd = accept4(listener->fd, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1)
		conn_new(fd, listener->target);
	if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
		log_die(EXIT_STOPPED, "accept: %s", strerror(errno));
}

/* When what sets out now arrives. */
static int64_t
arrival(const struct side *s, int64_t now)
{
	return (now > s->earliest ? now : s->earliest) + one_way;
}

static int
has_room(const struct side *s)
{
	return s->held == 0 || (s->held < FLOW_MAX && total < TOTAL_MAX);
}

/* Take what the socket has; -1 when the connection broke. */
static int
side_read(struct side *s, int64_t now)
{
	static char	 bytes[READ_MAX];
	struct chunk	*c;
	ssize_t		 n;

	while (s->readable && !s->eof && has_room(s)) {
		n = recv(s->fd, bytes, sizeof(bytes), 0);
		if (n == -1 && errno == EAGAIN) {
			s->readable = 0;
		} else if (n == -1) {
			return -1;
		} else if (n == 0) {
			s->eof = 1;
			s->eof_due = arrival(s, now);
		} else {
			c = xmalloc(sizeof(*c) + (size_t)n);
			c->next = NULL;
			c->due = arrival(s, now);
			c->len = (size_t)n;
			c->done = 0;
			memcpy(c->data, bytes, (size_t)n);
			*s->tail = c;
			s->tail = &c->next;
			s->held += (size_t)n;
			total += (size_t)n;
		}
	}
	return 0;
}

/* Deliver what has arrived; -1 when the connection broke. */
static int
side_deliver(struct side *s, int64_t now)
{
	struct chunk	*c;
	ssize_t		 n;

	while ((c = s->head) != NULL && c->due <= now && s->peer->writable) {
		n = send(s->peer->fd, c->data + c->done, c->len - c->done,
		    MSG_NOSIGNAL);
		if (n == -1 && errno == EAGAIN) {
			s->peer->writable = 0;
			break;
		}
		if (n == -1)
			return -1;
		s->held -= (size_t)n;
		total -= (size_t)n;
		if ((c->done += (size_t)n) < c->len)
			continue;
		if ((s->head = c->next) == NULL)
			s->tail = &s->head;
		free(c);
	}
	if (s->head == NULL && s->eof && !s->shut && s->eof_due <= now) {
		shutdown(s->peer->fd, SHUT_WR);
		s->shut = 1;
	}
	return 0;
}

static void
conn_work(struct conn *c, int64_t now)
{
	/* Delivery first: it makes room. */
	if (side_deliver(&c->client, now) == -1 ||
	    side_deliver(&c->server, now) == -1 ||
	    side_read(&c->client, now) == -1 ||
	    side_read(&c->server, now) == -1 ||
	    (c->client.shut && c->server.shut))
		conn_free(c);
}

/* When there is something to deliver next, if that is before at. */
static int64_t
side_next(const struct side *s, int64_t at)
{
	int64_t	due = at;

	if (s->head != NULL && s->peer->writable)
		due = s->head->due;
	else if (s->head == NULL && s->eof && !s->shut)
		due = s->eof_due;
	return due < at ? due : at;
}

static void
wait_for_events(int64_t until)
{
	struct epoll_event	 evs[EVENTS_MAX];
	struct timespec		 ts;
	struct side		*s;
	int64_t			 ns;
	int			 i, n;

	if ((ns = until - now_ns()) < 0)
		ns = 0;
	ts.tv_sec = ns / 1000000000;
	ts.tv_nsec = ns % 1000000000;
	n = epoll_pwait2(epfd, evs, EVENTS_MAX,
	    until == INT64_MAX ? NULL : &ts, NULL);
	if (n == -1 && errno != EINTR)
		log_die(EXIT_STOPPED, "epoll_pwait2: %s", strerror(errno));
	/* Nothing is freed here, so every pointer is good. */
	for (i = 0; i < n; i++) {
		s = evs[i].data.ptr;
		if (s->conn == NULL) {
			take_connections(s);
			continue;
		}
		if (evs[i].events & ~(uint32_t)EPOLLOUT)
			s->readable = 1;
		if (evs[i].events & ~(uint32_t)(EPOLLIN | EPOLLRDHUP))
			s->writable = 1;
	}
}

static _Noreturn void
run(void)
{
	struct conn	*c, *next;
	int64_t		 now, until;

	for (;;) {
		now = now_ns();
		for (c = conns; c != NULL; c = next) {
			next = c->next;
			conn_work(c, now);
		}
		until = INT64_MAX;
		for (c = conns; c != NULL; c = c->next) {
			until = side_next(&c->client, until);
			until = side_next(&c->server, until);
		}
		wait_for_events(until);
	}
}

static void
listen_on(int port, int target)
{
	struct sockaddr_in	 sin = loopback(port);
	socklen_t		 len = sizeof(sin);
	struct side		*s = xcalloc(1, sizeof(*s));
	int			 one = 1;

	s->target = target;
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd == -1 || setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &one,
	    sizeof(one)) == -1 ||
	    bind(s->fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(s->fd, SOMAXCONN) == -1 ||
	    getsockname(s->fd, (struct sockaddr *)&sin, &len) == -1)
		log_die(EXIT_STOPPED, "port %d: %s", port, strerror(errno));
	watch(s, EPOLLIN);
	printf("127.0.0.1:%d\n", ntohs(sin.sin_port));
}

/* A number from min to max that ends with the character end. */
static int
number(const char *s, int min, int max, char end, const char **rest)
{
	char	*e;
	long	 v;

	errno = 0;
	v = strtol(s, &e, 10);
	if (e == s || *e != end || errno != 0 || v < min || v > max)
		log_die(EXIT_USAGE_ERR,
		    "usage: relay [--delay MS] LISTEN_PORT:TARGET_PORT ...");
	if (rest != NULL)
		*rest = e + 1;
	return (int)v;
}

int
main(int argc, char *argv[])
{
	const char	*rest;
	int		 i = 1, port;

	log_init("relay");
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (argc > 2 && strcmp(argv[1], "--delay") == 0) {
		one_way = (int64_t)number(argv[2], 0, DELAY_MAX, '\0', NULL) *
		    500000;
		i = 3;
	}
	if (i >= argc || argc - i > PAIRS_MAX)
		log_die(EXIT_USAGE_ERR, "from 1 to %d pairs of ports are "
		    "needed", PAIRS_MAX);
	if ((epfd = epoll_create1(EPOLL_CLOEXEC)) == -1)
		log_die(EXIT_STOPPED, "epoll: %s", strerror(errno));
	for (; i < argc; i++) {
		port = number(argv[i], 0, 65535, ':', &rest);
		listen_on(port, number(rest, 1, 65535, '\0', NULL));
	}
	fflush(stdout);
	run();
}
