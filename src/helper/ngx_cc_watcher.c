
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include "ngx_cc_hmac.h"
#include "ngx_cc_ladder.h"
#include "ngx_cc_listen.h"
#include "ngx_cc_places.h"


static void ngx_cc_watcher_attach(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_attach_t *attach);
static void ngx_cc_watcher_from(ngx_cc_stay_t *stay,
    const ngx_cc_wire_attach_t *attach, uint64_t from[NGX_CC_STREAMS]);
static int ngx_cc_watcher_may(const ngx_cc_stay_t *stay,
    const ngx_cc_wire_attach_t *attach);
static unsigned ngx_cc_watcher_rights(const ngx_cc_stay_t *stay,
    const ngx_cc_wire_attach_t *attach, unsigned flags);
static int ngx_cc_watcher_steer(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_msg_t *msg);
static int ngx_cc_watcher_crowded(const ngx_cc_stay_t *stay, unsigned flags);
static void ngx_cc_watcher_refuse(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    unsigned denied, int listing);
static void ngx_cc_watcher_exclude(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w);
static void ngx_cc_watcher_list(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_list_t *list);
static int ngx_cc_watcher_ask(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_kept_msg_t *msg);
static int ngx_cc_watcher_change(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_msg_t *msg);
static int ngx_cc_watcher_control(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_head_t *head);
static int ngx_cc_watcher_credit(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_credit_t *credit);
static void ngx_cc_watcher_abandon(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w);
static int ngx_cc_watcher_input(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_input_t *input);
static ngx_cc_watcher_t *ngx_cc_watcher_turn(ngx_cc_stay_t *stay);
static void ngx_cc_watcher_remove(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    int force);
static int ngx_cc_watcher_forgotten(const ngx_cc_stay_t *stay);
static int ngx_cc_watcher_zero(const uint8_t *p, size_t n);


void
ngx_cc_watcher_obey(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w, const void *p)
{
    const ngx_cc_wire_kept_msg_t  *msg = p;

    if (w->control && ngx_cc_watcher_control(stay, w, &msg->head)) {
        return;
    }

    if (msg->head.type == NGX_CC_WIRE_ATTACH
        && (w->control || w->phase == NGX_CC_WATCHER_READY))
    {
        ngx_cc_watcher_attach(stay, w, &msg->attach);
        return;
    }

    if (msg->head.type == NGX_CC_WIRE_LIST
        && w->phase == NGX_CC_WATCHER_READY)
    {
        ngx_cc_watcher_list(stay, w, &msg->list);
        return;
    }

    if (w->phase == NGX_CC_WATCHER_DENIED) {
        return;
    }

    if (w->phase == NGX_CC_WATCHER_ATTACHED
        && (ngx_cc_watcher_ask(stay, w, msg)
            || ngx_cc_watcher_change(stay, w, p)
            || ngx_cc_watcher_steer(stay, w, p)))
    {
        return;
    }

    ngx_cc_places_drop(stay, w);
}


/* what the worker that started it may say, whatever it was granted: 1 = done */

static int
ngx_cc_watcher_control(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_head_t *head)
{
    switch (head->type) {

    case NGX_CC_WIRE_CREDIT:
        return ngx_cc_watcher_credit(stay, w,
                                     (const ngx_cc_wire_credit_t *) head);

    case NGX_CC_WIRE_DELIVERED:
        stay->leaving |= stay->call;
        stay->leave_at = stay->life->now;
        return stay->call;

    case NGX_CC_WIRE_ACK:
        stay->acked = 1;
        return 1;

    case NGX_CC_WIRE_TOLD:
        stay->acked = 1;
        stay->told = 1;
        return 1;

    case NGX_CC_WIRE_CANCEL:
        ngx_cc_ladder_begin(stay->life, head->flags ? head->flags
                                                    : NGX_CC_CAUSE_CANCEL);
        return 1;

    case NGX_CC_WIRE_ABANDON:
        ngx_cc_watcher_abandon(stay, w);
        ngx_cc_ladder_begin(stay->life, head->flags
                                        ? head->flags
                                        : NGX_CC_CAUSE_DISCONNECT);
        return 1;

    case NGX_CC_WIRE_REMOVE:
        ngx_cc_watcher_remove(stay, w, head->flags & NGX_CC_REMOVE_FORCE);
        return 1;

    default:
        return 0;
    }
}


/* of who reads in the ring: 1, or 0 for nonsense */

static int
ngx_cc_watcher_credit(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_credit_t *credit)
{
    if (!w->mapped) {
        /* said before it knew that it reads no more */
        return stay->call;
    }

    if (credit->tail < w->taken || credit->tail > stay->life->pump.ring.head) {
        return 0;
    }

    w->taken = credit->tail;
    w->told = credit->seen;
    w->armed = 1;

    return 1;
}


/* nobody is to have it, and what it still says is lost */

static void
ngx_cc_watcher_abandon(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w)
{
    if (stay->call) {
        w->mapped = 0;
        w->armed = 0;
        w->flags = NGX_CC_ATTACH_MONITOR;
        stay->leaving = 1;
        stay->leave_at = stay->life->now;
        stay->life->pump.discard = 1;
    }
}


static void
ngx_cc_watcher_attach(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_attach_t *attach)
{
    unsigned  flags;
    uint64_t  from[NGX_CC_STREAMS];

    flags = attach->head.flags & ~(NGX_CC_ATTACH_MARK|NGX_CC_ATTACH_UNTOLD);

    if ((flags & NGX_CC_ATTACH_MONITOR) && (flags & NGX_CC_ATTACH_DATA)) {
        ngx_cc_places_drop(stay, w);
        return;
    }

    if (!w->control && (!ngx_cc_watcher_may(stay, attach)
                        || (!(flags & NGX_CC_ATTACH_MONITOR)
                            && ngx_cc_watcher_forgotten(stay))))
    {
        ngx_cc_watcher_refuse(stay, w, NGX_CC_DENIED_UNKNOWN, 0);
        return;
    }

    flags = ngx_cc_watcher_rights(stay, attach, flags);

    /*
     * The starter may attach again, for less or for more; in the ring it reads
     * no more, whatever it is told.
     */

    w->flags = 0;
    w->mapped = 0;

    if (ngx_cc_watcher_crowded(stay, flags)) {
        ngx_cc_watcher_refuse(stay, w, NGX_CC_DENIED_WATCHERS, 0);
        return;
    }

    if (w->serial == stay->exclusive) {
        stay->exclusive = 0;
    }

    if (flags & NGX_CC_ATTACH_EXCLUSIVE) {
        ngx_cc_watcher_exclude(stay, w);

    } else if (stay->exclusive && !(flags & NGX_CC_ATTACH_MONITOR)) {
        flags &= ~NGX_CC_ATTACH_WRITE;
    }

    ngx_cc_watcher_from(stay, attach, from);
    memcpy(w->reader, attach->reader, sizeof(w->reader));

    ngx_cc_history_seek(&stay->history, &w->cursor, from);

    memcpy(w->from, w->cursor.next, sizeof(w->from));
    w->taken = w->cursor.ring.pos;
    w->moved = stay->life->now;
    w->phase = NGX_CC_WATCHER_ATTACHED;
    w->flags = flags;
    w->armed = 0;
    w->tell = NGX_CC_WATCHER_TELL_ATTACHED;

    if (!(flags & NGX_CC_ATTACH_MONITOR) && !w->control) {
        stay->asked_at = stay->life->now;

        if (!(attach->head.flags & NGX_CC_ATTACH_UNTOLD)
            && !(flags & NGX_CC_ATTACH_OBSERVER))
        {
            /* its owner knows its id */
            stay->told |= stay->acked;
        }
    }
}


/* where reading begins */

static void
ngx_cc_watcher_from(ngx_cc_stay_t *stay, const ngx_cc_wire_attach_t *attach,
    uint64_t from[NGX_CC_STREAMS])
{
    int       i;
    uint64_t  back;

    if (attach->head.flags & NGX_CC_ATTACH_MARK) {
        ngx_cc_marks_find(&stay->marks, attach->reader, from);
        return;
    }

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        from[i] = attach->from[i];

        if (attach->from[i] < 0) {
            back = -(uint64_t) attach->from[i];
            from[i] = back < stay->history.bytes[i]
                      ? stay->history.bytes[i] - back : 0;
        }
    }
}


/* the whole handle and whose it is, in a time that tells nothing */

static int
ngx_cc_watcher_may(const ngx_cc_stay_t *stay,
    const ngx_cc_wire_attach_t *attach)
{
    int  handle, owner, realm;

    if (attach->head.flags & NGX_CC_ATTACH_MONITOR) {
        return ngx_cc_hmac_equal(&attach->handle, &stay->handle, 8);
    }

    handle = ngx_cc_handle_equal(&attach->handle, &stay->handle);
    owner = ngx_cc_hmac_equal(attach->owner, stay->owner,
                              sizeof(stay->owner));
    realm = ngx_cc_hmac_equal(attach->realm, stay->keep.realm,
                              sizeof(stay->keep.realm))
            & !ngx_cc_watcher_zero(stay->keep.realm,
                                   sizeof(stay->keep.realm));

    if (attach->head.flags & NGX_CC_ATTACH_OBSERVER) {
        owner |= realm;
    }

    return handle & owner;
}


/* what is granted of what was asked for */

static unsigned
ngx_cc_watcher_rights(const ngx_cc_stay_t *stay,
    const ngx_cc_wire_attach_t *attach, unsigned flags)
{
    if (ngx_cc_hmac_equal(attach->owner, stay->owner, sizeof(stay->owner))) {
        flags &= ~NGX_CC_ATTACH_OBSERVER;
    }

    if (flags & NGX_CC_ATTACH_OBSERVER) {
        flags &= ~(NGX_CC_ATTACH_WRITE|NGX_CC_ATTACH_EXCLUSIVE);
        flags |= NGX_CC_ATTACH_LOSSY;

    } else {
        flags &= ~NGX_CC_ATTACH_SIGNAL;
    }

    if (!(flags & NGX_CC_ATTACH_WRITE)) {
        flags &= ~NGX_CC_ATTACH_EXCLUSIVE;
    }

    return flags;
}


/*
 * It is here only until somebody has heard how it ended; of a call that nobody
 * wants there will be no result
 */

static int
ngx_cc_watcher_forgotten(const ngx_cc_stay_t *stay)
{
    return stay->leaving && (stay->over || stay->call);
}


static int
ngx_cc_watcher_zero(const uint8_t *p, size_t n)
{
    size_t   i;
    uint8_t  all;

    for (i = 0, all = 0; i < n; i++) {
        all |= p[i];
    }

    return all == 0;
}


static int
ngx_cc_watcher_crowded(const ngx_cc_stay_t *stay, unsigned flags)
{
    uint32_t                 i, n;
    const ngx_cc_watcher_t  *w;

    if (flags & NGX_CC_ATTACH_DATA) {
        return ngx_cc_places_count(stay, NULL) >= stay->keep.watchers;
    }

    for (i = 1, n = 0; i < stay->used; i++) {
        w = &stay->watcher[i];
        n += (w->phase == NGX_CC_WATCHER_ATTACHED
              && !(w->flags & NGX_CC_ATTACH_DATA));
    }

    return n >= stay->keep.waits + NGX_CC_STAY_SPARE / 2;
}


/*
 * Wrong secret, wrong owner: nobody learns which by what is said or when.  Too
 * many: only who may know is told, at once.
 */

static void
ngx_cc_watcher_refuse(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    unsigned denied, int listing)
{
    w->phase = NGX_CC_WATCHER_DENIED;
    w->denied = denied;
    w->listing = listing;
    w->at = stay->life->now;

    if (denied == NGX_CC_DENIED_UNKNOWN) {
        w->at += NGX_CC_LISTEN_DELAY;
    }
}


/* the others who write are watchers no more */

static void
ngx_cc_watcher_exclude(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w)
{
    uint32_t           i;
    ngx_cc_watcher_t  *other;

    stay->exclusive = w->serial;

    for (i = 0; i < stay->used; i++) {
        other = &stay->watcher[i];

        if (other != w && other->phase == NGX_CC_WATCHER_ATTACHED
            && (other->flags & NGX_CC_ATTACH_WRITE)
            && !(other->flags & NGX_CC_ATTACH_MONITOR))
        {
            other->tell |= NGX_CC_WATCHER_TELL_DETACHED;
            other->detached = NGX_CC_DETACHED_TAKEN;
            other->flags = 0;

            if (stay->holder == other->serial) {
                stay->holder = 0;
            }
        }
    }
}


static void
ngx_cc_watcher_list(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_list_t *list)
{
    int  owner, realm;

    owner = ngx_cc_hmac_equal(list->owner, stay->owner, sizeof(stay->owner));
    realm = ngx_cc_hmac_equal(list->realm, stay->keep.realm,
                              sizeof(stay->keep.realm))
            & !ngx_cc_watcher_zero(stay->keep.realm,
                                   sizeof(stay->keep.realm));

    ngx_cc_watcher_refuse(stay, w, (owner | realm)
                                   && !ngx_cc_watcher_forgotten(stay)
                                   ? NGX_CC_DENIED_NONE
                                   : NGX_CC_DENIED_UNKNOWN, 1);
}


/* what everybody may ask for who is attached: 1 = done */

static int
ngx_cc_watcher_ask(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_kept_msg_t *msg)
{
    if (w->tell & NGX_CC_WATCHER_TELL_DETACHED) {
        /* it does not know yet */
        return 1;
    }

    switch (msg->head.type) {

    case NGX_CC_WIRE_READ:

        if (!(w->flags & NGX_CC_ATTACH_DATA) || w->mapped) {
            return 0;
        }

        w->armed = 1;
        w->max = msg->read.max;
        w->taken = w->cursor.ring.pos;
        w->moved = stay->life->now;
        stay->asked_at = stay->life->now;
        return 1;

    case NGX_CC_WIRE_MARK:

        if (!(w->flags & NGX_CC_ATTACH_DATA)
            || ngx_cc_watcher_zero(w->reader, sizeof(w->reader)))
        {
            return 0;
        }

        ngx_cc_marks_move(&stay->marks, w->reader, msg->mark.next,
                          stay->history.bytes);
        return 1;

    case NGX_CC_WIRE_LIST:

        if (w->flags & NGX_CC_ATTACH_MONITOR) {
            return 0;
        }

        w->tell |= NGX_CC_WATCHER_TELL_ENTRY;
        return 1;

    case NGX_CC_WIRE_FLOW:

        if (!(w->flags & NGX_CC_ATTACH_OBSERVER)) {
            w->flags &= ~NGX_CC_ATTACH_LOSSY;
            w->flags |= msg->head.flags & NGX_CC_ATTACH_LOSSY;
            w->moved = stay->life->now;
        }

        return 1;

    case NGX_CC_WIRE_WAIT:

        if (w->flags & NGX_CC_ATTACH_MONITOR) {
            return 0;
        }

        stay->asked_at = stay->life->now;
        return ngx_cc_waits_add(stay, w, &msg->wait);

    case NGX_CC_WIRE_UNWAIT:
        ngx_cc_waits_withdraw(stay, w, msg->woke.serial);
        return 1;

    default:
        return 0;
    }
}


/* what only those may do who write: 1 = done */

static int
ngx_cc_watcher_change(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_msg_t *msg)
{
    if (!(w->flags & NGX_CC_ATTACH_WRITE)) {
        return 0;
    }

    if (msg->head.type == NGX_CC_WIRE_REMOVE) {
        ngx_cc_watcher_remove(stay, w, msg->head.flags & NGX_CC_REMOVE_FORCE);
        return 1;
    }

    /* a monitor has not said who is asking */

    if (w->flags & NGX_CC_ATTACH_MONITOR) {
        return 0;
    }

    stay->asked_at = stay->life->now;

    switch (msg->head.type) {

    case NGX_CC_WIRE_INPUT:
        return ngx_cc_watcher_input(stay, w, &msg->input);

    case NGX_CC_WIRE_RESIZE:
        ngx_cc_pty_resize(&stay->life->pump.pty, msg->resize.cols,
                          msg->resize.rows);
        return 1;

    default:
        return 0;
    }
}


/* what observers may do, too, who have that right: 1 = done */

static int
ngx_cc_watcher_steer(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_msg_t *msg)
{
    if (!(w->flags & (NGX_CC_ATTACH_WRITE|NGX_CC_ATTACH_SIGNAL))
        || (w->flags & NGX_CC_ATTACH_MONITOR))
    {
        return 0;
    }

    stay->asked_at = stay->life->now;

    switch (msg->head.type) {

    case NGX_CC_WIRE_SIGNAL:
        if (msg->head.flags & NGX_CC_SIGNAL_UNTOLD) {
            ngx_cc_ladder_pass(stay->life, &msg->signal);
            return 1;
        }

        stay->signaller = w->serial;
        ngx_cc_ladder_signal(stay->life, &msg->signal);
        return 1;

    case NGX_CC_WIRE_CANCEL:
        ngx_cc_ladder_begin(stay->life, msg->head.flags ? msg->head.flags
                                                        : NGX_CC_CAUSE_CANCEL);
        return 1;

    default:
        return 0;
    }
}


/*
 * One INPUT of each watcher at a time, in the order in which they came; nobody
 * else's until a message is whole.
 */

static int
ngx_cc_watcher_input(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_input_t *input)
{
    void  *p;

    if (w->input_turn) {
        return 0;
    }

    w->input_turn = ++stay->turn;
    w->input_len = input->len;
    w->input_eof = input->head.flags & NGX_CC_INPUT_EOF;
    w->input_more = input->head.flags & NGX_CC_INPUT_MORE;

    if (input->len) {
        p = mmap(NULL, input->len, PROT_READ|PROT_WRITE,
                 MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);

        if (p == MAP_FAILED) {
            return 0;
        }

        memcpy(p, input + 1, input->len);
        w->input = p;
    }

    ngx_cc_watcher_feed(stay);

    return 1;
}


void
ngx_cc_watcher_feed(ngx_cc_stay_t *stay)
{
    ngx_cc_life_t     *life;
    ngx_cc_watcher_t  *next;

    life = stay->life;

    if (stay->writer) {
        return;
    }

    for ( ;; ) {
        next = ngx_cc_watcher_turn(stay);

        if (next == NULL) {
            return;
        }

        if (life->stdin_open && life->state != NGX_CC_LIFE_IDLE) {
            (void) ngx_cc_pump_input(&life->pump, next->input,
                                     next->input_len, next->input_eof);
            stay->writer = next->serial;
            stay->holder = next->input_more ? next->serial : 0;

        } else {
            stay->holder = 0;
            ngx_cc_wire_init(&next->input_done, NGX_CC_WIRE_INPUT_DONE, 0,
                             sizeof(next->input_done));
            next->input_done.head.flags = NGX_CC_INPUT_CLOSED;
            next->input_done.accepted = life->pump.accepted;
            next->tell |= NGX_CC_WATCHER_TELL_INPUT;
        }

        if (next->input) {
            (void) munmap(next->input, next->input_len);
            next->input = NULL;
        }

        if (stay->writer) {
            return;
        }
    }
}


/* whose INPUT is next; NULL: nobody's */

static ngx_cc_watcher_t *
ngx_cc_watcher_turn(ngx_cc_stay_t *stay)
{
    uint32_t           i;
    ngx_cc_watcher_t  *w, *next;

    next = NULL;

    for (i = 0; i < stay->used; i++) {
        w = &stay->watcher[i];

        if (w->phase == NGX_CC_WATCHER_ATTACHED && w->input_turn
            && !(w->tell & NGX_CC_WATCHER_TELL_INPUT)
            && (stay->holder == 0 || w->serial == stay->holder)
            && (next == NULL || w->input_turn < next->input_turn))
        {
            next = w;
        }
    }

    return next;
}


static void
ngx_cc_watcher_remove(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w, int force)
{
    w->tell |= NGX_CC_WATCHER_TELL_REMOVED;
    w->removed = NGX_CC_DENIED_NONE;

    if (!stay->over && !force) {
        w->removed = NGX_CC_DENIED_RUNNING;
        return;
    }

    stay->asked_at = stay->life->now;
    ngx_cc_places_leave(stay);
}
