
/*
 * HMAC-SHA256 (RFC 2104; vectors: RFC 4231), and a comparison whose time does
 * not tell where two MACs differ.
 */

#ifndef _NGX_CC_HMAC_H_INCLUDED_
#define _NGX_CC_HMAC_H_INCLUDED_


#include "ngx_cc_sha256.h"


#define NGX_CC_HMAC_SIZE  NGX_CC_SHA256_SIZE     /* bytes of a MAC */


typedef struct {
    ngx_cc_sha256_t  inner;
    ngx_cc_sha256_t  outer;
} ngx_cc_hmac_t;


/* a key of any length */
void ngx_cc_hmac_init(ngx_cc_hmac_t *hmac, const void *key, size_t n);
void ngx_cc_hmac_update(ngx_cc_hmac_t *hmac, const void *p, size_t n);

/* writes the MAC; "hmac" is used up, and wiped */
void ngx_cc_hmac_final(ngx_cc_hmac_t *hmac, uint8_t mac[NGX_CC_HMAC_SIZE]);

/* 1 when n bytes are the same, else 0; in a time that depends on n alone */
int ngx_cc_hmac_equal(const void *a, const void *b, size_t n);


#endif /* _NGX_CC_HMAC_H_INCLUDED_ */
