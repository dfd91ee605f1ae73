
/*
 * Who may talk to us at all: the one place where this is decided, for every
 * way in.  Until there are rules to configure, only peers of this machine may,
 * and no web page (every browser sends Origin with a WebSocket handshake).
 */

#ifndef _NGX_CC_ACCESS_H_INCLUDED_
#define _NGX_CC_ACCESS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* NGX_OK or the status to answer with (logged at info level) */
ngx_int_t ngx_cc_access(ngx_http_request_t *r);


#endif /* _NGX_CC_ACCESS_H_INCLUDED_ */
