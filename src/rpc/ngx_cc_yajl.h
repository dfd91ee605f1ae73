
/*
 * The JSON parser (yajl 2), with memory that may run short.  yajl does not look
 * at what its allocator returns, so a shortage leaves it by a long jump; what
 * it had asked for lies in a pool and goes with that.
 *
 * yajl does not tell the escape of half a surrogate pair ("\ud800", "\udc00")
 * from other text either: it becomes "?", or is joined with whatever follows.
 * Here such an escape reaches the callbacks undecoded, with the byte
 * NGX_CC_YAJL_LONE (which no UTF-8 text has) in the place of its backslash.
 */

#ifndef _NGX_CC_YAJL_H_INCLUDED_
#define _NGX_CC_YAJL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <setjmp.h>
#include <yajl/yajl_parse.h>


#define NGX_CC_YAJL_LONE     0xff
#define NGX_CC_YAJL_ESCAPE   12          /* bytes of the longest escape, a pair
                                            of surrogates */


typedef struct {
    ngx_pool_t        *pool;             /* NULL: not open */

    /* private */
    yajl_handle        handle;
    yajl_alloc_funcs   memory;
    jmp_buf           *shortage;         /* of the call that is under way */
    u_char             held[NGX_CC_YAJL_ESCAPE];    /* an escape that the last
                                            piece did not end */
    size_t             nheld;
} ngx_cc_yajl_t;


/*
 * Begins a text.  The parser lives as long as "pool" and must not move; its
 * callbacks get "data".  NGX_ERROR: no memory.
 */
ngx_int_t ngx_cc_yajl_begin(ngx_cc_yajl_t *y, yajl_callbacks *callbacks,
    void *data, ngx_pool_t *pool);

/*
 * The next n bytes; "last": the text ends with them.  NGX_OK; NGX_DECLINED: no
 * JSON, or a callback did not want to go on; NGX_ERROR: no memory.  After those
 * two the parser must not be used again.
 */
ngx_int_t ngx_cc_yajl_parse(ngx_cc_yajl_t *y, const u_char *p, size_t n,
    ngx_uint_t last);


#endif /* _NGX_CC_YAJL_H_INCLUDED_ */
