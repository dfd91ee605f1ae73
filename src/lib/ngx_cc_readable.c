
#include "ngx_cc_json_write.h"
#include "ngx_cc_readable.h"


/* where in a sequence we are */

enum {
    NGX_CC_READABLE_TEXT = 0,
    NGX_CC_READABLE_ESC,             /* behind ESC */
    NGX_CC_READABLE_MIDDLE,          /* behind ESC and intermediate bytes */
    NGX_CC_READABLE_CSI,             /* in a control sequence, ESC [ ... */
    NGX_CC_READABLE_STRING,          /* in a control string, ESC ] ... BEL */
    NGX_CC_READABLE_STRING_ESC       /* behind an ESC in it */
};


static int ngx_cc_readable_step(ngx_cc_readable_t *rd, uint8_t c);
static int ngx_cc_readable_next(ngx_cc_readable_t *rd, uint8_t c);
static size_t ngx_cc_readable_run(const uint8_t *p, size_t n);


size_t
ngx_cc_readable_escape(ngx_cc_readable_t *rd, uint8_t **dst,
    uint8_t *dst_end, const uint8_t *src, size_t n, int *lossy)
{
    size_t   i, run, taken;
    uint8_t  c;

    for (i = 0; i < n; /* void */ ) {

        if (rd->state != NGX_CC_READABLE_TEXT) {
            i += ngx_cc_readable_step(rd, src[i]);
            continue;
        }

        run = ngx_cc_readable_run(src + i, n - i);

        if (run) {
            taken = ngx_cc_json_escape(dst, dst_end, src + i, run, 1, lossy);
            i += taken;

            if (taken < run) {
                break;
            }

            continue;
        }

        c = src[i];

        if (c == 0x1b) {
            rd->state = NGX_CC_READABLE_ESC;
            rd->len = 0;
            i++;
            continue;
        }

        if (dst_end - *dst < 3) {
            break;
        }

        *(*dst)++ = '^';

        if (c == 0x1c) {
            *(*dst)++ = '\\';
        }

        *(*dst)++ = c ^ 0x40;
        i++;
    }

    return i;
}


size_t
ngx_cc_readable_byte(ngx_cc_readable_t *rd, uint8_t c, uint8_t *dst)
{
    if (rd->state != NGX_CC_READABLE_TEXT && ngx_cc_readable_step(rd, c)) {
        return 0;
    }

    if (ngx_cc_readable_run(&c, 1)) {
        dst[0] = c;
        return 1;
    }

    if (c == 0x1b) {
        rd->state = NGX_CC_READABLE_ESC;
        rd->len = 0;
        return 0;
    }

    dst[0] = '^';
    dst[1] = c ^ 0x40;

    return 2;
}


/* a byte of a sequence: 1 when it belongs to it, 0 when it is text again */

static int
ngx_cc_readable_step(ngx_cc_readable_t *rd, uint8_t c)
{
    int  state;

    state = ngx_cc_readable_next(rd, c);

    if (state < 0 || ++rd->len == NGX_CC_READABLE_MAX) {
        rd->state = NGX_CC_READABLE_TEXT;
        return state >= 0;
    }

    rd->state = state;

    return 1;
}


/* the state behind it, -1: it does not belong here */

static int
ngx_cc_readable_next(ngx_cc_readable_t *rd, uint8_t c)
{
    switch (rd->state) {

    case NGX_CC_READABLE_STRING_ESC:

        if (c == '\\') {
            return NGX_CC_READABLE_TEXT;
        }

        /* another sequence begins in the middle of it */

        /* fall through */

    case NGX_CC_READABLE_ESC:

        if (c == '[') {
            return NGX_CC_READABLE_CSI;
        }

        if (c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_') {
            return NGX_CC_READABLE_STRING;
        }

        /* fall through */

    case NGX_CC_READABLE_MIDDLE:

        if (c >= 0x20 && c <= 0x2f) {
            return NGX_CC_READABLE_MIDDLE;
        }

        return c >= 0x30 && c <= 0x7e ? NGX_CC_READABLE_TEXT : -1;

    case NGX_CC_READABLE_CSI:

        if (c >= 0x20 && c <= 0x3f) {
            return NGX_CC_READABLE_CSI;
        }

        return c >= 0x40 && c <= 0x7e ? NGX_CC_READABLE_TEXT : -1;

    default: /* NGX_CC_READABLE_STRING */

        if (c == 0x07) {
            return NGX_CC_READABLE_TEXT;
        }

        if (c == 0x1b) {
            return NGX_CC_READABLE_STRING_ESC;
        }

        return c >= 0x20 ? NGX_CC_READABLE_STRING : -1;
    }
}


/* bytes before the next one that is no text */

static size_t
ngx_cc_readable_run(const uint8_t *p, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if ((p[i] < 0x20 && p[i] != '\n' && p[i] != '\t' && p[i] != '\r')
            || p[i] == 0x7f)
        {
            break;
        }
    }

    return i;
}
