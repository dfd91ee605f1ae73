
/*
 * The methods of MCP: one table.  Those that can be answered at once are
 * answered here.
 */

#ifndef _NGX_CC_MCP_METHODS_H_INCLUDED_
#define _NGX_CC_MCP_METHODS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_reply.h"
#include "ngx_cc_request.h"
#include "ngx_cc_spec.h"


typedef struct {
    ngx_cc_mcp_reply_t      reply;       /* to the request that is served */
    ngx_cc_spec_conf_t     *conf;
    unsigned                log;         /* set by logging/setLevel */
} ngx_cc_mcp_methods_t;


/*
 * Serves a request.  NGX_OK: it is answered; NGX_DONE: it is the caller's
 * (tools/call, subscriptions/listen, those about tasks); NGX_DECLINED: the era,
 * or the location, has no such method; NGX_ERROR: no memory.
 */
ngx_int_t ngx_cc_mcp_methods_serve(ngx_cc_mcp_methods_t *m,
    ngx_str_t *method, ngx_cc_value_t *params);

/* 1 when there is such a method in any era */
ngx_uint_t ngx_cc_mcp_methods_known(ngx_str_t *method);


#endif /* _NGX_CC_MCP_METHODS_H_INCLUDED_ */
