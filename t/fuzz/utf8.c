
/*
 * UTF-8 and the JSON escape: fast and scalar twin agree, however the bytes
 * are cut and however little room there is; what is written is valid.
 */

#include "fuzz.h"
#include "ngx_cc_json_write.h"
#include "ngx_cc_utf8.h"


/* by the book: RFC 3629, section 4, one character at a time */

static size_t
by_the_book(const uint8_t *p, size_t n)
{
    size_t   i, k, more;
    uint8_t  low, high;

    for (i = 0; i < n; i += more + 1) {

        low = 0x80;
        high = 0xbf;

        if (p[i] < 0x80) {
            more = 0;

        } else if (p[i] >= 0xc2 && p[i] <= 0xdf) {
            more = 1;

        } else if (p[i] >= 0xe0 && p[i] <= 0xef) {
            more = 2;
            low = p[i] == 0xe0 ? 0xa0 : low;
            high = p[i] == 0xed ? 0x9f : high;

        } else if (p[i] >= 0xf0 && p[i] <= 0xf4) {
            more = 3;
            low = p[i] == 0xf0 ? 0x90 : low;
            high = p[i] == 0xf4 ? 0x8f : high;

        } else {
            return i;
        }

        for (k = 1; k <= more && i + k < n; k++) {

            if (p[i + k] < low || p[i + k] > high) {
                return i + k;
            }

            low = 0x80;
            high = 0xbf;
        }
    }

    return n;
}


static void
validate(const uint8_t *p, size_t n, size_t at)
{
    int            len;
    size_t         i, valid, cut;
    ngx_cc_utf8_t  fast, scalar, parts;

    memset(&fast, 0, sizeof(fast));
    memset(&scalar, 0, sizeof(scalar));
    memset(&parts, 0, sizeof(parts));

    valid = by_the_book(p, n);
    fuzz_check(ngx_cc_utf8_check(&fast, p, n) == valid);
    fuzz_check(ngx_cc_utf8_check_scalar(&scalar, p, n) == valid);

    if (valid < at) {
        fuzz_check(ngx_cc_utf8_check(&parts, p, at) == valid);

    } else {
        fuzz_check(ngx_cc_utf8_check(&parts, p, at) == at);
        fuzz_check(ngx_cc_utf8_check(&parts, p + at, n - at) == valid - at);
    }

    if (valid == n) {
        fuzz_check(ngx_cc_utf8_done(&fast) == ngx_cc_utf8_done(&scalar));
        fuzz_check(ngx_cc_utf8_done(&fast) == ngx_cc_utf8_done(&parts));
    }

    cut = ngx_cc_utf8_cut(p, n);
    fuzz_check(cut <= n && n - cut <= 3);

    if (valid == n) {
        fuzz_check((cut == n) == ngx_cc_utf8_done(&fast));
    }

    for (i = 0; i < n; i += len) {
        len = ngx_cc_utf8_char(p + i, n - i);
        fuzz_check(len >= -3 && len <= 4);

        if (len == 0) {
            fuzz_check(n - i < 4);
            break;
        }

        fuzz_check((len > 0) == (by_the_book(p + i, len > 0 ? len : -len)
                                 == (size_t) (len > 0 ? len : -len)
                                 && len > 0));
        len = len > 0 ? len : -len;
        fuzz_check((size_t) len <= n - i);
    }
}


typedef size_t (*escape_pt)(uint8_t **dst, uint8_t *dst_end,
    const uint8_t *src, size_t n, int final, int *lossy);


/* escapes everything, "room" bytes at a time; returns the text and its size */

static uint8_t *
escape_all(escape_pt escape, const uint8_t *p, size_t n, size_t room,
    size_t *size, int *lossy)
{
    size_t    taken;
    uint8_t  *text, *part, *dst;

    text = malloc(n * NGX_CC_JSON_MAX_ESCAPE + 1);
    fuzz_check(text != NULL);
    *size = 0;
    *lossy = 0;

    while (n) {
        part = malloc(room);
        fuzz_check(part != NULL);
        dst = part;
        taken = escape(&dst, part + room, p, n, 1, lossy);
        fuzz_check(taken > 0 && taken <= n);
        fuzz_check(dst <= part + room);
        memcpy(text + *size, part, dst - part);
        *size += dst - part;
        free(part);
        p += taken;
        n -= taken;
    }

    return text;
}


static void
escape(const uint8_t *p, size_t n, size_t room)
{
    int             lossy[3];
    size_t          i, size[3];
    uint8_t        *text[3];
    ngx_cc_utf8_t   u;
    ngx_cc_json_t   w;

    text[0] = escape_all(ngx_cc_json_escape, p, n,
                         n * NGX_CC_JSON_MAX_ESCAPE + 64, &size[0], &lossy[0]);
    text[1] = escape_all(ngx_cc_json_escape, p, n, room, &size[1], &lossy[1]);
    text[2] = escape_all(ngx_cc_json_escape_scalar, p, n, room, &size[2],
                         &lossy[2]);

    for (i = 1; i < 3; i++) {
        fuzz_check(size[i] == size[0] && lossy[i] == lossy[0]);
        fuzz_check(memcmp(text[i], text[0], size[0]) == 0);
    }

    fuzz_check(lossy[0] == (by_the_book(p, n) != n
                            || ngx_cc_utf8_cut(p, n) != n));

    memset(&u, 0, sizeof(u));
    fuzz_check(ngx_cc_utf8_check(&u, text[0], size[0]) == size[0]);
    fuzz_check(ngx_cc_utf8_done(&u));

    for (i = 0; i < size[0]; i++) {
        fuzz_check(text[0][i] >= 0x20 && text[0][i] != '"');

        if (text[0][i] == '\\') {
            i++;
            fuzz_check(i < size[0] && strchr("\"\\btnfru", text[0][i]));
        }
    }

    /* the bounded writer does the same, or stops at its end */

    w.pos = malloc(size[0] + 2);
    fuzz_check(w.pos != NULL);
    w.end = w.pos + size[0] + 2;
    w.overflow = 0;
    ngx_cc_json_string(&w, p, n);
    fuzz_check(!w.overflow && w.pos == w.end);
    fuzz_check(memcmp(w.end - size[0] - 1, text[0], size[0]) == 0);
    free(w.end - size[0] - 2);

    w.pos = malloc(room);
    fuzz_check(w.pos != NULL);
    w.end = w.pos + room;
    w.overflow = 0;
    ngx_cc_json_string(&w, p, n);
    fuzz_check(w.pos <= w.end);
    fuzz_check(w.overflow == (size[0] + 2 > room));
    free(w.end - room);

    for (i = 0; i < 3; i++) {
        free(text[i]);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t    room, at;
    uint8_t  *p;

    if (size < 2) {
        return 0;
    }

    room = NGX_CC_JSON_MAX_ESCAPE + data[0] % 64;
    at = data[1] % (size - 1);
    p = fuzz_copy(data + 2, size - 2);
    validate(p, size - 2, at);
    escape(p, size - 2, room);
    free(p);

    return 0;
}
