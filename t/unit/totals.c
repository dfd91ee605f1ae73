
/* counters that several processes add to */

#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_totals.h"


static ngx_cc_totals_t  *totals;


static void
setup(void)
{
    totals = mmap(NULL, sizeof(ngx_cc_totals_t), PROT_READ|PROT_WRITE,
                  MAP_SHARED|MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(totals, MAP_FAILED);
}


START_TEST(layout)
{
    uint32_t  i;

    /* nothing overlaps: a distinct number into each, all read back */

    for (i = 0; i < NGX_CC_TOTALS; i++) {
        ngx_cc_totals_add(totals, i, i, i + 1);
    }

    for (i = 0; i < NGX_CC_TOTALS; i++) {
        ck_assert_uint_eq(ngx_cc_totals_get(totals, i), i + 1);
    }

    ck_assert_uint_eq((uintptr_t) totals->stripe % 64, 0);
    ck_assert_uint_eq(sizeof(totals->stripe[0]) % 64, 0);
    ck_assert_int_eq(NGX_CC_TOTAL_RUN_TIME + ngx_cc_totals_run_time.buckets + 2,
                     NGX_CC_TOTALS);
}
END_TEST


START_TEST(processes)
{
    int    i, n, status;
    pid_t  pid[8];

    for (i = 0; i < 8; i++) {
        pid[i] = fork();

        if (pid[i] == 0) {
            for (n = 0; n < 100000; n++) {
                ngx_cc_totals_add(totals, i % 3 * NGX_CC_TOTALS_STRIPES,
                                  NGX_CC_TOTAL_COMMANDS, 1);
            }

            _exit(0);
        }
    }

    for (i = 0; i < 8; i++) {
        ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
        ck_assert_int_eq(status, 0);
    }

    ck_assert_uint_eq(ngx_cc_totals_get(totals, NGX_CC_TOTAL_COMMANDS),
                      800000);
    ck_assert_uint_eq(ngx_cc_totals_get(totals, NGX_CC_TOTAL_SESSIONS), 0);
    ck_assert_uint_eq(ngx_cc_totals_get(totals, NGX_CC_TOTAL_FAILED), 0);
}
END_TEST


static void
check_histogram(const ngx_cc_totals_histogram_t *h)
{
    double    label;
    uint32_t  i;
    uint64_t  sum;

    sum = 0;

    for (i = 0; i < h->buckets; i++) {
        ck_assert(sscanf(h->label[i], "%lf", &label) == 1);
        ck_assert_double_eq_tol(label * 1e6, h->bound[i], 1e-6);
        ck_assert(i == 0 || h->bound[i] > h->bound[i - 1]);

        /* the bound itself belongs to the bucket, one more does not */

        ngx_cc_totals_time(totals, 1, h, h->bound[i]);
        ngx_cc_totals_time(totals, 2, h, h->bound[i] + 1);
        sum += 2 * h->bound[i] + 1;
    }

    ngx_cc_totals_time(totals, 1, h, 0);

    ck_assert_uint_eq(ngx_cc_totals_get(totals, h->first), 2);

    for (i = 1; i < h->buckets; i++) {
        ck_assert_uint_eq(ngx_cc_totals_get(totals, h->first + i), 2);
    }

    ck_assert_uint_eq(ngx_cc_totals_get(totals, h->first + h->buckets), 1);
    ck_assert_uint_eq(ngx_cc_totals_get(totals, h->first + h->buckets + 1),
                      sum);
}


START_TEST(histograms)
{
    check_histogram(&ngx_cc_totals_start_time);
    check_histogram(&ngx_cc_totals_run_time);
}
END_TEST


START_TEST(helpers)
{
    ngx_cc_totals_helpers_t  in, out;

    ck_assert_int_eq(ngx_cc_totals_get_helpers(totals, 0, &out), 0);

    in.idle = 4;
    in.busy = 70000;
    in.waiting = 3;
    in.denied = 1;
    ngx_cc_totals_set_helpers(totals, NGX_CC_SLOTS_PROCESSES - 1, &in);

    ck_assert_int_eq(ngx_cc_totals_get_helpers(totals,
                                               NGX_CC_SLOTS_PROCESSES - 1,
                                               &out), 1);
    ck_assert_uint_eq(out.idle, 4);
    ck_assert_uint_eq(out.busy, 65535);
    ck_assert_uint_eq(out.waiting, 3);
    ck_assert_uint_eq(out.denied, 1);

    memset(&in, 0, sizeof(in));
    ngx_cc_totals_set_helpers(totals, 7, &in);
    ck_assert_int_eq(ngx_cc_totals_get_helpers(totals, 7, &out), 1);
    ck_assert_uint_eq(out.idle + out.busy + out.waiting + out.denied, 0);

    ngx_cc_totals_set_helpers(totals, 7, NULL);
    ck_assert_int_eq(ngx_cc_totals_get_helpers(totals, 7, &out), 0);
}
END_TEST


START_TEST(labels)
{
    int       i, j;
    uint32_t  code;

    for (i = 0; i < NGX_CC_REASONS; i++) {
        ck_assert_ptr_nonnull(ngx_cc_totals_reason_name(i));

        for (j = 0; j < i; j++) {
            ck_assert_str_ne(ngx_cc_totals_reason_name(i),
                             ngx_cc_totals_reason_name(j));
        }
    }

    for (i = 0; i < NGX_CC_CLOSED_OTHER; i++) {
        code = atoi(ngx_cc_totals_closed_name(i));
        ck_assert_int_eq(ngx_cc_totals_closed(code), i);
    }

    ck_assert_int_eq(ngx_cc_totals_closed(0), NGX_CC_CLOSED_OTHER);
    ck_assert_int_eq(ngx_cc_totals_closed(4999), NGX_CC_CLOSED_OTHER);
    ck_assert_str_eq(ngx_cc_totals_closed_name(NGX_CC_CLOSED_OTHER), "other");
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("totals");
    Suite  *s = suite_create("totals");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, layout);
    tcase_add_test(tc, processes);
    tcase_add_test(tc, histograms);
    tcase_add_test(tc, helpers);
    tcase_add_test(tc, labels);

    suite_add_tcase(s, tc);

    return unit_run(s);
}
