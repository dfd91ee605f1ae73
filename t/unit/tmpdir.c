
/*
 * TMPDIR of commands: made, removed whatever is in it, never through a link,
 * piece by piece; what the dead have left.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_remove.h"
#include "ngx_cc_tmpdir.h"


static int              was_root;
static char             dir[64], path[PATH_MAX];
static ngx_cc_tmpdir_t  tmp, other;


static void
setup(void)
{
    (void) snprintf(dir, sizeof(dir), "/var/tmp/cc_tmpdir_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));

    if (geteuid() == 0) {
        /* root may do what commands may not */
        ck_assert_int_eq(chown(dir, 65534, 65534), 0);
        ck_assert_int_eq(setresgid(65534, 65534, 0), 0);
        ck_assert_int_eq(setresuid(65534, 65534, 0), 0);
        was_root = 1;
    }

    (void) snprintf(path, sizeof(path), "%s/runtime/tmp", dir);
    memset(&tmp, 0, sizeof(tmp));
    ngx_cc_tmpdir_init(&tmp, path);
    memset(&other, 0, sizeof(other));
    ngx_cc_tmpdir_init(&other, path);
}


static void
teardown(void)
{
    char  command[256];

    if (was_root) {
        ck_assert_int_eq(setresuid(0, 0, 0), 0);
    }

    (void) snprintf(command, sizeof(command), "rm -rf %s", dir);
    ck_assert_int_eq(system(command), 0);
}


static void
sh(const char *fmt, ...)
{
    char     text[4096];
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    ck_assert_int_eq(system(text), 0);
}


static int
entries(const char *name)
{
    int             n;
    DIR            *d;
    struct dirent  *e;

    d = opendir(name);

    if (d == NULL) {
        return -1;
    }

    for (n = 0; (e = readdir(d)) != NULL; /* void */) {
        n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
    }

    closedir(d);

    return n;
}


/* the value of what was made, which is there */

static char *
made(ngx_cc_tmpdir_t *t)
{
    char         *value;
    const char   *env;
    struct stat   st;

    env = ngx_cc_tmpdir_make(t);
    ck_assert_msg(env != NULL, "%s", strerror(errno));
    ck_assert_int_eq(strncmp(env, "TMPDIR=/", 8), 0);

    value = strdup(env + 7);
    ck_assert_int_eq(lstat(value, &st), 0);
    ck_assert_uint_eq(st.st_mode, S_IFDIR|0700);
    ck_assert_int_eq(entries(value), 0);

    return value;
}


static void
gone(const char *name)
{
    ck_assert_int_eq(access(name, F_OK), -1);
    ck_assert_int_eq(errno, ENOENT);
}


/* what a command may have left in its directory, as shell commands there */

static const char  *remains[] = {
    ":",
    "touch a b c; mkdir d; touch d/e",
    "ln -s / root; ln -s ../../../../outside up; ln -s . self; ln -s x x",
    "mkfifo f; python3 -c 'import socket; socket.socket(socket.AF_UNIX)"
        ".bind(\"s\")'",
    "mkdir -p a/b/c; touch a/b/c/f; chmod 0 a/b/c; chmod 0 a/b; chmod 0 a",
    "touch f; chmod 0 f .",
    "mkdir d; touch d/f; chmod 500 d; chmod 500 .",
    "i=0; while [ $i -lt 400 ]; do mkdir d; cd d; i=$((i+1)); done; touch f",
    "python3 -c 'import os\nfor i in range(3000): os.mkdir(\"d\"); "
        "os.chdir(\"d\")'",
    "mkdir '~0' '~1' '~2'; touch '~0/x' '~1/x' '~3'; mkdir -p a/b a/c;"
        " touch a/b/x a/c/x",
    "touch \"$(printf '\\nnewline\\377')\" \"$(printf '%0255d' 0)\""
};


START_TEST(removed)
{
    char  *value, outside[PATH_MAX];

    (void) snprintf(outside, sizeof(outside), "%s/outside", dir);
    sh("mkdir %s; touch %s/file; chmod 400 %s/file", outside, outside,
       outside);

    value = made(&tmp);
    sh("cd %s && %s", value, remains[_i]);

    ngx_cc_tmpdir_done(&tmp);

    while (tmp.dirty) {
        ngx_cc_tmpdir_step(&tmp);
    }

    /* nothing was left: it may be somebody else's next */

    if (tmp.kept) {
        ck_assert_int_eq(_i, 0);
        ck_assert_int_eq(entries(value), 0);
        ngx_cc_tmpdir_drop(&tmp);
    }

    gone(value);
    ck_assert_int_eq(entries(outside), 1);
    free(value);

    /* and its helper can go on */

    value = made(&tmp);
    ngx_cc_tmpdir_leave(&tmp);
    gone(value);
    ck_assert_int_eq(entries(path), 0);
    free(value);
}
END_TEST


/* the next command starts before all is gone, and loses nothing */

START_TEST(pieces)
{
    int    steps;
    char  *first, *second;

    first = made(&tmp);
    sh("cd %s && mkdir a b c && for d in a b c; do (cd $d; seq 1 500 | xargs"
       " touch); done", first);

    ngx_cc_tmpdir_done(&tmp);
    ck_assert_uint_eq(tmp.dirty, 1);

    second = made(&tmp);
    ck_assert_str_ne(first, second);
    sh("touch %s/mine", second);

    for (steps = 0; tmp.dirty; steps++) {
        ck_assert_int_lt(steps, 100);
        ngx_cc_tmpdir_step(&tmp);
        ck_assert_int_eq(entries(second), 1);
    }

    ck_assert_int_ge(steps, (1500 - 256) / 64);
    gone(first);

    ngx_cc_tmpdir_done(&tmp);
    gone(second);
    free(first);
    free(second);
}
END_TEST


/* one that is as new is given again, and only such a one */

START_TEST(kept)
{
    char  *first, *second;

    first = made(&tmp);
    sh("touch %s/x && rm %s/x", first, first);
    ngx_cc_tmpdir_done(&tmp);
    ck_assert_uint_eq(tmp.kept, 1);

    second = made(&tmp);
    ck_assert_str_eq(first, second);
    ck_assert_uint_eq(tmp.kept, 0);
    sh("chmod 755 %s", second);
    ngx_cc_tmpdir_done(&tmp);
    ck_assert_uint_eq(tmp.kept, 0);
    gone(second);
    free(second);

    second = made(&tmp);
    ck_assert_str_ne(first, second);
    sh("mv %s %s/elsewhere", second, dir);
    ngx_cc_tmpdir_done(&tmp);
    free(first);
    first = made(&tmp);
    ck_assert_str_ne(first, second);

    ngx_cc_tmpdir_done(&tmp);
    ngx_cc_tmpdir_drop(&tmp);
    gone(first);
    free(first);
    free(second);
}
END_TEST


/* what somebody does to it who has the same user */

START_TEST(moved)
{
    char  *value, *again;

    value = made(&tmp);
    ngx_cc_tmpdir_done(&tmp);
    sh("mv %s/runtime/tmp/%d %s/stolen", dir, (int) getpid(), dir);
    again = made(&tmp);
    ngx_cc_tmpdir_done(&tmp);

    /* all of it is removed */
    sh("rm -rf %s/runtime", dir);
    free(again);
    again = made(&tmp);
    ngx_cc_tmpdir_done(&tmp);
    ngx_cc_tmpdir_drop(&tmp);
    gone(again);

    /* a link instead: the helper goes elsewhere */
    sh("mkdir %s/trap && mv %s/runtime/tmp/%s %s/x && ln -s %s/trap"
       " %s/runtime/tmp/%s", dir, dir, tmp.name, dir, dir, dir, tmp.name);
    free(again);
    again = made(&tmp);
    sh("test \"$(readlink -f %s)\" = %s", again, again);
    ngx_cc_tmpdir_done(&tmp);
    (void) snprintf(value, strlen(value), "%s/trap", dir);
    ck_assert_int_eq(entries(value), 0);
    free(again);
    free(value);
}
END_TEST


/* places that cannot be used: no directory, and why */

START_TEST(refused)
{
    sh("mkdir %s/real %s/runtime && ln -s %s/real %s/runtime/tmp", dir, dir,
       dir, dir);
    ck_assert_ptr_null(ngx_cc_tmpdir_make(&tmp));
    ck_assert_int_eq(entries(path), 0);

    sh("rm %s/runtime/tmp && touch %s/runtime/tmp", dir, dir);
    ck_assert_ptr_null(ngx_cc_tmpdir_make(&tmp));
    ck_assert_int_eq(errno, ENOTDIR);

    sh("rm %s/runtime/tmp && mkdir -m 777 %s/runtime/tmp", dir, dir);
    ck_assert_ptr_null(ngx_cc_tmpdir_make(&tmp));
    ck_assert_int_eq(errno, EPERM);

    sh("chmod 500 %s/runtime/tmp", dir);
    ck_assert_ptr_null(ngx_cc_tmpdir_make(&tmp));
    ck_assert_int_eq(errno, EACCES);

    tmp.path = NULL;
    ck_assert_ptr_null(ngx_cc_tmpdir_make(&tmp));

    /* nothing of it does harm later */
    ngx_cc_tmpdir_done(&tmp);
    ngx_cc_tmpdir_step(&tmp);
    ngx_cc_tmpdir_leave(&tmp);
}
END_TEST


/* the directory of a process that was killed, beside one that lives */

START_TEST(stale)
{
    int    status, ready[2], steps;
    char  *value, byte;
    pid_t  pid;

    ck_assert_int_eq(pipe(ready), 0);
    pid = fork();

    if (pid == 0) {
        value = made(&other);
        sh("cd %s && seq 1 300 | xargs touch && mkdir -p d/e && chmod 0 d"
           " && ln -s %s l", value, dir);
        (void) !write(ready[1], "x", 1);
        pause();
        _exit(0);
    }

    ck_assert_int_eq(read(ready[0], &byte, 1), 1);

    value = made(&tmp);
    sh("touch %s/file; touch %s/junk; ln -s %s %s/link", value, path, dir,
       path);

    /* while it lives */
    tmp.stale = 1;

    for (steps = 0; tmp.stale; steps++) {
        ck_assert_int_lt(steps, 10);
        ngx_cc_tmpdir_step(&tmp);
    }

    ck_assert_int_eq(entries(path), 2);

    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);

    memset(&other, 0, sizeof(other));
    ngx_cc_tmpdir_init(&other, path);
    other.stale = 1;

    for (steps = 0; other.stale; steps++) {
        ck_assert_int_lt(steps, 100);
        ngx_cc_tmpdir_step(&other);
    }

    ck_assert_int_ge(steps, 300 / 64);
    ck_assert_int_eq(entries(path), 1);
    ck_assert_int_eq(entries(value), 1);
    ck_assert_int_eq(other.parent, -1);

    ngx_cc_tmpdir_leave(&tmp);
    ck_assert_int_eq(entries(path), 0);
    free(value);
}
END_TEST


/* what cannot be removed ends the work, too */

START_TEST(reluctant)
{
    int       fd;
    unsigned  budget;

    if (!was_root) {
        return;
    }

    /* somebody else's directory with something in it */

    sh("mkdir -p %s/runtime/top/a %s/runtime/top/b && touch %s/runtime/top/b/f",
       dir, dir, dir);
    ck_assert_int_eq(setresuid(0, 0, 0), 0);
    sh("mkdir %s/runtime/top/root && touch %s/runtime/top/root/f", dir, dir);
    ck_assert_int_eq(setresuid(65534, 65534, 0), 0);

    (void) snprintf(path, sizeof(path), "%s/runtime/top", dir);
    fd = open(path, O_RDONLY|O_DIRECTORY);
    budget = 1000;
    ck_assert_int_eq(ngx_cc_remove_beneath(fd, NULL, &budget), -1);
    ck_assert_uint_gt(budget, 900);
    ck_assert_int_eq(entries(path), 1);
    (void) close(fd);
}
END_TEST


int
main(void)
{
    Suite  *suite;
    TCase  *tc;

    suite = suite_create("tmpdir");
    tc = tcase_create("tmpdir");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, removed, 0, sizeof(remains) / sizeof(char *));
    tcase_add_test(tc, pieces);
    tcase_add_test(tc, kept);
    tcase_add_test(tc, moved);
    tcase_add_test(tc, refused);
    tcase_add_test(tc, stale);
    tcase_add_test(tc, reluctant);
    suite_add_tcase(suite, tc);

    return unit_run(suite);
}
