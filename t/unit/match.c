
/* patterns over borders: against memmem on the whole */

#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include "unit.h"
#include "ngx_cc_match.h"


/* the pattern that ends first in the whole, by the words of the header */

static int
oracle(const ngx_cc_match_t *m, const uint8_t *p, size_t n, unsigned *which,
    size_t *end)
{
    int       found;
    size_t    i;
    unsigned  k;

    for (i = 1, found = 0; i <= n; i++) {
        for (k = 0; k < m->n; k++) {
            if (m->len[k] <= i
                && memcmp(p + i - m->len[k], m->pattern[k], m->len[k]) == 0)
            {
                *which = k;
                *end = i;
                return 1;
            }
        }
    }

    return found;
}


/*
 * What a terminal writes as CR LF is a newline; another CR is seen with the
 * byte behind it.  Returns how much is left, "origin" goes along.
 */

static size_t
newlines(uint8_t *plain, size_t *origin, size_t n)
{
    size_t  i, len;

    for (i = 0, len = 0; i < n; i++) {
        if (plain[i] == '\r' && (i + 1 == n || plain[i + 1] == '\n')) {
            continue;
        }

        origin[len] = origin[plain[i] == '\r' ? i + 1 : i];
        plain[len++] = plain[i];
    }

    return len;
}


START_TEST(borders)
{
    size_t          cut, n, end;
    unsigned        which;
    ngx_cc_match_t  m;

    static const char  text[] = "xxaabab$ yy";

    n = sizeof(text) - 1;

    for (cut = 0; cut <= n; cut++) {
        ngx_cc_match_init(&m, 0);
        ck_assert_int_eq(ngx_cc_match_add(&m, "nothing", 7), 0);
        ck_assert_int_eq(ngx_cc_match_add(&m, "abab$ ", 6), 0);

        if (ngx_cc_match_feed(&m, 0, (uint8_t *) text, cut, &which, &end)) {
            ck_assert_uint_ge(cut, 9);
            ck_assert_uint_eq(end, 9);
            continue;
        }

        ck_assert_uint_lt(cut, 9);

        /* another stream, or a gap, is no border but a wall */

        ck_assert_int_eq(ngx_cc_match_feed(&m, 1, (uint8_t *) text + cut,
                                           n - cut, &which, &end),
                         cut <= 3);

        ck_assert_int_eq(ngx_cc_match_feed(&m, 0, (uint8_t *) text + cut,
                                           n - cut, &which, &end), 1);
        ck_assert_uint_eq(end, 9 - cut);
        ck_assert_uint_eq(which, 1);
    }

    ngx_cc_match_init(&m, 0);
    (void) ngx_cc_match_add(&m, "ab", 2);
    ck_assert(!ngx_cc_match_feed(&m, 0, (uint8_t *) "a", 1, &which, &end));
    ngx_cc_match_gap(&m, 0);
    ck_assert(!ngx_cc_match_feed(&m, 0, (uint8_t *) "b", 1, &which, &end));
}
END_TEST


START_TEST(limits)
{
    int             i;
    char            p[300];
    ngx_cc_match_t  m;

    memset(p, 'x', sizeof(p));
    ngx_cc_match_init(&m, 0);
    ck_assert_int_eq(ngx_cc_match_add(&m, p, 0), -1);
    ck_assert_int_eq(ngx_cc_match_add(&m, p, 257), -1);

    for (i = 0; i < 8; i++) {
        ck_assert_int_eq(ngx_cc_match_add(&m, p, 256), 0);
    }

    ck_assert_int_eq(ngx_cc_match_add(&m, p, 1), -1);
}
END_TEST


START_TEST(ansi)
{
    size_t          i, n, end;
    unsigned        which;
    ngx_cc_match_t  m;

    static const char  text[] = "\x1b[01;32mro\x1b]0;title $ \x07ot@h\x1b[0m"
                                "\x1b[1m$\x1b[0m \x1b[K";

    n = sizeof(text) - 1;

    ngx_cc_match_init(&m, 1);
    (void) ngx_cc_match_add(&m, "root@h$ ", 8);

    ck_assert_int_eq(ngx_cc_match_feed(&m, 0, (uint8_t *) text, n, &which,
                                       &end), 1);
    ck_assert_uint_eq(end, n - 3);

    /* byte by byte it is the same */

    ngx_cc_match_init(&m, 1);
    (void) ngx_cc_match_add(&m, "root@h$ ", 8);

    for (i = 0; i < n - 4; i++) {
        ck_assert_int_eq(ngx_cc_match_feed(&m, 0, (uint8_t *) text + i, 1,
                                           &which, &end), 0);
    }

    ck_assert_int_eq(ngx_cc_match_feed(&m, 0, (uint8_t *) text + i, 1, &which,
                                       &end), 1);
    ck_assert_uint_eq(end, 1);

    /* control characters are as a reader is shown them */

    ngx_cc_match_init(&m, 1);
    (void) ngx_cc_match_add(&m, "a^Gb", 4);
    ck_assert_int_eq(ngx_cc_match_feed(&m, 0, (uint8_t *) "a\x07" "b", 3,
                                       &which, &end), 1);

    /* the newline of a terminal is one, in pieces, and in a pattern */

    for (i = 0; i < 4; i++) {
        ngx_cc_match_init(&m, 1);
        (void) ngx_cc_match_add(&m, i % 2 ? "ok\n$ " : "ok\r\n$ ",
                                i % 2 ? 5 : 6);

        n = i / 2 ? 3 : 2;
        ck_assert_int_eq(ngx_cc_match_feed(&m, 0, (uint8_t *) "ok\r\n$ ", n,
                                           &which, &end), 0);
        ck_assert_int_eq(ngx_cc_match_feed(&m, 0,
                                           (uint8_t *) "ok\r\n$ " + n, 6 - n,
                                           &which, &end), 1);
        ck_assert_uint_eq(end, 6 - n);
    }

    n = sizeof(text) - 1;

    /* and bytes stay bytes without it */

    ngx_cc_match_init(&m, 0);
    (void) ngx_cc_match_add(&m, "\x1b[K", 3);
    ck_assert_int_eq(ngx_cc_match_feed(&m, 0, (uint8_t *) text, n, &which,
                                       &end), 1);
    ck_assert_uint_eq(end, n);
}
END_TEST


/* small alphabets, so that much of it almost matches */

START_TEST(random_pieces)
{
    int             round, rounds, got, want, alphabet;
    size_t          i, n, part, end, at, expect;
    unsigned        seed, which, first;
    ngx_cc_match_t  m;

    static uint8_t  text[40000], plain[80000], pattern[256];
    static size_t   origin[80000];

    seed = 5 + _i;
    rounds = getenv("CC_NIGHTLY") ? 4000 : 250;

    for (round = 0; round < rounds; round++) {
        alphabet = 2 + rand_r(&seed) % 3;
        n = rand_r(&seed) % (round % 8 ? 600 : sizeof(text));

        for (i = 0; i < n; i++) {
            text[i] = 'a' + rand_r(&seed) % alphabet;

            if (_i % 2 && rand_r(&seed) % 5 == 0) {
                text[i] = "\x1b[m]\x07;0\n\x08\r\r"[rand_r(&seed) % 11];
            }
        }

        ngx_cc_match_init(&m, _i % 2);

        for (i = 1 + rand_r(&seed) % 8; i; i--) {
            part = 1 + rand_r(&seed) % (rand_r(&seed) % 4 ? 14 : 256);

            for (at = 0; at < part; at++) {
                pattern[at] = 'a' + rand_r(&seed) % alphabet;

                if (m.ansi && rand_r(&seed) % 8 == 0) {
                    pattern[at] = "\r\n"[rand_r(&seed) % 2];
                }
            }

            ck_assert_int_eq(ngx_cc_match_add(&m, pattern, part), 0);
        }

        /* the whole as a reader sees it, and where each byte comes from */

        expect = 0;

        if (m.ansi) {
            ngx_cc_readable_t  rd;

            memset(&rd, 0, sizeof(rd));

            for (i = 0; i < n; i++) {
                part = ngx_cc_readable_byte(&rd, text[i], plain + expect);

                while (part--) {
                    origin[expect++] = i + 1;
                }
            }

            expect = newlines(plain, origin, expect);

        } else {
            memcpy(plain, text, n);
            expect = n;
        }

        want = oracle(&m, plain, expect, &first, &end);
        expect = !want ? 0 : m.ansi ? origin[end - 1] : end;

        for (at = 0, got = 0; at < n && !got; at += part) {
            part = 1 + rand_r(&seed) % (rand_r(&seed) % 4 ? 9 : 9000);
            part = part < n - at ? part : n - at;
            got = ngx_cc_match_feed(&m, 0, text + at, part, &which, &end);

            if (got) {
                unit_assert(at + end == expect);
                unit_assert(which == first);
            }
        }

        unit_assert(got == want);
    }
}
END_TEST


int
main(void)
{
    Suite  *suite;
    TCase  *tc;

    suite = suite_create("match");

    tc = tcase_create("match");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, borders);
    tcase_add_test(tc, limits);
    tcase_add_test(tc, ansi);
    tcase_add_loop_test(tc, random_pieces, 0, 4);
    suite_add_tcase(suite, tc);

    return unit_run(suite);
}
