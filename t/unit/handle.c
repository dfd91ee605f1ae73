
/* random names */

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_handle.h"


START_TEST(text)
{
    int              i;
    char             a[NGX_CC_HANDLE_TEXT + 1];
    ngx_cc_handle_t  h, back;

    for (i = 0; i < 1000; i++) {
        unit_assert(ngx_cc_handle_make(&h) == 0);
        unit_assert(ngx_cc_handle_format(&h, a) == a + NGX_CC_HANDLE_TEXT);
        a[NGX_CC_HANDLE_TEXT] = '\0';
        unit_assert(strspn(a, "0123456789abcdef") == NGX_CC_HANDLE_TEXT);
        unit_assert(ngx_cc_handle_parse(a, NGX_CC_HANDLE_TEXT, &back) == 0);
        unit_assert(ngx_cc_handle_equal(&h, &back));

        back.byte[i % NGX_CC_HANDLE_SIZE] ^= 1 << i % 8;
        unit_assert(!ngx_cc_handle_equal(&h, &back));
    }

    ck_assert_int_eq(ngx_cc_handle_parse(a, NGX_CC_HANDLE_TEXT - 1, &h), -1);
    ck_assert_int_eq(ngx_cc_handle_parse(a, NGX_CC_HANDLE_TEXT + 1, &h), -1);

    for (i = 0; i < 256; i++) {
        a[17] = i;
        ck_assert_int_eq(ngx_cc_handle_parse(a, NGX_CC_HANDLE_TEXT, &h),
                         i && strchr("0123456789abcdef", i) ? 0 : -1);
    }
}
END_TEST


START_TEST(uuid)
{
    int   i;
    char  a[NGX_CC_UUID_TEXT + 1], b[NGX_CC_UUID_TEXT + 1];

    memset(b, 0, sizeof(b));
    a[NGX_CC_UUID_TEXT] = '\0';

    for (i = 0; i < 1000; i++) {
        unit_assert(ngx_cc_handle_uuid(a) == 0);
        unit_assert(a[8] == '-' && a[13] == '-' && a[18] == '-'
                    && a[23] == '-');
        unit_assert(a[14] == '4');
        unit_assert(strchr("89ab", a[19]) != NULL);
        unit_assert(strspn(a, "0123456789abcdef-") == NGX_CC_UUID_TEXT);
        unit_assert(strcmp(a, b) != 0);
        memcpy(b, a, sizeof(a));
    }
}
END_TEST


#define IDS   100000


static char  session[IDS][NGX_CC_UUID_TEXT + 1];
static char  execution[IDS][NGX_CC_HANDLE_TEXT + 1];


static int
compare(const void *a, const void *b)
{
    return strcmp(a, b);
}


START_TEST(distinct)
{
    int              i;
    ngx_cc_handle_t  h;

    for (i = 0; i < IDS; i++) {
        unit_assert(ngx_cc_handle_uuid(session[i]) == 0);
        unit_assert(ngx_cc_handle_make(&h) == 0);
        (void) ngx_cc_handle_format(&h, execution[i]);
    }

    qsort(session, IDS, sizeof(session[0]), compare);
    qsort(execution, IDS, sizeof(execution[0]), compare);

    for (i = 1; i < IDS; i++) {
        unit_assert(strcmp(session[i - 1], session[i]) != 0);
        unit_assert(strcmp(execution[i - 1], execution[i]) != 0);
    }
}
END_TEST


START_TEST(spread)
{
    int       i, j, ones[64];
    uint64_t  n;
    uint8_t   big[5000];

    memset(ones, 0, sizeof(ones));

    for (i = 0; i < 10000; i++) {
        unit_assert(ngx_cc_random(&n, sizeof(n)) == 0);

        for (j = 0; j < 64; j++) {
            ones[j] += n >> j & 1;
        }
    }

    for (j = 0; j < 64; j++) {
        ck_assert_int_gt(ones[j], 4500);
        ck_assert_int_lt(ones[j], 5500);
    }

    memset(big, 0, sizeof(big));
    ck_assert_int_eq(ngx_cc_random(big, sizeof(big)), 0);
    ck_assert(memcmp(big, big + 2500, 2500) != 0);
}
END_TEST


/* a child does not say what the parent says */

START_TEST(forked)
{
    int       fd[2], status;
    pid_t     pid;
    uint64_t  mine, other;

    ck_assert_int_eq(ngx_cc_random(&mine, sizeof(mine)), 0);
    ck_assert_int_eq(pipe(fd), 0);
    pid = fork();

    if (pid == 0) {
        (void) ngx_cc_random(&other, sizeof(other));
        _exit(write(fd[1], &other, sizeof(other)) != sizeof(other));
    }

    ck_assert_int_eq(ngx_cc_random(&mine, sizeof(mine)), 0);
    ck_assert_int_eq(read(fd[0], &other, sizeof(other)), sizeof(other));
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert(mine != other);
    (void) close(fd[0]);
    (void) close(fd[1]);
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("handle");
    Suite  *s = suite_create("handle");

    tcase_add_test(tc, text);
    tcase_add_test(tc, uuid);
    tcase_add_test(tc, distinct);
    tcase_add_test(tc, spread);
    tcase_add_test(tc, forked);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
