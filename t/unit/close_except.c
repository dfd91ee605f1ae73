
/* what a new process must not keep is closed, with close_range() and without */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_close_except.h"


/* this system call says that, from now on */

static void
forbid(unsigned number, unsigned error)
{
    struct sock_filter  filter[] = {
        BPF_STMT(BPF_LD|BPF_W|BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP|BPF_JEQ|BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET|BPF_K, SECCOMP_RET_ERRNO|error),
        BPF_STMT(BPF_RET|BPF_K, SECCOMP_RET_ALLOW)
    };
    struct sock_fprog   program = { 4, filter };

    ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}


static const unsigned  error[] = { 0, ENOSYS, EPERM };


/* many, with gaps, and one beyond a limit that was lowered afterwards */

START_TEST(closes)
{
    int            i, fd, keep[3], left;
    struct rlimit  limit;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);

    for (i = 0; i < 500; i++) {
        fd = open("/dev/null", O_RDONLY);
        ck_assert_int_ne(fd, -1);
    }

    keep[0] = 300;
    keep[1] = -1;
    keep[2] = 40;

    limit.rlim_cur = 100;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);

    if (error[_i]) {
        forbid(SYS_close_range, error[_i]);
    }

    ck_assert_int_eq(ngx_cc_close_except(keep, 3), 0);

    left = 0;

    for (fd = 3; fd < 1000; fd++) {
        left += (fcntl(fd, F_GETFD) != -1);
    }

    ck_assert_int_eq(left, 2);
    ck_assert_int_ne(fcntl(300, F_GETFD), -1);
    ck_assert_int_ne(fcntl(40, F_GETFD), -1);
    ck_assert_int_ne(fcntl(2, F_GETFD), -1);
}
END_TEST


/* neither the one nor the other: it says so */

START_TEST(cannot)
{
    int  keep[1] = { -1 };

    forbid(SYS_close_range, ENOSYS);
    forbid(SYS_openat, EACCES);
    ck_assert_int_eq(ngx_cc_close_except(keep, 1), -1);
    ck_assert_int_eq(errno, EACCES);
    ck_assert_int_eq(ngx_cc_close_stdio(), -1);
    ck_assert_int_eq(errno, EACCES);
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("close_except");
    Suite  *s = suite_create("close_except");

    tcase_add_loop_test(tc, closes, 0, 3);
    tcase_add_test(tc, cannot);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
