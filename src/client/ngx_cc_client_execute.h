
/* The command line as a request: execute. */

#ifndef _NGX_CC_CLIENT_EXECUTE_H_INCLUDED_
#define _NGX_CC_CLIENT_EXECUTE_H_INCLUDED_


#include "ngx_cc_client_rpc.h"


/*
 * Asks for the command of rpc->args; "has_stdin": its stdin shall be open.
 * Returns the request's id.
 */
uint64_t ngx_cc_client_execute(ngx_cc_client_rpc_t *rpc, int has_stdin);


#endif /* _NGX_CC_CLIENT_EXECUTE_H_INCLUDED_ */
