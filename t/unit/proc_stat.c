
/* /proc/PID/stat: a name in it may look like the fields behind it */

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_proc_stat.h"


START_TEST(fields)
{
    int                 dir;
    ngx_cc_proc_stat_t  named, st;

    ck_assert_int_eq(prctl(PR_SET_NAME, "x) Z 1 1 (y", 0, 0, 0), 0);

    ck_assert_int_eq(ngx_cc_proc_stat(-1, getpid(), &named), 0);
    ck_assert_int_eq(named.state, 'R');
    ck_assert_int_eq(named.parent, getppid());
    ck_assert_int_eq(named.group, getpgrp());
    ck_assert_uint_eq(named.threads, 1);
    ck_assert_uint_gt(named.start, 0);

    dir = open("/proc", O_RDONLY|O_DIRECTORY);
    ck_assert_int_ne(dir, -1);
    ck_assert_int_eq(ngx_cc_proc_stat(dir, getpid(), &st), 0);
    ck_assert_uint_eq(st.start, named.start);
    ck_assert_int_eq(st.parent, named.parent);
    (void) close(dir);
}
END_TEST


/* a zombie is still there, with its start time; who is waited for is not */

START_TEST(ends)
{
    pid_t               pid;
    siginfo_t           info;
    ngx_cc_proc_stat_t  st, dead;

    pid = fork();

    if (pid == 0) {
        for ( ;; ) {
            (void) pause();
        }
    }

    ck_assert_int_gt(pid, 0);
    ck_assert_int_eq(ngx_cc_proc_stat(-1, pid, &st), 0);

    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitid(P_PID, pid, &info, WEXITED|WNOWAIT), 0);

    ck_assert_int_eq(ngx_cc_proc_stat(-1, pid, &dead), 0);
    ck_assert_int_eq(dead.state, 'Z');
    ck_assert_int_eq(dead.parent, getpid());
    ck_assert_uint_ge(dead.threads, 1);
    ck_assert_uint_eq(dead.start, st.start);

    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    ck_assert_int_eq(ngx_cc_proc_stat(-1, pid, &st), -1);
}
END_TEST


int
main(void)
{
    Suite  *s;
    TCase  *tc;

    s = suite_create("proc_stat");
    tc = tcase_create("proc_stat");

    tcase_add_test(tc, fields);
    tcase_add_test(tc, ends);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
