
/* the end of a tree, however it hides */

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_sweep.h"


static ngx_cc_proc_t  proc;


static void
setup(void)
{
    ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    ck_assert_int_eq(ngx_cc_proc_open(&proc), 0);
}


static int  marker[2];


/* runs a shell command, waits until it has written a byte to the pipe */

static pid_t
tree(const char *command)
{
    char   byte;
    pid_t  pid;

    ck_assert_int_eq(pipe(marker), 0);
    pid = fork();

    if (pid == 0) {
        (void) setpgid(0, 0);
        (void) dup2(marker[1], 1);
        (void) close(marker[0]);
        (void) close(marker[1]);
        (void) execl("/bin/sh", "sh", "-c", command, NULL);
        _exit(127);
    }

    (void) close(marker[1]);
    ck_assert_int_eq(read(marker[0], &byte, 1), 1);

    return pid;
}


/* kills and waits until there is no child; returns the rounds */

static int
clean(void)
{
    int  rounds;

    for (rounds = 0; rounds < 1000; rounds++) {
        while (waitpid(-1, NULL, WNOHANG) > 0) { /* void */ }

        if (waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD) {
            return rounds;
        }

        ck_assert_int_ne(ngx_cc_sweep_kill(&proc, NULL, 0), -1);
        (void) usleep(1000);
    }

    ck_abort_msg("children are left");

    return 0;
}


/* everybody who holds the marker pipe is gone when it ends */

static void
gone(void)
{
    char  byte;

    while (read(marker[0], &byte, 1) == 1) { /* void */ }

    (void) close(marker[0]);
}


START_TEST(escapes)
{
    (void) tree("sleep 600 & setsid sleep 600 & (setsid sleep 600 &) ;"
                "(trap '' TERM HUP; sleep 600; sleep 600) &"
                "setsid sh -c 'sleep 600 & sleep 600 & wait' &"
                "nohup sleep 600 & sleep 0.1; echo; wait");
    (void) clean();
    gone();
}
END_TEST


/* without /proc/PID/task/TID/children, which is optional in the kernel */

START_TEST(scan)
{
    (void) close(proc.children);
    proc.children = -1;

    (void) tree("setsid sleep 600 & (setsid sleep 600 &); sleep 0.1; echo;"
                "wait");
    (void) clean();
    gone();
}
END_TEST


/* a tree that forks faster than one can look */

START_TEST(runners)
{
    (void) tree("n=0; while [ $n -lt 4 ]; do"
                "  setsid sh -c 'trap \"\" TERM; while :; do "
                "    (setsid sh -c \"sleep 0.05\" &); done' & "
                "  n=$((n+1)); done; sleep 0.2; echo; wait");
    (void) clean();
    gone();
}
END_TEST


START_TEST(spared)
{
    pid_t  pid, other;

    pid = tree("echo; exec sleep 600");
    (void) close(marker[0]);
    other = tree("echo; exec sleep 600");

    ck_assert_int_eq(ngx_cc_sweep_kill(&proc, &pid, 1), 1);
    ck_assert_int_eq(waitpid(other, NULL, 0), other);
    (void) usleep(20000);
    ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
    ck_assert_int_eq(ngx_cc_sweep_kill(&proc, &pid, 1), 0);

    ck_assert_int_eq(ngx_cc_sweep_kill(&proc, NULL, 0), 1);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    ck_assert_int_eq(ngx_cc_sweep_kill(&proc, NULL, 0), 0);
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("sweep");
    Suite  *s = suite_create("sweep");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, escapes);
    tcase_add_test(tc, scan);
    tcase_add_test(tc, runners);
    tcase_add_test(tc, spared);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
