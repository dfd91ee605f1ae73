
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "ngx_cc_client_output.h"
#include "ngx_cc_client_rpc.h"


static size_t ngx_cc_client_output_decode(uint8_t *dst, const char *src,
    size_t n);
static void ngx_cc_client_output_room(uint8_t **p, size_t *size, size_t need);
static void ngx_cc_client_output_keep(ngx_cc_client_output_t *out);
static size_t ngx_cc_client_output_piece(const ngx_cc_client_output_t *out);


void
ngx_cc_client_output_init(ngx_cc_client_output_t *out,
    const ngx_cc_client_args_t *args)
{
    memset(out, 0, sizeof(ngx_cc_client_output_t));

    out->args = args;
    out->fd = STDOUT_FILENO;
}


void
ngx_cc_client_output_add(ngx_cc_client_output_t *out,
    ngx_cc_client_message_t *m)
{
    int          stream;
    size_t       n;
    const char  *data, *type;

    type = ngx_cc_client_message_get(m, "params.type", NULL);
    data = ngx_cc_client_message_get(m, "params.data", &n);

    if (type == NULL || data == NULL) {
        return;
    }

    stream = strcmp(type, "stderr") == 0;

    out->offset[stream] = ngx_cc_client_message_number(m, "params.next",
                                                  (int64_t)
                                                  out->offset[stream]);

    if (out->args->json || out->gone) {
        return;
    }

    ngx_cc_client_output_room(&out->buf, &out->size, n / 4 * 3 + 3);

    out->fd = stream ? STDERR_FILENO : STDOUT_FILENO;
    out->pos = 0;
    out->len = ngx_cc_client_output_decode(out->buf, data, n);

    if (out->args->verb == NGX_CC_VERB_LOGS && out->args->tail >= 0
        && !out->args->follow)
    {
        ngx_cc_client_output_keep(out);
        return;
    }

    if (out->len == 0) {
        return;
    }

    ngx_cc_client_output_flush(out);
}


void
ngx_cc_client_output_gap(ngx_cc_client_output_t *out,
    ngx_cc_client_message_t *m)
{
    int          stream;
    int64_t      from, to;
    const char  *type;

    type = ngx_cc_client_message_get(m, "params.stream", NULL);
    from = ngx_cc_client_message_number(m, "params.from", 0);
    to = ngx_cc_client_message_number(m, "params.to", 0);
    stream = type && strcmp(type, "stderr") == 0;

    if (to > (int64_t) out->offset[stream]) {
        out->offset[stream] = to;
    }

    if (!out->args->json) {
        (void) fprintf(stderr, "cc-run: %lld bytes of %s are not held any "
                       "more\n", (long long) (to - from),
                       stream ? "stderr" : "stdout");
    }
}


int
ngx_cc_client_output_waits(const ngx_cc_client_output_t *out)
{
    return out->pos < out->len;
}


void
ngx_cc_client_output_flush(ngx_cc_client_output_t *out)
{
    size_t         room;
    ssize_t        n;
    struct pollfd  fd;

    fd.fd = out->fd;
    fd.events = POLLOUT;

    while (out->pos < out->len) {

        if (poll(&fd, 1, 0) != 1) {
            return;
        }

        room = ngx_cc_client_output_piece(out);
        n = write(out->fd, out->buf + out->pos, room);

        if (n == -1 && (errno == EINTR || errno == EAGAIN)) {
            return;
        }

        if (n == -1) {
            /* as the command's own write would be told */

            out->gone = 1;
            out->pos = out->len;

            if (errno == EPIPE) {
                exit(128 + 13);
            }

            ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, strerror(errno));
        }

        out->pos += n;
    }
}


/* a file takes all at once; a pipe that is writable at least PIPE_BUF */

static size_t
ngx_cc_client_output_piece(const ngx_cc_client_output_t *out)
{
    size_t        left;
    struct stat   st;

    static int    checked[3];            /* 0 = not yet, 1 = file, 2 = not */

    if (checked[out->fd] == 0) {
        checked[out->fd] = fstat(out->fd, &st) == 0
                           && (S_ISREG(st.st_mode) || major(st.st_rdev) == 1)
                           ? 1 : 2;
    }

    left = out->len - out->pos;

    if (checked[out->fd] == 2 && left > PIPE_BUF) {
        return PIPE_BUF;
    }

    return left;
}


void
ngx_cc_client_output_finish(ngx_cc_client_output_t *out)
{
    long           lines;
    size_t         i;
    struct pollfd  fd;

    if (out->tail_len) {
        lines = out->args->tail;

        for (i = out->tail_len; i > 0; i--) {
            if (out->tail[i - 1] == '\n' && i != out->tail_len
                && --lines == 0)
            {
                break;
            }
        }

        out->buf = out->tail;
        out->pos = out->args->tail ? i : out->tail_len;
        out->len = out->tail_len;
        out->fd = STDOUT_FILENO;
        out->tail_len = 0;
    }

    while (ngx_cc_client_output_waits(out) && !out->gone) {
        fd.fd = out->fd;
        fd.events = POLLOUT;
        (void) poll(&fd, 1, -1);
        ngx_cc_client_output_flush(out);
    }
}


/* of both streams, in the order in which they came */

static void
ngx_cc_client_output_keep(ngx_cc_client_output_t *out)
{
    ngx_cc_client_output_room(&out->tail, &out->tail_size,
                              out->tail_len + out->len);
    memcpy(out->tail + out->tail_len, out->buf, out->len);
    out->tail_len += out->len;
    out->pos = out->len = 0;
}


static void
ngx_cc_client_output_room(uint8_t **p, size_t *size, size_t need)
{
    if (need <= *size) {
        return;
    }

    *size = need * 2;
    *p = realloc(*p, *size);

    if (*p == NULL) {
        ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "no memory");
    }
}


/* base64 (RFC 4648, section 4), as the server writes it; returns its length */

static size_t
ngx_cc_client_output_decode(uint8_t *dst, const char *src, size_t n)
{
    int              i, k;
    uint8_t         *p;
    uint32_t         v;
    const uint8_t   *s;

    static uint8_t   value[256];
    static const char  alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "abcdefghijklmnopqrstuvwxyz0123456789+/";

    if (value['B'] == 0) {
        for (i = 0; i < 64; i++) {
            value[(uint8_t) alphabet[i]] = i;
        }
    }

    p = dst;
    s = (const uint8_t *) src;

    for ( /* void */ ; n >= 4; n -= 4, s += 4) {
        v = (uint32_t) value[s[0]] << 18 | (uint32_t) value[s[1]] << 12
            | (uint32_t) value[s[2]] << 6 | value[s[3]];
        k = s[3] != '=' ? 3 : s[2] != '=' ? 2 : 1;

        *p++ = v >> 16;

        if (k > 1) {
            *p++ = v >> 8;
        }

        if (k > 2) {
            *p++ = v;
        }
    }

    return p - dst;
}
