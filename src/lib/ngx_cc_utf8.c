
#include "ngx_cc_utf8.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#else
#include <string.h>
#endif


static int ngx_cc_utf8_lead(ngx_cc_utf8_t *u, uint8_t c);
static size_t ngx_cc_utf8_skip(const uint8_t *p, size_t n);


size_t
ngx_cc_utf8_check(ngx_cc_utf8_t *u, const uint8_t *p, size_t n)
{
    size_t    i, carried;
    unsigned  len;
    uint32_t  w;

    carried = u->need < n ? u->need : n;
    i = ngx_cc_utf8_check_scalar(u, p, carried);

    if (i < carried || i == n) {
        return i;
    }

    for ( ;; ) {
        i += ngx_cc_utf8_skip(p + i, n - i);

        if (n - i < 4) {
            break;
        }

        /*
         * Characters beyond ASCII come in runs: asking for 16 bytes of ASCII
         * again after each of them would cost more than it saves.
         */

        do {
            w = (uint32_t) p[i] | (uint32_t) p[i + 1] << 8
                | (uint32_t) p[i + 2] << 16 | (uint32_t) p[i + 3] << 24;

            len = ngx_cc_utf8_word(w);
            i += len;

        } while (len != 0 && n - i >= 4);

        if (n - i < 4 || (w & 0x80)) {
            break;
        }
    }

    /* the last bytes, or a broken character: the scalar twin finds it */

    return i + ngx_cc_utf8_check_scalar(u, p + i, n - i);
}


/* The number of bytes at p that are ASCII, or a little less near the end. */

static size_t
ngx_cc_utf8_skip(const uint8_t *p, size_t n)
{
    size_t  i;

#if defined(__SSE2__)

    unsigned  high;

    for (i = 0; n - i >= 16; i += 16) {
        high = _mm_movemask_epi8(_mm_loadu_si128((const __m128i *) (p + i)));

        if (high != 0) {
            return i + __builtin_ctz(high);
        }
    }

#else

    uint64_t  w[2];

    for (i = 0; n - i >= sizeof(w); i += sizeof(w)) {
        memcpy(w, p + i, sizeof(w));

        if ((w[0] | w[1]) & 0x8080808080808080u) {
            break;
        }
    }

#endif

    while (i < n && p[i] < 0x80) {
        i++;
    }

    return i;
}


size_t
ngx_cc_utf8_check_scalar(ngx_cc_utf8_t *u, const uint8_t *p, size_t n)
{
    size_t   i;
    uint8_t  c;

    for (i = 0; i < n; i++) {
        c = p[i];

        if (u->need == 0) {

            if (c >= 0x80 && !ngx_cc_utf8_lead(u, c)) {
                return i;
            }

            continue;
        }

        if (c < u->low || c > u->high) {
            return i;
        }

        /* only the second byte of a character has a range of its own */

        u->need--;
        u->low = u->need ? 0x80 : 0;
        u->high = u->need ? 0xbf : 0;
    }

    return n;
}


int
ngx_cc_utf8_done(const ngx_cc_utf8_t *u)
{
    return u->need == 0;
}


size_t
ngx_cc_utf8_cut(const uint8_t *p, size_t n)
{
    size_t  back;

    for (back = 1; back <= 3 && back <= n; back++) {

        if ((p[n - back] & 0xc0) == 0x80) {
            continue;
        }

        /* ASCII or a lead byte: here the last character begins */

        return ngx_cc_utf8_char(p + n - back, back) == 0 ? n - back : n;
    }

    return n;
}


int
ngx_cc_utf8_char(const uint8_t *p, size_t n)
{
    int            have;
    uint8_t        c;
    ngx_cc_utf8_t  u;

    c = p[0];

    if (c < 0x80) {
        return 1;
    }

    if (!ngx_cc_utf8_lead(&u, c)) {
        return -1;
    }

    for (have = 1; u.need != 0; have++) {

        if ((size_t) have == n) {
            return 0;
        }

        c = p[have];

        if (c < u.low || c > u.high) {
            return -have;
        }

        u.need--;
        u.low = 0x80;
        u.high = 0xbf;
    }

    return have;
}


/* Begins a character of more than one byte; 0 when c cannot begin one. */

static int
ngx_cc_utf8_lead(ngx_cc_utf8_t *u, uint8_t c)
{
    if (c < 0xc2 || c > 0xf4) {
        return 0;
    }

    u->low = 0x80;
    u->high = 0xbf;

    if (c < 0xe0) {
        u->need = 1;
        return 1;
    }

    if (c < 0xf0) {
        u->need = 2;

        if (c == 0xe0) {
            u->low = 0xa0;      /* below: overlong */

        } else if (c == 0xed) {
            u->high = 0x9f;     /* above: surrogates */
        }

        return 1;
    }

    u->need = 3;

    if (c == 0xf0) {
        u->low = 0x90;          /* below: overlong */

    } else if (c == 0xf4) {
        u->high = 0x8f;         /* above: beyond U+10FFFF */
    }

    return 1;
}
