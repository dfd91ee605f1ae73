
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command_send.h"
#include "ngx_cc_hmac.h"
#include "ngx_cc_index.h"
#include "ngx_cc_watch.h"
#include "ngx_cc_watch_send.h"
#include "ngx_cc_zone.h"


static ngx_cc_watch_t *ngx_cc_watch_create(ngx_cc_command_link_t *cl,
    uint32_t flags);
static void ngx_cc_watch_ready(void *data);
static void ngx_cc_watch_writable(void *data);
static void ngx_cc_watch_ended(void *data, ngx_cc_peer_gone_e why);
static void ngx_cc_watch_attached(ngx_cc_command_link_t *cl,
    const ngx_cc_wire_attached_t *msg);
static void ngx_cc_watch_data(ngx_cc_command_link_t *cl,
    const ngx_cc_wire_data_t *msg);
static void ngx_cc_watch_more(ngx_cc_command_link_t *cl);
static void ngx_cc_watch_exited(ngx_cc_command_link_t *cl,
    const ngx_cc_wire_exited_t *msg);
static void ngx_cc_watch_state(ngx_cc_command_link_t *cl,
    const ngx_cc_wire_state_t *msg);
static void ngx_cc_watch_flags(ngx_cc_command_link_t *cl, uint32_t flags);
static void ngx_cc_watch_silence(ngx_cc_command_link_t *cl);
static void ngx_cc_watch_over(ngx_cc_command_link_t *cl);
static void ngx_cc_watch_detached(ngx_cc_command_link_t *cl,
    ngx_cc_command_detached_e reason);
static void ngx_cc_watch_forgotten(ngx_cc_command_link_t *cl);


static const ngx_cc_peer_handlers_t  ngx_cc_watch_peer = {
    ngx_cc_watch_ready,
    ngx_cc_command_link_message,
    ngx_cc_watch_writable,
    ngx_cc_watch_ended
};


ngx_int_t
ngx_cc_watch_begin(ngx_cc_command_link_t *cl, const ngx_cc_wire_start_t *start,
    ngx_uint_t lossy)
{
    uint32_t         flags;
    ngx_cc_watch_t  *w;

    flags = NGX_CC_ATTACH_DATA|NGX_CC_ATTACH_WRITE;

    if (lossy) {
        flags |= NGX_CC_ATTACH_LOSSY;
    }

    w = ngx_cc_watch_create(cl, flags);

    if (w == NULL) {
        return NGX_ERROR;
    }

    w->attach.handle = start->handle;
    ngx_memcpy(w->attach.owner, start->owner, NGX_CC_OWNER_SIZE);

    w->attach_due = 1;
    w->open = 1;

    return NGX_OK;
}


ngx_int_t
ngx_cc_watch_connect(ngx_cc_command_link_t *cl, const ngx_cc_attach_t *attach)
{
    ngx_cc_watch_t  *w;

    w = ngx_cc_watch_create(cl, attach->flags|NGX_CC_ATTACH_DATA);

    if (w == NULL) {
        return NGX_ERROR;
    }

    w->call = attach->call;
    w->attach.head.flags |= attach->call ? NGX_CC_ATTACH_CALL : 0;
    w->attach.handle = attach->handle;
    w->attach.from[NGX_CC_STDOUT] = attach->from[NGX_CC_STDOUT];
    w->attach.from[NGX_CC_STDERR] = attach->from[NGX_CC_STDERR];
    ngx_memcpy(w->attach.owner, attach->owner, NGX_CC_OWNER_SIZE);

    if (attach->realm) {
        w->attach.head.flags |= NGX_CC_ATTACH_OBSERVER;
        ngx_memcpy(w->attach.realm, attach->realm, NGX_CC_OWNER_SIZE);
    }

    w->peer.handlers = &ngx_cc_watch_peer;
    w->peer.data = cl;
    w->peer.log = ngx_cycle->log;

    ngx_cc_peer_open(&w->peer, attach->handle.byte);

    return NGX_OK;
}


ngx_cc_watch_t *
ngx_cc_watch_heir(void)
{
    return ngx_calloc(sizeof(ngx_cc_watch_t), ngx_cycle->log);
}


void
ngx_cc_watch_inherit(ngx_cc_command_link_t *cl, ngx_cc_watch_t *w)
{
    w->open = 1;
    w->attached = 1;

    cl->watch = w;
    cl->public.kept = 1;
    cl->public.attached.flags = NGX_CC_ATTACH_WRITE;
}


static ngx_cc_watch_t *
ngx_cc_watch_create(ngx_cc_command_link_t *cl, uint32_t flags)
{
    ngx_cc_watch_t  *w;

    w = ngx_calloc(sizeof(ngx_cc_watch_t), ngx_cycle->log);

    if (w == NULL) {
        return NULL;
    }

    ngx_cc_wire_init(&w->attach, NGX_CC_WIRE_ATTACH, 0,
                     sizeof(ngx_cc_wire_attach_t));
    w->attach.head.flags = flags;
    w->lossy = (flags & NGX_CC_ATTACH_LOSSY) ? 1 : 0;

    cl->watch = w;
    cl->public.kept = 1;
    cl->public.attached.flags = flags;

    return w;
}


/* the connection stands */

static void
ngx_cc_watch_ready(void *data)
{
    ngx_cc_command_link_t  *cl = data;

    /* asked together: one turn of the helper answers both */

    cl->watch->open = 1;
    cl->watch->attach_due = 1;
    cl->watch->read_due = 1;

    ngx_cc_command_send(cl);
}


static void
ngx_cc_watch_writable(void *data)
{
    ngx_cc_command_send(data);
}


static void
ngx_cc_watch_ended(void *data, ngx_cc_peer_gone_e why)
{
    ngx_cc_command_link_t  *cl = data;

    if (why == NGX_CC_PEER_BUSY) {
        ngx_cc_watch_unreachable(cl);
        return;
    }

    ngx_cc_watch_gone(cl);
}


void
ngx_cc_watch_message(ngx_cc_command_link_t *cl, ngx_cc_wire_msg_t *msg)
{
    switch (msg->head.type) {

    case NGX_CC_WIRE_ATTACHED:
        ngx_cc_watch_attached(cl, (ngx_cc_wire_attached_t *) msg);
        return;

    case NGX_CC_WIRE_DATA:
        ngx_cc_watch_data(cl, (ngx_cc_wire_data_t *) msg);
        return;

    case NGX_CC_WIRE_STATE:
        ngx_cc_watch_state(cl, (ngx_cc_wire_state_t *) msg);
        return;

    case NGX_CC_WIRE_DETACHED:
        ngx_cc_watch_detached(cl, (ngx_cc_command_detached_e)
                                  ((ngx_cc_wire_detached_t *) msg)->reason);
        return;

    case NGX_CC_WIRE_EXITED:
        ngx_cc_watch_exited(cl, &msg->exited);
        return;

    default:
        return;
    }
}


static void
ngx_cc_watch_attached(ngx_cc_command_link_t *cl,
    const ngx_cc_wire_attached_t *msg)
{
    ngx_cc_watch_t    *w = cl->watch;
    ngx_cc_command_t  *cmd = &cl->public;

    if (w->attached) {
        return;
    }

    if (msg->denied) {
        cmd->state = NGX_CC_COMMAND_OVER;
        cmd->refused = msg->denied;
        ngx_cc_watch_over(cl);
        (void) ngx_cc_command_link_tell(cl, NGX_CC_COMMAND_FAILED);
        return;
    }

    w->attached = 1;
    w->read_due = !w->reading;

    ngx_memcpy(cmd->attached.from, msg->from, sizeof(msg->from));
    ngx_memcpy(cmd->attached.held, msg->held, sizeof(msg->held));
    ngx_memcpy(cmd->attached.bytes, msg->bytes, sizeof(msg->bytes));

    cmd->attached.seq = msg->seq;
    cmd->attached.accepted = msg->accepted;
    cmd->attached.watchers = msg->watchers;
    cmd->attached.cols = msg->cols;
    cmd->attached.rows = msg->rows;
    cmd->attached.status = msg->status;
    cmd->attached.cause = msg->cause;
    cmd->cols = msg->cols;
    cmd->rows = msg->rows;

    ngx_cc_watch_flags(cl, msg->head.flags);
    ngx_cc_command_send(cl);

    if (w->kept || cl->birth) {
        /* STARTED says it, or has */
        return;
    }

    cmd->state = NGX_CC_COMMAND_RUNNING;
    cmd->pid = msg->pid;
    cmd->start = msg->start / 1000;
    cl->has_stdin = (msg->head.flags & NGX_CC_ATTACHED_STDIN)
                    && (msg->head.flags & NGX_CC_ATTACH_WRITE);

    (void) ngx_cc_command_link_tell(cl, NGX_CC_COMMAND_STARTED);
}


/* a copy, since all of it is not taken at once */

static void
ngx_cc_watch_data(ngx_cc_command_link_t *cl, const ngx_cc_wire_data_t *msg)
{
    ngx_cc_watch_t  *w = cl->watch;

    if (!w->reading) {
        return;
    }

    w->reading = 0;

    if (msg->len == 0) {
        w->read_due = 1;
        ngx_cc_command_send(cl);
        return;
    }

    w->data = ngx_alloc(sizeof(ngx_cc_wire_data_t) + msg->len, ngx_cycle->log);

    if (w->data == NULL) {
        ngx_cc_watch_unreachable(cl);
        return;
    }

    w->size = msg->len;
    w->pos = 0;
    ngx_memcpy(w->data, msg, sizeof(ngx_cc_wire_data_t) + msg->len);

    cl->wake(cl->public.data, &cl->public);
}


int
ngx_cc_watch_peek(ngx_cc_command_link_t *cl, ngx_cc_ring_record_t *rec)
{
    size_t                       pos;
    ngx_cc_watch_t              *w = cl->watch;
    const ngx_cc_wire_record_t  *r;

    if (w->data == NULL) {
        return 0;
    }

    pos = w->pos;
    r = ngx_cc_wire_kept_record((ngx_cc_wire_data_t *) w->data, &pos);

    rec->data = (const uint8_t *) (r + 1);
    rec->len = r->len;
    rec->size = pos - w->pos;
    rec->offset = r->offset;
    rec->to = r->to;
    rec->seq = r->seq;
    rec->stream = r->stream;

    return 1;
}


void
ngx_cc_watch_skip(ngx_cc_command_link_t *cl, const ngx_cc_ring_record_t *rec)
{
    ngx_cc_watch_t  *w = cl->watch;

    if (w->data == NULL) {
        return;
    }

    ngx_cc_zone_count(NGX_CC_TOTAL_OUTPUT + rec->stream, rec->len);
    w->pos += rec->size;

    if (w->pos >= w->size) {
        ngx_free(w->data);
        w->data = NULL;
        ngx_cc_watch_more(cl);
    }
}


static void
ngx_cc_watch_more(ngx_cc_command_link_t *cl)
{
    if (cl->public.state != NGX_CC_COMMAND_OVER) {
        cl->watch->read_due = 1;
        ngx_cc_command_send(cl);
    }
}


int
ngx_cc_watch_finished(ngx_cc_command_link_t *cl)
{
    return cl->public.state == NGX_CC_COMMAND_OVER && cl->watch->data == NULL;
}


static void
ngx_cc_watch_exited(ngx_cc_command_link_t *cl, const ngx_cc_wire_exited_t *msg)
{
    ngx_cc_command_link_ended(cl, msg);

    if (cl->watch->call) {
        /* somebody may take it over while its result is sent */
        ngx_cc_watch_silence(cl);

    } else {
        ngx_cc_watch_over(cl);
    }

    (void) ngx_cc_command_link_tell(cl, NGX_CC_COMMAND_EXITED);
}


static void
ngx_cc_watch_state(ngx_cc_command_link_t *cl, const ngx_cc_wire_state_t *msg)
{
    ngx_cc_command_t  *cmd = &cl->public;

    cmd->attached.watchers = msg->watchers;
    cmd->attached.cols = msg->cols;
    cmd->attached.rows = msg->rows;
    cmd->cols = msg->cols;
    cmd->rows = msg->rows;

    ngx_cc_watch_flags(cl, msg->head.flags);

    if (cmd->state == NGX_CC_COMMAND_RUNNING) {
        (void) ngx_cc_command_link_tell(cl, NGX_CC_COMMAND_STATE);
    }
}


static void
ngx_cc_watch_flags(ngx_cc_command_link_t *cl, uint32_t flags)
{
    uint32_t  granted;

    /* STATE is the same for everybody: what was granted stays */

    granted = cl->public.attached.flags & NGX_CC_ATTACH_FLAGS;

    if (flags & NGX_CC_ATTACH_FLAGS) {
        granted = flags & NGX_CC_ATTACH_FLAGS;
    }

    cl->public.attached.flags = granted | (flags & ~NGX_CC_ATTACH_FLAGS);
    cl->public.paused = (flags & NGX_CC_ATTACHED_PAUSED) ? 1 : 0;

    if (flags & NGX_CC_ATTACHED_ENDING) {
        cl->public.canceling = 1;
    }
}


/*
 * Its helper died, or nobody has this name.  What the index knows of it is
 * said; of whom it knows nothing nobody gets to know more.
 */

void
ngx_cc_watch_gone(ngx_cc_command_link_t *cl)
{
    ngx_uint_t        waiting;
    ngx_cc_command_t  *cmd = &cl->public;

    waiting = (cmd->state == NGX_CC_COMMAND_WAITING);

    if (cmd->state == NGX_CC_COMMAND_OVER) {
        if (cl->watch->call) {
            ngx_cc_watch_over(cl);
        }

        return;
    }

    if (waiting) {
        ngx_cc_watch_forgotten(cl);
        return;
    }

    cmd->state = NGX_CC_COMMAND_OVER;
    cmd->cause = NGX_CC_CAUSE_LOST;
    cmd->unknown = 1;

    ngx_cc_watch_over(cl);
    (void) ngx_cc_command_link_tell(cl, NGX_CC_COMMAND_EXITED);
}


/* nobody listens: is it one that was there? */

static void
ngx_cc_watch_forgotten(ngx_cc_command_link_t *cl)
{
    ngx_cc_watch_t       *w = cl->watch;
    ngx_cc_command_t     *cmd = &cl->public;
    ngx_cc_attached_t    *attached = &cmd->attached;
    ngx_cc_index_told_t   told;

    ngx_cc_watch_over(cl);

    if (ngx_cc_index_find(w->attach.handle.byte, &told) != NGX_OK
        || told.alive || told.call
        || !ngx_cc_hmac_equal(told.owner, w->attach.owner,
                              NGX_CC_OWNER_SIZE))
    {
        cmd->state = NGX_CC_COMMAND_OVER;
        cmd->refused = NGX_CC_DENIED_UNKNOWN;
        (void) ngx_cc_command_link_tell(cl, NGX_CC_COMMAND_FAILED);
        return;
    }

    attached->flags |= NGX_CC_ATTACHED_OVER;
    attached->flags &= ~NGX_CC_ATTACH_WRITE;

    cmd->pid = told.pid;
    cmd->start = told.start / 1000;
    cmd->cause = (told.state == NGX_CC_INDEX_RUNNING) ? NGX_CC_CAUSE_LOST
                                                      : told.cause;
    cmd->unknown = (cmd->cause == NGX_CC_CAUSE_LOST);
    cmd->status = told.status;
    attached->status = told.status;
    attached->cause = cmd->cause;

    if (told.ended > told.start) {
        cmd->elapsed = told.ended - told.start;
    }

    /* all of its output is missing */

    ngx_memcpy(cmd->bytes, told.bytes, sizeof(cmd->bytes));
    ngx_memcpy(attached->from, told.bytes, sizeof(cmd->bytes));
    ngx_memcpy(attached->held, told.bytes, sizeof(cmd->bytes));
    ngx_memcpy(attached->bytes, told.bytes, sizeof(cmd->bytes));

    cmd->state = NGX_CC_COMMAND_RUNNING;

    if (ngx_cc_command_link_tell(cl, NGX_CC_COMMAND_STARTED)) {
        return;
    }

    cmd->state = NGX_CC_COMMAND_OVER;
    (void) ngx_cc_command_link_tell(cl, NGX_CC_COMMAND_EXITED);
}


void
ngx_cc_watch_unreachable(ngx_cc_command_link_t *cl)
{
    ngx_cc_watch_detached(cl, NGX_CC_COMMAND_UNREACHABLE);
}


static void
ngx_cc_watch_detached(ngx_cc_command_link_t *cl,
    ngx_cc_command_detached_e reason)
{
    cl->public.state = NGX_CC_COMMAND_OVER;
    cl->public.detached = reason;

    ngx_cc_watch_over(cl);
    (void) ngx_cc_command_link_tell(cl, NGX_CC_COMMAND_DETACHED);
}


/* nothing is asked or awaited any more; what was read is still there */

static void
ngx_cc_watch_silence(ngx_cc_command_link_t *cl)
{
    ngx_cc_watch_t  *w = cl->watch;

    w->reading = 0;
    w->read_due = 0;

    if (cl->timer.timer_set) {
        ngx_del_timer(&cl->timer);
    }

    if (cl->reply.timer_set) {
        ngx_del_timer(&cl->reply);
    }
}


/* nor said */

static void
ngx_cc_watch_over(ngx_cc_command_link_t *cl)
{
    ngx_cc_watch_t  *w = cl->watch;

    w->open = 0;
    ngx_cc_watch_silence(cl);

    if (w->kept) {
        ngx_cc_kept_leave(w->kept);
        w->kept = NULL;
        return;
    }

    ngx_cc_peer_close(&w->peer);
}


void
ngx_cc_watch_close(ngx_cc_command_link_t *cl)
{
    ngx_cc_watch_t  *w = cl->watch;

    if (w == NULL) {
        return;
    }

    ngx_cc_watch_farewell(cl);
    ngx_cc_watch_over(cl);

    if (w->data) {
        ngx_free(w->data);
    }

    ngx_free(w);
    cl->watch = NULL;
}
