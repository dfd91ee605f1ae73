
/*
 * The native dialect: JSON-RPC 2.0 (https://www.jsonrpc.org/specification)
 * with the methods execute, control, input, list, status, pong and the
 * notifications connected, process.*.
 */

#ifndef _NGX_CC_NATIVE_H_INCLUDED_
#define _NGX_CC_NATIVE_H_INCLUDED_


#include "ngx_cc_dialect.h"


extern const ngx_cc_dialect_t  ngx_cc_native;


/*
 * Writes the error that a client over a limit of sessions gets (code -32001, id
 * null) to p, which has room for 128 bytes more than "text", which needs no
 * escapes, has; returns its end.
 */
u_char *ngx_cc_native_limit(u_char *p, u_char *last, ngx_str_t *text);


#endif /* _NGX_CC_NATIVE_H_INCLUDED_ */
