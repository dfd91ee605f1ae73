
/*
 * The control group of a command, in a piece of the tree that the machine has:
 * two ways into it, standing still, KILL, what nobody looks after.  Without one
 * (or without the right to make groups in there) nothing is tested but that
 * groups are refused.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_cgroup.h"


static char             base[4096];
static ngx_cc_cgroup_t  cg;
static const ngx_cc_wire_cgroup_t  wanted = { .flags = NGX_CC_CGROUP_WANTED };
static char             stack[65536] __attribute__((aligned(64)));


/* 1: there is a place for groups */

static int
place(void)
{
    FILE  *f;
    char   line[8192], mount[4000];

    f = fopen("/proc/self/mountinfo", "r");
    ck_assert_ptr_nonnull(f);
    mount[0] = '\0';

    while (mount[0] == '\0' && fgets(line, sizeof(line), f)) {
        if (strstr(line, " - cgroup2 ")) {
            (void) sscanf(line, "%*d %*d %*s / %3999s", mount);
        }
    }

    (void) fclose(f);
    (void) snprintf(base, sizeof(base), "%s/cc-unit-%d", mount, (int) getpid());

    if (mount[0] && mkdir(base, 0755) == 0) {
        ngx_cc_cgroup_init(&cg, open(base, O_RDONLY|O_DIRECTORY|O_CLOEXEC));
        return 1;
    }

    fprintf(stderr, "cgroup: NOT TESTED, no group can be made in \"%s\"\n",
            mount);
    return 0;
}


static void
leave(void)
{
    int  i;

    for (i = 0; i < 1000 && ngx_cc_cgroup_sweep(cg.base); i++) {
        (void) usleep(10000);
    }

    (void) close(cg.base);
    ck_assert_int_eq(rmdir(base), 0);
}


/* what a process says of itself */

static int
grouped(pid_t pid)
{
    FILE  *f;
    char   name[64], line[8192], tail[64];
    int    found;

    (void) snprintf(name, sizeof(name), "/proc/%d/cgroup", (int) pid);
    (void) snprintf(tail, sizeof(tail), "/cc-unit-%d/%s\n", (int) getpid(),
                    cg.name);
    f = fopen(name, "r");
    ck_assert_ptr_nonnull(f);
    found = 0;

    while (fgets(line, sizeof(line), f)) {
        found |= (strncmp(line, "0::", 3) == 0
                  && strlen(line) > strlen(tail)
                  && strcmp(line + strlen(line) - strlen(tail), tail) == 0);
    }

    (void) fclose(f);

    return found;
}


static int
program(void *data)
{
    char  *argv[] = { "sleep", "1000", NULL };

    *(int *) data += 1;
    (void) execv("/bin/sleep", argv);
    _exit(1);
}


static pid_t
enter(void)
{
    int    ready[2];
    char   c;
    pid_t  pid;

    ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
    pid = fork();

    if (pid == 0) {
        if (ngx_cc_cgroup_enter(&cg) == -1) {
            _exit(1);
        }

        (void) execl("/bin/sleep", "sleep", "1000", (char *) NULL);
        _exit(1);
    }

    (void) close(ready[1]);
    ck_assert_int_eq(read(ready[0], &c, 1), 0);
    (void) close(ready[0]);

    return pid;
}


START_TEST(test_nowhere)
{
    ngx_cc_cgroup_t  none;

    ngx_cc_cgroup_init(&none, -1);
    ck_assert_int_eq(ngx_cc_cgroup_make(&none, &wanted), -1);
    ck_assert_int_eq(errno, ENOTSUP);
    ck_assert_int_eq(ngx_cc_cgroup_is(&none), 0);
    ck_assert_int_eq(ngx_cc_cgroup_oom(&none), 0);
    ck_assert_int_eq(ngx_cc_cgroup_kill(&none), -1);
    ngx_cc_cgroup_remove(&none);
}
END_TEST


START_TEST(test_two_ways_in)
{
    int    n;
    pid_t  born, moved;

    if (!place()) {
        return;
    }

    n = 0;
    ck_assert_int_eq(ngx_cc_cgroup_make(&cg, &wanted), 0);
    moved = enter();
    ck_assert_int_eq(grouped(moved), 1);

    born = ngx_cc_cgroup_clone(&cg, program, stack, sizeof(stack), &n);

    if (born == -1) {
        ck_assert_int_eq(errno, ENOSYS);
        fprintf(stderr, "cgroup: NOT TESTED, no process is born in a group\n");

    } else {
        ck_assert_int_eq(n, 1);
        ck_assert_int_eq(grouped(born), 1);
    }

    ck_assert_int_eq(ngx_cc_cgroup_kill(&cg), 0);
    ck_assert_int_eq(waitpid(moved, &n, 0), moved);
    ck_assert_int_eq(WTERMSIG(n), SIGKILL);

    if (born != -1) {
        ck_assert_int_eq(waitpid(born, &n, 0), born);
    }

    ngx_cc_cgroup_remove(&cg);
    ck_assert_int_eq(ngx_cc_cgroup_is(&cg), 0);
    leave();
}
END_TEST


START_TEST(test_stands_still)
{
    pid_t          pid;
    struct pollfd  fd;

    if (!place()) {
        return;
    }

    ck_assert_int_eq(ngx_cc_cgroup_make(&cg, &wanted), 0);
    pid = enter();
    ck_assert_int_eq(ngx_cc_cgroup_frozen(&cg), 0);
    ck_assert_int_eq(ngx_cc_cgroup_freeze(&cg, 1), 0);

    fd.fd = cg.events;
    fd.events = POLLPRI;

    while (!ngx_cc_cgroup_frozen(&cg)) {
        ck_assert_int_eq(poll(&fd, 1, 20000), 1);
    }

    ck_assert_int_eq(ngx_cc_cgroup_freeze(&cg, 0), 0);

    while (ngx_cc_cgroup_frozen(&cg)) {
        ck_assert_int_eq(poll(&fd, 1, 20000), 1);
    }

    /* KILL reaches those that stand still, too */

    ck_assert_int_eq(ngx_cc_cgroup_freeze(&cg, 1), 0);
    ck_assert_int_eq(ngx_cc_cgroup_kill(&cg), 0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);

    ngx_cc_cgroup_remove(&cg);
    leave();
}
END_TEST


START_TEST(test_nobodys)
{
    int              i;
    char             c;
    int              ready[2];
    pid_t            owner;
    ngx_cc_cgroup_t  mine;

    if (!place()) {
        return;
    }

    /* somebody dies and leaves a group with a process; ours stays */

    ck_assert_int_eq(ngx_cc_cgroup_make(&cg, &wanted), 0);
    mine = cg;
    ck_assert_int_eq(pipe(ready), 0);
    owner = fork();

    if (owner == 0) {
        ngx_cc_cgroup_init(&cg, mine.base);

        if (ngx_cc_cgroup_make(&cg, &wanted) == -1) {
            _exit(1);
        }

        if (fork() == 0) {
            (void) ngx_cc_cgroup_enter(&cg);
            (void) close(cg.dir);
            (void) !write(ready[1], "x", 1);
            (void) pause();
            _exit(0);
        }

        (void) pause();
        _exit(0);
    }

    ck_assert_int_eq(read(ready[0], &c, 1), 1);
    ck_assert_int_eq(ngx_cc_cgroup_sweep(mine.base), 0);
    ck_assert_int_eq(kill(owner, SIGKILL), 0);
    ck_assert_int_eq(waitpid(owner, NULL, 0), owner);

    for (i = 0; i < 2000 && ngx_cc_cgroup_sweep(mine.base); i++) {
        (void) usleep(10000);
    }

    ck_assert_int_eq(ngx_cc_cgroup_sweep(mine.base), 0);
    cg = mine;
    ck_assert_int_eq(ngx_cc_cgroup_frozen(&cg), 0);
    ngx_cc_cgroup_remove(&cg);
    leave();
}
END_TEST


START_TEST(test_required)
{
    int                   rc;
    ngx_cc_wire_cgroup_t  limits;

    if (!place()) {
        return;
    }

    memset(&limits, 0, sizeof(limits));
    limits.flags = NGX_CC_CGROUP_WANTED|NGX_CC_CGROUP_SWAP;
    limits.memory = 64 * 1024 * 1024;
    limits.pids = 10;
    limits.cpu = 50;
    limits.weight = 10;

    /* no controller is on for this place: they are left out, or refused */

    ck_assert_int_eq(ngx_cc_cgroup_make(&cg, &limits), 0);
    ngx_cc_cgroup_remove(&cg);

    limits.flags |= NGX_CC_CGROUP_REQUIRED;
    rc = ngx_cc_cgroup_make(&cg, &limits);
    ck_assert_int_eq(rc, -1);
    ck_assert_int_eq(errno, ENOTSUP);
    ck_assert_int_eq(ngx_cc_cgroup_is(&cg), 0);
    leave();
}
END_TEST


int
main(void)
{
    Suite  *suite;
    TCase  *tc;

    suite = suite_create("cgroup");
    tc = tcase_create("cgroup");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_nowhere);
    tcase_add_test(tc, test_two_ways_in);
    tcase_add_test(tc, test_stands_still);
    tcase_add_test(tc, test_nobodys);
    tcase_add_test(tc, test_required);
    suite_add_tcase(suite, tc);

    return unit_run(suite);
}
