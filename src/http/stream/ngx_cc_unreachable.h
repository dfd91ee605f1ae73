
/*
 * The node to which a request was handed over (ngx_cc_forward.h) cannot be
 * reached: nginx's proxy gives up and error_page leads to a named location with
 * "cc_executor_unreachable".
 *
 * What belongs to a session only is served here instead, for a session needs no
 * memory; but nothing ever runs twice, so only when not one byte of it was sent
 * to anybody.  All else is answered with 502, a JSON-RPC error that names the
 * node.
 */

#ifndef _NGX_CC_UNREACHABLE_H_INCLUDED_
#define _NGX_CC_UNREACHABLE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* the directive "cc_executor_unreachable", of a named location */
char *ngx_cc_unreachable_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_CC_UNREACHABLE_H_INCLUDED_ */
