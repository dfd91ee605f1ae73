
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
 * Source bytes may change under us.  What is judged must be what is written,
 * so a load is made to happen once: the compiler may otherwise read the same
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


/* the most that one step of the loops below may write */

#define NGX_CC_JSON_STEP  (16 + sizeof(ngx_cc_json_escape_t))


/*
 * As much as can be done without looking at bounds byte by byte: there is
 * always a whole vector to read, and room for whatever it becomes up to the
 * first byte that needs thought.
 */

static size_t
ngx_cc_json_escape_bulk(uint8_t **dst, uint8_t *dst_end, const uint8_t *src,
    size_t n, int *lossy)
{
    size_t                       i;
    uint8_t                     *d, c, word[4];
    uint32_t                     w;
    unsigned                     mask, len;
    __m128i                      v, bad, space, quote, backslash;
    const ngx_cc_json_escape_t  *escape;

    space = _mm_set1_epi8(0x20);
    quote = _mm_set1_epi8('"');
    backslash = _mm_set1_epi8('\\');

    d = *dst;
    i = 0;

    while (n - i >= 16 && (size_t) (dst_end - d) >= NGX_CC_JSON_STEP) {

        v = ngx_cc_json_load16(src + i);
        _mm_storeu_si128((__m128i *) d, v);

        /* as signed numbers bytes of 0x80 and above are below 0x20, too */

        bad = _mm_or_si128(_mm_cmplt_epi8(v, space),
                           _mm_or_si128(_mm_cmpeq_epi8(v, quote),
                                        _mm_cmpeq_epi8(v, backslash)));
        mask = _mm_movemask_epi8(bad);

        if (mask == 0) {
            i += 16;
            d += 16;
            continue;
        }

        len = __builtin_ctz(mask);
        i += len;
        d += len;

        c = *d;                 /* the byte that was judged, in our copy */

        if (c == '\n') {

            /* the most frequent one: nothing waits for a table */

            d[0] = '\\';
            d[1] = 'n';
            d += 2;
            i++;
            continue;
        }

        if (c < 0x80) {
            escape = ngx_cc_json_escape_of(c);
            memcpy(d, escape, sizeof(ngx_cc_json_escape_t));
            d += escape->len;
            i++;
            continue;
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
