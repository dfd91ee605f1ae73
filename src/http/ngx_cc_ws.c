
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_native.h"
#include "ngx_cc_ws.h"


#define NGX_CC_WS_CORK     (64 * 1024)   /* bytes gathered for one write */
#define NGX_CC_WS_READ     (16 * 1024)   /* bytes of one receive */
#define NGX_CC_WS_BUDGET   (256 * 1024)  /* bytes in or out, then others */
#define NGX_CC_WS_LINGER   2000          /* ms for a close handshake */


/* the control frames and the last message that may stand behind the cork */

#define NGX_CC_WS_ROOM     (NGX_CC_WS_CORK + 2 * 128 + NGX_CC_WS_MAX_HEADER   \
                            + NGX_CC_DIALECT_MAX_MESSAGE)


static void ngx_cc_ws_read_handler(ngx_event_t *rev);
static void ngx_cc_ws_write_handler(ngx_event_t *wev);
static void ngx_cc_ws_post_handler(ngx_event_t *ev);
static void ngx_cc_ws_linger_handler(ngx_event_t *ev);
static void ngx_cc_ws_cleanup(void *data);
static void ngx_cc_ws_wake(void *data);
static void ngx_cc_ws_ask(void *data);
static void ngx_cc_ws_dead(void *data);
static void ngx_cc_ws_proceed(ngx_cc_ws_t *ws);
static ngx_int_t ngx_cc_ws_write(ngx_cc_ws_t *ws, size_t *budget);
static ngx_int_t ngx_cc_ws_flush(ngx_cc_ws_t *ws);
static ngx_int_t ngx_cc_ws_send(ngx_cc_ws_t *ws, u_char *p, size_t n);
static size_t ngx_cc_ws_render(ngx_cc_ws_t *ws, u_char *p);
static ngx_int_t ngx_cc_ws_read(ngx_cc_ws_t *ws, size_t *budget);
static ngx_int_t ngx_cc_ws_consume(ngx_cc_ws_t *ws, u_char **pos,
    u_char *last);
static ngx_int_t ngx_cc_ws_data(ngx_cc_ws_t *ws, ngx_cc_ws_piece_t *piece);
static void ngx_cc_ws_control(ngx_cc_ws_t *ws, ngx_cc_ws_piece_t *piece);
static void ngx_cc_ws_shut(ngx_cc_ws_t *ws, ngx_uint_t code,
    const char *reason);
static void ngx_cc_ws_half_close(ngx_cc_ws_t *ws);
static void ngx_cc_ws_forget(ngx_cc_ws_t *ws);
static void ngx_cc_ws_end(ngx_cc_ws_t *ws, ngx_uint_t code);


/* scratch memory of this worker: nothing lives in it beyond one call */

static u_char  *ngx_cc_ws_in;
static u_char  *ngx_cc_ws_out;


ngx_cc_ws_t *
ngx_cc_ws_create(ngx_http_request_t *r)
{
    ngx_cc_ws_t         *ws;
    ngx_http_cleanup_t  *cln;

    if (ngx_cc_ws_in == NULL) {
        ngx_cc_ws_in = ngx_alloc(NGX_CC_WS_READ, ngx_cycle->log);
        ngx_cc_ws_out = ngx_alloc(NGX_CC_WS_ROOM, ngx_cycle->log);

        if (ngx_cc_ws_in == NULL || ngx_cc_ws_out == NULL) {
            return NULL;
        }
    }

    ws = ngx_pcalloc(r->pool, sizeof(ngx_cc_ws_t));
    cln = ngx_http_cleanup_add(r, 0);

    if (ws == NULL || cln == NULL) {
        return NULL;
    }

    ws->request = r;
    ws->connection = r->connection;
    ws->conf = ngx_http_get_module_loc_conf(r, ngx_cc_executor_module);
    ws->dialect = &ngx_cc_native;

    ws->host.pool = r->pool;
    ws->host.log = r->connection->log;
    ws->host.conf = &ws->conf->command;
    ws->host.max_message = ws->conf->max_message;
    ws->host.data = ws;
    ws->host.wake = ngx_cc_ws_wake;

    if (ngx_cc_handle_uuid((char *) ws->host.session_id) != 0) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, ngx_errno,
                      "cc_executor: getrandom() failed");
        return NULL;
    }

    ws->post.handler = ngx_cc_ws_post_handler;
    ws->post.data = ws;
    ws->post.log = r->connection->log;

    ws->linger.handler = ngx_cc_ws_linger_handler;
    ws->linger.data = ws;
    ws->linger.log = r->connection->log;

    ngx_cc_ws_decoder_init(&ws->decoder, ws->conf->max_message);

    cln->handler = ngx_cc_ws_cleanup;
    cln->data = ws;

    ngx_http_set_ctx(r, ws, ngx_cc_executor_module);

    return ws;
}


void
ngx_cc_ws_begin(ngx_cc_ws_t *ws)
{
    u_char                    *p;
    size_t                     n;
    ngx_connection_t          *c;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    c = ws->connection;
    r = ws->request;
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
    ws->ping.ask = ngx_cc_ws_ask;
    ws->ping.dead = ngx_cc_ws_dead;
    ngx_cc_ping_start(&ws->ping, c, ws->conf->ping_interval,
                      ws->conf->ping_timeout);

    /* frames that came together with the handshake */

    ws->in.data = r->header_in->pos;
    ws->in.len = r->header_in->last - r->header_in->pos;
    r->header_in->pos = r->header_in->last;

    if (ngx_cc_zone_claim(ws->conf->command.slots, NGX_CC_SLOTS_SESSIONS,
                          ws->conf->max_sessions, &ws->slot)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_WARN, c->log, 0,
                      "cc_executor: over cc_executor_max_sessions %ui",
                      ws->conf->max_sessions);

        p = ngx_cc_ws_out + NGX_CC_WS_MAX_HEADER;
        n = ngx_cc_native_limit(p, ws->conf->max_sessions) - p;
        p -= ngx_cc_ws_header_size(n);
        (void) ngx_cc_ws_header(p, NGX_CC_WS_TEXT, n);
        n += ngx_cc_ws_header_size(n);

        if (ngx_cc_ws_send(ws, p, n) == NGX_ERROR) {
            ngx_cc_ws_end(ws, NGX_CC_WS_ABNORMAL);
            return;
        }

        ngx_cc_ws_shut(ws, NGX_CC_WS_POLICY, "session limit");

    } else {
        ws->session = ws->dialect->open(&ws->host);

        if (ws->session == NULL) {
            ngx_cc_ws_shut(ws, NGX_CC_WS_SERVER_FAULT, "no memory");
        }

        ngx_log_error(NGX_LOG_INFO, c->log, 0,
                      "cc_executor: session opened session=%*s",
                      (size_t) NGX_CC_UUID_TEXT, ws->host.session_id);
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
        ngx_cc_ws_end(ws, NGX_CC_WS_GOING_AWAY);
        return;
    }

    if (c->close) {
        /* the worker quits, and we said that we are idle */
        c->close = 0;
        ngx_cc_ws_shut(ws, NGX_CC_WS_GOING_AWAY, "server is reloading");
    }

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


static void
ngx_cc_ws_post_handler(ngx_event_t *ev)
{
    ngx_cc_ws_proceed(ev->data);
}


static void
ngx_cc_ws_linger_handler(ngx_event_t *ev)
{
    ngx_cc_ws_t  *ws = ev->data;

    ngx_cc_ws_end(ws, ws->code);
}


/* the request goes: whatever led here, nothing of ours may stay behind */

static void
ngx_cc_ws_cleanup(void *data)
{
    ngx_cc_ws_t  *ws = data;

    ngx_cc_ws_forget(ws);
    ngx_cc_ping_stop(&ws->ping);

    if (ws->linger.timer_set) {
        ngx_del_timer(&ws->linger);
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
}


static void
ngx_cc_ws_wake(void *data)
{
    ngx_cc_ws_t  *ws = data;

    if (!ws->post.posted) {
        ngx_post_event(&ws->post, &ngx_posted_events);
    }
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
                  (size_t) NGX_CC_UUID_TEXT, ws->host.session_id);

    ngx_cc_ws_end(ws, NGX_CC_WS_ABNORMAL);
}


/*
 * The one function that moves a connection.  Every step may find that it is
 * over; then end() has freed "ws" and NGX_DONE comes back.
 */

static void
ngx_cc_ws_proceed(ngx_cc_ws_t *ws)
{
    size_t             budget;
    ngx_int_t          rc;
    ngx_connection_t  *c;

    c = ws->connection;
    budget = NGX_CC_WS_BUDGET;

    for ( ;; ) {
        if (ngx_cc_ws_write(ws, &budget) == NGX_DONE) {
            return;
        }

        rc = ngx_cc_ws_read(ws, &budget);

        if (rc == NGX_DONE) {
            return;
        }

        if (rc == NGX_AGAIN || budget == 0) {
            break;
        }
    }

    /* the answers to what was read last */

    if (ngx_cc_ws_write(ws, &budget) == NGX_DONE) {
        return;
    }

    if (ngx_exiting && ws->session && ws->out.len == 0
        && ws->dialect->busy(ws->session) == 0)
    {
        ngx_cc_ws_shut(ws, NGX_CC_WS_GOING_AWAY, "server is reloading");

        if (ngx_cc_ws_write(ws, &budget) == NGX_DONE) {
            return;
        }
    }

    if (ws->close_sent && ws->out.len == 0) {

        if (ws->close_received || ws->eof) {
            ngx_cc_ws_end(ws, ws->code);
            return;
        }

        ngx_cc_ws_half_close(ws);
    }

    c->idle = (ws->session && ws->dialect->busy(ws->session) == 0);

    if (budget == 0) {
        ngx_cc_ws_wake(ws);
    }

    if (ngx_handle_read_event(c->read, 0) != NGX_OK
        || ngx_handle_write_event(c->write, 0) != NGX_OK)
    {
        ngx_cc_ws_end(ws, NGX_CC_WS_ABNORMAL);
    }
}


/* pulls and sends until there is nothing to say or no room */

static ngx_int_t
ngx_cc_ws_write(ngx_cc_ws_t *ws, size_t *budget)
{
    size_t     n;
    ngx_int_t  rc;

    rc = ngx_cc_ws_flush(ws);

    while (rc == NGX_OK && *budget) {

        n = ngx_cc_ws_render(ws, ngx_cc_ws_out);

        if (n == 0) {
            return NGX_OK;
        }

        *budget -= ngx_min(*budget, n);
        rc = ngx_cc_ws_send(ws, ngx_cc_ws_out, n);
    }

    if (rc == NGX_ERROR) {
        ngx_cc_ws_end(ws, NGX_CC_WS_ABNORMAL);
        return NGX_DONE;
    }

    return rc;
}


/* sends what is left of an earlier write */

static ngx_int_t
ngx_cc_ws_flush(ngx_cc_ws_t *ws)
{
    ssize_t              n;
    ngx_http_request_t  *r;

    if (ws->connection->buffered) {
        /* the 101 itself did not fit */

        r = ws->request;

        if (ngx_http_output_filter(r, NULL) == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (ws->connection->buffered) {
            return NGX_AGAIN;
        }
    }

    while (ws->out.len) {
        n = ws->connection->send(ws->connection, ws->out.data, ws->out.len);

        if (n == NGX_AGAIN || n == NGX_ERROR) {
            return n;
        }

        ws->out.data += n;
        ws->out.len -= n;
    }

    if (ws->out_start) {
        ngx_free(ws->out_start);
        ws->out_start = NULL;
    }

    return NGX_OK;
}


/* sends p; the rest that does not go is kept in memory of its own size */

static ngx_int_t
ngx_cc_ws_send(ngx_cc_ws_t *ws, u_char *p, size_t n)
{
    ngx_int_t  rc;

    ws->out.data = p;
    ws->out.len = n;

    rc = ngx_cc_ws_flush(ws);

    if (rc != NGX_AGAIN) {
        return rc;
    }

    ws->out_start = ngx_alloc(ws->out.len, ws->connection->log);

    if (ws->out_start == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(ws->out_start, ws->out.data, ws->out.len);
    ws->out.data = ws->out_start;

    return NGX_AGAIN;
}


/* writes whole frames to p, about NGX_CC_WS_CORK bytes; returns how many */

static size_t
ngx_cc_ws_render(ngx_cc_ws_t *ws, u_char *p)
{
    size_t   n, size, guess;
    u_char  *start;

    start = p;

    if (ws->close_sent) {
        return 0;
    }

    if (ws->pong_due) {
        ws->pong_due = 0;
        p = ngx_cc_ws_header(p, NGX_CC_WS_PONG, ws->pong_len);
        p = ngx_cpymem(p, ws->pong, ws->pong_len);
    }

    if (ws->ping_due) {
        ws->ping_due = 0;
        p = ngx_cc_ws_header(p, NGX_CC_WS_PING, 0);
        ngx_cc_ping_sent(&ws->ping);
    }

    guess = ngx_cc_ws_header_size(NGX_CC_WS_MAX_CONTROL + 1);

    while (ws->session && p - start < NGX_CC_WS_CORK) {

        /* most headers have the size guessed; else the message moves */

        n = ws->dialect->pull(ws->session, p + guess,
                              NGX_CC_DIALECT_MAX_MESSAGE);
        if (n == 0) {
            break;
        }

        size = ngx_cc_ws_header_size(n);

        if (size != guess) {
            ngx_memmove(p + size, p + guess, n);
        }

        p = ngx_cc_ws_header(p, NGX_CC_WS_TEXT, n);
        p += n;

        ws->bytes_out += n;
    }

    if (ws->close_due) {
        ws->close_due = 0;
        ws->close_sent = 1;
        p = ngx_cc_ws_close(p, ws->code, ws->reason);
    }

    return p - start;
}


/*
 * Receives and decodes.  NGX_OK: more may be there; NGX_AGAIN: not now;
 * NGX_DONE: it is over.
 */

static ngx_int_t
ngx_cc_ws_read(ngx_cc_ws_t *ws, size_t *budget)
{
    u_char            *pos, *last, *copy;
    ssize_t            n;
    ngx_int_t          rc;
    ngx_connection_t  *c;

    c = ws->connection;

    if (ws->session
        && ws->dialect->pending(ws->session) > NGX_CC_DIALECT_HIGH_WATER)
    {
        return NGX_AGAIN;
    }

    if (ws->in.len) {
        pos = ws->in.data;
        last = pos + ws->in.len;

        rc = ngx_cc_ws_consume(ws, &pos, last);

        ws->in.data = pos;
        ws->in.len = last - pos;

        if (ws->in.len == 0 && ws->in_start) {
            ngx_free(ws->in_start);
            ws->in_start = NULL;
        }

        return rc;
    }

    if (ws->eof || *budget == 0) {
        return NGX_AGAIN;
    }

    n = c->recv(c, ngx_cc_ws_in, NGX_CC_WS_READ);

    if (n == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    if (n == 0 || n == NGX_ERROR) {
        ws->eof = 1;

        /* nobody is there to read a close frame, or one is on its way */

        if (n == NGX_ERROR || !ws->code) {
            ngx_cc_ws_end(ws, ws->code ? ws->code : NGX_CC_WS_ABNORMAL);
            return NGX_DONE;
        }

        return NGX_AGAIN;
    }

    *budget -= ngx_min(*budget, (size_t) n);
    ngx_cc_ping_heard(&ws->ping);

    pos = ngx_cc_ws_in;
    last = pos + n;

    rc = ngx_cc_ws_consume(ws, &pos, last);

    if (pos < last) {
        /* the answers pile up: the rest waits until they are taken */

        copy = ngx_alloc(last - pos, c->log);

        if (copy == NULL) {
            ngx_cc_ws_end(ws, NGX_CC_WS_SERVER_FAULT);
            return NGX_DONE;
        }

        ngx_memcpy(copy, pos, last - pos);

        ws->in_start = copy;
        ws->in.data = copy;
        ws->in.len = last - pos;
    }

    return rc;
}


/* NGX_OK: all is decoded; NGX_AGAIN: the rest from *pos has to wait */

static ngx_int_t
ngx_cc_ws_consume(ngx_cc_ws_t *ws, u_char **pos, u_char *last)
{
    ngx_cc_ws_piece_t  piece;

    for ( ;; ) {

        if (ws->ended) {
            *pos = last;
            return NGX_OK;
        }

        switch (ngx_cc_ws_decode(&ws->decoder, pos, last, &piece)) {

        case NGX_CC_WS_AGAIN:
            return NGX_OK;

        case NGX_CC_WS_DATA:
            if (ngx_cc_ws_data(ws, &piece) == NGX_AGAIN) {
                return NGX_AGAIN;
            }

            break;

        case NGX_CC_WS_CONTROL:
            ngx_cc_ws_control(ws, &piece);
            break;

        case NGX_CC_WS_VIOLATION:
            ngx_cc_ws_shut(ws, piece.code, piece.reason);
            break;
        }
    }
}


static ngx_int_t
ngx_cc_ws_data(ngx_cc_ws_t *ws, ngx_cc_ws_piece_t *piece)
{
    /* after our close frame was due, messages mean nothing any more */

    if (ws->session == NULL) {
        return NGX_OK;
    }

    if (ngx_cc_utf8_check(&ws->utf8, piece->data, piece->len) != piece->len
        || (piece->last && !ngx_cc_utf8_done(&ws->utf8)))
    {
        ngx_cc_ws_shut(ws, NGX_CC_WS_BAD_DATA, "invalid UTF-8");
        return NGX_OK;
    }

    if (piece->len == 0 && !piece->last) {
        return NGX_OK;
    }

    if (ws->dialect->push(ws->session, piece->data, piece->len, piece->last)
        != NGX_OK)
    {
        ngx_cc_ws_shut(ws, NGX_CC_WS_SERVER_FAULT, "no memory");
        return NGX_OK;
    }

    if (piece->last
        && ws->dialect->pending(ws->session) > NGX_CC_DIALECT_HIGH_WATER)
    {
        return NGX_AGAIN;
    }

    return NGX_OK;
}


static void
ngx_cc_ws_control(ngx_cc_ws_t *ws, ngx_cc_ws_piece_t *piece)
{
    int       bad;
    uint16_t  code;

    if (piece->first) {
        ws->control_len = 0;
    }

    if (piece->len) {
        ngx_memcpy(ws->control + ws->control_len, piece->data, piece->len);
        ws->control_len += piece->len;
    }

    if (!piece->last) {
        return;
    }

    switch (piece->opcode) {

    case NGX_CC_WS_PING:
        /* only the latest needs an answer (RFC 6455, section 5.5.3) */
        ngx_memcpy(ws->pong, ws->control, ws->control_len);
        ws->pong_len = ws->control_len;
        ws->pong_due = 1;
        break;

    case NGX_CC_WS_CLOSE:
        bad = 0;
        code = ngx_cc_ws_close_code(ws->control, ws->control_len, &bad);

        if (code == 0) {
            ngx_cc_ws_shut(ws, NGX_CC_WS_PROTOCOL, "bad close frame");

        } else if (bad) {
            ngx_cc_ws_shut(ws, NGX_CC_WS_BAD_DATA, "invalid UTF-8");

        } else {
            ngx_cc_ws_shut(ws, code, NULL);
        }

        ws->close_received = 1;
        ws->ended = 1;
        break;

    default:
        break;
    }
}


/*
 * Ends the session and lets a close frame be the last thing that we say.  The
 * commands end now, not when TCP does: some clients never hang up.
 */

static void
ngx_cc_ws_shut(ngx_cc_ws_t *ws, ngx_uint_t code, const char *reason)
{
    if (ws->code) {
        return;
    }

    ws->code = code;
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
    ws->connection->idle = 0;

    /*
     * What the client still sends is read and thrown away for a while, else
     * the reset that unread bytes cause would destroy the close frame.
     */

    ngx_add_timer(&ws->linger, NGX_CC_WS_LINGER);
}


/*
 * Our close frame was the last byte: the client sees it and the end of the
 * stream at once (RFC 6455, section 7.1.1).  TLS has no such half.
 */

static void
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

static void
ngx_cc_ws_forget(ngx_cc_ws_t *ws)
{
    if (ws->session) {
        ngx_log_error(NGX_LOG_INFO, ws->connection->log, 0,
                      "cc_executor: session closed code=%ui session=%*s",
                      ws->code, (size_t) NGX_CC_UUID_TEXT,
                      ws->host.session_id);

        ws->dialect->close(ws->session);
        ws->session = NULL;
    }

    ngx_cc_zone_free(&ws->slot);
}


/* the connection goes, whatever the reason; "ws" is not valid any more */

static void
ngx_cc_ws_end(ngx_cc_ws_t *ws, ngx_uint_t code)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = ws->connection;
    r = ws->request;

    if (ws->code == 0) {
        ws->code = code;
    }

    /* cleans up (see above) and writes the access log */

    ngx_http_free_request(r, 0);
    ngx_http_close_connection(c);
}
