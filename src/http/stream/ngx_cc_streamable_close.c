
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_streamable_close.h"


void
ngx_cc_streamable_forget(ngx_cc_streamable_t *st)
{
    if (st->event.posted) {
        ngx_delete_posted_event(&st->event);
    }

    if (st->silence.timer_set) {
        ngx_del_timer(&st->silence);
    }

    if (ngx_cc_delivery_made(&st->delivery)) {
        /* the client has left because it has everything */
        st->session.transport.rounds++;
    }

    ngx_cc_delivery_stop(&st->delivery);
    ngx_cc_ping_stop(&st->ping);
    ngx_cc_idle_watch_stop(&st->wait);

    st->body = 0;                        /* nothing wakes us any more */

    if (st->session.state) {
        ngx_cc_zone_count(NGX_CC_TOTAL_CLOSED + NGX_CC_CLOSED_HTTP, 1);
    }

    ngx_cc_session_close(&st->session);
}


void
ngx_cc_streamable_end(ngx_cc_streamable_t *st, ngx_int_t rc)
{
    ngx_http_request_t  *r;

    r = st->session.request;
    ngx_cc_streamable_forget(st);

    /*
     * error_page may lead to another location, where the context is not ours,
     * while the client is still sending.
     */

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_finalize_request(r, rc);
}


void
ngx_cc_streamable_dead(void *data)
{
    ngx_connection_t     *c;
    ngx_cc_streamable_t  *st = data;

    c = st->session.request->connection;

    ngx_log_error(NGX_LOG_INFO, c->log, 0,
                  "cc_executor: the client is silent, closed session=%*s",
                  (size_t) NGX_CC_UUID_TEXT, st->session.transport.session_id);

    c->timedout = 1;
    ngx_http_finalize_request(st->session.request, NGX_HTTP_REQUEST_TIME_OUT);
    ngx_http_run_posted_requests(c);
}
