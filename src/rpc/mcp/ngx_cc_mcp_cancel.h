
/*
 * Calls that end without an answer: canceled, by whichever message of whichever
 * connection; taken up by another one; of an id that is in use.  And what is
 * said of those that can be taken up.
 */

#ifndef _NGX_CC_MCP_CANCEL_H_INCLUDED_
#define _NGX_CC_MCP_CANCEL_H_INCLUDED_


#include "ngx_cc_mcp_state.h"


/* notifications/cancelled; NGX_OK, or NGX_ERROR (no memory) */
ngx_int_t ngx_cc_mcp_cancelled(ngx_cc_mcp_t *s, ngx_cc_value_t *params);

/*
 * A message that is about to be handed over to the node of its session: if it
 * is such a one, the call may run here all the same, since it came when that
 * node could not be reached.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_cc_mcp_cancelled_there(ngx_cc_mcp_t *s, ngx_cc_request_t *rq);

/* the call has begun in a legacy session by HTTP, by that name */
void ngx_cc_mcp_cancel_join(ngx_cc_mcp_t *s, ngx_cc_mcp_call_t *call,
    const ngx_cc_legacy_call_t *name);

/* told() of its reach; "data" is the call */
void ngx_cc_mcp_cancel_reached(void *data, ngx_cc_mcp_reach_e what);

/*
 * It has events of these ids from now on: the priming event is due, where the
 * version of the session has one
 */
void ngx_cc_mcp_cancel_prime(ngx_cc_mcp_t *s, uint64_t nonce,
    const ngx_str_t *request);


#endif /* _NGX_CC_MCP_CANCEL_H_INCLUDED_ */
