
/* a working directory below another one, and never anywhere else */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_place.h"


typedef int (*place_open)(int root, const char *beneath);

static const struct {
    const char  *name;
    place_open   open;
} ways[] = {
    { "resolve", ngx_cc_place_resolve },
    { "walk", ngx_cc_place_walk }
};


static char  dir[PATH_MAX];
static int   root;


static void
setup(void)
{
    char  command[PATH_MAX + 512];

    (void) snprintf(dir, sizeof(dir), "/tmp/cc_place_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    (void) snprintf(command, sizeof(command),
                    "cd %s && mkdir -p root/a/b/c root/x root/' ' outside"
                    " && touch root/file outside/file"
                    " && ln -s ../outside root/out && ln -s a root/in"
                    " && ln -s / root/top && ln -s ../../outside root/a/out"
                    " && mkdir root/locked && chmod 0 root/locked", dir);
    ck_assert_int_eq(system(command), 0);

    (void) snprintf(command, sizeof(command), "%s/root", dir);
    root = open(command, O_PATH|O_DIRECTORY|O_CLOEXEC);
    ck_assert_int_ne(root, -1);
}


static void
teardown(void)
{
    char  command[PATH_MAX + 64];

    (void) close(root);
    (void) snprintf(command, sizeof(command), "rm -rf %s", dir);
    ck_assert_int_eq(system(command), 0);
}


/* does the kernel have it?  Says so when not */

static int
possible(int way)
{
    if (ways[way].open == ngx_cc_place_resolve
        && ngx_cc_place_resolve(root, "a") == -1 && errno == ENOSYS)
    {
        printf("# no openat2 here\n");
        return 0;
    }

    return 1;
}


/* where a descriptor leads, relative to "dir" */

static const char *
where(int fd)
{
    char          link[64];
    ssize_t       n;
    static char   target[PATH_MAX];

    (void) snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, target, sizeof(target) - 1);
    ck_assert_int_gt(n, 0);
    target[n] = '\0';
    ck_assert_int_eq(strncmp(target, dir, strlen(dir)), 0);

    return target + strlen(dir);
}


static const struct {
    const char  *beneath;
    const char  *where;          /* NULL: refused */
} cases[] = {
    { "a", "/root/a" },
    { "a/b/c", "/root/a/b/c" },
    { "a//b/./c/", "/root/a/b/c" },
    { ".", "/root" },
    { " ", "/root/ " },
    { "..", NULL },
    { "a/../..", NULL },
    { "a/../../outside", NULL },
    { "a/b/../../../outside", NULL },
    { "/", NULL },
    { "/etc", NULL },
    { "out", NULL },
    { "out/", NULL },
    { "in", NULL },
    { "in/b", NULL },
    { "top", NULL },
    { "top/etc", NULL },
    { "a/out", NULL },
    { "file", NULL },
    { "file/x", NULL },
    { "nowhere", NULL },
    { "...", NULL },
    { "a\\b", NULL }
};


START_TEST(beneath)
{
    int     fd;
    size_t  i;

    if (!possible(_i)) {
        return;
    }

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fd = ways[_i].open(root, cases[i].beneath);

        if (cases[i].where == NULL) {
            ck_assert_msg(fd == -1, "%s: %s leads to %s", ways[_i].name,
                          cases[i].beneath, fd == -1 ? "" : where(fd));
            continue;
        }

        ck_assert_msg(fd != -1, "%s: %s: %s", ways[_i].name,
                      cases[i].beneath, strerror(errno));
        ck_assert_str_eq(where(fd), cases[i].where);
        ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
        (void) close(fd);
    }
}
END_TEST


/* a name that is too long for a component, and for a path */

START_TEST(too_long)
{
    char  name[PATH_MAX + 10];

    if (!possible(_i)) {
        return;
    }

    memset(name, 'x', sizeof(name));
    name[300] = '\0';
    ck_assert_int_eq(ways[_i].open(root, name), -1);
    ck_assert_int_eq(errno, ENAMETOOLONG);

    name[300] = 'x';
    name[sizeof(name) - 1] = '\0';
    ck_assert_int_eq(ways[_i].open(root, name), -1);
    ck_assert_int_eq(errno, ENAMETOOLONG);
}
END_TEST


static volatile int  stop;


/* swaps a directory and a link that leads out, as fast as it can */

static void *
swapper(void *data)
{
    int  dirfd = *(int *) data;

    while (!stop) {
        (void) renameat(dirfd, "x", dirfd, "kept");
        (void) symlinkat("../outside", dirfd, "x");
        (void) unlinkat(dirfd, "x", 0);
        (void) renameat(dirfd, "kept", dirfd, "x");
    }

    return NULL;
}


START_TEST(renamed)
{
    int        i, fd, good, refused;
    pthread_t  thread;

    if (!possible(_i)) {
        return;
    }

    stop = 0;
    good = refused = 0;
    ck_assert_int_eq(pthread_create(&thread, NULL, swapper, &root), 0);

    for (i = 0; i < 2000000 && (i < 20000 || good == 0 || refused == 0); i++) {
        fd = ways[_i].open(root, "x");

        if (fd == -1) {
            refused++;
            continue;
        }

        /* the directory, whatever it is called by now */

        unit_assert(strncmp(where(fd), "/root/", 6) == 0);
        (void) close(fd);
        good++;
    }

    stop = 1;
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_gt(good, 0);
    ck_assert_int_gt(refused, 0);
}
END_TEST


START_TEST(enters)
{
    char  cwd[PATH_MAX], path[PATH_MAX + 16];

    (void) snprintf(path, sizeof(path), "%s/root", dir);

    ck_assert_int_eq(ngx_cc_place_enter(path, ""), 0);
    ck_assert_str_eq(getcwd(cwd, sizeof(cwd)), path);

    ck_assert_int_eq(ngx_cc_place_enter(path, "a/b"), 0);
    ck_assert_ptr_nonnull(getcwd(cwd, sizeof(cwd)));
    ck_assert_str_eq(cwd + strlen(path), "/a/b");

    ck_assert_int_eq(ngx_cc_place_enter(path, ".."), -1);
    ck_assert_int_eq(errno, EXDEV);
    ck_assert_int_eq(ngx_cc_place_enter(path, "nowhere"), -1);
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_int_eq(ngx_cc_place_enter("/nonexistent", "a"), -1);
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_int_eq(ngx_cc_place_enter("/nonexistent", ""), -1);

    if (geteuid() != 0) {
        ck_assert_int_eq(ngx_cc_place_enter(path, "locked"), -1);
        ck_assert_int_eq(errno, EACCES);
    }

    ck_assert_ptr_nonnull(getcwd(cwd, sizeof(cwd)));
    ck_assert_str_eq(cwd + strlen(path), "/a/b");
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST


START_TEST(make)
{
    char  path[PATH_MAX + 64];

    (void) snprintf(path, sizeof(path), "%s/made/work", dir);
    ck_assert_int_eq(ngx_cc_place_make(path), 0);
    ck_assert_int_eq(access(path, X_OK), 0);
    ck_assert_int_eq(ngx_cc_place_make(path), 0);
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(ngx_cc_place_make(path), 0);
    ck_assert_int_eq(rmdir(path), 0);

    /* no more than two */

    (void) snprintf(path, sizeof(path), "%s/made/x/y/work", dir);
    ck_assert_int_eq(ngx_cc_place_make(path), -1);
    ck_assert_int_eq(errno, ENOENT);
    (void) snprintf(path, sizeof(path), "%s/root/file/work", dir);
    ck_assert_int_eq(ngx_cc_place_make(path), -1);
    ck_assert_int_eq(errno, ENOTDIR);
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("place");
    Suite  *s = suite_create("place");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, beneath, 0, 2);
    tcase_add_loop_test(tc, too_long, 0, 2);
    tcase_add_loop_test(tc, renamed, 0, 2);
    tcase_add_test(tc, enters);
    tcase_add_test(tc, make);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
