
/*
 * A kept command, from START to the end of its stay: real helpers, and workers
 * that come and go (peer.h).
 */

#define _GNU_SOURCE
#include "ngx_cc_spawner.h"
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


/* a reader that comes back goes on where it was, and nobody else does */

static void
reader_attach(peer_t *p, uint8_t reader, unsigned flags)
{
    ngx_cc_wire_attach_t  attach;

    ck_assert(peer_connect(p, &h));
    ck_assert(peer_prove(p, &h, h.keep.auth));
    ngx_cc_wire_init(&attach, NGX_CC_WIRE_ATTACH, 0, sizeof(attach));
    attach.head.flags = NGX_CC_ATTACH_DATA|flags;
    attach.handle = h.handle;
    memcpy(attach.owner, h.owner, sizeof(attach.owner));
    memset(attach.reader, reader, sizeof(attach.reader));
    ck_assert(peer_send(p, &attach));
    peer_attached(p);
}


static void
reader_mark(peer_t *p, int reader, uint64_t out, uint64_t err)
{
    ngx_cc_wire_mark_t  mark;
    ngx_cc_wire_list_t  list;

    ngx_cc_wire_init(&mark, NGX_CC_WIRE_MARK, 0, sizeof(mark));
    mark.next[0] = out;
    mark.next[1] = err;
    memset(mark.reader, reader, sizeof(mark.reader));
    ck_assert(peer_send(p, &mark));

    /* what is answered comes behind it; the connection stays */

    ngx_cc_wire_init(&list, NGX_CC_WIRE_LIST, 0, sizeof(list));
    ck_assert(peer_send(p, &list));
    peer_await(p, NGX_CC_WIRE_ENTRY);
    ck_assert_uint_eq(p->m.kept.entry.denied, 0);
    ck_assert(ngx_cc_handle_equal(&p->m.kept.entry.handle, &h.handle));
}


/* 10 less than its number is what each of them has got */

static void
reader_marks(peer_t *p, int first, int last)
{
    struct {
        ngx_cc_wire_head_t  head;
        ngx_cc_wire_mark_t  mark[4];
    } m;

    ngx_cc_wire_init(&m, NGX_CC_WIRE_BUNDLE, 0, sizeof(m.head));

    for (ngx_cc_wire_mark_t *mark = m.mark; first <= last; first++, mark++) {
        ngx_cc_wire_init(mark, NGX_CC_WIRE_MARK, 0, sizeof(*mark));
        mark->next[0] = first - 10;
        memset(mark->reader, first, sizeof(mark->reader));
        m.head.size += sizeof(*mark);
    }

    ck_assert(peer_send(p, &m));
    reader_mark(p, 1, 0, 0);
}


static void
reader_mark_refused(peer_t *p)
{
    ngx_cc_wire_mark_t  mark;

    ngx_cc_wire_init(&mark, NGX_CC_WIRE_MARK, 0, sizeof(mark));
    mark.next[0] = 1;
    ck_assert(peer_send(p, &mark));
    ck_assert_int_eq(peer_next(p, PEER_TIMEOUT, 0), 0);
}


START_TEST(marks)
{
    int     i;
    peer_t  p;

    peer_run(&h, &usual, 0, "echo 123456789; echo abc >&2");
    peer_await(&h.starter, NGX_CC_WIRE_EXITED);

    reader_attach(&p, 1, NGX_CC_ATTACH_MARK);
    ck_assert_uint_eq(p.m.head.flags & NGX_CC_ATTACH_MARK, 0);
    ck_assert_uint_eq(p.from[0] + p.from[1], 0);
    reader_mark(&p, 1, 4, UINT64_MAX);
    peer_close(&p);

    reader_attach(&p, 1, NGX_CC_ATTACH_MARK);
    ck_assert_uint_eq(p.from[0], 4);
    ck_assert_uint_eq(p.from[1], 0);

    /* never back, and never beyond what there is */

    reader_mark(&p, 1, 2, 1000);
    peer_close(&p);
    reader_attach(&p, 1, NGX_CC_ATTACH_MARK);
    ck_assert_uint_eq(p.from[0], 4);
    ck_assert_uint_eq(p.from[1], 4);
    peer_close(&p);

    /* without the flag it begins where it says */

    reader_attach(&p, 1, 0);
    ck_assert_uint_eq(p.from[0], 0);
    peer_close(&p);

    /* 16 readers; the one that has not come for longest is forgotten */

    for (i = 2; i <= 16; i++) {
        reader_attach(&p, i, NGX_CC_ATTACH_MARK);
        ck_assert_uint_eq(p.from[0], 0);
        reader_mark(&p, i, i, 0);
        peer_close(&p);
    }

    reader_attach(&p, 1, NGX_CC_ATTACH_MARK);
    ck_assert_uint_eq(p.from[0], 4);
    peer_close(&p);

    reader_attach(&p, 17, NGX_CC_ATTACH_MARK);
    reader_mark(&p, 17, 10, 0);
    peer_close(&p);

    for (i = 1; i <= 17; i++) {
        reader_attach(&p, i, NGX_CC_ATTACH_MARK);
        ck_assert_uint_eq(p.from[0], i == 1 ? 4 : i == 2 ? 0 : i == 17 ? 10
                                     : i > 10 ? 10 : i);
        peer_close(&p);
    }

    /* those of several readers in one message */

    reader_attach(&p, 18, 0);
    reader_marks(&p, 18, 19);
    peer_close(&p);

    for (i = 18; i <= 19; i++) {
        reader_attach(&p, i, NGX_CC_ATTACH_MARK);
        ck_assert_uint_eq(p.from[0], i - 10);
        peer_close(&p);
    }

    /* nobody has no mark */

    reader_attach(&p, 0, 0);
    reader_mark_refused(&p);
    peer_close(&p);
}
END_TEST


/*
 * Who says something and goes has said it, although it is found to be gone
 * before that was read: at that moment there was something to tell it.
 */

START_TEST(last_words)
{
    peer_t              p, q;
    ngx_cc_wire_mark_t  mark;

    peer_run(&h, &usual, 0, "echo 123456789; exec sleep 100");
    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, 0, 0));
    ck_assert_int_eq(peer_next(&p, PEER_TIMEOUT, 0), NGX_CC_WIRE_DATA);
    peer_close(&p);

    reader_attach(&p, 1, NGX_CC_ATTACH_MARK|NGX_CC_ATTACH_WRITE);
    ck_assert(peer_attach(&q, &h, NGX_CC_ATTACH_DATA, 0, 0));

    (void) kill(h.pid, SIGSTOP);

    /* how many watch is told to all who do; few messages are read at a time */

    peer_close(&q);
    ngx_cc_wire_init(&mark, NGX_CC_WIRE_MARK, 0, sizeof(mark));
    memset(mark.reader, 1, sizeof(mark.reader));

    for (mark.next[0] = 1; mark.next[0] <= 8; mark.next[0]++) {
        mark.next[1] = UINT64_MAX;
        ck_assert(peer_send(&p, &mark));
    }

    ck_assert(peer_say(&p, NGX_CC_WIRE_CANCEL, 0));
    peer_close(&p);

    (void) kill(h.pid, SIGCONT);

    peer_await(&h.starter, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(h.starter.m.bound.exited.cause, NGX_CC_CAUSE_CANCEL);

    reader_attach(&p, 1, NGX_CC_ATTACH_MARK);
    ck_assert_uint_eq(p.from[0], 8);
    peer_close(&p);
}
END_TEST


/* what "seq 1 n" prints */

static size_t
sequence(char *p, int n)
{
    int     i;
    size_t  len;

    for (i = 1, len = 0; i <= n; i++) {
        len += sprintf(p + len, "%d\n", i);
    }

    return len;
}


START_TEST(offsets)
{
    size_t   i;
    int64_t  len, from;
    char    *all;
    peer_t   p;

    static const struct {
        int64_t  offset;
        int64_t  from;           /* negative: from the end */
    } cases[] = {
        { 0, 0 }, { 1, 1 }, { 4096, 4096 }, { -1, -1 }, { -1000, -1000 },
        { INT64_MIN, 0 }, { -10000000, 0 }, { INT64_MAX, -0x7fffffff },
        { 108893, 108893 }, { 108894, 108894 }
    };

    all = malloc(200000);
    len = sequence(all, 20000);
    ck_assert_int_eq(len, 108894);

    peer_run(&h, &usual, 0, "seq 1 20000; echo err >&2");
    peer_await(&h.starter, NGX_CC_WIRE_EXITED);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        from = cases[i].from == -0x7fffffff ? len
               : cases[i].from < 0 ? len + cases[i].from : cases[i].from;

        ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, cases[i].offset,
                              -2));
        ck_assert_uint_eq(p.m.kept.attached.from[0], from);
        ck_assert_uint_eq(p.m.kept.attached.from[1], 2);
        ck_assert_uint_eq(p.m.kept.attached.bytes[0], len);
        ck_assert_uint_eq(p.m.kept.attached.held[0], 0);
        peer_await(&p, NGX_CC_WIRE_EXITED);
        ck_assert_uint_eq(p.next[0], len);
        ck_assert_mem_eq(p.out[0], all + from, len - from);
        ck_assert_str_eq((char *) p.out[1], "r\n");
        ck_assert_uint_eq(p.gaps, 0);
        ck_assert_uint_eq(p.m.bound.exited.bytes[0], len);
        peer_close(&p);
    }

    free(all);
}
END_TEST


/* READ of a few bytes at a time gives the same */

START_TEST(small_reads)
{
    int     type;
    size_t  len;
    char    all[1000];
    peer_t  p;

    len = sequence(all, 200);
    peer_run(&h, &usual, 0, "seq 1 200");
    peer_await(&h.starter, NGX_CC_WIRE_EXITED);

    ck_assert(peer_attach(&p, &h, 0, 0, 0));
    peer_close(&p);

    ck_assert(peer_connect(&p, &h));
    ck_assert(peer_prove(&p, &h, h.keep.auth));
    peer_ask(&p, &h, NGX_CC_ATTACH_DATA, 0, 0);
    peer_attached(&p);

    do {
        peer_read(&p, 7);
        type = peer_next(&p, PEER_TIMEOUT, 0);

        if (type == NGX_CC_WIRE_DATA) {
            ck_assert_uint_le(p.m.kept.data.len,
                              sizeof(ngx_cc_wire_record_t) + 8);
        }

    } while (type == NGX_CC_WIRE_DATA);

    ck_assert_int_eq(type, NGX_CC_WIRE_EXITED);
    ck_assert_mem_eq(p.out[0], all, len);
    peer_close(&p);
}
END_TEST


/* nobody is there: the oldest is dropped, the ends of each stream are held */

START_TEST(drops)
{
    size_t    len, n;
    char     *all;
    peer_t    p;
    uint64_t  half;

    all = malloc(8 * 1024 * 1024);
    len = sequence(all, 400000);
    n = sequence(all + len, 4000);
    half = h.keep.output / 2;

    h.keep.flags = NGX_CC_KEEP_DROP;
    peer_run(&h, &usual, 0, "seq 1 4000 >&2; sleep 0.1; seq 1 4000 >&2;"
                            "sleep 0.1; seq 1 400000");
    peer_await(&h.starter, NGX_CC_WIRE_EXITED);

    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, 0, 0));
    peer_await(&p, NGX_CC_WIRE_EXITED);

    /* stdout: its first bytes, one gap, everything from there on */

    ck_assert_uint_eq(p.next[0], len);
    ck_assert_uint_eq(p.m.bound.exited.bytes[0], len);
    ck_assert_uint_gt(p.missing[0], len - PEER_RING - 2 * half);
    ck_assert_uint_lt(p.missing[0], len - half);
    ck_assert_mem_eq(p.out[0], all, half);
    ck_assert_mem_eq(p.out[0] + half + p.missing[0],
                     all + half + p.missing[0], len - half - p.missing[0]);

    /* stderr is long out of the ring, and has its own first and last bytes */

    ck_assert_uint_eq(p.next[1], 2 * n);
    ck_assert_uint_eq(p.missing[1], 2 * n - h.keep.output);
    ck_assert_mem_eq(p.out[1], all + len, half);
    ck_assert_mem_eq(p.out[1] + 2 * n - half, all + len + n - half, half);
    ck_assert_uint_eq(p.gaps, 2);
    peer_close(&p);

    /* from inside the gap it is as much smaller */

    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, half + 1000,
                          2 * n - half));
    peer_await(&p, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(p.gaps, 1);
    ck_assert_uint_eq(p.missing[1], 0);
    ck_assert_mem_eq(p.out[1], all + len + n - half, half);
    peer_close(&p);

    free(all);
}
END_TEST


/* nobody is there, and nothing may be dropped: it waits */

START_TEST(blocks)
{
    int     i;
    size_t  len;
    char   *all;
    peer_t  p;

    all = malloc(4 * 1024 * 1024);
    len = sequence(all, 200000);

    peer_run(&h, &usual, 0, "seq 1 200000");

    /* it comes to a stop: the ring and a pipe are full */

    for (i = 0; i < 2000; i++) {
        ck_assert(peer_attach(&p, &h, 0, 0, 0));

        if (p.m.kept.attached.bytes[0] > PEER_RING / 2) {
            break;
        }

        peer_close(&p);
        (void) usleep(2000);
    }

    ck_assert_uint_lt(p.m.kept.attached.bytes[0], PEER_RING);
    ck_assert_int_eq(peer_next(&h.starter, 100, 0), -1);
    peer_close(&p);

    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, 0, 0));
    peer_await(&p, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(p.next[0], len);
    ck_assert_uint_eq(p.gaps, 0);
    ck_assert_mem_eq(p.out[0], all, len);
    peer_close(&p);
    free(all);
}
END_TEST


/* stalled: one, the other, both; nobody holds it up for ever */

START_TEST(stalls)
{
    size_t  len;
    char   *all;
    peer_t  p, q;

    all = malloc(8 * 1024 * 1024);
    len = sequence(all, 400000);
    h.keep.stall = 300;

    /* the starter asks for nothing any more, the second one for everything */

    peer_start(&h, &usual, "seq 1 400000");
    peer_ask(&h.starter, &h, NGX_CC_ATTACH_DATA, 0, 0);
    peer_await(&h.starter, NGX_CC_WIRE_STARTED);
    peer_attached(&h.starter);
    (void) peer_say(&h.starter, NGX_CC_WIRE_TOLD, 0);

    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, 0, 0));
    peer_await(&p, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(p.gaps, 0);
    ck_assert_mem_eq(p.out[0], all, len);
    peer_close(&p);

    /* it has lost something, and is told how much */

    peer_read(&h.starter, 0);
    peer_await(&h.starter, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(h.starter.next[0], len);
    ck_assert_uint_eq(h.starter.gaps, 1);
    ck_assert_uint_gt(h.starter.missing[0], 0);

    /* both: it ends all the same */

    (void) close(h.watch);
    peer_gone(&h);
    peer_close(&h.starter);
    setup();
    h.keep.stall = 300;
    h.keep.flags = NGX_CC_KEEP_DROP;
    peer_start(&h, &usual, "seq 1 400000");
    peer_ask(&h.starter, &h, NGX_CC_ATTACH_DATA, 0, 0);
    peer_await(&h.starter, NGX_CC_WIRE_STARTED);
    peer_attached(&h.starter);
    (void) peer_say(&h.starter, NGX_CC_WIRE_TOLD, 0);

    ck_assert(peer_connect(&p, &h));
    ck_assert(peer_prove(&p, &h, h.keep.auth));
    peer_ask(&p, &h, NGX_CC_ATTACH_DATA, 0, 0);
    peer_attached(&p);

    /* a lossy one does not count, however slow it is */

    ck_assert(peer_attach(&q, &h, 0, 0, 0));
    peer_await(&q, NGX_CC_WIRE_EXITED);
    peer_close(&q);

    peer_read(&p, 0);
    peer_await(&p, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(p.gaps, 1);
    ck_assert_uint_eq(p.next[0], len);
    peer_close(&p);
    free(all);
}
END_TEST


/* whoever comes in the last moment gets all of it, or finds it over */

START_TEST(last_moment)
{
    int     i, rounds;
    char    command[100];
    peer_t  p;

    rounds = getenv("CC_NIGHTLY") ? 1000 : 25;

    for (i = 0; i < rounds; i++) {
        (void) snprintf(command, sizeof(command),
                        "echo one; sleep 0.00%d; echo two; exit 3", i % 10);
        peer_run(&h, &usual, 0, command);
        (void) usleep(i * 997 % 12000);

        ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, 0, 0));
        ck_assert_uint_eq(p.m.kept.attached.denied, 0);
        peer_await(&p, NGX_CC_WIRE_EXITED);
        ck_assert_str_eq((char *) p.out[0], "one\ntwo\n");
        ck_assert_int_eq(WEXITSTATUS(p.m.bound.exited.status), 3);
        peer_close(&p);

        teardown();
        setup();
    }
}
END_TEST


START_TEST(too_many)
{
    int     i;
    peer_t  p[17];

    peer_run(&h, &usual, NGX_CC_ATTACH_DATA, "sleep 100");

    for (i = 0; i < 16; i++) {
        ck_assert(peer_attach(&p[i], &h, NGX_CC_ATTACH_DATA, 0, 0));
        ck_assert_uint_eq(p[i].m.kept.attached.denied,
                          i < 15 ? NGX_CC_DENIED_NONE
                                 : NGX_CC_DENIED_WATCHERS);
    }

    ck_assert_int_eq(peer_receive(&p[15], PEER_TIMEOUT), 0);

    /* one leaves, one comes; those without DATA do not count */

    peer_close(&p[0]);
    peer_close(&p[15]);
    ck_assert(peer_attach(&p[16], &h, 0, 0, 0));
    ck_assert_uint_eq(p[16].m.kept.attached.denied, 0);
    ck_assert(peer_attach(&p[0], &h, NGX_CC_ATTACH_DATA, 0, 0));
    ck_assert_uint_eq(p[0].m.kept.attached.denied, 0);
    ck_assert_uint_eq(p[0].m.kept.attached.watchers, 16);
    peer_close(&p[16]);

    for (i = 0; i < 15; i++) {
        peer_close(&p[i]);
    }
}
END_TEST


static void
send_input(peer_t *p, const char *text, int eof)
{
    union {
        ngx_cc_wire_input_t  input;
        uint8_t              byte[65536 + 64];
    } m;

    ngx_cc_wire_init(&m, NGX_CC_WIRE_INPUT, 0, sizeof(m.input));
    m.input.len = strlen(text);
    m.input.head.flags = eof ? NGX_CC_INPUT_EOF : 0;
    m.input.head.size += m.input.len;
    memcpy(&m.input + 1, text, m.input.len);
    (void) peer_send(p, &m);
}


/* a worker that does not keep to what it was granted */

START_TEST(read_only)
{
    int                   i;
    peer_t                p;
    ngx_cc_wire_signal_t  signal;
    peer_start_t          o = { .flags = NGX_CC_START_STDIN };

    peer_run(&h, &o, NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_WRITE,
             "read x; echo got $x");

    ngx_cc_wire_init(&signal, NGX_CC_WIRE_SIGNAL, 0, sizeof(signal));
    signal.signo = SIGKILL;

    for (i = 0; i < 10; i++) {
        ck_assert(peer_attach(&p, &h, i < 5 ? NGX_CC_ATTACH_DATA
                                            : NGX_CC_ATTACH_MONITOR
                                              |(i % 5 != 3
                                                ? NGX_CC_ATTACH_WRITE : 0),
                              0, 0));
        ck_assert_uint_eq(p.m.kept.attached.denied, 0);

        switch (i % 5) {
        case 0: send_input(&p, "hacked\n", 0); break;
        case 1: (void) peer_send(&p, &signal); break;
        case 2: (void) peer_say(&p, NGX_CC_WIRE_CANCEL, 0); break;
        case 3: (void) peer_say(&p, NGX_CC_WIRE_REMOVE, 1); break;
        default: (void) peer_say(&p, NGX_CC_WIRE_TOLD, 0);
        }

        ck_assert_int_eq(peer_next(&p, PEER_TIMEOUT, 1), 0);
        peer_close(&p);
    }

    send_input(&h.starter, "this\n", 0);
    peer_await(&h.starter, NGX_CC_WIRE_INPUT_DONE);
    ck_assert_uint_eq(h.starter.m.bound.input.accepted, 5);
    peer_await(&h.starter, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq((char *) h.starter.out[0], "got this\n");
}
END_TEST


/*
 * ATTACH for output, READ and LIST, without waiting for an answer: whoever is
 * refused may be gone before the last of them
 */

static void
ask_together(peer_t *p, int flags)
{
    ngx_cc_wire_list_t  list;
    ngx_cc_wire_read_t  read;

    peer_ask(p, &h, NGX_CC_ATTACH_DATA|flags, 0, 0);
    ngx_cc_wire_init(&read, NGX_CC_WIRE_READ, 0, sizeof(read));
    (void) peer_send(p, &read);
    ngx_cc_wire_init(&list, NGX_CC_WIRE_LIST, 0, sizeof(list));
    (void) peer_send(p, &list);
}


/*
 * Who is attached may attach again: he waits without being a watcher, and then
 * is one, or reads a piece without being one.  He is told the end as often as
 * he attaches.
 */

START_TEST(attaches_again)
{
    int                 i;
    peer_t              p, q;
    ngx_cc_wire_list_t  list;
    ngx_cc_wire_wait_t  wait;
    peer_start_t        o = { .flags = NGX_CC_START_STDIN };

    h.keep.watchers = 2;
    peer_run(&h, &o, NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_WRITE,
             "read x; echo $x; read x; echo end");
    ck_assert(peer_attach(&q, &h, NGX_CC_ATTACH_DATA, 0, 0));

    ngx_cc_wire_init(&wait, NGX_CC_WIRE_WAIT, 0, sizeof(wait));
    wait.serial = 1;
    wait.until = NGX_CC_UNTIL_OUTPUT;
    wait.streams = NGX_CC_EOF_STDOUT;

    ck_assert(peer_attach(&p, &h, 0, 0, 0));
    ck_assert(peer_send(&p, &wait));
    send_input(&h.starter, "hello\n", 0);
    peer_await(&h.starter, NGX_CC_WIRE_INPUT_DONE);
    peer_await(&p, NGX_CC_WIRE_WOKE);

    ask_together(&p, NGX_CC_ATTACH_LOSSY|NGX_CC_ATTACH_BRIEF);
    peer_attached(&p);
    ck_assert_uint_eq(p.m.kept.attached.denied, 0);
    ck_assert_uint_eq(p.m.head.flags & NGX_CC_ATTACH_FLAGS,
                      NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_LOSSY);
    ck_assert_uint_eq(p.m.kept.attached.watchers, 2);
    ck_assert_int_eq(peer_next(&p, PEER_TIMEOUT, 0), NGX_CC_WIRE_DATA);
    ck_assert_str_eq((char *) p.out[0], "hello\n");
    peer_await(&p, NGX_CC_WIRE_ENTRY);
    p.seq = 0;

    ask_together(&p, 0);
    peer_attached(&p);
    ck_assert_uint_eq(p.m.kept.attached.denied, NGX_CC_DENIED_WATCHERS);
    ck_assert_int_eq(peer_next(&p, PEER_TIMEOUT, 0), 0);
    peer_close(&p);

    /* as soon as a place is free */

    ck_assert(peer_attach(&p, &h, 0, 0, 0));
    peer_close(&q);
    ngx_cc_wire_init(&list, NGX_CC_WIRE_LIST, 0, sizeof(list));

    do {
        ck_assert(peer_send(&p, &list));
        peer_await(&p, NGX_CC_WIRE_ENTRY);
    } while (p.m.kept.entry.watchers != 1);

    ask_together(&p, 0);
    peer_attached(&p);
    ck_assert_uint_eq(p.m.kept.attached.denied, 0);
    ck_assert_uint_eq(p.m.kept.attached.watchers, 2);
    ck_assert_int_eq(peer_next(&p, PEER_TIMEOUT, 0), NGX_CC_WIRE_DATA);
    ck_assert_str_eq((char *) p.out[0], "hello\n");
    peer_await(&p, NGX_CC_WIRE_ENTRY);
    ck_assert_uint_eq(p.m.kept.entry.watchers, 2);

    peer_read(&p, 0);
    send_input(&h.starter, "\n", 0);
    peer_await(&p, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq((char *) p.out[0], "hello\nend\n");

    for (i = 0; i < 2; i++) {
        peer_ask(&p, &h, i ? NGX_CC_ATTACH_DATA : 0, 0, 0);
        peer_attached(&p);
        p.seq = 0;

        if (i) {
            peer_read(&p, 0);
        }

        peer_await(&p, NGX_CC_WIRE_EXITED);
    }

    ck_assert_uint_eq(p.next[0], 10);

    /* but not as somebody else */

    h.owner[0] ^= 1;
    ask_together(&p, 0);
    h.owner[0] ^= 1;
    peer_attached(&p);
    ck_assert_uint_eq(p.m.kept.attached.denied, NGX_CC_DENIED_UNKNOWN);
    ck_assert_int_eq(peer_next(&p, PEER_TIMEOUT, 0), 0);
    peer_close(&p);
}
END_TEST


/* several writers: every message is whole */

START_TEST(writers)
{
    int           i, k, got[3];
    char          line[3][3001];
    peer_t        p[3];
    peer_start_t  o = { .flags = NGX_CC_START_STDIN };

    peer_run(&h, &o, NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_WRITE, "sleep 0.2; cat");

    for (i = 0; i < 3; i++) {
        memset(line[i], 'a' + i, 3000);
        line[i][2999] = '\n';
        line[i][3000] = '\0';
        ck_assert(peer_attach(&p[i], &h, NGX_CC_ATTACH_WRITE, 0, 0));
    }

    for (k = 0; k < 30; k++) {
        for (i = 0; i < 3; i++) {
            send_input(&p[i], line[i], 0);
        }

        for (i = 0; i < 3; i++) {
            peer_await(&p[i], NGX_CC_WIRE_INPUT_DONE);
            ck_assert_uint_eq(p[i].m.bound.input.len, 3000);
        }
    }

    send_input(&h.starter, "", 1);
    peer_await(&h.starter, NGX_CC_WIRE_INPUT_DONE);
    ck_assert_uint_eq(h.starter.m.bound.input.accepted, 3 * 30 * 3000);
    peer_await(&h.starter, NGX_CC_WIRE_EXITED);

    memset(got, 0, sizeof(got));

    for (k = 0; k < 90; k++) {
        i = h.starter.out[0][k * 3000] - 'a';
        ck_assert_int_ge(i, 0);
        ck_assert_int_lt(i, 3);
        ck_assert_mem_eq(h.starter.out[0] + k * 3000, line[i], 3000);
        got[i]++;
    }

    ck_assert_int_eq(got[0], 30);
    ck_assert_int_eq(got[1], 30);

    /* two at a time are one too many, and nobody reads it now anyway */

    send_input(&p[0], "x", 0);
    peer_await(&p[0], NGX_CC_WIRE_EXITED);
    peer_await(&p[0], NGX_CC_WIRE_INPUT_DONE);
    ck_assert_uint_eq(p[0].m.head.flags, NGX_CC_INPUT_CLOSED);

    for (i = 0; i < 3; i++) {
        peer_close(&p[i]);
    }
}
END_TEST


/* a message that comes in two pieces: nobody else's comes between */

START_TEST(pieces)
{
    int           i;
    peer_t        p, q;
    peer_start_t  o = { .flags = NGX_CC_START_STDIN };

    union {
        ngx_cc_wire_input_t  input;
        uint8_t              byte[64];
    } m;

    peer_run(&h, &o, NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_WRITE, "cat");
    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_WRITE, 0, 0));
    ck_assert(peer_attach(&q, &h, NGX_CC_ATTACH_WRITE, 0, 0));

    ngx_cc_wire_init(&m, NGX_CC_WIRE_INPUT, 0, sizeof(m.input));
    m.input.head.flags = NGX_CC_INPUT_MORE;
    m.input.len = 3;
    m.input.head.size += 3;
    memcpy(&m.input + 1, "one", 3);

    for (i = 0; i < 2; i++) {
        ck_assert(peer_send(&p, &m));
        peer_await(&p, NGX_CC_WIRE_INPUT_DONE);

        send_input(&q, "two\n", 0);
        ck_assert_int_eq(peer_next(&q, 100, 0), -1);

        if (i == 0) {
            send_input(&p, "-half\n", 0);
            peer_await(&p, NGX_CC_WIRE_INPUT_DONE);

        } else {
            /* its writer is gone */
            peer_close(&p);
        }

        peer_await(&q, NGX_CC_WIRE_INPUT_DONE);
        ck_assert_uint_eq(q.m.bound.input.len, 4);
    }

    send_input(&h.starter, "", 1);
    peer_await(&h.starter, NGX_CC_WIRE_INPUT_DONE);
    peer_await(&h.starter, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq((char *) h.starter.out[0], "one-half\ntwo\nonetwo\n");
    peer_close(&q);
}
END_TEST


START_TEST(exclusive)
{
    peer_t  a, b, c;

    peer_run(&h, &usual, NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_WRITE, "sleep 100");

    ck_assert(peer_attach(&c, &h, NGX_CC_ATTACH_DATA, 0, 0));
    ck_assert(peer_attach(&a, &h, NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_WRITE
                                  |NGX_CC_ATTACH_EXCLUSIVE, 0, 0));
    ck_assert(a.m.head.flags & NGX_CC_ATTACH_EXCLUSIVE);

    /* the starter wrote, too: it only minds it now */

    peer_await(&h.starter, NGX_CC_WIRE_DETACHED);
    ck_assert_uint_eq(h.starter.m.kept.detached.reason, NGX_CC_DETACHED_TAKEN);

    /* who comes now may read */

    ck_assert(peer_attach(&b, &h, NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_WRITE, 0,
                          0));
    ck_assert(!(b.m.head.flags & NGX_CC_ATTACH_WRITE));
    peer_close(&b);

    ck_assert(peer_attach(&b, &h, NGX_CC_ATTACH_WRITE|NGX_CC_ATTACH_EXCLUSIVE,
                          0, 0));
    peer_await(&a, NGX_CC_WIRE_DETACHED);
    ck_assert_uint_eq(a.m.kept.detached.reason, NGX_CC_DETACHED_TAKEN);
    ck_assert_int_eq(peer_receive(&a, PEER_TIMEOUT), 0);

    /* when that has left, everybody may again */

    peer_close(&b);
    peer_close(&a);
    (void) usleep(10000);
    ck_assert(peer_attach(&b, &h, NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_WRITE, 0,
                          0));
    ck_assert(b.m.head.flags & NGX_CC_ATTACH_WRITE);
    (void) peer_say(&b, NGX_CC_WIRE_CANCEL, 0);
    peer_await(&c, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(c.m.bound.exited.cause, NGX_CC_CAUSE_CANCEL);
    peer_await(&h.starter, NGX_CC_WIRE_EXITED);
    peer_close(&b);
    peer_close(&c);
}
END_TEST


/* the attack table: who is not let in, and learns nothing */

START_TEST(attacks)
{
    int                   i, n, kind;
    uint8_t               wrong[32];
    peer_t                p, q[100];
    peer_helper_t         liar;
    uint64_t              before, took;
    ngx_cc_wire_hello_t   hello, proof;
    ngx_cc_wire_list_t    list;

    peer_run(&h, &usual, NGX_CC_ATTACH_DATA, "sleep 100");

    /* no key, a wrong one */

    memset(wrong, 0, sizeof(wrong));
    ck_assert(peer_connect(&p, &h));
    ck_assert(peer_prove(&p, &h, wrong));
    ck_assert_int_eq(peer_receive(&p, PEER_TIMEOUT), 0);
    peer_close(&p);

    memcpy(wrong, h.keep.auth, 32);
    wrong[31] ^= 1;
    ck_assert(peer_connect(&p, &h));
    ck_assert(peer_prove(&p, &h, wrong));
    ck_assert_int_eq(peer_receive(&p, PEER_TIMEOUT), 0);
    peer_close(&p);

    /* a proof that was good once; the helper's own one, sent back */

    ck_assert(peer_connect(&p, &h));
    ngx_cc_wire_init(&hello, NGX_CC_WIRE_HELLO, 0, sizeof(hello));
    ck_assert(peer_send(&p, &hello));
    ck_assert_int_eq(peer_receive(&p, PEER_TIMEOUT), NGX_CC_WIRE_WELCOME);
    ngx_cc_wire_init(&proof, NGX_CC_WIRE_PROOF, 0, sizeof(proof));
    ngx_cc_door_mac(proof.mac, NGX_CC_DOOR_WORKER, h.keep.auth, hello.nonce,
                    p.m.kept.hello.nonce, h.handle.byte);
    memcpy(wrong, p.m.kept.hello.mac, 32);
    ck_assert(peer_send(&p, &proof));
    peer_ask(&p, &h, 0, 0, 0);
    peer_attached(&p);
    peer_close(&p);

    for (i = 0; i < 2; i++) {
        ck_assert(peer_connect(&p, &h));
        ck_assert(peer_send(&p, &hello));
        ck_assert_int_eq(peer_receive(&p, PEER_TIMEOUT), NGX_CC_WIRE_WELCOME);

        if (i == 1) {
            memcpy(proof.mac, p.m.kept.hello.mac, 32);
        }

        ck_assert(peer_send(&p, &proof));
        ck_assert_int_eq(peer_receive(&p, PEER_TIMEOUT), 0);
        peer_close(&p);
    }

    /* LIST and ATTACH without HELLO, HELLO twice */

    ngx_cc_wire_init(&list, NGX_CC_WIRE_LIST, 0, sizeof(list));
    memcpy(list.owner, h.owner, 32);
    ck_assert(peer_connect(&p, &h));
    ck_assert(peer_send(&p, &list));
    ck_assert_int_eq(peer_receive(&p, PEER_TIMEOUT), 0);
    peer_close(&p);

    ck_assert(peer_connect(&p, &h));
    peer_ask(&p, &h, NGX_CC_ATTACH_DATA, 0, 0);
    ck_assert_int_eq(peer_receive(&p, PEER_TIMEOUT), 0);
    peer_close(&p);

    ck_assert(peer_connect(&p, &h));
    ck_assert(peer_send(&p, &hello));
    ck_assert(peer_send(&p, &hello));
    ck_assert_int_eq(peer_receive(&p, PEER_TIMEOUT), NGX_CC_WIRE_WELCOME);
    ck_assert_int_eq(peer_receive(&p, PEER_TIMEOUT), 0);
    peer_close(&p);

    /* the right key, but not theirs: same words, after the same time */

    for (kind = 0; kind < 4; kind++) {
        liar = h;

        switch (kind) {
        case 0: liar.owner[0] ^= 1; break;
        case 1: liar.owner[31] ^= 1; break;
        case 2: liar.handle.byte[23] ^= 1; break;
        default: liar.handle.byte[8] ^= 1;
        }

        ck_assert(peer_connect(&p, &h));
        ck_assert(peer_prove(&p, &h, h.keep.auth));
        before = ngx_cc_clock_us();
        peer_ask(&p, &liar, NGX_CC_ATTACH_DATA, 0, 0);
        ck_assert_int_eq(peer_receive(&p, PEER_TIMEOUT),
                         NGX_CC_WIRE_ATTACHED);
        took = ngx_cc_clock_us() - before;
        ck_assert_uint_eq(p.m.kept.attached.denied, NGX_CC_DENIED_UNKNOWN);
        ck_assert_int_eq(p.m.kept.attached.pid, 0);
        ck_assert_uint_eq(p.m.kept.attached.bytes[0], 0);
        ck_assert_uint_ge(took, 4000);
        ck_assert_int_eq(peer_receive(&p, PEER_TIMEOUT), 0);
        peer_close(&p);
    }

    /* an observer of another realm, and one where there is none */

    liar = h;
    liar.owner[0] ^= 1;
    ck_assert(peer_attach(&p, &liar,
                          NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_OBSERVER, 0, 0));
    ck_assert_uint_eq(p.m.kept.attached.denied, NGX_CC_DENIED_UNKNOWN);
    peer_close(&p);

    /* a hundred who say nothing: who has the key comes through */

    for (i = 0; i < 100; i++) {
        if (!peer_connect(&q[i], &h)) {
            break;
        }

        if (i % 10 == 9) {
            ck_assert(peer_attach(&p, &h, 0, 0, 0));
            ck_assert_uint_eq(p.m.kept.attached.denied, 0);
            peer_close(&p);
        }
    }

    n = i;
    ck_assert_int_eq(n, 100);

    /* all of them are closed, the last ones when their second is over */

    for (i = 0; i < n; i++) {
        ck_assert_int_eq(peer_receive(&q[i], PEER_TIMEOUT), 0);
        peer_close(&q[i]);
    }

    /* who minds it is told that there were some */

    peer_close(&h.starter);
    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_MONITOR, 0, 0));
    ck_assert(peer_connect(&q[0], &h));
    peer_close(&q[0]);

    while (p.state.failed < 100) {
        ck_assert_int_eq(peer_next(&p, 2500, 0), -1);
    }

    peer_close(&p);
}
END_TEST


/* what is granted to somebody of the realm, or ("owner") to the owner */

static unsigned
observe(peer_t *p, unsigned flags, int owner)
{
    ngx_cc_wire_attach_t  attach;

    ck_assert(peer_connect(p, &h));
    ck_assert(peer_prove(p, &h, h.keep.auth));
    ngx_cc_wire_init(&attach, NGX_CC_WIRE_ATTACH, 0, sizeof(attach));
    attach.head.flags = flags;
    attach.handle = h.handle;
    memcpy(attach.realm, h.keep.realm, 32);

    if (owner) {
        memcpy(attach.owner, h.owner, 32);
    }

    ck_assert(peer_send(p, &attach));
    peer_attached(p);
    ck_assert_uint_eq(p->m.kept.attached.denied, 0);

    return p->m.head.flags & NGX_CC_ATTACH_FLAGS;
}


START_TEST(observers)
{
    int                   i;
    peer_t                p;
    ngx_cc_wire_signal_t  signal;
    peer_start_t          o = { .flags = NGX_CC_START_STDIN };

    unsigned  all = NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_WRITE
                    |NGX_CC_ATTACH_EXCLUSIVE|NGX_CC_ATTACH_OBSERVER;
    unsigned  seen = NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_OBSERVER
                     |NGX_CC_ATTACH_LOSSY;

    memset(h.keep.realm, 7, sizeof(h.keep.realm));
    peer_run(&h, &o, 0, "echo hello; sleep 100");

    ngx_cc_wire_init(&signal, NGX_CC_WIRE_SIGNAL, 0, sizeof(signal));
    signal.signo = SIGSTOP;
    signal.serial = 1;

    /* never to write; to signal only who has the right */

    for (i = 0; i < 7; i++) {
        ck_assert_uint_eq(observe(&p, i < 3 ? all : all|NGX_CC_ATTACH_SIGNAL,
                                  0),
                          i < 3 ? seen : seen|NGX_CC_ATTACH_SIGNAL);

        switch (i) {
        case 0: case 3: send_input(&p, "x\n", 0); break;
        case 1: (void) peer_send(&p, &signal); break;
        case 2: (void) peer_say(&p, NGX_CC_WIRE_CANCEL, 0); break;
        case 4: (void) peer_say(&p, NGX_CC_WIRE_REMOVE, 1); break;
        case 5:
            ck_assert(peer_send(&p, &signal));
            peer_await(&p, NGX_CC_WIRE_SIGNALLED);
            break;
        default: (void) peer_say(&p, NGX_CC_WIRE_CANCEL, 0); break;
        }

        if (i < 5) {
            ck_assert_int_eq(peer_next(&p, PEER_TIMEOUT, 0), 0);

        } else if (i == 6) {
            peer_read(&p, 0);
            peer_await(&p, NGX_CC_WIRE_EXITED);
            ck_assert_uint_eq(p.m.bound.exited.cause, NGX_CC_CAUSE_CANCEL);
        }

        peer_close(&p);
    }

    /* the owner is none, whatever he says; the right is for observers */

    ck_assert_uint_eq(observe(&p, all|NGX_CC_ATTACH_SIGNAL, 1),
                      all & ~NGX_CC_ATTACH_OBSERVER);
    peer_close(&p);
    ck_assert_uint_eq(observe(&p, NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_SIGNAL, 1),
                      NGX_CC_ATTACH_DATA);
    peer_close(&p);
}
END_TEST


START_TEST(listed)
{
    int                         i;
    peer_t                      p;
    ngx_cc_wire_list_t          list;
    const ngx_cc_wire_entry_t  *entry;

    peer_run(&h, &usual, NGX_CC_ATTACH_DATA, "echo hello; exit 4");
    peer_await(&h.starter, NGX_CC_WIRE_EXITED);

    for (i = 0; i < 2; i++) {
        ngx_cc_wire_init(&list, NGX_CC_WIRE_LIST, 0, sizeof(list));
        memcpy(list.owner, h.owner, 32);
        list.owner[5] ^= i;

        ck_assert(peer_connect(&p, &h));
        ck_assert(peer_prove(&p, &h, h.keep.auth));
        ck_assert(peer_send(&p, &list));
        peer_await(&p, NGX_CC_WIRE_ENTRY);
        entry = &p.m.kept.entry;

        if (i) {
            ck_assert_uint_eq(entry->denied, NGX_CC_DENIED_UNKNOWN);
            ck_assert_uint_eq(entry->label, 0);

        } else {
            ck_assert_uint_eq(entry->denied, 0);
            ck_assert(ngx_cc_handle_equal(&entry->handle, &h.handle));
            ck_assert_uint_eq(p.m.head.flags, NGX_CC_ATTACHED_OVER);
            ck_assert_int_eq(WEXITSTATUS(entry->status), 4);
            ck_assert_uint_eq(entry->bytes[0], 6);
            ck_assert_uint_eq(entry->read, 1);
            ck_assert_uint_gt(entry->expires, 0);
            ck_assert_uint_le(entry->expires, 60000);
            ck_assert_uint_ge(entry->ended, entry->start);
            ck_assert_mem_eq(entry + 1, "a labelecho hello; exit 4", 25);
        }

        ck_assert_int_eq(peer_receive(&p, PEER_TIMEOUT), 0);
        peer_close(&p);
    }
}
END_TEST


/* before ACK it is bound, then it is not */

START_TEST(acknowledged)
{
    int     pid;
    peer_t  p;

    peer_start(&h, &usual, "sleep 100");
    peer_ask(&h.starter, &h, 0, 0, 0);
    peer_await(&h.starter, NGX_CC_WIRE_STARTED);
    pid = h.starter.m.bound.started.pid;
    peer_attached(&h.starter);
    peer_close(&h.starter);
    peer_gone(&h);
    ck_assert_int_eq(kill(pid, 0), -1);

    /* whoever attaches in the time between must have been told */

    (void) close(h.watch);
    setup();
    peer_start(&h, &usual, "sleep 100");
    peer_ask(&h.starter, &h, 0, 0, 0);
    peer_await(&h.starter, NGX_CC_WIRE_STARTED);
    (void) peer_say(&h.starter, NGX_CC_WIRE_ACK, 0);
    peer_attached(&h.starter);
    peer_close(&h.starter);

    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, 0, 0));
    ck_assert_uint_eq(p.m.kept.attached.denied, 0);
    peer_close(&p);

    if (getenv("CC_NIGHTLY")) {
        (void) sleep(65);
        ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, 0, 0));
        peer_close(&p);

        /* nobody attaches: it ends */

        teardown();
        setup();
        peer_start(&h, &usual, "sleep 1000");
        peer_ask(&h.starter, &h, 0, 0, 0);
        peer_await(&h.starter, NGX_CC_WIRE_STARTED);
        (void) peer_say(&h.starter, NGX_CC_WIRE_ACK, 0);
        peer_close(&h.starter);
        (void) sleep(55);
        ck_assert_int_eq(kill(h.pid, 0), 0);
        peer_gone(&h);
    }
}
END_TEST


START_TEST(orphan)
{
    peer_t  p;

    h.keep.orphan = 300;
    peer_run(&h, &usual, 0, "sleep 100");
    peer_await(&h.starter, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(h.starter.m.bound.exited.cause, NGX_CC_CAUSE_ORPHAN);

    /* not while somebody is there */

    teardown();
    setup();
    h.keep.orphan = 200;
    peer_run(&h, &usual, NGX_CC_ATTACH_DATA, "sleep 0.8; echo done");
    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, 0, 0));
    peer_close(&h.starter);
    peer_await(&p, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(p.m.bound.exited.cause, NGX_CC_CAUSE_EXIT);
    peer_close(&p);
}
END_TEST


START_TEST(forgotten)
{
    peer_t  p, q;

    /* a running one only by force */

    peer_run(&h, &usual, 0, "sleep 100");
    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_WRITE, 0, 0));
    (void) peer_say(&p, NGX_CC_WIRE_REMOVE, 0);
    peer_await(&p, NGX_CC_WIRE_REMOVED);
    ck_assert_uint_eq(p.m.kept.removed.denied, NGX_CC_DENIED_RUNNING);

    ck_assert(peer_attach(&q, &h, NGX_CC_ATTACH_DATA, 0, 0));
    (void) peer_say(&p, NGX_CC_WIRE_REMOVE, NGX_CC_REMOVE_FORCE);
    peer_await(&p, NGX_CC_WIRE_REMOVED);
    ck_assert_uint_eq(p.m.kept.removed.denied, 0);
    peer_await(&q, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(q.m.bound.exited.cause, NGX_CC_CAUSE_CANCEL);
    peer_await(&q, NGX_CC_WIRE_DETACHED);
    ck_assert_uint_eq(q.m.kept.detached.reason, NGX_CC_DETACHED_REMOVED);
    peer_gone(&h);
    peer_close(&p);
    peer_close(&q);
    ck_assert(!peer_connect(&q, &h));

    /* its time is over: nothing is left of it */

    teardown();
    setup();
    h.keep.ttl = 300;
    peer_run(&h, &usual, 0, "true");
    peer_await(&h.starter, NGX_CC_WIRE_EXITED);
    peer_await(&h.starter, NGX_CC_WIRE_DETACHED);
    peer_gone(&h);

    /* whoever minds it has to hear of its end; nobody else finds it */

    teardown();
    setup();
    peer_run(&h, &usual, 0, "sleep 100");
    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_WRITE, 0, 0));
    peer_close(&h.starter);
    (void) peer_say(&p, NGX_CC_WIRE_REMOVE, NGX_CC_REMOVE_FORCE);
    peer_await(&p, NGX_CC_WIRE_REMOVED);
    peer_await(&p, NGX_CC_WIRE_EXITED);
    peer_close(&p);

    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, 0, 0));
    ck_assert_uint_eq(p.m.kept.attached.denied, NGX_CC_DENIED_UNKNOWN);
    peer_close(&p);
    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_MONITOR, 0, 0));
    peer_await(&p, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(p.m.bound.exited.cause, NGX_CC_CAUSE_CANCEL);
    peer_gone(&h);
    peer_close(&p);
}
END_TEST


/* no master: everybody is told how it ended, and the helper leaves */

START_TEST(masterless)
{
    int     pid;
    peer_t  p;

    peer_run(&h, &usual, 0, "echo so far; sleep 100");
    pid = h.starter.m.kept.attached.pid;
    peer_close(&h.starter);
    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, 0, 0));

    while (p.next[0] < 7) {
        ck_assert_int_eq(peer_next(&p, PEER_TIMEOUT, 0), NGX_CC_WIRE_DATA);
        peer_read(&p, 0);
    }

    (void) close(h.watch);
    h.watch = -1;
    peer_await(&p, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(p.m.bound.exited.cause, NGX_CC_CAUSE_SHUTDOWN);
    ck_assert_str_eq((char *) p.out[0], "so far\n");
    peer_gone(&h);
    ck_assert_int_eq(kill(pid, 0), -1);
    peer_close(&p);
}
END_TEST


/* KiB of a line of /proc/PID/smaps_rollup or status */

static int
memory(pid_t pid, const char *file, const char *what)
{
    int    n;
    char   name[64], line[256];
    FILE  *f;

    (void) snprintf(name, sizeof(name), "/proc/%d/%s", (int) pid, file);
    f = fopen(name, "r");
    ck_assert_ptr_nonnull(f);

    for (n = -1; fgets(line, sizeof(line), f); ) {
        if (strncmp(line, what, strlen(what)) == 0) {
            n = atoi(line + strlen(what));
        }
    }

    (void) fclose(f);
    ck_assert_int_ne(n, -1);

    return n;
}


START_TEST(flat)
{
    int       before, after;
    char      command[100];
    peer_t    p;
    uint64_t  all;

    all = (getenv("CC_NIGHTLY") ? 1024 : 128) * 1024 * 1024ull;
    h.keep.flags = NGX_CC_KEEP_DROP;

    (void) snprintf(command, sizeof(command),
                    "head -c 4194304 /dev/zero; sleep 0.1; yes | head -c %llu",
                    (unsigned long long) all - 4194304);

    peer_run(&h, &usual, 0, command);

    do {
        ck_assert(peer_attach(&p, &h, 0, 0, 0));
        after = p.m.kept.attached.bytes[0] >= 4194304;
        peer_close(&p);
        (void) usleep(1000);
    } while (!after);

    before = memory(h.pid, "status", "VmRSS:");
    peer_await(&h.starter, NGX_CC_WIRE_EXITED);
    after = memory(h.pid, "status", "VmRSS:");
    ck_assert_int_lt(after, before + 512);

    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, 0, 0));
    peer_await(&p, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(p.next[0], all);
    ck_assert_uint_eq(p.gaps, 1);
    ck_assert_uint_gt(p.missing[0], all - PEER_RING - h.keep.output);
    ck_assert_int_eq(p.out[0][0], 0);
    peer_close(&p);
}
END_TEST


/* waits */

static uint32_t  serial;


static void
wait_for(peer_t *p, int until, int64_t from, uint64_t idle, uint64_t timeout,
    const char *pattern, const char *another)
{
    int          i;
    uint8_t     *at;
    uint16_t     len;
    const char  *text[2] = { pattern, another };

    union {
        ngx_cc_wire_wait_t  wait;
        uint8_t             byte[NGX_CC_WIRE_MAX_WAIT];
    } m;

    ngx_cc_wire_init(&m, NGX_CC_WIRE_WAIT, 0, sizeof(m.wait));
    m.wait.serial = ++serial;
    m.wait.until = until;
    m.wait.streams = NGX_CC_EOF_STDOUT|NGX_CC_EOF_STDERR;
    m.wait.idle = idle;
    m.wait.timeout = timeout;
    m.wait.from[0] = m.wait.from[1] = from;
    at = (uint8_t *) (&m.wait + 1);

    for (i = 0; i < 2 && text[i]; i++) {
        len = strlen(text[i]);
        memcpy(at, &len, sizeof(len));
        memcpy(at + 2, text[i], len);
        at += 2 + len;
        m.wait.n++;
    }

    m.wait.text = at - (uint8_t *) (&m.wait + 1);
    m.wait.head.size += m.wait.text;
    ck_assert(peer_send(p, &m));
}


static const ngx_cc_wire_woke_t *
woke(peer_t *p, int reason)
{
    peer_await(p, NGX_CC_WIRE_WOKE);
    ck_assert_uint_eq(p->m.kept.woke.serial, serial);
    ck_assert_uint_eq(p->m.kept.woke.reason, reason);

    return &p->m.kept.woke;
}


START_TEST(waits)
{
    peer_t                     p;
    uint64_t                   before;
    const ngx_cc_wire_woke_t  *w;
    peer_start_t               o = { .flags = NGX_CC_START_STDIN };

    peer_run(&h, &o, NGX_CC_ATTACH_WRITE,
             "while read x; do printf %s \"$x\"; done; exit 5");
    ck_assert(peer_attach(&p, &h, 0, 0, 0));

    /* nothing comes */

    before = ngx_cc_clock_ms();
    wait_for(&p, NGX_CC_UNTIL_EXIT, 0, 0, 50, NULL, NULL);
    (void) woke(&p, NGX_CC_WOKE_TIMEOUT);
    ck_assert_uint_ge(ngx_cc_clock_ms() - before, 49);

    before = ngx_cc_clock_ms();
    wait_for(&p, NGX_CC_UNTIL_IDLE, 0, 60, 5000, NULL, NULL);
    (void) woke(&p, NGX_CC_WOKE_IDLE);
    ck_assert_uint_ge(ngx_cc_clock_ms() - before, 59);

    /* output, what was there, what comes */

    wait_for(&p, NGX_CC_UNTIL_OUTPUT, 0, 0, 0, NULL, NULL);
    send_input(&h.starter, "pro\n", 0);
    w = woke(&p, NGX_CC_WOKE_OUTPUT);
    ck_assert_uint_eq(w->stream, 0);
    ck_assert_uint_eq(w->offset, 0);
    ck_assert_uint_eq(w->next, 3);
    wait_for(&p, NGX_CC_UNTIL_OUTPUT, 2, 0, 0, NULL, NULL);
    (void) woke(&p, NGX_CC_WOKE_OUTPUT);
    wait_for(&p, NGX_CC_UNTIL_OUTPUT, INT64_MAX, 0, 30, NULL, NULL);
    (void) woke(&p, NGX_CC_WOKE_TIMEOUT);

    /* a pattern over the border of two reads of the pipe */

    wait_for(&p, NGX_CC_UNTIL_EXIT, 0, 0, 0, "nothing", "prompt$");
    peer_await(&h.starter, NGX_CC_WIRE_INPUT_DONE);
    send_input(&h.starter, "mp\n", 0);
    peer_await(&h.starter, NGX_CC_WIRE_INPUT_DONE);
    ck_assert_int_eq(peer_next(&p, 30, 0), -1);
    send_input(&h.starter, "t$x\n", 0);
    w = woke(&p, NGX_CC_WOKE_PATTERN);
    ck_assert_uint_eq(w->which, 1);
    ck_assert_uint_eq(w->offset, 0);
    ck_assert_uint_eq(w->next, 7);

    /* in history, and only from there on */

    wait_for(&p, NGX_CC_UNTIL_EXIT, 1, 0, 0, "p", NULL);
    w = woke(&p, NGX_CC_WOKE_PATTERN);
    ck_assert_uint_eq(w->offset, 4);
    wait_for(&p, NGX_CC_UNTIL_EXIT, 6, 0, 30, "p", NULL);
    (void) woke(&p, NGX_CC_WOKE_TIMEOUT);

    /* withdrawn: nothing is told; the same serial twice: closed */

    wait_for(&p, NGX_CC_UNTIL_OUTPUT, INT64_MAX, 0, 0, NULL, NULL);
    {
        ngx_cc_wire_woke_t  un;

        ngx_cc_wire_init(&un, NGX_CC_WIRE_UNWAIT, 0, sizeof(un));
        un.serial = serial;
        ck_assert(peer_send(&p, &un));
    }

    peer_await(&h.starter, NGX_CC_WIRE_INPUT_DONE);
    send_input(&h.starter, "more\n", 0);
    peer_await(&h.starter, NGX_CC_WIRE_INPUT_DONE);
    ck_assert_int_eq(peer_next(&p, 30, 0), -1);

    /* its end, which comes behind patterns in what was written last */

    wait_for(&p, NGX_CC_UNTIL_IDLE, 0, 100000, 0, "never", NULL);
    send_input(&h.starter, "end\n", 1);
    (void) woke(&p, NGX_CC_WOKE_EXIT);
    wait_for(&p, NGX_CC_UNTIL_EXIT, 0, 0, 0, "end", NULL);
    peer_await(&p, NGX_CC_WIRE_EXITED);
    w = woke(&p, NGX_CC_WOKE_PATTERN);
    ck_assert_uint_eq(w->offset, 12);
    wait_for(&p, NGX_CC_UNTIL_OUTPUT, 15, 0, 0, NULL, NULL);
    (void) woke(&p, NGX_CC_WOKE_EXIT);
    peer_close(&p);
}
END_TEST


/* what is read then is asked for with the wait, and nothing behind WOKE */

static void
wait_and(peer_t *p, int until, unsigned flags, int64_t from,
    const char *pattern)
{
    uint16_t  len;

    struct {
        ngx_cc_wire_wait_t  wait;
        uint8_t             text[64];
    } m;

    ngx_cc_wire_init(&m, NGX_CC_WIRE_WAIT, 0, sizeof(m.wait));
    m.wait.head.flags = flags;
    m.wait.serial = ++serial;
    m.wait.until = until;
    m.wait.streams = NGX_CC_EOF_STDOUT;
    m.wait.from[0] = INT64_MAX;
    m.wait.read[0] = from;
    memset(m.wait.reader, 7, sizeof(m.wait.reader));

    if (pattern) {
        len = strlen(pattern);
        memcpy(m.text, &len, sizeof(len));
        memcpy(m.text + sizeof(len), pattern, len);
        m.wait.n = 1;
        m.wait.text = sizeof(len) + len;
        m.wait.head.size += m.wait.text;
    }

    ck_assert(peer_send(p, &m));
}


/* one wait of many is told, and reads n bytes from "from" on: its serial */

static uint32_t
wait_told(peer_t *p, uint64_t from, size_t n)
{
    uint32_t  number;

    peer_await(p, NGX_CC_WIRE_WOKE);
    number = p->m.kept.woke.serial;
    peer_attached(p);
    ck_assert_uint_eq(p->from[0], from);
    p->seq = 0;
    ck_assert_int_eq(peer_next(p, PEER_TIMEOUT, 0), NGX_CC_WIRE_DATA);
    ck_assert_uint_eq(p->next[0], from + n);
    ck_assert_int_eq(peer_next(p, PEER_TIMEOUT, 0), NGX_CC_WIRE_ENTRY);

    return number;
}


/* many who wait over one connection, and are woken at one moment */

START_TEST(waits_together)
{
    peer_t        p;
    size_t        before;
    uint32_t      i, first;
    uint64_t      told = 0;
    peer_start_t  o = { .flags = NGX_CC_START_STDIN };

    h.keep.waits = 40;
    peer_run(&h, &o, NGX_CC_ATTACH_WRITE,
             "printf abc; read x; printf defg; read x; seq 1 6000;"
             " sleep 100");
    ck_assert(peer_attach(&p, &h, 0, 0, 0));
    wait_for(&p, NGX_CC_UNTIL_OUTPUT, 2, 0, 0, NULL, NULL);
    (void) woke(&p, NGX_CC_WOKE_OUTPUT);
    first = serial + 1;

    /* from where each wants to read, in one message */

    for (i = 0; i < 4; i++) {
        wait_for(&p, NGX_CC_UNTIL_OUTPUT, INT64_MAX, 0, 0, "fg", NULL);
        wait_and(&p, NGX_CC_UNTIL_OUTPUT, NGX_CC_WAIT_READ, 3, NULL);
    }

    /* it reads from its mark, and waits for what is new, or since then */

    reader_mark(&p, 7, 2, 0);
    wait_and(&p, NGX_CC_UNTIL_OUTPUT, NGX_CC_WAIT_READ|NGX_CC_WAIT_MARK, 0,
             NULL);
    ck_assert_int_eq(peer_next(&p, 30, 0), -1);
    wait_and(&p, NGX_CC_UNTIL_OUTPUT, NGX_CC_WAIT_READ|NGX_CC_WAIT_MARK
                                      |NGX_CC_WAIT_SINCE, 0, NULL);
    ck_assert_uint_eq(wait_told(&p, 2, 1), first + 9);
    ck_assert_int_eq(p.bundles, 1);
    send_input(&h.starter, "\n", 0);

    for (i = 0; i < 4; i++) {
        peer_await(&p, NGX_CC_WIRE_WOKE);
        ck_assert_uint_eq(p.m.kept.woke.serial, first + 2 * i);
        ck_assert_uint_eq(p.m.kept.woke.reason, NGX_CC_WOKE_PATTERN);
        ck_assert_uint_eq(wait_told(&p, 3, 4), first + 2 * i + 1);
    }

    ck_assert_uint_eq(wait_told(&p, 2, 5), first + 8);
    ck_assert_int_eq(p.bundles, 2);
    ck_assert_int_eq(peer_next(&p, 30, 0), -1);

    /* more than its socket takes: each comes, as they have looked through */

    first = serial + 1;
    before = p.bundled;

    for (i = 0; i < 40; i++) {
        wait_and(&p, NGX_CC_UNTIL_EXIT, NGX_CC_WAIT_READ, 7, "\n6000\n");
    }

    /* all wait before the other connection says something */

    reader_mark(&p, 1, 0, 0);
    send_input(&h.starter, "\n", 0);

    for (i = 0; i < 40; i++) {
        told |= (uint64_t) 1 << (wait_told(&p, 7, 28893) - first);
    }

    ck_assert_uint_eq(told, ((uint64_t) 1 << 40) - 1);

    /* what they are told is the same, and comes once in each message */

    ck_assert_int_gt(p.bundles, 2);
    ck_assert_uint_lt(p.bundled - before, 20 * 28893);
    ck_assert_int_eq(peer_next(&p, 30, 0), -1);
    peer_close(&p);
}
END_TEST


START_TEST(wait_reads)
{
    peer_t        p, q;
    peer_start_t  o = { .flags = NGX_CC_START_STDIN };

    h.keep.watchers = 3;
    h.keep.waits = 2;
    peer_run(&h, &o, NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_WRITE,
             "while read x; do echo $x; done; echo end");

    /* from where it says, and without being a watcher */

    ck_assert(peer_attach(&p, &h, 0, 0, 0));
    wait_and(&p, NGX_CC_UNTIL_OUTPUT, NGX_CC_WAIT_READ, -3, NULL);
    send_input(&h.starter, "hello\n", 0);
    (void) woke(&p, NGX_CC_WOKE_OUTPUT);
    peer_attached(&p);
    ck_assert_uint_eq(p.m.kept.attached.denied, 0);
    ck_assert_uint_eq(p.m.head.flags & NGX_CC_ATTACH_FLAGS,
                      NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_LOSSY);
    ck_assert_uint_eq(p.m.kept.attached.watchers, 1);
    ck_assert_uint_eq(p.from[0], 3);
    ck_assert_int_eq(peer_next(&p, PEER_TIMEOUT, 0), NGX_CC_WIRE_DATA);
    ck_assert_str_eq((char *) p.out[0], "lo\n");
    ck_assert_int_eq(peer_next(&p, PEER_TIMEOUT, 0), NGX_CC_WIRE_ENTRY);
    ck_assert_uint_eq(p.m.kept.entry.bytes[0], 6);
    peer_close(&p);

    /* from the mark of its reader as it is then */

    reader_attach(&p, 7, 0);
    wait_and(&p, NGX_CC_UNTIL_EXIT, NGX_CC_WAIT_READ|NGX_CC_WAIT_MARK, 0, NULL);
    reader_attach(&q, 7, 0);
    reader_mark(&q, 7, 6, 0);
    peer_close(&q);

    /* one that is refused reads nothing */

    ck_assert(peer_attach(&q, &h, 0, 0, 0));
    wait_and(&q, NGX_CC_UNTIL_OUTPUT, 0, 0, NULL);
    wait_and(&q, NGX_CC_UNTIL_OUTPUT, NGX_CC_WAIT_READ, 0, NULL);
    (void) woke(&q, NGX_CC_WOKE_REFUSED);
    serial--;
    send_input(&h.starter, "", 1);
    (void) woke(&q, NGX_CC_WOKE_OUTPUT);
    peer_close(&q);

    serial--;
    (void) woke(&p, NGX_CC_WOKE_EXIT);
    peer_attached(&p);
    ck_assert_uint_eq(p.from[0], 6);
    ck_assert_int_eq(peer_next(&p, PEER_TIMEOUT, 0), NGX_CC_WIRE_DATA);
    ck_assert_str_eq((char *) p.out[0], "end\n");
    ck_assert_int_eq(peer_next(&p, PEER_TIMEOUT, 0), NGX_CC_WIRE_ENTRY);
    ck_assert_uint_ne(p.m.head.flags & NGX_CC_ATTACHED_OVER, 0);
    ck_assert_int_eq(peer_next(&p, PEER_TIMEOUT, 0), NGX_CC_WIRE_EXITED);
    peer_close(&p);
}
END_TEST


/* nothing is dropped that a wait has not looked through */

START_TEST(wait_in_a_flood)
{
    peer_t                     p;
    const ngx_cc_wire_woke_t  *w;

    h.keep.flags = NGX_CC_KEEP_DROP;
    peer_run(&h, &usual, 0,
             "sleep 0.1; yes | head -c 20000001; echo needle;"
             "yes | head -c 9000000");
    ck_assert(peer_attach(&p, &h, 0, 0, 0));
    wait_for(&p, NGX_CC_UNTIL_EXIT, 0, 0, 0, "y\nyneedle\ny", NULL);
    w = woke(&p, NGX_CC_WOKE_PATTERN);
    ck_assert_uint_eq(w->offset, 20000001 - 3);
    peer_close(&p);
}
END_TEST


static long
cpu(pid_t pid)
{
    char   name[64], line[1024], *p;
    long   user, system;
    FILE  *f;

    (void) snprintf(name, sizeof(name), "/proc/%d/stat", (int) pid);
    f = fopen(name, "r");
    ck_assert_ptr_nonnull(f);
    ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
    (void) fclose(f);
    p = strrchr(line, ')');
    ck_assert_int_eq(sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u "
                            "%*u %ld %ld", &user, &system), 2);

    return user + system;
}


START_TEST(many_waits)
{
    int       i;
    long      used;
    peer_t    p, q;
    uint32_t  first;

    h.keep.waits = 1000;
    peer_run(&h, &usual, 0, "sleep 100");
    ck_assert(peer_attach(&p, &h, 0, 0, 0));
    first = serial + 1;

    for (i = 0; i < 999; i++) {
        wait_for(&p, i % 2 ? NGX_CC_UNTIL_OUTPUT : NGX_CC_UNTIL_EXIT, 0, 0,
                 1000000, i % 3 ? "pattern" : NULL, NULL);
    }

    /* the last of them: when it has timed out, the others are there */

    wait_for(&p, NGX_CC_UNTIL_EXIT, 0, 0, 1, NULL, NULL);
    (void) woke(&p, NGX_CC_WOKE_TIMEOUT);
    wait_for(&p, NGX_CC_UNTIL_EXIT, 0, 0, 0, NULL, NULL);
    ck_assert_int_eq(peer_next(&p, 50, 0), -1);

    /* one more is refused, wherever it comes from */

    ck_assert(peer_attach(&q, &h, 0, 0, 0));
    wait_for(&q, NGX_CC_UNTIL_EXIT, 0, 0, 0, NULL, NULL);
    (void) woke(&q, NGX_CC_WOKE_REFUSED);

    used = cpu(h.pid);
    (void) usleep(500000);
    ck_assert_int_le(cpu(h.pid) - used, 1);

    /* who had them leaves: there is room again */

    peer_close(&p);
    wait_for(&q, NGX_CC_UNTIL_EXIT, 0, 0, 20, NULL, NULL);
    (void) woke(&q, NGX_CC_WOKE_TIMEOUT);
    ck_assert_uint_gt(serial, first);
    peer_close(&q);
}
END_TEST


/* wrong in every byte: nothing happens to others */

START_TEST(noise)
{
    int        i, n, k, rounds;
    uint8_t    byte[3000];
    peer_t     p;
    unsigned   seed;

    rounds = getenv("CC_NIGHTLY") ? 20000 : 400;
    seed = 3;
    peer_run(&h, &usual, NGX_CC_ATTACH_DATA, "sleep 100");

    for (i = 0; i < rounds; i++) {

        if (i % 2) {
            ck_assert(peer_connect(&p, &h));

        } else {
            ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, 0, 0));
        }

        for (k = 0; k < 3; k++) {
            for (n = 0; n < (int) sizeof(byte); n++) {
                byte[n] = rand_r(&seed);
            }

            n = 1 + rand_r(&seed) % sizeof(byte);

            if (rand_r(&seed) % 4) {
                /* a good head, so that it is looked at */
                n = n < 64 ? 64 : n;
                ngx_cc_wire_init(byte, 1 + rand_r(&seed)
                                           % (NGX_CC_WIRE_TYPES - 1), 0, 16);
                ((ngx_cc_wire_head_t *) byte)->size = n;
            }

            (void) send(p.s, byte, n, MSG_NOSIGNAL);
        }

        peer_close(&p);
    }

    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_WRITE, 0, 0));
    (void) peer_say(&p, NGX_CC_WIRE_CANCEL, 0);
    peer_await(&h.starter, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(h.starter.m.bound.exited.cause, NGX_CC_CAUSE_CANCEL);
    peer_close(&p);
}
END_TEST


/* parent of a process, or 0: it is gone, or not waited for */

static pid_t
parent(pid_t pid)
{
    int    n;
    char   name[64], line[1024], state, *p;
    FILE  *f;

    (void) snprintf(name, sizeof(name), "/proc/%d/stat", (int) pid);
    f = fopen(name, "r");

    if (f == NULL) {
        return 0;
    }

    p = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
    (void) fclose(f);

    return p && sscanf(p + 2, "%c %d", &state, &n) == 2 && state != 'Z'
           ? n : 0;
}


/*
 * The worker is gone, then the spawner is killed: it lives.  The helper is
 * killed, too: the tree ends, daemons and all, and nobody stays behind.
 */

START_TEST(last_of_all)
{
    int                    i, s[2], watch[2], fds[2], nfds, status;
    pid_t                  keeper, spawner, pids[2];
    peer_t                 boss, p;
    ngx_cc_wire_supply_t   supply;
    ngx_cc_spawner_conf_t  conf;

    ck_assert_int_eq(ngx_cc_fdmsg_pair(s), 0);
    ck_assert_int_eq(pipe2(watch, O_CLOEXEC), 0);

    keeper = fork();

    if (keeper == 0) {
        memset(&conf, 0, sizeof(conf));
        conf.socket = s[1];
        conf.deathwatch = watch[0];
        conf.ring = PEER_RING;
        conf.cgroup = -1;
        ngx_cc_spawner_run(&conf);
    }

    (void) close(s[1]);
    peer_init(&boss, s[0], 0);
    ngx_cc_wire_init(&supply, NGX_CC_WIRE_SUPPLY, 0, sizeof(supply));
    supply.helpers = 1;
    ck_assert(peer_send(&boss, &supply));

    nfds = 2;

    while (ngx_cc_fdmsg_recv(boss.s, &boss.m, sizeof(boss.m), fds, &nfds)
           == -1)
    {
        ck_assert_int_eq(errno, EAGAIN);
        nfds = 2;
        (void) usleep(1000);
    }

    ck_assert_uint_eq(boss.m.head.type, NGX_CC_WIRE_HELPER);
    ck_assert_int_eq(nfds, 2);
    (void) close(fds[1]);

    (void) close(h.starter.s);
    h.starter.s = fds[0];
    peer_run(&h, &usual, 0,
             "setsid sh -c 'echo $$; exec sleep 1000' & sleep 1000");

    /* the worker leaves; a second later its spawner wakes who should, too */

    peer_close(&boss);
    peer_close(&h.starter);
    (void) usleep(1200000);

    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, 0, 0));
    pids[0] = p.m.kept.attached.pid;

    while (p.next[0] == 0) {
        (void) peer_next(&p, PEER_TIMEOUT, 0);
    }

    pids[1] = atoi((char *) p.out[0]);
    ck_assert_int_gt(pids[1], 1);
    peer_close(&p);

    h.pid = parent(pids[0]);
    spawner = parent(h.pid);
    ck_assert_int_eq(parent(spawner), keeper);

    ck_assert_int_eq(kill(spawner, SIGKILL), 0);

    while (parent(h.pid) != keeper) {
        ck_assert_int_ne(parent(h.pid), 1);
        (void) usleep(1000);
    }

    (void) usleep(1200000);
    ck_assert(peer_attach(&p, &h, 0, 0, 0));
    ck_assert_uint_eq(p.m.kept.attached.denied, 0);
    peer_close(&p);

    ck_assert_int_eq(kill(h.pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(keeper, &status, 0), keeper);
    ck_assert_int_eq(status, 0);

    for (i = 0; i < 2; i++) {
        ck_assert_int_eq(parent(pids[i]), 0);
    }

    h.pid = 0;
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
    tcase_set_timeout(tc, getenv("CC_NIGHTLY") ? 600 : 60);
    tcase_add_test(tc, born);
    tcase_add_test(tc, failed);
    tcase_add_test(tc, outlives_its_worker);
    tcase_add_test(tc, acknowledged);
    tcase_add_test(tc, orphan);
    tcase_add_test(tc, forgotten);
    tcase_add_test(tc, masterless);
    tcase_add_test(tc, last_of_all);
    suite_add_tcase(suite, tc);

    tc = tcase_create("output");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, getenv("CC_NIGHTLY") ? 600 : 60);
    tcase_add_test(tc, offsets);
    tcase_add_test(tc, small_reads);
    tcase_add_test(tc, drops);
    tcase_add_test(tc, blocks);
    tcase_add_test(tc, stalls);
    tcase_add_test(tc, last_moment);
    tcase_add_test(tc, flat);
    suite_add_tcase(suite, tc);

    tc = tcase_create("watchers");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, getenv("CC_NIGHTLY") ? 600 : 60);
    tcase_add_test(tc, too_many);
    tcase_add_test(tc, read_only);
    tcase_add_test(tc, writers);
    tcase_add_test(tc, pieces);
    tcase_add_test(tc, exclusive);
    tcase_add_test(tc, attacks);
    tcase_add_test(tc, observers);
    tcase_add_test(tc, marks);
    tcase_add_test(tc, last_words);
    tcase_add_test(tc, attaches_again);
    tcase_add_test(tc, listed);
    tcase_add_test(tc, noise);
    suite_add_tcase(suite, tc);

    tc = tcase_create("waits");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, getenv("CC_NIGHTLY") ? 600 : 60);
    tcase_add_test(tc, waits);
    tcase_add_test(tc, wait_reads);
    tcase_add_test(tc, waits_together);
    tcase_add_test(tc, wait_in_a_flood);
    tcase_add_test(tc, many_waits);
    suite_add_tcase(suite, tc);

    return unit_run(suite);
}
