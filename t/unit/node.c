
/* ids that begin with the name of a node */

#include <ngx_config.h>
#include <ngx_core.h>
#include <string.h>
#include "ngx_cc_node.h"
#include "unit.h"


#define DIGITS  "0123456789abcdef0123456789abcdef0123456789abcdef"
#define LONG    "abcdefghijklmnopqrstuvwxyz-01234"       /* 32 */


static ngx_str_t  node, rest;


static ngx_str_t
str(const char *text)
{
    ngx_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


static void
here(const char *name)
{
    static ngx_str_t  own;

    own = str(name);
    ngx_cc_node_init(&own);
}


static ngx_uint_t
split(const char *text)
{
    ngx_str_t  s = str(text);

    return ngx_cc_node_split(&s, &node, &rest);
}


static int
is(const ngx_str_t *s, const char *text)
{
    return s->len == strlen(text) && memcmp(s->data, text, s->len) == 0;
}


static ngx_int_t
handle(const char *text)
{
    ngx_str_t        s = str(text);
    ngx_cc_handle_t  h;

    return ngx_cc_node_handle(&s, &h, &node);
}


START_TEST(names)
{
    size_t       i;
    const char  *bad[] = { "", "A", "a.b", "a_b", "a b", "\xc3\xa4", "*",
                           LONG "5" };
    const char  *good[] = { "a", "0", "-", "node-17", LONG };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        unit_assert(ngx_cc_node_valid((u_char *) good[i], strlen(good[i])));
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        unit_assert(!ngx_cc_node_valid((u_char *) bad[i], strlen(bad[i])));
    }
}
END_TEST


START_TEST(without_name)
{
    u_char  p[NGX_CC_NODE_PREFIX];

    here("");

    unit_assert(ngx_cc_node_prefix(p) == p);
    unit_assert(handle(DIGITS) == NGX_OK && node.len == 0);

    /* every name is as good as none */

    unit_assert(handle("b." DIGITS) == NGX_OK && is(&node, "b"));
    unit_assert(!split("b.x") && is(&rest, "x"));
}
END_TEST


START_TEST(with_name)
{
    u_char  p[NGX_CC_NODE_PREFIX];

    here("a-1");

    unit_assert(ngx_cc_node_prefix(p) == p + 4 && memcmp(p, "a-1.", 4) == 0);

    unit_assert(handle("a-1." DIGITS) == NGX_OK && is(&node, "a-1"));
    unit_assert(handle(DIGITS) == NGX_OK && node.len == 0);
    unit_assert(handle("a-2." DIGITS) == NGX_BUSY && is(&node, "a-2"));
    unit_assert(handle("a." DIGITS) == NGX_BUSY && is(&node, "a"));
    unit_assert(handle(LONG "." DIGITS) == NGX_BUSY && is(&node, LONG));

    unit_assert(split("b.") && is(&node, "b") && rest.len == 0);
    unit_assert(!split("a-1.b.c") && is(&rest, "b.c"));

    here(LONG);
    unit_assert(ngx_cc_node_prefix(p) == p + NGX_CC_NODE_PREFIX);
}
END_TEST


START_TEST(no_id)
{
    size_t       i;
    const char  *bad[] = { "", ".", "b.", "." DIGITS, "B." DIGITS,
                           LONG "5." DIGITS, "b." DIGITS "0", "b..", "b.x",
                           "b.c." DIGITS, "b." DIGITS "." DIGITS, "b" DIGITS };

    here("a");

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        unit_assert(handle(bad[i]) == NGX_DECLINED && node.len == 0);
    }
}
END_TEST


START_TEST(peers)
{
    ngx_str_t           s;
    ngx_array_t         list;
    ngx_cc_node_peer_t  peer[3];

    peer[0].node = str("b");
    peer[1].node = str("*");
    peer[2].node = str("c");
    list.elts = peer;
    list.nelts = 3;

    s = str("b");
    unit_assert(ngx_cc_node_peer(&list, &s) == &peer[0]);
    s = str("c");
    unit_assert(ngx_cc_node_peer(&list, &s) == &peer[2]);
    s = str("bc");
    unit_assert(ngx_cc_node_peer(&list, &s) == &peer[1]);

    list.nelts = 1;
    unit_assert(ngx_cc_node_peer(&list, &s) == NULL);
    unit_assert(ngx_cc_node_peer(NULL, &s) == NULL);
}
END_TEST


int
main(void)
{
    Suite  *suite;
    TCase  *tc;

    suite = suite_create("node");
    tc = tcase_create("node");
    suite_add_tcase(suite, tc);

    tcase_add_test(tc, names);
    tcase_add_test(tc, without_name);
    tcase_add_test(tc, with_name);
    tcase_add_test(tc, no_id);
    tcase_add_test(tc, peers);

    return unit_run(suite);
}
