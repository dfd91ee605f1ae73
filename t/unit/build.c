
/* which build runs, and which one a file is */

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_build.h"


static char    image[4 * 1024 * 1024];
static size_t  size;


/* this program, which may be changed, as a file */

static void
file(char path[], size_t len)
{
    int  fd;

    strcpy(path, "/tmp/cc_build_XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ne(fd, -1);
    ck_assert_int_eq(write(fd, image, len), (ssize_t) len);
    (void) close(fd);
}


static void
image_read(void)
{
    FILE  *f;

    f = fopen("/proc/self/exe", "r");
    ck_assert_ptr_nonnull(f);
    size = fread(image, 1, sizeof(image), f);
    ck_assert(feof(f));
    (void) fclose(f);
}


/* where the id of "loaded" is in the image */

static char *
note(const char *loaded)
{
    char      id[NGX_CC_BUILD_ID / 2];
    size_t    i, n;
    unsigned  byte;

    n = strlen(loaded) / 2;

    for (i = 0; i < n; i++) {
        ck_assert_int_eq(sscanf(loaded + 2 * i, "%2x", &byte), 1);
        id[i] = (char) byte;
    }

    return memmem(image, size, id, n);
}


START_TEST(loaded)
{
    char            id[NGX_CC_BUILD_ID];
    ngx_cc_build_t  build;

    ngx_cc_build_look(&build);
    ck_assert_uint_ge(strlen(build.loaded), 16);
    ck_assert_uint_eq(strspn(build.loaded, "0123456789abcdef"),
                      strlen(build.loaded));
    ck_assert_str_eq(build.installed, "");
    ck_assert(!ngx_cc_build_replaced(&build));

    ngx_cc_build_file("/proc/self/exe", id);
    ck_assert_str_eq(id, build.loaded);

    strcpy(build.installed, id);
    ck_assert(!ngx_cc_build_replaced(&build));
    build.installed[0] ^= 1;
    ck_assert(ngx_cc_build_replaced(&build));
}
END_TEST


START_TEST(another)
{
    char             id[NGX_CC_BUILD_ID], path[64], *p;
    ngx_cc_build_t   build;

    ngx_cc_build_look(&build);
    image_read();
    p = note(build.loaded);
    ck_assert_ptr_nonnull(p);
    *p ^= 1;
    file(path, size);
    ngx_cc_build_file(path, id);
    (void) unlink(path);

    ck_assert_uint_eq(strlen(id), strlen(build.loaded));
    ck_assert_str_ne(id, build.loaded);
}
END_TEST


/* cut anywhere in the headers, and with any byte there changed */

START_TEST(damaged)
{
    char             id[NGX_CC_BUILD_ID], path[64], *p;
    size_t           i, end;
    ngx_cc_build_t   build;

    ngx_cc_build_look(&build);
    image_read();
    p = note(build.loaded);
    ck_assert_ptr_nonnull(p);
    end = p - image;

    for (i = 0; i <= end; i++) {
        file(path, i);
        ngx_cc_build_file(path, id);
        (void) unlink(path);
        ck_assert_str_eq(id, "");
    }

    for (i = 0; i < end; i++) {
        image[i] ^= 0xff;
        file(path, end + 64);
        ngx_cc_build_file(path, id);
        (void) unlink(path);
        image[i] ^= 0xff;
        ck_assert_uint_lt(strlen(id), sizeof(id));
    }
}
END_TEST


START_TEST(nothing)
{
    size_t  i;
    char    id[NGX_CC_BUILD_ID];

    static const char *const  path[] = {
        "/nonexistent/file", "/dev/null", "/etc/passwd", "/tmp", ""
    };

    for (i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
        strcpy(id, "x");
        ngx_cc_build_file(path[i], id);
        ck_assert_str_eq(id, "");
    }
}
END_TEST


int
main(void)
{
    TCase  *tc;
    Suite  *s;

    s = suite_create("build");
    tc = tcase_create("build");
    tcase_add_test(tc, loaded);
    tcase_add_test(tc, another);
    tcase_add_test(tc, damaged);
    tcase_add_test(tc, nothing);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
