
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_abandon.h"


#define NGX_CC_ABANDON_PATIENCE  10000   /* ms beyond the grace */


static void ngx_cc_abandon_message(void *data, ngx_cc_wire_msg_t *msg);
static void ngx_cc_abandon_writable(void *data);
static void ngx_cc_abandon_lost(void *data);
static void ngx_cc_abandon_deadline(ngx_event_t *ev);


static const ngx_cc_helper_handle_user_t  ngx_cc_abandon_user = {
    ngx_cc_abandon_message,
    ngx_cc_abandon_writable,
    ngx_cc_abandon_lost
};


void
ngx_cc_abandon(ngx_cc_helper_handle_t *h, ngx_msec_t grace,
    ngx_cc_cause_e cause)
{
    if (h->dead) {
        ngx_cc_abandon_lost(h);
        return;
    }

    h->abandoned = 1;
    h->cause = cause;
    ngx_cc_pool_use(h, &ngx_cc_abandon_user, h);

    h->deadline.handler = ngx_cc_abandon_deadline;
    h->deadline.data = h;
    h->deadline.log = ngx_cycle->log;
    h->deadline.cancelable = 1;

    ngx_add_timer(&h->deadline, grace + NGX_CC_ABANDON_PATIENCE);

    ngx_cc_abandon_writable(h);
}


static void
ngx_cc_abandon_message(void *data, ngx_cc_wire_msg_t *msg)
{
    ngx_cc_helper_handle_t  *h = data;

    switch (msg->head.type) {

    case NGX_CC_WIRE_STARTED:
        ngx_cc_record_started(&h->record, msg->started.pid, msg->started.start);
        return;

    case NGX_CC_WIRE_FAILED:
        ngx_cc_record_failed(&h->record, msg->failed.stage, msg->failed.error);
        ngx_cc_pool_put(h, 1);
        return;

    case NGX_CC_WIRE_UNPASSED:
        ngx_cc_record_unpassed(&h->record, &msg->unpassed);
        return;

    case NGX_CC_WIRE_EXITED:
        ngx_cc_record_exited(&h->record, &msg->exited);
        ngx_cc_pool_put(h, msg->head.flags & NGX_CC_EXITED_REUSABLE);
        return;

    default:
        return;
    }
}


static void
ngx_cc_abandon_writable(void *data)
{
    ngx_cc_helper_handle_t  *h = data;
    ngx_cc_wire_head_t       msg;

    if (h->abandoned) {
        ngx_cc_wire_init(&msg, NGX_CC_WIRE_ABANDON, h->run, sizeof(msg));
        msg.flags = h->cause;

        if (ngx_cc_channel_send(&h->channel, &msg, sizeof(msg))
            != NGX_AGAIN)
        {
            h->abandoned = 0;
        }
    }
}


static void
ngx_cc_abandon_lost(void *data)
{
    ngx_cc_helper_handle_t  *h = data;

    ngx_cc_record_lost(&h->record, NGX_CC_CAUSE_LOST);
    ngx_cc_pool_put(h, 0);
}


static void
ngx_cc_abandon_deadline(ngx_event_t *ev)
{
    ngx_cc_helper_handle_t  *h = ev->data;

    ngx_log_error(NGX_LOG_ERR, ev->log, 0,
                  "cc_executor: helper %P did not end an abandoned command, "
                  "it is killed", h->pid);

    ngx_cc_pool_kill(h);
    ngx_cc_abandon_lost(h);
}
