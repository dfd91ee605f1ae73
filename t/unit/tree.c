
/* a signal for a whole tree: exactly its processes, wherever they went */

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_fence.h"
#include "ngx_cc_tree.h"


static ngx_cc_tree_t  tree;
static int            marker[2];
static pid_t          stranger;      /* in our group, none of ours */


/* how the tests are run: in a domain, by a walk, with less than that */

enum { SCOPED, WALK, SEARCH, NO_PIDFD };


static int
setup(int how)
{
    ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    memset(&tree, 0, sizeof(tree));
    ck_assert_int_eq(ngx_cc_tree_init(&tree), 0);

    if (how == SCOPED && !ngx_cc_tree_enclose(&tree)) {
        ck_assert_int_lt(ngx_cc_fence_abi(), NGX_CC_FENCE_SIGNALS);
        return 0;
    }

    if (how == SEARCH) {
        (void) close(tree.proc.children);
        tree.proc.children = -1;
    }

    if (how == NO_PIDFD) {
        tree.pidfd = 0;
    }

    return 1;
}


/* a command that has written "n" lines with pids when this returns */

static pid_t
start(const char *command, pid_t *pid, int n)
{
    int    i;
    FILE  *f;
    pid_t  main;

    ck_assert_int_eq(pipe(marker), 0);
    main = fork();

    if (main == 0) {
        (void) setpgid(0, 0);
        (void) dup2(marker[1], 1);
        (void) close(2);
        (void) close(marker[0]);
        (void) close(marker[1]);
        (void) execl("/bin/sh", "sh", "-c", command, NULL);
        _exit(127);
    }

    (void) close(marker[1]);
    f = fdopen(marker[0], "r");

    for (i = 0; i < n; i++) {
        ck_assert_int_eq(fscanf(f, "%d", &pid[i]), 1);
    }

    return main;
}


static char
state(pid_t pid)
{
    ngx_cc_proc_stat_t  st;

    return ngx_cc_proc_stat(tree.proc.dir, pid, &st) == 0 ? st.state : '-';
}


static void
send(int signo, int then, pid_t group)
{
    int  i;

    ngx_cc_tree_signal(&tree, signo, then, group);

    for (i = 0; i < 100 && !ngx_cc_tree_turn(&tree); i++) {
        (void) usleep(10000);
    }
}


static void
await(pid_t pid, const char *states)
{
    int  i;

    for (i = 0; i < 1000; i++) {
        while (waitpid(-1, NULL, WNOHANG) > 0) { /* void */ }

        if (strchr(states, state(pid))) {
            return;
        }

        (void) usleep(10000);
    }

    ck_abort_msg("%d is %c, not %s", pid, state(pid), states);
}


/* STOP, CONT, TERM for a tree in five groups and four sessions */

START_TEST(spread)
{
    int    i, all;
    pid_t  pid[6];

    stranger = getppid();

    if (!setup(_i)) {
        return;
    }

    pid[5] = start("sh -c 'echo $$; exec sleep 600' &"
                   "setsid sh -c 'echo $$; exec sleep 600' &"
                   "(setsid sh -c 'echo $$; sleep 600 & exec sleep 600' &);"
                   "timeout 600 sh -c 'echo $$; exec sleep 600' &"
                   "setsid sh -c 'setsid sh -c \"echo \\$\\$; exec sleep 600\" &"
                   " wait' & wait", pid, 5);

    send(SIGSTOP, 0, pid[5]);
    all = (_i == NO_PIDFD) ? 0 : 6;

    for (i = 0; i < all; i++) {
        ck_assert_int_eq(state(pid[i]), 'T');
    }

    ck_assert_int_eq(state(pid[5]), 'T');
    ck_assert_int_eq(tree.left == 0, all != 0);

    send(SIGCONT, 0, pid[5]);

    for (i = 0; i < 6; i++) {
        await(pid[i], "S");
    }

    send(SIGSTOP, 0, pid[5]);
    send(SIGTERM, SIGCONT, pid[5]);
    await(pid[5], "-");

    for (i = 0; i < all; i++) {
        await(pid[i], "-");
    }

    while (waitpid(-1, NULL, WNOHANG) == 0) {
        (void) ngx_cc_tree_kill(&tree, 0);
        (void) usleep(1000);
    }

    /* the process that runs the tests has got none of it */

    ck_assert_int_eq(getppid(), stranger);
    ck_assert_int_ne(state(stranger), 'T');
}
END_TEST


/* who has got it does not get it again, however often is looked */

START_TEST(once)
{
    pid_t  pid[2];

    if (!setup(_i)) {
        return;
    }

    (void) start("setsid sh -c 'trap \"echo 1\" TERM; trap \"exit\" USR1;"
                 "echo $$; while :; do sleep 0.01; done' & wait", pid, 1);

    ngx_cc_tree_signal(&tree, SIGTERM, 0, 0);
    (void) ngx_cc_tree_turn(&tree);
    (void) usleep(100000);
    tree.signo = SIGTERM;
    (void) ngx_cc_tree_turn(&tree);
    (void) usleep(100000);
    (void) kill(pid[0], SIGUSR1);
    await(pid[0], "-");

    pid[1] = 0;
    ck_assert_int_eq(read(marker[0], pid, 1), 1);
    ck_assert_int_eq(read(marker[0], pid, 8), 1);
    ck_assert_int_eq(read(marker[0], pid, 8), 0);
}
END_TEST


/* threads have children, too */

START_TEST(threads)
{
    pid_t  pid[1];

    if (!setup(WALK)) {
        return;
    }

    if (access("/usr/bin/python3", X_OK) == -1) {
        return;
    }

    (void) start("exec python3 -c 'import threading, subprocess\n"
                 "threading.Thread(target = lambda: subprocess.run("
                 "[\"sh\", \"-c\", \"echo $$; exec sleep 600\"])).start()'",
                 pid, 1);

    send(SIGSTOP, 0, 0);
    ck_assert_int_eq(state(pid[0]), 'T');
    ck_assert_uint_eq(tree.left, 0);
    send(SIGKILL, 0, 0);
    await(pid[0], "-");
}
END_TEST


/* what does not stop is counted: here, what may not be signalled by us */

START_TEST(left)
{
    pid_t  pid[1];

    if (!setup(WALK)) {
        return;
    }

    (void) start("setsid sh -c 'echo $$; exec sleep 600' & wait", pid, 1);
    tree.pidfd = 0;
    send(SIGSTOP, 0, 0);
    ck_assert_int_eq(state(pid[0]), 'S');
    ck_assert_uint_eq(tree.left, 1);

    while (waitpid(-1, NULL, WNOHANG) == 0) {
        (void) ngx_cc_tree_kill(&tree, 0);
        (void) usleep(1000);
    }
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("tree");
    Suite  *s = suite_create("tree");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, spread, SCOPED, NO_PIDFD + 1);
    tcase_add_loop_test(tc, once, WALK, SEARCH + 1);
    tcase_add_test(tc, threads);
    tcase_add_test(tc, left);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
