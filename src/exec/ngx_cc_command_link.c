
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_abandon.h"
#include "ngx_cc_call.h"
#include "ngx_cc_command_deadline.h"
#include "ngx_cc_command_link.h"
#include "ngx_cc_command_send.h"
#include "ngx_cc_command_handover.h"
#include "ngx_cc_command_keep.h"
#include "ngx_cc_command_observe.h"
#include "ngx_cc_watch.h"
#include "ngx_cc_zone.h"


static void ngx_cc_command_link_ready(void *data, ngx_cc_helper_handle_t *h);
static void ngx_cc_command_link_refused(void *data, ngx_cc_stage_e stage,
    ngx_err_t err);
static void ngx_cc_command_link_writable(void *data);
static void ngx_cc_command_link_gone(void *data);
static void ngx_cc_command_link_exited(ngx_cc_command_link_t *cl,
    ngx_cc_wire_exited_t *msg);
static void ngx_cc_command_link_started(ngx_cc_command_link_t *cl, pid_t pid,
    uint64_t start);
static void ngx_cc_command_link_unpassed(ngx_cc_command_link_t *cl,
    const ngx_cc_wire_unpassed_t *msg);
static ngx_int_t ngx_cc_command_link_head(ngx_cc_command_link_t *cl,
    uint64_t head);
static void ngx_cc_command_link_lost(ngx_event_t *ev);


static const ngx_cc_helper_handle_user_t  ngx_cc_command_link_user = {
    ngx_cc_command_link_message,
    ngx_cc_command_link_writable,
    ngx_cc_command_link_gone
};


void
ngx_cc_command_link_init(ngx_cc_command_link_t *cl)
{
    cl->public.state = NGX_CC_COMMAND_WAITING;

    ngx_cc_command_deadline_init(cl);

    cl->lost.handler = ngx_cc_command_link_lost;
    cl->lost.data = cl;
    cl->lost.log = ngx_cycle->log;

    ngx_cc_drain_init(&cl->drain, cl);
}


void
ngx_cc_command_link_begin(ngx_cc_command_link_t *cl)
{
    ngx_cc_helper_handle_t  *h;

    ngx_add_timer(&cl->timer, cl->conf->start_timeout);

    cl->wait.ready = ngx_cc_command_link_ready;
    cl->wait.failed = ngx_cc_command_link_refused;
    cl->wait.data = cl;

    h = ngx_cc_pools_get(cl->conf->user, &cl->wait);

    if (h) {
        ngx_cc_command_link_ready(cl, h);
    }
}


/* a helper is there: START goes out */

static void
ngx_cc_command_link_ready(void *data, ngx_cc_helper_handle_t *h)
{
    ngx_cc_command_link_t  *cl = data;

    cl->helper = h;
    h->run++;

    cl->message->head.run = h->run;

    ngx_cc_pool_use(h, &ngx_cc_command_link_user, cl);

    ngx_cc_record_move(&h->record, &cl->record);

    cl->reader.base = h->ring;
    cl->reader.size = h->ring_size;
    ngx_cc_ring_rewind(&cl->reader);

    cl->window = ngx_min(cl->conf->buffer, h->ring_size);

    ngx_cc_command_send(cl);
}


/* no helper could be made, and there is none to wait for */

static void
ngx_cc_command_link_refused(void *data, ngx_cc_stage_e stage, ngx_err_t err)
{
    ngx_cc_command_link_t  *cl = data;

    cl->public.state = NGX_CC_COMMAND_OVER;
    cl->public.stage = stage;
    cl->public.error = err;

    ngx_cc_record_failed(&cl->record, stage, err);
    ngx_cc_command_link_over(cl);
    (void) ngx_cc_command_link_tell(cl, NGX_CC_COMMAND_FAILED);
}


static void
ngx_cc_command_link_writable(void *data)
{
    ngx_cc_command_send(data);
}


void
ngx_cc_command_link_message(void *data, ngx_cc_wire_msg_t *msg)
{
    ngx_cc_command_link_t  *cl = data;

    if (cl->call && ngx_cc_call_message(cl, msg) == NGX_OK) {
        return;
    }

    if (cl->public.state == NGX_CC_COMMAND_OVER
        && (cl->watch == NULL || !cl->watch->call
            || msg->head.type != NGX_CC_WIRE_DETACHED))
    {
        return;
    }

    switch (msg->head.type) {

    case NGX_CC_WIRE_STARTED:
        if (cl->public.state == NGX_CC_COMMAND_WAITING) {
            ngx_cc_command_link_started(cl, msg->started.pid,
                                        msg->started.start);

            if (cl->birth && ngx_cc_command_keep_born(cl) != NGX_OK) {
                return;
            }

            (void) ngx_cc_command_link_tell(cl, NGX_CC_COMMAND_STARTED);
        }

        return;

    case NGX_CC_WIRE_FAILED:
        cl->public.state = NGX_CC_COMMAND_OVER;
        cl->public.stage = msg->failed.stage;
        cl->public.error = msg->failed.error;
        cl->reusable = 1;

        ngx_cc_record_failed(&cl->helper->record, msg->failed.stage,
                             msg->failed.error);
        ngx_cc_command_link_over(cl);
        (void) ngx_cc_command_link_tell(cl, NGX_CC_COMMAND_FAILED);
        return;

    case NGX_CC_WIRE_ATTACHED:
    case NGX_CC_WIRE_DATA:
    case NGX_CC_WIRE_STATE:
    case NGX_CC_WIRE_DETACHED:
        if (cl->watch) {
            ngx_cc_watch_message(cl, msg);
        }

        return;

    case NGX_CC_WIRE_OUTPUT:
        if (cl->watch) {
            return;
        }

        if (ngx_cc_command_link_head(cl, msg->output.pos) == NGX_OK) {
            cl->wake(cl->public.data, &cl->public);
        }

        return;

    case NGX_CC_WIRE_INPUT_DONE:
        if (cl->input_busy) {
            cl->input_busy = 0;
            cl->public.accepted = msg->input.len;
            cl->public.stdin_taken = msg->input.accepted;

            cl->public.stdin_long =
                              (msg->head.flags & NGX_CC_INPUT_LONG) ? 1 : 0;

            if (msg->head.flags & NGX_CC_INPUT_CLOSED) {
                cl->public.stdin_closed = 1;
            }

            (void) ngx_cc_command_link_tell(cl, NGX_CC_COMMAND_INPUT);
        }

        return;

    case NGX_CC_WIRE_ENDED:
        ngx_cc_drain_begin(&cl->drain, cl->conf->drain_timeout);
        return;

    case NGX_CC_WIRE_SIGNALLED:
        if (msg->signal.serial == cl->serial && cl->reply.timer_set) {
            ngx_del_timer(&cl->reply);
            cl->public.left = msg->signal.left;

            (void) ngx_cc_command_link_tell(cl, NGX_CC_COMMAND_SIGNALLED);
        }

        return;

    case NGX_CC_WIRE_UNPASSED:
        ngx_cc_command_link_unpassed(cl, &msg->unpassed);
        return;

    case NGX_CC_WIRE_KEPT:
        if (cl->handover) {
            ngx_cc_command_handover_answer(cl, (ngx_cc_wire_reached_t *) msg);
        }

        return;

    case NGX_CC_WIRE_EXITED:
        if (cl->watch) {
            ngx_cc_watch_message(cl, msg);
            return;
        }

        /* it was over before it was kept */

        ngx_cc_command_handover_end(cl);
        ngx_cc_call_exited(cl);
        ngx_cc_command_link_exited(cl, &msg->exited);
        return;

    default:
        return;
    }
}


static void
ngx_cc_command_link_exited(ngx_cc_command_link_t *cl, ngx_cc_wire_exited_t *msg)
{
    ngx_cc_command_t  *cmd;

    cmd = &cl->public;

    if (ngx_cc_command_link_head(cl, msg->pos) != NGX_OK) {
        return;
    }

    if (cmd->state == NGX_CC_COMMAND_WAITING) {
        /* a short one: EXITED stands for STARTED too */

        ngx_cc_command_link_started(cl, msg->pid, msg->start);

        if (ngx_cc_command_link_tell(cl, NGX_CC_COMMAND_STARTED)) {
            return;
        }
    }

    ngx_cc_command_link_ended(cl, msg);

    if (cl->reply.timer_set) {
        ngx_del_timer(&cl->reply);
    }

    cl->reusable = (msg->head.flags & NGX_CC_EXITED_REUSABLE) ? 1 : 0;

    ngx_cc_record_exited(&cl->helper->record, msg);

    if (cmd->truncated) {
        cl->reader.pos = cl->head;
    }

    if (cl->reader.pos == cl->head) {
        ngx_cc_command_link_over(cl);

    } else {
        ngx_cc_drain_begin(&cl->drain, cl->conf->drain_timeout);
    }

    (void) ngx_cc_command_link_tell(cl, NGX_CC_COMMAND_EXITED);
}


void
ngx_cc_command_link_ended(ngx_cc_command_link_t *cl,
    const ngx_cc_wire_exited_t *msg)
{
    ngx_cc_command_t  *cmd = &cl->public;

    cmd->state = NGX_CC_COMMAND_OVER;
    cmd->status = msg->status;
    cmd->cause = msg->cause;
    cmd->elapsed = msg->elapsed;
    cmd->user = msg->user;
    cmd->system = msg->system;
    cmd->max_rss = msg->max_rss;
    cmd->memory_peak = msg->memory_peak;
    cmd->pids_peak = msg->pids_peak;
    cmd->swept = msg->swept;
    cmd->pipes_open = (msg->head.flags & NGX_CC_EXITED_PIPES) ? 1 : 0;
    cmd->bytes[NGX_CC_STDOUT] = msg->bytes[NGX_CC_STDOUT];
    cmd->bytes[NGX_CC_STDERR] = msg->bytes[NGX_CC_STDERR];
}


static void
ngx_cc_command_link_started(ngx_cc_command_link_t *cl, pid_t pid,
    uint64_t start)
{
    cl->public.state = NGX_CC_COMMAND_RUNNING;
    cl->public.pid = pid;
    cl->public.start = start / 1000;

    ngx_cc_record_started(&cl->helper->record, pid, start);
    ngx_cc_command_observe_started(cl);

    if (cl->public.canceling) {
        ngx_cc_command_deadline_expect(cl, 0);

    } else if (cl->timeout) {
        ngx_cc_command_deadline_expect(cl, cl->timeout);

    } else {
        ngx_cc_command_deadline_none(cl);
    }
}


void
ngx_cc_command_link_signal(ngx_cc_command_link_t *cl)
{
    cl->serial++;
    cl->signal_due = 1;
    cl->public.left = 0;

    ngx_cc_command_deadline_reply(cl);
    ngx_cc_command_send(cl);
}


/* of a kept one whoever minds it makes a record */

static void
ngx_cc_command_link_unpassed(ngx_cc_command_link_t *cl,
    const ngx_cc_wire_unpassed_t *msg)
{
    if (cl->helper) {
        ngx_cc_record_unpassed(&cl->helper->record, msg);
    }

    cl->public.unpassed = *msg;

    if (msg->signo == SIGSTOP) {
        cl->public.paused = 0;
    }

    (void) ngx_cc_command_link_tell(cl, NGX_CC_COMMAND_UNPASSED);
}


/* the helper says that the ring is filled up to here: can that be? */

static ngx_int_t
ngx_cc_command_link_head(ngx_cc_command_link_t *cl, uint64_t head)
{
    if (head < cl->head || head - cl->reader.pos > cl->window) {
        ngx_cc_command_link_lose(cl, "impossible position in the ring");
        return NGX_ERROR;
    }

    cl->head = head;

    return NGX_OK;
}


void
ngx_cc_command_link_lose(ngx_cc_command_link_t *cl, const char *reason)
{
    if (cl->public.state == NGX_CC_COMMAND_OVER && cl->helper == NULL) {
        return;
    }

    ngx_log_error(NGX_LOG_ERR, cl->timer.log, 0,
                  "cc_executor: command lost: %s execution=%*s",
                  reason, (size_t) NGX_CC_HANDLE_NAME, cl->public.id);

    if (cl->helper) {
        ngx_cc_pool_kill(cl->helper);
    }

    cl->reusable = 0;

    ngx_cc_command_handover_end(cl);

    if (cl->public.state != NGX_CC_COMMAND_OVER && !cl->lost.posted) {
        ngx_post_event(&cl->lost, &ngx_posted_events);
    }
}


void
ngx_cc_command_link_withdraw(ngx_cc_command_link_t *cl)
{
    ngx_cc_pool_forget(&cl->wait);
    cl->withdrawn = 1;

    if (cl->timer.timer_set) {
        ngx_del_timer(&cl->timer);
    }

    if (!cl->lost.posted) {
        ngx_post_event(&cl->lost, &ngx_posted_events);
    }
}


void
ngx_cc_command_link_cut(ngx_cc_command_link_t *cl)
{
    ngx_cc_command_event_e  event;

    event = (cl->public.state == NGX_CC_COMMAND_RUNNING)
            ? NGX_CC_COMMAND_EXITED : NGX_CC_COMMAND_FAILED;

    ngx_cc_pool_forget(&cl->wait);

    cl->public.state = NGX_CC_COMMAND_OVER;
    cl->public.cause = NGX_CC_CAUSE_SHUTDOWN;
    cl->public.stage = NGX_CC_STAGE_NONE;
    cl->public.unknown = 1;

    if (cl->helper) {
        ngx_cc_record_lost(&cl->helper->record, NGX_CC_CAUSE_SHUTDOWN);

    } else {
        ngx_cc_record_failed(&cl->record, NGX_CC_STAGE_NONE, 0);
    }

    if (cl->reader.pos == cl->head) {
        ngx_cc_command_link_over(cl);
    }

    (void) ngx_cc_command_link_tell(cl, event);
}


static void
ngx_cc_command_link_lost(ngx_event_t *ev)
{
    ngx_cc_command_link_t   *cl = ev->data;
    ngx_cc_command_event_e   event;

    if (cl->public.state == NGX_CC_COMMAND_OVER) {
        return;
    }

    event = (cl->public.state == NGX_CC_COMMAND_RUNNING || cl->withdrawn)
            ? NGX_CC_COMMAND_EXITED : NGX_CC_COMMAND_FAILED;

    cl->public.state = NGX_CC_COMMAND_OVER;
    cl->public.cause = cl->withdrawn ? NGX_CC_CAUSE_CANCEL
                                     : NGX_CC_CAUSE_LOST;
    cl->public.stage = NGX_CC_STAGE_NONE;
    cl->public.unknown = 1;

    if (cl->helper) {
        ngx_cc_record_lost(&cl->helper->record, NGX_CC_CAUSE_LOST);

    } else if (cl->withdrawn) {
        ngx_cc_record_withdrawn(&cl->record);

    } else {
        ngx_cc_record_failed(&cl->record, NGX_CC_STAGE_NONE, 0);
    }

    if (cl->reader.pos == cl->head) {
        ngx_cc_command_link_over(cl);
    }

    (void) ngx_cc_command_link_tell(cl, event);
}


void
ngx_cc_command_link_drop(ngx_cc_command_link_t *cl)
{
    ngx_log_error(NGX_LOG_INFO, cl->timer.log, 0,
                  "cc_executor: the client reads nothing, the rest of the "
                  "output is dropped execution=%*s",
                  (size_t) NGX_CC_HANDLE_NAME, cl->public.id);

    cl->public.truncated = 1;
    cl->reader.pos = cl->head;

    if (cl->public.state == NGX_CC_COMMAND_OVER) {
        ngx_cc_command_link_over(cl);
        cl->wake(cl->public.data, &cl->public);
        return;
    }

    cl->credit_due = 0;
    cl->drop_due = 1;
    ngx_cc_command_send(cl);
    ngx_cc_command_deadline_expect(cl, 0);
}


static void
ngx_cc_command_link_gone(void *data)
{
    ngx_cc_command_link_t  *cl = data;

    if (cl->public.state != NGX_CC_COMMAND_OVER) {
        ngx_cc_command_link_lose(cl, "its helper is gone");
    }
}


ngx_uint_t
ngx_cc_command_link_tell(ngx_cc_command_link_t *cl,
    ngx_cc_command_event_e event)
{
    ngx_uint_t  closed;

    closed = 0;
    cl->closed = &closed;
    cl->event(cl->public.data, &cl->public, event);

    if (closed) {
        return 1;
    }

    cl->closed = NULL;

    return 0;
}


void
ngx_cc_command_link_over(ngx_cc_command_link_t *cl)
{
    if (cl->timer.timer_set) {
        ngx_del_timer(&cl->timer);
    }

    ngx_cc_drain_end(&cl->drain);
    ngx_cc_command_observe_end(cl);

    /* a client that still reads the rest does not keep others from starting */

    ngx_cc_zone_free(&cl->slot);
    ngx_cc_command_handover_end(cl);
    ngx_cc_command_keep_unborn(cl);

    if (cl->reply.timer_set) {
        ngx_del_timer(&cl->reply);
    }

    if (cl->helper && !ngx_cc_call_holds(cl)) {
        ngx_cc_pool_put(cl->helper, cl->reusable);
        cl->helper = NULL;
    }
}


void
ngx_cc_command_link_end(ngx_cc_command_link_t *cl)
{
    if (cl->closed) {
        *cl->closed = 1;
    }

    ngx_cc_pool_forget(&cl->wait);

    if (cl->timer.timer_set) {
        ngx_del_timer(&cl->timer);
    }

    if (cl->reply.timer_set) {
        ngx_del_timer(&cl->reply);
    }

    if (cl->lost.posted) {
        ngx_delete_posted_event(&cl->lost);
    }

    ngx_cc_command_handover_end(cl);
    ngx_cc_watch_close(cl);
    ngx_cc_command_keep_unborn(cl);
    ngx_cc_command_observe_end(cl);

    ngx_cc_drain_end(&cl->drain);

    /* in case it still waited for a helper */

    ngx_cc_record_withdrawn(&cl->record);

    ngx_cc_call_close(cl);

    if (cl->helper) {
        if (cl->public.state == NGX_CC_COMMAND_OVER) {
            ngx_cc_pool_put(cl->helper, cl->reusable);

        } else {
            ngx_cc_abandon(cl->helper, cl->conf->kill_grace,
                           cl->public.canceling ? cl->ends
                                                : NGX_CC_CAUSE_DISCONNECT);
        }
    }
}
