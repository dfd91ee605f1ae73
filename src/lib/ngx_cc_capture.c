
#include <stdlib.h>
#include <string.h>
#include "ngx_cc_capture.h"
#include "ngx_cc_utf8.h"


#define NGX_CC_CAPTURE_SIZE   1024       /* bytes of the first allocation */


static int ngx_cc_capture_grow(ngx_cc_capture_t *c, uint64_t need);
static size_t ngx_cc_capture_start(const uint8_t *p, size_t n);


/*
 * Byte i of the stream is kept at i while i < limit.  What comes later
 * overwrites the second half in a circle: at half + (i - half) % (limit -
 * half), so the newest limit - half bytes are always there.
 */

int
ngx_cc_capture_add(ngx_cc_capture_t *c, const uint8_t *p, size_t n)
{
    size_t  half, circle, at, len;

    if (ngx_cc_capture_grow(c, c->total + n) != 0) {
        ngx_cc_capture_free(c);
        c->limit = 0;
        c->total += n;
        return -1;
    }

    if (c->limit == 0) {
        c->total += n;
        return 0;
    }

    half = c->limit / 2;
    circle = c->limit - half;

    if (c->total < c->limit) {
        len = c->limit - c->total;
        len = n < len ? n : len;
        memcpy(c->buf + c->total, p, len);

        c->total += len;
        p += len;
        n -= len;
    }

    if (n > circle) {
        /* overwritten before it could be read */
        len = n - circle;
        c->total += len;
        p += len;
        n = circle;
    }

    while (n) {
        at = half + (c->total - half) % circle;
        len = c->limit - at;
        len = n < len ? n : len;
        memcpy(c->buf + at, p, len);

        c->total += len;
        p += len;
        n -= len;
    }

    return 0;
}


void
ngx_cc_capture_skip(ngx_cc_capture_t *c, uint64_t n)
{
    if (n == 0) {
        return;
    }

    if (c->since == 0) {
        c->first = c->total;
    }

    c->total += n;
    c->since = c->total;
}


void
ngx_cc_capture_cut(const ngx_cc_capture_t *c, size_t limit,
    ngx_cc_capture_cut_t *cut)
{
    size_t                   half, circle, at, len, want, n, rest;
    const uint8_t           *p;
    ngx_cc_capture_piece_t  *tail;

    memset(cut, 0, sizeof(ngx_cc_capture_cut_t));

    cut->head.data = c->buf;

    if (c->total <= limit && c->since == 0) {
        cut->head.len = c->total;
        return;
    }

    len = limit / 2;

    if (c->since && c->first < len) {
        len = c->first;
    }

    cut->head.len = len ? ngx_cc_utf8_cut(c->buf, len) : 0;
    cut->cut = c->total - cut->head.len;
    want = limit - limit / 2;

    if (c->total - c->since < want) {
        want = c->total - c->since;
    }

    if (want == 0) {
        return;
    }

    /* the newest "want" bytes: [at, at + len), then the rest from "half" on */

    tail = cut->tail;
    half = c->limit / 2;
    circle = c->limit - half;

    if (c->total <= c->limit) {
        at = c->total - want;
        len = want;

    } else {
        at = half + (c->total - want - half) % circle;
        len = c->limit - at;
        len = want < len ? want : len;
    }

    rest = want - len;

    p = c->buf + at;
    n = ngx_cc_capture_start(p, len);
    p += n;
    len -= n;

    if (len == 0 && rest) {
        /* hardly anything before the border */
        p = c->buf + half;
        n = ngx_cc_capture_start(p, rest);
        p += n;
        len = rest - n;
        rest = 0;
    }

    if (rest == 0) {
        tail[0].data = p;
        tail[0].len = len;
        cut->cut -= len;
        return;
    }

    tail[0].data = p;
    tail[0].len = ngx_cc_utf8_cut(p, len);

    /* a character that goes on behind the border is put together */

    n = len - tail[0].len;
    memcpy(cut->seam, p + tail[0].len, n);

    p = c->buf + half;

    if (n) {
        while (n < sizeof(cut->seam) && rest && (*p & 0xc0) == 0x80) {
            cut->seam[n++] = *p++;
            rest--;
        }

        tail[1].data = cut->seam;
        tail[1].len = n;
    }

    tail[2].data = p;
    tail[2].len = rest;

    cut->cut -= tail[0].len + tail[1].len + tail[2].len;
}


void
ngx_cc_capture_free(ngx_cc_capture_t *c)
{
    free(c->buf);
    c->buf = NULL;
    c->size = 0;
}


/* room for a stream of "need" bytes, as far as they are kept */

static int
ngx_cc_capture_grow(ngx_cc_capture_t *c, uint64_t need)
{
    size_t    size;
    uint8_t  *buf;

    if (need > c->limit) {
        need = c->limit;
    }

    if (need <= c->size) {
        return 0;
    }

    size = c->size ? c->size : NGX_CC_CAPTURE_SIZE;

    while (size < need) {
        size *= 2;
    }

    if (size > c->limit) {
        size = c->limit;
    }

    buf = realloc(c->buf, size);

    if (buf == NULL) {
        return -1;
    }

    c->buf = buf;
    c->size = size;

    return 0;
}


/* the bytes at p that can only be the end of a character that began before */

static size_t
ngx_cc_capture_start(const uint8_t *p, size_t n)
{
    size_t  i;

    for (i = 0; i < n && i < 3; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            break;
        }
    }

    return i;
}
