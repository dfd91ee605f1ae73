
/* pipes into the ring, bytes into stdin */

#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_pump.h"
#include "ngx_cc_wire.h"


#define SIZE  65536


static ngx_cc_pump_t         pump;
static ngx_cc_ring_reader_t  reader;
static int                   child[3];


static void
setup(void)
{
    int  fd;

    (void) signal(SIGPIPE, SIG_IGN);

    fd = ngx_cc_ring_create(SIZE);
    ck_assert_int_eq(ngx_cc_pump_init(&pump), 0);
    pump.ring.base = ngx_cc_ring_map(fd, SIZE, 1);
    pump.ring.size = SIZE;
    reader.base = pump.ring.base;
    reader.size = SIZE;
    ngx_cc_ring_rewind(&reader);

    ck_assert_int_eq(ngx_cc_pump_open(&pump, 1, SIZE, child), 0);
}


START_TEST(output)
{
    ngx_cc_ring_record_t  rec;

    ck_assert_int_eq(ngx_cc_pump_read(&pump, NGX_CC_STDOUT), 0);
    ck_assert_int_eq(write(child[1], "out", 3), 3);
    ck_assert_int_eq(write(child[2], "error", 5), 5);
    ck_assert_int_eq(ngx_cc_pump_read(&pump, NGX_CC_STDERR), 1);
    ck_assert_int_eq(ngx_cc_pump_read(&pump, NGX_CC_STDOUT), 1);
    ck_assert_int_eq(ngx_cc_pump_read(&pump, NGX_CC_STDOUT), 0);

    ck_assert_int_eq(ngx_cc_ring_peek(&reader, pump.ring.head, &rec), 1);
    ck_assert_uint_eq(rec.stream, NGX_CC_STDERR);
    ck_assert_mem_eq(rec.data, "error", 5);
    ngx_cc_ring_skip(&reader, &rec);
    ck_assert_int_eq(ngx_cc_ring_peek(&reader, pump.ring.head, &rec), 1);
    ck_assert_uint_eq(rec.stream, NGX_CC_STDOUT);
    ck_assert_mem_eq(rec.data, "out", 3);

    ck_assert_uint_eq(pump.bytes[NGX_CC_STDOUT], 3);
    ck_assert_uint_eq(pump.bytes[NGX_CC_STDERR], 5);

    /* the end of one stream is not the end of the other */

    (void) close(child[1]);
    ck_assert_int_eq(ngx_cc_pump_read(&pump, NGX_CC_STDOUT), 0);
    ck_assert_uint_eq(pump.eof, NGX_CC_EOF_STDOUT);
    ck_assert_int_eq(pump.out[NGX_CC_STDOUT], -1);
    ck_assert_int_eq(write(child[2], "more", 4), 4);
    ck_assert_int_eq(ngx_cc_pump_read(&pump, NGX_CC_STDERR), 1);

    /* the other one's, without a read */

    ngx_cc_pump_end(&pump, NGX_CC_STDERR);
    ck_assert_uint_eq(pump.eof, NGX_CC_EOF_STDOUT|NGX_CC_EOF_STDERR);
    ck_assert_int_eq(pump.out[NGX_CC_STDERR], -1);
    ck_assert_int_eq(ngx_cc_pump_read(&pump, NGX_CC_STDERR), 0);
    ck_assert_int_eq(write(child[2], "x", 1), -1);

    ngx_cc_pump_close(&pump);
}
END_TEST


/* no room: it is not read; what was not read is not lost */

START_TEST(full)
{
    int       flags;
    char      buf[4096];
    ssize_t   n;
    uint64_t  sent;

    flags = fcntl(child[1], F_GETFL);
    (void) fcntl(child[1], F_SETFL, flags | O_NONBLOCK);
    memset(buf, 'x', sizeof(buf));
    sent = 0;

    for ( ;; ) {
        n = write(child[1], buf, sizeof(buf));
        sent += n > 0 ? n : 0;

        if (ngx_cc_pump_read(&pump, NGX_CC_STDOUT) == -1) {
            break;
        }
    }

    ck_assert_int_eq(ngx_cc_pump_room(&pump), 0);
    ck_assert_uint_lt(pump.bytes[0], SIZE);

    ck_assert_int_eq(ngx_cc_ring_credit(&pump.ring, pump.ring.head), 0);
    ck_assert_int_eq(ngx_cc_pump_room(&pump), 1);

    while (ngx_cc_pump_read(&pump, NGX_CC_STDOUT) == 1) {
        (void) ngx_cc_ring_credit(&pump.ring, pump.ring.head);
    }

    ck_assert_uint_eq(pump.bytes[0], sent);

    /* nobody reads: there is always room, and nothing is kept */

    pump.discard = 1;
    sent = pump.ring.head;
    ck_assert_int_eq(write(child[1], buf, sizeof(buf)), sizeof(buf));
    ck_assert_int_eq(ngx_cc_pump_read(&pump, NGX_CC_STDOUT), 1);
    ck_assert_uint_eq(pump.ring.head, sent);
    ngx_cc_pump_close(&pump);
}
END_TEST


/* what is beyond the limit of both streams is read and forgotten */

START_TEST(too_much)
{
    uint64_t              all[2];
    ngx_cc_ring_record_t  rec;

    pump.max = 5;
    ck_assert_int_eq(write(child[1], "abc", 3), 3);
    ck_assert_int_eq(ngx_cc_pump_read(&pump, NGX_CC_STDOUT), 1);
    ck_assert_int_eq(write(child[2], "de", 2), 2);
    ck_assert_int_eq(ngx_cc_pump_read(&pump, NGX_CC_STDERR), 1);

    /* exactly as much as is allowed */

    ck_assert_int_eq(pump.over, 0);
    ck_assert_int_eq(ngx_cc_pump_read(&pump, NGX_CC_STDERR), 0);
    ck_assert_int_eq(pump.over, 0);
    ck_assert_int_eq(ngx_cc_pump_room(&pump), 1);

    ck_assert_int_eq(write(child[2], "f", 1), 1);
    ck_assert_int_eq(ngx_cc_pump_read(&pump, NGX_CC_STDERR), 1);
    ck_assert_int_eq(pump.over, 1);
    ck_assert_int_eq(pump.discard, 1);

    ck_assert_int_eq(write(child[1], "ghi", 3), 3);
    ngx_cc_pump_measure(&pump, all);
    ck_assert_uint_eq(all[NGX_CC_STDOUT], 6);
    ck_assert_int_eq(ngx_cc_pump_read(&pump, NGX_CC_STDOUT), 1);
    ck_assert_uint_eq(pump.bytes[NGX_CC_STDOUT], 6);

    ck_assert_int_eq(ngx_cc_ring_peek(&reader, pump.ring.head, &rec), 1);
    ck_assert_mem_eq(rec.data, "abc", 3);
    ngx_cc_ring_skip(&reader, &rec);
    ck_assert_int_eq(ngx_cc_ring_peek(&reader, pump.ring.head, &rec), 1);
    ck_assert_uint_eq(rec.len, 2);
    ngx_cc_ring_skip(&reader, &rec);
    ck_assert_int_eq(ngx_cc_ring_peek(&reader, pump.ring.head, &rec), 0);
}
END_TEST


/* a single read stops at the limit */

START_TEST(too_much_at_once)
{
    ngx_cc_ring_record_t  rec;

    pump.max = 5;
    ck_assert_int_eq(write(child[1], "abcdefgh", 8), 8);
    ck_assert_int_eq(ngx_cc_pump_read(&pump, NGX_CC_STDOUT), 1);
    ck_assert_int_eq(pump.over, 0);
    ck_assert_int_eq(ngx_cc_pump_read(&pump, NGX_CC_STDOUT), 1);
    ck_assert_int_eq(pump.over, 1);
    ck_assert_int_eq(ngx_cc_ring_peek(&reader, pump.ring.head, &rec), 1);
    ck_assert_uint_eq(rec.len, 5);
}
END_TEST


START_TEST(input)
{
    char            buf[NGX_CC_WIRE_MAX_INPUT];
    size_t          got;
    ssize_t         n;
    static uint8_t  big[NGX_CC_WIRE_MAX_INPUT];

    memset(big, 'y', sizeof(big));

    ck_assert_int_eq(ngx_cc_pump_input(&pump, (uint8_t *) "hello", 5, 0), 0);
    ck_assert_int_eq(ngx_cc_pump_input(&pump, (uint8_t *) "x", 1, 0), -1);
    ck_assert_int_eq(ngx_cc_pump_write(&pump, 0), 1);
    pump.input_busy = 0;
    ck_assert_int_eq(read(child[0], buf, sizeof(buf)), 5);

    /* more than the pipe takes */

    (void) fcntl(pump.in, F_SETPIPE_SZ, 4096);
    ck_assert_int_eq(ngx_cc_pump_input(&pump, big, sizeof(big), 1), 0);

    for (got = 0; got < sizeof(big); got += n) {
        (void) ngx_cc_pump_write(&pump, 0);
        n = read(child[0], buf, sizeof(buf));
        ck_assert_int_gt(n, 0);
    }

    ck_assert_int_eq(ngx_cc_pump_write(&pump, 0), 1);
    ck_assert_int_eq(read(child[0], buf, sizeof(buf)), 0);   /* eof */
    ck_assert_int_eq(pump.in, -1);
    pump.input_busy = 0;

    /* bytes that were on their way meanwhile are done at once */

    ck_assert_int_eq(ngx_cc_pump_input(&pump, big, 1, 0), 0);
    ck_assert_int_eq(ngx_cc_pump_write(&pump, 0), 1);
    ck_assert_uint_eq(pump.input_pos, 0);
    ngx_cc_pump_close(&pump);
}
END_TEST


/* nobody reads stdin: the input is done all the same */

START_TEST(broken)
{
    (void) close(child[0]);
    ck_assert_int_eq(ngx_cc_pump_input(&pump, (uint8_t *) "hello", 5, 0), 0);
    ck_assert_int_eq(ngx_cc_pump_write(&pump, 0), 1);
    ck_assert_uint_eq(pump.input_pos, 0);
    ck_assert_int_eq(pump.in, -1);
    ngx_cc_pump_close(&pump);
}
END_TEST


/* what was in the pipe is read: that alone does not say who holds it */

START_TEST(held)
{
    uint64_t  all[NGX_CC_STREAMS];

    ck_assert_int_eq(write(child[1], "out", 3), 3);
    ngx_cc_pump_measure(&pump, all);
    ck_assert_uint_eq(all[NGX_CC_STDOUT], 3);
    ck_assert_int_eq(ngx_cc_pump_read(&pump, NGX_CC_STDOUT), 1);
    ck_assert_int_eq(ngx_cc_pump_held(&pump), 1);

    (void) close(child[1]);
    ck_assert_int_eq(ngx_cc_pump_held(&pump), 1);
    (void) close(child[2]);
    ck_assert_int_eq(ngx_cc_pump_held(&pump), 0);

    ck_assert_int_eq(ngx_cc_pump_read(&pump, NGX_CC_STDOUT), 0);
    ck_assert_int_eq(ngx_cc_pump_held(&pump), 0);
    ngx_cc_pump_close(&pump);
    ck_assert_int_eq(ngx_cc_pump_held(&pump), 0);
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("pump");
    Suite  *s = suite_create("pump");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, output);
    tcase_add_test(tc, full);
    tcase_add_test(tc, too_much);
    tcase_add_test(tc, too_much_at_once);
    tcase_add_test(tc, input);
    tcase_add_test(tc, broken);
    tcase_add_test(tc, held);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
