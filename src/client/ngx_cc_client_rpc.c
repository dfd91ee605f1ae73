
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ngx_cc_client_rpc.h"


void
ngx_cc_client_rpc_init(ngx_cc_client_rpc_t *rpc,
    const ngx_cc_client_args_t *args)
{
    rpc->args = args;
    rpc->ws.socket.fd = -1;

    if (ngx_cc_client_url(&rpc->url, args->url) == -1) {
        (void) fprintf(stderr, "cc-run: not a ws://, wss:// or unix: URL: "
                       "%s\n", args->url);
        exit(NGX_CC_CLIENT_FAILED);
    }
}


int
ngx_cc_client_rpc_open(ngx_cc_client_rpc_t *rpc, const char **error)
{
    return ngx_cc_client_ws_open(&rpc->ws, &rpc->url, rpc->args->token,
                                 rpc->args->ca_file, rpc->args->insecure,
                                 error);
}


void
ngx_cc_client_rpc_need(ngx_cc_client_rpc_t *rpc)
{
    const char  *error;

    if (ngx_cc_client_rpc_open(rpc, &error) == -1) {
        (void) fprintf(stderr, "cc-run: %s: %s\n", rpc->args->url, error);
        exit(NGX_CC_CLIENT_FAILED);
    }
}


ngx_cc_json_t *
ngx_cc_client_rpc_begin(ngx_cc_client_rpc_t *rpc, const char *method,
    size_t room)
{
    room += 256;

    if (room > rpc->size) {
        rpc->buf = realloc(rpc->buf, room);

        if (rpc->buf == NULL) {
            ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "no memory");
        }

        rpc->size = room;
    }

    rpc->w.pos = rpc->buf;
    rpc->w.end = rpc->buf + rpc->size;
    rpc->w.overflow = 0;

    ngx_cc_json_lit(&rpc->w, "{\"jsonrpc\":\"2.0\",\"id\":");
    ngx_cc_json_uint(&rpc->w, ++rpc->id);
    ngx_cc_json_lit(&rpc->w, ",\"method\":");
    ngx_cc_json_cstring(&rpc->w, method);
    ngx_cc_json_lit(&rpc->w, ",\"params\":{");

    return &rpc->w;
}


uint64_t
ngx_cc_client_rpc_end(ngx_cc_client_rpc_t *rpc)
{
    ngx_cc_json_lit(&rpc->w, "}}");

    if (rpc->w.overflow) {
        ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "a request is too long");
    }

    ngx_cc_client_ws_send(&rpc->ws, rpc->buf, rpc->w.pos - rpc->buf);

    return rpc->id;
}


uint64_t
ngx_cc_client_rpc_about(ngx_cc_client_rpc_t *rpc, const char *method,
    const char *execution_id)
{
    ngx_cc_json_t  *w;

    w = ngx_cc_client_rpc_begin(rpc, method, 6 * NGX_CC_CLIENT_ID);
    ngx_cc_json_lit(w, "\"execution_id\":");
    ngx_cc_json_cstring(w, execution_id);

    return ngx_cc_client_rpc_end(rpc);
}


int
ngx_cc_client_rpc_next(ngx_cc_client_rpc_t *rpc)
{
    size_t                    n;
    uint8_t                  *text;
    const char               *method;
    ngx_cc_client_message_t  *m;

    if (ngx_cc_client_ws_next(&rpc->ws, &text, &n) == 0) {
        return rpc->ws.ended ? -1 : 0;
    }

    m = ngx_cc_client_message_parse(rpc->message, text, n);

    if (m == NULL) {
        rpc->ws.ended = 1;
        return -1;
    }

    rpc->message = m;

    method = ngx_cc_client_message_get(m, "method", NULL);

    if (rpc->args->json && !(method && strcmp(method, "connected") == 0)) {
        (void) fwrite(text, 1, n, stdout);
        (void) putchar('\n');
        (void) fflush(stdout);
    }

    return 1;
}


int
ngx_cc_client_rpc_wait(ngx_cc_client_rpc_t *rpc, uint64_t id, int status)
{
    int             rc;
    const char     *text;
    struct pollfd   fd;

    for ( ;; ) {
        rc = ngx_cc_client_rpc_next(rpc);

        if (rc == 1 && ngx_cc_client_rpc_id(rpc) == id) {
            break;
        }

        if (rc == -1) {
            ngx_cc_client_fail(NGX_CC_CLIENT_FAILED,
                               rpc->ws.reason[0] ? rpc->ws.reason
                               : "the connection was lost");
        }

        if (rc == 1) {
            continue;
        }

        fd.fd = rpc->ws.socket.fd;
        fd.events = POLLIN
                    | (ngx_cc_client_ws_waiting(&rpc->ws) ? POLLOUT : 0);

        if (!ngx_cc_client_pending(&rpc->ws.socket)) {
            (void) poll(&fd, 1, -1);
        }

        ngx_cc_client_ws_flush(&rpc->ws);
        (void) ngx_cc_client_ws_receive(&rpc->ws);
    }

    text = ngx_cc_client_message_get(rpc->message, "error.message", NULL);

    if (text && status) {
        ngx_cc_client_fail(status, text);
    }

    return text == NULL;
}


uint64_t
ngx_cc_client_rpc_id(ngx_cc_client_rpc_t *rpc)
{
    return ngx_cc_client_message_number(rpc->message, "id", 0);
}


void
ngx_cc_client_fail(int status, const char *text)
{
    (void) fprintf(stderr, "cc-run: %s\n", text);
    exit(status);
}
