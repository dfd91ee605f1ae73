
/* the trace of a request: W3C Trace Context, sections 3.2, 3.3, 4.3 */

#include <stdio.h>
#include <string.h>
#include "unit.h"
#include "ngx_cc_trace.h"


#define ID      "0af7651916cd43dd8448eb211c80319c"
#define SPAN    "b7ad6b7169203331"
#define PARENT  "00-" ID "-" SPAN "-01"


static ngx_cc_trace_t  trace;


/* what becomes of a traceparent: "" when it is refused */

static const char *
parent(const char *text)
{
    int  rc;

    memset(&trace, 0, sizeof(trace));
    rc = ngx_cc_trace_parent(&trace, text, strlen(text));
    ck_assert_int_eq(rc, trace.parent[0] ? 0 : -1);

    return trace.parent;
}


/* of a tracestate, or of several headers: "" when it is refused */

static const char *
states(int n, const char **text)
{
    int  i, rc;

    memset(&trace, 0, sizeof(trace));
    rc = 0;

    for (i = 0; i < n; i++) {
        rc = ngx_cc_trace_state(&trace, text[i], strlen(text[i]));
    }

    ck_assert_int_eq(rc, trace.wrong ? -1 : 0);
    ck_assert_uint_eq(trace.len, strlen(trace.state));

    return trace.state;
}


static const char *
state(const char *text)
{
    return states(1, &text);
}


START_TEST(parents)
{
    ck_assert_str_eq(parent(PARENT), PARENT);
    ck_assert_int_eq(memcmp(ngx_cc_trace_id(trace.parent), ID,
                            NGX_CC_TRACE_ID), 0);
    ck_assert_int_eq(memcmp(ngx_cc_trace_span(trace.parent), SPAN,
                            NGX_CC_TRACE_SPAN), 0);

    /* flags: sampled, random; what is not defined is not passed on */

    ck_assert_str_eq(parent("00-" ID "-" SPAN "-00"), "00-" ID "-" SPAN "-00");
    ck_assert_str_eq(parent("00-" ID "-" SPAN "-02"), "00-" ID "-" SPAN "-02");
    ck_assert_str_eq(parent("00-" ID "-" SPAN "-03"), "00-" ID "-" SPAN "-03");
    ck_assert_str_eq(parent("00-" ID "-" SPAN "-ff"), "00-" ID "-" SPAN "-03");
    ck_assert_str_eq(parent("00-" ID "-" SPAN "-f0"), "00-" ID "-" SPAN "-00");

    /* a later version: its first parts */

    ck_assert_str_eq(parent("01-" ID "-" SPAN "-01"), PARENT);
    ck_assert_str_eq(parent("cc-" ID "-" SPAN "-01-what-will-be"), PARENT);
    ck_assert_str_eq(parent("fe-" ID "-" SPAN "-01-"), PARENT);
    ck_assert_str_eq(parent("cc-" ID "-" SPAN "-03-\x01\xff"), PARENT);
}
END_TEST


static const char  *bad_parents[] = {
    "",
    "00",
    ID,
    "00-" ID "-" SPAN,
    "00-" ID "-" SPAN "-",
    "00-" ID "-" SPAN "-1",
    "00-" ID "-" SPAN "-01-",
    "00-" ID "-" SPAN "-01-more",
    "00-" ID "-" SPAN "-011",
    "00-" ID "-" SPAN "-01 ",
    " 00-" ID "-" SPAN "-01",
    "\t00-" ID "-" SPAN "-1",
    "ff-" ID "-" SPAN "-01",
    "ff-" ID "-" SPAN "-01-more",
    "FE-" ID "-" SPAN "-01-more",
    "0-" ID "-" SPAN "-01-00",
    ".0-" ID "-" SPAN "-01",
    "0.-" ID "-" SPAN "-01",
    "0x-" ID "-" SPAN "-01",
    "cc-" ID "-" SPAN "-01.what-will-be",
    "cc-" ID "-" SPAN "-010",
    "cc-" ID "-" SPAN "-0",
    "00-00000000000000000000000000000000-" SPAN "-01",
    "cc-00000000000000000000000000000000-" SPAN "-01-more",
    "00-" ID "-0000000000000000-01",
    "cc-" ID "-0000000000000000-01-more",
    "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01",
    "00-" ID "-B7AD6B7169203331-01",
    "00-" ID "-" SPAN "-0A",
    "00-" ID "-" SPAN "-0x",
    "00-" ID "-" SPAN "-.0",
    "00-" ID "0-b7ad6b716920333-01",
    "00-0af7651916cd43dd8448eb211c80319-" SPAN "0-01",
    "00_" ID "-" SPAN "-01",
    "00-" ID "_" SPAN "-01",
    "00-" ID "-" SPAN "_01",
    "00-.af7651916cd43dd8448eb211c80319c-" SPAN "-01",
    "00-0af7651916cd43dd8448eb211c80319.-" SPAN "-01",
    "00-0af7651916cd43dd8448eb211c80319g-" SPAN "-01",
    "00-" ID "-.7ad6b7169203331-01",
    "00-" ID "-b7ad6b716920333\xc3-01",
    PARENT "," PARENT,
    "cc-" ID "-" SPAN "-01,more"
};


START_TEST(parents_refused)
{
    ck_assert_str_eq(parent(bad_parents[_i]), "");
}
END_TEST


/* every byte of it matters: with another value it is refused, or is another */

START_TEST(parents_changed)
{
    int     ch;
    char    text[sizeof(PARENT)];
    size_t  i;

    for (i = 0; i < sizeof(PARENT) - 1; i++) {
        for (ch = 0; ch < 256; ch++) {
            memcpy(text, PARENT, sizeof(PARENT));
            text[i] = (char) ch;
            memset(&trace, 0, sizeof(trace));

            if (ngx_cc_trace_parent(&trace, text, NGX_CC_TRACE_PARENT) == 0) {
                unit_assert((ch >= '0' && ch <= '9')
                            || (ch >= 'a' && ch <= 'f') || ch == '-');
                unit_assert(strlen(trace.parent) == NGX_CC_TRACE_PARENT);
                unit_assert(strspn(trace.parent, "0123456789abcdef-")
                            == NGX_CC_TRACE_PARENT);
            }
        }
    }

    for (i = 0; i < NGX_CC_TRACE_PARENT; i++) {
        memset(&trace, 0, sizeof(trace));
        unit_assert(ngx_cc_trace_parent(&trace, PARENT, i) == -1);
    }
}
END_TEST


#define A16    "aaaaaaaaaaaaaaaa"
#define A240   A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16
#define A256   A240 A16


static const struct {
    const char  *text;
    const char  *kept;
} good_states[] = {
    { "", "" },
    { "rojo=00f067aa0ba902b7", "rojo=00f067aa0ba902b7" },
    { "rojo=1,congo=2", "rojo=1,congo=2" },
    { " rojo=1\t, \tcongo=2 ", "rojo=1,congo=2" },
    { ",, rojo=1,,congo=2, ,", "rojo=1,congo=2" },
    { ", ,\t,", "" },
    { "a=!\"#$%&'()*+-./:;<>?@[\\]^_`{|}~", "a=!\"#$%&'()*+-./:;<>?@[\\]^_`{|}~" },
    { "a= b  c", "a= b  c" },
    { "a_-*/9=1", "a_-*/9=1" },
    { "fw529a3039@dt=FfUAUA", "fw529a3039@dt=FfUAUA" },
    { "0tenant_-*/@s_-*/0=1", "0tenant_-*/@s_-*/0=1" },
    { "a=1,aa=2,a@a=3", "a=1,aa=2,a@a=3" },
    { A256 "=1", A256 "=1" },
    { "a=" A256, "a=" A256 },
    { A240 "a@aaaaaaaaaaaaaa=1", A240 "a@aaaaaaaaaaaaaa=1" }
};


static const char  *bad_states[] = {
    "rojo",
    "rojo=",
    "=1",
    "=",
    "a==1",
    "a=1=2",
    "a=1,b",
    "a=1,a=2",
    "a=1,b=2,a=1",
    "a@a=1,a@a=2",
    "a =1",
    "a= ",
    "A=1",
    "rojO=1",
    "0=1",
    "0a=1",
    "_a=1",
    "a.b=1",
    "a%=1",
    "@a=1",
    "a@=1",
    "a@0=1",
    "a@_=1",
    "a@b@c=1",
    "_a@b=1",
    "a=\t1",
    "a=1\n",
    "a=1\x7f",
    "a=\xc3\xa9",
    "\xc3\xa9=1",
    "a=1;b=2,() { :;}=3",
    A256 "a=1",
    "a=" A256 "a",
    A240 "aa@a=1",
    A240 "aa@aaaaaaaaaaaaaa=1",
    "a@aaaaaaaaaaaaaaa=1"
};


START_TEST(members)
{
    ck_assert_str_eq(state(good_states[_i].text), good_states[_i].kept);
    ck_assert_int_eq(trace.wrong, 0);
}
END_TEST


START_TEST(members_refused)
{
    ck_assert_str_eq(state(bad_states[_i]), "");
    ck_assert_int_eq(trace.wrong, 1);
}
END_TEST


/* NUL is no end of a text that has a length */

START_TEST(nul)
{
    memset(&trace, 0, sizeof(trace));
    ck_assert_int_eq(ngx_cc_trace_state(&trace, "a=1\0,b=2", 8), -1);

    memset(&trace, 0, sizeof(trace));
    ck_assert_int_eq(ngx_cc_trace_state(&trace, "a\0=1", 4), -1);

    memset(&trace, 0, sizeof(trace));
    ck_assert_int_eq(ngx_cc_trace_parent(&trace, PARENT "\0",
                                         NGX_CC_TRACE_PARENT + 1), -1);
}
END_TEST


START_TEST(headers)
{
    const char  *both[] = { "a=1,b=2", "", " c=3 " };
    const char  *twice[] = { "a=1,b=2", "b=3" };
    const char  *wrong[] = { "a=1", "B", "c=3" };

    ck_assert_str_eq(states(3, both), "a=1,b=2,c=3");
    ck_assert_str_eq(states(2, twice), "");
    ck_assert_str_eq(states(3, wrong), "");
}
END_TEST


/* 32 members, 512 bytes, and not one more */

START_TEST(limits)
{
    int     i, n;
    char    text[1024], *p;
    size_t  len;

    for (n = 1; n < 40; n++) {
        p = text;

        for (i = 0; i < n; i++) {
            p += sprintf(p, "%sk%d=v", i ? "," : "", i);
        }

        ck_assert_str_eq(state(text), n <= NGX_CC_TRACE_MEMBERS ? text : "");
    }

    for (len = 500; len < 530; len++) {
        memset(text, 'x', sizeof(text));
        memcpy(text, "a=", 2);
        memcpy(text + 250, ",b=", 3);
        text[len] = '\0';

        if (len - 253 > 256) {
            memcpy(text + 500, ",c=", 3);
        }

        ck_assert_str_eq(state(text), len <= NGX_CC_TRACE_STATE
                                      && text[len - 1] != '=' ? text : "");
    }
}
END_TEST


/* whatever comes: what is kept is one line of printable ASCII, and short */

START_TEST(anything)
{
    int       i, k, n;
    char      text[80];
    size_t    at;
    uint32_t  seed;

    static const char  alphabet[] = "ab0,,==@ \t_-*/A\x7f\xff\n";

    seed = 1;

    for (i = 0; i < 200000; i++) {
        n = 1 + i % 40;

        for (k = 0; k < n; k++) {
            seed = seed * 1103515245 + 12345;
            text[k] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
        }

        memset(&trace, 0, sizeof(trace));

        if (ngx_cc_trace_state(&trace, text, n) == -1) {
            unit_assert(trace.len == 0 && trace.state[0] == '\0');
            continue;
        }

        unit_assert(trace.len <= (size_t) n);

        for (at = 0; at < trace.len; at++) {
            unit_assert(trace.state[at] >= 0x20 && trace.state[at] <= 0x7e);
        }

        if (trace.len) {
            unit_assert(strchr("ab0", trace.state[0]) != NULL);
            unit_assert(strchr(trace.state, '=') != NULL);
            unit_assert(trace.state[trace.len - 1] != ','
                        && trace.state[trace.len - 1] != ' ');
        }
    }
}
END_TEST


int
main(void)
{
    TCase  *tc;
    Suite  *suite;

    suite = suite_create("trace");
    tc = tcase_create("all");
    tcase_add_test(tc, parents);
    tcase_add_loop_test(tc, parents_refused, 0,
                        sizeof(bad_parents) / sizeof(char *));
    tcase_add_test(tc, parents_changed);
    tcase_add_loop_test(tc, members, 0,
                        sizeof(good_states) / sizeof(good_states[0]));
    tcase_add_loop_test(tc, members_refused, 0,
                        sizeof(bad_states) / sizeof(char *));
    tcase_add_test(tc, nul);
    tcase_add_test(tc, headers);
    tcase_add_test(tc, limits);
    tcase_add_test(tc, anything);
    suite_add_tcase(suite, tc);

    return unit_run(suite);
}
