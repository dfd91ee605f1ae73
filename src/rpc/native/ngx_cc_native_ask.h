
/*
 * Questions of a native session to kept commands that it need not be attached
 * to: read, wait, signal, remove, and the owner's list.  Each goes to the
 * command's helper and is answered when that has.
 */

#ifndef _NGX_CC_NATIVE_ASK_H_INCLUDED_
#define _NGX_CC_NATIVE_ASK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_native_methods.h"
#include "ngx_cc_native_terminal.h"


/* methods, see ngx_cc_native_methods.c */

ngx_int_t ngx_cc_native_ask_read(ngx_cc_native_t *s, ngx_cc_value_t *params);
ngx_int_t ngx_cc_native_ask_wait(ngx_cc_native_t *s, ngx_cc_value_t *params);
ngx_int_t ngx_cc_native_ask_signal(ngx_cc_native_t *s,
    ngx_cc_value_t *params, const ngx_cc_native_signal_t *signal);
ngx_int_t ngx_cc_native_ask_remove(ngx_cc_native_t *s,
    ngx_cc_value_t *params);


#endif /* _NGX_CC_NATIVE_ASK_H_INCLUDED_ */
