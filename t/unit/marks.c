
/* how far readers have got who come back: found, moved, and which makes room */

#include <string.h>
#include "ngx_cc_marks.h"
#include "unit.h"


#define NOTHING  UINT64_MAX


static ngx_cc_marks_t  marks;
static const uint64_t  all[2] = { 1000, 1000 };


static const uint8_t *
reader(uint8_t n)
{
    static uint8_t  id[NGX_CC_WIRE_READER];

    memset(id, 0, sizeof(id));
    id[NGX_CC_WIRE_READER - 1] = n;

    return id;
}


static void
move(uint8_t n, uint64_t stdout_to, uint64_t stderr_to)
{
    uint64_t  next[2] = { stdout_to, stderr_to };

    ngx_cc_marks_move(&marks, reader(n), next, all);
}


static void
expect(uint8_t n, uint64_t stdout_at, uint64_t stderr_at)
{
    uint64_t  next[2] = { 7, 7 };

    ngx_cc_marks_find(&marks, reader(n), next);
    ck_assert_uint_eq(next[0], stdout_at);
    ck_assert_uint_eq(next[1], stderr_at);
}


START_TEST(each_its_own)
{
    memset(&marks, 0, sizeof(marks));
    expect(1, 0, 0);
    move(1, 10, 20);
    move(2, 30, 40);
    expect(1, 10, 20);
    expect(2, 30, 40);
    expect(3, 0, 0);

    /* a reader of zeros is one, too */

    move(0, 1, 2);
    expect(0, 1, 2);
    expect(1, 10, 20);
}
END_TEST


START_TEST(forward_only)
{
    memset(&marks, 0, sizeof(marks));
    move(1, 10, 20);
    move(1, 5, 30);
    expect(1, 10, 30);

    /* one stream was read */

    move(1, NOTHING, 35);
    expect(1, 10, 35);
    move(1, 11, NOTHING);
    expect(1, 11, 35);
    move(2, NOTHING, NOTHING);
    expect(2, 0, 0);

    /* nobody has got what was not written yet */

    move(1, 5000, NOTHING - 1);
    expect(1, 1000, 1000);
}
END_TEST


/* the one that has not come for longest, by reading or by looking */

START_TEST(least_recently)
{
    uint8_t  i;

    memset(&marks, 0, sizeof(marks));

    for (i = 1; i <= NGX_CC_MARKS_MAX; i++) {
        move(i, i, i);
    }

    expect(1, 1, 1);
    move(2, 50, 50);
    move(100, 5, 5);
    expect(3, 0, 0);
    move(101, 6, 6);
    expect(4, 0, 0);

    expect(1, 1, 1);
    expect(2, 50, 50);
    expect(100, 5, 5);
    expect(101, 6, 6);

    for (i = 5; i <= NGX_CC_MARKS_MAX; i++) {
        expect(i, i, i);
    }

    /* who has lost its mark and comes back, begins at the beginning */

    move(3, 1, 0);
    expect(3, 1, 0);
}
END_TEST


int
main(void)
{
    Suite  *suite;
    TCase  *tc;

    suite = suite_create("marks");
    tc = tcase_create("marks");
    suite_add_tcase(suite, tc);

    tcase_add_test(tc, each_its_own);
    tcase_add_test(tc, forward_only);
    tcase_add_test(tc, least_recently);

    return unit_run(suite);
}
