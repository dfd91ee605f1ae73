
/*
 * Hand-over: a command that was started bound becomes a kept one while it runs,
 * or one that others can reach (a call).  Real helpers, and workers that read
 * in the ring until then (peer.h).
 */

#define _GNU_SOURCE
#include "peer.h"


#define ALL  (16 * 1024 * 1024)


static peer_helper_t         h;
static ngx_cc_ring_reader_t  reader;
static uint64_t              head;
static char                 *out[2];      /* what was read in the ring */
static size_t                len[2];


static void
setup(void)
{
    memset(&h, 0, sizeof(h));
    peer_helper(&h);

    out[0] = malloc(ALL);
    out[1] = malloc(ALL);
    ck_assert_ptr_nonnull(out[0]);
    ck_assert_ptr_nonnull(out[1]);
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
    ngx_cc_ring_unmap(h.ring, PEER_RING);
    free(out[0]);
    free(out[1]);
}


static void
start(const peer_start_t *options, const char *command)
{
    peer_start_t  o = *options;

    o.flags |= NGX_CC_START_KEEPABLE;
    peer_start(&h, &o, command);

    reader.base = h.ring;
    reader.size = PEER_RING;
    ngx_cc_ring_rewind(&reader);
    head = len[0] = len[1] = 0;
}


/* what is in the ring, without a CREDIT */

static void
take(void)
{
    ngx_cc_ring_record_t  rec;

    while (ngx_cc_ring_peek(&reader, head, &rec) == 1) {
        unit_assert(rec.offset == len[rec.stream]);
        unit_assert(len[rec.stream] + rec.len < ALL);
        memcpy(out[rec.stream] + len[rec.stream], rec.data, rec.len);
        len[rec.stream] += rec.len;
        ngx_cc_ring_skip(&reader, &rec);
    }

    unit_assert(reader.pos == head);
}


static void
credit(void)
{
    ngx_cc_wire_credit_t  msg;

    ngx_cc_wire_init(&msg, NGX_CC_WIRE_CREDIT, 0, sizeof(msg));
    msg.tail = reader.pos;
    msg.seen = head;
    (void) peer_send(&h.starter, &msg);
}


/* the next message that is not OUTPUT, which is read and gets its CREDIT */

static int
await(int type)
{
    int  got;

    for ( ;; ) {
        got = peer_next(&h.starter, PEER_TIMEOUT, 1);

        if (got == NGX_CC_WIRE_OUTPUT) {
            head = h.starter.m.bound.output.pos;
            take();

            if (type == NGX_CC_WIRE_OUTPUT) {
                return got;
            }

            credit();
            continue;
        }

        if ((got == NGX_CC_WIRE_ENDED || got == NGX_CC_WIRE_STARTED)
            && type && type != got)
        {
            /* a quick one need not be told to run; a slow one is */
            continue;
        }

        if (type && got != type) {
            ck_abort_msg("awaited message %d, got %d", type, got);
        }

        return got;
    }
}


/* KEEP or LISTEN */

static int
reach(int type, uint64_t run_limit, uint64_t resume)
{
    static union {
        ngx_cc_wire_reach_t  reach;
        uint8_t              byte[NGX_CC_WIRE_MAX_REACH];
    } m;

    ngx_cc_wire_init(&m, type, h.run, sizeof(m.reach));
    m.reach.handle = h.handle;
    memcpy(m.reach.owner, h.owner, sizeof(h.owner));
    m.reach.keep = h.keep;
    m.reach.run_limit = run_limit;
    m.reach.resume = resume;
    m.reach.tail = reader.pos;
    m.reach.label = 7;
    m.reach.shown = 4;
    memcpy(&m.reach + 1, "a labelshow", 11);
    m.reach.head.size += 11;

    return peer_send(&h.starter, &m);
}


/* as a worker does: nothing of the ring is read any more */

static int
keep(uint64_t run_limit)
{
    return reach(NGX_CC_WIRE_KEEP, run_limit, 0);
}


/* its starter goes on reading in the ring */

static void
listening(uint64_t resume)
{
    ck_assert(reach(NGX_CC_WIRE_LISTEN, 0, resume));
    (void) await(NGX_CC_WIRE_LISTENING);
    ck_assert_int_eq(h.starter.m.kept.reached.error, 0);
}


/* nobody needs the result: it takes another START */

static void
released(int say)
{
    peer_t  p;

    if (say) {
        (void) peer_say(&h.starter, NGX_CC_WIRE_DELIVERED, 0);
    }

    peer_await(&h.starter, NGX_CC_WIRE_FREE);

    /* FREE comes when it does so, the socket is gone a moment later */

    while (peer_connect(&p, &h)) {
        (void) peer_receive(&p, PEER_TIMEOUT);
        peer_close(&p);
    }
}


static void
kept(void)
{
    ck_assert(keep(0));
    peer_await(&h.starter, NGX_CC_WIRE_KEPT);
    ck_assert_int_eq(h.starter.m.kept.reached.error, 0);
    (void) peer_say(&h.starter, NGX_CC_WIRE_ACK, 0);
    (void) peer_say(&h.starter, NGX_CC_WIRE_TOLD, 0);
}


static size_t
sequence(char *p, int n)
{
    int     i;
    size_t  length;

    for (i = 1, length = 0; i <= n; i++) {
        length += sprintf(p + length, "%d\n", i);
    }

    return length;
}


/* KiB of mappings of a process */

static unsigned long
size_of(pid_t pid)
{
    char           name[64], line[256];
    FILE          *f;
    unsigned long  size;

    (void) snprintf(name, sizeof(name), "/proc/%d/status", (int) pid);
    f = fopen(name, "r");
    ck_assert_ptr_nonnull(f);
    size = 0;

    while (fgets(line, sizeof(line), f)) {
        (void) sscanf(line, "VmSize: %lu", &size);
    }

    (void) fclose(f);
    ck_assert_uint_gt(size, 0);

    return size;
}


static const peer_start_t  usual;


/* it ends bound: all of it in the ring, and the helper is as good as new */

START_TEST(bound)
{
    int            i, k;
    char          *all;
    size_t         n;
    peer_t         p;
    unsigned long  before;

    all = malloc(ALL);
    n = sequence(all, 300000);
    before = 0;

    for (i = 0; i < 4; i++) {
        start(&usual, "seq 1 300000; echo err >&2; exit 3");
        ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);
        (void) await(NGX_CC_WIRE_EXITED);
        head = h.starter.m.bound.exited.pos;
        take();
        ck_assert_uint_gt(head, PEER_RING);

        ck_assert_uint_eq(len[0], n);
        ck_assert_mem_eq(out[0], all, n);
        ck_assert_mem_eq(out[1], "err\n", 4);
        ck_assert_int_eq(WEXITSTATUS(h.starter.m.bound.exited.status), 3);
        ck_assert_uint_eq(h.starter.m.head.flags, NGX_CC_EXITED_REUSABLE);
        ck_assert(!peer_connect(&p, &h));

        /* what was held beside the ring is given back, each time */

        for (k = 0; i && size_of(h.pid) != before; k++) {
            ck_assert_int_lt(k, PEER_TIMEOUT);
            (void) usleep(1000);
        }

        if (i == 0) {
            /* the first one comes to rest when it obeys again */
            start(&usual, "true");
            (void) await(NGX_CC_WIRE_EXITED);
            before = size_of(h.pid);
        }
    }

    free(all);
}
END_TEST


/* what its starter has not given credit for stays where it is */

START_TEST(mapping)
{
    char                  *all;
    size_t                 n, pos;
    ngx_cc_wire_credit_t   msg;

    all = malloc(ALL);
    n = sequence(all, 200000);

    start(&usual, "seq 1 200000");
    ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);

    /* armed once: the head is told again only after CREDIT; nothing is read */

    do {
        pos = head;
        (void) usleep(50000);
        ngx_cc_wire_init(&msg, NGX_CC_WIRE_CREDIT, 0, sizeof(msg));
        msg.tail = 0;
        msg.seen = head;
        (void) peer_send(&h.starter, &msg);

        if (peer_next(&h.starter, 1000, 1) == NGX_CC_WIRE_OUTPUT) {
            head = h.starter.m.bound.output.pos;
        }

    } while (head != pos);

    ck_assert_uint_gt(head, PEER_RING / 2);
    ck_assert_uint_le(head, PEER_RING);
    take();
    ck_assert_mem_eq(out[0], all, len[0]);
    ck_assert_uint_lt(len[0], n);

    credit();
    (void) await(NGX_CC_WIRE_EXITED);
    head = h.starter.m.bound.exited.pos;
    take();
    ck_assert_uint_eq(len[0], n);
    ck_assert_mem_eq(out[0], all, n);
    free(all);
}
END_TEST


/* it outlives its worker; whoever comes reads from the first byte on */

START_TEST(hand_over)
{
    peer_t  p;

    start(&usual, "echo one; echo err >&2; "
                  "sleep 0.3; echo two; exit 7");
    ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);
    (void) await(NGX_CC_WIRE_OUTPUT);
    kept();
    peer_close(&h.starter);
    h.starter.s = -1;

    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, 0, 0));
    ck_assert_uint_eq(p.m.kept.attached.denied, 0);
    peer_await(&p, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq((char *) p.out[0], "one\ntwo\n");
    ck_assert_str_eq((char *) p.out[1], "err\n");
    ck_assert_int_eq(WEXITSTATUS(p.m.bound.exited.status), 7);

    /* nobody gets another START there */

    ck_assert_uint_eq(p.m.head.flags & NGX_CC_EXITED_REUSABLE, 0);
    peer_close(&p);
}
END_TEST


/* a helper with nothing to do waits for something: it does not look again */

static void
asleep(pid_t pid)
{
    int    i;
    char   name[64], state;
    FILE  *f;

    (void) snprintf(name, sizeof(name), "/proc/%d/stat", (int) pid);
    state = 'R';

    for (i = 0; i < 10000 && state != 'S'; i++) {
        f = fopen(name, "r");
        ck_assert_ptr_nonnull(f);
        ck_assert_int_eq(fscanf(f, "%*d (%*[^)]) %c", &state), 1);
        (void) fclose(f);
        (void) poll(NULL, 0, 1);
    }

    ck_assert_int_eq(state, 'S');
}


START_TEST(sleeps_kept)
{
    start(&usual, "echo go; exec sleep 600");
    ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);
    (void) await(NGX_CC_WIRE_OUTPUT);
    kept();
    asleep(h.pid);
    peer_close(&h.starter);
    h.starter.s = -1;
    asleep(h.pid);
}
END_TEST


START_TEST(sleeps_reachable)
{
    start(&usual, "echo go; exec sleep 600");
    ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);
    (void) await(NGX_CC_WIRE_OUTPUT);
    listening(60000);
    asleep(h.pid);
    peer_close(&h.starter);
    h.starter.s = -1;
    asleep(h.pid);
}
END_TEST


/* its starter goes on as one that writes, and is told how it ends */

START_TEST(starter)
{
    peer_t        p;
    peer_start_t  o = { .flags = NGX_CC_START_STDIN };

    union {
        ngx_cc_wire_input_t  input;
        uint8_t              byte[sizeof(ngx_cc_wire_input_t) + 8];
    } m;

    start(&o, "sleep 0.2; head -c 8; exit 4");
    ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);

    /* what is in flight is answered on the other side of it */

    ngx_cc_wire_init(&m, NGX_CC_WIRE_INPUT, 0, sizeof(m));
    m.input.len = 8;
    memcpy(&m.input + 1, "written\n", 8);
    ck_assert(peer_send(&h.starter, &m));
    ck_assert(keep(0));

    if (peer_next(&h.starter, PEER_TIMEOUT, 1) == NGX_CC_WIRE_INPUT_DONE) {
        peer_await(&h.starter, NGX_CC_WIRE_KEPT);

    } else {
        ck_assert_int_eq(h.starter.m.head.type, NGX_CC_WIRE_KEPT);
        peer_await(&h.starter, NGX_CC_WIRE_INPUT_DONE);
    }

    (void) peer_say(&h.starter, NGX_CC_WIRE_TOLD, 0);
    peer_await(&h.starter, NGX_CC_WIRE_EXITED);
    ck_assert_int_eq(WEXITSTATUS(h.starter.m.bound.exited.status), 4);

    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, 0, 0));
    peer_await(&p, NGX_CC_WIRE_EXITED);
    ck_assert_str_eq((char *) p.out[0], "written\n");
    peer_close(&p);
}
END_TEST


/*
 * Head and tail of each stream are there from START on: 20 KB of stdout, then
 * 10 MB of stderr that the starter has read and given credit for.
 */

START_TEST(ends)
{
    char    *all;
    size_t   n, half;
    peer_t   p;

    all = malloc(ALL);
    n = sequence(all, 1500000);
    half = h.keep.output / 2;

    start(&usual, "seq 1 4000; sleep 0.1; seq 1 1500000 >&2; exec sleep 100");
    ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);

    while (len[1] < n) {
        (void) await(NGX_CC_WIRE_OUTPUT);
        credit();
    }

    kept();
    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, 0, 0));

    while (p.next[1] < n) {
        ck_assert_int_eq(peer_next(&p, PEER_TIMEOUT, 0), NGX_CC_WIRE_DATA);
        peer_read(&p, 0);
    }

    ck_assert_uint_eq(p.next[0], len[0]);
    ck_assert_uint_eq(p.missing[0], 0);
    ck_assert_mem_eq(p.out[0], all, len[0]);

    ck_assert_uint_eq(p.gaps, 1);
    ck_assert_uint_gt(p.missing[1], 0);
    ck_assert_uint_le(p.missing[1], n - 2 * half);
    ck_assert_mem_eq(p.out[1], all, half);
    peer_close(&p);

    /* the last bytes, whatever the ring has of them */

    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, 0, -(int64_t) half));

    while (p.next[1] < n) {
        ck_assert_int_eq(peer_next(&p, PEER_TIMEOUT, 0), NGX_CC_WIRE_DATA);
        peer_read(&p, 0);
    }

    ck_assert_mem_eq(p.out[1], all + n - half, half);
    peer_close(&p);
    free(all);
}
END_TEST


/* a full ring: the job drops its oldest, or waits for a reader */

START_TEST(full)
{
    int      drop;
    char    *all;
    size_t   n;
    peer_t   p;

    all = malloc(ALL);
    n = sequence(all, 300000);

    for (drop = 0; drop < 2; drop++) {
        h.keep.flags = drop ? NGX_CC_KEEP_DROP : 0;
        start(&usual, "seq 1 300000");
        ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);

        /* one look, no credit: it blocks by and by */

        (void) await(NGX_CC_WIRE_OUTPUT);
        (void) usleep(100000);
        kept();

        if (drop) {
            peer_await(&h.starter, NGX_CC_WIRE_EXITED);
            ck_assert_uint_eq(h.starter.m.bound.exited.bytes[0], n);
        }

        ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, len[0], 0));
        peer_await(&p, NGX_CC_WIRE_EXITED);
        ck_assert_uint_eq(p.next[0], n);
        ck_assert_uint_eq(p.gaps, drop);

        if (!drop) {
            ck_assert_mem_eq(p.out[0], all + len[0], n - len[0]);
        }

        peer_close(&p);
        teardown();
        setup();
    }

    free(all);
}
END_TEST


/* its name is taken: it is bound as before, and the next one may ask again */

START_TEST(refused)
{
    peer_t         p;
    peer_helper_t  other;

    memset(&other, 0, sizeof(other));
    peer_helper(&other);
    other.handle = h.handle;
    other.keep = h.keep;
    peer_run(&other, &usual, 0, "sleep 100");

    start(&usual, "echo one; sleep 0.2; echo two");
    ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);
    (void) await(NGX_CC_WIRE_OUTPUT);
    ck_assert(keep(0));
    peer_await(&h.starter, NGX_CC_WIRE_KEPT);
    ck_assert_int_eq(h.starter.m.kept.reached.error, EADDRINUSE);
    credit();
    (void) await(NGX_CC_WIRE_EXITED);
    head = h.starter.m.bound.exited.pos;
    take();
    ck_assert_mem_eq(out[0], "one\ntwo\n", 8);
    ck_assert_uint_eq(h.starter.m.head.flags, NGX_CC_EXITED_REUSABLE);

    (void) close(other.watch);
    peer_gone(&other);
    peer_close(&other.starter);
    ngx_cc_ring_unmap(other.ring, PEER_RING);

    start(&usual, "exec sleep 100");
    ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);
    kept();
    ck_assert(peer_attach(&p, &h, 0, 0, 0));
    peer_close(&p);
}
END_TEST


/* its run limit is the job's from now on, counted from its start */

START_TEST(run_limit)
{
    peer_start_t  o = { .run_limit = 3000 };

    start(&o, "sleep 3.5; exit 5");
    ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);
    kept();
    peer_await(&h.starter, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(h.starter.m.bound.exited.cause, NGX_CC_CAUSE_EXIT);
    teardown();
    setup();

    o.run_limit = 60000;
    start(&o, "exec sleep 100");
    ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);
    ck_assert(keep(500));
    peer_await(&h.starter, NGX_CC_WIRE_KEPT);
    peer_await(&h.starter, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(h.starter.m.bound.exited.cause, NGX_CC_CAUSE_TIMEOUT);
    ck_assert_uint_ge(h.starter.m.bound.exited.elapsed, 500000);
    teardown();
    setup();

    /* one without a limit gets one */

    start(&usual, "exec sleep 100");
    ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);
    ck_assert(keep(300));
    peer_await(&h.starter, NGX_CC_WIRE_KEPT);
    peer_await(&h.starter, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(h.starter.m.bound.exited.cause, NGX_CC_CAUSE_TIMEOUT);
}
END_TEST


/*
 * KEEP meets the end: either it is kept and whole, or it was bound and is over
 */

START_TEST(racing_exit)
{
    int     i, rounds, type, both[2];
    char    command[100];
    peer_t  p;

    rounds = getenv("CC_NIGHTLY") ? 1000 : 40;
    both[0] = both[1] = 0;

    for (i = 0; i < rounds; i++) {
        ck_assert_int_eq(ngx_cc_handle_make(&h.handle), 0);
        (void) snprintf(command, sizeof(command),
                        "echo one; sleep 0.00%d; echo two; exit 3", i % 10);
        start(&usual, command);

        /* a short one may be over before it was told that it runs */

        type = await(0);

        if (type == NGX_CC_WIRE_STARTED) {
            (void) usleep(i * 997 % 9000);
            ck_assert(keep(0));
            type = peer_next(&h.starter, PEER_TIMEOUT, 1);

            while (type == NGX_CC_WIRE_OUTPUT) {
                type = peer_next(&h.starter, PEER_TIMEOUT, 1);
            }
        }

        if (type == NGX_CC_WIRE_EXITED) {
            both[0]++;
            head = h.starter.m.bound.exited.pos;
            take();
            ck_assert_uint_eq(h.starter.m.head.flags, NGX_CC_EXITED_REUSABLE);
            ck_assert_uint_eq(len[0], 8);
            ck_assert_mem_eq(out[0], "one\ntwo\n", 8);
            ck_assert(!peer_connect(&p, &h));
            continue;
        }

        both[1]++;
        ck_assert_int_eq(type, NGX_CC_WIRE_KEPT);
        ck_assert_int_eq(h.starter.m.kept.reached.error, 0);
        (void) peer_say(&h.starter, NGX_CC_WIRE_TOLD, 0);
        ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, 0, 0));
        peer_await(&p, NGX_CC_WIRE_EXITED);
        ck_assert_str_eq((char *) p.out[0], "one\ntwo\n");
        ck_assert_int_eq(WEXITSTATUS(p.m.bound.exited.status), 3);
        peer_close(&p);
        teardown();
        setup();
    }

    ck_assert_int_eq(both[0] + both[1], rounds);
    ck_assert_int_gt(both[1], 0);
}
END_TEST


/*
 * The worker dies, or its client does, at every step: before ACK nobody knows
 * of it, so it ends, and its socket is gone with it.
 */

START_TEST(racing_death)
{
    int     i, rounds, step;
    pid_t   pid;
    peer_t  p;

    rounds = getenv("CC_NIGHTLY") ? 1000 : 25;

    for (i = 0; i < rounds; i++) {
        step = i % 5;
        start(&usual, "exec sleep 100");
        ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);
        pid = h.starter.m.bound.started.pid;
        ck_assert(keep(0));

        if (step > 1) {
            peer_await(&h.starter, NGX_CC_WIRE_KEPT);
        }

        if (step == 0) {
            (void) usleep(i * 97 % 1500);
        }

        if (step == 1) {
            (void) peer_say(&h.starter, NGX_CC_WIRE_ABANDON, 0);
        }

        if (step == 3) {
            /* its client has left before it was told */
            (void) peer_say(&h.starter, NGX_CC_WIRE_ACK, 0);
            (void) peer_say(&h.starter, NGX_CC_WIRE_CANCEL,
                            NGX_CC_CAUSE_DISCONNECT);
            peer_await(&h.starter, NGX_CC_WIRE_EXITED);
            ck_assert_uint_eq(h.starter.m.bound.exited.cause,
                              NGX_CC_CAUSE_DISCONNECT);
        }

        if (step == 4) {
            (void) peer_say(&h.starter, NGX_CC_WIRE_TOLD, 0);
        }

        (void) close(h.starter.s);
        h.starter.s = -1;

        if (step < 3) {
            peer_gone(&h);
            ck_assert(!peer_connect(&p, &h));
            ck_assert_int_eq(kill(pid, 0), -1);

        } else {
            ck_assert(peer_attach(&p, &h, 0, 0, 0));
            ck_assert_uint_eq(p.m.head.flags & NGX_CC_ATTACHED_OVER,
                              step == 3 ? NGX_CC_ATTACHED_OVER : 0);
            peer_close(&p);
        }

        teardown();
        setup();
    }
}
END_TEST


/* a worker that asks for what it may not */

START_TEST(mad_worker)
{
    int           i;
    peer_start_t  o = { .flags = 0 };

    for (i = 0; i < 2; i++) {
        start(&o, "echo one; exec sleep 100");
        ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);
        (void) await(NGX_CC_WIRE_OUTPUT);

        /* more than there is; twice */

        if (i == 0) {
            reader.pos += 8;

        } else {
            kept();
        }

        ck_assert(keep(0));

        if (i == 0) {
            ck_assert_int_eq(peer_next(&h.starter, PEER_TIMEOUT, 1), 0);
            peer_gone(&h);

        } else {
            /* it has lost its connection, nobody else has */
            ck_assert_int_eq(peer_next(&h.starter, PEER_TIMEOUT, 1), 0);
        }

        teardown();
        setup();
    }
}
END_TEST


/* both read: the starter in the ring, another one copies; and again */

START_TEST(call)
{
    int            i, k;
    char          *all;
    size_t         n;
    peer_t         p;
    unsigned long  before;

    all = malloc(ALL);
    n = sequence(all, 300000);
    before = 0;

    for (i = 0; i < 3; i++) {
        ck_assert_int_eq(ngx_cc_handle_make(&h.handle), 0);
        start(&usual, "echo go; sleep 0.2; seq 1 300000 >&2; exit 3");
        ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);
        (void) await(NGX_CC_WIRE_OUTPUT);
        listening(60000);
        credit();

        ck_assert(peer_attach(&p, &h, i == 1 ? 0 : NGX_CC_ATTACH_DATA
                              |NGX_CC_ATTACH_CALL
                              |(i == 2 ? NGX_CC_ATTACH_LOSSY : 0), 0, 0));
        ck_assert_uint_eq(p.m.kept.attached.denied, 0);

        /* each takes what there is; who loses nothing is waited for */

        if (i == 0) {
            while (p.next[1] < n || len[1] < n) {
                if (peer_next(&p, len[1] < n ? 1 : PEER_TIMEOUT, 0)
                    == NGX_CC_WIRE_DATA)
                {
                    peer_read(&p, 0);
                }

                if (len[1] < n
                    && peer_next(&h.starter, 1, 1) == NGX_CC_WIRE_OUTPUT)
                {
                    head = h.starter.m.bound.output.pos;
                    take();
                    credit();
                }

                if (h.starter.m.head.type == NGX_CC_WIRE_EXITED) {
                    head = h.starter.m.bound.exited.pos;
                    take();
                }
            }
        }

        if (h.starter.m.head.type != NGX_CC_WIRE_EXITED) {
            (void) await(NGX_CC_WIRE_EXITED);
        }

        head = h.starter.m.bound.exited.pos;
        take();
        ck_assert_int_eq(WEXITSTATUS(h.starter.m.bound.exited.status), 3);
        ck_assert_uint_eq(h.starter.m.head.flags, NGX_CC_EXITED_REUSABLE);
        ck_assert_uint_eq(len[1], n);
        ck_assert_mem_eq(out[0], "go\n", 3);
        ck_assert_mem_eq(out[1], all, n);

        peer_await(&p, NGX_CC_WIRE_EXITED);

        if (i == 0) {
            ck_assert_uint_eq(p.missing[1], 0);
            ck_assert_mem_eq(p.out[1], all, n);
        }

        released(1);
        peer_close(&p);

        for (k = 0; i == 2 && size_of(h.pid) != before; k++) {
            ck_assert_int_lt(k, PEER_TIMEOUT);
            (void) usleep(1000);
        }

        if (i == 1) {
            start(&usual, "true");
            (void) await(NGX_CC_WIRE_EXITED);
            before = size_of(h.pid);
        }
    }

    free(all);
}
END_TEST


/* its client is lost; somebody else takes the rest, and says so */

START_TEST(call_resumed)
{
    int     i;
    peer_t  p;

    for (i = 0; i < 3; i++) {
        ck_assert_int_eq(ngx_cc_handle_make(&h.handle), 0);
        start(&usual, "echo one; sleep 0.4; echo two; exit 3");
        ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);
        (void) await(NGX_CC_WIRE_OUTPUT);
        listening(60000);

        if (i < 2) {
            peer_ask(&h.starter, &h, NGX_CC_ATTACH_MONITOR, 0, 0);
            peer_attached(&h.starter);

        } else {
            peer_close(&h.starter);
            h.starter.s = -1;
        }

        if (i == 1) {
            /* it is over before anybody comes */
            peer_await(&h.starter, NGX_CC_WIRE_EXITED);
        }

        ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_WRITE
                              |NGX_CC_ATTACH_CALL, 4, 0));
        peer_await(&p, NGX_CC_WIRE_EXITED);
        ck_assert_str_eq((char *) p.out[0], "two\n");
        ck_assert_int_eq(WEXITSTATUS(p.m.bound.exited.status), 3);
        (void) peer_say(&p, NGX_CC_WIRE_REMOVE, 0);
        peer_await(&p, NGX_CC_WIRE_REMOVED);
        peer_close(&p);

        if (i == 0) {
            peer_await(&h.starter, NGX_CC_WIRE_EXITED);
        }

        if (i < 2) {
            released(0);
        }
    }

    /* without its worker there is nothing to wait for */

    peer_gone(&h);
}
END_TEST


/* nobody comes: it is ended, and what it was stays as long again */

START_TEST(call_forgotten)
{
    int       i;
    peer_t    p;
    uint64_t  before;

    for (i = 0; i < 4; i++) {
        ck_assert_int_eq(ngx_cc_handle_make(&h.handle), 0);
        start(&usual, i % 2 ? "sleep 0.1" : "exec sleep 100");
        ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);
        before = ngx_cc_clock_ms();
        listening(300);

        if (i < 2) {
            peer_ask(&h.starter, &h, NGX_CC_ATTACH_MONITOR, 0, 0);
            peer_attached(&h.starter);
            peer_await(&h.starter, NGX_CC_WIRE_EXITED);
            ck_assert_uint_eq(h.starter.m.bound.exited.cause,
                              i % 2 ? NGX_CC_CAUSE_EXIT
                                    : NGX_CC_CAUSE_DISCONNECT);
            ck_assert(peer_attach(&p, &h, 0, 0, 0));
            peer_close(&p);
            released(0);

        } else {
            (void) close(h.starter.s);
            h.starter.s = -1;
            peer_gone(&h);
            teardown();
            setup();
        }

        ck_assert_uint_ge(ngx_cc_clock_ms() - before, i % 2 ? 300 : 600);
    }

    /* while its starter reads it is not forgotten */

    start(&usual, "echo one; sleep 0.8; echo two");
    ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);
    listening(200);
    (void) await(NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(h.starter.m.bound.exited.cause, NGX_CC_CAUSE_EXIT);
    (void) usleep(400000);
    ck_assert(peer_attach(&p, &h, 0, 0, 0));
    peer_close(&p);
    released(1);

    /* without "resume" it ends with its starter */

    start(&usual, "exec sleep 100");
    ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);
    listening(0);
    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, 0, 0));
    (void) close(h.starter.s);
    h.starter.s = -1;
    peer_await(&p, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(p.m.bound.exited.cause, NGX_CC_CAUSE_DISCONNECT);
    peer_close(&p);
    peer_gone(&h);
}
END_TEST


/* who does not take it over looks on, the owner, too */

START_TEST(call_observed)
{
    int                  i;
    peer_t               p;
    ngx_cc_wire_input_t  input;

    for (i = 0; i < 3; i++) {
        ck_assert_int_eq(ngx_cc_handle_make(&h.handle), 0);
        start(&usual, i < 2 ? "exec sleep 100" : "sleep 0.2; seq 1 9000");
        ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);
        listening(i == 1 ? 60000 : 0);

        ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_WRITE
                              |NGX_CC_ATTACH_EXCLUSIVE|NGX_CC_ATTACH_SIGNAL
                              |(i == 1 ? NGX_CC_ATTACH_OBSERVER : 0), 0, 0));
        ck_assert_uint_eq(p.m.kept.attached.denied, 0);
        ck_assert_uint_eq(p.m.head.flags & NGX_CC_ATTACH_FLAGS
                          & NGX_CC_ATTACHED_FLAGS,
                          NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_LOSSY
                          |NGX_CC_ATTACH_OBSERVER
                          |(i == 1 ? NGX_CC_ATTACH_SIGNAL : 0));

        if (i == 0) {
            ngx_cc_wire_init(&input, NGX_CC_WIRE_INPUT, 0, sizeof(input));
            input.head.flags = NGX_CC_INPUT_EOF;
            ck_assert(peer_send(&p, &input));

            while (peer_next(&p, PEER_TIMEOUT, 1) != 0) { /* void */ }

            (void) peer_say(&h.starter, NGX_CC_WIRE_ABANDON, 0);

        } else if (i == 1) {
            (void) peer_say(&p, NGX_CC_WIRE_CANCEL, 0);
            peer_await(&p, NGX_CC_WIRE_EXITED);
            ck_assert_uint_eq(p.m.bound.exited.cause, NGX_CC_CAUSE_CANCEL);
        }

        (void) await(NGX_CC_WIRE_EXITED);

        if (i == 2) {
            peer_await(&p, NGX_CC_WIRE_EXITED);
            ck_assert_uint_eq(p.missing[0], 0);
            ck_assert_uint_eq(p.next[0], h.starter.m.bound.exited.bytes[0]);
        }

        released(i > 0);
        peer_close(&p);
    }
}
END_TEST


/*
 * Somebody takes it over: the starter is told, and what it may still be reading
 * stays where it is until it has said that it does not.
 */

START_TEST(call_taken)
{
    int     i;
    char   *all;
    size_t  n;
    peer_t  p;

    all = malloc(ALL);
    n = sequence(all, 300000);

    start(&usual, "echo go; sleep 0.2; seq 1 300000 >&2");
    ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);
    (void) await(NGX_CC_WIRE_OUTPUT);
    listening(60000);
    credit();
    (void) await(NGX_CC_WIRE_OUTPUT);

    ck_assert(peer_connect(&p, &h));
    ck_assert(peer_prove(&p, &h, h.keep.auth));
    peer_ask(&p, &h, NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_WRITE
                     |NGX_CC_ATTACH_EXCLUSIVE|NGX_CC_ATTACH_CALL, 0, 0);
    peer_attached(&p);
    peer_read(&p, 0);
    (void) await(NGX_CC_WIRE_DETACHED);
    ck_assert_uint_eq(h.starter.m.kept.detached.reason, NGX_CC_DETACHED_TAKEN);

    for (i = 0; i < 100 && p.next[1] < n; i++) {
        if (peer_next(&p, 20, 0) == NGX_CC_WIRE_DATA) {
            peer_read(&p, 0);
        }
    }

    ck_assert_uint_lt(p.next[1], PEER_RING);
    ck_assert_mem_eq(out[1], all, len[1]);

    peer_ask(&h.starter, &h, NGX_CC_ATTACH_MONITOR, 0, 0);
    peer_await(&p, NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(p.next[1], n);
    ck_assert_uint_eq(p.gaps, 0);
    ck_assert_mem_eq(p.out[1], all, n);
    (void) peer_say(&p, NGX_CC_WIRE_REMOVE, 0);
    peer_attached(&h.starter);
    peer_await(&h.starter, NGX_CC_WIRE_EXITED);
    released(0);
    peer_close(&p);
    free(all);
}
END_TEST


/* canceled from elsewhere, abandoned by its worker, refused */

START_TEST(call_ends)
{
    peer_t         p, late;
    peer_helper_t  other;

    start(&usual, "trap '' TERM; sleep 100; sleep 100");
    ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);
    listening(60000);
    ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_MONITOR|NGX_CC_ATTACH_WRITE,
                          0, 0));
    (void) peer_say(&p, NGX_CC_WIRE_REMOVE, NGX_CC_REMOVE_FORCE);
    peer_await(&p, NGX_CC_WIRE_REMOVED);

    /* nobody gets what nobody wants, though it has not ended yet */

    if (peer_attach(&late, &h, NGX_CC_ATTACH_DATA, 0, 0)) {
        ck_assert_uint_eq(late.m.kept.attached.denied,
                          NGX_CC_DENIED_UNKNOWN);
        peer_close(&late);
    }

    (void) await(NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(h.starter.m.bound.exited.cause, NGX_CC_CAUSE_CANCEL);
    released(0);
    peer_close(&p);

    start(&usual, "yes; exit 1");
    ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);
    listening(60000);
    (void) peer_say(&h.starter, NGX_CC_WIRE_ABANDON, 0);
    (void) await(NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(h.starter.m.bound.exited.cause, NGX_CC_CAUSE_DISCONNECT);
    released(0);

    memset(&other, 0, sizeof(other));
    peer_helper(&other);
    other.handle = h.handle;
    other.keep = h.keep;
    peer_run(&other, &usual, 0, "sleep 100");

    start(&usual, "sleep 0.2; echo one");
    ck_assert_int_eq(await(0), NGX_CC_WIRE_STARTED);
    ck_assert(reach(NGX_CC_WIRE_LISTEN, 0, 60000));
    (void) await(NGX_CC_WIRE_LISTENING);
    ck_assert_int_eq(h.starter.m.kept.reached.error, EADDRINUSE);
    (void) await(NGX_CC_WIRE_EXITED);
    ck_assert_uint_eq(h.starter.m.head.flags, NGX_CC_EXITED_REUSABLE);

    (void) close(other.watch);
    peer_gone(&other);
    peer_close(&other.starter);
    ngx_cc_ring_unmap(other.ring, PEER_RING);

    start(&usual, "true");
    (void) await(NGX_CC_WIRE_EXITED);
}
END_TEST


/* LISTEN meets the end: it can be reached, or it was over; never in between */

START_TEST(call_racing_exit)
{
    int     i, rounds, type;
    char    command[100];
    peer_t  p;

    rounds = getenv("CC_NIGHTLY") ? 1000 : 40;

    for (i = 0; i < rounds; i++) {
        ck_assert_int_eq(ngx_cc_handle_make(&h.handle), 0);
        (void) snprintf(command, sizeof(command),
                        "echo one; sleep 0.00%d; echo two", i % 10);
        start(&usual, command);

        if (await(0) != NGX_CC_WIRE_STARTED) {
            continue;
        }

        (void) usleep(i * 997 % 9000);
        ck_assert(reach(NGX_CC_WIRE_LISTEN, 0, 60000));
        type = await(0);

        if (type == NGX_CC_WIRE_LISTENING) {
            (void) await(NGX_CC_WIRE_EXITED);
            ck_assert(peer_attach(&p, &h, NGX_CC_ATTACH_DATA, 0, 0));
            peer_await(&p, NGX_CC_WIRE_EXITED);
            ck_assert_str_eq((char *) p.out[0], "one\ntwo\n");
            peer_close(&p);
        }

        head = h.starter.m.bound.exited.pos;
        take();
        ck_assert_uint_eq(len[0], 8);

        if (type == NGX_CC_WIRE_LISTENING) {
            released(1);

        } else {
            ck_assert_int_eq(type, NGX_CC_WIRE_EXITED);
        }
    }
}
END_TEST


/*
 * An executor service has left, its commands are told to end; one that becomes
 * kept meanwhile is not kept for long.
 */

START_TEST(serviceless)
{
    int                   fd;
    char                  command[256], go[] = "/tmp/cc_handover_XXXXXX";
    peer_start_t          o = usual;
    static ngx_cc_user_t  user;

    if (geteuid() != 0) {
        return;
    }

    /* as a helper of another user's command: the first one leaves */

    (void) close(h.watch);
    peer_gone(&h);
    peer_close(&h.starter);
    ngx_cc_ring_unmap(h.ring, PEER_RING);

    ck_assert_int_eq(ngx_cc_user_find(&user, "backup"), 0);
    memset(&h, 0, sizeof(h));
    h.user = &user;
    peer_helper(&h);

    fd = mkstemp(go);
    ck_assert_int_ne(fd, -1);
    (void) close(fd);

    o.grace = 600000;
    (void) snprintf(command, sizeof(command), "trap 'echo told' TERM; echo go;"
                    " while [ -e %s ]; do sleep 0.05; done", go);
    start(&o, command);

    while (len[0] < 3) {
        (void) await(NGX_CC_WIRE_OUTPUT);
        credit();
    }

    (void) close(h.watch);
    h.watch = -1;

    while (len[0] < 8) {
        (void) await(NGX_CC_WIRE_OUTPUT);
        credit();
    }

    ck_assert_mem_eq(out[0], "go\ntold\n", 8);
    kept();
    (void) unlink(go);
    peer_gone(&h);
}
END_TEST


int
main(void)
{
    Suite  *s = suite_create("handover");
    TCase  *tc = tcase_create("handover");

    (void) signal(SIGPIPE, SIG_IGN);

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, bound);
    tcase_add_test(tc, mapping);
    tcase_add_test(tc, hand_over);
    tcase_add_test(tc, sleeps_kept);
    tcase_add_test(tc, sleeps_reachable);
    tcase_add_test(tc, starter);
    tcase_add_test(tc, ends);
    tcase_add_test(tc, full);
    tcase_add_test(tc, refused);
    tcase_add_test(tc, run_limit);
    tcase_add_test(tc, racing_exit);
    tcase_add_test(tc, racing_death);
    tcase_add_test(tc, mad_worker);
    tcase_add_test(tc, call);
    tcase_add_test(tc, call_resumed);
    tcase_add_test(tc, call_observed);
    tcase_add_test(tc, call_forgotten);
    tcase_add_test(tc, call_taken);
    tcase_add_test(tc, call_ends);
    tcase_add_test(tc, call_racing_exit);
    tcase_add_test(tc, serviceless);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
