
/*
 * Messages by POST that belong to another node: about a job or a task whose id
 * names it, or of a session that it began.
 */

#ifndef _NGX_CC_MCP_NODE_H_INCLUDED_
#define _NGX_CC_MCP_NODE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_reply.h"
#include "ngx_cc_request.h"


/*
 * NGX_OK: it is served here; NGX_DECLINED: the transport is to hand it over
 * (post->peer, post->node), or it has been handed over before and is refused;
 * NGX_ERROR: no memory.
 *
 * The id of a job or task decides, if it names a node; else the session, and
 * then any node can serve it (post->anywhere).  Where there is no peer of that
 * name it is served here: a session needs no memory, and what is asked of a job
 * answers that.
 */
ngx_int_t ngx_cc_mcp_node_check(ngx_cc_mcp_reply_t *rp, ngx_cc_request_t *rq);


#endif /* _NGX_CC_MCP_NODE_H_INCLUDED_ */
