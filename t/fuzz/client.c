
/*
 * cc-run's side of the network: whatever a server sends, its handshake and its
 * frames are read in bounds, end in finite time, and what they carry is decoded
 * in bounds.  The first byte says what is tested, the second one how the bytes
 * are cut; the rest comes from the server.
 */

#include <errno.h>
#include "fuzz.h"
#include "ngx_cc_client_output.h"
#include "ngx_cc_client_rpc.h"


static fuzz_in_t  from;
static size_t     piece;
static int        slow;                  /* a byte always waits */


/* the socket (client_socket), which is none */

int
ngx_cc_client_connect(ngx_cc_client_socket_t *s,
    const ngx_cc_client_url_t *url, const char *ca_file, int insecure,
    const char **error)
{
    s->fd = 0;

    return 0;
}


ssize_t
ngx_cc_client_read(ngx_cc_client_socket_t *s, void *p, size_t n)
{
    n = n < piece ? n : piece;
    n = n < fuzz_left(&from) ? n : fuzz_left(&from);
    memcpy(p, from.p, n);
    from.p += n;

    return n;
}


ssize_t
ngx_cc_client_write(ngx_cc_client_socket_t *s, const void *p, size_t n)
{
    if (slow && n > 1) {
        return n - 1;
    }

    /* a peer that takes nothing must not cost memory without end */

    if (piece % 2 && !slow) {
        return n;
    }

    errno = EAGAIN;

    return -1;
}


int
ngx_cc_client_ready(const ngx_cc_client_socket_t *s, short events, int ms)
{
    return 0;
}


short
ngx_cc_client_events(const ngx_cc_client_socket_t *s, int reads, int writes)
{
    return 0;
}


int
ngx_cc_client_pending(const ngx_cc_client_socket_t *s)
{
    return 0;
}


void
ngx_cc_client_close(ngx_cc_client_socket_t *s)
{
    s->fd = -1;
}


static void
handshake(void)
{
    const char          *error;
    ngx_cc_client_ws_t   ws;
    ngx_cc_client_url_t  url;

    memset(&ws, 0, sizeof(ws));
    memset(&url, 0, sizeof(url));

    error = NULL;

    /* nobody guesses the key */

    fuzz_check(ngx_cc_client_ws_open(&ws, &url, NULL, NULL, 0, &error) == -1);
    fuzz_check(error != NULL && *error);
    fuzz_check(ws.socket.fd == -1);

    free(ws.in);
    free(ws.out);
}


static void
messages(void)
{
    size_t                        n, i;
    uint8_t                      *text;
    const char                   *data;
    ngx_cc_client_ws_t            ws;
    ngx_cc_client_args_t          args;
    ngx_cc_client_output_t        out;
    ngx_cc_packet_t               packet;

    static ngx_cc_client_message_t  *m;

    memset(&ws, 0, sizeof(ws));
    memset(&args, 0, sizeof(args));
    memset(&out, 0, sizeof(out));

    ws.wanted = piece % 2;
    args.verb = NGX_CC_VERB_LOGS;
    out.args = &args;
    out.hold = 1;

    do {
        while (ngx_cc_client_ws_next(&ws, &text, &n) == 1) {
            fuzz_check(n <= NGX_CC_CLIENT_MESSAGE);
            fuzz_check(!ws.binary || ws.wanted);

            if (ws.binary) {

                if (ngx_cc_packet_read(&packet, text, n) == NULL) {
                    ngx_cc_client_output_packet(&out, &packet, text, n);
                }

                continue;
            }

            if (!ngx_cc_client_message_parse(&m, text, n)) {
                continue;
            }

            data = ngx_cc_client_message_get(m, "params.data", &i);
            fuzz_check(data == NULL || data[i] == '\0');
            (void) ngx_cc_client_message_number(m, "id", 0);
            ngx_cc_client_output_add(&out, m);
            fuzz_check(!ngx_cc_client_output_waits(&out));
        }

    } while (!ws.ended && ngx_cc_client_ws_receive(&ws) == 0);

    fuzz_check(ws.ended);
    fuzz_check(ngx_cc_client_ws_waiting(&ws) <= 65536 + 1024);
    fuzz_check(!slow || ws.out_size <= 1024);
    fuzz_check(memchr(ws.reason, '\0', sizeof(ws.reason)) != NULL);

    free(ws.in);
    free(ws.out);
    free(ws.message);
    free(out.buf);
    free(out.part);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t  *p;

    if (size < 2) {
        return 0;
    }

    p = fuzz_copy(data + 2, size - 2);
    from.p = p;
    from.end = p + size - 2;
    piece = 1 + data[1] % 64;
    piece *= piece;

    if (data[0] == 'h') {
        handshake();

    } else {
        slow = (data[0] == 's');
        messages();
        slow = 0;
    }

    free(p);

    return 0;
}
