
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_ws_close.h"
#include "ngx_cc_zone.h"


#define NGX_CC_WS_LINGER   2000          /* ms for a close handshake */
#define NGX_CC_WS_QUIET    500           /* ms in which a client that was just
                                            answered may ask again */


/*
 * The worker quits and the session is idle.  A client that asks as soon as it
 * is answered has its next request under way: a close frame now would cross
 * it.  It gets the dialect's refusal instead, and the close frame when it has
 * been quiet for a while after what it asked in good faith.
 */

void
ngx_cc_ws_leave(ngx_cc_ws_t *ws)
{
    ngx_msec_t  quiet;

    if (!ws->leaving) {
        ws->leaving = 1;
        quiet = ngx_current_msec - ws->wait.active;

        if (quiet < NGX_CC_WS_QUIET) {
            ngx_add_timer(&ws->post, NGX_CC_WS_QUIET - quiet);
        }
    }

    if (!ws->post.timer_set) {
        ngx_cc_ws_shut(ws, NGX_CC_WS_GOING_AWAY, ngx_cc_ws_leaving());
    }
}


/* why this worker leaves */

const char *
ngx_cc_ws_leaving(void)
{
    return ngx_cc_zone_reloaded() ? "server is reloading" : "shutting down";
}


void
ngx_cc_ws_shut(ngx_cc_ws_t *ws, ngx_uint_t code, const char *reason)
{
    if (ws->session.code) {
        return;
    }

    ws->session.code = code;
    ws->reason = reason;
    ws->close_due = 1;

    /* after a violation the stream makes no sense any more */

    if (code == NGX_CC_WS_PROTOCOL || code == NGX_CC_WS_UNSUPPORTED
        || code == NGX_CC_WS_BAD_DATA || code == NGX_CC_WS_TOO_BIG
        || code == NGX_CC_WS_POLICY)
    {
        ws->ended = 1;
    }

    ngx_cc_ws_forget(ws);
    ngx_cc_ping_stop(&ws->ping);
    ngx_cc_idle_watch_stop(&ws->wait);
    ws->connection->idle = 0;

    /*
     * What the client still sends is read and thrown away for a while, else
     * the reset that unread bytes cause would destroy the close frame.
     */

    ngx_add_timer(&ws->post, NGX_CC_WS_LINGER);
}


/*
 * Our close frame was the last byte: the client sees it and the end of the
 * stream at once (RFC 6455, section 7.1.1).  TLS has no such half.
 */

void
ngx_cc_ws_half_close(ngx_cc_ws_t *ws)
{
    ngx_connection_t  *c = ws->connection;

#if (NGX_HTTP_SSL)
    if (c->ssl) {
        return;
    }
#endif

    if (ws->half_closed) {
        return;
    }

    ws->half_closed = 1;

    if (ngx_shutdown_socket(c->fd, NGX_WRITE_SHUTDOWN) == -1) {
        ngx_connection_error(c, ngx_socket_errno,
                             ngx_shutdown_socket_n " failed");
    }
}


/* the session is over: its commands are abandoned, its slot is free */

void
ngx_cc_ws_forget(ngx_cc_ws_t *ws)
{
    if (ws->session.state) {
        ngx_log_error(NGX_LOG_INFO, ws->connection->log, 0,
                      "cc_executor: session closed code=%ui session=%*s",
                      ws->session.code, (size_t) NGX_CC_UUID_TEXT,
                      ws->session.transport.session_id);
    }

    ngx_cc_session_close(&ws->session);
}
