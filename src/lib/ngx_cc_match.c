
#define _GNU_SOURCE
#include <string.h>
#include "ngx_cc_match.h"


#define NGX_CC_MATCH_PIECE  4096     /* bytes that are looked at together */


static size_t ngx_cc_match_newlines(uint8_t *p, size_t n);
static size_t ngx_cc_match_plain(const ngx_cc_match_t *m,
    ngx_cc_match_text_t *text, uint8_t *dst, const uint8_t *p, size_t n);
static size_t ngx_cc_match_byte(ngx_cc_match_text_t *text, uint8_t *dst,
    uint8_t c);
static size_t ngx_cc_match_first(const ngx_cc_match_t *m, const uint8_t *p,
    size_t n, unsigned *which);
static size_t ngx_cc_match_origin(const ngx_cc_match_t *m,
    ngx_cc_match_text_t *text, const uint8_t *p, size_t n, size_t len);


void
ngx_cc_match_init(ngx_cc_match_t *m, int ansi)
{
    memset(m, 0, sizeof(ngx_cc_match_t));
    m->ansi = ansi;
}


int
ngx_cc_match_add(ngx_cc_match_t *m, const void *p, size_t n)
{
    if (n == 0 || n > NGX_CC_MATCH_PATTERN || m->n == NGX_CC_MATCH_PATTERNS) {
        return -1;
    }

    memcpy(m->pattern[m->n], p, n);

    if (m->ansi) {
        n = ngx_cc_match_newlines(m->pattern[m->n], n);
    }

    m->len[m->n++] = n;

    if (n > m->longest) {
        m->longest = n;
    }

    return 0;
}


int
ngx_cc_match_feed(ngx_cc_match_t *m, unsigned stream, const uint8_t *p,
    size_t n, unsigned *which, size_t *end)
{
    size_t                  len, last, part, done, found;
    ngx_cc_match_text_t     before;
    ngx_cc_match_stream_t  *s;
    uint8_t                 text[NGX_CC_MATCH_PATTERN
                                 + 2 * NGX_CC_MATCH_PIECE + 1];

    s = &m->stream[stream];

    for (done = 0; done < n; done += part) {
        part = n - done < NGX_CC_MATCH_PIECE ? n - done : NGX_CC_MATCH_PIECE;
        before = s->text;
        last = s->len;

        memcpy(text, s->last, last);
        len = last + ngx_cc_match_plain(m, &s->text, text + last, p + done,
                                        part);

        found = ngx_cc_match_first(m, text, len, which);

        if (found) {
            *end = done + ngx_cc_match_origin(m, &before, p + done, part,
                                              found - last);
            return 1;
        }

        s->len = m->longest && len > m->longest - 1u ? m->longest - 1u : len;
        memcpy(s->last, text + len - s->len, s->len);
    }

    return 0;
}


void
ngx_cc_match_gap(ngx_cc_match_t *m, unsigned stream)
{
    memset(&m->stream[stream], 0, sizeof(ngx_cc_match_stream_t));
}


/* CR LF becomes a newline: the new length */

static size_t
ngx_cc_match_newlines(uint8_t *p, size_t n)
{
    size_t  i, len;

    for (i = 0, len = 0; i < n; i++) {
        if (p[i] != '\r' || i + 1 == n || p[i + 1] != '\n') {
            p[len++] = p[i];
        }
    }

    return len;
}


/* the text of the next n bytes: at most two for one, and a CR of before */

static size_t
ngx_cc_match_plain(const ngx_cc_match_t *m, ngx_cc_match_text_t *text,
    uint8_t *dst, const uint8_t *p, size_t n)
{
    size_t  i, len;

    if (!m->ansi) {
        memcpy(dst, p, n);
        return n;
    }

    len = 0;

    for (i = 0; i < n; i++) {
        len += ngx_cc_match_byte(text, dst + len, p[i]);
    }

    return len;
}


/* up to three bytes; a CR is text as soon as no newline follows */

static size_t
ngx_cc_match_byte(ngx_cc_match_text_t *text, uint8_t *dst, uint8_t c)
{
    size_t   len, n;
    uint8_t  out[2];

    n = ngx_cc_readable_byte(&text->readable, c, out);

    if (n == 0) {
        return 0;
    }

    len = 0;

    if (text->cr && out[0] != '\n') {
        dst[len++] = '\r';
    }

    text->cr = (out[0] == '\r');

    if (!text->cr) {
        memcpy(dst + len, out, n);
        len += n;
    }

    return len;
}


/* where the pattern ends that ends first; 0 = there is none */

static size_t
ngx_cc_match_first(const ngx_cc_match_t *m, const uint8_t *p, size_t n,
    unsigned *which)
{
    size_t          end;
    unsigned        i;
    const uint8_t  *at;

    end = 0;

    for (i = 0; i < m->n; i++) {
        at = memmem(p, n, m->pattern[i], m->len[i]);

        if (at == NULL) {
            continue;
        }

        n = (at - p) + m->len[i];

        if (n != end) {
            end = n;
            *which = i;
        }
    }

    return end;
}


/* how many bytes make so many bytes of text */

static size_t
ngx_cc_match_origin(const ngx_cc_match_t *m, ngx_cc_match_text_t *text,
    const uint8_t *p, size_t n, size_t len)
{
    size_t   i, made;
    uint8_t  out[3];

    if (!m->ansi) {
        return len;
    }

    made = 0;

    for (i = 0; i < n && made < len; i++) {
        made += ngx_cc_match_byte(text, out, p[i]);
    }

    return i;
}
