
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ngx_cc_client_output.h"
#include "ngx_cc_client_say.h"
#include "ngx_cc_client_terminal.h"


#define NGX_CC_OUTPUT_FILE      0        /* takes all at once */
#define NGX_CC_OUTPUT_NONBLOCK  1
#define NGX_CC_OUTPUT_SOCKET    2
#define NGX_CC_OUTPUT_PIECES    3        /* PIPE_BUF, when poll(2) says so */

#define NGX_CC_CLIENT_PIPE      (1024 * 1024)    /* bytes, if we may */
#define NGX_CC_CLIENT_GAP       128              /* bytes of what is said */
#define NGX_CC_CLIENT_HELD      (256 * 1024 * 1024)  /* bytes for --tail */


static void ngx_cc_client_output_way(ngx_cc_client_output_t *out, int stream);
static ssize_t ngx_cc_client_output_write(ngx_cc_client_output_t *out,
    int stream, size_t n);
static uint8_t *ngx_cc_client_output_room(ngx_cc_client_output_t *out,
    size_t n);
static void ngx_cc_client_output_put(ngx_cc_client_output_t *out, int stream,
    size_t n);
static size_t ngx_cc_client_output_decode(uint8_t *dst, const char *src,
    size_t n);


void
ngx_cc_client_output_init(ngx_cc_client_output_t *out,
    const ngx_cc_client_args_t *args)
{
    memset(out, 0, sizeof(ngx_cc_client_output_t));

    out->args = args;
    out->hold = (args->verb == NGX_CC_VERB_LOGS && args->tail >= 0
                 && !args->json);
    ngx_cc_client_output_way(out, 0);
    ngx_cc_client_output_way(out, 1);
    out->fd = out->to[0];
}


static void
ngx_cc_client_output_way(ngx_cc_client_output_t *out, int stream)
{
    int          fd, own, flags;
    char         name[32];
    struct stat  st;

    fd = stream ? STDERR_FILENO : STDOUT_FILENO;
    flags = fcntl(fd, F_GETFL);
    out->to[stream] = fd;
    out->way[stream] = NGX_CC_OUTPUT_PIECES;

    if (flags == -1 || fstat(fd, &st) == -1) {
        return;
    }

    if (flags & O_NONBLOCK) {
        out->way[stream] = NGX_CC_OUTPUT_NONBLOCK;

    } else if (S_ISSOCK(st.st_mode)) {
        out->way[stream] = NGX_CC_OUTPUT_SOCKET;

    } else if (S_ISFIFO(st.st_mode) || isatty(fd)) {
        (void) snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
        own = open(name, O_WRONLY|O_NONBLOCK|O_NOCTTY|O_CLOEXEC);

        if (own != -1) {
            out->to[stream] = own;
            out->way[stream] = NGX_CC_OUTPUT_NONBLOCK;
            (void) fcntl(own, F_SETPIPE_SZ, NGX_CC_CLIENT_PIPE);
        }

    } else {
        out->way[stream] = NGX_CC_OUTPUT_FILE;
    }
}


void
ngx_cc_client_output_add(ngx_cc_client_output_t *out,
    ngx_cc_client_message_t *m)
{
    int          stream;
    size_t       n;
    uint8_t     *p;
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

    if (out->args->json) {
        return;
    }

    p = ngx_cc_client_output_room(out, n / 4 * 3 + 3);
    n = ngx_cc_client_output_decode(p, data, n);
    ngx_cc_client_output_put(out, stream, n);
}


void
ngx_cc_client_output_packet(ngx_cc_client_output_t *out,
    const ngx_cc_packet_t *packet, const uint8_t *p, size_t n)
{
    int  stream;

    stream = (packet->stream == NGX_CC_PACKET_STDERR);
    out->offset[stream] = packet->offset + n;

    memcpy(ngx_cc_client_output_room(out, n), p, n);
    ngx_cc_client_output_put(out, stream, n);
}


void
ngx_cc_client_output_gap(ngx_cc_client_output_t *out,
    ngx_cc_client_message_t *m)
{
    int          n, stream, raw;
    char        *p;
    int64_t      from, to;
    const char  *type;

    type = ngx_cc_client_message_get(m, "params.stream", NULL);
    from = ngx_cc_client_message_number(m, "params.from", 0);
    to = ngx_cc_client_message_number(m, "params.to", 0);
    stream = type && strcmp(type, "stderr") == 0;

    if (to > (int64_t) out->offset[stream]) {
        out->offset[stream] = to;
    }

    if (out->args->json || from < 0 || to <= from) {
        return;
    }

    /* among the rest, where it belongs, and without waiting for stderr */

    raw = ngx_cc_client_terminal_is_raw();
    p = (char *) ngx_cc_client_output_room(out, NGX_CC_CLIENT_GAP);
    n = snprintf(p, NGX_CC_CLIENT_GAP,
                 "%scc-run: %llu bytes of %s are not held any more%s",
                 raw ? "\r\n" : "", (unsigned long long) (to - from),
                 stream ? "stderr" : "stdout", raw ? "\r\n" : "\n");
    ngx_cc_client_output_put(out, 1, (size_t) n);
}


void
ngx_cc_client_output_line(ngx_cc_client_output_t *out, const uint8_t *p,
    size_t n)
{
    uint8_t  *dst;

    dst = ngx_cc_client_output_room(out, n + 1);
    memcpy(dst, p, n);
    dst[n] = '\n';
    ngx_cc_client_output_put(out, 0, n + 1);
}


/* room for n bytes at the end */

static uint8_t *
ngx_cc_client_output_room(ngx_cc_client_output_t *out, size_t n)
{
    if (!out->hold && out->pos == out->len) {
        out->pos = out->len = 0;
        out->nparts = out->at = 0;
    }

    if (out->hold && out->len + n > NGX_CC_CLIENT_HELD) {
        ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "--tail: more than %d MB "
                           "are held", NGX_CC_CLIENT_HELD / 1024 / 1024);
    }

    if (out->len + n > out->size) {
        out->size = (out->len + n) * 2;
        out->buf = realloc(out->buf, out->size);

        if (out->buf == NULL) {
            ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "no memory");
        }
    }

    return out->buf + out->len;
}


/* n bytes stand there now */

static void
ngx_cc_client_output_put(ngx_cc_client_output_t *out, int stream, size_t n)
{
    size_t  need;

    if (n == 0) {
        return;
    }

    if (out->nparts && out->part[out->nparts - 1].stream == stream) {
        out->nparts--;
    }

    need = (out->nparts + 1) * sizeof(ngx_cc_client_part_t);

    if (need > out->parts) {
        out->parts = need * 2;
        out->part = realloc(out->part, out->parts);

        if (out->part == NULL) {
            ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "no memory");
        }
    }

    out->len += n;
    out->part[out->nparts].stream = stream;
    out->part[out->nparts++].end = out->len;

    ngx_cc_client_output_flush(out);
}


int
ngx_cc_client_output_waits(const ngx_cc_client_output_t *out)
{
    return out->pos < out->len && !out->hold;
}


void
ngx_cc_client_output_flush(ngx_cc_client_output_t *out)
{
    int      stream;
    ssize_t  n;

    while (ngx_cc_client_output_waits(out)) {

        while (out->part[out->at].end <= out->pos) {
            out->at++;
        }

        stream = out->part[out->at].stream;
        out->fd = out->to[stream];
        n = ngx_cc_client_output_write(out, stream,
                                       out->part[out->at].end - out->pos);

        if (n >= 0) {
            out->pos += n;
            continue;
        }

        if (errno == EAGAIN || errno == EINTR) {
            return;
        }

        /* as the command's own write would be told */

        if (errno == EPIPE) {
            exit(128 + SIGPIPE);
        }

        ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "%s: %s",
                           stream ? "stderr" : "stdout", strerror(errno));
    }
}


void
ngx_cc_client_output_printed(void)
{
    errno = 0;

    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return;
    }

    if (errno == EPIPE) {
        exit(128 + SIGPIPE);
    }

    ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "stdout: %s",
                       strerror(errno ? errno : EIO));
}


static ssize_t
ngx_cc_client_output_write(ngx_cc_client_output_t *out, int stream, size_t n)
{
    int             fd;
    struct pollfd   ready;
    const uint8_t  *p;

    fd = out->to[stream];
    p = out->buf + out->pos;

    if (out->way[stream] == NGX_CC_OUTPUT_SOCKET) {
        return send(fd, p, n, MSG_DONTWAIT|MSG_NOSIGNAL);
    }

    if (out->way[stream] == NGX_CC_OUTPUT_PIECES) {
        ready.fd = fd;
        ready.events = POLLOUT;

        if (poll(&ready, 1, 0) != 1) {
            errno = EAGAIN;
            return -1;
        }

        n = n > PIPE_BUF ? PIPE_BUF : n;
    }

    return write(fd, p, n);
}


void
ngx_cc_client_output_release(ngx_cc_client_output_t *out)
{
    long    lines;
    size_t  i;

    if (!out->hold) {
        return;
    }

    out->hold = 0;
    lines = out->args->tail;

    for (i = lines ? out->len : 0; i > 0; i--) {
        if (out->buf[i - 1] == '\n' && i != out->len && --lines == 0) {
            break;
        }
    }

    out->pos = out->args->tail ? i : out->len;
    ngx_cc_client_output_flush(out);
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
