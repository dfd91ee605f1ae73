
/* ended sessions: found, bounded, fair; by several processes at once */

#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_ended.h"


#define NOW    1795966000000ULL
#define WEEK   NGX_CC_SESSION_ID_LIFE
#define SIZE   4096


static ngx_cc_ended_t  *ended;
static uint64_t         numbers;


static void
setup(void)
{
    void  *p;

    p = mmap(NULL, SIZE, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1,
             0);
    unit_assert(p != MAP_FAILED);
    ended = ngx_cc_ended_init(p, SIZE);
    unit_assert(ended != NULL);
    numbers = 1;
}


static ngx_cc_session_id_t
session(uint64_t owner, uint64_t issued)
{
    ngx_cc_session_id_t  id = { 20251125, issued, owner, numbers++ };

    return id;
}


static int
has(ngx_cc_session_id_t id)
{
    return ngx_cc_ended_has(ended, &id);
}


static void
add(ngx_cc_session_id_t id, uint64_t now)
{
    ngx_cc_ended_add(ended, &id, now);
}


START_TEST(small)
{
    uint64_t  memory[64] = { 0 };

    ck_assert_ptr_null(ngx_cc_ended_init(memory, 16));
    ck_assert_uint_ge(ngx_cc_ended_size(ended), SIZE / 32);
}
END_TEST


START_TEST(one)
{
    ngx_cc_session_id_t  a, b;

    a = session(7, NOW);
    b = session(7, NOW - 5);

    ck_assert(!has(a) && !has(b));
    add(a, NOW + 10);
    ck_assert(has(a) && !has(b));

    add(a, NOW + 10);
    add(b, NOW + 10);
    ck_assert(has(a) && has(b));
}
END_TEST


/* when it is full, the oldest of the owner make room; a mark takes their place,
 * and says so of all that are as old */

START_TEST(full)
{
    uint32_t             i, n;
    ngx_cc_session_id_t  all[SIZE], living[SIZE], before, after, other;

    n = ngx_cc_ended_size(ended);
    before = session(7, NOW - 1);
    other = session(8, NOW - 1);

    for (i = 0; i < 3 * n; i++) {
        all[i] = session(7, NOW + 10 * i);
        living[i] = session(7, NOW + 10 * i + 5);
        add(all[i], NOW + 10 * i);
    }

    after = session(7, NOW + 10 * i);

    for (i = 0; i < 3 * n; i++) {
        unit_assert(has(all[i]));
    }

    /* as little as possible: the newest half is still told one by one */

    for (i = 3 * n - n / 3; i < 3 * n; i++) {
        unit_assert(!has(living[i]));
    }

    ck_assert(has(before) && !has(after) && !has(other));
}
END_TEST


/* who ends thousands does not end another one's sessions */

START_TEST(fair)
{
    uint32_t             i, n;
    ngx_cc_session_id_t  few[4], living;

    n = ngx_cc_ended_size(ended);
    living = session(9, NOW - 100);

    for (i = 0; i < 3; i++) {
        few[i] = session(9, NOW + i);
        add(few[i], NOW);
    }

    for (i = 0; i < 4 * n; i++) {
        add(session(7, NOW + i), NOW);
    }

    few[3] = session(9, NOW + 3);
    add(few[3], NOW);

    for (i = 0; i < 4; i++) {
        ck_assert(has(few[i]));
    }

    ck_assert(!has(living));
}
END_TEST


/* what is too old to be good takes no room */

START_TEST(old)
{
    uint32_t             i, n;
    ngx_cc_session_id_t  living;

    n = ngx_cc_ended_size(ended);
    living = session(7, NOW + 1);

    for (i = 0; i < n; i++) {
        add(session(7, NOW), NOW);
    }

    for (i = 0; i < n; i++) {
        add(session(7, NOW + WEEK + 1), NOW + WEEK + 1);
    }

    ck_assert(!has(living));
}
END_TEST


/* more owners than marks: the oldest mark is forgotten, no good one ends */

START_TEST(marks)
{
    uint32_t             i, k, n;
    ngx_cc_session_id_t  good[SIZE];

    n = ngx_cc_ended_size(ended);

    for (i = 0; i < n; i++) {
        good[i] = session(100 + i, NOW + 1000000);

        for (k = 0; k < n / 4; k++) {
            add(session(100 + i, NOW + 1000 * i + k), NOW);
        }
    }

    for (i = 0; i < n; i++) {
        unit_assert(!has(good[i]));
    }
}
END_TEST


START_TEST(together)
{
    int                  k, status;
    pid_t                pid[4];
    uint32_t             i, n;
    ngx_cc_session_id_t  id;

    n = ngx_cc_ended_size(ended) * 8;

    for (k = 0; k < 4; k++) {
        pid[k] = fork();

        if (pid[k] == 0) {
            for (i = 0; i < n; i++) {
                id.owner = 10 + k % 2;
                id.issued = NOW + i;
                id.number = 1 + (uint64_t) k * n + i;
                ngx_cc_ended_add(ended, &id, NOW);
                id.issued = NOW + 10 * n;
                id.number = 1000000 + (uint64_t) k * n + i;

                if (ngx_cc_ended_has(ended, &id)) {
                    _exit(1);
                }
            }

            _exit(0);
        }
    }

    for (k = 0; k < 4; k++) {
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

    suite = suite_create("ended");
    tc = tcase_create("ended");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, small);
    tcase_add_test(tc, one);
    tcase_add_test(tc, full);
    tcase_add_test(tc, fair);
    tcase_add_test(tc, old);
    tcase_add_test(tc, marks);
    tcase_add_test(tc, together);
    suite_add_tcase(suite, tc);

    return unit_run(suite);
}
