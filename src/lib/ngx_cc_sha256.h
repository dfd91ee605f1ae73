
/*
 * SHA-256 (FIPS 180-4, sections 5 and 6.2).  nginx brings MD5 and SHA-1, and
 * may be built without OpenSSL; digests of tokens and owners are needed then,
 * too, and only a few at a time.
 */

#ifndef _NGX_CC_SHA256_H_INCLUDED_
#define _NGX_CC_SHA256_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define NGX_CC_SHA256_SIZE   32          /* bytes of a digest */
#define NGX_CC_SHA256_TEXT   64          /* hex digits of one */


typedef struct {
    uint32_t       state[8];
    uint64_t       total;                /* bytes so far */
    uint8_t        block[64];
} ngx_cc_sha256_t;


void ngx_cc_sha256_init(ngx_cc_sha256_t *sha);
void ngx_cc_sha256_update(ngx_cc_sha256_t *sha, const void *p, size_t n);

/* writes the digest; "sha" is wiped, for no further use */
void ngx_cc_sha256_final(ngx_cc_sha256_t *sha,
    uint8_t digest[NGX_CC_SHA256_SIZE]);


#endif /* _NGX_CC_SHA256_H_INCLUDED_ */
