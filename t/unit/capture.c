
/* output kept for one answer: what stays, what goes, where it is cut */

#include <string.h>
#include "ngx_cc_capture.h"
#include "ngx_cc_utf8.h"
#include "unit.h"


/* all pieces in order, with "|" where something was left out */

static size_t
told(ngx_cc_capture_t *c, size_t limit, char *to, uint64_t *left)
{
    size_t                 n, i;
    ngx_cc_capture_cut_t   cut;

    ngx_cc_capture_cut(c, limit, &cut);

    n = cut.head.len;

    if (n) {
        memcpy(to, cut.head.data, n);
    }

    if (cut.cut) {
        to[n++] = '|';
    }

    for (i = 0; i < NGX_CC_CAPTURE_PIECES - 1; i++) {
        if (cut.tail[i].len) {
            memcpy(to + n, cut.tail[i].data, cut.tail[i].len);
            n += cut.tail[i].len;
        }
    }

    to[n] = '\0';
    *left = cut.cut;

    return n;
}


static void
add(ngx_cc_capture_t *c, const char *text)
{
    ck_assert_int_eq(ngx_cc_capture_add(c, (const uint8_t *) text,
                                        strlen(text)), 0);
}


START_TEST(short_output)
{
    char              buf[64];
    uint64_t          left;
    ngx_cc_capture_t  c = { .limit = 10 };

    ck_assert_uint_eq(told(&c, 10, buf, &left), 0);
    add(&c, "abc");
    add(&c, "defg");
    told(&c, 10, buf, &left);
    ck_assert_str_eq(buf, "abcdefg");
    ck_assert_uint_eq(left, 0);

    /* exactly the limit is not cut */

    add(&c, "hij");
    told(&c, 10, buf, &left);
    ck_assert_str_eq(buf, "abcdefghij");
    ck_assert_uint_eq(left, 0);

    /* and cut to less than was kept */

    told(&c, 4, buf, &left);
    ck_assert_str_eq(buf, "ab|ij");
    ck_assert_uint_eq(left, 6);

    ngx_cc_capture_free(&c);
    ck_assert_uint_eq(c.total, 10);
}
END_TEST


START_TEST(long_output)
{
    char              buf[64];
    uint64_t          left;
    ngx_cc_capture_t  c = { .limit = 10 };

    add(&c, "abcdefghijk");
    told(&c, 10, buf, &left);
    ck_assert_str_eq(buf, "abcde|ghijk");
    ck_assert_uint_eq(left, 1);

    add(&c, "l");
    told(&c, 10, buf, &left);
    ck_assert_str_eq(buf, "abcde|hijkl");

    add(&c, "0123456789012345678901234567890123456789XYZ");
    told(&c, 10, buf, &left);
    ck_assert_str_eq(buf, "abcde|89XYZ");
    ck_assert_uint_eq(left, 45);

    ngx_cc_capture_free(&c);
}
END_TEST


START_TEST(limits)
{
    char              buf[64];
    uint64_t          left;
    ngx_cc_capture_t  none = { .limit = 0 };
    ngx_cc_capture_t  one = { .limit = 1 };

    add(&none, "abc");
    told(&none, 0, buf, &left);
    ck_assert_str_eq(buf, "|");
    ck_assert_uint_eq(left, 3);
    ck_assert_ptr_null(none.buf);

    add(&one, "a");
    told(&one, 1, buf, &left);
    ck_assert_str_eq(buf, "a");
    add(&one, "bc");
    told(&one, 1, buf, &left);
    ck_assert_str_eq(buf, "|c");
    ck_assert_uint_eq(left, 2);

    ngx_cc_capture_free(&one);
}
END_TEST


/* the same bytes in every chopping and at every limit, compared with plain
 * arithmetic on the whole text */

START_TEST(every_cut)
{
    int               part, limit, shorter;
    char              text[200], want[256], got[256];
    size_t            i, n, half;
    uint64_t          left;
    ngx_cc_capture_t  c;

    for (i = 0; i < sizeof(text); i++) {
        text[i] = 'A' + i % 57;
    }

    for (limit = 0; limit < 64; limit++) {
        for (part = 1; part < 70; part += 3) {

            memset(&c, 0, sizeof(c));
            c.limit = limit;

            for (i = 0; i < sizeof(text); i += n) {
                n = sizeof(text) - i;
                n = n < (size_t) part ? n : (size_t) part;
                unit_assert(ngx_cc_capture_add(&c, (uint8_t *) text + i, n)
                            == 0);
            }

            for (shorter = 0; shorter <= limit; shorter += 7) {
                half = shorter / 2;
                memcpy(want, text, half);
                want[half] = '|';
                memcpy(want + half + 1, text + sizeof(text) - shorter + half,
                       shorter - half);

                n = told(&c, shorter, got, &left);
                unit_assert(n == (size_t) shorter + 1);
                unit_assert(memcmp(got, want, n) == 0);
                unit_assert(left == sizeof(text) - shorter);
            }

            ngx_cc_capture_free(&c);
        }
    }
}
END_TEST


/* characters of 1 to 4 bytes: no piece begins or ends inside one */

START_TEST(characters)
{
    int                    limit, part;
    char                   got[512];
    size_t                 i, n, len;
    uint64_t               left;
    ngx_cc_utf8_t          utf8;
    ngx_cc_capture_t       c;
    ngx_cc_capture_cut_t   cut;

    static const char  text[] =
        "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z\xc3\x9f\xe2\x98\x83\xf0\x9f"
        "\x8c\x8d\xf0\x9f\x98\x80\xe2\x82\xac\xc3\xa4" "b\xe2\x82\xac";

    len = sizeof(text) - 1;

    for (limit = 0; limit < (int) len; limit++) {
        for (part = 1; part < 8; part++) {

            memset(&c, 0, sizeof(c));
            c.limit = limit;

            for (i = 0; i < len; i += n) {
                n = len - i < (size_t) part ? len - i : (size_t) part;
                unit_assert(ngx_cc_capture_add(&c, (uint8_t *) text + i, n)
                            == 0);
            }

            n = told(&c, limit, got, &left);
            memset(&utf8, 0, sizeof(utf8));
            unit_assert(ngx_cc_utf8_check(&utf8, (uint8_t *) got, n) == n);
            unit_assert(ngx_cc_utf8_done(&utf8));
            unit_assert(n - 1 + left == len);
            unit_assert(n - 1 + 8 > (size_t) limit);

            /* each piece by itself, since each is escaped by itself */

            ngx_cc_capture_cut(&c, limit, &cut);

            for (i = 0; i < NGX_CC_CAPTURE_PIECES - 1; i++) {
                if (cut.tail[i].len == 0) {
                    continue;
                }

                memset(&utf8, 0, sizeof(utf8));
                unit_assert(ngx_cc_utf8_check(&utf8, cut.tail[i].data,
                                              cut.tail[i].len)
                            == cut.tail[i].len);
                unit_assert(ngx_cc_utf8_done(&utf8));
            }

            ngx_cc_capture_free(&c);
        }
    }
}
END_TEST


/*
 * Bytes that are missing: what is shown before the cut is what came before the
 * first gap, what is shown behind it came after the last one, and nothing else
 * is made up, wherever the gaps are.
 */

START_TEST(gaps)
{
    size_t                 limit, i, before, behind, gap, n;
    ngx_cc_capture_t       c;
    ngx_cc_capture_cut_t   cut;

    for (limit = 0; limit < 70; limit += 7) {
        for (i = 0; i < 1000; i += 3) {
            before = i % 10 * 7;
            gap = 1 + i / 10 % 10 * 11;
            behind = i / 100 * 13;

            memset(&c, 0, sizeof(c));
            c.limit = limit;

            for (n = 0; n < before; n++) {
                unit_assert(ngx_cc_capture_add(&c, (const uint8_t *) "b", 1)
                            == 0);
            }

            ngx_cc_capture_skip(&c, gap);

            if (i % 2 && before) {
                /* another one: what is between them is left out */
                unit_assert(ngx_cc_capture_add(&c, (const uint8_t *) "xxxx",
                                               4) == 0);
                ngx_cc_capture_skip(&c, 5);
            }

            for (n = 0; n < behind; n++) {
                unit_assert(ngx_cc_capture_add(&c, (const uint8_t *) "e", 1)
                            == 0);
            }

            ngx_cc_capture_cut(&c, limit, &cut);

            n = cut.head.len;
            ck_assert_uint_eq(n, before < limit / 2 ? before : limit / 2);

            while (n) {
                unit_assert(cut.head.data[--n] == 'b');
            }

            n = 0;

            for (int k = 0; k < NGX_CC_CAPTURE_PIECES - 1; k++) {
                for (size_t j = 0; j < cut.tail[k].len; j++, n++) {
                    unit_assert(cut.tail[k].data[j] == 'e');
                }
            }

            ck_assert_uint_eq(n, behind < limit - limit / 2
                                 ? behind : limit - limit / 2);
            ck_assert_uint_eq(cut.head.len + n + cut.cut, c.total);
            ngx_cc_capture_free(&c);
        }
    }
}
END_TEST


int
main(void)
{
    Suite  *suite;
    TCase  *tc;

    suite = suite_create("capture");
    tc = tcase_create("capture");
    suite_add_tcase(suite, tc);

    tcase_add_test(tc, short_output);
    tcase_add_test(tc, long_output);
    tcase_add_test(tc, limits);
    tcase_add_test(tc, every_cut);
    tcase_add_test(tc, characters);
    tcase_add_test(tc, gaps);

    return unit_run(suite);
}
