
/* POSTs of Streamable HTTP without nginx (http.h) */

#include <string.h>
#include "http.h"
#include "shim.h"
#include "unit.h"


#define CALL      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\","   \
                  "\"params\":{\"name\":\"execute\",\"arguments\":{"            \
                  "\"command\":\"x\"}}}"
#define PROGRESS  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\","   \
                  "\"params\":{\"name\":\"execute\",\"arguments\":{"            \
                  "\"command\":\"x\"},\"_meta\":{\"progressToken\":1}}}"


static void
post(const char *p)
{
    http_reset();
    http.length = strlen(p);
    http_begin();
    http_come(p, strlen(p));
}


static void
output(size_t n)
{
    char  *p;

    p = malloc(n);
    ck_assert_ptr_nonnull(p);
    memset(p, 'x', n);
    fake_output(fake_command[0], 0, p, n);
    free(p);
    http_posted();
}


static void
run(const char *p)
{
    post(p);
    http.conf.ping_interval = 1000000;   /* that is another matter */
    http_read();
    ck_assert_int_eq(fake_commands, 1);
    fake_started(fake_command[0]);
    http_posted();
}


static void
finish(void)
{
    fake_exited(fake_command[0], 0, NGX_CC_CAUSE_EXIT);
    http_posted();
}


/* until nothing is delayed; how long it took */

static ngx_msec_t
wait_delayed(void)
{
    ngx_msec_t  from = ngx_current_msec;

    while (http.r && ngx_current_msec - from < 100000) {
        http_pass(10);
    }

    return ngx_current_msec - from;
}


START_TEST(whole)
{
    run(CALL);
    output(1000);
    finish();
    ck_assert_uint_eq(http.status, 200);
    ck_assert_int_eq(http.content_length, (off_t) http.out_len);
    ck_assert_uint_gt(http.out_len, 2000);
    ck_assert_uint_eq(http.whole, 1);
    ck_assert_ptr_null(http.r);
    http_end();
}
END_TEST


/* limit_rate: whatever happens while it delays, the answer goes on */

START_TEST(delayed)
{
    int  keeps;

    for (keeps = 0; keeps < 2; keeps++) {
        run(CALL);
        http.rate = 5000;
        http.keeps = keeps;
        output(40000);
        finish();
        ck_assert_ptr_nonnull(http.r);
        ck_assert_uint_lt(wait_delayed(), 10000);
        ck_assert_uint_eq(http.whole, 1);
        ck_assert_uint_gt(http.out_len, 50000);
        http_end();

        run(PROGRESS);
        http.rate = 100;
        http.keeps = keeps;
        output(1000);
        http_pass(250);
        output(1000);
        ck_assert_uint_eq(http.wev.delayed, 1);
        http_write();
        http_pass(5000);
        ck_assert_uint_gt(http.out_len, 100);
        http.rate = 0;
        http_pass(200);
        finish();
        (void) wait_delayed();
        ck_assert_uint_eq(http.whole, 1);
        http_end();
    }
}
END_TEST


/* a client that takes nothing: send_timeout, however often we are woken */

START_TEST(stuck)
{
    int                   i;
    ngx_cc_streamable_t  *st;

    run(PROGRESS);
    http.room = 0;
    output(1000);
    st = ngx_http_get_module_ctx(http.r, ngx_cc_executor_module);

    for (i = 0; i < 100 && http.r; i++) {
        http_pass(1000);

        if (http.r) {
            st->session.transport.wake(st);
            http_posted();
        }
    }

    ck_assert_ptr_null(http.r);
    ck_assert_int_ge(i, 60);     /* the first progress takes 200 ms */
    ck_assert_int_le(i, 62);
    ck_assert_int_eq(http.rc, NGX_HTTP_REQUEST_TIME_OUT);
    ck_assert_int_eq(fake_command[0]->closed, 1);
    ck_assert_uint_eq(http.slots, 0);
    http_end();
}
END_TEST


/* one that takes a little now and then stays */

START_TEST(little)
{
    int  i;

    run(PROGRESS);
    http.room = 0;
    output(1000);

    for (i = 0; i < 10; i++) {
        http_pass(50000);
        http.room = 10;
        http_write();
    }

    ck_assert_ptr_nonnull(http.r);
    http_end();
}
END_TEST


/* the body has the deadline of a frame */

START_TEST(slow_body)
{
    post(" ");
    http_end();

    http_reset();
    http.length = 1000;
    http_begin();

    while (http.r && http.finalized == 0 && ngx_current_msec < 1100000) {
        http_come(" ", 1);
        http_read();
        http_pass(1000);
    }

    ck_assert_uint_eq(ngx_current_msec, 1030000);
    ck_assert_uint_eq(http.status, 408);
    ck_assert_uint_eq(http.slots, 0);
    http_end();

    /* and more of it for more bytes */

    http_reset();
    http.length = 1 << 20;
    http_begin();

    while (ngx_current_msec < 1200000) {
        http_come("                                        "
                  "                                        ", 80);
        http_read();
        http_pass(20);
    }

    ck_assert_uint_eq(http.finalized, 0);
    http_end();
}
END_TEST


/* error_page: another location has the request while the body still comes */

START_TEST(elsewhere)
{
    http_reset();
    http.length = 1000;
    http_begin();
    http_come("{", 1);
    http_read();
    ck_assert_uint_eq(http.slots, 1);
    http.rev.timedout = 1;
    http.c.error = 0;
    http_read();
    ck_assert_uint_eq(http.slots, 0);
    http_end();

    http_reset();
    http.length = 1000;
    http_begin();
    shim_allocations = 1;
    http_come("{", 1);
    http_read();
    ck_assert_uint_eq(http.finalized, 1);
    ck_assert_int_eq(http.rc, 500);
    ck_assert_ptr_nonnull(http.r);
    http_come("}}", 2);
    http_read();
    http_write();
    http_pass(100000);
    ck_assert_uint_eq(http.slots, 0);
    http_end();
}
END_TEST


START_TEST(gone)
{
    int  how;

    for (how = 0; how < 3; how++) {
        run(how ? PROGRESS : CALL);

        if (how == 2) {
            http.room = 0;
            output(5000);
            http_pass(300);
            http.reset = 1;
            http_write();

        } else {
            http.eof = 1;
            http_read();
        }

        ck_assert_ptr_null(http.r);
        ck_assert_int_eq(fake_command[0]->closed, 1);
        http_end();
    }
}
END_TEST


START_TEST(memory)
{
    int  i;

    for (i = 1; i < 80; i++) {
        http_reset();
        http.length = strlen(PROGRESS);
        shim_allocations = i;
        http_begin();
        http_come(PROGRESS, strlen(PROGRESS));
        http_read();

        if (fake_commands && !fake_command[0]->closed) {
            fake_started(fake_command[0]);
            output(3000);
            http_pass(300);

            if (!fake_command[0]->closed) {
                finish();
            }
        }

        http_end();
    }
}
END_TEST


int
main(void)
{
    Suite  *suite;
    TCase  *tc;

    suite = suite_create("streamable");
    tc = tcase_create("streamable");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, whole);
    tcase_add_test(tc, delayed);
    tcase_add_test(tc, stuck);
    tcase_add_test(tc, little);
    tcase_add_test(tc, slow_body);
    tcase_add_test(tc, elsewhere);
    tcase_add_test(tc, gone);
    tcase_add_test(tc, memory);

    suite_add_tcase(suite, tc);

    return unit_run(suite);
}
