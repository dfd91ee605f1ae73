
/*
 * Datagrams to the helper of a kept command, from whoever: a peer that has
 * proved nothing, and workers that are attached.  Whatever they say, at any
 * time and in any order: what it answers is a good message, nobody gets more
 * than they were granted, and what is held stays what was written.
 */

#include "fuzz.h"
#include <sys/socket.h>
#include <unistd.h>
#include "ngx_cc_clock.h"
#include "ngx_cc_fdmsg.h"
#include "ngx_cc_places.h"
#include "ngx_cc_stay_turn.h"


#define RING      65536
#define PEERS     4
#define WATCHERS  2
#define WAITS     3
#define TURNS     400


static ngx_cc_life_t   pristine, life;
static uint8_t        *buffer;
static size_t          room;
static ngx_cc_stay_t  *stay;
static int             peer[PEERS];      /* 0: the control socket */
static uint64_t        read_to[PEERS][2];
static int             strange;          /* a CREDIT that no reader gives */


static void
once(void)
{
    int       fd;
    uint8_t  *ring;

    if (buffer) {
        return;
    }

    room = NGX_CC_WIRE_MAX_START + NGX_CC_WIRE_MAX_INPUT;
    buffer = malloc(room);
    fuzz_check(buffer != NULL);

    fd = ngx_cc_ring_create(RING);
    fuzz_check(fd != -1);
    ring = ngx_cc_ring_map(fd, RING, 1);
    fuzz_check(ring != NULL);
    (void) close(fd);

    fuzz_check(ngx_cc_life_init(&pristine, ring, RING) == 0);
}


/* what the command writes: which byte it is says where it stands */

static void
fill(fuzz_in_t *in, ngx_cc_history_t *history)
{
    size_t     i, n, all;
    uint8_t   *p;
    unsigned   s;

    s = fuzz_byte(in) % 2;
    n = 1 + fuzz_u16(in);
    all = ngx_cc_history_room(history, &p);
    n = n < all ? n : all;

    for (i = 0; i < n; i++) {
        p[i] = 'a' + ((history->bytes[s] + i) / 3 + s) % 2;
    }

    if (n) {
        ngx_cc_history_commit(history, s, n);
    }
}


/* one that has run for a while */

static ngx_cc_stay_t *
take_over(fuzz_in_t *in, const ngx_cc_wire_start_t *start, int how,
    int control)
{
    ngx_cc_history_t      history;
    ngx_cc_wire_reach_t  *reach;

    ngx_cc_history_init(&history, &life.pump.ring, start->keep.output);
    fill(in, &history);
    history.need = life.pump.ring.head;
    fill(in, &history);
    fill(in, &history);

    /* a call's starter has read, and given credit for, the first of them */

    reach = (ngx_cc_wire_reach_t *) buffer;
    ngx_cc_wire_init(reach, how & 4 ? NGX_CC_WIRE_LISTEN : NGX_CC_WIRE_KEEP, 1,
                     sizeof(*reach));
    reach->resume = how & 4 ? 50000 : 0;
    reach->handle = start->handle;
    reach->keep = start->keep;
    memcpy(reach->owner, start->owner, sizeof(reach->owner));

    return ngx_cc_stay_take_over(&life, reach, &history, 1, 0, control, buffer,
                                 room);
}


static void
begin(fuzz_in_t *in)
{
    int                     pair[2], how;
    pid_t                   pid;
    ngx_cc_wire_start_t     start;
    ngx_cc_wire_strings_t   strings;

    strange = 0;
    life = pristine;
    ngx_cc_ring_reset(&life.pump.ring, RING);
    life.state = NGX_CC_LIFE_RUNNING;
    life.run = 1;
    life.stdin_open = 1;
    life.now = 1000000;
    ngx_cc_wire_init(&life.exited, NGX_CC_WIRE_EXITED, 1,
                     sizeof(life.exited));
    life.exited.pid = 1;

    ngx_cc_wire_init(&start, NGX_CC_WIRE_START, 1, sizeof(start));
    memset(&strings, 0, sizeof(strings));
    strings.label = "label";
    strings.shown = "shown";

    pid = getpid();
    memcpy(start.handle.byte, &pid, sizeof(pid));
    memset(start.owner, 1, sizeof(start.owner));
    memset(start.keep.realm, fuzz_byte(in) % 2 ? 2 : 0, 32);
    start.keep.output = 4096;
    start.keep.watchers = WATCHERS;
    start.keep.waits = WAITS;
    start.keep.ttl = 100000;
    start.keep.orphan = 50000;
    start.keep.stall = 1000;
    how = fuzz_byte(in);
    start.keep.flags = how % 2 ? NGX_CC_KEEP_DROP : 0;

    fuzz_check(ngx_cc_fdmsg_pair(pair) == 0);
    peer[0] = pair[0];
    stay = how & 2 ? take_over(in, &start, how, pair[1])
                   : ngx_cc_stay_open(&life, &start, &strings, pair[1], buffer,
                                      room);
    fuzz_check(stay != NULL);

    ngx_cc_stay_begin(stay);
    stay->acked = 1;
    stay->told = 1;
}


/* 1: proves nothing; others have, as listen has seen to it */

static void
arrive(int i)
{
    int                pair[2];
    ngx_cc_watcher_t  *w;

    if (peer[i] != -1) {
        return;
    }

    fuzz_check(ngx_cc_fdmsg_pair(pair) == 0);
    w = ngx_cc_places_take(stay, pair[1]);
    fuzz_check(w != NULL);
    w->phase = i == 1 ? NGX_CC_WATCHER_HELLO : NGX_CC_WATCHER_READY;
    w->at = life.now + 1000;
    peer[i] = pair[0];
}


/* a message: mostly of the right size, with anything in it */

static void
say(fuzz_in_t *in, int i)
{
    size_t               n, k;
    ngx_cc_wire_mark_t  *mark;

    static const size_t  sizes[NGX_CC_WIRE_TYPES] = {
        [NGX_CC_WIRE_SIGNAL] = sizeof(ngx_cc_wire_signal_t),
        [NGX_CC_WIRE_INPUT] = sizeof(ngx_cc_wire_input_t),
        [NGX_CC_WIRE_RESIZE] = sizeof(ngx_cc_wire_resize_t),
        [NGX_CC_WIRE_HELLO] = sizeof(ngx_cc_wire_hello_t),
        [NGX_CC_WIRE_PROOF] = sizeof(ngx_cc_wire_hello_t),
        [NGX_CC_WIRE_ATTACH] = sizeof(ngx_cc_wire_attach_t),
        [NGX_CC_WIRE_READ] = sizeof(ngx_cc_wire_read_t),
        [NGX_CC_WIRE_MARK] = sizeof(ngx_cc_wire_mark_t),
        [NGX_CC_WIRE_WAIT] = sizeof(ngx_cc_wire_wait_t),
        [NGX_CC_WIRE_UNWAIT] = sizeof(ngx_cc_wire_woke_t),
        [NGX_CC_WIRE_LIST] = sizeof(ngx_cc_wire_list_t),
        [NGX_CC_WIRE_CREDIT] = sizeof(ngx_cc_wire_credit_t)
    };

    union {
        ngx_cc_wire_head_t    head;
        ngx_cc_wire_attach_t  attach;
        ngx_cc_wire_wait_t    wait;
        ngx_cc_wire_input_t   input;
        ngx_cc_wire_read_t    read;
        ngx_cc_wire_mark_t    mark;
        ngx_cc_wire_signal_t  signal;
        ngx_cc_wire_credit_t  credit;
        uint8_t               byte[1024];
    } m;

    memset(&m, 0, sizeof(m));
    ngx_cc_wire_init(&m, 1 + fuzz_byte(in) % (NGX_CC_WIRE_TYPES - 1),
                     i == 0 ? 1 : 0, sizeof(m.head));
    m.head.flags = fuzz_byte(in);
    n = sizes[m.head.type] ? sizes[m.head.type] : sizeof(m.head);

    switch (m.head.type) {

    case NGX_CC_WIRE_ATTACH:
        m.attach.handle = stay->handle;
        m.attach.handle.byte[23] ^= fuzz_byte(in) % 8 == 0;
        memset(m.attach.owner, 1, sizeof(m.attach.owner));
        memset(m.attach.realm, 2, sizeof(m.attach.realm));
        m.attach.reader[0] = fuzz_byte(in) % 24;
        m.attach.from[0] = (int16_t) fuzz_u16(in);
        m.attach.from[1] = (int16_t) fuzz_u16(in) * 100;
        break;

    case NGX_CC_WIRE_MARK:
        m.mark.next[0] = fuzz_u16(in);
        m.mark.next[1] = fuzz_u16(in) == 0 ? UINT64_MAX : fuzz_byte(in);
        m.mark.reader[0] = fuzz_byte(in) % 24;
        break;

    case NGX_CC_WIRE_READ:
        m.read.max = fuzz_u16(in) % 3 ? fuzz_u16(in) : 0;
        break;

    case NGX_CC_WIRE_SIGNAL:
        m.signal.signo = 64;
        break;

    case NGX_CC_WIRE_CREDIT:
        m.credit.tail = fuzz_byte(in) % 2 ? life.pump.ring.head
                                          : stay->history.floor.pos;
        m.credit.seen = m.credit.tail;
        break;

    case NGX_CC_WIRE_WAIT:
        m.wait.serial = fuzz_byte(in) % 8;
        m.wait.until = fuzz_byte(in) % 4;
        m.wait.streams = fuzz_byte(in) % 4;
        m.wait.idle = fuzz_byte(in) * 8;
        m.wait.timeout = fuzz_byte(in) * 100;
        m.wait.read[0] = (int16_t) fuzz_u16(in);
        m.wait.max = fuzz_byte(in);
        m.wait.from[0] = fuzz_u16(in);
        m.wait.from[1] = fuzz_u16(in) == 0 ? INT64_MAX : 0;
        m.wait.reader[0] = fuzz_byte(in) % 24;
        k = fuzz_byte(in) % 24;

        if (k) {
            m.wait.n = 1;
            m.wait.text = 2 + k;
            m.byte[n] = k;
            n += 2;

            while (k--) {
                m.byte[n++] = 'a' + fuzz_byte(in) % 2;
            }
        }

        break;

    case NGX_CC_WIRE_BUNDLE:
        mark = (ngx_cc_wire_mark_t *) (&m.head + 1);

        for (k = fuzz_byte(in) % 4; k; k--, mark++) {
            ngx_cc_wire_init(mark, NGX_CC_WIRE_MARK, m.head.run,
                             sizeof(*mark));
            mark->next[0] = fuzz_u16(in);
            mark->reader[0] = fuzz_byte(in) % 24;
            n += sizeof(*mark);
        }

        break;

    case NGX_CC_WIRE_INPUT:
        m.input.len = fuzz_byte(in);
        n += m.input.len;
        break;

    default:
        for (k = sizeof(m.head); k < n; k++) {
            m.byte[k] = fuzz_byte(in);
        }
    }

    /* now and then a byte of it is another one */

    if (fuzz_byte(in) % 8 == 0) {
        m.byte[fuzz_u16(in) % n] ^= fuzz_byte(in);
    }

    if (fuzz_byte(in) % 8 == 0) {
        n = 1 + fuzz_u16(in) % sizeof(m);
    }

    m.head.size = n;

    if (m.head.type == NGX_CC_WIRE_CREDIT
        && m.credit.tail != life.pump.ring.head
        && m.credit.tail != stay->history.floor.pos)
    {
        /* in the middle of a record: that is its own fault */
        strange = 1;
    }

    (void) send(peer[i], &m, n, MSG_NOSIGNAL|MSG_DONTWAIT);
}


/* bytes that were written there, each in its place */

static void
hear_message(int i, const ngx_cc_wire_kept_msg_t *m)
{
    size_t                       pos;
    const ngx_cc_wire_record_t  *rec;

    fuzz_check(m->head.run == (i == 0));
    fuzz_check(i != 1 || m->head.type == NGX_CC_WIRE_WELCOME);

    if (m->head.type == NGX_CC_WIRE_ATTACHED) {
        memcpy(read_to[i], m->attached.from, sizeof(read_to[i]));
    }

    if (m->head.type != NGX_CC_WIRE_DATA) {
        return;
    }

    for (pos = 0; (rec = ngx_cc_wire_kept_record(&m->data, &pos)); ) {
        fuzz_check(rec->offset == read_to[i][rec->stream]);
        read_to[i][rec->stream] = rec->to;
        fuzz_check(rec->to <= stay->history.bytes[rec->stream]);

        if (rec->len) {
            fuzz_check(*(const uint8_t *) (rec + 1)
                       == 'a' + (rec->offset / 3 + rec->stream) % 2);
        }
    }
}


/* what the helper says: good messages */

static void
hear(int i)
{
    int                        k;
    size_t                     pos;
    ssize_t                    n;
    const ngx_cc_wire_head_t  *msg;

    static union {
        ngx_cc_wire_head_t      head;
        ngx_cc_wire_kept_msg_t  kept;
        uint8_t                 byte[NGX_CC_WIRE_MAX_DATA + 1024];
    } m;

    for (k = 0; k < 64; k++) {
        n = recv(peer[i], &m, sizeof(m), MSG_DONTWAIT);

        if (n <= 0) {
            if (n == 0) {
                (void) close(peer[i]);
                peer[i] = -1;
            }

            return;
        }

        fuzz_check(ngx_cc_wire_check(&m, n) != 0);

        if (m.head.type != NGX_CC_WIRE_BUNDLE) {
            hear_message(i, &m.kept);
            continue;
        }

        for (pos = 0; (msg = ngx_cc_wire_kept_next(&m.head, &pos)); ) {
            hear_message(i, (const ngx_cc_wire_kept_msg_t *) msg);
        }
    }
}


static void
produce(fuzz_in_t *in)
{
    if (!stay->over) {
        fill(in, &stay->history);
    }
}


static void
check(void)
{
    uint32_t                 i, n;
    const ngx_cc_watcher_t  *w;
    const ngx_cc_history_t  *h;

    h = &stay->history;
    fuzz_check(h->floor.pos == h->ring->tail && h->floor.pos <= h->ring->head);
    fuzz_check(h->ring->head - h->floor.pos <= RING);
    fuzz_check(stay->used <= stay->places);
    fuzz_check(ngx_cc_places_count(stay, NULL) <= WATCHERS);

    /* what the starter may be reading is still there */

    fuzz_check(!stay->watcher[0].mapped || strange
               || h->floor.pos <= stay->watcher[0].taken);

    for (i = 0, n = 0; i < stay->used; i++) {
        w = &stay->watcher[i];
        n += w->waits;

        if (w->phase != NGX_CC_WATCHER_ATTACHED) {
            fuzz_check(w->input == NULL);
            continue;
        }

        fuzz_check(!(w->flags & NGX_CC_ATTACH_MONITOR)
                   || !(w->flags & NGX_CC_ATTACH_DATA));
        fuzz_check(!(w->flags & NGX_CC_ATTACH_OBSERVER)
                   || !(w->flags & NGX_CC_ATTACH_WRITE));

        /* the starter of a call reads in the ring itself, by no cursor */

        if ((w->flags & (NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_LOSSY))
            == NGX_CC_ATTACH_DATA
            && !w->mapped)
        {
            fuzz_check(w->taken <= w->cursor.ring.pos
                       || w->cursor.ring.pos < h->floor.pos);
        }
    }

    fuzz_check(stay->waits.stale || n == stay->waits.n);
}


static void
finish(void)
{
    uint32_t  i;

    /* without what the end of the control socket would mean */

    stay->acked = stay->told = 1;

    for (i = stay->places; i-- > 0; ) {
        if (stay->watcher[i].phase != NGX_CC_WATCHER_NONE) {
            ngx_cc_places_drop(stay, &stay->watcher[i]);
        }
    }

    ngx_cc_history_done(&stay->history);
    ngx_cc_stay_close(stay);

    for (i = 0; i < PEERS; i++) {
        if (peer[i] != -1) {
            (void) close(peer[i]);
            peer[i] = -1;
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int        i, turn;
    fuzz_in_t  in = { data, data + size };

    once();
    memset(peer, 0xff, sizeof(peer));
    begin(&in);

    for (turn = 0; turn < TURNS && fuzz_left(&in); turn++) {

        if (life.state == NGX_CC_LIFE_OVER || life.orphaned || stay->free) {
            break;
        }

        i = fuzz_byte(&in) % PEERS;

        switch (fuzz_byte(&in) % 8) {

        case 0:
            produce(&in);
            break;

        case 1:
            life.now += fuzz_u16(&in);
            break;

        case 2:
            if (i && peer[i] != -1 && fuzz_byte(&in) % 4 == 0) {
                (void) close(peer[i]);
                peer[i] = -1;
            }

            break;

        case 3:
            if (!stay->over && fuzz_byte(&in) % 16 == 0) {
                life.state = NGX_CC_LIFE_IDLE;
                life.tell |= NGX_CC_TELL_EXITED;
            }

            break;

        default:
            if (i) {
                arrive(i);
            }

            if (peer[i] != -1) {
                say(&in, i);
            }
        }

        if (life.pump.input_busy && fuzz_byte(&in) % 2) {
            life.pump.input_busy = 0;
            ngx_cc_wire_init(&life.input_done, NGX_CC_WIRE_INPUT_DONE, 1,
                             sizeof(life.input_done));
            life.tell |= NGX_CC_TELL_INPUT;
        }

        ngx_cc_stay_receive(stay);
        ngx_cc_stay_turn(stay);
        check();

        for (i = 0; i < PEERS; i++) {
            if (peer[i] != -1) {
                hear(i);
            }
        }
    }

    finish();

    return 0;
}
