
#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>
#include "ngx_cc_client_stdin.h"


#define NGX_CC_CLIENT_CTRL_P  0x10
#define NGX_CC_CLIENT_CTRL_Q  0x11


static void ngx_cc_client_stdin_send(ngx_cc_client_stdin_t *in);
static size_t ngx_cc_client_stdin_keys(ngx_cc_client_stdin_t *in, size_t n);


void
ngx_cc_client_stdin_init(ngx_cc_client_stdin_t *in, ngx_cc_client_rpc_t *rpc,
    int closed)
{
    in->rpc = rpc;
    in->closed = closed ? 1 : 0;
}


void
ngx_cc_client_stdin_begin(ngx_cc_client_stdin_t *in, uint64_t offset)
{
    uint64_t  taken;

    if (in->request && in->known) {
        taken = offset > in->offset ? offset - in->offset : 0;
        taken = taken < in->len ? taken : in->len;

        memmove(in->piece, in->piece + taken, in->len - taken);
        in->len -= taken;
        in->offset = offset;
        ngx_cc_client_stdin_send(in);
        return;
    }

    in->offset = offset;
    in->known = 1;
}


int
ngx_cc_client_stdin_fd(const ngx_cc_client_stdin_t *in)
{
    return in->closed || in->request ? -1 : STDIN_FILENO;
}


void
ngx_cc_client_stdin_take(ngx_cc_client_stdin_t *in, const char *id, int keys)
{
    ssize_t  n;

    n = read(STDIN_FILENO, in->piece, sizeof(in->piece));

    if (n == -1 && (errno == EINTR || errno == EAGAIN)) {
        return;
    }

    in->len = n > 0 ? n : 0;
    in->eof = n <= 0;
    memcpy(in->id, id, sizeof(in->id));

    if (keys && in->len) {
        in->len = ngx_cc_client_stdin_keys(in, in->len);

        if (in->left || in->len == 0) {
            return;
        }
    }

    ngx_cc_client_stdin_send(in);
}


/* takes Ctrl-P Ctrl-Q out; a Ctrl-P is held back until the next key */

static size_t
ngx_cc_client_stdin_keys(ngx_cc_client_stdin_t *in, size_t n)
{
    size_t   i, k;
    uint8_t  c;

    if (in->prefix && n < sizeof(in->piece)) {
        memmove(in->piece + 1, in->piece, n++);
        in->piece[0] = NGX_CC_CLIENT_CTRL_P;
        in->prefix = 0;
    }

    for (i = k = 0; i < n; i++) {
        c = in->piece[i];

        if (c == NGX_CC_CLIENT_CTRL_P && i + 1 == n) {
            in->prefix = 1;
            break;
        }

        if (c == NGX_CC_CLIENT_CTRL_P
            && in->piece[i + 1] == NGX_CC_CLIENT_CTRL_Q)
        {
            in->left = 1;
            break;
        }

        in->piece[k++] = c;
    }

    return k;
}


static void
ngx_cc_client_stdin_send(ngx_cc_client_stdin_t *in)
{
    ngx_cc_json_t  *w;

    w = ngx_cc_client_rpc_begin(in->rpc, "input", in->len / 3 * 4 + 1024);

    ngx_cc_json_lit(w, "\"execution_id\":");
    ngx_cc_json_cstring(w, in->id);

    if (in->len) {
        ngx_cc_json_lit(w, ",\"data_base64\":\"");
        w->pos += EVP_EncodeBlock(w->pos, in->piece, (int) in->len);
        ngx_cc_json_lit(w, "\"");
    }

    if (in->eof) {
        ngx_cc_json_lit(w, ",\"eof\":true");
    }

    in->request = ngx_cc_client_rpc_end(in->rpc);
}


void
ngx_cc_client_stdin_answer(ngx_cc_client_stdin_t *in,
    ngx_cc_client_message_t *m, uint64_t id)
{
    uint64_t  accepted;

    if (id == 0 || id != in->request) {
        return;
    }

    in->request = 0;

    if (ngx_cc_client_message_get(m, "error.message", NULL)) {
        /* it does not read any more, or never did: so do we not */
        in->closed = 1;
        return;
    }

    accepted = ngx_cc_client_message_number(m, "result.accepted", 0);
    in->offset = ngx_cc_client_message_number(m, "result.offset",
                                       (int64_t) (in->offset + accepted));

    if (in->eof || accepted < in->len) {
        in->closed = 1;
    }
}
