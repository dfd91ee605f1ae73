
#include <string.h>
#include "ngx_cc_hmac.h"


#define NGX_CC_HMAC_BLOCK  64            /* bytes of a block of SHA-256 */


void
ngx_cc_hmac_init(ngx_cc_hmac_t *hmac, const void *key, size_t n)
{
    int      i;
    uint8_t  pad[NGX_CC_HMAC_BLOCK];

    memset(pad, 0, sizeof(pad));

    if (n > sizeof(pad)) {
        ngx_cc_sha256_init(&hmac->inner);
        ngx_cc_sha256_update(&hmac->inner, key, n);
        ngx_cc_sha256_final(&hmac->inner, pad);

    } else if (n) {
        memcpy(pad, key, n);
    }

    for (i = 0; i < NGX_CC_HMAC_BLOCK; i++) {
        pad[i] ^= 0x36;
    }

    ngx_cc_sha256_init(&hmac->inner);
    ngx_cc_sha256_update(&hmac->inner, pad, sizeof(pad));

    for (i = 0; i < NGX_CC_HMAC_BLOCK; i++) {
        pad[i] ^= 0x36 ^ 0x5c;
    }

    ngx_cc_sha256_init(&hmac->outer);
    ngx_cc_sha256_update(&hmac->outer, pad, sizeof(pad));

    explicit_bzero(pad, sizeof(pad));
}


void
ngx_cc_hmac_update(ngx_cc_hmac_t *hmac, const void *p, size_t n)
{
    ngx_cc_sha256_update(&hmac->inner, p, n);
}


void
ngx_cc_hmac_final(ngx_cc_hmac_t *hmac, uint8_t mac[NGX_CC_HMAC_SIZE])
{
    uint8_t  digest[NGX_CC_SHA256_SIZE];

    ngx_cc_sha256_final(&hmac->inner, digest);
    ngx_cc_sha256_update(&hmac->outer, digest, sizeof(digest));
    ngx_cc_sha256_final(&hmac->outer, mac);

    explicit_bzero(digest, sizeof(digest));
}


int
ngx_cc_hmac_equal(const void *a, const void *b, size_t n)
{
    size_t                   i;
    uint8_t                  differ;
    const volatile uint8_t  *p = a, *q = b;

    differ = 0;

    for (i = 0; i < n; i++) {
        differ |= p[i] ^ q[i];
    }

    return differ == 0;
}
