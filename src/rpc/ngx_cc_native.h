
/*
 * The native dialect: JSON-RPC 2.0 (https://www.jsonrpc.org/specification)
 * with the methods execute, control, input, list, status, pong and the
 * notifications connected, process.*.
 */

#ifndef _NGX_CC_NATIVE_H_INCLUDED_
#define _NGX_CC_NATIVE_H_INCLUDED_


#include "ngx_cc_dialect.h"


#define NGX_CC_VERSION  "0.1.0"


extern const ngx_cc_dialect_t  ngx_cc_native;


/*
 * Writes the error that a client over the session limit gets (code -32001, id
 * null) to p, which has room for 256 bytes; returns its end.
 */
u_char *ngx_cc_native_limit(u_char *p, ngx_uint_t limit);


#endif /* _NGX_CC_NATIVE_H_INCLUDED_ */
