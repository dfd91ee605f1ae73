
/*
 * MCP's Streamable HTTP (specification 2025-11-25 and 2026-07-28,
 * "Transports"): one message in a POST, over HTTP/1 or HTTP/2.  The body is
 * pushed into the dialect as it comes in and never stored.  A quick answer is
 * plain JSON; from the first notification, or after some silence, the response
 * is an event stream.
 *
 * A client of the old era gets a session id (ngx_cc_legacy) with the answer to
 * initialize, by which any worker can cancel its calls; nothing is kept for it.
 * The end of the response stream ends its command, but one of a session may be
 * taken up by GET.
 */

#ifndef _NGX_CC_STREAMABLE_H_INCLUDED_
#define _NGX_CC_STREAMABLE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/*
 * Handles a POST that access rules let in; what it returns is what a content
 * handler returns.  Refused at once: 415 (no JSON), 406 (the client does not
 * take JSON), 413, 503 with Retry-After (sessions).
 */
ngx_int_t ngx_cc_streamable(ngx_http_request_t *r);

/*
 * The same for a GET that takes an event stream.  NGX_DECLINED: it names no
 * event, or is of the new era, which has no such thing.
 */
ngx_int_t ngx_cc_streamable_resume(ngx_http_request_t *r);


#endif /* _NGX_CC_STREAMABLE_H_INCLUDED_ */
