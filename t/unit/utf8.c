
/* UTF-8: every character there is, every way to break one */

#include <string.h>
#include "unit.h"
#include "ngx_cc_utf8.h"


static size_t
encode(uint32_t c, uint8_t *p)
{
    if (c < 0x80) {
        p[0] = c;
        return 1;
    }

    if (c < 0x800) {
        p[0] = 0xc0 | c >> 6;
        p[1] = 0x80 | (c & 0x3f);
        return 2;
    }

    if (c < 0x10000) {
        p[0] = 0xe0 | c >> 12;
        p[1] = 0x80 | (c >> 6 & 0x3f);
        p[2] = 0x80 | (c & 0x3f);
        return 3;
    }

    p[0] = 0xf0 | c >> 18;
    p[1] = 0x80 | (c >> 12 & 0x3f);
    p[2] = 0x80 | (c >> 6 & 0x3f);
    p[3] = 0x80 | (c & 0x3f);
    return 4;
}


static int
valid(const uint8_t *p, size_t n)
{
    ngx_cc_utf8_t  u;

    memset(&u, 0, sizeof(u));

    return ngx_cc_utf8_check(&u, p, n) == n && ngx_cc_utf8_done(&u);
}


START_TEST(every_character)
{
    size_t    n;
    uint8_t   p[8];
    uint32_t  c, w;

    for (c = 0; c < 0x120000; c++) {
        memset(p, 'x', sizeof(p));
        n = encode(c, p);

        if ((c >= 0xd800 && c < 0xe000) || c > 0x10ffff) {
            unit_assert(!valid(p, n));
            unit_assert(ngx_cc_utf8_char(p, n) < 0);
            w = 0;

        } else {
            unit_assert(valid(p, n));
            unit_assert(ngx_cc_utf8_char(p, n) == (int) n);
            w = n > 1 ? n : 0;
        }

        unit_assert(ngx_cc_utf8_word(p[0] | p[1] << 8 | p[2] << 16
                                     | (uint32_t) p[3] << 24) == w);
    }
}
END_TEST


/* all sequences of three bytes: check, its twin and char must agree */

START_TEST(every_three_bytes)
{
    int            k;
    size_t         at, n, good;
    uint8_t        p[3];
    uint32_t       i;
    ngx_cc_utf8_t  a, b;

    for (i = 0; i < 0x1000000; i++) {
        p[0] = i >> 16;
        p[1] = i >> 8;
        p[2] = i;

        memset(&a, 0, sizeof(a));
        memset(&b, 0, sizeof(b));
        n = ngx_cc_utf8_check(&a, p, 3);
        unit_assert(n == ngx_cc_utf8_check_scalar(&b, p, 3));

        if (n == 3) {
            unit_assert(ngx_cc_utf8_done(&a) == ngx_cc_utf8_done(&b));
        }

        /* by characters */

        good = 1;

        for (at = 0; at < 3; at += k) {
            k = ngx_cc_utf8_char(p + at, 3 - at);

            if (k == 0) {
                good = 2;
                break;
            }

            if (k < 0) {
                unit_assert(k >= -3);
                good = 0;
                break;
            }
        }

        unit_assert((good != 0) == (n == 3));

        if (n == 3) {
            unit_assert((good == 1) == ngx_cc_utf8_done(&a));
        }

        /* a cut divides nothing, and holds back only what may be completed */

        n = ngx_cc_utf8_cut(p, 3);
        unit_assert(n <= 3);

        if (n < 3) {
            unit_assert(ngx_cc_utf8_char(p + n, 3 - n) == 0);
        }
    }
}
END_TEST


START_TEST(pieces)
{
    size_t         i, step, n;
    ngx_cc_utf8_t  u;

    static const char  text[] = "plain text that is long enough for a run, "
        "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 and on and on and on\xc3\xb6";

    for (step = 1; step < sizeof(text); step++) {
        memset(&u, 0, sizeof(u));

        for (i = 0; i < sizeof(text) - 1; i += n) {
            n = step < sizeof(text) - 1 - i ? step : sizeof(text) - 1 - i;
            ck_assert_uint_eq(ngx_cc_utf8_check(&u, (uint8_t *) text + i, n),
                              n);
        }

        ck_assert_int_eq(ngx_cc_utf8_done(&u), 1);
    }
}
END_TEST


/* the first bad byte is known at once, wherever it stands */

START_TEST(where)
{
    size_t         at;
    uint8_t        p[100];
    ngx_cc_utf8_t  u;

    for (at = 0; at < sizeof(p); at++) {
        memset(p, 'a', sizeof(p));
        p[at] = 0xff;
        memset(&u, 0, sizeof(u));
        ck_assert_uint_eq(ngx_cc_utf8_check(&u, p, sizeof(p)), at);

        if (at) {
            p[at - 1] = 0xe2;
            p[at] = 'b';
            memset(&u, 0, sizeof(u));
            ck_assert_uint_eq(ngx_cc_utf8_check(&u, p, sizeof(p)), at);
        }
    }
}
END_TEST


START_TEST(broken_parts)
{
    size_t  i;

    static const struct {
        const char  *bytes;
        size_t       n;
        int          length;
    } part[] = {
        { "\x80x", 2, -1 },
        { "\xc0\x80", 2, -1 },             /* overlong: C0 is never right */
        { "\xe0\x80\x80", 3, -1 },
        { "\xed\xa0\x80", 3, -1 },         /* a surrogate */
        { "\xe2\x82x", 3, -2 },            /* maximal subparts */
        { "\xf0\x9f\x98x", 4, -3 },
        { "\xf4\x90\x80\x80", 4, -1 },     /* beyond U+10FFFF */
        { "\xf5\x80\x80\x80", 4, -1 },
        { "\xe2\x82", 2, 0 },              /* may go on */
        { "\xf0\x9f\x98", 3, 0 },
        { "\xc3", 1, 0 }
    };

    for (i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
        ck_assert_msg(ngx_cc_utf8_char((uint8_t *) part[i].bytes, part[i].n)
                      == part[i].length, "case %zu", i);
    }
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("utf8");
    Suite  *s = suite_create("utf8");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, every_character);
    tcase_add_test(tc, every_three_bytes);
    tcase_add_test(tc, pieces);
    tcase_add_test(tc, where);
    tcase_add_test(tc, broken_parts);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
