
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_ws_close.h"
#include "ngx_cc_ws_out.h"


#define NGX_CC_WS_CORK     (64 * 1024)   /* bytes gathered for one write */
#define NGX_CC_WS_COPY     (4 * 1024)    /* bytes elsewhere that are copied */


/* the control frames and the last message that may stand behind the cork */

#define NGX_CC_WS_ROOM     (NGX_CC_WS_CORK + 2 * 128 + NGX_CC_WS_MAX_HEADER   \
                            + NGX_CC_DIALECT_MAX_MESSAGE)


static ngx_int_t ngx_cc_ws_out_flush(ngx_cc_ws_t *ws);
static ngx_int_t ngx_cc_ws_out_pair(ngx_cc_ws_t *ws, u_char *p, size_t n,
    ngx_str_t *tail);
static u_char *ngx_cc_ws_out_tail(ngx_cc_ws_t *ws, u_char *p);
static size_t ngx_cc_ws_out_render(ngx_cc_ws_t *ws, u_char *p);


/* scratch memory of this worker: nothing lives in it beyond one call */

static u_char  *ngx_cc_ws_out;


ngx_int_t
ngx_cc_ws_out_prepare(void)
{
    if (ngx_cc_ws_out == NULL) {
        ngx_cc_ws_out = ngx_alloc(NGX_CC_WS_ROOM, ngx_cycle->log);
    }

    return ngx_cc_ws_out ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_cc_ws_out_write(ngx_cc_ws_t *ws, size_t *budget)
{
    size_t      n;
    ngx_int_t   rc;
    ngx_str_t  *tail;

    rc = ngx_cc_ws_out_flush(ws);
    tail = &ws->session.transport.tail;

    while (rc == NGX_OK && *budget) {

        tail->len = 0;
        n = ngx_cc_ws_out_render(ws, ngx_cc_ws_out);

        if (n == 0) {
            return NGX_OK;
        }

        *budget -= ngx_min(*budget, n + tail->len);

        if (tail->len) {
            rc = ngx_cc_ws_out_pair(ws, ngx_cc_ws_out, n, tail);
            ws->session.dialect->sent(ws->session.state);

        } else {
            rc = ngx_cc_ws_out_send(ws, ngx_cc_ws_out, n);
        }

        if (ws->ping_out) {
            ws->ping_out = 0;
            ngx_cc_ping_sent(&ws->ping);
        }
    }

    return rc;
}


ngx_int_t
ngx_cc_ws_out_send(ngx_cc_ws_t *ws, u_char *p, size_t n)
{
    ngx_int_t  rc;

    ws->out.data = p;
    ws->out.len = n;

    rc = ngx_cc_ws_out_flush(ws);

    if (rc == NGX_AGAIN) {
        ws->out_start = ngx_alloc(ws->out.len, ws->connection->log);

        if (ws->out_start == NULL) {
            rc = NGX_ERROR;
        }
    }

    if (rc != NGX_AGAIN) {
        ws->out.len = 0;
        return rc;
    }

    ngx_memcpy(ws->out_start, ws->out.data, ws->out.len);
    ws->out.data = ws->out_start;

    return NGX_AGAIN;
}


/* the same of n bytes at p and those of the tail: in place, unless they stay */

static ngx_int_t
ngx_cc_ws_out_pair(ngx_cc_ws_t *ws, u_char *p, size_t n, ngx_str_t *tail)
{
    u_char            *q;
    ngx_buf_t          buf[2];
    ngx_chain_t        chain[2], *cl;
    ngx_connection_t  *c;

    c = ws->connection;

    ngx_memzero(buf, sizeof(buf));
    buf[0].memory = 1;
    buf[0].pos = p;
    buf[0].last = p + n;
    buf[1].memory = 1;
    buf[1].pos = tail->data;
    buf[1].last = tail->data + tail->len;
    chain[0].buf = &buf[0];
    chain[0].next = &chain[1];
    chain[1].buf = &buf[1];
    chain[1].next = NULL;

    cl = c->send_chain(c, chain, 0);

    if (cl == NGX_CHAIN_ERROR) {
        return NGX_ERROR;
    }

    if (cl == NULL) {
        ws->session.transport.rounds++;
        return NGX_OK;
    }

    ws->out_start = ngx_alloc(ngx_buf_size(&buf[0]) + ngx_buf_size(&buf[1]),
                              c->log);

    if (ws->out_start == NULL) {
        return NGX_ERROR;
    }

    q = ngx_cpymem(ws->out_start, buf[0].pos, ngx_buf_size(&buf[0]));
    q = ngx_cpymem(q, buf[1].pos, ngx_buf_size(&buf[1]));
    ws->out.data = ws->out_start;
    ws->out.len = q - ws->out_start;

    return NGX_AGAIN;
}


/* sends what is left of an earlier write */

static ngx_int_t
ngx_cc_ws_out_flush(ngx_cc_ws_t *ws)
{
    ssize_t              n;
    ngx_http_request_t  *r;

    if (ws->connection->buffered) {
        /* the 101 itself did not fit */

        r = ws->session.request;

        if (ngx_http_write_filter(r, NULL) == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (ws->connection->buffered) {
            return NGX_AGAIN;
        }
    }

    if (ws->out.len == 0) {
        return NGX_OK;
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

    ws->session.transport.rounds++;

    return NGX_OK;
}


/*
 * What stands elsewhere is copied to p, of which the end is returned, if it is
 * little, or has to be encrypted; else it stays the tail of what is sent.
 */

static u_char *
ngx_cc_ws_out_tail(ngx_cc_ws_t *ws, u_char *p)
{
    ngx_str_t  *tail;

    tail = &ws->session.transport.tail;

    if (tail->len > NGX_CC_WS_COPY
#if (NGX_HTTP_SSL)
        && ws->connection->ssl == NULL
#endif
       )
    {
        return p;
    }

    if (tail->len) {
        p = ngx_cpymem(p, tail->data, tail->len);
        tail->len = 0;
        ws->session.dialect->sent(ws->session.state);
    }

    return p;
}


/*
 * Writes whole frames to p, about NGX_CC_WS_CORK bytes; returns how many.  The
 * last one may go on in the tail of the transport.  A message that is pulled in
 * pieces goes as fragments (RFC 6455, section 5.4).
 */

static size_t
ngx_cc_ws_out_render(ngx_cc_ws_t *ws, u_char *p)
{
    size_t               n, len, size, guess;
    u_char              *start, opcode;
    ngx_uint_t           more, follows;
    ngx_cc_transport_t  *transport;

    const ngx_cc_dialect_t  *dialect;

    start = p;
    transport = &ws->session.transport;
    dialect = ws->session.dialect;
    follows = 0;
    more = 0;

    if (ws->close_sent) {
        return 0;
    }

    if (ws->pong_due) {
        ws->pong_due = 0;
        p = ngx_cc_ws_header(p, NGX_CC_WS_PONG, ws->pong_len);

        if (ws->pong) {
            p = ngx_cpymem(p, ws->pong, ws->pong_len);
            ngx_free(ws->pong);
            ws->pong = NULL;
        }
    }

    if (ws->ping_due) {
        ws->ping_due = 0;
        ws->ping_out = 1;
        p = ngx_cc_ws_header(p, NGX_CC_WS_PING, 0);
    }

    guess = ngx_cc_ws_header_size(NGX_CC_WS_MAX_CONTROL + 1);

    while (ws->session.state && p - start < NGX_CC_WS_CORK
           && transport->tail.len == 0)
    {

        /* most headers have the size guessed; else the message moves */

        n = follows ? dialect->next(ws->session.state, p + guess,
                                    NGX_CC_DIALECT_MAX_MESSAGE)
                    : 0;

        if (n == 0) {
            n = dialect->pull(ws->session.state, p + guess,
                              NGX_CC_DIALECT_MAX_MESSAGE, &more);
        }

        if (n == 0) {

            if (transport->failed) {
                ngx_cc_ws_shut(ws, NGX_CC_WS_SERVER_FAULT, "no memory");
            }

            break;
        }

        len = n + transport->tail.len;
        size = ngx_cc_ws_header_size(len);

        if (size != guess) {
            ngx_memmove(p + size, p + guess, n);
        }

        opcode = ws->unfinished ? NGX_CC_WS_CONTINUATION
                 : transport->packet ? NGX_CC_WS_BINARY : NGX_CC_WS_TEXT;
        ws->unfinished = more;
        follows = dialect->next && !more && !transport->packet;

        p = more ? ngx_cc_ws_fragment(p, opcode, len)
                 : ngx_cc_ws_header(p, opcode, len);
        p = ngx_cc_ws_out_tail(ws, p + n);

        ws->session.bytes_out += len;
    }

    if (ws->close_due) {
        ws->close_due = 0;
        ws->close_sent = 1;
        p = ngx_cc_ws_close(p, ws->session.code, ws->reason);
    }

    return p - start;
}
