
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_ws_close.h"
#include "ngx_cc_ws_out.h"


#define NGX_CC_WS_CORK     (64 * 1024)   /* bytes gathered for one write */


/* the control frames and the last message that may stand behind the cork */

#define NGX_CC_WS_ROOM     (NGX_CC_WS_CORK + 2 * 128 + NGX_CC_WS_MAX_HEADER   \
                            + NGX_CC_DIALECT_MAX_MESSAGE)


static ngx_int_t ngx_cc_ws_out_flush(ngx_cc_ws_t *ws);
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
    size_t     n;
    ngx_int_t  rc;

    rc = ngx_cc_ws_out_flush(ws);

    while (rc == NGX_OK && *budget) {

        n = ngx_cc_ws_out_render(ws, ngx_cc_ws_out);

        if (n == 0) {
            return NGX_OK;
        }

        *budget -= ngx_min(*budget, n);
        rc = ngx_cc_ws_out_send(ws, ngx_cc_ws_out, n);

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
 * Writes whole frames to p, about NGX_CC_WS_CORK bytes; returns how many.  A
 * message that is pulled in pieces goes as fragments (RFC 6455, section 5.4).
 */

static size_t
ngx_cc_ws_out_render(ngx_cc_ws_t *ws, u_char *p)
{
    size_t       n, size, guess;
    u_char      *start, opcode;
    ngx_uint_t   more;

    start = p;

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

    while (ws->session.state && p - start < NGX_CC_WS_CORK) {

        /* most headers have the size guessed; else the message moves */

        n = ws->session.dialect->pull(ws->session.state, p + guess,
                              NGX_CC_DIALECT_MAX_MESSAGE, &more);
        if (n == 0) {

            if (ws->session.transport.failed) {
                ngx_cc_ws_shut(ws, NGX_CC_WS_SERVER_FAULT, "no memory");
            }

            break;
        }

        size = ngx_cc_ws_header_size(n);

        if (size != guess) {
            ngx_memmove(p + size, p + guess, n);
        }

        opcode = ws->unfinished ? NGX_CC_WS_CONTINUATION : NGX_CC_WS_TEXT;
        ws->unfinished = more;

        p = more ? ngx_cc_ws_fragment(p, opcode, n)
                 : ngx_cc_ws_header(p, opcode, n);
        p += n;

        ws->session.bytes_out += n;
    }

    if (ws->close_due) {
        ws->close_due = 0;
        ws->close_sent = 1;
        p = ngx_cc_ws_close(p, ws->session.code, ws->reason);
    }

    return p - start;
}
