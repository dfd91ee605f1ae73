
/*
 * Who may connect: the one place where this is decided, for every
 * way in and every method, before anything of the request is read.  nginx's
 * own access directives have had their say by then.
 *
 * In this order:
 *   subrequest      -> 403: it repeats a request of somebody else
 *   Host            -> 421, unless each is one of cc_executor_allowed_hosts:
 *                      a page whose name was rebound to this address names
 *                      itself here, and Origin would be the same name
 *   remote peer     -> 403, unless cc_executor_remote lets it in; so is a
 *                      request that a proxy brought, or maybe one (HTTP/1.0)
 *   our command     -> 403, unless cc_executor_commands_as_clients
 *   Origin          -> 403, unless absent, cc_executor_allowed_origins or
 *                      cc_executor_cors
 *   token           -> 401 with WWW-Authenticate, where cc_executor_token_file
 *                      is configured and the request shows none of its tokens
 *
 * Afterwards ngx_cc_caller() says whose request it is.
 */

#ifndef _NGX_CC_ACCESS_H_INCLUDED_
#define _NGX_CC_ACCESS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/*
 * NGX_OK, or the status to finish the request with, so that error_page works;
 * why is logged at info level and told to a POST (ngx_cc_problem).  Needs
 * nothing but the request.
 */
ngx_int_t ngx_cc_access(ngx_http_request_t *r);


#endif /* _NGX_CC_ACCESS_H_INCLUDED_ */
