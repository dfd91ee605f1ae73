
/*
 * The filter for system calls (seccomp, Linux 3.17) behind a fence.  Landlock
 * stands between processes for ptrace, signals and files; this denies the
 * calls that reach other processes of the same user all the same, and those
 * that no usual tool needs.  A filter sees numbers and plain arguments, never
 * what a pointer leads to.
 *
 * For x86-64 (32-bit programs included, x32 refused with ENOSYS) and aarch64
 * (32-bit programs are killed).  Elsewhere there is no filter.
 */

#ifndef _NGX_CC_SECCOMP_H_INCLUDED_
#define _NGX_CC_SECCOMP_H_INCLUDED_


#include <linux/filter.h>
#include "ngx_cc_wire.h"


/* what is denied: a set of these */

/*
 * Always: limits, priority, scheduling and affinity of any process but the
 * caller (prlimit64 may still read), input into terminals (TIOCSTI, TIOCLINUX),
 * keyrings, perf events, userfaultfd, bpf, io_uring.  EPERM.
 */
#define NGX_CC_SECCOMP_ALWAYS   0x01

/*
 * Where files are confined, so nothing can be mounted anyway: new namespaces
 * and other processes' ones.  EPERM; clone3, whose flags are behind a pointer,
 * ENOSYS, so that libraries take clone.
 */
#define NGX_CC_SECCOMP_SPACES   0x02

/*
 * Where Landlock denies TCP: the ways that it does not see.  MPTCP and SMC
 * sockets (EPROTONOSUPPORT, EAFNOSUPPORT), and for connections MSG_FASTOPEN
 * (EOPNOTSUPP).
 */
#define NGX_CC_SECCOMP_TCP      0x04
#define NGX_CC_SECCOMP_CONNECT  0x08


#define NGX_CC_SECCOMP_MAX      768      /* instructions */


typedef struct {
    unsigned            set;     /* what it denies; 0 = not made */
    unsigned short      n;       /* instructions */
    struct sock_filter  code[NGX_CC_SECCOMP_MAX];
} ngx_cc_seccomp_t;


/* 1 when kernel and architecture have it */
int ngx_cc_seccomp_available(void);

/* the set for commands that are confined like that; 0 = no filter */
unsigned ngx_cc_seccomp_set(const ngx_cc_confine_t *confine);

/* writes the program for a set that is not empty */
void ngx_cc_seccomp_make(ngx_cc_seccomp_t *filter, unsigned set);

/*
 * Puts the calling thread, which has no_new_privs, and all that it starts from
 * now on behind the filter, for good.  Makes one system call.  Returns 0, or
 * -1 with errno.
 */
int ngx_cc_seccomp_enter(const ngx_cc_seccomp_t *filter);


#endif /* _NGX_CC_SECCOMP_H_INCLUDED_ */
