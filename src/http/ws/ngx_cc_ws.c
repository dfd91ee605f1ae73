
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_message.h"
#include "ngx_cc_tcp.h"
#include "ngx_cc_ws.h"
#include "ngx_cc_ws_close.h"
#include "ngx_cc_ws_in.h"
#include "ngx_cc_ws_out.h"
#include "ngx_cc_ws_pack.h"


#define NGX_CC_WS_BUDGET   (256 * 1024)  /* bytes in or out, then others */
#define NGX_CC_WS_LAST     64            /* budgets for the last words */


static ngx_cc_ws_t *ngx_cc_ws_alloc(ngx_http_request_t *r,
    const ngx_cc_dialect_t *dialect);
static void ngx_cc_ws_free(void *data);
static void ngx_cc_ws_cleanup(void *data);
static void ngx_cc_ws_read_handler(ngx_event_t *rev);
static void ngx_cc_ws_write_handler(ngx_event_t *wev);
static void ngx_cc_ws_post_handler(ngx_event_t *ev);
static void ngx_cc_ws_wake(void *data);
static uint64_t ngx_cc_ws_taken(void *data);
static void ngx_cc_ws_ask(void *data);
static void ngx_cc_ws_dead(void *data);
static void ngx_cc_ws_slow(void *data);
static void ngx_cc_ws_idle(void *data);
static void ngx_cc_ws_proceed(ngx_cc_ws_t *ws);
static void ngx_cc_ws_farewell(void *data, ngx_cc_farewell_e what);
static void ngx_cc_ws_last(ngx_cc_ws_t *ws);
static void ngx_cc_ws_end(ngx_cc_ws_t *ws, ngx_uint_t code);


static const ngx_cc_pack_ours_t  ngx_cc_ws_ours = {
    ngx_cc_ws_cleanup,
    ngx_cc_ws_free
};


static const ngx_cc_ping_handlers_t  ngx_cc_ws_ping = {
    ngx_cc_ws_ask,
    ngx_cc_ws_dead
};


static const ngx_cc_idle_watch_handlers_t  ngx_cc_ws_wait = {
    ngx_cc_ws_slow,
    ngx_cc_ws_idle
};


static const ngx_cc_farewell_handlers_t  ngx_cc_ws_stop = {
    ngx_cc_session_runs,
    ngx_cc_session_grace,
    ngx_cc_ws_farewell
};


ngx_cc_ws_t *
ngx_cc_ws_create(ngx_http_request_t *r, const ngx_cc_dialect_t *dialect)
{
    ngx_cc_ws_t         *ws;
    ngx_http_cleanup_t  *cln;

    if (ngx_cc_ws_in_prepare() != NGX_OK
        || ngx_cc_ws_out_prepare() != NGX_OK)
    {
        return NULL;
    }

    cln = ngx_http_cleanup_add(r, 0);
    ws = cln ? ngx_cc_ws_alloc(r, dialect) : NULL;

    if (ws == NULL) {
        return NULL;
    }

    ws->connection = r->connection;

    ws->post.handler = ngx_cc_ws_post_handler;
    ws->post.data = ws;
    ws->post.log = r->connection->log;

    cln->handler = ngx_cc_ws_cleanup;
    cln->data = ws;

    if (ngx_cc_session_create(&ws->session, r, dialect, ws, ngx_cc_ws_wake)
        == NGX_ERROR)
    {
        return NULL;
    }

    ws->session.transport.taken = ngx_cc_ws_taken;
    ngx_cc_ws_decoder_init(&ws->decoder, ws->session.conf->max_message);

    ngx_http_set_ctx(r, ws, ngx_cc_executor_module);

    return ws;
}


/* in a pool of the size that the session needs; NULL: no memory */

static ngx_cc_ws_t *
ngx_cc_ws_alloc(ngx_http_request_t *r, const ngx_cc_dialect_t *dialect)
{
    size_t               size;
    ngx_pool_t          *pool;
    ngx_cc_ws_t         *ws;
    ngx_cc_caller_t     *caller;
    ngx_pool_cleanup_t  *cln;

    caller = ngx_cc_caller(r);
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (caller == NULL || cln == NULL) {
        return NULL;
    }

    size = sizeof(ngx_pool_t) + sizeof(ngx_cc_ws_t) + dialect->size
           + sizeof(ngx_cc_caller_t) + caller->owner.len + 2 * NGX_ALIGNMENT;

    pool = ngx_create_pool(ngx_align(size, NGX_POOL_ALIGNMENT),
                           r->connection->log);

    if (pool == NULL) {
        return NULL;
    }

    cln->handler = ngx_cc_ws_free;
    cln->data = pool;

    ws = ngx_pcalloc(pool, sizeof(ngx_cc_ws_t));

    if (ws == NULL || ngx_cc_caller_move(r, pool) == NULL) {
        return NULL;
    }

    ws->session.transport.pool = pool;

    return ws;
}


static void
ngx_cc_ws_free(void *data)
{
    ngx_destroy_pool(data);
}


void
ngx_cc_ws_begin(ngx_cc_ws_t *ws)
{
    u_char                    *p,
                               limit[NGX_CC_WS_MAX_HEADER + 256];
    size_t                     n;
    ngx_connection_t          *c;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    c = ws->connection;
    r = ws->session.request;
    c->log->action = "serving a WebSocket";

    /*
     * The request's own read handler would end the request on "quit" without
     * a word to us or to the client.
     */

    c->read->handler = ngx_cc_ws_read_handler;
    c->write->handler = ngx_cc_ws_write_handler;

    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->tcp_nodelay) {
        (void) ngx_tcp_nodelay(c);
    }

#if (NGX_HTTP_SSL)
    if (c->ssl) {
        /* what could not be written is tried again from another address */
        SSL_set_mode(c->ssl->connection, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }
#endif

    ws->ping.data = ws;
    ws->ping.handlers = &ngx_cc_ws_ping;
    ngx_cc_ping_start(&ws->ping, c, ws->session.conf->ping_interval,
                      ws->session.conf->ping_timeout);

    /* frames that came together with the handshake */

    ws->in.data = r->header_in->pos;
    ws->in.len = r->header_in->last - r->header_in->pos;
    r->header_in->pos = r->header_in->last;

    if (ws->session.refusal) {
        p = limit + NGX_CC_WS_MAX_HEADER;
        n = ngx_cc_message_error(p, limit + sizeof(limit) - p,
                                 &(ngx_str_t) NGX_CC_MESSAGE_NULL,
                                 NGX_CC_ERROR_LIMIT, ws->session.refusal,
                                 ngx_strlen(ws->session.refusal));
        p -= ngx_cc_ws_header_size(n);
        (void) ngx_cc_ws_header(p, NGX_CC_WS_TEXT, n);
        n += ngx_cc_ws_header_size(n);

        /* a broken connection shows again when the close frame is sent */

        (void) ngx_cc_ws_out_send(ws, p, n);
        ngx_cc_ws_shut(ws, NGX_CC_WS_POLICY, "session limit");

    } else {
        ws->wait.data = ws;
        ws->wait.handlers = &ngx_cc_ws_wait;
        ngx_cc_idle_watch_start(&ws->wait, &ws->session.conf->session, c->log);

        if (ngx_cc_session_open(&ws->session) == NGX_OK) {
            ngx_cc_session_join(&ws->session, &ngx_cc_ws_stop);

            ngx_log_error(NGX_LOG_INFO, c->log, 0,
                          "cc_executor: session opened session=%*s",
                          (size_t) NGX_CC_UUID_TEXT,
                          ws->session.transport.session_id);

        } else {
            ngx_cc_ws_shut(ws, NGX_CC_WS_SERVER_FAULT, "no memory");
        }
    }

    /* not from inside the content handler, which still holds the request */

    ngx_post_event(&ws->post, &ngx_posted_events);
}


static void
ngx_cc_ws_read_handler(ngx_event_t *rev)
{
    ngx_cc_ws_t         *ws;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = rev->data;
    r = c->data;
    ws = ngx_http_get_module_ctx(r, ngx_cc_executor_module);

    if (c->error) {
        /* worker_shutdown_timeout has passed */
        ngx_cc_ws_last(ws);
        ngx_cc_ws_end(ws, NGX_CC_WS_GOING_AWAY);
        return;
    }

    /* the worker quits, and we said that we are idle */

    c->close = 0;

    ngx_cc_ws_proceed(ws);
}


static void
ngx_cc_ws_write_handler(ngx_event_t *wev)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = wev->data;
    r = c->data;

    ngx_cc_ws_proceed(ngx_http_get_module_ctx(r, ngx_cc_executor_module));
}


/* posted; or the time for a close is over, or for a client that was answered */

static void
ngx_cc_ws_post_handler(ngx_event_t *ev)
{
    ngx_cc_ws_t  *ws = ev->data;

    if (ev->timedout) {
        ev->timedout = 0;

        if (ws->session.code) {
            ngx_cc_ws_end(ws, ws->session.code);
            return;
        }

        /* the worker quits: is this session idle still, and long enough? */
    }

    ngx_cc_ws_proceed(ws);
}


/* the request goes: whatever led here, nothing of ours may stay behind */

static void
ngx_cc_ws_cleanup(void *data)
{
    ngx_cc_ws_t  *ws = data;

    ngx_cc_ws_pack_leave(ws);
    ngx_cc_ws_forget(ws);
    ngx_cc_ping_stop(&ws->ping);
    ngx_cc_idle_watch_stop(&ws->wait);

    /* without a code it never was a WebSocket */

    if (ws->session.code) {
        ngx_cc_zone_count(NGX_CC_TOTAL_CLOSED
                          + ngx_cc_totals_closed(ws->session.code), 1);
    }

    if (ws->post.timer_set) {
        ngx_del_timer(&ws->post);
    }

    if (ws->post.posted) {
        ngx_delete_posted_event(&ws->post);
    }

    if (ws->in_start) {
        ngx_free(ws->in_start);
        ws->in_start = NULL;
    }

    if (ws->out_start) {
        ngx_free(ws->out_start);
        ws->out_start = NULL;
    }

    if (ws->control) {
        ngx_free(ws->control);
        ws->control = NULL;
    }

    if (ws->pong) {
        ngx_free(ws->pong);
        ws->pong = NULL;
    }
}


static void
ngx_cc_ws_wake(void *data)
{
    ngx_cc_ws_t  *ws = data;

    if (!ws->post.posted) {
        ngx_post_event(&ws->post, &ngx_posted_events);
    }
}


static uint64_t
ngx_cc_ws_taken(void *data)
{
    ngx_cc_ws_t  *ws = data;

    return ngx_cc_tcp_taken(ws->connection->fd, ws->connection->sent);
}


static void
ngx_cc_ws_ask(void *data)
{
    ngx_cc_ws_t  *ws = data;

    ws->ping_due = 1;
    ngx_cc_ws_wake(ws);
}


static void
ngx_cc_ws_dead(void *data)
{
    ngx_cc_ws_t  *ws = data;

    ngx_log_error(NGX_LOG_INFO, ws->connection->log, 0,
                  "cc_executor: the client is silent, closed session=%*s",
                  (size_t) NGX_CC_UUID_TEXT, ws->session.transport.session_id);

    ngx_cc_ws_end(ws, NGX_CC_WS_ABNORMAL);
}


static void
ngx_cc_ws_slow(void *data)
{
    ngx_cc_ws_t  *ws = data;

    /* we do not read: there are too many answers that wait to be sent */

    if (ws->in.len || ngx_cc_session_full(&ws->session)) {
        ngx_cc_idle_watch_again(&ws->wait);
        return;
    }

    ngx_log_error(NGX_LOG_INFO, ws->connection->log, 0,
                  "cc_executor: a message was not complete in time, closed "
                  "session=%*s", (size_t) NGX_CC_UUID_TEXT,
                  ws->session.transport.session_id);

    ngx_cc_ws_shut(ws, NGX_CC_WS_POLICY, "message takes too long");
    ngx_cc_ws_wake(ws);
}


static void
ngx_cc_ws_idle(void *data)
{
    ngx_cc_ws_t  *ws = data;

    if (ngx_cc_session_busy(&ws->session)) {
        ngx_cc_idle_watch_again(&ws->wait);
        return;
    }

    ngx_log_error(NGX_LOG_INFO, ws->connection->log, 0,
                  "cc_executor: the session is idle, closed session=%*s",
                  (size_t) NGX_CC_UUID_TEXT, ws->session.transport.session_id);

    ngx_cc_ws_shut(ws, NGX_CC_WS_GOING_AWAY, "idle");
    ngx_cc_ws_wake(ws);
}


/* the one function that moves a connection */

static void
ngx_cc_ws_proceed(ngx_cc_ws_t *ws)
{
    size_t             budget;
    ngx_int_t          rc;
    ngx_uint_t         idle;
    ngx_connection_t  *c;

    c = ws->connection;
    budget = NGX_CC_WS_BUDGET;

    do {
        if (ngx_cc_ws_out_write(ws, &budget) == NGX_ERROR) {
            goto broken;
        }

        rc = ngx_cc_ws_in_read(ws, &budget);

        if (rc == NGX_ERROR) {
            goto broken;
        }

    } while (rc == NGX_OK && budget);

    /* the answers to what was read last */

    if (ngx_cc_ws_out_write(ws, &budget) == NGX_ERROR) {
        goto broken;
    }

    idle = (ws->session.state && ngx_cc_session_busy(&ws->session) == 0);

    if (!c->idle || !idle) {
        ngx_cc_idle_watch_active(&ws->wait);
    }

    c->idle = idle;

    if (idle) {
        ngx_cc_ws_pack_soon(ws, &ngx_cc_ws_ours);
    }

    if (ngx_exiting && idle && ws->out.len == 0) {
        ngx_cc_ws_leave(ws);

        if (ngx_cc_ws_out_write(ws, &budget) == NGX_ERROR) {
            goto broken;
        }
    }

    if (ws->close_sent && ws->out.len == 0) {

        if (ws->close_received || ws->eof) {
            ngx_cc_ws_end(ws, ws->session.code);
            return;
        }

        ngx_cc_ws_half_close(ws);
    }

    if (budget == 0) {
        ngx_cc_ws_wake(ws);
    }

    if (ngx_handle_read_event(c->read, 0) != NGX_OK
        || ngx_handle_write_event(c->write, 0) != NGX_OK)
    {
        goto broken;
    }

    return;

broken:

    ngx_cc_ws_end(ws, NGX_CC_WS_ABNORMAL);
}


static void
ngx_cc_ws_farewell(void *data, ngx_cc_farewell_e what)
{
    ngx_cc_ws_t  *ws = data;

    switch (what) {

    case NGX_CC_FAREWELL_ASK:
        ws->session.dialect->shutdown(ws->session.state, 0);
        return;

    case NGX_CC_FAREWELL_MOVE:
        ngx_cc_ws_proceed(ws);
        return;

    default:
        ngx_cc_ws_last(ws);

        /* with nothing left to wait for the worker would leave it open */

        if (ws->out.len || ngx_terminate) {
            ngx_cc_ws_end(ws, NGX_CC_WS_GOING_AWAY);
        }

        return;
    }
}


/* what can be said without waiting; the connection stays */

static void
ngx_cc_ws_last(ngx_cc_ws_t *ws)
{
    size_t      budget;
    ngx_uint_t  i;

    if (ws->session.state) {
        ws->session.dialect->shutdown(ws->session.state, 1);
    }

    i = 0;

    do {
        budget = NGX_CC_WS_BUDGET;

        if (ngx_cc_ws_out_write(ws, &budget) != NGX_OK) {
            return;
        }

    } while (budget == 0 && ++i < NGX_CC_WS_LAST);

    ngx_cc_ws_shut(ws, NGX_CC_WS_GOING_AWAY, ngx_cc_ws_leaving());

    budget = NGX_CC_WS_BUDGET;

    if (ngx_cc_ws_out_write(ws, &budget) == NGX_OK && ws->close_sent) {
        ngx_cc_ws_half_close(ws);
    }
}


/* the connection goes, whatever the reason; "ws" is not valid any more */

static void
ngx_cc_ws_end(ngx_cc_ws_t *ws, ngx_uint_t code)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = ws->connection;
    r = ws->session.request;

    if (ws->session.code == 0) {
        ws->session.code = code;
    }

    /* cleans up (see above) and writes the access log */

    ngx_http_free_request(r, 0);
    ngx_http_close_connection(c);
}
