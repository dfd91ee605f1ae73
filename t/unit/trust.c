
/* paths that somebody else could have changed on the way */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_trust.h"


#define THEY  65533


static char                 dir[64];
static const gid_t          groups[] = { THEY, 65531 };
static ngx_cc_trust_who_t   they = { THEY, groups, 2, NULL };
static ngx_cc_trust_who_t   both = { 65530, &groups[1], 1, &they };


static void
setup(void)
{
    char  command[2048];

    (void) snprintf(dir, sizeof(dir), "/tmp/cc_trust_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    (void) snprintf(command, sizeof(command),
                    "cd %s && chmod 755 . && umask 022 && mkdir -p safe/deep"
                    " open sticky sticky/mine && touch safe/file"
                    " && chmod 777 open && chmod 1777 sticky"
                    " && mkdir open/in && ln -s ../open/in safe/over"
                    " && ln -s ../safe/deep open/back"
                    " && ln -s nothing safe/dangling && ln -s a safe/b"
                    " && ln -s b safe/a && ln -s /proc/self/fd safe/fd",
                    dir);
    ck_assert_int_eq(system(command), 0);
}


static void
teardown(void)
{
    char  command[128];

    (void) snprintf(command, sizeof(command), "rm -rf %s", dir);
    ck_assert_int_eq(system(command), 0);
}


/* a path below the directory */

static int
walk(ngx_cc_trust_path_t *tp, const char *path, const ngx_cc_trust_who_t *who)
{
    int   rc;
    char  text[PATH_MAX];

    (void) snprintf(text, sizeof(text), "%s/%s", dir, path);
    rc = ngx_cc_trust_walk(tp, text, who);

    if (rc == 0) {
        (void) close(tp->fd);
    }

    return rc;
}


static const struct {
    const char  *path;
    const char  *name;               /* of the last one, NULL = error */
    int          error;
    const char  *suspect;            /* its end, NULL = nobody */
} paths[] = {
    { "safe/file", "file", 0, NULL },
    { "safe//./file", "file", 0, NULL },
    { "safe/new", "new", 0, NULL },
    { "safe/new/", "new", 0, NULL },
    { "safe/new/x", NULL, ENOENT, NULL },
    { "safe/file/x", NULL, ENOTDIR, NULL },
    { "safe/deep/../file", "file", 0, NULL },
    { "safe/deep/..", ".", 0, NULL },
    { "safe/dangling", "nothing", 0, NULL },
    { "safe/a", NULL, ELOOP, NULL },
    { "safe/over", "in", 0, "/open" },
    { "safe/over/x", "x", 0, "/open" },
    { "open/back/x", "x", 0, "/open" },
    { "open/new", "new", 0, "/open" },
    { "open/in/new", "new", 0, "/open" },
    { "open/../safe/file", "file", 0, "/open" },
    { "sticky/mine/x", "x", 0, NULL },
    { "sticky/new", "new", 0, "/sticky" }
};


START_TEST(walks)
{
    int                   rc;
    size_t                len, end;
    ngx_cc_trust_path_t   tp;

    rc = walk(&tp, paths[_i].path, &they);

    if (paths[_i].name == NULL) {
        ck_assert_int_eq(rc, -1);
        ck_assert_int_eq(errno, paths[_i].error);
        return;
    }

    ck_assert_int_eq(rc, 0);
    ck_assert_str_eq(tp.name, paths[_i].name);
    ck_assert_int_eq(tp.magic, 0);

    if (paths[_i].suspect == NULL) {
        ck_assert_str_eq(tp.suspect, "");

    } else {
        len = strlen(tp.suspect);
        end = strlen(paths[_i].suspect);
        ck_assert_uint_ge(len, end);
        ck_assert_str_eq(tp.suspect + len - end, paths[_i].suspect);
    }

    /* nobody to suspect */

    ck_assert_int_eq(walk(&tp, paths[_i].path, NULL), 0);
    ck_assert_str_eq(tp.suspect, "");
}
END_TEST


/* where only root is trusted */

static const struct {
    const char  *path;
    const char  *suspect;            /* its end, NULL = nobody */
} roots[] = {
    { "safe/file", NULL },
    { "safe/over/x", "/open" },
    { "sticky/mine/x", NULL },
    { "sticky/new", "/sticky" },
    { "theirs/x", "/theirs" },
    { "group/x", "/group" },
    { "sticky/theirs/x", "/sticky" }
};


START_TEST(nobody)
{
    char                  command[512];
    size_t                len, end;
    struct stat           st;
    ngx_cc_trust_path_t   tp;

    if (geteuid() != 0) {
        return;
    }

    (void) snprintf(command, sizeof(command),
                    "cd %s && mkdir theirs group sticky/theirs &&"
                    " chown %d theirs sticky/theirs && chmod 775 group",
                    dir, THEY);
    ck_assert_int_eq(system(command), 0);

    ck_assert_int_eq(walk(&tp, roots[_i].path, &ngx_cc_trust_nobody), 0);

    if (roots[_i].suspect == NULL) {
        ck_assert_str_eq(tp.suspect, "");

    } else {
        len = strlen(tp.suspect);
        end = strlen(roots[_i].suspect);
        ck_assert_uint_ge(len, end);
        ck_assert_str_eq(tp.suspect + len - end, roots[_i].suspect);
    }

    memset(&st, 0, sizeof(st));
    st.st_mode = 0755;
    ck_assert_int_eq(ngx_cc_trust_writable(&st, &ngx_cc_trust_nobody), 0);
    ck_assert_int_eq(ngx_cc_trust_writable(&st, &both), 0);
    st.st_mode = 0775;
    ck_assert_int_eq(ngx_cc_trust_writable(&st, &ngx_cc_trust_nobody), 1);
    st.st_mode = 0755;
    st.st_uid = THEY;
    ck_assert_int_eq(ngx_cc_trust_writable(&st, &ngx_cc_trust_nobody), 1);

    /* two that are not trusted */

    ck_assert_int_eq(ngx_cc_trust_writable(&st, &both), 1);
    st.st_uid = 65530;
    ck_assert_int_eq(ngx_cc_trust_writable(&st, &both), 1);
    st.st_uid = 65529;
    ck_assert_int_eq(ngx_cc_trust_writable(&st, &both), 0);

    if (strncmp(roots[_i].path, "sticky/theirs", 13) == 0) {
        ck_assert_int_eq(walk(&tp, roots[_i].path, &both), 0);
        ck_assert_str_ne(tp.suspect, "");
    }
}
END_TEST


START_TEST(odd)
{
    char                 text[PATH_MAX + 16];
    ngx_cc_trust_path_t  tp;

    ck_assert_int_eq(ngx_cc_trust_walk(&tp, "relative", NULL), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(ngx_cc_trust_walk(&tp, "", NULL), -1);

    ck_assert_int_eq(ngx_cc_trust_walk(&tp, "/", NULL), 0);
    ck_assert_str_eq(tp.name, ".");
    (void) close(tp.fd);

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    text[0] = '/';
    ck_assert_int_eq(ngx_cc_trust_walk(&tp, text, NULL), -1);
    ck_assert_int_eq(errno, ENAMETOOLONG);
    text[300] = '\0';
    ck_assert_int_eq(ngx_cc_trust_walk(&tp, text, NULL), -1);
    ck_assert_int_eq(errno, ENAMETOOLONG);

    /* what the kernel follows, not we */

    ck_assert_int_eq(walk(&tp, "safe/fd/1", &they), 0);
    ck_assert_str_eq(tp.name, "1");
    ck_assert_int_eq(tp.magic, 1);
}
END_TEST


START_TEST(writable)
{
    struct stat  st;

    memset(&st, 0, sizeof(st));

    st.st_mode = 0755;
    ck_assert_int_eq(ngx_cc_trust_writable(&st, &they), 0);
    st.st_mode = 0757;
    ck_assert_int_ne(ngx_cc_trust_writable(&st, &they), 0);
    ck_assert_int_eq(ngx_cc_trust_writable(&st, NULL), 0);
    st.st_mode = 0775;
    ck_assert_int_eq(ngx_cc_trust_writable(&st, &they), 0);
    st.st_gid = 65531;
    ck_assert_int_ne(ngx_cc_trust_writable(&st, &they), 0);
    st.st_mode = 0755;
    ck_assert_int_eq(ngx_cc_trust_writable(&st, &they), 0);

    /* who owns it may change its mode */

    st.st_uid = THEY;
    st.st_mode = 0;
    ck_assert_int_ne(ngx_cc_trust_writable(&st, &they), 0);
}
END_TEST


START_TEST(directory)
{
    int          top, fd;
    uid_t        owner;
    struct stat  st;

    top = open(dir, O_PATH|O_DIRECTORY|O_CLOEXEC);
    ck_assert_int_ne(top, -1);

    owner = geteuid() ? geteuid() : THEY;

    fd = ngx_cc_trust_directory(top, "new", owner, 0711);
    ck_assert_int_ne(fd, -1);
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_uint_eq(st.st_uid, owner);
    ck_assert_uint_eq(st.st_mode & 07777, 0711);
    (void) close(fd);

    /* another mode: it is there */

    fd = ngx_cc_trust_directory(top, "new", owner, 0700);
    ck_assert_int_ne(fd, -1);
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0711);
    (void) close(fd);

    ck_assert_int_eq(ngx_cc_trust_directory(top, "new", owner + 1, 0700), -1);
    ck_assert_int_eq(errno, EPERM);
    ck_assert_int_eq(fstatat(top, "new", &st, 0), 0);
    ck_assert_uint_eq(st.st_uid, owner);

    ck_assert_int_eq(symlinkat("safe", top, "link"), 0);
    ck_assert_int_eq(ngx_cc_trust_directory(top, "link", owner, 0700), -1);
    ck_assert_int_eq(errno, ENOTDIR);
    ck_assert_int_eq(symlinkat("nowhere", top, "nothing"), 0);
    ck_assert_int_eq(ngx_cc_trust_directory(top, "nothing", owner, 0700), -1);
    ck_assert_int_eq(errno, ENOTDIR);
    ck_assert_int_eq(mkfifoat(top, "fifo", 0600), 0);
    ck_assert_int_eq(ngx_cc_trust_directory(top, "fifo", owner, 0700), -1);
    ck_assert_int_eq(errno, ENOTDIR);

    ck_assert_int_eq(ngx_cc_trust_directory(top, "a/b", owner, 0700), -1);
    ck_assert_int_eq(errno, ENOENT);

    (void) close(top);
}
END_TEST


int
main(void)
{
    TCase  *tc;
    Suite  *suite;

    suite = suite_create("trust");
    tc = tcase_create("trust");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, walks, 0, sizeof(paths) / sizeof(paths[0]));
    tcase_add_loop_test(tc, nobody, 0, sizeof(roots) / sizeof(roots[0]));
    tcase_add_test(tc, odd);
    tcase_add_test(tc, writable);
    tcase_add_test(tc, directory);
    suite_add_tcase(suite, tc);

    return unit_run(suite);
}
