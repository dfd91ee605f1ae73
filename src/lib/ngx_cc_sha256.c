
#include <string.h>
#include "ngx_cc_sha256.h"


#define ngx_cc_sha256_ror(x, n)  ((x) >> (n) | (x) << (32 - (n)))


static void ngx_cc_sha256_block(ngx_cc_sha256_t *sha, const uint8_t *p);


static const uint32_t  ngx_cc_sha256_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5,
    0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
    0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
};


void
ngx_cc_sha256_init(ngx_cc_sha256_t *sha)
{
    static const uint32_t  initial[8] = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
    };

    memcpy(sha->state, initial, sizeof(initial));
    sha->total = 0;
}


void
ngx_cc_sha256_update(ngx_cc_sha256_t *sha, const void *data, size_t n)
{
    size_t          used, room;
    const uint8_t  *p = data;

    if (n == 0) {
        /* p may be NULL then */
        return;
    }

    used = sha->total % 64;
    sha->total += n;

    if (used) {
        room = 64 - used;

        if (n < room) {
            memcpy(sha->block + used, p, n);
            return;
        }

        memcpy(sha->block + used, p, room);
        ngx_cc_sha256_block(sha, sha->block);
        p += room;
        n -= room;
    }

    for ( /* void */ ; n >= 64; n -= 64) {
        ngx_cc_sha256_block(sha, p);
        p += 64;
    }

    if (n) {
        memcpy(sha->block, p, n);
    }
}


void
ngx_cc_sha256_final(ngx_cc_sha256_t *sha, uint8_t digest[NGX_CC_SHA256_SIZE])
{
    int       i;
    size_t    used;
    uint64_t  bits;

    used = sha->total % 64;
    bits = sha->total * 8;

    sha->block[used++] = 0x80;

    if (used > 56) {
        memset(sha->block + used, 0, 64 - used);
        ngx_cc_sha256_block(sha, sha->block);
        used = 0;
    }

    memset(sha->block + used, 0, 56 - used);

    for (i = 0; i < 8; i++) {
        sha->block[56 + i] = bits >> (56 - 8 * i);
    }

    ngx_cc_sha256_block(sha, sha->block);

    for (i = 0; i < NGX_CC_SHA256_SIZE; i++) {
        digest[i] = sha->state[i / 4] >> (24 - 8 * (i % 4));
    }

    explicit_bzero(sha, sizeof(*sha));
}


static void
ngx_cc_sha256_block(ngx_cc_sha256_t *sha, const uint8_t *p)
{
    int       i;
    uint32_t  w[64], s[8], t1, t2;

    for (i = 0; i < 16; i++, p += 4) {
        w[i] = (uint32_t) p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
    }

    for (i = 16; i < 64; i++) {
        t1 = ngx_cc_sha256_ror(w[i - 15], 7) ^ ngx_cc_sha256_ror(w[i - 15], 18)
             ^ w[i - 15] >> 3;
        t2 = ngx_cc_sha256_ror(w[i - 2], 17) ^ ngx_cc_sha256_ror(w[i - 2], 19)
             ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + t1 + w[i - 7] + t2;
    }

    memcpy(s, sha->state, sizeof(s));

    for (i = 0; i < 64; i++) {
        t1 = s[7]
             + (ngx_cc_sha256_ror(s[4], 6) ^ ngx_cc_sha256_ror(s[4], 11)
                ^ ngx_cc_sha256_ror(s[4], 25))
             + ((s[4] & s[5]) ^ (~s[4] & s[6])) + ngx_cc_sha256_k[i] + w[i];
        t2 = (ngx_cc_sha256_ror(s[0], 2) ^ ngx_cc_sha256_ror(s[0], 13)
              ^ ngx_cc_sha256_ror(s[0], 22))
             + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));

        memmove(s + 1, s, 7 * sizeof(s[0]));
        s[4] += t1;
        s[0] = t1 + t2;
    }

    for (i = 0; i < 8; i++) {
        sha->state[i] += s[i];
    }

    /* what is hashed can be a secret */

    explicit_bzero(w, sizeof(w));
    explicit_bzero(s, sizeof(s));
}
