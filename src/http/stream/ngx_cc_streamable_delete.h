
/*
 * DELETE: the client of a legacy MCP session says that it needs it no more
 * (specification 2025-11-25, "Session Management").
 */

#ifndef _NGX_CC_STREAMABLE_DELETE_H_INCLUDED_
#define _NGX_CC_STREAMABLE_DELETE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/*
 * Handles a DELETE that access rules let in: 200, its calls end; or 404.  What
 * it returns is what a content handler returns; NGX_DECLINED: it names no
 * session.
 */
ngx_int_t ngx_cc_streamable_delete(ngx_http_request_t *r);


#endif /* _NGX_CC_STREAMABLE_DELETE_H_INCLUDED_ */
