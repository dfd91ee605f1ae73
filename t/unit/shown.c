
/* output as it is seen later: what was overwritten is not there any more */

#include <string.h>
#include "unit.h"
#include "ngx_cc_shown.h"


#define ESC  "\x1b"


static uint8_t  out[2 << 20];


/* "in" in two pieces with a cut behind "cut" bytes */

static const char *
shown(const char *in, size_t n, size_t cut)
{
    size_t          pos;
    ngx_cc_shown_t  s;

    memset(&s, 0, sizeof(s));

    pos = ngx_cc_shown_add(&s, out, 0, (const uint8_t *) in, cut);
    unit_assert(pos <= 2 * cut);
    pos = ngx_cc_shown_add(&s, out, pos, (const uint8_t *) in + cut, n - cut);
    unit_assert(pos <= 2 * n);
    out[pos] = '\0';

    return (char *) out;
}


static const struct {
    const char  *in;
    const char  *want;
} cases[] = {
    { "", "" },
    { "plain\ntext", "plain\ntext" },
    { "\xc3\xa4\xe2\x82\xac\n", "\xc3\xa4\xe2\x82\xac\n" },

    /* carriage return: the last form of a line; what ends it, does not count */
    { "10%\r50%\r100%\n", "100%\n" },
    { "\r10%\r50%", "50%" },
    { "100%\r5%", "5%" },
    { "a\r\nb\r\n", "a\nb\n" },
    { "a\r\r\nb", "a\nb" },
    { "kept\n10%\r20%", "kept\n20%" },
    { "10%\r" ESC "[K20%\n", "20%\n" },
    { "10%\r", "10%" },

    /* what is for terminals only */
    { ESC "[31mred" ESC "[0m\n", "red\n" },
    { ESC "]0;title\x07text", "text" },
    { "\x01\x7f", "^A^?" },

    /* backspace: a spinner, bold and underlined of a manual, a correction */
    { "|\b/\b-\b\\\b.", "." },
    { "wait |\b/\b-", "wait -" },
    { "N\bNA\bA", "NA" },
    { "_\bf_\bi", "fi" },
    { "abc\b\bX", "aXc" },
    { "abc\b\bXYZ", "aXYZ" },
    { "abc\b", "abc" },
    { "abc\b\n", "abc\n" },
    { "ab\b\b\b\b\bX", "Xb" },
    { "\b\bX", "X" },
    { "kept\n\b\bX", "kept\nX" },
    { "ab\b\bX\rY", "Y" },
    { "ab\r\bX", "X" },

    /* characters of several bytes, over others and below them */
    { "\xc3\xa4\b\xc3\xb6", "\xc3\xb6" },
    { "a\b\xe2\x82\xac", "\xe2\x82\xac" },
    { "ab\b\b\xe2\x82\xac", "\xe2\x82\xac" "b" },
    { "\xe2\x82\xac\xe2\x82\xac\b\bab", "ab" },
    { "\xf0\x9f\x91\x8d\bx", "x" },
    { "a\xc3\xa4\b\b\xc3\xb6\xc3\xbc", "\xc3\xb6\xc3\xbc" },
};


START_TEST(cases_in_two_pieces)
{
    size_t  i, cut, n;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        n = strlen(cases[i].in);

        for (cut = 0; cut <= n; cut++) {
            ck_assert_msg(strcmp(shown(cases[i].in, n, cut), cases[i].want)
                          == 0,
                          "case %zu, cut %zu: \"%s\"", i, cut, out);
        }
    }
}
END_TEST


/* another stream wrote in between: nothing before it is touched any more */

START_TEST(from)
{
    size_t          pos;
    ngx_cc_shown_t  s;

    memset(&s, 0, sizeof(s));
    pos = ngx_cc_shown_add(&s, out, 0, (const uint8_t *) "10%\r", 4);
    memcpy(out + pos, "\n[stderr]\n", 10);
    pos += 10;
    ngx_cc_shown_from(&s, pos);
    pos = ngx_cc_shown_add(&s, out, pos, (const uint8_t *) "20%\b\b\b\b\b3",
                           9);
    out[pos] = '\0';

    ck_assert_str_eq((char *) out, "10%\n[stderr]\n30%");
}
END_TEST


/* it goes back 256 characters only, so that nobody makes it move much */

START_TEST(far_back)
{
    size_t  i, n;
    char    in[4096];

    n = 0;

    for (i = 0; i < 1500; i++) {
        in[n++] = 'a';
    }

    for (i = 0; i < 1500; i++) {
        in[n++] = '\b';
    }

    in[n++] = 'X';

    (void) shown(in, n, 0);
    ck_assert_uint_eq(strlen((char *) out), 1500);
    ck_assert_ptr_eq(strchr((char *) out, 'X'),
                     out + 1500 - NGX_CC_SHOWN_BACK);
}
END_TEST


/* what would be slow, if every byte was looked at again: minutes */

START_TEST(no_slower)
{
    size_t       i, j, n, k;
    static char  in[1 << 20];

    static const char  *endless[] = { "\x80", "\x80\b", "\xc3\xa4\b", "\b",
                                      "x\b\xe2\x82\xac\b\b" };

    for (k = 0; k < 2 * sizeof(endless) / sizeof(endless[0]); k++) {
        j = k / (sizeof(endless) / sizeof(endless[0]));
        n = strlen(endless[k % (sizeof(endless) / sizeof(endless[0]))]);
        memset(in, k % 2 ? 'x' : '\x80', sizeof(in) / 2);

        /* as far back as there is a way, too */

        memset(in + sizeof(in) / 2 - 2000, '\b', j ? 2000 : 0);

        for (i = sizeof(in) / 2; i + n <= sizeof(in); i += n) {
            memcpy(in + i, endless[k % (sizeof(endless) / sizeof(endless[0]))],
                   n);
        }

        (void) shown(in, i, i / 3);
    }
}
END_TEST


/* any bytes: no control character is left but newline and tab */

START_TEST(noise)
{
    char      in[512];
    size_t    i, j, n;
    unsigned  x = 1;

    for (i = 0; i < 20000; i++) {
        n = i % sizeof(in);

        for (j = 0; j < n; j++) {
            x = x * 1103515245 + 12345;
            in[j] = (x >> 16) % 3
                    ? (char) (x >> 20)
                    : "\x1b[];m\\P\n\r\b\b\xc3\xa4"[(x >> 20) % 14];
        }

        (void) shown(in, n, n / 2);

        for (j = 0;
             (out[j] >= 0x20 && out[j] != 0x7f) || out[j] == '\n'
             || out[j] == '\t';
             j++)
        {
            /* void */
        }

        ck_assert_uint_eq(out[j], 0);
    }
}
END_TEST


int
main(void)
{
    Suite  *suite;
    TCase  *tc;

    suite = suite_create("shown");
    tc = tcase_create("shown");
    suite_add_tcase(suite, tc);
    tcase_set_timeout(tc, 60);

    tcase_add_test(tc, cases_in_two_pieces);
    tcase_add_test(tc, from);
    tcase_add_test(tc, far_back);
    tcase_add_test(tc, no_slower);
    tcase_add_test(tc, noise);

    return unit_run(suite);
}
