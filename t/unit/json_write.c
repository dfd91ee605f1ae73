
/* the JSON writer: escapes, bounds, resumption; fast path against its twin */

#include <stdio.h>
#include <string.h>
#include "unit.h"
#include "ngx_cc_json_write.h"


/* escapes all of src with so much room at a time */

static size_t
escape(const uint8_t *src, size_t n, uint8_t *out, size_t room, int *lossy,
    int scalar)
{
    size_t   taken, len;
    uint8_t  piece[4096], *dst;

    len = 0;

    while (n) {
        dst = piece;
        taken = scalar
            ? ngx_cc_json_escape_scalar(&dst, piece + room, src, n, 1, lossy)
            : ngx_cc_json_escape(&dst, piece + room, src, n, 1, lossy);

        ck_assert_uint_gt(taken, 0);
        ck_assert(dst <= piece + room);

        memcpy(out + len, piece, dst - piece);
        len += dst - piece;
        src += taken;
        n -= taken;
    }

    return len;
}


START_TEST(every_byte)
{
    int            i, lossy;
    char           want[16];
    size_t         n;
    uint8_t        c, out[64], *dst;

    for (i = 0; i < 128; i++) {
        c = i;
        lossy = 0;
        dst = out;
        ck_assert_uint_eq(ngx_cc_json_escape(&dst, out + sizeof(out), &c, 1,
                                             1, &lossy), 1);

        switch (i) {
        case '"': strcpy(want, "\\\""); break;
        case '\\': strcpy(want, "\\\\"); break;
        case '\b': strcpy(want, "\\b"); break;
        case '\t': strcpy(want, "\\t"); break;
        case '\n': strcpy(want, "\\n"); break;
        case '\f': strcpy(want, "\\f"); break;
        case '\r': strcpy(want, "\\r"); break;
        default:
            if (i < 0x20) {
                snprintf(want, sizeof(want), "\\u%04x", i);
            } else {
                snprintf(want, sizeof(want), "%c", i);
            }
        }

        n = dst - out;
        ck_assert_uint_eq(n, strlen(want));
        ck_assert_mem_eq(out, want, n);
        ck_assert_int_eq(lossy, 0);
    }
}
END_TEST


START_TEST(repair)
{
    int      lossy;
    size_t   i, n;
    uint8_t  out[64];

    static const struct {
        const char  *in;
        const char  *out;
    } text[] = {
        { "a\xff" "b", "a\xef\xbf\xbd" "b" },
        { "\xe2\x82", "\xef\xbf\xbd" },
        { "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
        { "\xf0\x9f\x98" "x", "\xef\xbf\xbd" "x" },
        { "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" }
    };

    for (i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
        lossy = 0;
        n = escape((uint8_t *) text[i].in, strlen(text[i].in), out, 64,
                   &lossy, 0);
        ck_assert_uint_eq(n, strlen(text[i].out));
        ck_assert_mem_eq(out, text[i].out, n);
        ck_assert_int_eq(lossy, 1);
    }
}
END_TEST


/* a character that may still be completed is left alone, unless "final" */

START_TEST(unfinished)
{
    int      lossy;
    uint8_t  out[64], *dst;

    lossy = 0;
    dst = out;
    ck_assert_uint_eq(ngx_cc_json_escape(&dst, out + 64,
                          (uint8_t *) "ab\xe2\x82", 4, 0, &lossy), 2);
    ck_assert_uint_eq(dst - out, 2);
    ck_assert_int_eq(lossy, 0);
}
END_TEST


/* random bytes, random room: the same as the twin, byte for byte */

START_TEST(twins)
{
    int             round, a, b;
    size_t          i, n, la, lb, room;
    unsigned        seed;
    static uint8_t  src[3000], x[20000], y[20000];

    seed = 1;

    for (round = 0; round < 3000; round++) {
        n = rand_r(&seed) % sizeof(src);

        for (i = 0; i < n; i++) {
            switch (rand_r(&seed) % (round % 5 + 2)) {
            case 0: src[i] = 'a' + rand_r(&seed) % 26; break;
            case 1: src[i] = rand_r(&seed) % 128; break;
            case 2: src[i] = rand_r(&seed); break;
            default: src[i] = "\xe2\x82\xac"[i % 3]; break;
            }
        }

        room = 6 + rand_r(&seed) % 200;
        a = b = 0;
        la = escape(src, n, x, room, &a, 0);
        lb = escape(src, n, y, 4096, &b, 1);

        ck_assert_int_eq(a, b);
        ck_assert_uint_eq(la, lb);
        ck_assert_mem_eq(x, y, la);
    }
}
END_TEST


/* runs of what has to be escaped, of every kind and length, at every place in
 * a vector: the same as the twin */

START_TEST(runs)
{
    int             a, b;
    size_t          at, len, kind, la, lb, room;
    uint8_t         x[2000], y[2000];
    static uint8_t  src[96];

    static const char  *kinds[] = {
        "\x01", "\n", "\x1b[0m", "\"\\", "\x08\x0b\r\x0e", "\x1f\x20",
        "\x1b\xc3\xa4", "\x02\xff", "\n\xe2\x82", "\x7f\x1b"
    };

    for (kind = 0; kind <= sizeof(kinds) / sizeof(kinds[0]); kind++) {
        for (at = 0; at < 33; at++) {
            for (len = 0; len <= 50; len++) {

                memset(src, 'a', sizeof(src));

                for (la = 0; la < len; la++) {
                    src[at + la] = kind ? kinds[kind - 1]
                                          [la % strlen(kinds[kind - 1])] : 0;
                }

                room = 6 + (at * 7 + len * 13) % 400;
                a = b = 0;
                la = escape(src, sizeof(src), x, room, &a, 0);
                lb = escape(src, sizeof(src), y, 4096, &b, 1);

                ck_assert_int_eq(a, b);
                ck_assert_uint_eq(la, lb);
                ck_assert_mem_eq(x, y, la);
            }
        }
    }
}
END_TEST


/* nothing is ever written beyond the end */

START_TEST(bounds)
{
    int      lossy;
    size_t   room, n;
    uint8_t *out, *dst;

    static const char  src[] = "abc\n\x01\xff\xe2\x82\xac\"defghijklmnopqrstu"
                               "vwxyzabcdefghijklmnopqrstuvwxyz";

    static const char  src2[] = "\x1b[1m\x01\x02\x03\x04\x05\x06\x07\x0b\x0e"
                                "\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18"
                                "\n\xff\xe2\x82\xac\x1b[0m and on, and on";

    for (room = 0; room < 400; room++) {
        out = malloc(room ? room : 1);
        dst = out;
        lossy = 0;
        n = ngx_cc_json_escape(&dst, out + room, (uint8_t *) src2,
                               sizeof(src2) - 1, 1, &lossy);
        ck_assert_uint_le(dst - out, room);
        ck_assert_uint_le(n, sizeof(src2) - 1);
        free(out);
    }

    for (room = 0; room < 100; room++) {
        out = malloc(room ? room : 1);   /* the sanitizer watches its end */
        dst = out;
        lossy = 0;
        n = ngx_cc_json_escape(&dst, out + room, (uint8_t *) src,
                               sizeof(src) - 1, 1, &lossy);
        ck_assert_uint_le(dst - out, room);
        ck_assert_uint_le(n, sizeof(src) - 1);
        free(out);
    }
}
END_TEST


START_TEST(writer)
{
    char           text[256];
    uint8_t        buf[256];
    ngx_cc_json_t  w;

    w.pos = buf;
    w.end = buf + sizeof(buf);
    w.overflow = 0;

    ngx_cc_json_lit(&w, "{\"a\":");
    ngx_cc_json_uint(&w, UINT64_MAX);
    ngx_cc_json_lit(&w, ",\"b\":");
    ngx_cc_json_int(&w, INT64_MIN);
    ngx_cc_json_lit(&w, ",\"c\":");
    ngx_cc_json_string(&w, "x\"\n\xff", 4);
    ngx_cc_json_lit(&w, ",\"d\":");
    ngx_cc_json_cstring(&w, "");
    ngx_cc_json_lit(&w, ",\"e\":[");
    ngx_cc_json_seconds(&w, 410000);
    ngx_cc_json_raw(&w, ",", 1);
    ngx_cc_json_seconds(&w, 0);
    ngx_cc_json_raw(&w, ",", 1);
    ngx_cc_json_seconds(&w, 2000000);
    ngx_cc_json_raw(&w, ",", 1);
    ngx_cc_json_seconds(&w, 1000001);
    ngx_cc_json_lit(&w, "],\"f\":");
    ngx_cc_json_bool(&w, 1);
    ngx_cc_json_bool(&w, 0);

    ck_assert_int_eq(w.overflow, 0);
    memcpy(text, buf, w.pos - buf);
    text[w.pos - buf] = '\0';

    ck_assert_str_eq(text, "{\"a\":18446744073709551615,"
                     "\"b\":-9223372036854775808,\"c\":\"x\\\"\\n\xef\xbf\xbd\","
                     "\"d\":\"\",\"e\":[0.41,0.0,2.0,1.000001],"
                     "\"f\":truefalse");
}
END_TEST


START_TEST(overflow)
{
    size_t         room;
    uint8_t       *buf;
    ngx_cc_json_t  w;

    for (room = 0; room < 40; room++) {
        buf = malloc(room ? room : 1);
        w.pos = buf;
        w.end = buf + room;
        w.overflow = 0;

        ngx_cc_json_lit(&w, "{\"a\":");
        ngx_cc_json_int(&w, -123456);
        ngx_cc_json_string(&w, "text", 4);
        ngx_cc_json_seconds(&w, 1500000);
        ngx_cc_json_bool(&w, 1);

        ck_assert(w.pos <= w.end);
        ck_assert_int_eq(w.overflow, room < 5 + 7 + 6 + 3 + 4);
        free(buf);
    }
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("json_write");
    Suite  *s = suite_create("json_write");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, every_byte);
    tcase_add_test(tc, repair);
    tcase_add_test(tc, unfinished);
    tcase_add_test(tc, twins);
    tcase_add_test(tc, runs);
    tcase_add_test(tc, bounds);
    tcase_add_test(tc, writer);
    tcase_add_test(tc, overflow);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
