
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "ngx_cc_fence.h"
#include "ngx_cc_seccomp.h"


#if defined(__x86_64__)
#define NGX_CC_SECCOMP_ARCH   AUDIT_ARCH_X86_64
#define NGX_CC_SECCOMP_ARCH32 AUDIT_ARCH_I386
#define NGX_CC_SECCOMP_X32    0x40000000

#elif defined(__aarch64__)
#define NGX_CC_SECCOMP_ARCH   AUDIT_ARCH_AARCH64
#endif


/* by number, for headers that do not have them; the same everywhere */

#define NGX_CC_SECCOMP_IO_URING_SETUP     425
#define NGX_CC_SECCOMP_IO_URING_ENTER     426
#define NGX_CC_SECCOMP_IO_URING_REGISTER  427
#define NGX_CC_SECCOMP_CLONE3             435

#define NGX_CC_SECCOMP_TIOCSTI      0x5412
#define NGX_CC_SECCOMP_TIOCLINUX    0x541c
#define NGX_CC_SECCOMP_FASTOPEN     0x20000000   /* MSG_FASTOPEN */
#define NGX_CC_SECCOMP_MPTCP        262          /* IPPROTO_MPTCP */
#define NGX_CC_SECCOMP_SMC          43           /* AF_SMC */
#define NGX_CC_SECCOMP_IO_PROCESS   1            /* IOPRIO_WHO_PROCESS */

/* CLONE_NEWNS, _NEWCGROUP, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET */
#define NGX_CC_SECCOMP_NEW          0x7e020000
#define NGX_CC_SECCOMP_NEWTIME      0x80         /* of unshare only */

#ifdef NGX_CC_SECCOMP_ARCH


/* which argument decides, and how */

typedef enum {
    NGX_CC_SECCOMP_EPERM = 0,    /* none: never */
    NGX_CC_SECCOMP_ENOSYS,
    NGX_CC_SECCOMP_PID,          /* (pid) */
    NGX_CC_SECCOMP_PRLIMIT,      /* (pid, resource, new limit) */
    NGX_CC_SECCOMP_PRIORITY,     /* (which, who) */
    NGX_CC_SECCOMP_IOPRIO,       /* (which, who) */
    NGX_CC_SECCOMP_IOCTL,        /* (fd, request) */
    NGX_CC_SECCOMP_CLONE,        /* (flags) */
    NGX_CC_SECCOMP_UNSHARE,      /* (flags) */
    NGX_CC_SECCOMP_SOCKET,       /* (domain, type, protocol) */
    NGX_CC_SECCOMP_FLAGS2,       /* flags of sendmsg */
    NGX_CC_SECCOMP_FLAGS3        /* flags of sendto, sendmmsg */
} ngx_cc_seccomp_check_e;


typedef struct {
    unsigned                set;     /* the rule is in force for these */
    ngx_cc_seccomp_check_e  check;
    int                     nr;      /* system call */
    int                     nr32;    /* of 32-bit programs on x86-64 */
} ngx_cc_seccomp_rule_t;


static const ngx_cc_seccomp_rule_t  ngx_cc_seccomp_rules[] = {
    { NGX_CC_SECCOMP_ALWAYS, NGX_CC_SECCOMP_PRLIMIT, SYS_prlimit64, 340 },
    { NGX_CC_SECCOMP_ALWAYS, NGX_CC_SECCOMP_PRIORITY, SYS_setpriority, 97 },
    { NGX_CC_SECCOMP_ALWAYS, NGX_CC_SECCOMP_PID, SYS_sched_setparam, 154 },
    { NGX_CC_SECCOMP_ALWAYS, NGX_CC_SECCOMP_PID, SYS_sched_setscheduler, 156 },
    { NGX_CC_SECCOMP_ALWAYS, NGX_CC_SECCOMP_PID, SYS_sched_setaffinity, 241 },
    { NGX_CC_SECCOMP_ALWAYS, NGX_CC_SECCOMP_PID, SYS_sched_setattr, 351 },
    { NGX_CC_SECCOMP_ALWAYS, NGX_CC_SECCOMP_IOPRIO, SYS_ioprio_set, 289 },
    { NGX_CC_SECCOMP_ALWAYS, NGX_CC_SECCOMP_IOCTL, SYS_ioctl, 54 },
    { NGX_CC_SECCOMP_ALWAYS, NGX_CC_SECCOMP_EPERM, SYS_add_key, 286 },
    { NGX_CC_SECCOMP_ALWAYS, NGX_CC_SECCOMP_EPERM, SYS_request_key, 287 },
    { NGX_CC_SECCOMP_ALWAYS, NGX_CC_SECCOMP_EPERM, SYS_keyctl, 288 },
    { NGX_CC_SECCOMP_ALWAYS, NGX_CC_SECCOMP_EPERM, SYS_perf_event_open, 336 },
    { NGX_CC_SECCOMP_ALWAYS, NGX_CC_SECCOMP_EPERM, SYS_bpf, 357 },
    { NGX_CC_SECCOMP_ALWAYS, NGX_CC_SECCOMP_EPERM, SYS_userfaultfd, 374 },
    { NGX_CC_SECCOMP_ALWAYS, NGX_CC_SECCOMP_EPERM,
      NGX_CC_SECCOMP_IO_URING_SETUP, NGX_CC_SECCOMP_IO_URING_SETUP },
    { NGX_CC_SECCOMP_ALWAYS, NGX_CC_SECCOMP_EPERM,
      NGX_CC_SECCOMP_IO_URING_ENTER, NGX_CC_SECCOMP_IO_URING_ENTER },
    { NGX_CC_SECCOMP_ALWAYS, NGX_CC_SECCOMP_EPERM,
      NGX_CC_SECCOMP_IO_URING_REGISTER, NGX_CC_SECCOMP_IO_URING_REGISTER },

    { NGX_CC_SECCOMP_SPACES, NGX_CC_SECCOMP_CLONE, SYS_clone, 120 },
    { NGX_CC_SECCOMP_SPACES, NGX_CC_SECCOMP_UNSHARE, SYS_unshare, 310 },
    { NGX_CC_SECCOMP_SPACES, NGX_CC_SECCOMP_EPERM, SYS_setns, 346 },
    { NGX_CC_SECCOMP_SPACES, NGX_CC_SECCOMP_ENOSYS, NGX_CC_SECCOMP_CLONE3,
      NGX_CC_SECCOMP_CLONE3 },

    /* 102 is socketcall, all calls for sockets in one, by pointer */

    { NGX_CC_SECCOMP_TCP, NGX_CC_SECCOMP_SOCKET, SYS_socket, 359 },
    { NGX_CC_SECCOMP_TCP, NGX_CC_SECCOMP_ENOSYS, -1, 102 },
    { NGX_CC_SECCOMP_CONNECT, NGX_CC_SECCOMP_FLAGS3, SYS_sendto, 369 },
    { NGX_CC_SECCOMP_CONNECT, NGX_CC_SECCOMP_FLAGS2, SYS_sendmsg, 370 },
    { NGX_CC_SECCOMP_CONNECT, NGX_CC_SECCOMP_FLAGS3, SYS_sendmmsg, 345 }
};


#define NGX_CC_SECCOMP_RULES                                                  \
    (sizeof(ngx_cc_seccomp_rules) / sizeof(ngx_cc_seccomp_rule_t))


/* a system call of one architecture, and what decides about it */

typedef struct {
    unsigned                nr;
    ngx_cc_seccomp_check_e  check;
} ngx_cc_seccomp_call_t;


static void ngx_cc_seccomp_calls(ngx_cc_seccomp_t *f, unsigned set,
    int bits32);
static void ngx_cc_seccomp_search(ngx_cc_seccomp_t *f,
    const ngx_cc_seccomp_call_t *call, unsigned n);
static void ngx_cc_seccomp_check(ngx_cc_seccomp_t *f,
    ngx_cc_seccomp_check_e check);
static void ngx_cc_seccomp_refuse_if(ngx_cc_seccomp_t *f, unsigned how,
    unsigned value, int err);
static void ngx_cc_seccomp_argument(ngx_cc_seccomp_t *f, unsigned n,
    unsigned high);
static void ngx_cc_seccomp_refuse(ngx_cc_seccomp_t *f, int err);
static unsigned ngx_cc_seccomp_put(ngx_cc_seccomp_t *f, unsigned code,
    unsigned jt, unsigned jf, unsigned k);


int
ngx_cc_seccomp_available(void)
{
    unsigned  action;

    action = SECCOMP_RET_ERRNO;

    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}


void
ngx_cc_seccomp_make(ngx_cc_seccomp_t *f, unsigned set)
{
    unsigned  at;

    f->set = set;
    f->n = 0;

    ngx_cc_seccomp_put(f, BPF_LD|BPF_W|BPF_ABS, 0, 0,
                       offsetof(struct seccomp_data, arch));

    /* the distance is too long for a conditional jump */

    ngx_cc_seccomp_put(f, BPF_JMP|BPF_JEQ|BPF_K, 0, 1, NGX_CC_SECCOMP_ARCH);
    at = ngx_cc_seccomp_put(f, BPF_JMP|BPF_JA, 0, 0, 0);

#ifdef NGX_CC_SECCOMP_ARCH32
    ngx_cc_seccomp_put(f, BPF_JMP|BPF_JEQ|BPF_K, 1, 0, NGX_CC_SECCOMP_ARCH32);
#endif

    ngx_cc_seccomp_put(f, BPF_RET|BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);

#ifdef NGX_CC_SECCOMP_ARCH32
    ngx_cc_seccomp_put(f, BPF_LD|BPF_W|BPF_ABS, 0, 0,
                       offsetof(struct seccomp_data, nr));
    ngx_cc_seccomp_calls(f, set, 1);
#endif

    f->code[at].k = f->n - at - 1;

    ngx_cc_seccomp_put(f, BPF_LD|BPF_W|BPF_ABS, 0, 0,
                       offsetof(struct seccomp_data, nr));

#ifdef NGX_CC_SECCOMP_X32
    ngx_cc_seccomp_put(f, BPF_JMP|BPF_JGE|BPF_K, 0, 1, NGX_CC_SECCOMP_X32);
    ngx_cc_seccomp_refuse(f, ENOSYS);
#endif

    ngx_cc_seccomp_calls(f, set, 0);
}


/* the calls of one architecture, in ascending order */

static void
ngx_cc_seccomp_calls(ngx_cc_seccomp_t *f, unsigned set, int bits32)
{
    int                           nr;
    size_t                        i;
    unsigned                      n, at;
    ngx_cc_seccomp_call_t         call[NGX_CC_SECCOMP_RULES];
    const ngx_cc_seccomp_rule_t  *rule;

    n = 0;

    for (i = 0; i < NGX_CC_SECCOMP_RULES; i++) {
        rule = &ngx_cc_seccomp_rules[i];
        nr = bits32 ? rule->nr32 : rule->nr;

        if (nr == -1 || (rule->set & set) == 0) {
            continue;
        }

        for (at = n++; at && call[at - 1].nr > (unsigned) nr; at--) {
            call[at] = call[at - 1];
        }

        call[at].nr = nr;
        call[at].check = rule->check;
    }

    ngx_cc_seccomp_search(f, call, n);
}


/*
 * Halves the list until few are left: every call of every command goes this
 * way, and the kernel goes it once for each number when the filter is made.
 */

static void
ngx_cc_seccomp_search(ngx_cc_seccomp_t *f, const ngx_cc_seccomp_call_t *call,
    unsigned n)
{
    unsigned  i, at;

    if (n > 3) {
        ngx_cc_seccomp_put(f, BPF_JMP|BPF_JGE|BPF_K, 0, 1, call[n / 2].nr);
        at = ngx_cc_seccomp_put(f, BPF_JMP|BPF_JA, 0, 0, 0);

        ngx_cc_seccomp_search(f, call, n / 2);
        f->code[at].k = f->n - at - 1;

        ngx_cc_seccomp_search(f, call + n / 2, n - n / 2);
        return;
    }

    for (i = 0; i < n; i++) {
        at = ngx_cc_seccomp_put(f, BPF_JMP|BPF_JEQ|BPF_K, 0, 0, call[i].nr);
        ngx_cc_seccomp_check(f, call[i].check);
        f->code[at].jf = f->n - at - 1;
    }

    ngx_cc_seccomp_put(f, BPF_RET|BPF_K, 0, 0, SECCOMP_RET_ALLOW);
}


/*
 * It is that call: allow or refuse.  What the kernel takes for an int has its
 * low half looked at, as the kernel does; the high half may hold anything.
 */

static void
ngx_cc_seccomp_check(ngx_cc_seccomp_t *f, ngx_cc_seccomp_check_e check)
{
    switch (check) {

    case NGX_CC_SECCOMP_EPERM:
        ngx_cc_seccomp_refuse(f, EPERM);
        return;

    case NGX_CC_SECCOMP_ENOSYS:
        ngx_cc_seccomp_refuse(f, ENOSYS);
        return;

    case NGX_CC_SECCOMP_PID:
        ngx_cc_seccomp_argument(f, 0, 0);
        ngx_cc_seccomp_put(f, BPF_JMP|BPF_JEQ|BPF_K, 1, 0, 0);
        ngx_cc_seccomp_refuse(f, EPERM);
        break;

    case NGX_CC_SECCOMP_PRLIMIT:

        /* of oneself, or without a new limit (a pointer, both halves) */

        ngx_cc_seccomp_argument(f, 0, 0);
        ngx_cc_seccomp_put(f, BPF_JMP|BPF_JEQ|BPF_K, 5, 0, 0);
        ngx_cc_seccomp_argument(f, 2, 0);
        ngx_cc_seccomp_put(f, BPF_JMP|BPF_JEQ|BPF_K, 0, 2, 0);
        ngx_cc_seccomp_argument(f, 2, 1);
        ngx_cc_seccomp_put(f, BPF_JMP|BPF_JEQ|BPF_K, 1, 0, 0);
        ngx_cc_seccomp_refuse(f, EPERM);
        break;

    case NGX_CC_SECCOMP_PRIORITY:
    case NGX_CC_SECCOMP_IOPRIO:

        /* a group may be that of another command, of the same session */

        ngx_cc_seccomp_argument(f, 0, 0);
        ngx_cc_seccomp_put(f, BPF_JMP|BPF_JEQ|BPF_K, 0, 2,
                           check == NGX_CC_SECCOMP_IOPRIO
                           ? NGX_CC_SECCOMP_IO_PROCESS : 0);
        ngx_cc_seccomp_argument(f, 1, 0);
        ngx_cc_seccomp_put(f, BPF_JMP|BPF_JEQ|BPF_K, 1, 0, 0);
        ngx_cc_seccomp_refuse(f, EPERM);
        break;

    case NGX_CC_SECCOMP_IOCTL:
        ngx_cc_seccomp_argument(f, 1, 0);
        ngx_cc_seccomp_refuse_if(f, BPF_JEQ, NGX_CC_SECCOMP_TIOCSTI, EPERM);
        ngx_cc_seccomp_refuse_if(f, BPF_JEQ, NGX_CC_SECCOMP_TIOCLINUX, EPERM);
        break;

    case NGX_CC_SECCOMP_CLONE:
    case NGX_CC_SECCOMP_UNSHARE:
        ngx_cc_seccomp_argument(f, 0, 0);
        ngx_cc_seccomp_refuse_if(f, BPF_JSET, NGX_CC_SECCOMP_NEW
                                 | (check == NGX_CC_SECCOMP_UNSHARE
                                    ? NGX_CC_SECCOMP_NEWTIME : 0), EPERM);
        break;

    case NGX_CC_SECCOMP_SOCKET:
        ngx_cc_seccomp_argument(f, 2, 0);
        ngx_cc_seccomp_refuse_if(f, BPF_JEQ, NGX_CC_SECCOMP_MPTCP,
                                 EPROTONOSUPPORT);
        ngx_cc_seccomp_argument(f, 0, 0);
        ngx_cc_seccomp_refuse_if(f, BPF_JEQ, NGX_CC_SECCOMP_SMC,
                                 EAFNOSUPPORT);
        break;

    case NGX_CC_SECCOMP_FLAGS2:
    case NGX_CC_SECCOMP_FLAGS3:
        ngx_cc_seccomp_argument(f, check == NGX_CC_SECCOMP_FLAGS2 ? 2 : 3, 0);
        ngx_cc_seccomp_refuse_if(f, BPF_JSET, NGX_CC_SECCOMP_FASTOPEN,
                                 EOPNOTSUPP);
        break;
    }

    ngx_cc_seccomp_put(f, BPF_RET|BPF_K, 0, 0, SECCOMP_RET_ALLOW);
}


static void
ngx_cc_seccomp_refuse_if(ngx_cc_seccomp_t *f, unsigned how, unsigned value,
    int err)
{
    ngx_cc_seccomp_put(f, BPF_JMP|how|BPF_K, 0, 1, value);
    ngx_cc_seccomp_refuse(f, err);
}


static void
ngx_cc_seccomp_argument(ngx_cc_seccomp_t *f, unsigned n, unsigned high)
{
    unsigned  at;

    at = offsetof(struct seccomp_data, args) + n * sizeof(uint64_t);

#if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
    high = !high;
#endif

    ngx_cc_seccomp_put(f, BPF_LD|BPF_W|BPF_ABS, 0, 0,
                       at + high * sizeof(uint32_t));
}


static void
ngx_cc_seccomp_refuse(ngx_cc_seccomp_t *f, int err)
{
    ngx_cc_seccomp_put(f, BPF_RET|BPF_K, 0, 0, SECCOMP_RET_ERRNO | err);
}


/* its index; a program that does not fit is refused by the kernel */

static unsigned
ngx_cc_seccomp_put(ngx_cc_seccomp_t *f, unsigned code, unsigned jt,
    unsigned jf, unsigned k)
{
    unsigned  at;

    at = f->n < NGX_CC_SECCOMP_MAX ? f->n++ : NGX_CC_SECCOMP_MAX - 1;

    f->code[at].code = code;
    f->code[at].jt = jt;
    f->code[at].jf = jf;
    f->code[at].k = k;

    return at;
}


int
ngx_cc_seccomp_enter(const ngx_cc_seccomp_t *f)
{
    struct sock_fprog  program;

    program.len = f->n;
    program.filter = (struct sock_filter *) f->code;

    /* no slower processor because of it (until Linux 5.15) */

    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                   SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);
}


#else /* another architecture */


int
ngx_cc_seccomp_available(void)
{
    return 0;
}


void
ngx_cc_seccomp_make(ngx_cc_seccomp_t *f, unsigned set)
{
    f->set = set;
    f->n = 0;
}


int
ngx_cc_seccomp_enter(const ngx_cc_seccomp_t *f)
{
    errno = ENOSYS;

    return f->set ? -1 : 0;
}


#endif


unsigned
ngx_cc_seccomp_set(const ngx_cc_confine_t *confine)
{
    unsigned  set;

    if (confine->fence == 0 || !(confine->flags & NGX_CC_CONFINE_SECCOMP)) {
        return 0;
    }

    set = NGX_CC_SECCOMP_ALWAYS;

    if (confine->nread + confine->nwrite) {
        set |= NGX_CC_SECCOMP_SPACES;
    }

    if (confine->flags & NGX_CC_CONFINE_CONNECT) {
        set |= NGX_CC_SECCOMP_TCP|NGX_CC_SECCOMP_CONNECT;
    }

    if (confine->flags & NGX_CC_CONFINE_LISTEN) {
        set |= NGX_CC_SECCOMP_TCP;
    }

    return set;
}
