
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ngx_cc_client_output.h"
#include "ngx_cc_client_rpc.h"
#include "ngx_cc_client_say.h"
#include "ngx_cc_clock.h"
#include "ngx_cc_ws_frame.h"


#define NGX_CC_CLIENT_PAUSE      100     /* ms before the second try; then
                                            twice as many each time */
#define NGX_CC_CLIENT_PAUSE_MAX  5000
#define NGX_CC_CLIENT_LIVED      1000    /* ms, then the next try is at once */
#define NGX_CC_CLIENT_INTERNAL   (-32603)


static void ngx_cc_client_rpc_room(ngx_cc_client_rpc_t *rpc, size_t room);
static int ngx_cc_client_rpc_packet(ngx_cc_client_rpc_t *rpc);
static void ngx_cc_client_rpc_greeting(ngx_cc_client_rpc_t *rpc);
static int ngx_cc_client_rpc_nonsense(ngx_cc_client_rpc_t *rpc,
    const char *what);
static void ngx_cc_client_rpc_slower(ngx_cc_client_rpc_t *rpc);


void
ngx_cc_client_rpc_init(ngx_cc_client_rpc_t *rpc,
    const ngx_cc_client_args_t *args)
{
    rpc->args = args;
    rpc->ws.socket.fd = -1;
    rpc->ws.socket.stop_fd = -1;

    if (ngx_cc_client_url(&rpc->url, args->url) == -1) {
        ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "not a ws://, wss:// or "
                           "unix: URL: %s", args->url);
    }
}


int
ngx_cc_client_rpc_open(ngx_cc_client_rpc_t *rpc, const char **error)
{
    rpc->greeted = 0;
    rpc->offers = 0;

    if (ngx_cc_client_ws_open(&rpc->ws, &rpc->url, rpc->args->token,
                              rpc->args->ca_file, rpc->args->insecure, error)
        == -1)
    {
        return -1;
    }

    rpc->opened = (int64_t) ngx_cc_clock_ms();

    return 0;
}


void
ngx_cc_client_rpc_need(ngx_cc_client_rpc_t *rpc)
{
    const char  *error;

    if (ngx_cc_client_rpc_open(rpc, &error) == -1) {
        ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "%s: %s", rpc->args->url,
                           error);
    }
}


int
ngx_cc_client_rpc_again(ngx_cc_client_rpc_t *rpc, const char **error)
{
    int64_t         now;
    struct pollfd   fd;

    now = (int64_t) ngx_cc_clock_ms();

    if (rpc->lost == 0) {
        rpc->lost = now;
    }

    if (rpc->opened && now - rpc->opened > NGX_CC_CLIENT_LIVED) {
        rpc->pause = 0;
    }

    rpc->opened = 0;
    ngx_cc_client_close(&rpc->ws.socket);
    *error = ngx_cc_client_rpc_why(rpc);

    while ((double) (now - rpc->lost) <= rpc->args->reconnect * 1000
           && rpc->args->reconnect > 0)
    {
        fd.fd = rpc->ws.socket.stop_fd;
        fd.events = POLLIN;

        if (poll(&fd, 1, rpc->pause) == 1) {
            return 1;
        }

        /* also when it opens: what opens and is closed at once is no better */

        ngx_cc_client_rpc_slower(rpc);

        if (ngx_cc_client_rpc_open(rpc, error) == 0) {
            return 0;
        }

        if (rpc->ws.status >= 400 && rpc->ws.status < 500) {
            return -1;
        }

        now = (int64_t) ngx_cc_clock_ms();
    }

    return -1;
}


/* not all clients of a server at once */

static void
ngx_cc_client_rpc_slower(ngx_cc_client_rpc_t *rpc)
{
    rpc->pause = rpc->pause ? rpc->pause * 2
                            : NGX_CC_CLIENT_PAUSE + getpid() % 64;
    rpc->pause = rpc->pause > NGX_CC_CLIENT_PAUSE_MAX
                 ? NGX_CC_CLIENT_PAUSE_MAX : rpc->pause;
}


void
ngx_cc_client_rpc_good(ngx_cc_client_rpc_t *rpc)
{
    rpc->lost = 0;
}


int
ngx_cc_client_rpc_is_id(const char *id)
{
    size_t  n;

    n = id ? strlen(id) : 0;

    return n > 0 && n < NGX_CC_CLIENT_ID
           && strspn(id, "0123456789abcdefghijklmnopqrstuvwxyz"
                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-") == n;
}


const char *
ngx_cc_client_rpc_why(const ngx_cc_client_rpc_t *rpc)
{
    return rpc->ws.reason[0] ? rpc->ws.reason : "the connection was lost";
}


ngx_cc_json_t *
ngx_cc_client_rpc_begin(ngx_cc_client_rpc_t *rpc, const char *method,
    size_t room)
{
    ngx_cc_client_rpc_room(rpc, room + 256);

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


static void
ngx_cc_client_rpc_room(ngx_cc_client_rpc_t *rpc, size_t room)
{
    if (room <= rpc->size) {
        return;
    }

    rpc->buf = realloc(rpc->buf, room);

    if (rpc->buf == NULL) {
        ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "no memory");
    }

    rpc->size = room;
}


uint64_t
ngx_cc_client_rpc_input(ngx_cc_client_rpc_t *rpc, ngx_cc_packet_t *packet,
    const uint8_t *p, size_t n)
{
    packet->stream = NGX_CC_PACKET_STDIN;
    packet->seq = ++rpc->id;

    ngx_cc_client_rpc_room(rpc, NGX_CC_PACKET_HEADER + n);
    memcpy(ngx_cc_packet_write(rpc->buf, packet), p, n);
    ngx_cc_client_ws_send(&rpc->ws, NGX_CC_WS_BINARY, rpc->buf,
                          NGX_CC_PACKET_HEADER + n);

    return rpc->id;
}


uint64_t
ngx_cc_client_rpc_end(ngx_cc_client_rpc_t *rpc)
{
    ngx_cc_json_lit(&rpc->w, "}}");

    if (rpc->w.overflow) {
        ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "a request is too long");
    }

    ngx_cc_client_ws_send(&rpc->ws, NGX_CC_WS_TEXT, rpc->buf,
                          rpc->w.pos - rpc->buf);

    return rpc->id;
}


int
ngx_cc_client_rpc_next(ngx_cc_client_rpc_t *rpc)
{
    if (ngx_cc_client_ws_next(&rpc->ws, &rpc->text, &rpc->len) == 0) {
        return rpc->ws.ended ? -1 : 0;
    }

    if (rpc->ws.binary) {
        return ngx_cc_client_rpc_packet(rpc);
    }

    if (!ngx_cc_client_message_parse(&rpc->message, rpc->text, rpc->len)) {
        return ngx_cc_client_rpc_nonsense(rpc, "JSON-RPC");
    }

    if (!rpc->greeted) {
        rpc->greeted = 1;
        ngx_cc_client_rpc_greeting(rpc);
    }

    return 1;
}


static int
ngx_cc_client_rpc_packet(ngx_cc_client_rpc_t *rpc)
{
    if (ngx_cc_packet_read(&rpc->packet, rpc->text, rpc->len) != NULL
        || rpc->packet.stream == NGX_CC_PACKET_STDIN)
    {
        return ngx_cc_client_rpc_nonsense(rpc, "our binary messages");
    }

    rpc->text += NGX_CC_PACKET_HEADER;
    rpc->len -= NGX_CC_PACKET_HEADER;

    return 2;
}


/* what comes first says what the server can, if it is no other one */

static void
ngx_cc_client_rpc_greeting(ngx_cc_client_rpc_t *rpc)
{
    int          i;
    char         name[48];
    const char  *value;

    for (i = 0; !rpc->offers; i++) {
        (void) snprintf(name, sizeof(name), "params.capabilities.%d", i);
        value = ngx_cc_client_message_get(rpc->message, name, NULL);

        if (value == NULL) {
            return;
        }

        rpc->offers = (strcmp(value, "binary") == 0);
    }
}


static int
ngx_cc_client_rpc_nonsense(ngx_cc_client_rpc_t *rpc, const char *what)
{
    (void) snprintf(rpc->ws.reason, sizeof(rpc->ws.reason),
                    "the server does not speak %s", what);
    rpc->ws.ended = 1;

    return -1;
}


int
ngx_cc_client_rpc_shown(const ngx_cc_client_rpc_t *rpc)
{
    const char  *method;

    method = ngx_cc_client_message_get(rpc->message, "method", NULL);

    return rpc->args->json && !rpc->quiet
           && !(method && strcmp(method, "connected") == 0);
}


int
ngx_cc_client_rpc_wait(ngx_cc_client_rpc_t *rpc, uint64_t id)
{
    int       rc;
    uint64_t  got;

    for ( ;; ) {
        rc = ngx_cc_client_rpc_next(rpc);

        if (rc == -1) {
            return -1;
        }

        if (rc == 2) {
            continue;
        }

        if (rc == 1) {
            got = ngx_cc_client_rpc_id(rpc);

            if (got == id || (got == 0 && ngx_cc_client_message_get(
                                      rpc->message, "error.message", NULL)))
            {
                /* an error without an id is about all that we want */
                break;
            }

            continue;
        }

        if (!ngx_cc_client_pending(&rpc->ws.socket)) {
            (void) ngx_cc_client_ready(&rpc->ws.socket,
                                       ngx_cc_client_ws_events(&rpc->ws, 1),
                                       -1);
        }

        ngx_cc_client_ws_flush(&rpc->ws);
        (void) ngx_cc_client_ws_receive(&rpc->ws);
    }

    if (ngx_cc_client_rpc_shown(rpc)) {
        (void) fwrite(rpc->text, 1, rpc->len, stdout);
        (void) putchar('\n');
        ngx_cc_client_output_printed();
    }

    return ngx_cc_client_message_get(rpc->message, "error.message", NULL)
           == NULL;
}


uint64_t
ngx_cc_client_rpc_id(ngx_cc_client_rpc_t *rpc)
{
    if (ngx_cc_client_message_get(rpc->message, "method", NULL)) {
        return 0;
    }

    return ngx_cc_client_message_number(rpc->message, "id", 0);
}


int
ngx_cc_client_rpc_leaves(ngx_cc_client_rpc_t *rpc)
{
    const char  *text;

    if (rpc->message == NULL) {
        return 0;
    }

    text = ngx_cc_client_message_get(rpc->message, "error.message", NULL);

    return text && strncmp(text, "server is ", 10) == 0
           && ngx_cc_client_message_number(rpc->message, "error.code", 0)
              == NGX_CC_CLIENT_INTERNAL;
}
