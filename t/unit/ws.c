
/* WebSocket connections without nginx (http.h): what has to happen, moment by
 * moment */

#include <string.h>
#include "http.h"
#include "shim.h"
#include "unit.h"
#include "ngx_cc_mcp.h"
#include "ngx_cc_native.h"


#define EXECUTE  "{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"x\"}}"
#define LIST     "{\"id\":2,\"method\":\"list\"}"


static void
open_native(void)
{
    http_reset();
    http.dialect = &ngx_cc_native;
    http_begin();
}


static void
text(const char *p)
{
    http_frame(0x81, p, strlen(p));
    http_read();
}


static ngx_cc_ws_t *
ws(void)
{
    return ngx_http_get_module_ctx(http.r, ngx_cc_executor_module);
}


/* reasons of ours to close, and the code that the client reads */

static const struct {
    ngx_uint_t   code;
    const char  *bytes;          /* that make us close; or NULL: idle */
    size_t       n;
} reason[] = {
    { 1001, NULL, 0 },
    { 1002, "\xff\xff", 2 },
    { 1003, "\x82\x81key!x", 7 },
    { 1007, "\x81\x81key!\x94", 7 },
    { 1009, "\x81\xff\x00\x00\x00\x00\x7f\xff\xff\xff", 10 },
};

#define REASONS  (sizeof(reason) / sizeof(reason[0]))


static void
close_by_us(size_t i)
{
    http_reset();
    http.dialect = &ngx_cc_native;
    http.conf.session.idle_timeout = 5000;
    http_begin();

    if (reason[i].bytes) {
        http_come(reason[i].bytes, reason[i].n);
        http_read();

    } else {
        http_pass(5000);
    }

    ck_assert_uint_eq(http.code, reason[i].code);
    ck_assert_uint_eq(http.slots, 0);
}


/* whatever comes behind our Close: an end within the time of a close */

START_TEST(close_then_anything)
{
    size_t  i, k;

    static const struct {
        const char  *p;
        size_t       n;
    } then[] = {
        { "\xff\xff" "xxxxxxxxxxxxxxxxxxxx", 22 },
        { "\x82\x82key!xy", 8 },
        { "\x81", 1 },
        { "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10 },
        { "\x88\x81key!x", 7 },
        { "\x81\x01x", 3 },
    };

    for (i = 0; i < REASONS; i++) {
        for (k = 0; k < sizeof(then) / sizeof(then[0]); k++) {
            close_by_us(i);
            http_come(then[k].p, then[k].n);
            http_read();
            ck_assert_uint_eq(http.code, reason[i].code);

            /* a Close is an answer, unless nothing is understood any more */

            ck_assert((http.r == NULL) == (i == 0 && k == 4));
            http_pass(1999);
            ck_assert((http.r == NULL) == (i == 0 && k == 4));
            http_pass(1);
            ck_assert_ptr_null(http.r);
            http_end();
        }
    }
}
END_TEST


/* the client's Close behind ours ends it at once */

START_TEST(close_by_both)
{
    close_by_us(0);
    text(LIST);
    http_frame(0x88, "\x03\xe8", 2);
    http_read();
    ck_assert_ptr_null(http.r);
    http_end();
}
END_TEST


START_TEST(close_by_client)
{
    open_native();
    text(EXECUTE);
    ck_assert_int_eq(fake_commands, 1);
    http_frame(0x88, "\x03\xe8", 2);
    http_frame(0x81, EXECUTE, strlen(EXECUTE));
    http_read();
    ck_assert_uint_eq(http.code, 1000);
    ck_assert_int_eq(fake_commands, 1);
    ck_assert_int_eq(fake_command[0]->closed, 1);
    ck_assert_ptr_null(http.r);
    http_end();
}
END_TEST


/* a Close that the socket does not take yet, and never takes */

START_TEST(close_stuck)
{
    open_native();
    http.room = 0;
    text(LIST);
    text("\xff");
    ck_assert_uint_eq(http.code, 0);
    http.room = 1 << 20;
    http_write();
    ck_assert_uint_eq(http.code, 1007);
    http_end();

    open_native();
    http.room = 0;
    text("\xff");
    http_pass(2000);
    ck_assert_ptr_null(http.r);
    ck_assert_uint_eq(http.code, 0);
    http_end();
}
END_TEST


/* output that is sent from where it is, whatever the socket takes of it */

START_TEST(tails)
{
    size_t  i, n, room;
    char   *big;

    static const char  execute[] =
        "{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"x\","
        "\"encoding\":\"binary\"}}";

    n = 50000;
    big = malloc(n);
    memset(big, 'x', n);

    for (room = 1; room < 2 * n; room = room * 3 + 1) {
        open_native();
        text(execute);
        fake_started(fake_command[0]);
        http_posted();

        for (i = 0; i < 3; i++) {
            fake_output(fake_command[0], i & 1, big, i == 1 ? 10 : n);
        }

        fake_exited(fake_command[0], 0, NGX_CC_CAUSE_EXIT);
        http.room = room;
        http_posted();

        for (i = 0; i < 200000 && fake_command[0]->closed == 0; i++) {
            http.room = room;
            http_write();
        }

        http.room = 1 << 20;
        http_write();
        ck_assert_uint_eq(http.packets, 3);
        ck_assert_uint_eq(http.packed, 2 * n + 10);
        http_end();
    }

    free(big);
}
END_TEST


/* one byte at a time, in and out */

START_TEST(bytes)
{
    size_t      i;
    ngx_uint_t  n;

    open_native();
    n = http.messages;
    http.piece = 1;
    http.room = 0;

    for (i = 0; i < 50; i++) {
        http_frame(0x81, LIST, strlen(LIST));
    }

    http_read();

    for (i = 0; i < 100000 && http.messages < n + 50; i++) {
        http.room = 1;
        http_write();
        http_read();
    }

    ck_assert_uint_eq(http.messages, n + 50);
    http_end();
}
END_TEST


/* a client that takes no answers is not read, and loses nothing */

START_TEST(full)
{
    int         i;
    ngx_uint_t  n;

    open_native();
    n = http.messages;
    http.room = 0;

    for (i = 0; i < 6000; i++) {
        http_frame(0x81, LIST, strlen(LIST));
    }

    http_read();
    ck_assert_uint_gt(http.in_len, 0);
    http.room = 1 << 30;
    http_write();
    http_read();
    ck_assert_uint_eq(http.in_len, 0);
    ck_assert_uint_eq(http.messages, n + 6000);
    http_end();
}
END_TEST


START_TEST(gone)
{
    int  how;

    for (how = 0; how < 4; how++) {
        open_native();
        text(EXECUTE);
        fake_started(fake_command[0]);
        http_posted();

        if (how == 0) {
            http.eof = 1;
            http_read();

        } else if (how == 1) {
            http.reset = 1;
            http_read();

        } else if (how == 2) {
            http.reset = 1;
            text(LIST);

        } else {
            /* silent: a ping, then the end */
            http_pass(30000);
            ck_assert_uint_eq(http.pings, 1);
            ck_assert_ptr_nonnull(http.r);
            http_pass(30000);
        }

        ck_assert_ptr_null(http.r);
        ck_assert_int_eq(fake_command[0]->closed, 1);
        ck_assert_uint_eq(http.slots, 0);
        http_end();
    }
}
END_TEST


START_TEST(pings)
{
    open_native();
    http_frame(0x89, "one", 3);
    http_frame(0x89, "two", 3);
    http_read();
    ck_assert_uint_eq(http.pongs, 1);
    http_pass(30000);
    ck_assert_uint_eq(http.pings, 1);
    http_frame(0x8a, "", 0);
    http_read();
    http_pass(59999);
    ck_assert_ptr_nonnull(http.r);
    http_end();
}
END_TEST


/* the worker quits: who was quiet goes, who was answered may ask once more */

START_TEST(quit)
{
    ngx_uint_t  n;

    open_native();
    http_pass(500);
    http_quit(0);
    ck_assert_uint_eq(http.code, 1001);
    http_end();

    open_native();
    text(EXECUTE);
    fake_started(fake_command[0]);
    http_posted();
    http_quit(0);
    ck_assert_uint_eq(http.code, 0);
    fake_exited(fake_command[0], 0, NGX_CC_CAUSE_EXIT);
    http_posted();
    ck_assert_uint_eq(http.code, 0);
    n = http.messages;
    fake_start = NGX_CC_START_EXITING;
    text(EXECUTE);
    ck_assert_uint_eq(http.messages, n + 1);
    ck_assert_int_eq(fake_commands, 1);
    ck_assert_uint_eq(http.code, 0);
    http_pass(499);
    ck_assert_uint_eq(http.code, 0);
    http_pass(1);
    ck_assert_uint_eq(http.code, 1001);
    http_end();

    open_native();
    http_quit(1);
    ck_assert_ptr_null(http.r);
    http_end();
}
END_TEST


START_TEST(refused)
{
    http_reset();
    http.dialect = &ngx_cc_native;
    http.refused = 1;
    http_begin();
    ck_assert_uint_eq(http.code, 1008);
    ck_assert_uint_eq(http.messages, 1);
    text(EXECUTE);
    ck_assert_int_eq(fake_commands, 0);
    http_end();
}
END_TEST


/* memory is missing, at every allocation there is */

START_TEST(memory)
{
    int  i;

    for (i = 1; i < 60; i++) {
        http_reset();
        http.dialect = i & 1 ? &ngx_cc_native : &ngx_cc_mcp;
        http.room = 200;
        shim_allocations = i;
        http_begin();

        if (http.r && http.finalized == 0) {
            text(EXECUTE);
            text(LIST);
        }

        http_end();
    }
}
END_TEST


START_TEST(slow_frame)
{
    open_native();
    http_come("\x81", 1);
    http_read();
    http_pass(29999);
    ck_assert_uint_eq(http.code, 0);
    http_pass(1);
    ck_assert_uint_eq(http.code, 1008);
    ck_assert_ptr_nonnull(ws());
    http_end();
}
END_TEST


int
main(void)
{
    Suite  *suite;
    TCase  *tc;

    suite = suite_create("ws");
    tc = tcase_create("ws");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, close_then_anything);
    tcase_add_test(tc, close_by_both);
    tcase_add_test(tc, close_by_client);
    tcase_add_test(tc, close_stuck);
    tcase_add_test(tc, tails);
    tcase_add_test(tc, bytes);
    tcase_add_test(tc, full);
    tcase_add_test(tc, gone);
    tcase_add_test(tc, pings);
    tcase_add_test(tc, quit);
    tcase_add_test(tc, refused);
    tcase_add_test(tc, memory);
    tcase_add_test(tc, slow_frame);

    suite_add_tcase(suite, tc);

    return unit_run(suite);
}
