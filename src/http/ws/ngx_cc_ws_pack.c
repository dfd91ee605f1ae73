
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_ws_pack.h"


#define NGX_CC_WS_PACK_AFTER   1000      /* ms at rest */
#define NGX_CC_WS_PACK_MOST    64        /* that wait for it */


static void ngx_cc_ws_pack_prepare(void);
static void ngx_cc_ws_pack_handler(ngx_event_t *ev);
static void ngx_cc_ws_pack_one(ngx_cc_ws_t *ws);


/* those of this worker that wait, the first to be packed first */

static ngx_queue_t        ngx_cc_ws_pack_queue;
static ngx_uint_t         ngx_cc_ws_pack_n;
static ngx_event_t        ngx_cc_ws_pack_event;
static ngx_connection_t   ngx_cc_ws_pack_dummy;  /* for debug logs */

static const ngx_cc_pack_ours_t  *ngx_cc_ws_pack_ours;


void
ngx_cc_ws_pack_soon(ngx_cc_ws_t *ws, const ngx_cc_pack_ours_t *ours)
{
    if (ws->settled || ws->settling) {
        return;
    }

    if (ngx_cc_ws_pack_event.handler == NULL) {
        ngx_cc_ws_pack_prepare();
    }

    ngx_cc_ws_pack_ours = ours;
    ws->settling = 1;
    ws->settle = ngx_current_msec + NGX_CC_WS_PACK_AFTER;

    ngx_queue_insert_tail(&ngx_cc_ws_pack_queue, &ws->queue);
    ngx_cc_ws_pack_n++;

    /*
     * Never from here: the request may be what the event loop is at work with.
     */

    if (ngx_cc_ws_pack_n > NGX_CC_WS_PACK_MOST) {

        if (!ngx_cc_ws_pack_event.posted) {
            ngx_post_event(&ngx_cc_ws_pack_event, &ngx_posted_events);
        }

        return;
    }

    if (!ngx_cc_ws_pack_event.timer_set) {
        ngx_add_timer(&ngx_cc_ws_pack_event, NGX_CC_WS_PACK_AFTER);
    }
}


void
ngx_cc_ws_pack_leave(ngx_cc_ws_t *ws)
{
    if (ws->settling) {
        ws->settling = 0;
        ngx_queue_remove(&ws->queue);
        ngx_cc_ws_pack_n--;
    }

    if (ngx_cc_ws_pack_n == 0 && ngx_cc_ws_pack_event.timer_set) {
        ngx_del_timer(&ngx_cc_ws_pack_event);
    }
}


static void
ngx_cc_ws_pack_prepare(void)
{
    ngx_queue_init(&ngx_cc_ws_pack_queue);

    ngx_cc_ws_pack_dummy.fd = (ngx_socket_t) -1;

    ngx_cc_ws_pack_event.handler = ngx_cc_ws_pack_handler;
    ngx_cc_ws_pack_event.data = &ngx_cc_ws_pack_dummy;
    ngx_cc_ws_pack_event.log = ngx_cycle->log;
    ngx_cc_ws_pack_event.cancelable = 1;
}


/* by the timer, or posted */

static void
ngx_cc_ws_pack_handler(ngx_event_t *ev)
{
    ngx_cc_ws_t     *ws;
    ngx_queue_t     *q;
    ngx_msec_int_t   left;

    while (!ngx_queue_empty(&ngx_cc_ws_pack_queue)) {
        q = ngx_queue_head(&ngx_cc_ws_pack_queue);
        ws = ngx_queue_data(q, ngx_cc_ws_t, queue);
        left = (ngx_msec_int_t) (ws->settle - ngx_current_msec);

        if (left > 0 && ngx_cc_ws_pack_n <= NGX_CC_WS_PACK_MOST) {

            if (!ev->timer_set) {
                ngx_add_timer(ev, (ngx_msec_t) left);
            }

            return;
        }

        ngx_cc_ws_pack_leave(ws);
        ngx_cc_ws_pack_one(ws);
    }
}


static void
ngx_cc_ws_pack_one(ngx_cc_ws_t *ws)
{
    /* then it has little time left, or comes here again when it is at rest */

    if (ws->session.state == NULL || ngx_cc_session_busy(&ws->session)
        || ws->connection->buffered
        || (ws->in.len && ws->in_start == NULL))
    {
        return;
    }

    ws->settled = 1;

    if (ws->in.len == 0) {
        /* it pointed into the buffer of the header, or to what is free */
        ws->in.data = NULL;
    }

    if (ws->out.len == 0) {
        ws->out.data = NULL;
    }

    (void) ngx_cc_pack(&ws->session.request, ngx_cc_ws_pack_ours,
                       ws->session.transport.pool);
}
