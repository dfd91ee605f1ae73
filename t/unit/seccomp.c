
/*
 * The filter for system calls, interpreted here: the verdict for every number
 * of every architecture and for arguments at the borders; then in force.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_fence.h"
#include "ngx_cc_seccomp.h"


#if defined(__x86_64__)
#define NATIVE  AUDIT_ARCH_X86_64
#else
#define NATIVE  AUDIT_ARCH_AARCH64
#endif

#define KILLED  -1

#define ALWAYS  NGX_CC_SECCOMP_ALWAYS
#define SPACES  NGX_CC_SECCOMP_SPACES
#define TCP     NGX_CC_SECCOMP_TCP
#define CONN    NGX_CC_SECCOMP_CONNECT
#define ALL     (ALWAYS|SPACES|TCP|CONN)


static ngx_cc_seccomp_t  filter;


/* 0 = allowed, or the errno, or KILLED; fails when the program does not end */

static int
verdict(unsigned arch, unsigned nr, uint64_t a0, uint64_t a1, uint64_t a2,
    uint64_t a3)
{
    int                  steps;
    char                *memory;
    unsigned             pc, a, taken;
    struct seccomp_data  data;
    struct sock_filter  *code;

    memset(&data, 0, sizeof(data));
    data.nr = nr;
    data.arch = arch;
    data.args[0] = a0;
    data.args[1] = a1;
    data.args[2] = a2;
    data.args[3] = a3;

    memory = (char *) &data;
    a = 0;
    steps = 0;

    for (pc = 0; pc < filter.n; pc++) {
        code = &filter.code[pc];
        unit_assert(++steps < 40);

        switch (code->code) {

        case BPF_LD|BPF_W|BPF_ABS:
            unit_assert(code->k % 4 == 0 && code->k < sizeof(data));
            memcpy(&a, memory + code->k, sizeof(a));
            continue;

        case BPF_JMP|BPF_JA:
            pc += code->k;
            continue;

        case BPF_JMP|BPF_JEQ|BPF_K:
            taken = (a == code->k);
            break;

        case BPF_JMP|BPF_JGE|BPF_K:
            taken = (a >= code->k);
            break;

        case BPF_JMP|BPF_JSET|BPF_K:
            taken = (a & code->k) != 0;
            break;

        case BPF_RET|BPF_K:
            if (code->k == SECCOMP_RET_ALLOW) {
                return 0;
            }

            if (code->k == SECCOMP_RET_KILL_PROCESS) {
                return KILLED;
            }

            unit_assert((code->k & SECCOMP_RET_ACTION_FULL)
                        == SECCOMP_RET_ERRNO);
            unit_assert(code->k & SECCOMP_RET_DATA);

            return code->k & SECCOMP_RET_DATA;

        default:
            ck_abort_msg("instruction %x", code->code);
        }

        pc += taken ? code->jt : code->jf;
    }

    ck_abort_msg("it fell off the end");

    return 0;
}


/* the upper half of an int may hold anything */
#define JUNK  0xdead00000000ULL

#define NEWUSER  0x10000000


static const struct {
    const char  *name;
    unsigned     set;        /* where it is refused */
    int          error;
    int          nr;
    int          nr32;
    uint64_t     args[4];
} calls[] = {
    { "prlimit64 of another", ALWAYS, EPERM, SYS_prlimit64, 340,
      { 4711, RLIMIT_FSIZE, 0x1000, 0 } },
    { "a pointer whose low half is 0", ALWAYS, EPERM, SYS_prlimit64, 340,
      { 4711, RLIMIT_FSIZE, 0x700000000, 0 } },
    { "of -1", ALWAYS, EPERM, SYS_prlimit64, 340,
      { 0xffffffffu, RLIMIT_FSIZE, 0x1000, 0 } },
    { "of oneself", 0, 0, SYS_prlimit64, 340, { 0, RLIMIT_FSIZE, 0x1000, 0 } },
    { "of oneself, junk", 0, 0, SYS_prlimit64, 340,
      { JUNK, RLIMIT_FSIZE, 0x1000, 0 } },
    { "read only", 0, 0, SYS_prlimit64, 340,
      { 4711, RLIMIT_FSIZE, 0, 0x1000 } },

    { "setpriority of another", ALWAYS, EPERM, SYS_setpriority, 97,
      { PRIO_PROCESS, 4711, 19, 0 } },
    { "of a group", ALWAYS, EPERM, SYS_setpriority, 97,
      { PRIO_PGRP, 0, 19, 0 } },
    { "of a user", ALWAYS, EPERM, SYS_setpriority, 97,
      { PRIO_USER, 0, 19, 0 } },
    { "of oneself", 0, 0, SYS_setpriority, 97,
      { JUNK|PRIO_PROCESS, JUNK, 19, 0 } },

    { "sched_setparam", ALWAYS, EPERM, SYS_sched_setparam, 154, { 1 } },
    { "own", 0, 0, SYS_sched_setparam, 154, { 0 } },
    { "sched_setscheduler", ALWAYS, EPERM, SYS_sched_setscheduler, 156, { 1 } },
    { "own", 0, 0, SYS_sched_setscheduler, 156, { 0 } },
    { "sched_setaffinity", ALWAYS, EPERM, SYS_sched_setaffinity, 241, { 1 } },
    { "own", 0, 0, SYS_sched_setaffinity, 241, { 0 } },
    { "sched_setattr", ALWAYS, EPERM, SYS_sched_setattr, 351, { 1 } },
    { "own", 0, 0, SYS_sched_setattr, 351, { 0 } },

    { "ioprio_set", ALWAYS, EPERM, SYS_ioprio_set, 289, { 1, 4711 } },
    { "of a group", ALWAYS, EPERM, SYS_ioprio_set, 289, { 2, 0 } },
    { "of a user", ALWAYS, EPERM, SYS_ioprio_set, 289, { 3, 0 } },
    { "own", 0, 0, SYS_ioprio_set, 289, { 1, 0 } },

    { "TIOCSTI", ALWAYS, EPERM, SYS_ioctl, 54, { 0, 0x5412 } },
    { "TIOCSTI, junk", ALWAYS, EPERM, SYS_ioctl, 54, { 0, JUNK|0x5412 } },
    { "TIOCLINUX", ALWAYS, EPERM, SYS_ioctl, 54, { 0, 0x541c } },
    { "TIOCGWINSZ", 0, 0, SYS_ioctl, 54, { 0, 0x5413 } },
    { "TCGETS", 0, 0, SYS_ioctl, 54, { 0, 0x5401 } },

    { "add_key", ALWAYS, EPERM, SYS_add_key, 286, { 0 } },
    { "request_key", ALWAYS, EPERM, SYS_request_key, 287, { 0 } },
    { "keyctl", ALWAYS, EPERM, SYS_keyctl, 288, { 0 } },
    { "perf_event_open", ALWAYS, EPERM, SYS_perf_event_open, 336, { 0 } },
    { "bpf", ALWAYS, EPERM, SYS_bpf, 357, { 0 } },
    { "userfaultfd", ALWAYS, EPERM, SYS_userfaultfd, 374, { 0 } },
    { "io_uring_setup", ALWAYS, EPERM, 425, 425, { 0 } },
    { "io_uring_enter", ALWAYS, EPERM, 426, 426, { 0 } },
    { "io_uring_register", ALWAYS, EPERM, 427, 427, { 0 } },

    { "clone of a user namespace", SPACES, EPERM, SYS_clone, 120,
      { NEWUSER|17 } },
    { "of a mount namespace", SPACES, EPERM, SYS_clone, 120, { 0x20011 } },
    { "of a cgroup namespace", SPACES, EPERM, SYS_clone, 120, { 0x2000011 } },
    { "of a network", SPACES, EPERM, SYS_clone, 120, { 0x40000011 } },
    { "fork", 0, 0, SYS_clone, 120, { 0x1200011 } },
    { "a thread", 0, 0, SYS_clone, 120, { 0x3d0f00 } },
    { "vfork", 0, 0, SYS_clone, 120, { 0x4111 } },
    { "clone3", SPACES, ENOSYS, 435, 435, { 0 } },
    { "unshare", SPACES, EPERM, SYS_unshare, 310, { NEWUSER } },
    { "of time", SPACES, EPERM, SYS_unshare, 310, { 0x80 } },
    { "of descriptors", 0, 0, SYS_unshare, 310, { 0x600 } },
    { "setns", SPACES, EPERM, SYS_setns, 346, { 0 } },

    { "MPTCP", TCP, EPROTONOSUPPORT, SYS_socket, 359, { 2, 1, 262 } },
    { "MPTCP 6", TCP, EPROTONOSUPPORT, SYS_socket, 359, { 10, 1, 262 } },
    { "SMC", TCP, EAFNOSUPPORT, SYS_socket, 359, { 43, 1, 0 } },
    { "TCP", 0, 0, SYS_socket, 359, { 2, 1, 6 } },
    { "unix", 0, 0, SYS_socket, 359, { 1, 1, 0 } },
    { "socketcall", TCP, ENOSYS, -1, 102, { 1 } },
    { "sendto", CONN, EOPNOTSUPP, SYS_sendto, 369, { 3, 0, 0, 0x20004000 } },
    { "sendto without", 0, 0, SYS_sendto, 369, { 3, 0, 0, 0x4000 } },
    { "sendmsg", CONN, EOPNOTSUPP, SYS_sendmsg, 370, { 3, 0, 0x20000000 } },
    { "sendmsg without", 0, 0, SYS_sendmsg, 370, { 3, 0, 0x4000 } },
    { "sendmmsg", CONN, EOPNOTSUPP, SYS_sendmmsg, 345,
      { 3, 0, 1, 0x20000000 } }
};

#define NCALLS  (sizeof(calls) / sizeof(calls[0]))


START_TEST(verdicts)
{
    int              got, want;
    size_t           i;
    unsigned         set;
    const uint64_t  *a;

    for (set = 1; set <= ALL; set++) {
        ngx_cc_seccomp_make(&filter, set);
        ck_assert_uint_eq(filter.set, set);
        ck_assert_uint_lt(filter.n, NGX_CC_SECCOMP_MAX);

        for (i = 0; i < NCALLS; i++) {
            a = calls[i].args;
            want = (calls[i].set & set) ? calls[i].error : 0;

            if (calls[i].nr != -1) {
                got = verdict(NATIVE, calls[i].nr, a[0], a[1], a[2], a[3]);
                ck_assert_msg(got == want, "set %u, %zu, %s: %d, not %d",
                              set, i, calls[i].name, got, want);
            }

            /* arguments of 32-bit programs have no upper half */

            if (NATIVE == AUDIT_ARCH_X86_64 && a[2] < 0x100000000) {
                got = verdict(AUDIT_ARCH_I386, calls[i].nr32, (uint32_t) a[0],
                              (uint32_t) a[1], a[2], a[3]);
                ck_assert_msg(got == want, "set %u, %zu, %s, 32 bits: %d, not "
                              "%d", set, i, calls[i].name, got, want);
            }
        }
    }
}
END_TEST


/* every other number gets through, whatever its arguments */

START_TEST(others)
{
    size_t    i;
    unsigned  nr;

    ngx_cc_seccomp_make(&filter, ALL);

    for (nr = 0; nr < 1024; nr++) {
        for (i = 0; i < NCALLS && calls[i].nr != (int) nr; i++) { /* void */ }

        if (i == NCALLS) {
            unit_assert(verdict(NATIVE, nr, ~0ULL, ~0ULL, ~0ULL, ~0ULL) == 0);
        }

        for (i = 0; i < NCALLS && calls[i].nr32 != (int) nr; i++) { /* void */ }

        if (i == NCALLS && NATIVE == AUDIT_ARCH_X86_64) {
            unit_assert(verdict(AUDIT_ARCH_I386, nr, ~0ULL, ~0ULL, ~0ULL,
                                ~0ULL) == 0);
        }
    }
}
END_TEST


START_TEST(foreign)
{
    unsigned  nr;

    ngx_cc_seccomp_make(&filter, ALWAYS);

    ck_assert_int_eq(verdict(AUDIT_ARCH_ARM, 1, 0, 0, 0, 0), KILLED);
    ck_assert_int_eq(verdict(AUDIT_ARCH_PPC64, 1, 0, 0, 0, 0), KILLED);
    ck_assert_int_eq(verdict(0, 1, 0, 0, 0, 0), KILLED);

    if (NATIVE == AUDIT_ARCH_X86_64) {
        ck_assert_int_eq(verdict(AUDIT_ARCH_AARCH64, 1, 0, 0, 0, 0), KILLED);

        for (nr = 0x40000000; nr < 0x40000400; nr++) {
            unit_assert(verdict(NATIVE, nr, 0, 0, 0, 0) == ENOSYS);
        }

        ck_assert_int_eq(verdict(NATIVE, ~0U, 0, 0, 0, 0), ENOSYS);
    }
}
END_TEST


START_TEST(sets)
{
    ngx_cc_confine_t  confine;

    memset(&confine, 0, sizeof(confine));
    confine.flags = NGX_CC_CONFINE_FLAGS;
    confine.nread = 1;
    ck_assert_uint_eq(ngx_cc_seccomp_set(&confine), 0);

    confine.fence = 7;
    ck_assert_uint_eq(ngx_cc_seccomp_set(&confine), ALL);

    confine.flags = NGX_CC_CONFINE_SECCOMP;
    ck_assert_uint_eq(ngx_cc_seccomp_set(&confine), ALWAYS|SPACES);

    confine.nread = 0;
    ck_assert_uint_eq(ngx_cc_seccomp_set(&confine), ALWAYS);

    confine.nwrite = 1;
    ck_assert_uint_eq(ngx_cc_seccomp_set(&confine), ALWAYS|SPACES);

    confine.nwrite = 0;
    confine.flags |= NGX_CC_CONFINE_LISTEN;
    ck_assert_uint_eq(ngx_cc_seccomp_set(&confine), ALWAYS|TCP);

    confine.flags = NGX_CC_CONFINE_SECCOMP|NGX_CC_CONFINE_CONNECT;
    ck_assert_uint_eq(ngx_cc_seccomp_set(&confine), ALWAYS|TCP|CONN);

    confine.flags = NGX_CC_CONFINE_CONNECT|NGX_CC_CONFINE_LISTEN;
    ck_assert_uint_eq(ngx_cc_seccomp_set(&confine), 0);
}
END_TEST


/* what the kernel thinks of it; one after the other, they add up */

START_TEST(force)
{
    int            status;
    pid_t          pid;
    unsigned       set;
    struct rlimit  limit;

    ck_assert_int_eq(ngx_cc_seccomp_available(), 1);

    pid = fork();

    if (pid == 0) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) {
            _exit(1);
        }

        for (set = 1; set <= ALL; set++) {
            ngx_cc_seccomp_make(&filter, set);

            if (ngx_cc_seccomp_enter(&filter) == -1) {
                _exit(2);
            }
        }

        if (getrlimit(RLIMIT_NOFILE, &limit) == -1
            || setrlimit(RLIMIT_NOFILE, &limit) == -1
            || prlimit(getppid(), RLIMIT_NOFILE, &limit, NULL) != -1
            || errno != EPERM)
        {
            _exit(3);
        }

        _exit(0);
    }

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST


int
main(void)
{
    Suite  *suite;
    TCase  *tc;

    suite = suite_create("seccomp");
    tc = tcase_create("seccomp");

    if (ngx_cc_seccomp_available()) {
        tcase_add_test(tc, verdicts);
        tcase_add_test(tc, others);
        tcase_add_test(tc, foreign);
        tcase_add_test(tc, force);
    }

    tcase_add_test(tc, sets);
    suite_add_tcase(suite, tc);

    return unit_run(suite);
}
