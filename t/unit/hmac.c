
/* HMAC-SHA256: the vectors of RFC 4231, every way to cut them, comparisons */

#include <stdio.h>
#include <string.h>
#include "unit.h"
#include "ngx_cc_hmac.h"


typedef struct {
    const char  *key;
    size_t       nkey;
    const char  *data;
    size_t       ndata;
    size_t       shown;                  /* hex digits of the MAC */
    const char  *mac;
} vector_t;


static char  aa[131], dd[50], cd[50];


static const vector_t  vectors[] = {
    { "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"
      "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b", 20,
      "Hi There", 8, 64,
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
    { "Jefe", 4, "what do ya want for nothing?", 28, 64,
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
    { aa, 20, dd, 50, 64,
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
    { "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d"
      "\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19", 25, cd, 50, 64,
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
    { "\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c"
      "\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c", 20,
      "Test With Truncation", 20, 32, "a3b6167473100ee06e0c796c2955552b" },
    { aa, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
      64,
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
    { aa, 131, "This is a test using a larger than block-size key and a larger "
      "than block-size data. The key needs to be hashed before being used by "
      "the HMAC algorithm.", 152, 64,
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" }
};


static void
setup(void)
{
    memset(aa, 0xaa, sizeof(aa));
    memset(dd, 0xdd, sizeof(dd));
    memset(cd, 0xcd, sizeof(cd));
}


START_TEST(rfc4231)
{
    int              i;
    char             text[2 * NGX_CC_HMAC_SIZE + 1];
    size_t           cut;
    uint8_t          mac[NGX_CC_HMAC_SIZE];
    ngx_cc_hmac_t    hmac;
    const vector_t  *v = &vectors[_i];

    for (cut = 0; cut <= v->ndata; cut++) {
        ngx_cc_hmac_init(&hmac, v->key, v->nkey);
        ngx_cc_hmac_update(&hmac, v->data, cut);
        ngx_cc_hmac_update(&hmac, v->data + cut, v->ndata - cut);
        ngx_cc_hmac_final(&hmac, mac);

        for (i = 0; i < NGX_CC_HMAC_SIZE; i++) {
            sprintf(text + 2 * i, "%02x", mac[i]);
        }

        text[v->shown] = '\0';
        ck_assert_str_eq(text, v->mac);
    }
}
END_TEST


/* nothing of the key stays behind */

START_TEST(wiped)
{
    size_t         i;
    uint8_t        mac[NGX_CC_HMAC_SIZE];
    ngx_cc_hmac_t  hmac;

    ngx_cc_hmac_init(&hmac, "", 0);
    ngx_cc_hmac_final(&hmac, mac);

    for (i = 0; i < sizeof(hmac); i++) {
        ck_assert_int_eq(((uint8_t *) &hmac)[i], 0);
    }
}
END_TEST


START_TEST(equal)
{
    int      i;
    uint8_t  a[NGX_CC_HMAC_SIZE], b[NGX_CC_HMAC_SIZE];

    memset(a, 0x5a, sizeof(a));

    for (i = 0; i < NGX_CC_HMAC_SIZE * 8; i++) {
        memcpy(b, a, sizeof(b));
        ck_assert_int_eq(ngx_cc_hmac_equal(a, b, sizeof(a)), 1);

        b[i / 8] ^= 1 << i % 8;
        ck_assert_int_eq(ngx_cc_hmac_equal(a, b, sizeof(a)), 0);
    }

    ck_assert_int_eq(ngx_cc_hmac_equal(a, b, 0), 1);
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("hmac");
    Suite  *s = suite_create("hmac");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_loop_test(tc, rfc4231, 0, sizeof(vectors) / sizeof(vectors[0]));
    tcase_add_test(tc, wiped);
    tcase_add_test(tc, equal);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
