
/* the request parser: what is a request, what is not, and why */

#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_request.h"
#include "shim.h"
#include "unit.h"


static ngx_log_t         log_;
static ngx_cc_request_t  rq;


/* parses a text, "step" bytes at a time, each piece in memory of its own */

static ngx_int_t
parse(const char *text, size_t len, size_t step)
{
    size_t     at, n;
    u_char    *piece;
    ngx_int_t  rc;

    rq.log = &log_;
    rc = NGX_AGAIN;

    for (at = 0; rc == NGX_AGAIN; at += n) {
        n = step < len - at ? step : len - at;
        piece = malloc(n + 1);
        memcpy(piece, text + at, n);
        rc = ngx_cc_request_push(&rq, piece, n, at + n == len);
        free(piece);
    }

    return rc;
}


static const struct {
    const char  *text;
    ngx_int_t    code;
    const char  *id;             /* NULL: none */
} cases[] = {
    { "{\"method\":\"a\",\"id\":1}", 0, "1" },
    { "{\"method\":\"a\"}", 0, NULL },
    { " \t\n{\"method\":\"a\",\"params\":{},\"id\":\"x\"} \n", 0, "x" },
    { "{\"id\":-1.50e+3,\"method\":\"a\"}", 0, "-1.50e+3" },
    { "{\"id\":12345678901234567890123,\"method\":\"a\"}", 0,
      "12345678901234567890123" },
    { "{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"params\":{\"b\":[1,{\"c\":null}]},"
      "\"id\":1}", 0, "1" },
    { "{\"method\":\"\\u0061\\ud83d\\ude00\",\"id\":1}", 0, "1" },

    { "", -32700, NULL },
    { " ", -32700, NULL },
    { "{", -32700, NULL },
    { "{\"method\":\"a\"", -32700, NULL },
    { "{\"method\":\"a\"}}", -32700, NULL },
    { "{\"method\":\"a\"} x", -32700, NULL },
    { "{\"method\":\"a\"}{}", -32700, NULL },
    { "{'method':1}", -32700, NULL },
    { "{\"method\":\"\\x\"}", -32700, NULL },
    { "{\"method\":\"\\u12\"}", -32700, NULL },
    { "{\"method\":\"a\nb\"}", -32700, NULL },
    { "\xef\xbb\xbf{}", -32700, NULL },
    { "/* c */ {}", -32700, NULL },
    { "{\"a\":1,}", -32700, NULL },
    { "{\"a\":01}", -32700, NULL },
    { "{\"a\":+1}", -32700, NULL },
    { "{\"a\":NaN}", -32700, NULL },

    { "[]", -32600, NULL },
    { "[{\"method\":\"a\",\"id\":1}]", -32600, NULL },
    { "1", -32600, NULL },
    { "\"a\"", -32600, NULL },
    { "null", -32600, NULL },
    { "{}", -32600, NULL },
    { "{\"id\":5}", -32600, "5" },
    { "{\"id\":5,\"method\":7}", -32600, "5" },
    { "{\"id\":{},\"method\":\"a\"}", -32600, NULL },
    { "{\"id\":[1],\"method\":\"a\"}", -32600, NULL },
    { "{\"id\":true,\"method\":\"a\"}", -32600, NULL },

    { "{\"id\":6,\"method\":\"a\",\"params\":[]}", -32602, "6" },
    { "{\"id\":6,\"method\":\"a\",\"params\":1}", -32602, "6" },
    { "{\"id\":6,\"method\":\"a\",\"params\":{\"b\":\"x\\u0000y\"}}", -32602,
      "6" },
    { "{\"id\":6,\"method\":\"a\",\"params\":{\"b\\u0000\":1}}", -32602, "6" },
    { "{\"id\":6,\"method\":\"a\",\"method\":\"b\"}", -32602, "6" },
    { "{\"id\":6,\"method\":\"a\",\"params\":{\"b\":1,\"b\":1}}", -32602,
      "6" },
    { "{\"id\":6,\"method\":\"a\",\"params\":{\"b\":1,\"\\u0062\":1}}",
      -32602, "6" },
    { "{\"method\":\"a\",\"params\":{\"b\":1,\"b\":1},\"id\":6}", -32602,
      "6" },

    /* the order of errors does not depend on that of the members */

    { "{\"params\":{\"b\":1,\"b\":1},\"id\":6}", -32600, "6" },
    { "{\"params\":{\"b\":1,\"b\":1},\"id\":6,\"method\":[\"a\"]}", -32600,
      "6" },
    { "{\"params\":{\"b\":1,\"b\":1},\"id\":{\"id\":6},\"method\":\"a\"}",
      -32600, NULL },
    { "{\"params\":{\"b\":1,\"b\":1},\"id\":6,\"method\":\"a\"", -32700, NULL },
    { "{\"params\":{\"b\":1,\"b\":1},\"id\":6,\"method\":\"a\"}]", -32700,
      NULL },
    { "{\"a\\u0000\":1,\"id\":6,\"id\":7,\"method\":\"a\"}", -32602, "6" },

    /* halves of a surrogate pair */

    { "{\"method\":\"a\",\"params\":{\"b\":\"\\ud83d\"},\"id\":6}", -32602,
      "6" },
    { "{\"method\":\"a\",\"params\":{\"b\":\"\\udc00\"},\"id\":6}", -32602,
      "6" },
    { "{\"method\":\"a\",\"params\":{\"b\":\"\\ud83d\\ud83d\\ude00\"},"
      "\"id\":6}", -32602, "6" },
    { "{\"method\":\"a\",\"params\":{\"b\":\"\\ud83dx\\ude00\"},\"id\":6}",
      -32602, "6" },
    { "{\"method\":\"\\ud83d\\uDE00\\\\ud83d\",\"id\":6}", 0, "6" },
    { "{\"id\":\"\\ud83d\",\"method\":\"a\"}", -32602, NULL },
    { "{\"id\":6,\"method\":\"a\\ud83", -32700, NULL },
    { "{\"id\":6,\"method\":\"a\\ud83\"}", -32700, NULL },
    { "{\"id\":6,\"method\":\"a\\ud83g\"}", -32700, NULL },
    { "{\"id\":6,\"method\":\"a\\ud83d\\u12\"}", -32700, NULL },
};


START_TEST(texts)
{
    size_t  step, len;

    len = strlen(cases[_i].text);

    for (step = 1; step <= len + 1; step++) {
        ck_assert_int_eq(parse(cases[_i].text, len, step), NGX_OK);
        ck_assert_msg(rq.code == cases[_i].code, "%s: %d", cases[_i].text,
                      (int) rq.code);

        if (rq.code) {
            ck_assert_ptr_nonnull(rq.error);
            ck_assert_uint_gt(strlen(rq.error), 0);
        }

        if (cases[_i].id) {
            ck_assert_ptr_nonnull(rq.id);
            ck_assert_uint_eq(rq.id->text.len, strlen(cases[_i].id));
            ck_assert_mem_eq(rq.id->text.data, cases[_i].id,
                             rq.id->text.len);

        } else {
            ck_assert(rq.id == NULL || rq.id->type == NGX_CC_VALUE_NULL);
        }

        ngx_cc_request_reset(&rq);
    }
}
END_TEST


START_TEST(tree)
{
    ngx_cc_value_t    *v, *w;
    static const char  text[] =
        "{\"method\":\"m\",\"params\":{\"s\":\"a\\n\\u20ac\",\"n\":1.0,"
        "\"t\":true,\"f\":false,\"z\":null,\"l\":[\"x\",2,[]],\"o\":{}}}";

    ck_assert_int_eq(parse(text, sizeof(text) - 1, 3), NGX_OK);
    ck_assert_int_eq(rq.code, 0);
    ck_assert_uint_eq(rq.method.len, 1);

    v = ngx_cc_request_member(rq.params, "s");
    ck_assert_int_eq(v->type, NGX_CC_VALUE_STRING);
    ck_assert_str_eq((char *) v->text.data, "a\n\xe2\x82\xac");

    v = ngx_cc_request_member(rq.params, "n");
    ck_assert_int_eq(v->type, NGX_CC_VALUE_NUMBER);
    ck_assert_uint_eq(v->text.len, 3);

    ck_assert_uint_eq(ngx_cc_request_member(rq.params, "t")->number, 1);
    ck_assert_uint_eq(ngx_cc_request_member(rq.params, "f")->number, 0);
    ck_assert_int_eq(ngx_cc_request_member(rq.params, "z")->type,
                     NGX_CC_VALUE_NULL);

    v = ngx_cc_request_member(rq.params, "l");
    ck_assert_int_eq(v->type, NGX_CC_VALUE_ARRAY);
    ck_assert_uint_eq(v->number, 3);
    w = v->first->next->next;
    ck_assert_int_eq(w->type, NGX_CC_VALUE_ARRAY);
    ck_assert_ptr_null(w->next);

    ck_assert_ptr_null(ngx_cc_request_member(rq.params, "x"));
    ck_assert_ptr_null(ngx_cc_request_member(NULL, "x"));
    ngx_cc_request_reset(&rq);
}
END_TEST


/* n times "open", then n times "close", inside params */

static ngx_int_t
nested(size_t n, const char *open, const char *close)
{
    char    *text, *p;
    size_t   i;

    text = malloc(n * (strlen(open) + 1) + 100);
    p = text + sprintf(text, "{\"id\":1,\"method\":\"a\",\"params\":{\"x\":");

    for (i = 0; i < n; i++) {
        p += sprintf(p, "%s", open);
    }

    p += sprintf(p, "1");

    for (i = 0; i < n; i++) {
        p += sprintf(p, "%s", close);
    }

    p += sprintf(p, "}}");

    ck_assert_int_eq(parse(text, p - text, 1000), NGX_OK);
    free(text);
    i = rq.code;
    ck_assert_ptr_nonnull(rq.id);
    ngx_cc_request_reset(&rq);

    return i;
}


/* where it is refused; whether an answer is expected */

static const struct {
    const char  *text;
    const char  *error;
    int          notification;
} places[] = {
    { "{\"method\":\"a\",\"params\":{\"b\":{\"c\":[1,[2,\"\\u0000\"]]}}}",
      "params.b.c[1][1]: a NUL character inside a string", 1 },
    { "{\"id\":1,\"method\":\"a\",\"params\":{\"b\":{\"\\u0000\":1}}}",
      "params.b: a member's name: a NUL character inside a string", 0 },
    { "{\"\\u0000\":1,\"method\":\"a\"}",
      "the request: a member's name: a NUL character inside a string", 1 },
    { "{\"params\":{\"b\":[{\"c\":1,\"c\":2}]},\"method\":\"a\",\"id\":null}",
      "params.b[0].c is given twice", 0 },
    { "{\"method\":\"a\",\"method\":\"b\"}", "method is given twice", 1 },
    { "{\"method\":\"a\",\"params\":{\"b\":\"x\\uDBFF\"}}",
      "params.b: \"\\uDBFF\" inside a string is half of a surrogate pair", 1 },
    { "{\"params\":[1],\"method\":\"a\"}", "params must be an object", 1 },
    { "{\"params\":[1]}", "method must be a string", 0 },
    { "{\"params\":[1],\"method\":\"a\",\"jsonrpc\":\"1.0\"}",
      "jsonrpc must be \"2.0\"", 0 },
};


START_TEST(words)
{
    size_t  step, len;

    len = strlen(places[_i].text);

    for (step = 1; step <= len; step++) {
        ck_assert_int_eq(parse(places[_i].text, len, step), NGX_OK);
        ck_assert_str_eq(rq.error, places[_i].error);
        ck_assert_int_eq(rq.notification, places[_i].notification);
        ngx_cc_request_reset(&rq);
    }
}
END_TEST


START_TEST(bounds)
{
    char   *text, *p;
    int     i;

    ck_assert_int_eq(nested(NGX_CC_REQUEST_DEPTH - 2, "[", "]"), 0);
    ck_assert_int_eq(nested(NGX_CC_REQUEST_DEPTH - 1, "[", "]"), -32602);
    ck_assert_int_eq(nested(10000, "[", "]"), -32602);

    /* members and values */

    text = malloc(1000000);
    p = text + sprintf(text, "{\"id\":1,\"method\":\"a\",\"params\":{");

    for (i = 0; i <= NGX_CC_REQUEST_MEMBERS; i++) {
        p += sprintf(p, "%s\"m%d\":1", i ? "," : "", i);
    }

    p += sprintf(p, "}}");
    ck_assert_int_eq(parse(text, p - text, 1000), NGX_OK);
    ck_assert_int_eq(rq.code, -32602);
    ngx_cc_request_reset(&rq);

    p = text + sprintf(text, "{\"id\":1,\"method\":\"a\",\"params\":{\"x\":[1");

    for (i = 0; i < NGX_CC_REQUEST_VALUES; i++) {
        p += sprintf(p, ",1");
    }

    p += sprintf(p, "]}}");
    ck_assert_int_eq(parse(text, p - text, 1000), NGX_OK);
    ck_assert_int_eq(rq.code, -32602);
    ngx_cc_request_reset(&rq);
    free(text);
}
END_TEST


/* every allocation fails once: no crash, no leak, and it says so */

START_TEST(no_memory)
{
    int        n;
    ngx_int_t  rc;

    static const char  text[] = "{\"id\":1,\"method\":\"abc\",\"params\":"
                                "{\"x\":[1,2,{\"y\":\"z\"}]}}";

    for (n = 1; ; n++) {
        shim_allocations = n;
        rc = parse(text, sizeof(text) - 1, 7);

        if (shim_allocations > 0) {
            shim_allocations = 0;
            ck_assert_int_eq(rc, NGX_OK);
            ngx_cc_request_reset(&rq);
            break;
        }

        ck_assert_int_eq(rc, NGX_ERROR);
        ngx_cc_request_reset(&rq);
    }

    ck_assert_int_gt(n, 5);
}
END_TEST


/* a message that is dropped in the middle leaves nothing behind */

START_TEST(dropped)
{
    u_char  text[] = "{\"id\":1,\"method\":";

    rq.log = &log_;
    ck_assert_int_eq(ngx_cc_request_push(&rq, text, sizeof(text) - 1, 0),
                     NGX_AGAIN);
    ngx_cc_request_reset(&rq);
    ck_assert_int_eq(parse("{\"method\":\"a\"}", 14, 14), NGX_OK);
    ck_assert_int_eq(rq.code, 0);
    ck_assert_ptr_null(rq.id);
    ngx_cc_request_reset(&rq);
}
END_TEST


/* random damage of a good text */

START_TEST(fuzz)
{
    int       round;
    char      text[200];
    size_t    i, len;
    unsigned  seed;

    static const char  good[] =
        "{\"jsonrpc\":\"2.0\",\"id\":\"a\\u0041\",\"method\":\"execute\","
        "\"params\":{\"args\":[\"x\",\"\\\"\"],\"timeout\":1.5e3,"
        "\"open_stdin\":true}}";

    seed = 17;

    for (round = 0; round < 50000; round++) {
        len = sizeof(good) - 1;
        memcpy(text, good, len);

        for (i = rand_r(&seed) % 4; i < 4; i++) {
            text[rand_r(&seed) % len] = "{}[]\",:\\u0a1 -.eE"[rand_r(&seed)
                                                              % 17];
        }

        len -= rand_r(&seed) % 20 ? 0 : rand_r(&seed) % len;
        unit_assert(parse(text, len, 1 + rand_r(&seed) % 50) == NGX_OK);
        unit_assert(rq.code == 0 || rq.error != NULL);
        unit_assert(rq.code != 0 || rq.method.data != NULL);
        ngx_cc_request_reset(&rq);
    }
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("request");
    Suite  *s = suite_create("request");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, texts, 0, sizeof(cases) / sizeof(cases[0]));
    tcase_add_loop_test(tc, words, 0, sizeof(places) / sizeof(places[0]));
    tcase_add_test(tc, tree);
    tcase_add_test(tc, bounds);
    tcase_add_test(tc, no_memory);
    tcase_add_test(tc, dropped);
    tcase_add_test(tc, fuzz);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
