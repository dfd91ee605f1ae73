
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_ws_close.h"
#include "ngx_cc_ws_in.h"


#define NGX_CC_WS_READ     (16 * 1024)   /* bytes of one receive */


static ngx_int_t ngx_cc_ws_in_consume(ngx_cc_ws_t *ws, u_char **pos,
    u_char *last);
static ngx_int_t ngx_cc_ws_in_data(ngx_cc_ws_t *ws, ngx_cc_ws_piece_t *piece);
static void ngx_cc_ws_in_control(ngx_cc_ws_t *ws, ngx_cc_ws_piece_t *piece);
static void ngx_cc_ws_in_pong(ngx_cc_ws_t *ws);


/* scratch memory of this worker: nothing lives in it beyond one call */

static u_char  *ngx_cc_ws_in;


ngx_int_t
ngx_cc_ws_in_prepare(void)
{
    if (ngx_cc_ws_in == NULL) {
        ngx_cc_ws_in = ngx_alloc(NGX_CC_WS_READ, ngx_cycle->log);
    }

    return ngx_cc_ws_in ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_cc_ws_in_read(ngx_cc_ws_t *ws, size_t *budget)
{
    u_char            *pos, *last, *copy;
    ssize_t            n;
    ngx_int_t          rc;
    ngx_connection_t  *c;

    c = ws->connection;

    if (ngx_cc_session_full(&ws->session)) {
        return NGX_AGAIN;
    }

    if (ws->in.len) {
        pos = ws->in.data;
        last = pos + ws->in.len;

        rc = ngx_cc_ws_in_consume(ws, &pos, last);

        ngx_cc_idle_watch_heard(&ws->wait, pos - ws->in.data,
                                ngx_cc_ws_decoder_busy(&ws->decoder));

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

        /* the client does not read any more, or a close frame is on its way */

        if (n == NGX_ERROR || !ws->session.code) {
            return NGX_ERROR;
        }

        return NGX_AGAIN;
    }

    *budget -= ngx_min(*budget, (size_t) n);
    ngx_cc_ping_heard(&ws->ping);

    pos = ngx_cc_ws_in;
    last = pos + n;

    rc = ngx_cc_ws_in_consume(ws, &pos, last);

    ngx_cc_idle_watch_heard(&ws->wait, pos - ngx_cc_ws_in,
                            ngx_cc_ws_decoder_busy(&ws->decoder));

    if (pos < last) {
        /* the answers pile up: the rest waits until they are taken */

        copy = ngx_alloc(last - pos, c->log);

        if (copy == NULL) {
            ws->session.code = NGX_CC_WS_SERVER_FAULT;
            return NGX_ERROR;
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
ngx_cc_ws_in_consume(ngx_cc_ws_t *ws, u_char **pos, u_char *last)
{
    ngx_cc_ws_piece_t  piece;

    for ( ;; ) {

        if (ws->ended) {
            *pos = last;
            return NGX_OK;
        }

        ws->decoder.wanted = ws->session.transport.binary;

        switch (ngx_cc_ws_decode(&ws->decoder, pos, last, &piece)) {

        case NGX_CC_WS_AGAIN:
            return NGX_OK;

        case NGX_CC_WS_DATA:
            if (ngx_cc_ws_in_data(ws, &piece) == NGX_AGAIN) {
                return NGX_AGAIN;
            }

            break;

        case NGX_CC_WS_CONTROL:
            ngx_cc_ws_in_control(ws, &piece);
            break;

        case NGX_CC_WS_VIOLATION:
            /*
             * The decoder takes nothing any more: also behind a close frame
             * of ours, when there is nothing left to be said about it.
             */

            ngx_cc_ws_shut(ws, piece.code, piece.reason);
            ws->ended = 1;
            break;
        }
    }
}


static ngx_int_t
ngx_cc_ws_in_data(ngx_cc_ws_t *ws, ngx_cc_ws_piece_t *piece)
{
    ngx_int_t                rc;
    const ngx_cc_dialect_t  *dialect;

    /* after our close frame was due, messages mean nothing any more */

    if (ws->session.state == NULL) {
        return NGX_OK;
    }

    if (piece->last) {
        ngx_cc_idle_watch_finished(&ws->wait);
        ngx_cc_idle_watch_active(&ws->wait);
    }

    if (piece->opcode == NGX_CC_WS_TEXT
        && (ngx_cc_utf8_check(&ws->utf8, piece->data, piece->len) != piece->len
            || (piece->last && !ngx_cc_utf8_done(&ws->utf8))))
    {
        ngx_cc_ws_shut(ws, NGX_CC_WS_BAD_DATA, "invalid UTF-8");
        return NGX_OK;
    }

    if (piece->len == 0 && !piece->last) {
        return NGX_OK;
    }

    dialect = ws->session.dialect;
    rc = piece->opcode == NGX_CC_WS_TEXT
         ? dialect->push(ws->session.state, piece->data, piece->len,
                         piece->last)
         : dialect->packet(ws->session.state, piece->data, piece->len,
                           piece->last);

    if (rc != NGX_OK) {
        ngx_cc_ws_shut(ws, NGX_CC_WS_SERVER_FAULT, "no memory");
        return NGX_OK;
    }

    return piece->last && ngx_cc_session_full(&ws->session) ? NGX_AGAIN
                                                            : NGX_OK;
}


static void
ngx_cc_ws_in_control(ngx_cc_ws_t *ws, ngx_cc_ws_piece_t *piece)
{
    int       bad;
    uint16_t  code;

    if (piece->first) {
        ws->control_len = 0;
    }

    if (piece->len) {

        if (ws->control == NULL) {
            ws->control = ngx_alloc(NGX_CC_WS_MAX_CONTROL,
                                    ws->connection->log);
        }

        if (ws->control == NULL) {
            ngx_cc_ws_shut(ws, NGX_CC_WS_SERVER_FAULT, "no memory");
            ws->ended = 1;
            return;
        }

        ngx_memcpy(ws->control + ws->control_len, piece->data, piece->len);
        ws->control_len += piece->len;
    }

    if (!piece->last) {
        return;
    }

    if (!ngx_cc_ws_decoder_busy(&ws->decoder)) {
        ngx_cc_idle_watch_finished(&ws->wait);
    }

    switch (piece->opcode) {

    case NGX_CC_WS_PING:
        /* only the latest needs an answer (RFC 6455, section 5.5.3) */
        ngx_cc_ws_in_pong(ws);
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

    if (ws->control) {
        ngx_free(ws->control);
        ws->control = NULL;
    }
}


/* what the ping had is what the pong will have; an earlier one is dropped */

static void
ngx_cc_ws_in_pong(ngx_cc_ws_t *ws)
{
    if (ws->pong) {
        ngx_free(ws->pong);
    }

    ws->pong = ws->control;
    ws->pong_len = ws->control_len;
    ws->pong_due = 1;
    ws->control = NULL;
}
