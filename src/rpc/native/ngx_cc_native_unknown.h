
/*
 * Params that a method does not take: they are ignored, and named in its answer
 * (a "timout" that is silently ignored is a surprise ten minutes later).
 */

#ifndef _NGX_CC_NATIVE_UNKNOWN_H_INCLUDED_
#define _NGX_CC_NATIVE_UNKNOWN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_request.h"


/*
 * "takes": the names of the method's params, ", " between them.  *more becomes
 * the JSON text of the member "warnings" (with a comma before it) of a result,
 * in pool; or empty, when there is nothing to say.  It is never longer than
 * 4 KiB: no more than eight are named.  NGX_OK or NGX_ERROR (no memory).
 */
ngx_int_t ngx_cc_native_unknown_params(ngx_cc_value_t *params,
    const char *takes, ngx_pool_t *pool, ngx_str_t *more);


#endif /* _NGX_CC_NATIVE_UNKNOWN_H_INCLUDED_ */
