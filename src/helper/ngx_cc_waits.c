
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include "ngx_cc_places.h"
#include "ngx_cc_watcher_grant.h"


#define NGX_CC_WAITS_SPARE   64      /* places of those that are refused */
#define NGX_CC_WAITS_PIECE   64      /* what a piece costs besides its bytes */


_Static_assert(NGX_CC_MATCH_PATTERNS == NGX_CC_WIRE_MAX_PATTERNS
               && NGX_CC_MATCH_PATTERN == NGX_CC_WIRE_MAX_PATTERN,
               "what a message may ask for can be looked for");


static size_t ngx_cc_waits_size(uint32_t max);
static int ngx_cc_waits_refuse(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    uint32_t serial);
static ngx_cc_wait_t *ngx_cc_waits_place(ngx_cc_waits_t *waits);
static void ngx_cc_waits_begin(ngx_cc_stay_t *stay, ngx_cc_wait_t *wait,
    const ngx_cc_wire_wait_t *msg);
static void ngx_cc_waits_from(ngx_cc_stay_t *stay, ngx_cc_wait_t *wait,
    const ngx_cc_wire_wait_t *msg);
static void ngx_cc_waits_free(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    ngx_cc_wait_t *wait);
static void ngx_cc_waits_clean(ngx_cc_stay_t *stay);
static void ngx_cc_waits_output(ngx_cc_stay_t *stay);
static int ngx_cc_waits_scan(ngx_cc_stay_t *stay, ngx_cc_wait_t *wait,
    size_t *budget);
static uint64_t ngx_cc_waits_look(ngx_cc_stay_t *stay, ngx_cc_wait_t *wait);
static void ngx_cc_waits_wake(ngx_cc_stay_t *stay, ngx_cc_wait_t *wait,
    ngx_cc_wire_woke_e reason);


int
ngx_cc_waits_init(ngx_cc_waits_t *waits, uint32_t max)
{
    void  *p;

    p = mmap(NULL, ngx_cc_waits_size(max), PROT_READ|PROT_WRITE,
             MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        return -1;
    }

    waits->wait = p;
    waits->max = max;

    return 0;
}


void
ngx_cc_waits_done(ngx_cc_waits_t *waits)
{
    if (waits->wait) {
        (void) munmap(waits->wait, ngx_cc_waits_size(waits->max));
        waits->wait = NULL;
    }
}


static size_t
ngx_cc_waits_size(uint32_t max)
{
    return (max + NGX_CC_WAITS_SPARE) * sizeof(ngx_cc_wait_t);
}


int
ngx_cc_waits_add(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_wait_t *msg)
{
    uint32_t         i;
    ngx_cc_wait_t   *wait;
    ngx_cc_waits_t  *waits;

    waits = &stay->waits;

    if (waits->stale) {
        ngx_cc_waits_clean(stay);
    }

    for (i = 0; i < waits->used; i++) {
        if (waits->wait[i].watcher == w->serial
            && waits->wait[i].serial == msg->serial)
        {
            return 0;
        }
    }

    wait = ngx_cc_waits_place(waits);

    if (wait == NULL) {
        return ngx_cc_waits_refuse(stay, w, msg->serial);
    }

    if (waits->n == 0) {
        memcpy(waits->bytes, stay->history.bytes, sizeof(waits->bytes));
    }

    memset(wait, 0, sizeof(ngx_cc_wait_t));
    wait->watcher = w->serial;
    wait->serial = msg->serial;

    w->waits++;

    if (++waits->n > waits->max) {
        ngx_cc_waits_wake(stay, wait, NGX_CC_WOKE_REFUSED);
        w->woken = 1;
        return 1;
    }

    ngx_cc_waits_begin(stay, wait, msg);

    return 1;
}


/* there is not even a place for it: told at once, and the others go on */

static int
ngx_cc_waits_refuse(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w, uint32_t serial)
{
    ngx_cc_wire_woke_t  woke;

    ngx_cc_wire_init(&woke, NGX_CC_WIRE_WOKE, 0, sizeof(woke));
    woke.serial = serial;
    woke.reason = NGX_CC_WOKE_REFUSED;

    return ngx_cc_places_send(stay, w, &woke) == 0
           || w->phase == NGX_CC_WATCHER_NONE;
}


static ngx_cc_wait_t *
ngx_cc_waits_place(ngx_cc_waits_t *waits)
{
    uint32_t  i;

    for (i = 0; i < waits->max + NGX_CC_WAITS_SPARE; i++) {

        if (i == waits->used) {
            waits->used++;
        }

        if (waits->wait[i].watcher == 0) {
            return &waits->wait[i];
        }
    }

    return NULL;
}


static void
ngx_cc_waits_begin(ngx_cc_stay_t *stay, ngx_cc_wait_t *wait,
    const ngx_cc_wire_wait_t *msg)
{
    int             s;
    uint16_t        len;
    uint32_t        i;
    uint64_t        now;
    const uint8_t  *p;

    now = stay->life->now;

    wait->flags = msg->head.flags;
    memcpy(wait->read, msg->read, sizeof(wait->read));
    memcpy(wait->reader, msg->reader, sizeof(wait->reader));
    wait->max = msg->max;
    wait->until = msg->until;
    wait->streams = msg->streams;
    wait->idle = msg->idle;
    wait->began = now;
    wait->timeout_at = msg->timeout && msg->timeout < NGX_CC_LIFE_NEVER - now
                       ? now + msg->timeout : NGX_CC_LIFE_NEVER;

    ngx_cc_waits_from(stay, wait, msg);
    ngx_cc_match_init(&wait->match, msg->head.flags & NGX_CC_WAIT_ANSI);

    p = (const uint8_t *) (msg + 1);

    for (i = 0; i < msg->n; i++) {
        memcpy(&len, p, sizeof(len));
        p += sizeof(len);
        (void) ngx_cc_match_add(&wait->match, p, len);
        p += len;
    }

    ngx_cc_history_seek(&stay->history, &wait->cursor, wait->from);

    /* nothing of the other stream is wanted */

    for (s = 0; s < NGX_CC_STREAMS; s++) {
        if (!(wait->streams & (1u << s))) {
            wait->cursor.next[s] = UINT64_MAX;
        }
    }
}


static void
ngx_cc_waits_from(ngx_cc_stay_t *stay, ngx_cc_wait_t *wait,
    const ngx_cc_wire_wait_t *msg)
{
    int  s;

    ngx_cc_watcher_grant_from(stay, msg->from,
                              msg->head.flags & NGX_CC_WAIT_SINCE ? msg->reader
                                                                  : NULL,
                              wait->from);

    for (s = 0; s < NGX_CC_STREAMS; s++) {
        if (wait->from[s] == INT64_MAX) {
            wait->from[s] = stay->history.bytes[s];
        }
    }
}


void
ngx_cc_waits_withdraw(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    uint32_t serial)
{
    uint32_t        i;
    ngx_cc_wait_t  *wait;

    for (i = 0; i < stay->waits.used; i++) {
        wait = &stay->waits.wait[i];

        if (wait->watcher == w->serial && wait->serial == serial) {
            ngx_cc_waits_free(stay, w, wait);
            return;
        }
    }
}


/* those of connections that have ended */

static void
ngx_cc_waits_clean(ngx_cc_stay_t *stay)
{
    uint32_t        i;
    ngx_cc_wait_t  *wait;

    stay->waits.stale = 0;

    for (i = 0; i < stay->waits.used; i++) {
        wait = &stay->waits.wait[i];

        if (wait->watcher && ngx_cc_places_find(stay, wait->watcher) == NULL) {
            ngx_cc_waits_free(stay, NULL, wait);
        }
    }
}


static void
ngx_cc_waits_free(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    ngx_cc_wait_t *wait)
{
    ngx_cc_waits_t  *waits;

    waits = &stay->waits;

    wait->watcher = 0;

    if (w) {
        w->waits--;
    }

    waits->n--;

    while (waits->used && waits->wait[waits->used - 1].watcher == 0) {
        waits->used--;
    }

    if (waits->n == 0 && stay->over) {
        (void) madvise(waits->wait, ngx_cc_waits_size(waits->max),
                       MADV_DONTNEED);
    }
}


void
ngx_cc_waits_tell(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w)
{
    uint32_t        i;
    ngx_cc_wait_t  *wait;

    for (i = 0; w->waits && i < stay->waits.used; i++) {
        wait = &stay->waits.wait[i];

        if (wait->watcher != w->serial || !wait->woken) {
            continue;
        }

        if (ngx_cc_places_send(stay, w, &wait->woke) == -1) {
            return;
        }

        if (wait->flags & NGX_CC_WAIT_READ) {
            ngx_cc_watcher_grant_read(stay, w, wait);
            ngx_cc_waits_free(stay, w, wait);
            return;
        }

        ngx_cc_waits_free(stay, w, wait);
    }

    w->woken = 0;
}


uint64_t
ngx_cc_waits_turn(ngx_cc_stay_t *stay)
{
    size_t             budget;
    uint32_t           i, n, first;
    uint64_t           at, next;
    ngx_cc_wait_t     *wait;
    ngx_cc_waits_t    *waits;
    ngx_cc_watcher_t  *w;

    waits = &stay->waits;
    next = NGX_CC_LIFE_NEVER;

    if (waits->stale) {
        ngx_cc_waits_clean(stay);
    }

    if (waits->n == 0) {
        return next;
    }

    ngx_cc_waits_output(stay);

    budget = NGX_CC_WAITS_SCAN;
    n = waits->used;
    first = waits->turn < n ? waits->turn : 0;

    for (i = 0; i < n; i++) {
        wait = &waits->wait[(first + i) % n];

        if (wait->watcher == 0 || wait->woken) {
            continue;
        }

        if (!ngx_cc_waits_scan(stay, wait, &budget)) {

            /* not through yet; the next turn begins with it */

            if (next) {
                waits->turn = (first + i) % n;
                next = 0;
            }

            if (stay->life->now >= wait->timeout_at) {
                ngx_cc_waits_wake(stay, wait, NGX_CC_WOKE_TIMEOUT);
            }

        } else if (!wait->woken) {
            at = ngx_cc_waits_look(stay, wait);
            next = at < next ? at : next;
        }

        if (wait->woken) {
            w = ngx_cc_places_find(stay, wait->watcher);

            if (w) {
                w->woken = 1;
            }
        }
    }

    return next;
}


static void
ngx_cc_waits_output(ngx_cc_stay_t *stay)
{
    int              s;
    ngx_cc_waits_t  *waits;

    waits = &stay->waits;

    for (s = 0; s < NGX_CC_STREAMS; s++) {
        if (waits->bytes[s] != stay->history.bytes[s]) {
            waits->bytes[s] = stay->history.bytes[s];
            waits->output_at[s] = stay->life->now;
        }
    }
}


/* looks for patterns; 1: in all that there is, or one was found */

static int
ngx_cc_waits_scan(ngx_cc_stay_t *stay, ngx_cc_wait_t *wait, size_t *budget)
{
    int                      rc;
    size_t                   end, cost;
    unsigned                 which;
    ngx_cc_history_piece_t   piece;

    if (wait->match.n == 0) {
        return 1;
    }

    while (ngx_cc_history_more(&stay->history, &wait->cursor)) {

        if (*budget == 0) {
            return 0;
        }

        rc = ngx_cc_history_next(&stay->history, &wait->cursor, *budget,
                                 &piece);
        if (rc != 1) {
            return rc == 0;
        }

        cost = piece.len + NGX_CC_WAITS_PIECE;
        *budget = cost < *budget ? *budget - cost : 0;

        if (piece.data == NULL) {
            ngx_cc_match_gap(&wait->match, piece.stream);
            continue;
        }

        if (ngx_cc_match_feed(&wait->match, piece.stream, piece.data,
                              piece.len, &which, &end))
        {
            ngx_cc_waits_wake(stay, wait, NGX_CC_WOKE_PATTERN);
            wait->woke.which = which;
            wait->woke.stream = piece.stream;
            wait->woke.next = piece.offset + end;
            wait->woke.offset = wait->woke.next
                                - (wait->match.ansi ? 1
                                                    : wait->match.len[which]);
            return 1;
        }
    }

    return 1;
}


/* everything but patterns; returns when to look again */

static uint64_t
ngx_cc_waits_look(ngx_cc_stay_t *stay, ngx_cc_wait_t *wait)
{
    int       s;
    uint64_t  now, at;

    now = stay->life->now;
    at = NGX_CC_LIFE_NEVER;

    if (wait->until == NGX_CC_UNTIL_OUTPUT) {

        for (s = 0; s < NGX_CC_STREAMS; s++) {
            if ((wait->streams & (1u << s))
                && stay->history.bytes[s] > wait->from[s])
            {
                ngx_cc_waits_wake(stay, wait, NGX_CC_WOKE_OUTPUT);
                wait->woke.stream = s;
                wait->woke.offset = wait->from[s];
                wait->woke.next = stay->history.bytes[s];
                return at;
            }
        }
    }

    if (stay->over) {
        ngx_cc_waits_wake(stay, wait, NGX_CC_WOKE_EXIT);
        return at;
    }

    if (wait->until == NGX_CC_UNTIL_IDLE) {
        at = wait->began;

        for (s = 0; s < NGX_CC_STREAMS; s++) {
            if ((wait->streams & (1u << s)) && stay->waits.output_at[s] > at) {
                at = stay->waits.output_at[s];
            }
        }

        at += wait->idle;

        if (now >= at) {
            ngx_cc_waits_wake(stay, wait, NGX_CC_WOKE_IDLE);
            return NGX_CC_LIFE_NEVER;
        }
    }

    if (now >= wait->timeout_at) {
        ngx_cc_waits_wake(stay, wait, NGX_CC_WOKE_TIMEOUT);
        return NGX_CC_LIFE_NEVER;
    }

    return wait->timeout_at < at ? wait->timeout_at : at;
}


static void
ngx_cc_waits_wake(ngx_cc_stay_t *stay, ngx_cc_wait_t *wait,
    ngx_cc_wire_woke_e reason)
{
    int  s;

    ngx_cc_wire_init(&wait->woke, NGX_CC_WIRE_WOKE, 0, sizeof(wait->woke));

    wait->woken = 1;
    wait->woke.serial = wait->serial;
    wait->woke.reason = reason;

    for (s = 0; s < NGX_CC_STREAMS; s++) {
        wait->woke.bytes[s] = stay->history.bytes[s];
    }
}


uint64_t
ngx_cc_waits_need(const ngx_cc_waits_t *waits)
{
    uint32_t              i;
    uint64_t              least;
    const ngx_cc_wait_t  *wait;

    least = UINT64_MAX;

    for (i = 0; i < waits->used; i++) {
        wait = &waits->wait[i];

        if (wait->watcher && !wait->woken && wait->match.n
            && wait->cursor.ring.pos < least)
        {
            least = wait->cursor.ring.pos;
        }
    }

    return least;
}
