
/*
 * Web pages of other sites that may use MCP by POST (Fetch Standard, section
 * 3.2, "CORS protocol"): cc_executor_cors names their origins.  It only tells
 * browsers; whether a request is let in is the business of ngx_cc_access, which
 * takes these origins as allowed.
 */

#ifndef _NGX_CC_CORS_H_INCLUDED_
#define _NGX_CC_CORS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/*
 * Before anything else of a request: adds the headers that let such a page
 * read the answer.  A preflight, which carries no credentials, is answered.
 * NGX_DECLINED: go on; else what a content handler returns.
 */
ngx_int_t ngx_cc_cors(ngx_http_request_t *r);


#endif /* _NGX_CC_CORS_H_INCLUDED_ */
