
#include <string.h>
#include "ngx_cc_places.h"
#include "ngx_cc_watcher_tell.h"


static int ngx_cc_watcher_round(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w);
static void ngx_cc_watcher_attached(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    ngx_cc_wire_attached_t *msg);
static int ngx_cc_watcher_entry(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w);
static int ngx_cc_watcher_ring(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w);
static int ngx_cc_watcher_bits(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w);
static void ngx_cc_watcher_data(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w);
static int ngx_cc_watcher_fill(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    ngx_cc_wire_data_t *data);


void
ngx_cc_watcher_tell(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w)
{
    if (w->phase != NGX_CC_WATCHER_ATTACHED || w->full
        || ngx_cc_places_flush(stay, w) == -1)
    {
        return;
    }

    if (w->woken) {
        ngx_cc_places_bundle(stay, w);
    }

    /* one round for each wait that reads */

    do {
        if (ngx_cc_watcher_round(stay, w) == -1) {
            break;
        }
    } while (w->woken);

    if (w->phase == NGX_CC_WATCHER_ATTACHED && !w->full) {
        (void) ngx_cc_places_flush(stay, w);
    }
}


/* -1: no further, its socket is full or it is gone */

static int
ngx_cc_watcher_round(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w)
{
    ngx_cc_wire_exited_t  exited;

    if (ngx_cc_watcher_bits(stay, w) == -1) {
        return -1;
    }

    if (w->mapped) {
        if (ngx_cc_watcher_ring(stay, w) == -1) {
            return -1;
        }

    } else if (w->armed && ngx_cc_history_more(&stay->history, &w->cursor)) {
        ngx_cc_watcher_data(stay, w);

        if (w->phase != NGX_CC_WATCHER_ATTACHED || w->full) {
            return -1;
        }
    }

    if (w->tell & NGX_CC_WATCHER_TELL_ENTRY) {
        if (ngx_cc_watcher_entry(stay, w) == -1) {
            return -1;
        }

        w->tell &= ~NGX_CC_WATCHER_TELL_ENTRY;
    }

    if (stay->over && !w->exited
        && (!(w->flags & NGX_CC_ATTACH_DATA) || w->mapped
            || !ngx_cc_history_more(&stay->history, &w->cursor)))
    {
        exited = stay->life->exited;

        if (ngx_cc_places_send(stay, w, &exited) == -1) {
            return -1;
        }

        w->exited = 1;
        stay->read |= ((w->flags & (NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_OBSERVER))
                       == NGX_CC_ATTACH_DATA);
        stay->heard |= (w->control
                        || (w->flags & NGX_CC_ATTACH_MONITOR) != 0);
    }

    if (w->once) {
        /* it waits again, or leaves */
        w->once = 0;
        w->armed = 0;
        w->flags &= ~(NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_BRIEF);
    }

    return 0;
}


/* what a bound command's starter is told: -1 as below */

static int
ngx_cc_watcher_ring(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w)
{
    ngx_cc_wire_head_t     ended;
    ngx_cc_wire_output_t   output;
    const ngx_cc_pump_t   *pump;

    pump = &stay->life->pump;

    /* EXITED says all that a last OUTPUT would have said */

    if (w->armed && !stay->over && pump->ring.head != w->told) {
        ngx_cc_wire_init(&output, NGX_CC_WIRE_OUTPUT, 0, sizeof(output));
        output.pos = pump->ring.head;
        output.eof = pump->eof;

        if (ngx_cc_places_send(stay, w, &output) == -1) {
            return -1;
        }

        w->told = output.pos;
        w->armed = 0;
    }

    if ((w->tell & NGX_CC_WATCHER_TELL_ENDED) && !stay->over) {
        ngx_cc_wire_init(&ended, NGX_CC_WIRE_ENDED, 0, sizeof(ended));

        if (ngx_cc_places_send(stay, w, &ended) == -1) {
            return -1;
        }

        w->tell &= ~NGX_CC_WATCHER_TELL_ENDED;
    }

    return 0;
}


/* -1: no further, its socket is full or it is gone */

static int
ngx_cc_watcher_bits(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w)
{
    union {
        ngx_cc_wire_attached_t  attached;
        ngx_cc_wire_removed_t   removed;
        ngx_cc_wire_detached_t  detached;
        ngx_cc_wire_state_t     state;
        ngx_cc_wire_unpassed_t  unpassed;
        ngx_cc_wire_reached_t   reached;
    } msg;
    const ngx_cc_wire_unpassed_t  *unpassed;

    if (w->tell & NGX_CC_WATCHER_TELL_REACHED) {
        ngx_cc_wire_init(&msg, stay->call ? NGX_CC_WIRE_LISTENING
                                          : NGX_CC_WIRE_KEPT,
                         0, sizeof(msg.reached));

        if (ngx_cc_places_send(stay, w, &msg) == -1) {
            return -1;
        }

        w->tell &= ~NGX_CC_WATCHER_TELL_REACHED;
    }

    if (w->tell & NGX_CC_WATCHER_TELL_ATTACHED) {
        ngx_cc_watcher_attached(stay, w, &msg.attached);

        if (ngx_cc_places_send(stay, w, &msg) == -1) {
            return -1;
        }

        w->tell &= ~NGX_CC_WATCHER_TELL_ATTACHED;
    }

    if (w->tell & NGX_CC_WATCHER_TELL_INPUT) {
        if (ngx_cc_places_send(stay, w, &w->input_done) == -1) {
            return -1;
        }

        w->tell &= ~NGX_CC_WATCHER_TELL_INPUT;
        w->input_turn = 0;
    }

    while ((unpassed = ngx_cc_life_unpassed(stay->life, &w->unpassed))
           != NULL)
    {
        msg.unpassed = *unpassed;

        if (ngx_cc_places_send(stay, w, &msg) == -1) {
            return -1;
        }

        w->unpassed++;
    }

    if (w->tell & NGX_CC_WATCHER_TELL_SIGNALLED) {
        if (ngx_cc_places_send(stay, w, &w->signalled) == -1) {
            return -1;
        }

        w->tell &= ~NGX_CC_WATCHER_TELL_SIGNALLED;
    }

    if (w->woken && !w->once) {
        ngx_cc_waits_tell(stay, w);

        if (w->phase != NGX_CC_WATCHER_ATTACHED || w->full) {
            return -1;
        }

        if (w->tell & NGX_CC_WATCHER_TELL_ATTACHED) {
            /* it reads now */
            return ngx_cc_watcher_bits(stay, w);
        }
    }

    if (w->tell & NGX_CC_WATCHER_TELL_STATE) {
        msg.state = stay->state;

        if (ngx_cc_places_send(stay, w, &msg) == -1) {
            return -1;
        }

        w->tell &= ~NGX_CC_WATCHER_TELL_STATE;
    }

    if (w->tell & NGX_CC_WATCHER_TELL_REMOVED) {
        ngx_cc_wire_init(&msg, NGX_CC_WIRE_REMOVED, 0, sizeof(msg.removed));
        msg.removed.denied = w->removed;

        if (ngx_cc_places_send(stay, w, &msg) == -1) {
            return -1;
        }

        w->tell &= ~NGX_CC_WATCHER_TELL_REMOVED;
    }

    if (w->tell & NGX_CC_WATCHER_TELL_DETACHED) {
        ngx_cc_wire_init(&msg, NGX_CC_WIRE_DETACHED, 0, sizeof(msg.detached));
        msg.detached.reason = w->detached;

        if (ngx_cc_places_flush(stay, w) == -1
            || ngx_cc_places_send(stay, w, &msg) == -1)
        {
            return -1;
        }

        w->tell &= ~NGX_CC_WATCHER_TELL_DETACHED;

        if (!w->control) {
            ngx_cc_places_drop(stay, w);
            return -1;
        }

        /* its worker still is the one that minds it */

        w->flags = NGX_CC_ATTACH_MONITOR;
        w->armed = 0;
    }

    return 0;
}


static void
ngx_cc_watcher_attached(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    ngx_cc_wire_attached_t *msg)
{
    int                      i;
    const ngx_cc_history_t  *h;

    h = &stay->history;

    ngx_cc_wire_init(msg, NGX_CC_WIRE_ATTACHED, 0, sizeof(*msg));

    msg->head.flags = (w->flags & ~NGX_CC_ATTACH_BRIEF)
                      | ngx_cc_watcher_state(stay);
    msg->pid = stay->life->exited.pid;
    msg->start = stay->life->exited.start;
    msg->seq = h->ring->head;
    msg->accepted = stay->life->pump.accepted;
    msg->watchers = ngx_cc_places_count(stay, NULL);
    ngx_cc_pty_size(&stay->life->pump.pty, &msg->cols, &msg->rows);

    if (stay->over) {
        msg->status = stay->life->exited.status;
        msg->cause = stay->life->exited.cause;
    }

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        msg->from[i] = w->from[i];
        msg->held[i] = ngx_cc_history_least(h, i);
        msg->bytes[i] = h->bytes[i];
    }
}


unsigned
ngx_cc_watcher_state(const ngx_cc_stay_t *stay)
{
    unsigned              flags;
    const ngx_cc_life_t  *life;

    life = stay->life;
    flags = 0;

    if (stay->over) {
        return NGX_CC_ATTACHED_OVER;
    }

    if (life->pump.in != -1) {
        flags |= NGX_CC_ATTACHED_STDIN;
    }

    if (life->pump.pty.master != -1) {
        flags |= NGX_CC_ATTACHED_STDIN|NGX_CC_ATTACHED_TTY;
    }

    if (life->state > NGX_CC_LIFE_LINGERING) {
        flags |= NGX_CC_ATTACHED_ENDING;
    }

    if (life->paused) {
        flags |= NGX_CC_ATTACHED_PAUSED;
    }

    return flags;
}


/* one DATA, of what there is now */

static void
ngx_cc_watcher_data(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w)
{
    int                       more;
    ngx_cc_wire_data_t       *data;
    ngx_cc_history_cursor_t   before;

    data = (ngx_cc_wire_data_t *) stay->data;
    before = w->cursor;

    ngx_cc_wire_init(data, NGX_CC_WIRE_DATA, 0, sizeof(*data));
    more = ngx_cc_watcher_fill(stay, w, data);

    if (data->len == 0) {
        /* it has only come nearer to what it wants */
        stay->busy |= more;
        return;
    }

    if (!more) {
        data->eof = stay->life->pump.eof;
    }

    data->head.size = sizeof(*data) + data->len;

    if (ngx_cc_places_send(stay, w, data) == 0) {
        w->armed = 0;

    } else if (w->phase == NGX_CC_WATCHER_ATTACHED) {
        w->cursor = before;
    }
}


/* puts pieces into it; returns 1 when there is more */

static int
ngx_cc_watcher_fill(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    ngx_cc_wire_data_t *data)
{
    int                      rc;
    size_t                   room, max, pad;
    uint8_t                 *p;
    ngx_cc_wire_record_t     rec;
    ngx_cc_history_piece_t   piece;

    p = (uint8_t *) (data + 1);
    max = w->max ? w->max : NGX_CC_WIRE_MAX_DATA;

    for ( ;; ) {
        room = NGX_CC_WIRE_MAX_DATA - data->len;

        if (room < sizeof(rec) + 8 || max == 0) {
            return 1;
        }

        room = (room - sizeof(rec)) & ~(size_t) 7;

        rc = ngx_cc_history_next(&stay->history, &w->cursor,
                                 room < max ? room : max, &piece);

        if (rc != 1) {
            return rc == -1;
        }

        rec.seq = piece.seq;
        rec.offset = piece.offset;
        rec.to = piece.to;
        rec.len = piece.len;
        rec.stream = piece.stream;

        memcpy(p, &rec, sizeof(rec));
        p += sizeof(rec);
        pad = NGX_CC_WIRE_ALIGN(piece.len) - piece.len;

        if (piece.len) {
            memcpy(p, piece.data, piece.len);
            memset(p + piece.len, 0, pad);
        }

        p += piece.len + pad;
        max -= piece.len;
        data->len += sizeof(rec) + piece.len + pad;
    }
}


/* who may not, or has only asked what it is: the last word */

void
ngx_cc_watcher_deny(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w)
{
    ngx_cc_wire_attached_t  msg;

    (void) ngx_cc_places_flush(stay, w);

    if (w->phase == NGX_CC_WATCHER_NONE) {
        return;
    }

    if (w->listing) {
        (void) ngx_cc_watcher_entry(stay, w);

    } else {
        ngx_cc_wire_init(&msg, NGX_CC_WIRE_ATTACHED, 0, sizeof(msg));
        msg.denied = w->denied;
        (void) ngx_cc_places_send(stay, w, &msg);
    }

    if (w->phase == NGX_CC_WATCHER_NONE) {
        return;
    }

    if (w->control) {
        w->phase = NGX_CC_WATCHER_ATTACHED;
        w->flags = NGX_CC_ATTACH_MONITOR;
        return;
    }

    ngx_cc_places_drop(stay, w);
}


static int
ngx_cc_watcher_entry(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w)
{
    int                          i;
    uint64_t                     expires;
    const ngx_cc_wire_exited_t  *exited;

    struct {
        ngx_cc_wire_entry_t  entry;
        char  text[NGX_CC_WIRE_MAX_LABEL + NGX_CC_WIRE_MAX_SHOWN + 8];
    } msg;

    ngx_cc_wire_init(&msg, NGX_CC_WIRE_ENTRY, 0, sizeof(msg.entry));
    msg.entry.denied = w->denied;

    if (w->denied) {
        return ngx_cc_places_send(stay, w, &msg);
    }

    exited = &stay->life->exited;

    msg.entry.head.flags = ngx_cc_watcher_state(stay);
    msg.entry.watchers = ngx_cc_places_count(stay, NULL);
    msg.entry.handle = stay->handle;
    msg.entry.pid = exited->pid;
    msg.entry.start = exited->start;
    msg.entry.user = exited->user;
    msg.entry.system = exited->system;
    msg.entry.max_rss = exited->max_rss;
    msg.entry.memory_peak = exited->memory_peak;
    msg.entry.pids_peak = exited->pids_peak;
    msg.entry.idle = stay->life->now - stay->life->quiet_since;

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        msg.entry.bytes[i] = stay->history.bytes[i];
    }

    if (stay->over) {
        msg.entry.status = exited->status;
        msg.entry.cause = exited->cause;
        msg.entry.read = stay->read;
        msg.entry.ended = stay->ended;

        expires = stay->over_at + stay->keep.ttl;
        msg.entry.expires = expires > stay->life->now
                            ? expires - stay->life->now : 1;
    }

    msg.entry.label = stay->label_len;
    msg.entry.shown = stay->shown_len;
    memcpy(msg.text, stay->label, stay->label_len);
    memcpy(msg.text + stay->label_len, stay->shown, stay->shown_len);
    msg.entry.head.size = sizeof(msg.entry) + stay->label_len
                          + stay->shown_len;

    return ngx_cc_places_send(stay, w, &msg);
}
