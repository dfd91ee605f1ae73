
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include "ngx_cc_ladder.h"
#include "ngx_cc_places.h"
#include "ngx_cc_watcher_grant.h"


static int ngx_cc_watcher_ask(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_kept_msg_t *msg);
static int ngx_cc_watcher_change(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_msg_t *msg);
static int ngx_cc_watcher_steer(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
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


void
ngx_cc_watcher_obey(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w, const void *p)
{
    const ngx_cc_wire_kept_msg_t  *msg = p;

    if (w->control && ngx_cc_watcher_control(stay, w, &msg->head)) {
        return;
    }

    if (msg->head.type == NGX_CC_WIRE_ATTACH
        && (w->control || w->phase == NGX_CC_WATCHER_READY
            || w->phase == NGX_CC_WATCHER_ATTACHED))
    {
        ngx_cc_watcher_grant(stay, w, &msg->attach);
        return;
    }

    if (msg->head.type == NGX_CC_WIRE_LIST
        && w->phase == NGX_CC_WATCHER_READY)
    {
        ngx_cc_watcher_grant_list(stay, w, &msg->list);
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
        /* who is attached besides has to be told the rest */
        stay->leaving |= stay->call;
        stay->leave_at = stay->life->now + NGX_CC_STAY_LAST;
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

        if ((w->flags & NGX_CC_ATTACH_MONITOR)
            || ngx_cc_watcher_grant_nobody(msg->mark.reader,
                                           sizeof(msg->mark.reader)))
        {
            return 0;
        }

        ngx_cc_marks_move(&stay->marks, msg->mark.reader, msg->mark.next,
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

        if ((w->flags & NGX_CC_ATTACH_MONITOR)
            || (w->control && (msg->head.flags & NGX_CC_WAIT_READ)))
        {
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
        stay->life->asker = w->serial;

        if (msg->head.flags & NGX_CC_SIGNAL_UNTOLD) {
            ngx_cc_ladder_pass(stay->life, &msg->signal);
            return 1;
        }

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
