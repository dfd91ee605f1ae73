
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ngx_cc_client_say.h"
#include "ngx_cc_client_stdin.h"
#include "ngx_cc_clock.h"


#define NGX_CC_CLIENT_CTRL_P     0x10
#define NGX_CC_CLIENT_CTRL_Q     0x11
#define NGX_CC_CLIENT_CTRL_U     0x15

#define NGX_CC_CLIENT_LEAST      1024    /* bytes of the smallest window */
#define NGX_CC_CLIENT_LINE       4095    /* bytes of a line of a terminal */
#define NGX_CC_CLIENT_RETRY      100     /* ms, when even that is refused */
#define NGX_CC_CLIENT_LEAVING    2000    /* ms for what was typed before */
#define NGX_CC_CLIENT_CROWDED    (2 * NGX_CC_CLIENT_WINDOW)
#define NGX_CC_CLIENT_LIMIT      (-32001)
#define NGX_CC_CLIENT_PARAMS     (-32602)


static void ngx_cc_client_stdin_send(ngx_cc_client_stdin_t *in, size_t n,
    int eof);
static uint64_t ngx_cc_client_stdin_json(ngx_cc_client_stdin_t *in, size_t n,
    int eof);
static size_t ngx_cc_client_stdin_keys(ngx_cc_client_stdin_t *in, size_t n);
static size_t ngx_cc_client_stdin_skip(ngx_cc_client_stdin_t *in, size_t n);
static void ngx_cc_client_stdin_drop(ngx_cc_client_stdin_t *in, size_t n);
static void ngx_cc_client_stdin_refused(ngx_cc_client_stdin_t *in,
    size_t i, ngx_cc_client_message_t *m);
static void ngx_cc_client_stdin_again(ngx_cc_client_stdin_t *in);
static void ngx_cc_client_stdin_rewind(ngx_cc_client_stdin_t *in);
static void ngx_cc_client_stdin_line(ngx_cc_client_stdin_t *in);
static size_t ngx_cc_client_stdin_lines(const ngx_cc_client_stdin_t *in,
    size_t n);
static int ngx_cc_client_stdin_eol(const ngx_cc_client_stdin_t *in, size_t i);
static size_t ngx_cc_client_stdin_end(const ngx_cc_client_stdin_t *in);


void
ngx_cc_client_stdin_init(ngx_cc_client_stdin_t *in, ngx_cc_client_rpc_t *rpc,
    const char *id, int closed)
{
    in->rpc = rpc;
    in->id = id;
    in->closed = closed ? 1 : 0;
    in->window = NGX_CC_CLIENT_WINDOW;
    in->piece = NGX_CC_CLIENT_PIECE;
}


void
ngx_cc_client_stdin_begin(ngx_cc_client_stdin_t *in, uint64_t offset, int open)
{
    if (in->known && offset > in->offset) {
        ngx_cc_client_stdin_drop(in, offset - in->offset < in->len
                                     ? (size_t) (offset - in->offset)
                                     : in->len);
    }

    if (!open) {
        in->closed = 1;
    }

    in->offset = offset;
    in->known = 1;
    in->resume = 0;
    in->again = 0;
    ngx_cc_client_stdin_rewind(in);

    ngx_cc_client_stdin_push(in);
}


/* nothing is on the way */

static void
ngx_cc_client_stdin_rewind(ngx_cc_client_stdin_t *in)
{
    in->ninputs = 0;
    in->sent = 0;
    in->told = 0;
    in->refused = 0;
}


int
ngx_cc_client_stdin_fd(const ngx_cc_client_stdin_t *in)
{
    return !in->known || in->closed || in->eof || in->left
           || (in->refused && !in->deaf) || in->len >= in->window
           ? -1 : STDIN_FILENO;
}


int
ngx_cc_client_stdin_wait(const ngx_cc_client_stdin_t *in)
{
    int64_t  left, until;

    if (in->closed || (in->again == 0 && !in->left)) {
        return -1;
    }

    until = in->again == 0 || (in->left && in->until < in->again)
            ? in->until : in->again;
    left = until - (int64_t) ngx_cc_clock_ms();

    return left > 0 ? (int) left : 0;
}


int
ngx_cc_client_stdin_gone(const ngx_cc_client_stdin_t *in)
{
    return in->left && (in->len == 0 || in->closed
                        || (int64_t) ngx_cc_clock_ms() >= in->until);
}


void
ngx_cc_client_stdin_take(ngx_cc_client_stdin_t *in)
{
    size_t   got;
    ssize_t  n;

    if (in->head >= NGX_CC_CLIENT_WINDOW) {
        memmove(in->buf, in->buf + in->head, in->len);
        in->head = 0;
    }

    /* the last byte of buf is for a Ctrl-P that was held back */

    n = read(STDIN_FILENO, in->buf + in->head + in->len,
             in->window - in->len);

    if (n == -1 && (errno == EINTR || errno == EAGAIN)) {
        return;
    }

    if (n <= 0) {
        in->eof = 1;
        n = 0;
    }

    got = (in->keys || in->prefix) ? ngx_cc_client_stdin_keys(in, (size_t) n)
                                   : (size_t) n;

    if (in->deaf) {
        got = 0;

    } else if (in->skip) {
        got = ngx_cc_client_stdin_skip(in, got);
    }

    in->len += got;
    ngx_cc_client_stdin_push(in);
}


/*
 * n bytes behind len: the rest of a line that is dropped, and perhaps more.
 * Returns what is left.  Before len a ^U may be on its way.
 */

static size_t
ngx_cc_client_stdin_skip(ngx_cc_client_stdin_t *in, size_t n)
{
    size_t    i;
    uint8_t  *p;

    for (i = 0; i < n && !ngx_cc_client_stdin_eol(in, in->len + i); i++) {
        /* void */
    }

    if (i == n) {
        return 0;
    }

    in->skip = 0;
    p = in->buf + in->head + in->len;
    memmove(p, p + i + 1, n - i - 1);

    return n - i - 1;
}


/*
 * n bytes have been read behind len; takes Ctrl-P Ctrl-Q out of them, and what
 * follows.  A Ctrl-P is held back until the next key.  Returns what is left.
 */

static size_t
ngx_cc_client_stdin_keys(ngx_cc_client_stdin_t *in, size_t n)
{
    size_t    i, k;
    uint8_t  *p;

    p = in->buf + in->head + in->len;

    if (in->prefix) {
        memmove(p + 1, p, n++);
        p[0] = NGX_CC_CLIENT_CTRL_P;
        in->prefix = 0;
    }

    for (i = k = 0; i < n; i++) {

        if (p[i] == NGX_CC_CLIENT_CTRL_P && i + 1 == n && !in->eof) {
            in->prefix = 1;
            break;
        }

        if (p[i] == NGX_CC_CLIENT_CTRL_P && i + 1 < n
            && p[i + 1] == NGX_CC_CLIENT_CTRL_Q)
        {
            in->left = 1;
            in->until = (int64_t) ngx_cc_clock_ms() + NGX_CC_CLIENT_LEAVING;
            break;
        }

        p[k++] = p[i];
    }

    return k;
}


void
ngx_cc_client_stdin_push(ngx_cc_client_stdin_t *in)
{
    size_t  n, room;

    if (in->again) {

        if (in->again > (int64_t) ngx_cc_clock_ms()) {
            return;
        }

        in->again = 0;
    }

    /* a server that does not read may refuse all the same */

    while (in->known && !in->closed && !in->refused && !in->told
           && in->ninputs < (in->tty ? 1 : NGX_CC_CLIENT_INPUTS)
           && ngx_cc_client_ws_waiting(&in->rpc->ws) < NGX_CC_CLIENT_CROWDED)
    {
        room = in->window > in->sent ? in->window - in->sent : 0;
        n = in->len - in->sent;
        n = n < in->piece ? n : in->piece;
        n = n < room ? n : room;

        n = in->tty ? ngx_cc_client_stdin_lines(in, n) : n;

        if (n) {
            ngx_cc_client_stdin_send(in, n, 0);
            in->sent += n;

        } else if (in->eof && in->sent == in->len) {
            ngx_cc_client_stdin_send(in, 0, 1);
            in->told = 1;

        } else {
            return;
        }
    }
}


/* the next n bytes that are not on the way, or the end */

static void
ngx_cc_client_stdin_send(ngx_cc_client_stdin_t *in, size_t n, int eof)
{
    ngx_cc_packet_t         packet;
    ngx_cc_client_input_t  *input;

    input = &in->input[in->ninputs++];
    input->n = n;
    input->eof = eof ? 1 : 0;
    input->refused = 0;

    if (in->channel) {
        memset(&packet, 0, sizeof(packet));
        packet.channel = in->channel;
        packet.offset = in->resume ? in->from : 0;
        packet.flags = (in->resume ? NGX_CC_PACKET_PLACED : 0)
                       | (eof ? NGX_CC_PACKET_EOF : 0);
        input->id = ngx_cc_client_rpc_input(in->rpc, &packet,
                                            in->buf + in->head + in->sent, n);

    } else {
        input->id = ngx_cc_client_stdin_json(in, n, eof);
    }

    in->resume = 0;
}


static uint64_t
ngx_cc_client_stdin_json(ngx_cc_client_stdin_t *in, size_t n, int eof)
{
    ngx_cc_json_t  *w;

    w = ngx_cc_client_rpc_begin(in->rpc, "input", n / 3 * 4 + 1024);

    ngx_cc_json_lit(w, "\"execution_id\":");
    ngx_cc_json_cstring(w, in->id);

    if (in->resume) {
        ngx_cc_json_lit(w, ",\"offset\":");
        ngx_cc_json_uint(w, in->from);
    }

    if (n) {
        ngx_cc_json_lit(w, ",\"data_base64\":\"");
        w->pos += EVP_EncodeBlock(w->pos, in->buf + in->head + in->sent,
                                  (int) n);
        ngx_cc_json_lit(w, "\"");
    }

    if (eof) {
        ngx_cc_json_lit(w, ",\"eof\":true");
    }

    return ngx_cc_client_rpc_end(in->rpc);
}


void
ngx_cc_client_stdin_answer(ngx_cc_client_stdin_t *in,
    ngx_cc_client_message_t *m, uint64_t id)
{
    size_t                 i;
    uint64_t               accepted;
    ngx_cc_client_input_t  input;

    for (i = 0; i < in->ninputs && in->input[i].id != id; i++) {
        /* void */
    }

    if (id == 0 || i == in->ninputs || in->input[i].refused) {
        return;
    }

    if (ngx_cc_client_message_get(m, "error.message", NULL)) {
        ngx_cc_client_stdin_refused(in, i, m);

    } else if (i == 0) {
        /* they are taken in order */

        input = in->input[0];
        memmove(in->input, in->input + 1,
                --in->ninputs * sizeof(ngx_cc_client_input_t));

        accepted = ngx_cc_client_message_number(m, "result.accepted", 0);

        if (input.eof || accepted < input.n) {
            in->closed = 1;
            return;
        }

        in->line = 0;
        in->unfinished = input.n
                         && !ngx_cc_client_stdin_eol(in, input.n - 1);
        in->sent -= input.n;
        ngx_cc_client_stdin_drop(in, input.n);
        in->offset = ngx_cc_client_message_number(m, "result.offset",
                                          (int64_t) (in->offset + input.n));
    }

    for (i = 0; in->refused && i < in->ninputs; i++) {
        if (!in->input[i].refused) {
            return;
        }
    }

    if (in->refused) {
        ngx_cc_client_stdin_again(in);
    }

    ngx_cc_client_stdin_push(in);
}


/* the first n bytes are done with */

static void
ngx_cc_client_stdin_drop(ngx_cc_client_stdin_t *in, size_t n)
{
    in->len -= n;
    in->head = in->len ? in->head + n : 0;
}


/* not taken; the command does not read any more, or we are to go on later */

static void
ngx_cc_client_stdin_refused(ngx_cc_client_stdin_t *in, size_t i,
    ngx_cc_client_message_t *m)
{
    int64_t  code;

    code = ngx_cc_client_message_number(m, "error.code", 0);

    if (ngx_cc_client_message_get(m, "error.data.offset", NULL) == NULL
        || (code != NGX_CC_CLIENT_LIMIT && code != NGX_CC_CLIENT_PARAMS))
    {
        in->closed = 1;
        return;
    }

    in->refused = 1;
    in->input[i].refused = 1;
    in->from = ngx_cc_client_message_number(m, "error.data.offset", 0);

    if (code == NGX_CC_CLIENT_PARAMS && in->tty && in->ninputs == 1) {
        ngx_cc_client_stdin_line(in);
    }
}


/*
 * A line that is too long for a terminal: those before it go, it does not; what
 * went of it before is taken back (VKILL).
 */

static void
ngx_cc_client_stdin_line(ngx_cc_client_stdin_t *in)
{
    size_t  n;

    n = ngx_cc_client_stdin_end(in);
    in->sent = 0;

    if (n && n < in->input[0].n) {
        in->line = n;
        return;
    }

    in->line = 0;
    in->skip = (n == 0);
    ngx_cc_client_stdin_drop(in, n ? n : in->len);

    if (in->unfinished) {
        memmove(in->buf + 1, in->buf + in->head, in->len);
        in->buf[0] = NGX_CC_CLIENT_CTRL_U;
        in->head = 0;
        in->len++;
        in->line = 1;
    }

    if (!in->said) {
        in->said = 1;
        ngx_cc_client_say("a line of more than %d bytes is too long for a "
                          "terminal: not sent", NGX_CC_CLIENT_LINE);
    }
}


/* how many of n bytes go to a terminal: whole lines, as far as they fit */

static size_t
ngx_cc_client_stdin_lines(const ngx_cc_client_stdin_t *in, size_t n)
{
    size_t  i;

    if (in->line && in->line <= n) {
        return in->line;
    }

    if (n <= NGX_CC_CLIENT_LINE) {
        return n;
    }

    for (i = NGX_CC_CLIENT_LINE; i > 0; i--) {
        if (ngx_cc_client_stdin_eol(in, i - 1)) {
            return i;
        }
    }

    return NGX_CC_CLIENT_LINE;
}


/* bytes up to the end of the first line; 0: it is not there */

static size_t
ngx_cc_client_stdin_end(const ngx_cc_client_stdin_t *in)
{
    size_t  i;

    for (i = 0; i < in->len; i++) {
        if (ngx_cc_client_stdin_eol(in, i)) {
            return i + 1;
        }
    }

    return 0;
}


static int
ngx_cc_client_stdin_eol(const ngx_cc_client_stdin_t *in, size_t i)
{
    return in->buf[in->head + i] == '\n' || in->buf[in->head + i] == '\r';
}


/* all answers are here: what was refused goes again, less at once */

static void
ngx_cc_client_stdin_again(ngx_cc_client_stdin_t *in)
{
    if (in->window > NGX_CC_CLIENT_LEAST && !in->tty) {
        in->window = in->sent / 2 > NGX_CC_CLIENT_LEAST ? in->sent / 2
                                                       : NGX_CC_CLIENT_LEAST;
        in->piece = in->piece < in->window ? in->piece : in->window;

    } else {
        in->again = (int64_t) ngx_cc_clock_ms() + NGX_CC_CLIENT_RETRY;
    }

    in->resume = 1;
    ngx_cc_client_stdin_rewind(in);
}
