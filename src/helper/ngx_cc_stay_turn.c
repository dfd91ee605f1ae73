
#define _GNU_SOURCE
#include <string.h>
#include "ngx_cc_clock.h"
#include "ngx_cc_ladder.h"
#include "ngx_cc_listen.h"
#include "ngx_cc_places.h"
#include "ngx_cc_stay_turn.h"
#include "ngx_cc_watcher_tell.h"


#define NGX_CC_STAY_FAILED  1000     /* ms between words about failed peers */


static void ngx_cc_stay_news(ngx_cc_stay_t *stay);
static int ngx_cc_stay_started(ngx_cc_stay_t *stay);
static void ngx_cc_stay_over(ngx_cc_stay_t *stay);
static void ngx_cc_stay_clocks(ngx_cc_stay_t *stay);
static uint64_t ngx_cc_stay_patience(const ngx_cc_stay_t *stay);
static void ngx_cc_stay_need(ngx_cc_stay_t *stay);
static int ngx_cc_stay_lossless(const ngx_cc_watcher_t *w);
static ngx_cc_watcher_t *ngx_cc_stay_last(ngx_cc_stay_t *stay);
static void ngx_cc_stay_flow(ngx_cc_stay_t *stay);
static void ngx_cc_stay_state(ngx_cc_stay_t *stay);
static void ngx_cc_stay_leave(ngx_cc_stay_t *stay);
static int ngx_cc_stay_return(ngx_cc_stay_t *stay);
static void ngx_cc_stay_alarm(ngx_cc_stay_t *stay, uint64_t at);
static void ngx_cc_stay_alarms(ngx_cc_stay_t *stay);


void
ngx_cc_stay_turn(ngx_cc_stay_t *stay)
{
    uint32_t  i, first;

    stay->busy = 0;
    stay->next_at = NGX_CC_LIFE_NEVER;

    if (stay->life->orphaned) {
        return;
    }

    ngx_cc_stay_news(stay);
    ngx_cc_listen_expire(stay);
    ngx_cc_stay_clocks(stay);
    ngx_cc_stay_alarm(stay, ngx_cc_waits_turn(stay));
    ngx_cc_stay_flow(stay);
    ngx_cc_stay_state(stay);

    /* the starter is not told anything before STARTED */

    first = (stay->life->tell & NGX_CC_TELL_STARTED) ? 1 : 0;

    for (i = first; i < stay->used; i++) {
        ngx_cc_watcher_tell(stay, &stay->watcher[i]);
    }

    if (!stay->life->orphaned) {
        ngx_cc_stay_leave(stay);
        ngx_cc_stay_alarms(stay);
    }
}


/* what "life" has to tell goes to whom it concerns */

static void
ngx_cc_stay_news(ngx_cc_stay_t *stay)
{
    ngx_cc_life_t     *life;
    ngx_cc_watcher_t  *w;

    life = stay->life;

    if ((life->tell & NGX_CC_TELL_STARTED) && ngx_cc_stay_started(stay)) {
        life->tell &= ~NGX_CC_TELL_STARTED;
        life->tell_at = NGX_CC_LIFE_NEVER;
    }

    if (life->tell & NGX_CC_TELL_INPUT) {
        w = ngx_cc_places_find(stay, stay->writer);

        if (w) {
            w->input_done = life->input_done;
            w->tell |= NGX_CC_WATCHER_TELL_INPUT;
        }

        if (life->input_done.head.flags) {
            /* the rest of its message does not come */
            stay->holder = 0;
        }

        stay->writer = 0;
    }

    if (life->tell & NGX_CC_TELL_SIGNALLED) {
        w = life->answers ? ngx_cc_places_find(stay, life->answers)
                          : &stay->watcher[0];

        if (w && w->phase == NGX_CC_WATCHER_ATTACHED) {
            w->signalled = life->signalled;
            w->tell |= NGX_CC_WATCHER_TELL_SIGNALLED;
        }
    }

    if ((life->tell & NGX_CC_TELL_ENDED) && stay->watcher[0].mapped) {
        stay->watcher[0].tell |= NGX_CC_WATCHER_TELL_ENDED;
    }

    if (life->tell & NGX_CC_TELL_EXITED) {
        ngx_cc_stay_over(stay);
    }

    life->tell &= NGX_CC_TELL_STARTED;

    ngx_cc_watcher_feed(stay);
}


/* 1: it was told, or there is nobody to tell */

static int
ngx_cc_stay_started(ngx_cc_stay_t *stay)
{
    ngx_cc_watcher_t       *w;
    ngx_cc_wire_started_t   started;

    w = &stay->watcher[0];

    if (w->phase == NGX_CC_WATCHER_NONE) {
        return 1;
    }

    if (w->full) {
        return 0;
    }

    ngx_cc_wire_init(&started, NGX_CC_WIRE_STARTED, stay->run,
                     sizeof(started));
    started.pid = stay->life->exited.pid;
    started.start = stay->life->exited.start;

    return ngx_cc_places_send(stay, w, &started) == 0;
}


/* every process is gone, all is read: what is not needed is given back */

static void
ngx_cc_stay_over(ngx_cc_stay_t *stay)
{
    stay->over = 1;
    stay->over_at = stay->life->now;
    stay->ended = ngx_cc_clock_real_us();

    if (stay->leaving) {
        stay->leave_at = stay->life->now + NGX_CC_STAY_LAST;
    }

    if (stay->watcher[0].phase != NGX_CC_WATCHER_NONE && stay->call) {
        /* another one will want all that soon */
        return;
    }

    ngx_cc_history_trim(&stay->history);
    ngx_cc_life_shrink(stay->life);
    ngx_cc_places_rest(stay);
}


static void
ngx_cc_stay_clocks(ngx_cc_stay_t *stay)
{
    uint32_t        present;
    uint64_t        now;
    ngx_cc_life_t  *life;

    life = stay->life;
    now = life->now;

    (void) ngx_cc_places_count(stay, &present);

    if (present || stay->present) {
        stay->asked_at = now;
    }

    stay->present = (present != 0);

    if (stay->told) {
        stay->lost_at = NGX_CC_LIFE_NEVER;
    }

    if (stay->lost_at != NGX_CC_LIFE_NEVER
        && now >= stay->lost_at + NGX_CC_STAY_UNTOLD)
    {
        /* nobody has ever heard of it */
        stay->leaving = 1;
        stay->lost_at = NGX_CC_LIFE_NEVER;

        if (stay->over) {
            stay->leave_at = now;

        } else {
            ngx_cc_ladder_begin(life, NGX_CC_CAUSE_DISCONNECT);
        }
    }

    if (now < ngx_cc_stay_patience(stay)) {
        return;
    }

    if (stay->over) {
        stay->leaving = 1;
        stay->leave_at = now;

    } else {
        ngx_cc_ladder_begin(life, stay->call ? NGX_CC_CAUSE_DISCONNECT
                                             : NGX_CC_CAUSE_ORPHAN);
    }
}


/* until when it waits for somebody to come, running or over */

static uint64_t
ngx_cc_stay_patience(const ngx_cc_stay_t *stay)
{
    uint64_t  since;

    if (stay->call) {
        since = stay->over && stay->over_at > stay->asked_at
                ? stay->over_at : stay->asked_at;

        return stay->present || stay->resume == 0 ? NGX_CC_LIFE_NEVER
                                                  : since + stay->resume;
    }

    if (stay->over) {
        return stay->acked ? stay->over_at + stay->keep.ttl
                           : NGX_CC_LIFE_NEVER;
    }

    return stay->present || stay->keep.orphan == 0
           ? NGX_CC_LIFE_NEVER : stay->asked_at + stay->keep.orphan;
}


/* up to where the output may be dropped when room is wanted */

static void
ngx_cc_stay_need(ngx_cc_stay_t *stay)
{
    uint32_t                 i;
    uint64_t                 least, waits;
    const ngx_cc_watcher_t  *w;

    least = UINT64_MAX;

    for (i = 0; i < stay->used; i++) {
        w = &stay->watcher[i];

        if (!ngx_cc_stay_lossless(w)) {
            continue;
        }

        if (w->taken < least) {
            least = w->taken;
        }

        if (w->taken > stay->consumed) {
            stay->consumed = w->taken;
        }
    }

    if (least == UINT64_MAX && !(stay->keep.flags & NGX_CC_KEEP_DROP)
        && stay->life->pid != 0)
    {
        /* it waits for somebody to come */
        least = stay->consumed;
    }

    /* a wait is quick, and must not miss anything */

    waits = ngx_cc_waits_need(&stay->waits);
    least = waits < least ? waits : least;

    stay->history.need = stay->life->masterless ? UINT64_MAX : least;
}


/* may nothing be dropped that it has not taken? */

static int
ngx_cc_stay_lossless(const ngx_cc_watcher_t *w)
{
    return w->phase == NGX_CC_WATCHER_ATTACHED
           && (w->mapped
               || (w->flags & (NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_LOSSY))
                  == NGX_CC_ATTACH_DATA);
}


/*
 * Nobody holds the command up for ever: who has not moved for too long, and is
 * the last one, loses what it has not read.
 */

static void
ngx_cc_stay_flow(ngx_cc_stay_t *stay)
{
    uint64_t           since;
    ngx_cc_life_t     *life;
    ngx_cc_watcher_t  *w;

    life = stay->life;

    for ( ;; ) {
        ngx_cc_stay_need(stay);

        if (stay->over || life->pump.discard
            || ngx_cc_history_open(&stay->history))
        {
            if (stay->full_since != NGX_CC_LIFE_NEVER) {
                stay->full_since = NGX_CC_LIFE_NEVER;
                stay->busy = 1;
            }

            return;
        }

        if (stay->full_since == NGX_CC_LIFE_NEVER) {
            stay->full_since = life->now;
        }

        w = ngx_cc_stay_last(stay);

        if (w == NULL || w->mapped) {
            /* a bound command waits for its starter */
            return;
        }

        since = w->moved > stay->full_since ? w->moved : stay->full_since;

        if (life->now < since + stay->keep.stall) {
            ngx_cc_stay_alarm(stay, since + stay->keep.stall);
            return;
        }

        w->flags |= NGX_CC_ATTACH_LOSSY;
    }
}


/* of those for whom nothing may be lost, the one that is behind the others */

static ngx_cc_watcher_t *
ngx_cc_stay_last(ngx_cc_stay_t *stay)
{
    uint32_t           i;
    ngx_cc_watcher_t  *w, *last;

    last = NULL;

    for (i = 0; i < stay->used; i++) {
        w = &stay->watcher[i];

        if (ngx_cc_stay_lossless(w)
            && (last == NULL || w->taken < last->taken))
        {
            last = w;
        }
    }

    return last;
}


/* tells everybody when something about the command has changed */

static void
ngx_cc_stay_state(ngx_cc_stay_t *stay)
{
    int                   changed, failed;
    uint16_t              cols, rows;
    uint32_t              i, watchers;
    unsigned              flags;
    ngx_cc_watcher_t     *w;
    ngx_cc_wire_state_t  *state;

    state = &stay->state;
    flags = ngx_cc_watcher_state(stay);
    watchers = ngx_cc_places_count(stay, NULL);
    ngx_cc_pty_size(&stay->life->pump.pty, &cols, &rows);

    changed = (state->head.type == 0 || state->head.flags != flags
               || state->watchers != watchers
               || state->cols != cols || state->rows != rows)
              && !stay->over;

    failed = stay->failed != state->failed
             && stay->life->now >= stay->failed_at + NGX_CC_STAY_FAILED;

    if (!changed && !failed) {
        return;
    }

    if (failed) {
        stay->failed_at = stay->life->now;
    }

    ngx_cc_wire_init(state, NGX_CC_WIRE_STATE, 0, sizeof(*state));
    state->head.flags = flags;
    state->watchers = watchers;
    state->cols = cols;
    state->rows = rows;
    state->failed = stay->failed;

    for (i = 0; i < stay->used; i++) {
        w = &stay->watcher[i];

        if (w->phase == NGX_CC_WATCHER_ATTACHED
            && !(w->tell & NGX_CC_WATCHER_TELL_ATTACHED)
            && (changed || (w->flags & NGX_CC_ATTACH_MONITOR)))
        {
            w->tell |= NGX_CC_WATCHER_TELL_STATE;
        }
    }
}


/*
 * It is over and does not stay: those who are reading may come to the end, but
 * not for long.
 */

static void
ngx_cc_stay_leave(ngx_cc_stay_t *stay)
{
    uint32_t           i;
    ngx_cc_watcher_t  *w;

    if (!stay->leaving || !stay->over) {
        return;
    }

    /* nobody minds a call but its starter */

    if (!stay->heard && !stay->call && !stay->life->masterless
        && stay->life->now < stay->over_at + NGX_CC_STAY_UNHEARD)
    {
        ngx_cc_stay_alarm(stay, stay->over_at + NGX_CC_STAY_UNHEARD);
        return;
    }

    if (stay->life->now < stay->leave_at) {

        for (i = 0; i < stay->used; i++) {
            w = &stay->watcher[i];

            if (w->phase == NGX_CC_WATCHER_ATTACHED && !w->exited) {
                ngx_cc_stay_alarm(stay, stay->leave_at);
                return;
            }
        }
    }

    for (i = 0; i < stay->used; i++) {
        w = &stay->watcher[i];

        if (w->control && stay->call) {
            /* FREE says it */
            continue;
        }

        if (w->phase == NGX_CC_WATCHER_ATTACHED && !stay->life->masterless) {
            w->tell |= NGX_CC_WATCHER_TELL_DETACHED;
            w->detached = NGX_CC_DETACHED_REMOVED;
            ngx_cc_watcher_tell(stay, w);
        }
    }

    if (!ngx_cc_stay_return(stay)) {
        stay->life->state = NGX_CC_LIFE_OVER;
    }
}


/* 1: the helper takes another command, as soon as its worker knows */

static int
ngx_cc_stay_return(ngx_cc_stay_t *stay)
{
    ngx_cc_watcher_t    *w;
    ngx_cc_wire_head_t   msg;

    w = &stay->watcher[0];

    if (!stay->call || stay->life->masterless
        || w->phase == NGX_CC_WATCHER_NONE)
    {
        return 0;
    }

    /* it was told how it ended before */

    if (w->exited && !w->full) {
        ngx_cc_wire_init(&msg, NGX_CC_WIRE_FREE, 0, sizeof(msg));
        stay->free = ngx_cc_places_send(stay, w, &msg) == 0;
    }

    return w->phase != NGX_CC_WATCHER_NONE;
}


static void
ngx_cc_stay_alarm(ngx_cc_stay_t *stay, uint64_t at)
{
    if (at < stay->next_at) {
        stay->next_at = at;
    }
}


static void
ngx_cc_stay_alarms(ngx_cc_stay_t *stay)
{
    uint32_t                 i;
    const ngx_cc_watcher_t  *w;

    ngx_cc_stay_alarm(stay, stay->listen_at);

    if (stay->lost_at != NGX_CC_LIFE_NEVER) {
        ngx_cc_stay_alarm(stay, stay->lost_at + NGX_CC_STAY_UNTOLD);
    }

    if (stay->over || stay->life->state <= NGX_CC_LIFE_LINGERING) {
        ngx_cc_stay_alarm(stay, ngx_cc_stay_patience(stay));
    }

    if (stay->failed != stay->state.failed) {
        ngx_cc_stay_alarm(stay, stay->failed_at + NGX_CC_STAY_FAILED);
    }

    for (i = 0; i < stay->used; i++) {
        w = &stay->watcher[i];

        if (w->phase != NGX_CC_WATCHER_NONE
            && w->phase != NGX_CC_WATCHER_ATTACHED)
        {
            ngx_cc_stay_alarm(stay, w->at);
        }
    }
}
