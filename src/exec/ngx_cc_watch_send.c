
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_watch_send.h"


ngx_int_t
ngx_cc_watch_post(ngx_cc_command_link_t *cl, void *msg)
{
    ngx_cc_watch_t          *w = cl->watch;
    ngx_cc_wire_head_t      *head = msg;
    ngx_cc_helper_handle_t  *h;

    if (!w->open) {
        return NGX_DECLINED;
    }

    h = cl->helper;

    if (h) {
        head->run = h->run;
        return ngx_cc_channel_send(&h->channel, msg, head->size);
    }

    if (w->kept) {
        return ngx_cc_kept_post(w->kept, msg);
    }

    head->run = 0;

    return ngx_cc_peer_send(&w->peer, msg, head->size);
}


ngx_int_t
ngx_cc_watch_send(ngx_cc_command_link_t *cl)
{
    ngx_int_t            rc;
    ngx_cc_watch_t      *w = cl->watch;
    ngx_cc_wire_read_t   read;
    ngx_cc_wire_head_t   flow;

    if (w->attach_due) {
        rc = ngx_cc_watch_post(cl, &w->attach);

        if (rc == NGX_AGAIN) {
            return rc;
        }

        w->attach_due = 0;
    }

    if (w->flow_due && w->attached) {
        ngx_cc_wire_init(&flow, NGX_CC_WIRE_FLOW, 0, sizeof(flow));
        flow.flags = w->lossy ? NGX_CC_ATTACH_LOSSY : 0;

        rc = ngx_cc_watch_post(cl, &flow);

        if (rc == NGX_AGAIN) {
            return rc;
        }

        w->flow_due = 0;
    }

    if (w->read_due) {
        ngx_cc_wire_init(&read, NGX_CC_WIRE_READ, 0, sizeof(read));

        rc = ngx_cc_watch_post(cl, &read);

        if (rc == NGX_AGAIN) {
            return rc;
        }

        w->read_due = 0;
        w->reading = 1;
    }

    return NGX_OK;
}


void
ngx_cc_watch_farewell(ngx_cc_command_link_t *cl)
{
    ngx_cc_watch_t      *w = cl->watch;
    ngx_cc_wire_head_t   msg;

    if (!w->call || !w->attached || (!w->delivered && !w->unwanted)) {
        return;
    }

    ngx_cc_wire_init(&msg, NGX_CC_WIRE_REMOVE, 0, sizeof(msg));
    msg.flags = w->unwanted ? NGX_CC_REMOVE_FORCE : 0;

    /* should there be no room now, its time will come */

    (void) ngx_cc_watch_post(cl, &msg);
}
