
/*
 * What a client is told when its POST is refused with a status: a JSON-RPC
 * error without an id, which every client of MCP can show, in place of nginx's
 * page for browsers; whoever refused, nginx's own directives (auth_basic,
 * limit_req, client_max_body_size) included.
 *
 * It stands where that page would: an error_page of the operator comes before.
 */

#ifndef _NGX_CC_PROBLEM_H_INCLUDED_
#define _NGX_CC_PROBLEM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


#define NGX_CC_PROBLEM_TEXT  512         /* bytes of a text, more are cut */


/*
 * In init_module, when all filters have been set up: installs the filter that
 * puts the error there.
 */
void ngx_cc_problem_init(void);

/*
 * In init_process: a reload that failed has made the chain of filters anew,
 * without it; workers that are born later get it back.
 */
void ngx_cc_problem_again(void);

/*
 * Remembers code and text of a refusal in this location, and returns "status",
 * which the content handler has to return.  "text" is copied.
 */
ngx_int_t ngx_cc_problem(ngx_http_request_t *r, ngx_int_t status,
    ngx_int_t code, ngx_str_t *text);


#endif /* _NGX_CC_PROBLEM_H_INCLUDED_ */
