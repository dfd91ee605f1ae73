
/*
 * The copy that ngx_cc_pack makes of a request: in one block of a pool, with
 * everything that the access log and its variables may ask for.
 */

#ifndef _NGX_CC_PACK_COPY_H_INCLUDED_
#define _NGX_CC_PACK_COPY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/*
 * Strings are walked through twice by the same functions: at first "r" is the
 * old request and they are only measured, then it is the copy and they are
 * moved.
 */

typedef struct {
    ngx_http_request_t  *old;
    ngx_http_request_t  *r;          /* at first the same, then the copy */
    ngx_pool_t          *pool;       /* of the copy; NULL: measuring */
    u_char              *from;       /* the header as it was received */
    u_char              *end;
    u_char              *limit;      /* of the buffer that it is in */
    u_char              *to;         /* its copy */
    size_t               size;       /* bytes of strings that lie elsewhere */
    ngx_uint_t           nvariables;
    ngx_uint_t           failed;     /* no memory, or not as it should be */
} ngx_cc_pack_t;


/*
 * Bytes of a pool that the copy will take, with its clean-ups; "old", "r",
 * "from", "end" and "limit" are set, the rest is zero.
 */
size_t ngx_cc_pack_size(ngx_cc_pack_t *pk);

/* makes it in pk->pool; "old" is as it was, also when pk->failed is 1 then */
void ngx_cc_pack_copy(ngx_cc_pack_t *pk);

/* n bytes more of the copy; NULL: no memory, and pk->failed */
void *ngx_cc_pack_dup(ngx_cc_pack_t *pk, const void *p, size_t n);

/* the block of the old pool that p points into, or NULL */
ngx_pool_t *ngx_cc_pack_block(ngx_cc_pack_t *pk, const u_char *p);


#endif /* _NGX_CC_PACK_COPY_H_INCLUDED_ */
