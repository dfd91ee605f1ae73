
/*
 * Questions about kept commands: ps, wait, signal, pause, resume, cancel, rm;
 * and which command the beginning of an id means.  What a server did not obey
 * since it leaves is asked of the next one; a question that changes nothing
 * also after a connection that broke.
 */

#ifndef _NGX_CC_CLIENT_LIST_H_INCLUDED_
#define _NGX_CC_CLIENT_LIST_H_INCLUDED_


#include "ngx_cc_client_rpc.h"


/*
 * The whole id that rpc->args->id means: itself, or that of the only kept
 * command of this owner that begins like it.  Connects.  Ends the process when
 * there is none, or more than one.
 */
const char *ngx_cc_client_list_id(ngx_cc_client_rpc_t *rpc);

/* does what rpc->args->verb says; returns the status for exit(3) */
int ngx_cc_client_list(ngx_cc_client_rpc_t *rpc);


#endif /* _NGX_CC_CLIENT_LIST_H_INCLUDED_ */
