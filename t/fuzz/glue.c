
/*
 * A connection of the WebSocket or a POST of Streamable HTTP, driven as nginx
 * does it (see t/unit/http.h): bytes of a client in pieces, a socket that takes
 * some, time, commands, a worker that leaves, a peer that is gone, memory that
 * runs out, and our own Close at any moment.  Whatever the order: everything
 * that is done from one event has an end, what was sent is valid, the request
 * is finalized once, and nothing is left.
 */

#include "fuzz.h"
#include "http.h"
#include "ngx_cc_ws_close.h"
#include "ngx_cc_mcp.h"
#include "ngx_cc_native.h"
#include "shim.h"


#define GLUE_COMMANDS  28            /* that fake_command.c can remember */
#define GLUE_RECORDS   64            /* of one of them */


/* what a client says, so that not all has to be found by chance */

static const char  *const  glue_native[] = {
    "{\"id\":1,\"method\":\"execute\",\"params\":{\"command\":\"x\"}}",
    ("{\"id\":2,\"method\":\"execute\",\"params\":{\"args\":[\"/bin/ls\"],"
        "\"output\":\"chunk\",\"stdin\":true}}"),
    "{\"id\":3,\"method\":\"list\"}",
    "{\"id\":4,\"method\":\"control\",\"params\":{\"type\":\"CANCEL\"}}",
    "{\"id\":5,\"method\":\"input\",\"params\":{\"data\":\"abc\",\"eof\":true}}",
    "{\"method\":\"nonsense\"}",
    "[]",
    "{\"id\":",
};

static const char  *const  glue_mcp[] = {
    ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
        "\"name\":\"execute\",\"arguments\":{\"command\":\"x\"}}}"),
    ("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{"
        "\"name\":\"execute\",\"arguments\":{\"command\":\"x\"},"
        "\"_meta\":{\"progressToken\":1}}}"),
    "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/list\"}",
    ("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{"
        "\"requestId\":1}}"),
    ("{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"initialize\",\"params\":{"
        "\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"
        "\"clientInfo\":{\"name\":\"x\",\"version\":\"1\"}}}"),
    ("{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"subscriptions/listen\","
        "\"params\":{\"notifications\":{},\"_meta\":{"
        "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
        "\"io.modelcontextprotocol/clientCapabilities\":{}}}}"),
    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":",
};


static const char  glue_binary[] =
    "{\"id\":9,\"method\":\"execute\",\"params\":{\"command\":\"x\","
        "\"open_stdin\":true,\"encoding\":\"binary\"}}";


static const char *
glue_message(unsigned k)
{
    if (k > 247 && http.dialect == &ngx_cc_native) {
        return glue_binary;
    }

    return http.dialect == &ngx_cc_native ? glue_native[k % 8]
                                          : glue_mcp[k % 8];
}


/* one of our own reasons to close, at that moment */

static void
glue_shut(unsigned k)
{
    ngx_cc_ws_t  *ws;

    static const ngx_uint_t  code[] = {
        NGX_CC_WS_GOING_AWAY, NGX_CC_WS_POLICY, NGX_CC_WS_SERVER_FAULT,
        NGX_CC_WS_NORMAL
    };

    if (http.r && http.dialect && http.finalized == 0) {
        ws = ngx_http_get_module_ctx(http.r, ngx_cc_executor_module);
        ngx_cc_ws_shut(ws, code[k % 4], "because");
        ws->session.transport.wake(ws);
        http_posted();
    }
}


static void
glue_command(fuzz_in_t *in, unsigned what)
{
    size_t           n;
    u_char          *p;
    unsigned         k;
    fake_command_t  *f;

    if (fake_commands == 0) {
        return;
    }

    f = fake_command[fuzz_byte(in) % fake_commands];
    k = fuzz_byte(in);

    if (f->closed) {
        return;
    }

    switch (what) {

    case 0:
        if (f->public.state == NGX_CC_COMMAND_WAITING) {
            if (k < 240) {
                fake_started(f);

            } else {
                fake_failed(f, k % NGX_CC_STAGES, k % 40);
            }
        }

        break;

    case 1:
        if (f->public.state != NGX_CC_COMMAND_OVER && f->last < GLUE_RECORDS) {
            n = 1 + k * (fuzz_byte(in) % 16) * 16;
            p = malloc(n);
            fuzz_check(p != NULL);
            memset(p, k & 2 ? k : 'x', n);
            fake_output(f, k & 1, p, n);
            free(p);
        }

        break;

    case 2:
        if (f->public.state == NGX_CC_COMMAND_RUNNING) {
            fake_exited(f, k & 1 ? k & 0x7f : k << 8, k % NGX_CC_CAUSES);
        }

        break;

    default:
        if (f->input_busy) {
            f->input_len = 0;
            fake_taken(f, k, k > 200);
        }
    }

    http_posted();
}


static void
glue_step(fuzz_in_t *in)
{
    size_t       n;
    u_char      *p;
    unsigned     k;
    const char  *text;

    switch (fuzz_byte(in) % 20) {

    case 0:
        n = fuzz_byte(in);
        p = fuzz_take(in, &n);
        http_come(p, n);
        free(p);
        break;

    case 1:
        k = fuzz_byte(in);
        n = fuzz_byte(in) % 128;
        p = fuzz_take(in, &n);
        http_frame(k, p, n);
        free(p);
        break;

    case 2:
    case 3:
        text = glue_message(fuzz_byte(in));

        if (http.dialect) {
            http_frame(0x81, text, strlen(text));

        } else {
            http_come(text, strlen(text));
        }

        http_read();
        break;

    case 4:
        /* the same in two fragments, with a ping between them */

        text = glue_message(fuzz_byte(in));
        n = fuzz_byte(in) % strlen(text);
        http_frame(0x01, text, n);
        http_frame(0x89, text, n % 126);
        http_frame(0x80, text + n, strlen(text) - n);
        http_read();
        break;

    case 5:
        http_frame(0x88, "\x03\xe8 bye", fuzz_byte(in) % 7);
        http_read();
        break;

    case 6:
    case 7:
        http_read();
        break;

    case 8:
        http.room = (size_t) fuzz_byte(in) * fuzz_byte(in) * 8;
        http_write();
        break;

    case 9:
        http_write();
        break;

    case 10:
        http_pass((ngx_msec_t) fuzz_byte(in) * fuzz_byte(in));
        break;

    case 11:
    case 12:
    case 13:
    case 14:
        k = in->p[-1] % 4;
        glue_command(in, k);
        break;

    case 15:
        k = fuzz_byte(in);

        if (k < 64) {
            http.eof = 1;
            http_read();

        } else if (k < 96) {
            http.reset = 1;
            http_read();

        } else if (k < 112) {
            http.reset = 1;
            http_write();

        } else if (k < 160 && http.r && http.r->reading_body) {
            /* client_body_timeout */
            http.rev.timedout = 1;
            http_read();

        } else {
            http_acked += k;
        }

        break;

    case 16:
        k = fuzz_byte(in);

        if (k < 160) {
            http_quit(k < 32);

        } else {
            ngx_terminate = k & 1;
            http_farewell(k % 3);
        }

        break;

    case 17:
        glue_shut(fuzz_byte(in));
        break;

    case 18:
        shim_allocations = fuzz_byte(in);
        break;

    default:
        k = fuzz_byte(in);
        http.piece = 1 + k * k;
        fake_start = k > 250 ? NGX_CC_START_UNAVAILABLE : NGX_CC_START_OK;
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char    *early;
    unsigned   k;
    fuzz_in_t  in = { data, data + size };

    http_reset();

    k = fuzz_byte(&in);
    http.dialect = (k & 3) == 0 ? &ngx_cc_native
                                : (k & 3) == 1 ? &ngx_cc_mcp : NULL;
    http.refused = (k & 0x1c) == 0x1c;
    http.keeps = (k >> 5) & 1;
    http.rate = k & 0x40 ? 5000 : 0;
    http.length = k & 0x80 ? -1 : 0;

    k = fuzz_byte(&in);
    http.length = http.length ? -1 : (off_t) (1 + 4 * k);
    http.conf.max_message = k & 1 ? 1 << 20 : 200;
    http.conf.session.idle_timeout = k & 2 ? 5000 : 0;
    http.conf.session.frame_timeout = k & 4 ? 1000 : 30000;
    http.conf.ping_interval = k & 8 ? 2000 : 30000;
    http.conf.ping_timeout = k & 16 ? 1000 : 30000;
    http.room = k & 32 ? 1 << 30 : 700;
    http.conf.spec.max_commands_per_session = 1 + (k >> 6);

    if (http.dialect && (k & 0xc0) == 0x40) {
        http.early.len = fuzz_byte(&in) % 64;
        http.early.data = fuzz_take(&in, &http.early.len);
    }

    if (k == 255) {
        shim_allocations = fuzz_byte(&in);
    }

    early = http.early.data;
    http_begin();

    while (fuzz_left(&in) && http.r && fake_commands < GLUE_COMMANDS - 4) {
        glue_step(&in);
    }

    http_end();
    free(early);

    return 0;
}
