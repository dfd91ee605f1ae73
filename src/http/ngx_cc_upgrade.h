
/*
 * The way in: the content handler of a location with "cc_executor on", and
 * the WebSocket opening handshake (RFC 6455, section 4.2).
 */

#ifndef _NGX_CC_UPGRADE_H_INCLUDED_
#define _NGX_CC_UPGRADE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/*
 * Content handler.  Either the connection becomes a WebSocket, or the request
 * is answered: 401, 403, 421 (see ngx_cc_access.h), 405 with Allow, 426 with
 * Upgrade and Sec-WebSocket-Version, 400 with a text that says what is wrong.
 */
ngx_int_t ngx_cc_upgrade_handler(ngx_http_request_t *r);


#endif /* _NGX_CC_UPGRADE_H_INCLUDED_ */
