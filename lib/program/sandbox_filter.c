/*
 * What libseccomp cannot say, as a filter of our own beside that of
 * sandbox_calls.c: system calls above a number, arguments that have none
 * of several values.  Of the answers of both the stricter one counts.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/program/sandbox_filter.h"
#include "lib/program/sandbox_flags.h"

/*
 * Calls newer than this number are not known to libseccomp 2.5.4, and are on no
 * list here: setxattrat, open_tree_attr, file_setattr and others.
 * From 424 on the numbers of all machines go together, so that the distance to
 * landlock_create_ruleset (444) is the same where they begin elsewhere.
 */
#define FIRST_UNKNOWN	(SYS_landlock_create_ruleset + 7)

#define CODE_MAX	(64 + 2 * SANDBOX_CHILDREN_MAX)
/* The half of an argument that has its lower 32 bits. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LOW		4
#else
#define LOW		0
#endif
#define ARG(n)		(offsetof(struct seccomp_data, args) + 8 * (n) + LOW)
#define REFUSE(e)	(SECCOMP_RET_ERRNO | (e))
/* What a number of ioctl(2) says on who it is for. */
#define KIND(request)	((unsigned int)(request) & 0xff00U)

struct code {
	struct sock_filter	ins[CODE_MAX];
	unsigned short		n;
};

/* One instruction; yes and no are what a jump passes over. */
static void
bpf_emit(struct code *c, unsigned int op, unsigned int k, unsigned char yes,
    unsigned char no)
{
	assert(c->n < CODE_MAX);
	c->ins[c->n].code = (unsigned short)op;
	c->ins[c->n].k = k;
	c->ins[c->n].jt = yes;
	c->ins[c->n++].jf = no;
}

/* A word of struct seccomp_data into the accumulator. */
static void
bpf_load(struct code *c, size_t offset)
{
	bpf_emit(c, BPF_LD | BPF_W | BPF_ABS, (unsigned int)offset, 0, 0);
}

/* The filter ends with this action. */
static void
bpf_return(struct code *c, unsigned int action)
{
	bpf_emit(c, BPF_RET | BPF_K, action, 0, 0);
}

/* The action if the accumulator has this value. */
static void
bpf_return_if(struct code *c, unsigned int value, unsigned int action)
{
	bpf_emit(c, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	bpf_return(c, action);
}

/* What follows, until end_call(), is for this call; argument n is loaded. */
static unsigned short
begin_call(struct code *c, long number, int n)
{
	bpf_load(c, offsetof(struct seccomp_data, nr));
	bpf_emit(c, BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)number, 0, 0);
	bpf_load(c, ARG((size_t)n));
	return (unsigned short)(c->n - 2);
}

/* Calls of other numbers go on from here. */
static void
end_call(struct code *c, unsigned short at)
{
	assert(at < c->n && c->n - at - 1 <= UINT8_MAX);
	c->ins[at].jf = (unsigned char)(c->n - at - 1);
}

/*
 * Terminals and sockets only: on a file that is open for reading chattr, verity
 * and the snapshots of some file systems are ioctls too.
 */
static void
list_ioctl(struct code *c)
{
	unsigned short	at = begin_call(c, SYS_ioctl, 1);

	bpf_return_if(c, FIOSETOWN, REFUSE(EPERM));
	bpf_return_if(c, SIOCSPGRP, REFUSE(EPERM));
	bpf_return_if(c, FIONBIO, SECCOMP_RET_ALLOW);
	bpf_return_if(c, FIONREAD, SECCOMP_RET_ALLOW);
	bpf_emit(c, BPF_ALU | BPF_AND | BPF_K, KIND(~0U), 0, 0);
	bpf_return_if(c, KIND(TCGETS), SECCOMP_RET_ALLOW);
	bpf_return_if(c, KIND(TIOCGWINSZ), SECCOMP_RET_ALLOW);
	bpf_return_if(c, KIND(SIOCGIFINDEX), SECCOMP_RET_ALLOW);
	bpf_return(c, REFUSE(EPERM));
	end_call(c, at);
}

/* Who owns a descriptor gets its signal, which may be any. */
static void
list_fcntl(struct code *c, long number)
{
	unsigned short	at = begin_call(c, number, 1);

	bpf_return_if(c, F_SETOWN, REFUSE(EPERM));
	bpf_return_if(c, F_SETOWN_EX, REFUSE(EPERM));
	bpf_return_if(c, F_SETSIG, REFUSE(EPERM));
	end_call(c, at);
}

/* Signals go to the process itself and to what it started. */
static void
list_kill(struct code *c, const int *children, size_t n)
{
	unsigned short	at = begin_call(c, SYS_kill, 0);
	size_t		i;

	bpf_return_if(c, (unsigned int)getpid(), SECCOMP_RET_ALLOW);
	for (i = 0; i < n; i++)
		bpf_return_if(c, (unsigned int)children[i], SECCOMP_RET_ALLOW);
	bpf_return(c, REFUSE(EPERM));
	end_call(c, at);
}

int
sandbox_filter_enter(unsigned int machine, const int *children, size_t n)
{
	struct code		c;
	struct sock_fprog	prog;

	assert(n <= SANDBOX_CHILDREN_MAX);
	c.n = 0;
	/* Numbers of another machine are the other filter's business. */
	bpf_load(&c, offsetof(struct seccomp_data, arch));
	bpf_emit(&c, BPF_JMP | BPF_JEQ | BPF_K, machine, 1, 0);
	bpf_return(&c, SECCOMP_RET_ALLOW);
	/* As if the kernel had none: libraries have another way then. */
	bpf_load(&c, offsetof(struct seccomp_data, nr));
	bpf_emit(&c, BPF_JMP | BPF_JGE | BPF_K, FIRST_UNKNOWN, 0, 1);
	bpf_return(&c, REFUSE(ENOSYS));
	list_ioctl(&c);
	list_fcntl(&c, SYS_fcntl);
#ifdef SYS_fcntl64
	list_fcntl(&c, SYS_fcntl64);
#endif
	list_kill(&c, children, n);
	bpf_return(&c, SECCOMP_RET_ALLOW);
	prog.len = c.n;
	prog.filter = c.ins;
	return prctl(PR_SET_SECCOMP, (unsigned long)SECCOMP_MODE_FILTER,
	    &prog, 0UL, 0UL);
}
