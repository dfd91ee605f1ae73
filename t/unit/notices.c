
/* notices of workers: each reader gets each once, in their time only */

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_notices.h"


#define SIZE   4096
#define NOW    1000000


static ngx_cc_notices_t  *notices;


static void
setup(void)
{
    void  *p;

    p = mmap(NULL, SIZE, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1,
             0);
    unit_assert(p != MAP_FAILED);
    notices = ngx_cc_notices_init(p, SIZE);
    unit_assert(notices != NULL);
}


static void
put(ngx_cc_notice_e what, uint64_t name, uint64_t now)
{
    ngx_cc_notice_t  notice = { what, name };

    ngx_cc_notices_put(notices, &notice, now);
}


static int
said(ngx_cc_notice_e what, uint64_t name, uint64_t now)
{
    ngx_cc_notice_t  notice = { what, name };

    return ngx_cc_notices_said(notices, &notice, now);
}


START_TEST(life)
{
    ck_assert(!said(NGX_CC_NOTICE_CANCEL, 0, NOW));
    put(NGX_CC_NOTICE_CANCEL, 5, NOW);
    put(NGX_CC_NOTICE_END, 6, NOW + 1);

    ck_assert(said(NGX_CC_NOTICE_CANCEL, 5, NOW + 1));
    ck_assert(said(NGX_CC_NOTICE_CANCEL, 5, NOW + 2000));
    ck_assert(!said(NGX_CC_NOTICE_CANCEL, 5, NOW + 2001));
    ck_assert(said(NGX_CC_NOTICE_END, 6, NOW + 2001));
    ck_assert(!said(NGX_CC_NOTICE_END, 5, NOW + 1));
    ck_assert(!said(NGX_CC_NOTICE_CANCEL, 6, NOW + 1));
}
END_TEST


START_TEST(readers)
{
    ngx_cc_notice_t          n;
    ngx_cc_notices_reader_t  a, b;

    ngx_cc_notices_begin(notices, &a);
    ck_assert(!ngx_cc_notices_next(notices, &a, NOW, &n));

    put(NGX_CC_NOTICE_CANCEL, 5, NOW);
    ngx_cc_notices_begin(notices, &b);
    put(NGX_CC_NOTICE_END, 6, NOW);

    ck_assert(ngx_cc_notices_next(notices, &a, NOW, &n));
    ck_assert(n.what == NGX_CC_NOTICE_CANCEL && n.name == 5);
    ck_assert(ngx_cc_notices_next(notices, &a, NOW, &n));
    ck_assert(n.what == NGX_CC_NOTICE_END && n.name == 6);
    ck_assert(!ngx_cc_notices_next(notices, &a, NOW, &n));

    ck_assert(ngx_cc_notices_next(notices, &b, NOW, &n));
    ck_assert(n.what == NGX_CC_NOTICE_END && n.name == 6);
    ck_assert(!ngx_cc_notices_next(notices, &b, NOW, &n));
}
END_TEST


/* one that does not read for long gets the newest ones, in order */

START_TEST(behind)
{
    uint64_t                 i, first;
    ngx_cc_notice_t          n;
    ngx_cc_notices_reader_t  reader;

    ngx_cc_notices_begin(notices, &reader);

    for (i = 1; i <= 10000; i++) {
        put(NGX_CC_NOTICE_CANCEL, i, NOW);
    }

    ck_assert(ngx_cc_notices_next(notices, &reader, NOW, &n));
    first = n.name;
    ck_assert_uint_gt(first, 10000 - SIZE / 32);

    for (i = first + 1; i <= 10000; i++) {
        unit_assert(ngx_cc_notices_next(notices, &reader, NOW, &n));
        unit_assert(n.name == i);
    }

    ck_assert(!ngx_cc_notices_next(notices, &reader, NOW, &n));
    ck_assert(said(NGX_CC_NOTICE_CANCEL, first, NOW));
    ck_assert(!said(NGX_CC_NOTICE_CANCEL, 1, NOW));
}
END_TEST


/* several write while one reads: it gets all, as long as it keeps pace */

START_TEST(together)
{
    int                      k, status;
    pid_t                    pid[3];
    uint64_t                 i, got;
    ngx_cc_notice_t          n;
    ngx_cc_notices_reader_t  reader;

    ngx_cc_notices_begin(notices, &reader);

    for (k = 0; k < 3; k++) {
        pid[k] = fork();

        if (pid[k] == 0) {
            for (i = 0; i < 30; i++) {
                put(NGX_CC_NOTICE_END, 1000 * (k + 1) + i, NOW);
            }

            _exit(0);
        }
    }

    for (got = 0; got < 90; /* void */ ) {
        if (ngx_cc_notices_next(notices, &reader, NOW, &n)) {
            unit_assert(n.what == NGX_CC_NOTICE_END);
            unit_assert(n.name >= 1000 && n.name < 4000
                        && n.name % 1000 < 30);
            got++;
        }
    }

    ck_assert(!ngx_cc_notices_next(notices, &reader, NOW, &n));

    for (k = 0; k < 3; k++) {
        ck_assert_int_eq(waitpid(pid[k], &status, 0), pid[k]);
        ck_assert_int_eq(status, 0);
    }
}
END_TEST


int
main(void)
{
    TCase  *tc;
    Suite  *suite;

    suite = suite_create("notices");
    tc = tcase_create("notices");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, life);
    tcase_add_test(tc, readers);
    tcase_add_test(tc, behind);
    tcase_add_test(tc, together);
    suite_add_tcase(suite, tc);

    return unit_run(suite);
}
