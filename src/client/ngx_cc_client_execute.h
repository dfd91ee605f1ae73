
/* The command line as a request: execute, or attach. */

#ifndef _NGX_CC_CLIENT_EXECUTE_H_INCLUDED_
#define _NGX_CC_CLIENT_EXECUTE_H_INCLUDED_


#include "ngx_cc_client_rpc.h"


/*
 * Asks for the command of rpc->args, whose output comes in packets if
 * rpc->ws.wanted is set, else in base64; "has_stdin": its stdin shall be open.
 * Returns the request's id.
 */
uint64_t ngx_cc_client_execute(ngx_cc_client_rpc_t *rpc, int has_stdin);

/* likewise for the kept command "id", from these offsets; "write": it may be
 * changed */
uint64_t ngx_cc_client_attach(ngx_cc_client_rpc_t *rpc, const char *id,
    const uint64_t offset[2], int write);


#endif /* _NGX_CC_CLIENT_EXECUTE_H_INCLUDED_ */
