
/* the ring: what goes in comes out; a reader believes nothing */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_ring.h"


#define SIZE  65536


static int                   fd;
static ngx_cc_ring_writer_t  w;
static ngx_cc_ring_reader_t  r;


static void
setup(void)
{
    int  ro;

    fd = ngx_cc_ring_create(SIZE);
    ck_assert_int_ge(fd, 0);

    memset(&w, 0, sizeof(w));
    w.base = ngx_cc_ring_map(fd, SIZE, 1);
    w.size = SIZE;
    ck_assert_ptr_nonnull(w.base);
    ngx_cc_ring_reset(&w, SIZE);

    ro = ngx_cc_ring_reopen(fd);
    ck_assert_int_ge(ro, 0);
    ck_assert_int_eq(fcntl(ro, F_GETFL) & O_ACCMODE, O_RDONLY);

    r.base = ngx_cc_ring_map(ro, SIZE, 0);
    r.size = SIZE;
    ck_assert_ptr_nonnull(r.base);
    ngx_cc_ring_rewind(&r);

    (void) close(ro);
}


static void
teardown(void)
{
    ngx_cc_ring_unmap(w.base, SIZE);
    ngx_cc_ring_unmap(r.base, SIZE);
    (void) close(fd);
}


START_TEST(random_records)
{
    int                   round;
    size_t                i, n, room;
    uint8_t              *payload, next[2], expect[2];
    uint64_t              offset[2];
    unsigned              seed, stream;
    ngx_cc_ring_record_t  rec;

    seed = 7;
    memset(next, 0, sizeof(next));
    memset(expect, 0, sizeof(expect));
    memset(offset, 0, sizeof(offset));

    for (round = 0; round < 200000; round++) {

        room = ngx_cc_ring_room(&w, &payload);

        if (room && rand_r(&seed) % 2) {
            n = 1 + rand_r(&seed) % room;
            n = n > 3000 && rand_r(&seed) % 4 ? n % 3000 + 1 : n;
            stream = rand_r(&seed) % 2;

            for (i = 0; i < n; i++) {
                payload[i] = next[stream]++;
            }

            ngx_cc_ring_commit(&w, stream, offset[stream], n);
            offset[stream] += n;

        } else if (ngx_cc_ring_peek(&r, w.head, &rec)) {

            unit_assert(rec.stream <= 1);

            for (i = 0; i < rec.len; i++) {
                unit_assert(rec.data[i] == expect[rec.stream]++);
            }

            ngx_cc_ring_skip(&r, &rec);

            if (rand_r(&seed) % 3 == 0) {
                unit_assert(ngx_cc_ring_credit(&w, r.pos) == 0);
            }

        } else {
            unit_assert(ngx_cc_ring_credit(&w, r.pos) == 0);
        }

        unit_assert(w.head - w.tail <= SIZE);
    }

    ck_assert_uint_gt(offset[0], 10 * SIZE);
}
END_TEST


/* a quarter of the window has to be free, and the window is obeyed */

START_TEST(room)
{
    size_t   n;
    uint8_t *payload;

    ngx_cc_ring_reset(&w, SIZE / 2);
    n = ngx_cc_ring_room(&w, &payload);
    ck_assert_uint_eq(n, SIZE / 2 - NGX_CC_RING_HEADER);

    ngx_cc_ring_commit(&w, 0, 0, SIZE / 2 - SIZE / 8 - 2 * NGX_CC_RING_HEADER);
    ck_assert_uint_gt(ngx_cc_ring_room(&w, &payload), 0);
    ngx_cc_ring_commit(&w, 0, SIZE / 2 - SIZE / 8 - 2 * NGX_CC_RING_HEADER, 1);
    ck_assert_uint_eq(ngx_cc_ring_room(&w, &payload), 0);

    /* a window beyond the ring is cut */

    ngx_cc_ring_reset(&w, 10 * SIZE);
    ck_assert_uint_le(ngx_cc_ring_room(&w, &payload), SIZE);
}
END_TEST


START_TEST(credits)
{
    uint8_t *payload;

    (void) ngx_cc_ring_room(&w, &payload);
    ngx_cc_ring_commit(&w, 0, 0, 8);

    ck_assert_int_eq(ngx_cc_ring_credit(&w, w.head + 1), -1);
    ck_assert_int_eq(ngx_cc_ring_credit(&w, UINT64_MAX), -1);
    ck_assert_uint_eq(w.tail, 0);
    ck_assert_int_eq(ngx_cc_ring_credit(&w, w.head), 0);
    ck_assert_int_eq(ngx_cc_ring_credit(&w, 0), -1);
    ck_assert_uint_eq(w.tail, w.head);
}
END_TEST


/* a helper that was taken over may write anything: nothing else is read */

START_TEST(forged)
{
    size_t                i, round;
    uint8_t              *payload;
    uint64_t              head;
    unsigned              seed;
    ngx_cc_ring_record_t  rec;

    static const struct {
        size_t    at;
        uint32_t  value;
    } forge[] = {
        { 0, 0 },                    /* length 0 */
        { 0, 17 },                   /* beyond head */
        { 0, 0xffffffff },
        { 0, 0x7fffffff },
        { 4, 2 },                    /* unknown stream */
        { 4, 255 },
        { 8, 1 },                    /* not the offset expected */
        { 12, 0x80000000 },
    };

    for (i = 0; i < sizeof(forge) / sizeof(forge[0]); i++) {
        ngx_cc_ring_reset(&w, SIZE);
        ngx_cc_ring_rewind(&r);
        (void) ngx_cc_ring_room(&w, &payload);
        ngx_cc_ring_commit(&w, 0, 0, 16);
        memcpy(w.base + forge[i].at, &forge[i].value, 4);
        ck_assert_msg(ngx_cc_ring_peek(&r, w.head, &rec) == -1, "case %zu", i);
    }

    /* random memory, random head: never beyond what is mapped */

    seed = 3;

    for (round = 0; round < 20000; round++) {
        for (i = 0; i < 64; i += 4) {
            *(uint32_t *) (w.base + i) = rand_r(&seed) % 3 ? rand_r(&seed) % 64
                                                           : rand_r(&seed);
        }

        w.base[4] &= 1;
        memset(w.base + 8, 0, 8);
        head = rand_r(&seed) % 100;
        ngx_cc_ring_rewind(&r);

        while (ngx_cc_ring_peek(&r, head, &rec) == 1) {
            unit_assert(rec.data >= r.base);
            unit_assert(r.pos + rec.size <= head);
            unit_assert(rec.len + NGX_CC_RING_HEADER <= rec.size);
            ngx_cc_ring_skip(&r, &rec);
        }
    }
}
END_TEST


/* the file can neither shrink under a reader (SIGBUS) nor grow */

START_TEST(sealed)
{
    int       ro;
    uint8_t  *payload;

    ck_assert_int_eq(ftruncate(fd, 4096), -1);
    ck_assert_int_eq(ftruncate(fd, 2 * SIZE), -1);
    ck_assert_int_eq(fcntl(fd, F_GET_SEALS),
                     F_SEAL_SHRINK|F_SEAL_GROW|F_SEAL_SEAL);

    /* what a worker has cannot be made writable */

    ro = ngx_cc_ring_reopen(fd);
    ck_assert_ptr_null(ngx_cc_ring_map(ro, SIZE, 1));
    (void) close(ro);

    /* memory that was given back reads as zeros, and is used again */

    (void) ngx_cc_ring_room(&w, &payload);
    memset(payload, 'x', 1000);
    ngx_cc_ring_commit(&w, 0, 0, 1000);
    ck_assert_int_eq(ngx_cc_ring_credit(&w, w.head), 0);
    ngx_cc_ring_release(&w);
    ck_assert_uint_eq(r.base[100], 0);
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("ring");
    Suite  *s = suite_create("ring");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, random_records);
    tcase_add_test(tc, room);
    tcase_add_test(tc, credits);
    tcase_add_test(tc, forged);
    tcase_add_test(tc, sealed);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
