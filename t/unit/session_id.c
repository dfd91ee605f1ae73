
/* ids of legacy sessions: made, checked, forged; handles of their calls */

#include <stdio.h>
#include <string.h>
#include "unit.h"
#include "ngx_cc_session_id.h"


#define NOW  1795966000000ULL            /* ms since 1970 */


static const uint8_t  key[NGX_CC_SESSION_ID_KEY]
    = "a key of thirty-two bytes, one!";
static const uint8_t  key2[NGX_CC_SESSION_ID_KEY]
    = "a key of thirty-two bytes, two!";
static const uint8_t  owner[32] = "the digest of one owner, 32 byte";
static const uint8_t  owner2[32] = "The digest of one owner, 32 byte";


static char  text[NGX_CC_SESSION_ID_TEXT + 1];


static void
make(void)
{
    memset(text, 0, sizeof(text));
    unit_assert(ngx_cc_session_id_make(key, 20251125, owner, NOW, text) == 0);
}


static int
check(uint64_t now)
{
    ngx_cc_session_id_t  id;

    return ngx_cc_session_id_check(key, text, strlen(text), owner, now, &id);
}


START_TEST(good)
{
    int                  i;
    char                 other[NGX_CC_SESSION_ID_TEXT];
    ngx_cc_session_id_t  id, id2;

    make();
    ck_assert_uint_eq(strlen(text), NGX_CC_SESSION_ID_TEXT);

    /* visible ASCII (specification 2025-11-25, "Session Management") */

    for (i = 0; text[i]; i++) {
        unit_assert(text[i] >= 0x21 && text[i] <= 0x7e);
    }

    ck_assert_int_eq(ngx_cc_session_id_check(key, text, strlen(text), owner,
                                             NOW, &id), 0);
    ck_assert_uint_eq(id.version, 20251125);
    ck_assert_uint_eq(id.issued, NOW);

    for (i = 0; i < 1000; i++) {
        unit_assert(ngx_cc_session_id_make(key, 20241105, owner, NOW, other)
                    == 0);
        unit_assert(ngx_cc_session_id_check(key, other, sizeof(other), owner,
                                            NOW, &id2) == 0);
        unit_assert(id2.version == 20241105 && id2.owner == id.owner);
        unit_assert(id2.number != id.number);
    }
}
END_TEST


START_TEST(forged)
{
    size_t               i, n;
    char                 was;
    ngx_cc_session_id_t  id;

    make();

    /* any bit, any other digit */

    for (i = 0; i < NGX_CC_SESSION_ID_TEXT; i++) {
        was = text[i];

        for (n = 0; n < 16; n++) {
            text[i] = "0123456789abcdef"[n];
            unit_assert((check(NOW) == 0) == (text[i] == was));
        }

        for (n = 0; n < 8; n++) {
            text[i] = was ^ 1 << n;
            unit_assert(ngx_cc_session_id_check(key, text,
                                                NGX_CC_SESSION_ID_TEXT, owner,
                                                NOW, &id)
                        == -1);
        }

        text[i] = was;
    }

    ck_assert_int_eq(check(NOW), 0);

    /* there is one spelling */

    n = strcspn(text, "abcdef");
    ck_assert_uint_lt(n, NGX_CC_SESSION_ID_TEXT);
    text[n] -= 'a' - 'A';
    ck_assert_int_eq(check(NOW), -1);
}
END_TEST


START_TEST(cut)
{
    size_t               n;
    char                 more[NGX_CC_SESSION_ID_TEXT + 2];
    ngx_cc_session_id_t  id;

    make();

    for (n = 0; n < NGX_CC_SESSION_ID_TEXT; n++) {
        unit_assert(ngx_cc_session_id_check(key, text, n, owner, NOW, &id)
                    == -1);
    }

    memcpy(more, text, NGX_CC_SESSION_ID_TEXT);
    memset(more + NGX_CC_SESSION_ID_TEXT, '0', 2);
    ck_assert_int_eq(ngx_cc_session_id_check(key, more, sizeof(more) - 1,
                                             owner, NOW, &id), -1);
    ck_assert_int_eq(ngx_cc_session_id_check(key, more, sizeof(more), owner,
                                             NOW, &id), -1);
}
END_TEST


START_TEST(foreign)
{
    ngx_cc_session_id_t  id;

    make();
    ck_assert_int_eq(ngx_cc_session_id_check(key, text, strlen(text), owner2,
                                             NOW, &id), -1);
    ck_assert_int_eq(ngx_cc_session_id_check(key2, text, strlen(text), owner,
                                             NOW, &id), -1);
}
END_TEST


START_TEST(old)
{
    make();
    ck_assert_int_eq(check(NOW + 7 * 86400 * 1000ULL), 0);
    ck_assert_int_eq(check(NOW + 7 * 86400 * 1000ULL + 1), -1);

    /* the clock was set back: that makes no good one bad */

    ck_assert_int_eq(check(NOW - 3600 * 1000), 0);
    ck_assert_int_eq(check(0), 0);
}
END_TEST


static ngx_cc_handle_t
handle(const uint8_t *k, const char *session, const char *call)
{
    ngx_cc_handle_t  h;

    memset(&h, 0, sizeof(h));
    ngx_cc_session_id_call(k, session, call, strlen(call), &h);

    return h;
}


static int
parts(ngx_cc_handle_t a, ngx_cc_handle_t b)
{
    return (memcmp(a.byte, b.byte, 4) == 0)
           | (memcmp(a.byte + 4, b.byte + 4, 4) == 0) << 1
           | (memcmp(a.byte + 8, b.byte + 8, 16) == 0) << 2;
}


START_TEST(calls)
{
    char             other[NGX_CC_SESSION_ID_TEXT];
    ngx_cc_handle_t  h;

    make();
    ck_assert_int_eq(ngx_cc_session_id_make(key, 20251125, owner, NOW, other),
                     0);

    h = handle(key, text, "1");

    /* anybody computes the same; all parts tell id and type, the first part
     * tells the session only */

    ck_assert_int_eq(parts(h, handle(key, text, "1")), 7);
    ck_assert_int_eq(parts(h, handle(key, text, "2")), 1);
    ck_assert_int_eq(parts(h, handle(key, text, "\"1\"")), 1);
    ck_assert_int_eq(parts(h, handle(key, text, "")), 1);
    ck_assert_int_eq(parts(h, handle(key, other, "1")), 0);
    ck_assert_int_eq(parts(h, handle(key2, text, "1")), 0);
}
END_TEST


int
main(void)
{
    TCase  *tc;
    Suite  *suite;

    suite = suite_create("session_id");
    tc = tcase_create("session_id");

    tcase_add_test(tc, good);
    tcase_add_test(tc, forged);
    tcase_add_test(tc, cut);
    tcase_add_test(tc, foreign);
    tcase_add_test(tc, old);
    tcase_add_test(tc, calls);
    suite_add_tcase(suite, tc);

    return unit_run(suite);
}
