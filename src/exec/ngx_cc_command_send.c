
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_call.h"
#include "ngx_cc_command_handover.h"
#include "ngx_cc_command_send.h"
#include "ngx_cc_watch_send.h"


static ngx_int_t ngx_cc_command_send_start(ngx_cc_command_link_t *cl);
static ngx_int_t ngx_cc_command_send_one(ngx_cc_command_link_t *cl,
    void *msg);
static ngx_int_t ngx_cc_command_send_untold(ngx_cc_command_link_t *cl);


void
ngx_cc_command_send(ngx_cc_command_link_t *cl)
{
    ngx_cc_wire_msg_t  msg;

    if (cl->public.state == NGX_CC_COMMAND_OVER
        || (cl->watch ? !cl->watch->open || (cl->birth && cl->helper == NULL)
                      : cl->helper == NULL)
        || (cl->helper && cl->helper->dead))
    {
        return;
    }

    if (cl->message) {
        if (ngx_cc_command_send_start(cl) == NGX_AGAIN) {
            return;
        }

        /* it may have a key */
        ngx_explicit_memzero(cl->message, sizeof(ngx_cc_wire_start_t));
        ngx_free(cl->message);
        cl->message = NULL;

        if (cl->script != -1) {
            (void) close(cl->script);
            cl->script = -1;
        }
    }

    if (cl->watch && ngx_cc_watch_send(cl) == NGX_AGAIN) {
        return;
    }

    if (cl->cancel_due) {
        ngx_cc_wire_init(&msg, NGX_CC_WIRE_CANCEL, 0,
                         sizeof(ngx_cc_wire_head_t));
        msg.head.flags = cl->ends;

        if (ngx_cc_command_send_one(cl, &msg) == NGX_AGAIN) {
            return;
        }

        cl->cancel_due = 0;
    }

    if (cl->drop_due) {
        ngx_cc_wire_init(&msg, NGX_CC_WIRE_ABANDON, 0,
                         sizeof(ngx_cc_wire_head_t));

        if (ngx_cc_command_send_one(cl, &msg) == NGX_AGAIN) {
            return;
        }

        cl->drop_due = 0;
    }

    if (cl->call && ngx_cc_call_send(cl) == NGX_AGAIN) {
        return;
    }

    /* whether it is kept decides what may be said next, and to whom */

    if (cl->handover) {
        ngx_cc_command_handover_send(cl);
        return;
    }

    if (cl->resize_due) {
        ngx_cc_wire_init(&msg, NGX_CC_WIRE_RESIZE, 0,
                         sizeof(ngx_cc_wire_resize_t));
        msg.resize.cols = cl->public.cols;
        msg.resize.rows = cl->public.rows;

        if (ngx_cc_command_send_one(cl, &msg) == NGX_AGAIN) {
            return;
        }

        cl->resize_due = 0;
    }

    if (ngx_cc_command_send_untold(cl) == NGX_AGAIN) {
        return;
    }

    if (cl->signal_due) {
        ngx_cc_wire_init(&msg, NGX_CC_WIRE_SIGNAL, 0,
                         sizeof(ngx_cc_wire_signal_t));
        msg.signal.signo = cl->public.paused ? SIGSTOP : SIGCONT;
        msg.signal.serial = cl->serial;

        if (ngx_cc_command_send_one(cl, &msg) == NGX_AGAIN) {
            return;
        }

        cl->signal_due = 0;
    }

    if (cl->credit_due) {
        ngx_cc_wire_init(&msg, NGX_CC_WIRE_CREDIT, 0,
                         sizeof(ngx_cc_wire_credit_t));
        msg.credit.tail = cl->reader.pos;
        msg.credit.seen = cl->head;

        if (ngx_cc_command_send_one(cl, &msg) == NGX_AGAIN) {
            return;
        }

        cl->credit_due = 0;
        cl->credited = cl->reader.pos;
    }

    if (cl->input) {
        if (ngx_cc_command_send_one(cl, cl->input) == NGX_AGAIN) {
            return;
        }

        ngx_free(cl->input);
        cl->input = NULL;
    }
}


/* NGX_OK, or NGX_AGAIN: some have to wait */

static ngx_int_t
ngx_cc_command_send_untold(ngx_cc_command_link_t *cl)
{
    ngx_uint_t            i;
    ngx_cc_wire_signal_t  msg;

    for (i = 0; i < cl->nuntold; i++) {
        ngx_cc_wire_init(&msg, NGX_CC_WIRE_SIGNAL, 0,
                         sizeof(ngx_cc_wire_signal_t));
        msg.head.flags = NGX_CC_SIGNAL_UNTOLD;
        msg.signo = cl->untold[i].signo;
        msg.to = cl->untold[i].to;

        if (ngx_cc_command_send_one(cl, &msg) == NGX_AGAIN) {
            break;
        }
    }

    cl->nuntold -= i;
    ngx_memmove(cl->untold, cl->untold + i,
                cl->nuntold * sizeof(cl->untold[0]));

    return cl->nuntold ? NGX_AGAIN : NGX_OK;
}


static ngx_int_t
ngx_cc_command_send_start(ngx_cc_command_link_t *cl)
{
    cl->message->head.run = cl->helper->run;

    return ngx_cc_channel_pass(&cl->helper->channel, cl->message,
                               cl->message->head.size, cl->script);
}


static ngx_int_t
ngx_cc_command_send_one(ngx_cc_command_link_t *cl, void *msg)
{
    ngx_cc_wire_head_t  *head = msg;

    if (cl->watch) {
        return ngx_cc_watch_post(cl, msg);
    }

    head->run = cl->helper->run;

    return ngx_cc_channel_send(&cl->helper->channel, msg, head->size);
}
