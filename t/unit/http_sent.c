
/* see http_sent.h */

#include "http.h"
#include <yajl/yajl_parse.h>
#include "http_sent.h"
#include "ngx_cc_packet.h"
#include "ngx_cc_utf8.h"


/* frames of the server, as far as they were sent */

static u_char         sent_frame[1 << 20];
static size_t         sent_len;
static ngx_uint_t     sent_open;         /* a message is unfinished */
static ngx_uint_t     sent_shut;         /* nothing may be sent any more */
static yajl_handle    sent_json;
static ngx_cc_utf8_t  sent_utf8;


void
http_sent_reset(void)
{
    sent_len = 0;
    sent_open = 0;
    sent_shut = 0;

    if (sent_json) {
        yajl_free(sent_json);
        sent_json = NULL;
    }
}


/* not the kernel's: there is no socket */

int
shutdown(int fd, int how)
{
    sent_shut = 1;

    return 0;
}


ssize_t
http_sent_recv(ngx_connection_t *c, u_char *buf, size_t size)
{
    size_t  n;

    if (http.reset) {
        c->read->error = 1;
        return NGX_ERROR;
    }

    n = ngx_min(http.in_len, ngx_min(size, http.piece));

    if (n == 0) {
        c->read->ready = 0;
        c->read->eof = http.eof && http.in_len == 0;
        return c->read->eof ? 0 : NGX_AGAIN;
    }

    memcpy(buf, http.in, n);
    memmove(http.in, http.in + n, http.in_len - n);
    http.in_len -= n;

    return n;
}


/* a piece of a message */

static void
sent_text(u_char *p, size_t n, ngx_uint_t last)
{
    if (sent_json == NULL) {
        sent_json = yajl_alloc(NULL, NULL, NULL);
        http_check(sent_json != NULL);
        memset(&sent_utf8, 0, sizeof(sent_utf8));
    }

    http_check(ngx_cc_utf8_check(&sent_utf8, p, n) == n);
    http_check(yajl_parse(sent_json, p, n) == yajl_status_ok);

    if (last) {
        http_check(ngx_cc_utf8_done(&sent_utf8));
        http_check(yajl_complete_parse(sent_json) == yajl_status_ok);
        yajl_free(sent_json);
        sent_json = NULL;
        http.messages++;
    }
}


/* a binary message, which is never in pieces */

static void
sent_packet(u_char *p, size_t n)
{
    ngx_cc_packet_t  packet;

    http_check(ngx_cc_packet_read(&packet, p, n) == NULL);
    http_check(packet.stream != NGX_CC_PACKET_STDIN && packet.channel != 0);
    http_check(n > NGX_CC_PACKET_HEADER);
    http.packets++;
    http.packed += n - NGX_CC_PACKET_HEADER;
}


/* whole frames at the front of what was sent (RFC 6455, section 5) */

static void
sent_frames(void)
{
    size_t     at, len;
    u_char    *p;
    unsigned   op, fin;

    for ( ;; ) {
        p = sent_frame;

        if (sent_len < 2) {
            return;
        }

        http_check((p[0] & 0x70) == 0 && (p[1] & 0x80) == 0);
        fin = p[0] >> 7;
        op = p[0] & 0xf;
        len = p[1];
        at = len == 126 ? 4 : len == 127 ? 10 : 2;

        if (sent_len < at) {
            return;
        }

        if (len == 126) {
            len = p[2] << 8 | p[3];
            http_check(len > 125);

        } else if (len == 127) {
            len = (size_t) p[6] << 24 | p[7] << 16 | p[8] << 8 | p[9];
            http_check((p[2] | p[3] | p[4] | p[5]) == 0 && len > 65535);
        }

        http_check(at + len <= sizeof(sent_frame));

        if (sent_len < at + len) {
            return;
        }

        http_check(http.code == 0);

        switch (op) {

        case 0:
        case 1:
            http_check(sent_open == (op == 0));
            sent_open = !fin;
            sent_text(p + at, len, fin);
            break;

        case 2:
            http_check(fin && !sent_open);
            sent_packet(p + at, len);
            break;

        case 8:
            http_check(fin && len != 1 && len <= 125);
            http.code = len ? p[at] << 8 | p[at + 1] : 1;
            break;

        case 9:
            http_check(fin && len <= 125);
            http.pings++;
            break;

        default:
            http_check(op == 10 && fin && len <= 125);
            http.pongs++;
        }

        sent_len -= at + len;
        memmove(p, p + at + len, sent_len);
    }
}


ssize_t
http_sent_send(ngx_connection_t *c, u_char *buf, size_t size)
{
    size_t  n;

    http_check(!sent_shut && !http.closed && size > 0);

    if (http.reset) {
        c->error = 1;
        return NGX_ERROR;
    }

    n = ngx_min(size, http.room);

    if (n == 0) {
        c->write->ready = 0;
        return NGX_AGAIN;
    }

    http.room -= n;
    c->sent += n;

    if (http.dialect) {
        http_check(sent_len + n <= sizeof(sent_frame));
        memcpy(sent_frame + sent_len, buf, n);
        sent_len += n;
        http_check(http.code == 0);
        sent_frames();
        http_check(http.code == 0 || sent_len == 0);
        return n;
    }

    if (http.out_size < http.out_len + n) {
        http.out_size = 2 * (http.out_len + n);
        http.out = realloc(http.out, http.out_size);
        http_check(http.out != NULL);
    }

    memcpy(http.out + http.out_len, buf, n);
    http.out_len += n;

    return n;
}


/* as ngx_writev_chain(): what is left of the chain */

ngx_chain_t *
http_sent_chain(ngx_connection_t *c, ngx_chain_t *in, off_t limit)
{
    ssize_t     n;
    ngx_buf_t  *b;

    while (in) {
        b = in->buf;
        n = http_sent_send(c, b->pos, b->last - b->pos);

        if (n == NGX_ERROR) {
            return NGX_CHAIN_ERROR;
        }

        if (n == NGX_AGAIN) {
            return in;
        }

        b->pos += n;
        in = b->pos == b->last ? in->next : in;
    }

    return NULL;
}


void
http_sent_body(void)
{
    u_char  *p, *last, *end;

    static const char  before[] = "event: message\ndata: ";

    http_check(http.content_length == -1
               || http.content_length == (off_t) http.out_len);

    if (http.out_len == 0) {
        http_check(http.status == NGX_HTTP_ACCEPTED);
        return;
    }

    p = http.out;
    last = p + http.out_len;

    if (http.status != NGX_HTTP_OK && *p != '{') {
        return;                          /* a refusal for people */
    }

    if (*p != 'e' && *p != ':') {
        sent_text(p, last - p, 1);
        return;
    }

    while (p < last) {
        end = memmem(p, last - p, "\n\n", 2);
        http_check(end != NULL);

        if (*p != ':') {
            http_check(end - p > (ssize_t) sizeof(before)
                       && memcmp(p, before, sizeof(before) - 1) == 0);
            p += sizeof(before) - 1;
            http_check(memchr(p, '\n', end - p) == NULL);
            sent_text(p, end - p, 1);
        }

        p = end + 2;
    }
}
