
/*
 * The WebSocket opening handshake (RFC 6455, section 4.2).
 */

#ifndef _NGX_CC_UPGRADE_H_INCLUDED_
#define _NGX_CC_UPGRADE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/*
 * Handles a GET that access rules let in.  Either the connection becomes a
 * WebSocket, or the request is answered: 426 with Upgrade and
 * Sec-WebSocket-Version, 503 with Retry-After (an MCP client beyond the limit
 * of sessions), 400 with a text that says what is wrong.
 */
ngx_int_t ngx_cc_upgrade(ngx_http_request_t *r);


extern ngx_str_t  ngx_cc_upgrade_websocket;      /* "websocket" */


#endif /* _NGX_CC_UPGRADE_H_INCLUDED_ */
