
/*
 * What is held of a kept command's output: against a model that remembers
 * everything, for every offset, with the floor anywhere.
 */

#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_history.h"


#define SIZE   65536
#define ALL    (64 * 1024 * 1024)


static int                   fd;
static ngx_cc_ring_writer_t  ring;
static ngx_cc_history_t      h;

/* byte k of a stream */

#define NTH(s, k)  ((uint8_t) ((k) * 131 + ((k) >> 8) * 7 + (s) * 77))


static void
setup(void)
{
    fd = ngx_cc_ring_create(SIZE);
    ck_assert_int_ge(fd, 0);

    memset(&ring, 0, sizeof(ring));
    ring.base = ngx_cc_ring_map(fd, SIZE, 1);
    ring.size = SIZE;
    ck_assert_ptr_nonnull(ring.base);
    ngx_cc_ring_reset(&ring, SIZE);
    ngx_cc_history_init(&h, &ring, 8192);
}


static void
teardown(void)
{
    ngx_cc_history_done(&h);
    ngx_cc_ring_unmap(ring.base, SIZE);
    (void) close(fd);
}


/* n bytes into a stream, as one record; 0 when there is no room */

static size_t
put(unsigned stream, size_t n)
{
    size_t    i, room;
    uint8_t  *p;

    room = ngx_cc_history_room(&h, &p);

    unit_assert(ngx_cc_history_open(&h) == (room != 0));

    n = n < room ? n : room;

    if (n == 0) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        p[i] = NTH(stream, h.bytes[stream] + i);
    }

    ngx_cc_history_commit(&h, stream, n);

    return n;
}


/*
 * Reads all that a cursor gives, in pieces of at most "max" bytes: right bytes,
 * no byte twice, gaps where nothing is held and only there, in order.
 */

static void
read_all(ngx_cc_history_cursor_t *c, size_t max, uint64_t gaps[2])
{
    int                     rc;
    size_t                  i;
    uint64_t                next[2], seq;
    ngx_cc_history_piece_t  piece;

    memcpy(next, c->next, sizeof(next));
    gaps[0] = gaps[1] = 0;
    seq = 0;

    for ( ;; ) {
        rc = ngx_cc_history_next(&h, c, max, &piece);

        if (rc == -1) {
            continue;
        }

        if (rc == 0) {
            break;
        }

        unit_assert(piece.stream < 2);
        unit_assert(piece.offset == next[piece.stream]);
        unit_assert(piece.to > piece.offset);
        next[piece.stream] = piece.to;
        unit_assert(c->next[piece.stream] == piece.to);

        if (piece.data == NULL) {
            unit_assert(piece.len == 0 && piece.seq == 0);

            /* nothing of it is held: not in the ends, not in the ring */

            unit_assert(piece.offset >= h.head[piece.stream].to);
            unit_assert(piece.to <= h.floor.offset[piece.stream]);
            gaps[piece.stream] += piece.to - piece.offset;
            continue;
        }

        unit_assert(piece.len <= max);
        unit_assert(piece.to - piece.offset == piece.len);
        unit_assert(piece.seq > seq);
        seq = piece.seq;

        for (i = 0; i < piece.len; i++) {
            unit_assert(piece.data[i] == NTH(piece.stream, piece.offset + i));
        }
    }

    unit_assert(next[0] == h.bytes[0] && next[1] == h.bytes[1]);
    unit_assert(!ngx_cc_history_more(&h, c));
}


/* what a reader from "from" has to miss, from the contract's words */

static uint64_t
missing(unsigned stream, uint64_t from)
{
    uint64_t  low, high, half;

    half = h.output / 2;
    low = half;
    high = h.floor.offset[stream];

    /* all that was dropped but its first and last halves */

    if (high <= half) {
        return 0;
    }

    high -= (high - half < h.output - half) ? high - half : h.output - half;

    if (low >= high || from >= high) {
        return 0;
    }

    return high - (from > low ? from : low);
}


static void
check_reader(uint64_t from0, uint64_t from1, size_t max)
{
    uint64_t                 from[2], gaps[2];
    ngx_cc_history_cursor_t  c;

    from[0] = from0;
    from[1] = from1;

    ngx_cc_history_seek(&h, &c, from);
    unit_assert(c.next[0] == (from0 < h.bytes[0] ? from0 : h.bytes[0]));
    unit_assert(ngx_cc_history_more(&h, &c)
                == (from0 < h.bytes[0] || from1 < h.bytes[1]));
    read_all(&c, max, gaps);

    unit_assert(gaps[0] == missing(0, from0));
    unit_assert(gaps[1] == missing(1, from1));
}


START_TEST(everything_is_held)
{
    /* as long as there is room nobody misses anything, whatever need is */

    h.need = UINT64_MAX;
    (void) put(0, 1000);
    (void) put(1, 10);
    (void) put(0, 7);

    check_reader(0, 0, 65536);
    check_reader(0, 0, 1);
    check_reader(1006, 10, 3);
    check_reader(1007, 10, 3);
    check_reader(UINT64_MAX, 3, 3);
    ck_assert_uint_eq(ngx_cc_history_least(&h, 0), 0);
    ck_assert_ptr_null(h.memory);
}
END_TEST


START_TEST(floor_waits_for_need)
{
    uint64_t                 from[2], gaps[2];
    ngx_cc_history_cursor_t  c;

    memset(from, 0, sizeof(from));
    ngx_cc_history_seek(&h, &c, from);

    while (put(0, 4000)) { /* void */ }

    ck_assert_uint_eq(ring.tail, 0);
    ck_assert(!ngx_cc_history_open(&h));

    /* who has read it all lets it go, but not before room is wanted */

    read_all(&c, 1000, gaps);
    ck_assert_uint_eq(gaps[0], 0);
    h.need = c.ring.pos;
    ck_assert_uint_eq(ring.tail, 0);
    ck_assert(ngx_cc_history_open(&h));

    ck_assert_uint_eq(put(0, 100), 100);
    ck_assert_uint_gt(ring.tail, 0);
    ck_assert_uint_lt(ring.tail, SIZE / 2);
    check_reader(0, 0, 65536);
}
END_TEST


START_TEST(tail_of_the_quiet_stream)
{
    size_t    i;
    uint64_t  gaps;

    /* 20 KB of one stream, then 10 MB of the other */

    h.need = UINT64_MAX;

    for (i = 0; i < 20; i++) {
        ck_assert_uint_eq(put(0, 1000), 1000);
    }

    while (h.bytes[1] < 10 * 1000 * 1000) {
        ck_assert_uint_gt(put(1, 5000), 0);
    }

    gaps = missing(0, 0);
    ck_assert_uint_eq(gaps, 20000 - 8192);
    check_reader(0, 0, 65536);
    check_reader(20000 - 4096, UINT64_MAX, 65536);
    ck_assert_uint_eq(missing(0, 20000 - 4096), 0);
}
END_TEST


START_TEST(seq_is_where_it_stood)
{
    int                      i, rc;
    uint64_t                 from[2], seq[2][200];
    ngx_cc_history_cursor_t  c;
    ngx_cc_history_piece_t   piece;

    /* what one reader was told in time, a later one is told from the ends */

    h.need = UINT64_MAX;

    for (i = 0; i < 200; i++) {
        seq[i % 2][i / 2] = ring.head + NGX_CC_RING_HEADER;
        ck_assert_uint_eq(put(i % 2, 10), 10);
    }

    while (ring.tail < seq[1][99]) {
        ck_assert_uint_gt(put(0, 5000), 0);
    }

    memset(from, 0, sizeof(from));
    ngx_cc_history_seek(&h, &c, from);

    for (i = 0; i < 200; i++) {
        rc = ngx_cc_history_next(&h, &c, 65536, &piece);
        ck_assert_int_eq(rc, 1);
        ck_assert_uint_eq(piece.len, 10);
        ck_assert_uint_eq(piece.stream, i % 2);
        ck_assert_uint_eq(piece.seq, seq[i % 2][i / 2]);
    }
}
END_TEST


START_TEST(many_small_records)
{
    size_t    i;
    uint64_t  from[2];
    ngx_cc_history_cursor_t  c;

    /* more than an end has marks: order and bytes stay right */

    h.need = UINT64_MAX;

    for (i = 0; i < 100000; i++) {
        ck_assert_uint_eq(put(i % 3 == 0, 1), 1);
    }

    check_reader(0, 0, 65536);
    check_reader(10000, 5, 100);
    check_reader(h.bytes[0] - 1, h.bytes[1] - 1, 100);

    memset(from, 0xff, sizeof(from));
    ngx_cc_history_seek(&h, &c, from);
    ck_assert_uint_eq(c.ring.pos, ring.head);
}
END_TEST


START_TEST(nothing_besides_the_ring)
{
    ngx_cc_history_init(&h, &ring, 0);
    h.need = UINT64_MAX;

    while (h.bytes[0] < 1000000) {
        ck_assert_uint_gt(put(0, 3000), 0);
    }

    ck_assert_ptr_null(h.memory);
    ck_assert_uint_eq(ngx_cc_history_least(&h, 0), h.floor.offset[0]);
    check_reader(0, 0, 65536);
}
END_TEST


START_TEST(trimmed)
{
    int  i;

    /* what is held stays, wherever in the ring it is */

    h.need = UINT64_MAX;

    for (i = 0; i < 40; i++) {
        ck_assert_uint_gt(put(i % 2, 1 + i * 700 % 16000), 0);
        check_reader(0, 0, 65536);
        ngx_cc_history_trim(&h);
        check_reader(0, 0, 65536);
    }
}
END_TEST


START_TEST(trim_gives_back)
{
    int            i, n;
    unsigned char  vec[SIZE / 4096];

    memset(ring.base, 1, SIZE);
    (void) put(0, 100);
    ngx_cc_history_trim(&h);
    ck_assert_int_eq(mincore(ring.base, SIZE, vec), 0);

    for (n = 0, i = 0; i < SIZE / 4096; i++) {
        n += vec[i] & 1;
    }

    ck_assert_int_eq(n, 1);
}
END_TEST


START_TEST(random_life)
{
    int                      round, rounds, i;
    size_t                   n;
    unsigned                 seed;
    uint64_t                 gaps[2], from[2], need;
    ngx_cc_history_cursor_t  slow;

    seed = 20 + _i;
    rounds = getenv("CC_NIGHTLY") ? 60000 : 3000;

    ngx_cc_history_init(&h, &ring, rand_r(&seed) % 20000);
    memset(from, 0, sizeof(from));
    ngx_cc_history_seek(&h, &slow, from);

    for (round = 0; round < rounds; round++) {

        /* a reader that nothing may be lost for, or nobody */

        need = rand_r(&seed) % 3 ? slow.ring.pos : UINT64_MAX;
        h.need = need > h.need ? need : h.need;

        for (i = rand_r(&seed) % 8; i; i--) {
            n = 1 + rand_r(&seed) % (rand_r(&seed) % 4 ? 100 : 20000);
            (void) put(rand_r(&seed) % 4 == 0, n);
            unit_assert(ring.head - ring.tail <= SIZE);
            unit_assert(ring.tail == h.floor.pos);
        }

        if (rand_r(&seed) % 5 == 0) {
            i = (slow.ring.pos < h.floor.pos);
            read_all(&slow, 1 + rand_r(&seed) % 70000, gaps);
            unit_assert(i || (gaps[0] == 0 && gaps[1] == 0));
        }

        if (rand_r(&seed) % 20 == 0) {
            check_reader(rand_r(&seed) % (h.bytes[0] + 2),
                         rand_r(&seed) % (h.bytes[1] + 2),
                         1 + rand_r(&seed) % 70000);
        }

        h.need = slow.ring.pos;
    }
}
END_TEST


int
main(void)
{
    Suite  *suite;
    TCase  *tc;

    suite = suite_create("history");

    tc = tcase_create("history");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, everything_is_held);
    tcase_add_test(tc, floor_waits_for_need);
    tcase_add_test(tc, tail_of_the_quiet_stream);
    tcase_add_test(tc, seq_is_where_it_stood);
    tcase_add_test(tc, many_small_records);
    tcase_add_test(tc, nothing_besides_the_ring);
    tcase_add_test(tc, trimmed);
    tcase_add_test(tc, trim_gives_back);
    tcase_add_loop_test(tc, random_life, 0, 8);
    suite_add_tcase(suite, tc);

    return unit_run(suite);
}
