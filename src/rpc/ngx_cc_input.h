
/*
 * The params of "input" in the native dialect: bytes for the stdin of a
 * command, and where they belong.
 */

#ifndef _NGX_CC_INPUT_H_INCLUDED_
#define _NGX_CC_INPUT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_request.h"


typedef struct {
    ngx_str_t    data;           /* decoded; of the request or its pool */
    uint64_t     offset;         /* of the first byte, if it was given */
    unsigned     placed:1;       /* it was */
    unsigned     eof:1;          /* nothing follows */
    const char  *error;          /* static text, after NGX_DECLINED */
} ngx_cc_input_t;


/*
 * Reads params (NULL = none).  NGX_OK; NGX_DECLINED with the error; NGX_ERROR:
 * no memory.
 */
ngx_int_t ngx_cc_input_check(ngx_cc_input_t *in, ngx_cc_value_t *params,
    ngx_pool_t *pool);


#endif /* _NGX_CC_INPUT_H_INCLUDED_ */
