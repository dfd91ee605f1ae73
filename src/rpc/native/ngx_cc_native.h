
/*
 * The native dialect: JSON-RPC 2.0 (https://www.jsonrpc.org/specification)
 * with the methods execute, control, input, list, status, signal, resize,
 * pong and the notifications connected, process.*.
 */

#ifndef _NGX_CC_NATIVE_H_INCLUDED_
#define _NGX_CC_NATIVE_H_INCLUDED_


#include "ngx_cc_dialect.h"


extern const ngx_cc_dialect_t  ngx_cc_native;


#endif /* _NGX_CC_NATIVE_H_INCLUDED_ */
