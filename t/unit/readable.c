
/* what is left of output that was made for a terminal, cut anywhere */

#include <stdio.h>
#include <string.h>
#include "unit.h"
#include "ngx_cc_json_write.h"
#include "ngx_cc_readable.h"


#define ESC  "\x1b"


static uint8_t  out[65536];


/* "in" in two pieces with a cut behind "cut" bytes, "room" bytes at a time */

static const char *
text(const char *in, size_t n, size_t cut, size_t room, int *lossy)
{
    size_t              i, len, taken;
    uint8_t            *pos, *end;
    ngx_cc_readable_t   rd;

    memset(&rd, 0, sizeof(rd));
    pos = out;
    *lossy = 0;

    for (i = 0; i < n; i += taken) {
        len = (i < cut ? cut : n) - i;
        end = pos + room;
        taken = ngx_cc_readable_escape(&rd, &pos, end,
                                       (const uint8_t *) in + i, len, lossy);

        if (taken == 0 || taken > len || pos > end) {
            ck_abort_msg("taken %zu of %zu", taken, len);
        }
    }

    *pos = '\0';

    return (char *) out;
}


static const struct {
    const char  *in;
    const char  *want;
} cases[] = {
    { "plain text", "plain text" },
    { "a\nb\tc\r\n\"\\", "a\\nb\\tc\\r\\n\\\"\\\\" },
    { "\xc3\xa4\xe2\x82\xac", "\xc3\xa4\xe2\x82\xac" },
    { ESC "[31mred" ESC "[0m.", "red." },
    { ESC "[1;38;5;200mx" ESC "[m", "x" },
    { ESC "[?25l" ESC "[2K" ESC "[1Gdone", "done" },
    { ESC "(Bx" ESC "=y" ESC ">z" ESC "M", "xyz" },
    { ESC "]0;title\x07hello", "hello" },
    { ESC "]0;title" ESC "\\hello", "hello" },
    { ESC "]8;;http://x/" ESC "\\link" ESC "]8;;" ESC "\\", "link" },
    { ESC "Pq#0;2;0" ESC "\\after", "after" },
    { ESC "]0;never closed\nnext line", "\\nnext line" },
    { ESC "]0;in the middle" ESC "[31mx", "x" },
    { ESC "[31\nx", "\\nx" },
    { ESC "[31" ESC "[32mx", "x" },
    { ESC ESC "[32mx", "x" },
    { ESC "\xc3\xa4", "\xc3\xa4" },
    { "end" ESC, "end" },
    { "end" ESC "[3", "end" },
    { "\x01\x07\x08\x1c\x1f\x7f", "^A^G^H^\\\\^_^?" },
    { "N\bNA\bA", "N^HNA^HA" },
    { "\xff\x1b[0m\xff", "\xef\xbf\xbd\xef\xbf\xbd" },
};


START_TEST(sequences)
{
    int         lossy;
    size_t      i, n, cut;
    const char  *in;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        in = cases[i].in;
        n = strlen(in);

        ck_assert_str_eq(text(in, n, n, sizeof(out) - 1, &lossy),
                         cases[i].want);
        ck_assert_int_eq(lossy, strchr(in, 0xff) != NULL);

        for (cut = 0; cut < n; cut++) {
            if ((in[cut] & 0xc0) == 0x80) {
                /* characters are not cut by who calls */
                continue;
            }

            ck_assert_str_eq(text(in, n, cut, sizeof(out) - 1, &lossy),
                             cases[i].want);
        }

        ck_assert_str_eq(text(in, n, n, 6, &lossy), cases[i].want);
    }

    ck_assert_str_eq(text("a\0b", 3, 3, 100, &lossy), "a^@b");
}
END_TEST


/* a sequence that does not end does not eat everything */

START_TEST(endless)
{
    int     lossy;
    size_t  i;
    char    in[3 * NGX_CC_READABLE_MAX];

    static const char  *begin[] = { ESC "]", ESC "P", ESC "[", ESC " " };
    static const char   fill[] = { 'x', 'x', '0', '/' };

    for (i = 0; i < 4; i++) {
        memset(in, fill[i], sizeof(in));
        memcpy(in, begin[i], 2);
        ck_assert_uint_eq(strlen(text(in, sizeof(in), sizeof(in),
                                      sizeof(out) - 1, &lossy)),
                          sizeof(in) - NGX_CC_READABLE_MAX - 1);
    }
}
END_TEST


/* any bytes: no control character is left, and it comes to an end */

START_TEST(noise)
{
    int       lossy;
    char      in[512];
    size_t    i, j, n;
    unsigned  x = 1;

    for (i = 0; i < 20000; i++) {
        n = i % sizeof(in);

        for (j = 0; j < n; j++) {
            x = x * 1103515245 + 12345;
            in[j] = (x >> 16) % 3 ? (char) (x >> 20)
                                  : "\x1b[];m\\P\n"[(x >> 20) % 9];
        }

        (void) text(in, n, n / 2, i % 2 ? 7 : sizeof(out) / 2, &lossy);

        for (j = 0; out[j] >= 0x20 && out[j] != 0x7f; j++) { /* void */ }

        ck_assert_uint_eq(out[j], 0);
    }
}
END_TEST


int
main(void)
{
    Suite  *suite;
    TCase  *tc;

    suite = suite_create("readable");
    tc = tcase_create("readable");
    suite_add_tcase(suite, tc);

    tcase_add_test(tc, sequences);
    tcase_add_test(tc, endless);
    tcase_add_test(tc, noise);

    return unit_run(suite);
}
