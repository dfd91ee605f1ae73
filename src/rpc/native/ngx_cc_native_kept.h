
/*
 * Kept commands in a native session: attach, detach, credit; what is told of
 * being attached.
 */

#ifndef _NGX_CC_NATIVE_KEPT_H_INCLUDED_
#define _NGX_CC_NATIVE_KEPT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_native_methods.h"


/* bytes on their way to a client that gives credit */

#define NGX_CC_NATIVE_KEPT_WINDOW  4096          /* the least */


/* methods, see ngx_cc_native_methods.c */

ngx_int_t ngx_cc_native_kept_attach(ngx_cc_native_t *s,
    ngx_cc_value_t *params);
ngx_int_t ngx_cc_native_kept_detach(ngx_cc_native_t *s,
    ngx_cc_value_t *params);
ngx_int_t ngx_cc_native_kept_credit(ngx_cc_native_t *s,
    ngx_cc_value_t *params);

/*
 * params.window of execute and attach: 0 in *window if there is none.  NGX_OK,
 * or NGX_ERROR (answered).
 */
ngx_int_t ngx_cc_native_kept_window(ngx_cc_native_t *s,
    ngx_cc_value_t *params, uint64_t *window);


#endif /* _NGX_CC_NATIVE_KEPT_H_INCLUDED_ */
