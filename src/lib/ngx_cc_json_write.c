
#include <string.h>

#include "ngx_cc_json_write.h"
#include "ngx_cc_utf8.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif


#define NGX_CC_JSON_MAX_DIGITS   20      /* of a 64-bit number */


/* eight bytes, so that the hot path can copy one in a single store */

typedef struct {
    char            text[NGX_CC_JSON_MAX_ESCAPE + 1];
    uint8_t         len;
} ngx_cc_json_escape_t;


static const ngx_cc_json_escape_t  ngx_cc_json_escapes[] = {

    { "\\u0000", 6 }, { "\\u0001", 6 }, { "\\u0002", 6 }, { "\\u0003", 6 },
    { "\\u0004", 6 }, { "\\u0005", 6 }, { "\\u0006", 6 }, { "\\u0007", 6 },
    { "\\b", 2 },     { "\\t", 2 },     { "\\n", 2 },     { "\\u000b", 6 },
    { "\\f", 2 },     { "\\r", 2 },     { "\\u000e", 6 }, { "\\u000f", 6 },
    { "\\u0010", 6 }, { "\\u0011", 6 }, { "\\u0012", 6 }, { "\\u0013", 6 },
    { "\\u0014", 6 }, { "\\u0015", 6 }, { "\\u0016", 6 }, { "\\u0017", 6 },
    { "\\u0018", 6 }, { "\\u0019", 6 }, { "\\u001a", 6 }, { "\\u001b", 6 },
    { "\\u001c", 6 }, { "\\u001d", 6 }, { "\\u001e", 6 }, { "\\u001f", 6 },

    { "\\\"", 2 },              /* 0x20 + (0x22 >> 6) */
    { "\\\\", 2 }               /* 0x20 + (0x5c >> 6) */
};


static const uint8_t  ngx_cc_json_broken[4] = { 0xef, 0xbf, 0xbd, 0 };


static size_t ngx_cc_json_digits(uint8_t *end, uint64_t n);


/* c: a control character, a quote or a backslash */

static inline const ngx_cc_json_escape_t *
ngx_cc_json_escape_of(uint8_t c)
{
    return &ngx_cc_json_escapes[c < 0x20 ? c : 0x20 + (c >> 6)];
}


/*
 * Source bytes may change under us.  What is checked must be what is written,
 * so memory is loaded exactly once: the compiler may otherwise read the same
 * memory again instead of keeping the value in a register.
 */

static inline uint8_t
ngx_cc_json_load1(const uint8_t *p)
{
    return *(const volatile uint8_t *) p;
}


#if defined(__SSE2__)

static inline uint32_t
ngx_cc_json_load4(const uint8_t *p)
{
    uint32_t  w;

    memcpy(&w, p, 4);
    __asm__ __volatile__ ("" : "+r" (w));

    return w;
}


static inline __m128i
ngx_cc_json_load16(const uint8_t *p)
{
    __m128i  v;

    v = _mm_loadu_si128((const __m128i *) p);
    __asm__ __volatile__ ("" : "+x" (v));

    return v;
}


/* the most that one step of the loops below may write, or touch behind that */

#define NGX_CC_JSON_STEP  (16 * NGX_CC_JSON_MAX_ESCAPE + 8)


/* c: ASCII, and special; returns the end of what it becomes */

static inline uint8_t *
ngx_cc_json_escape_one(uint8_t *d, uint8_t c)
{
    const ngx_cc_json_escape_t  *escape;

    if (c == '\n') {

        /* the most frequent one: no table is read */

        d[0] = '\\';
        d[1] = 'n';

        return d + 2;
    }

    escape = ngx_cc_json_escape_of(c);
    memcpy(d, escape, sizeof(ngx_cc_json_escape_t));

    return d + escape->len;
}


/*
 * Eight bytes of ASCII, the first of them lowest, of which those are special
 * whose bit is set in mask.  They are in a register: what is checked is what
 * is written, and nothing is read a second time.
 */

static inline uint8_t *
ngx_cc_json_escape_word(uint8_t *d, uint64_t w, unsigned mask)
{
    uint8_t   c;
    unsigned  run, left;

    left = 8;

    while (mask) {
        run = __builtin_ctz(mask);

        memcpy(d, &w, 8);
        d += run;
        w >>= (8 * run) & 63;      /* run < 8, which lint cannot see */
        c = (uint8_t) w;
        w >>= 8;

        mask >>= run + 1;
        left -= run + 1;

        d = ngx_cc_json_escape_one(d, c);
    }

    memcpy(d, &w, 8);

    return d + left;
}


/* 16 control characters that all have the long form: \u00XX */

static inline int
ngx_cc_json_escape_long(__m128i v)
{
    __m128i  brief;

    /* 8 to 13 but for 11 have a form of their own */

    brief = _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8(7)),
                          _mm_cmplt_epi8(v, _mm_set1_epi8(14)));
    brief = _mm_andnot_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(11)), brief);

    /* and what is no control character is above or, signed, below them */

    brief = _mm_or_si128(brief, _mm_cmpgt_epi8(v, _mm_set1_epi8(0x1f)));
    brief = _mm_or_si128(brief, _mm_cmplt_epi8(v, _mm_setzero_si128()));

    return _mm_movemask_epi8(brief) == 0;
}


/*
 * As much as can be done without looking at bounds byte by byte: there is
 * always a whole vector to read, and room for whatever it becomes up to the
 * first byte that needs thought.
 */

static size_t
ngx_cc_json_escape_bulk(uint8_t **dst, uint8_t *dst_end, const uint8_t *src,
    size_t n, int *lossy)
{
    size_t     i;
    uint8_t   *d, word[4];
    uint32_t   w;
    uint64_t   half[2];
    unsigned   k, mask, high, len;
    __m128i    v, bad, space, quote, backslash;

    space = _mm_set1_epi8(0x20);
    quote = _mm_set1_epi8('"');
    backslash = _mm_set1_epi8('\\');

    d = *dst;
    i = 0;

    while (n - i >= 16 && (size_t) (dst_end - d) >= NGX_CC_JSON_STEP) {

        v = ngx_cc_json_load16(src + i);

        /* as signed numbers bytes of 0x80 and above are below 0x20, too */

        bad = _mm_or_si128(_mm_cmplt_epi8(v, space),
                           _mm_or_si128(_mm_cmpeq_epi8(v, quote),
                                        _mm_cmpeq_epi8(v, backslash)));
        mask = _mm_movemask_epi8(bad);

        _mm_storeu_si128((__m128i *) d, v);

        if (mask == 0) {
            i += 16;
            d += 16;
            continue;
        }

        if ((mask & (mask - 1)) == 0 && d[__builtin_ctz(mask)] == '\n') {

            /* a single one, as in lines of text: go on behind it */

            len = __builtin_ctz(mask);
            d = ngx_cc_json_escape_one(d + len, '\n');
            i += len + 1;
            continue;
        }

        _mm_storeu_si128((__m128i *) half, v);

        if (mask == 0xffff && ngx_cc_json_escape_long(v)) {

            for (k = 0; k < 16; k++) {
                memcpy(d + k * NGX_CC_JSON_MAX_ESCAPE,
                       &ngx_cc_json_escapes[half[k / 8] >> 8 * (k % 8) & 0xff],
                       sizeof(ngx_cc_json_escape_t));
            }

            i += 16;
            d += 16 * NGX_CC_JSON_MAX_ESCAPE;
            continue;
        }

        high = _mm_movemask_epi8(v);

        if (high == 0) {
            d = ngx_cc_json_escape_word(d, half[0], mask & 0xff);
            d = ngx_cc_json_escape_word(d, half[1], mask >> 8);
            i += 16;
            continue;
        }

        /* up to the first one beyond ASCII; what is written behind is not */

        len = __builtin_ctz(high);
        mask &= (1u << len) - 1;
        i += len;

        if (mask == 0) {
            d += len;

        } else if (len <= 8) {
            d = ngx_cc_json_escape_word(d, half[0], mask) - (8 - len);

        } else {
            d = ngx_cc_json_escape_word(d, half[0], mask & 0xff);
            d = ngx_cc_json_escape_word(d, half[1], mask >> 8) - (16 - len);
        }

        /* characters beyond ASCII come in runs */

        while (n - i >= 4 && dst_end - d >= 4) {

            w = ngx_cc_json_load4(src + i);
            len = ngx_cc_utf8_word(w);

            if (len == 0) {

                if (!(w & 0x80)) {
                    break;
                }

                memcpy(word, &w, 4);
                len = -ngx_cc_utf8_char(word, 4);
                memcpy(d, ngx_cc_json_broken, 4);
                d += 3;
                i += len;
                *lossy = 1;
                continue;
            }

            memcpy(d, &w, 4);
            d += len;
            i += len;
        }
    }

    *dst = d;

    return i;
}

#endif


size_t
ngx_cc_json_escape(uint8_t **dst, uint8_t *dst_end, const uint8_t *src,
    size_t n, int final, int *lossy)
{
    size_t  taken;

    if (n == 0) {
        return 0;
    }

#if defined(__SSE2__)
    taken = ngx_cc_json_escape_bulk(dst, dst_end, src, n, lossy);
#else
    taken = 0;
#endif

    return taken + ngx_cc_json_escape_scalar(dst, dst_end, src + taken,
                                             n - taken, final, lossy);
}


size_t
ngx_cc_json_escape_scalar(uint8_t **dst, uint8_t *dst_end,
    const uint8_t *src, size_t n, int final, int *lossy)
{
    int                          len, broken;
    size_t                       i, take, left, size;
    uint8_t                     *d, c[4];
    const void                  *text;
    const ngx_cc_json_escape_t  *escape;

    d = *dst;

    for (i = 0; i < n; i += take) {

        c[0] = ngx_cc_json_load1(src + i);
        text = c;
        take = 1;
        size = 1;
        broken = 0;

        if (c[0] < 0x20 || c[0] == '"' || c[0] == '\\') {
            escape = ngx_cc_json_escape_of(c[0]);
            text = escape->text;
            size = escape->len;

        } else if (c[0] >= 0x80) {
            left = n - i < 4 ? n - i : 4;

            for (size = 1; size < left; size++) {
                c[size] = ngx_cc_json_load1(src + i + size);
            }

            len = ngx_cc_utf8_char(c, left);

            if (len > 0) {
                take = len;
                size = len;

            } else {

                if (len == 0 && !final) {
                    break;
                }

                take = len < 0 ? (size_t) -len : left;
                text = ngx_cc_json_broken;
                size = 3;
                broken = 1;
            }
        }

        if ((size_t) (dst_end - d) < size) {
            break;
        }

        memcpy(d, text, size);
        d += size;

        if (broken) {
            *lossy = 1;
        }
    }

    *dst = d;

    return i;
}


void
ngx_cc_json_raw(ngx_cc_json_t *w, const void *p, size_t n)
{
    if (w->overflow || n > (size_t) (w->end - w->pos)) {
        w->overflow = 1;
        return;
    }

    if (n != 0) {
        memcpy(w->pos, p, n);
        w->pos += n;
    }
}


void
ngx_cc_json_string(ngx_cc_json_t *w, const void *p, size_t n)
{
    int       lossy;
    uint8_t  *start;

    start = w->pos;

    ngx_cc_json_lit(w, "\"");

    if (w->overflow) {
        return;
    }

    lossy = 0;

    if (ngx_cc_json_escape(&w->pos, w->end, p, n, 1, &lossy) != n) {
        w->overflow = 1;
    }

    ngx_cc_json_lit(w, "\"");

    if (w->overflow) {
        w->pos = start;
    }
}


void
ngx_cc_json_cstring(ngx_cc_json_t *w, const char *s)
{
    ngx_cc_json_string(w, s, strlen(s));
}


void
ngx_cc_json_uint(ngx_cc_json_t *w, uint64_t n)
{
    size_t   len;
    uint8_t  text[NGX_CC_JSON_MAX_DIGITS];

    len = ngx_cc_json_digits(text + sizeof(text), n);
    ngx_cc_json_raw(w, text + sizeof(text) - len, len);
}


void
ngx_cc_json_int(ngx_cc_json_t *w, int64_t n)
{
    size_t   len;
    uint8_t  text[1 + NGX_CC_JSON_MAX_DIGITS];

    if (n >= 0) {
        ngx_cc_json_uint(w, n);
        return;
    }

    /* unsigned, because the least number has no positive counterpart */

    len = ngx_cc_json_digits(text + sizeof(text), 0 - (uint64_t) n);
    text[sizeof(text) - ++len] = '-';
    ngx_cc_json_raw(w, text + sizeof(text) - len, len);
}


void
ngx_cc_json_seconds(ngx_cc_json_t *w, uint64_t usec)
{
    size_t   len, digits;
    uint8_t  text[NGX_CC_JSON_MAX_DIGITS + 1 + 6];

    len = ngx_cc_json_digits(text + NGX_CC_JSON_MAX_DIGITS, usec / 1000000);

    /* the million in front keeps the leading zeros of the fraction */

    ngx_cc_json_digits(text + sizeof(text), 1000000 + usec % 1000000);
    text[NGX_CC_JSON_MAX_DIGITS] = '.';

    digits = 6;

    while (digits > 1 && text[NGX_CC_JSON_MAX_DIGITS + digits] == '0') {
        digits--;
    }

    ngx_cc_json_raw(w, text + NGX_CC_JSON_MAX_DIGITS - len, len + 1 + digits);
}


void
ngx_cc_json_bool(ngx_cc_json_t *w, int on)
{
    if (on) {
        ngx_cc_json_lit(w, "true");

    } else {
        ngx_cc_json_lit(w, "false");
    }
}


/* Writes the digits of n so that they end before "end"; returns how many. */

static size_t
ngx_cc_json_digits(uint8_t *end, uint64_t n)
{
    uint8_t  *p;

    p = end;

    do {
        *--p = '0' + n % 10;
        n /= 10;
    } while (n != 0);

    return end - p;
}
