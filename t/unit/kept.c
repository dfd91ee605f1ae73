
/*
 * A kept command, from START to the end of its stay: real helpers, and workers
 * that come and go (peer.h).
 */

#define _GNU_SOURCE
#include "peer.h"


static peer_helper_t       h;
static const peer_start_t  usual;


static void
setup(void)
{
    memset(&h, 0, sizeof(h));
    peer_helper(&h);
}


/* at the end of the master's life every helper leaves */

static void
teardown(void)
{
    (void) close(h.watch);

    if (h.pid) {
        peer_gone(&h);
    }

    peer_close(&h.starter);
}


START_TEST(born)
{
    peer_t  p;

    peer_run(&h, &usual, NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_WRITE,
             "echo out; echo err >&2; exit 7");
    peer_await(&h.starter, NGX_CC_WIRE_EXITED);

    ck_assert_str_eq((char *) h.starter.out[0], "out\n");
    ck_assert_str_eq((char *) h.starter.out[1], "err\n");
    ck_assert_int_eq(WEXITSTATUS(h.starter.m.bound.exited.status), 7);
    ck_assert_uint_eq(h.starter.m.bound.exited.cause, NGX_CC_CAUSE_EXIT);
    ck_assert_uint_eq(h.starter.m.head.flags, 0);

    /* it stays, its worker may go, and it says the same again */

    (void) close(h.starter.s);
    h.starter.s = -1;

    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, 0, 0));
    ck_assert_uint_eq(p.m.kept.attached.denied, 0);
    ck_assert_uint_eq(p.m.head.flags, NGX_CC_ATTACH_DATA
                                      |NGX_CC_ATTACHED_OVER);
    peer_await(&p, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq((char *) p.out[0], "out\n");
    ck_assert_str_eq((char *) p.out[1], "err\n");
    ck_assert_int_eq(WEXITSTATUS(p.m.bound.exited.status), 7);
    peer_close(&p);
}
END_TEST


START_TEST(failed)
{
    peer_helper_t  other;
    peer_start_t   o = { .program = "/does/not/exist" };

    peer_start(&h, &o, "");
    peer_ask(&h.starter, &h, NGX_CC_ATTACH_DATA, 0, 0);
    peer_await(&h.starter, NGX_CC_WIRE_FAILED);
    ck_assert_uint_eq(h.starter.m.bound.failed.stage, NGX_CC_STAGE_EXEC);
    ck_assert_int_eq(h.starter.m.bound.failed.error, ENOENT);

    /* its socket is gone, and the helper is as good as new */

    ck_assert(!peer_connect(&h.starter, &h));
    peer_run(&h, &usual, NGX_CC_ATTACH_DATA, "sleep 100");

    /* a name that is taken */

    memset(&other, 0, sizeof(other));
    peer_helper(&other);
    other.handle = h.handle;
    peer_start(&other, &usual, "true");
    peer_await(&other.starter, NGX_CC_WIRE_FAILED);
    ck_assert_uint_eq(other.starter.m.bound.failed.stage,
                      NGX_CC_STAGE_LISTEN);
    ck_assert_int_eq(other.starter.m.bound.failed.error, EADDRINUSE);
    (void) close(other.watch);
    peer_gone(&other);
    peer_close(&other.starter);
}
END_TEST


START_TEST(outlives_its_worker)
{
    peer_t  p;

    peer_run(&h, &usual, NGX_CC_ATTACH_DATA,
             "echo one; sleep 0.2; echo two");
    peer_close(&h.starter);

    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, 0, 0));
    peer_await(&p, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq((char *) p.out[0], "one\ntwo\n");
    ck_assert_uint_eq(p.m.bound.exited.cause, NGX_CC_CAUSE_EXIT);
    peer_close(&p);
}
END_TEST


int
main(void)
{
    Suite  *suite;
    TCase  *tc;

    suite = suite_create("kept");

    tc = tcase_create("life");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, born);
    tcase_add_test(tc, failed);
    tcase_add_test(tc, outlives_its_worker);
    suite_add_tcase(suite, tc);

    return unit_run(suite);
}
