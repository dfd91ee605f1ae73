
/*
 * The way in: the content handler of a location with "cc_executor on".
 *
 *   OPTIONS, a preflight       ngx_cc_cors answers, if it is configured
 *   any method                 then ngx_cc_access decides first
 *   GET + Upgrade              a WebSocket (ngx_cc_upgrade)
 *   POST                       a message of MCP (ngx_cc_streamable)
 *   GET of an event stream, DELETE and others: 405 with Allow, since no
 *                              session is kept that they could belong to
 *   any other GET              426
 */

#ifndef _NGX_CC_ENTRY_H_INCLUDED_
#define _NGX_CC_ENTRY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


ngx_int_t ngx_cc_entry_handler(ngx_http_request_t *r);


#endif /* _NGX_CC_ENTRY_H_INCLUDED_ */
