
/* hosts and origins: one form, exact comparison, nothing odd gets through */

#include <string.h>
#include "unit.h"
#include "ngx_cc_origin.h"


static const char *
host(const char *text)
{
    static ngx_cc_origin_t  o;

    return ngx_cc_origin_host(&o, (const uint8_t *) text, strlen(text)) == 0
           ? o.host : NULL;
}


static int
parses(ngx_cc_origin_t *o, const char *text)
{
    return ngx_cc_origin_parse(o, (const uint8_t *) text, strlen(text)) == 0;
}


START_TEST(hosts)
{
    size_t  i;

    static const char  *good[][2] = {
        { "localhost", "localhost" },
        { "LocalHost:8003", "localhost" },
        { "exec-1.example.com", "exec-1.example.com" },
        { "a_b", "a_b" },
        { "localhost.", "localhost." },
        { "127.0.0.1:1", "127.0.0.1" },
        { "xn--bcher-kva.example", "xn--bcher-kva.example" },
        { "[::1]", "[::1]" },
        { "[::1]:65535", "[::1]" },
        { "[0:0:0:0:0:0:0:1]", "[::1]" },
        { "[FE80::A]", "[fe80::a]" },
    };

    static const char  *bad[] = {
        "", ":", ":80", "a:", "a:0", "a:65536", "a:123456", "a:8x", "a:-1",
        "a:+1", "a b", "a/", "a/b", "a?b", "a#b", "user@a", "a%2e", "a*b",
        "b\xc3\xbc" "cher", "a\tb", "a\x7f", "[::1", "::1", "[]", "[::1]x",
        "[::1]:", "[1.2.3.4]", "[fe80::1%25eth0]", "[::1]]", "a,b", "a\"b",
        "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]"
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ck_assert_pstr_eq(host(good[i][0]), good[i][1]);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_msg(host(bad[i]) == NULL, "\"%s\" is no host", bad[i]);
    }
}
END_TEST


START_TEST(long_ones)
{
    char             text[600];
    ngx_cc_origin_t  o;

    memset(text, 'a', sizeof(text));

    ck_assert_int_eq(ngx_cc_origin_host(&o, (uint8_t *) text, 255), 0);
    ck_assert_uint_eq(strlen(o.host), 255);
    ck_assert_int_eq(ngx_cc_origin_host(&o, (uint8_t *) text, 256), -1);

    memcpy(text + 31, "://b", 4);
    ck_assert_int_eq(ngx_cc_origin_parse(&o, (uint8_t *) text, 35), 0);
    ck_assert_uint_eq(strlen(o.scheme), 31);

    memcpy(text + 31, "a://b", 5);
    ck_assert_int_eq(ngx_cc_origin_parse(&o, (uint8_t *) text, 36), -1);

    memset(text, '[', sizeof(text));
    text[599] = ']';
    ck_assert_int_eq(ngx_cc_origin_host(&o, (uint8_t *) text, 600), -1);

    memcpy(text, "[::1\0]", 6);
    ck_assert_int_eq(ngx_cc_origin_host(&o, (uint8_t *) text, 6), -1);
}
END_TEST


START_TEST(origins)
{
    size_t           i;
    ngx_cc_origin_t  a, b;

    static const char  *bad[] = {
        "", "null", "http", "http:", "http:/", "http://", "://a", "//a",
        "http://a/", "http://a/b", "http://a?", "http://a#", "http:a",
        "http://u@a", "1http://a", "h ttp://a", "http://a b", "http://a:",
        "http://a:0", "http://a:99999", "http://*", "http://*.a", "*",
        "http://a, http://b", " http://a", "http://a "
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_msg(!parses(&a, bad[i]), "\"%s\" is no origin", bad[i]);
    }

    ck_assert(parses(&a, "HTTP://LocalHost:80"));
    ck_assert_str_eq(a.scheme, "http");
    ck_assert_str_eq(a.host, "localhost");
    ck_assert_uint_eq(a.port, 80);

    ck_assert(parses(&b, "http://localhost"));
    ck_assert(ngx_cc_origin_same(&a, &b));

    ck_assert(parses(&b, "https://localhost"));
    ck_assert_uint_eq(b.port, 443);
    ck_assert(!ngx_cc_origin_same(&a, &b));
    ck_assert(parses(&b, "https://localhost:80"));
    ck_assert(!ngx_cc_origin_same(&a, &b));
    ck_assert(parses(&b, "http://localhost:81"));
    ck_assert(!ngx_cc_origin_same(&a, &b));
    ck_assert(parses(&b, "http://localhost."));
    ck_assert(!ngx_cc_origin_same(&a, &b));
    ck_assert(parses(&b, "http://a.localhost"));
    ck_assert(!ngx_cc_origin_same(&a, &b));
    ck_assert(parses(&b, "http://localhost.evil.example"));
    ck_assert(!ngx_cc_origin_same(&a, &b));
    ck_assert(parses(&b, "http://localhos"));
    ck_assert(!ngx_cc_origin_same(&a, &b));

    ck_assert(parses(&a, "chrome-extension://abcdefgh"));
    ck_assert_uint_eq(a.port, 0);
    ck_assert(parses(&b, "vscode-webview://abcdefgh"));
    ck_assert(!ngx_cc_origin_same(&a, &b));
}
END_TEST


START_TEST(this_machine)
{
    size_t  i;

    static const char  *local[] = {
        "localhost", "127.0.0.1", "127.1.2.3", "[::1]"
    };

    static const char  *other[] = {
        "", "localhost.", "a.localhost", "localhost.evil", "128.0.0.1",
        "127.0.0.1.evil", "127.1", "0177.0.0.1", "0x7f000001", "2130706433",
        "[::]", "[::ffff:127.0.0.1]", "0.0.0.0"
    };

    for (i = 0; i < sizeof(local) / sizeof(local[0]); i++) {
        ck_assert_msg(ngx_cc_origin_loopback(local[i]), "%s", local[i]);
    }

    for (i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
        ck_assert_msg(!ngx_cc_origin_loopback(other[i]), "%s", other[i]);
    }
}
END_TEST


int
main(void)
{
    TCase  *tc;
    Suite  *suite;

    suite = suite_create("origin");
    tc = tcase_create("all");
    tcase_add_test(tc, hosts);
    tcase_add_test(tc, long_ones);
    tcase_add_test(tc, origins);
    tcase_add_test(tc, this_machine);
    suite_add_tcase(suite, tc);

    return unit_run(suite);
}
